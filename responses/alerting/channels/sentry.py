"""A Sentry project of the team's: one event for each new or returning issue, through the official SDK.

The SDK makes event and envelope; the connection is ours, and waits for the answer: the SDK's own sends from a thread,
follows the system's proxy, and never tells whether the event was taken.
"""

from __future__ import annotations

import re
import uuid
from typing import Any, cast

import sentry_sdk
from sentry_sdk.envelope import Envelope
from sentry_sdk.transport import Transport
from sentry_sdk.types import Event
from sentry_sdk.utils import BadDsn, Dsn

from responses.alerting import wording
from responses.alerting.about import About
from responses.alerting.channels import wire
from responses.alerting.channels.errors import TargetError
from responses.alerting.message import Message, Sent, Stamp

NAME = "Sentry"
CLIENT = "ordergroove-monitor"
TEST = "test"
TAKEN = ("issue_opened", "issue_regressed", TEST)
LEVELS = {"critical": "fatal", "high": "error", "normal": "warning", "info": "info"}
_KEY = re.compile(r"[0-9A-Za-z_-]{1,100}", re.ASCII)


def validate(target: str) -> str:
    """Return the DSN as it is kept; ``TargetError`` says what is wrong with it."""
    dsn = target.strip()
    wire.validate(_address(dsn))
    return dsn


def hint(target: str) -> str:
    """What may be shown of the DSN: host and project, not the key."""
    dsn = Dsn(target)
    return wording.cut(f"{dsn.netloc}, project {dsn.project_id}", 120)


def send(target: str, message: Message, stamp: Stamp) -> Sent:
    """Hand over one event and wait until it is accepted; raises ``ChannelError`` when it is not.

    What is no new or returning issue should not come here, and is not sent: Sentry groups and reminds by itself.
    """
    about = message.about
    if about is None or about.kind not in TAKEN:
        return Sent("Not for this channel: Sentry gets new and returning issues only.")
    kept = _Kept({"dsn": target})
    _client(target, kept).capture_event(_event(message, about, stamp))
    assert kept.envelope is not None
    assert kept.parsed_dsn is not None
    auth = kept.parsed_dsn.to_auth(f"{CLIENT}/1.0")
    headers = {"Content-Type": "application/x-sentry-envelope", "X-Sentry-Auth": auth.to_header()}
    answer = wire.exchange("POST", auth.get_api_url(), headers=headers, body=kept.envelope.serialize(), name=NAME)
    said = answer.headers.get("X-Sentry-Error", "").replace(auth.public_key, "…")
    wire.judge(answer, name=NAME, now=stamp.at, detail=said)
    return Sent()


class _Kept(Transport):
    """Keeps the envelope that the SDK has made, instead of sending it."""

    envelope: Envelope | None = None

    def capture_envelope(self, envelope: Envelope) -> None:
        self.envelope = envelope


def _client(dsn: str, transport: Transport) -> sentry_sdk.Client:
    """A client that knows nothing but what it is given: no integrations, no data of this process."""
    return sentry_sdk.Client(
        dsn=dsn,
        transport=transport,
        default_integrations=False,
        auto_enabling_integrations=False,
        include_local_variables=False,
        include_source_context=False,
        max_request_body_size="never",
        auto_session_tracking=False,
        send_client_reports=False,
        enable_backpressure_handling=False,
        spotlight=False,
        debug=False,
        release="",
        server_name=CLIENT,
        project_root="",
    )


def _event(message: Message, about: About, stamp: Stamp) -> Event:
    """The same id for each attempt, so that Sentry keeps one of two; the fingerprint makes one Sentry issue of ours."""
    tags = {
        "integration": about.integration,
        "endpoint": about.endpoint,
        "status_code": about.status_code,
        "outcome": about.outcome,
        "failure": about.failure,
        "field": about.field,
        "who_acts": message.who,
        "transition": about.kind,
    }
    figures = {words: number for number, words in message.figures}
    event: dict[str, Any] = {
        "event_id": uuid.uuid5(uuid.NAMESPACE_URL, f"{CLIENT}:{stamp.message_id}").hex,
        "timestamp": stamp.at,
        "platform": "other",
        "logger": CLIENT,
        "level": LEVELS.get(about.severity, "error"),
        "environment": message.environment or "production",
        "transaction": message.call,
        "logentry": {"message": message.title},
        "fingerprint": [CLIENT, about.integration, TEST if about.issue_id is None else f"issue-{about.issue_id}"],
        "tags": {name: wording.cut(str(value), 200) for name, value in tags.items() if value not in ("", None)},
        "contexts": {"monitor": {"url": message.url, "meaning": message.meaning, "advice": message.advice} | figures},
    }
    return cast("Event", event)


def _address(dsn: str) -> str:
    """Where envelopes for a DSN go; ``TargetError`` when it is no DSN."""
    try:
        parsed = Dsn(dsn)
    except (BadDsn, ValueError):
        parsed = None
    if parsed is None or not dsn.isascii() or not dsn.isprintable() or " " in dsn or "?" in dsn or "#" in dsn:
        raise TargetError("That is not a DSN. Sentry shows it under Client Keys: https://<key>@<host>/<project>.")
    if parsed.secret_key is not None or not _KEY.fullmatch(parsed.public_key):
        raise TargetError("The DSN must hold the public key alone, without a second key after a colon.")
    return str(parsed.to_auth().get_api_url())
