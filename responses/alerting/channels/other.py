"""Other services, through the optional library Apprise: only those whose address is fixed by the library itself.

Services at an address of one's own choice are left out: the library would look names up by itself, and follow them into
private networks. A signed webhook reaches those.
"""

from __future__ import annotations

import logging
from concurrent.futures import Future
from threading import Thread
from typing import Any
from urllib.parse import parse_qsl

from responses.alerting import wording
from responses.alerting.channels.errors import ChannelError, TargetError
from responses.alerting.message import Message, Sent, Stamp

try:
    import apprise
except ImportError:
    apprise = None

TOTAL_SECONDS = 20.0
LONGEST = 1_000
SERVICES = {
    "discord": "Discord",
    "gchat": "Google Chat",
    "opsgenie": "Opsgenie",
    "pagerduty": "PagerDuty",
    "pbul": "Pushbullet",
    "pover": "Pushover",
    "tgram": "Telegram",
    "twilio": "Twilio",
    "victorops": "Splunk On-Call",
}
"""Schemas that may be used, and what people call them."""
SETTINGS = frozenset({"region", "priority", "sound"})
"""What may stand after a question mark: nothing that changes time limits, certificates or redirects."""
NOT_INSTALLED = (
    "Channels of this kind need the library Apprise, which is not installed here. "
    "Whoever runs the monitor adds it: .venv/bin/pip install 'apprise~=2.2'."
)
_WORSE = ("critical", "high")

# Its own lines may hold the address, which is a secret.
_silent = logging.getLogger("apprise")
_silent.addHandler(logging.NullHandler())
_silent.propagate = False


def is_installed() -> bool:
    """Whether channels of this kind can be used here."""
    return apprise is not None


def validate(target: str) -> str:
    """Return the address as it is kept; ``TargetError`` says what is wrong with it."""
    url = target.strip()
    if apprise is None:
        raise TargetError(NOT_INSTALLED)
    if not url.isascii() or not url.isprintable() or " " in url or len(url) > LONGEST:
        raise TargetError(f"The address must be one line without spaces, up to {LONGEST:,} characters.")
    if _schema(url) not in SERVICES:
        known = ", ".join(f"{schema}:// ({name})" for schema, name in SERVICES.items())
        raise TargetError(f"The address must begin with one of: {known}. For everything else there is the webhook.")
    unknown = [name for name, _ in parse_qsl(url.partition("?")[2], keep_blank_values=True) if name not in SETTINGS]
    if unknown:
        raise TargetError(f"After a question mark only these may stand: {', '.join(sorted(SETTINGS))}.")
    if _service(url) is None:
        raise TargetError(f"{SERVICES[_schema(url)]} does not take this address: something in it is missing.")
    return url


def hint(target: str) -> str:
    """What may be shown of the address: the service and the last four characters."""
    return wording.cut(f"{SERVICES.get(_schema(target), 'Another service')} …{target[-4:]}", 120)


def send(target: str, message: Message, stamp: Stamp) -> Sent:  # noqa: ARG001
    """Hand the words over; raises ``ChannelError`` unless the service took them. Which error it was, is not known."""
    if apprise is None:
        raise ChannelError(NOT_INSTALLED, permanent=False)
    name = SERVICES.get(_schema(target))
    service = _service(target) if name is not None else None
    if service is None:
        raise ChannelError("The address is not one that messages may go to.", permanent=True)
    deadline = f"{message.deadline_label} {message.deadline_words}" if message.deadline_words else ""
    parts = (message.summary, message.meaning, message.advice, deadline, message.url)
    words = "\n\n".join(part for part in parts if part)
    answer: Future[bool] = Future()

    def hand_over() -> None:
        try:
            answer.set_result(bool(service.notify(title=message.title, body=words, notify_type=_type(message))))
        except Exception as error:  # noqa: BLE001  # of this one delivery; its words could hold the address
            words_of_it = f"{name} could not be spoken to: {type(error).__name__}."
            answer.set_exception(ChannelError(words_of_it, permanent=False))

    Thread(target=hand_over, name="apprise", daemon=True).start()
    try:
        is_taken = answer.result(timeout=TOTAL_SECONDS)
    except TimeoutError:
        raise ChannelError(f"{name} did not answer in time.", permanent=False) from None
    if not is_taken:
        raise ChannelError(
            f"{name} did not take the message: check the address, and whether it is up.", permanent=False
        )
    return Sent()


def _schema(url: str) -> str:
    return url.partition("://")[0].lower()


def _service(url: str) -> Any:
    """The library's object for an address, ``None`` when it does not understand it."""
    asset = apprise.AppriseAsset(
        app_id="Ordergroove Monitor",
        http_redirects=False,
        secure_logging=True,
        async_mode=False,
        service_timeout=TOTAL_SECONDS,
    )
    return apprise.Apprise.instantiate(url, asset=asset, suppress_exceptions=True)


def _type(message: Message) -> str:
    severity = message.about.severity if message.about is not None else "normal"
    if severity in _WORSE:
        return "failure"
    return "info" if severity == "info" else "warning"
