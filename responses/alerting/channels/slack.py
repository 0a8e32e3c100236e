"""Slack by incoming webhook: the layout of a message in blocks, and its way there.

The official client builds the request; the connection is ours, since the client's own would follow redirects, take a
proxy from the environment, try again by itself and look the host up anew after we have checked its address.
"""

from __future__ import annotations

import http.client
import logging
import re
import ssl
from datetime import datetime
from typing import Any
from urllib.error import URLError
from urllib.request import Request

from django.conf import settings
from slack_sdk.webhook import WebhookClient, WebhookResponse

from responses import backoff
from responses.alerting import wording
from responses.alerting.channels import targets
from responses.alerting.channels.connection import READ_SECONDS, Connection
from responses.alerting.channels.deadline import Deadline
from responses.alerting.channels.errors import ChannelError, TargetError
from responses.alerting.channels.targets import Target
from responses.alerting.message import Message, Sent, Stamp

TOTAL_SECONDS = 15.0
LONGEST_ANSWER = 10_000

# Limits of Block Kit.
TEXT_LENGTH = 3_000
HEADER_LENGTH = 150
FIELD_LENGTH = 2_000

_WORD = re.compile(r"[a-z][a-z0-9_]{0,59}")
_REASONS = {
    "invalid_payload": "Slack could not read the message",
    "invalid_blocks": "Slack refused the layout of the message",
    "no_text": "Slack found no text in the message",
    "channel_not_found": "the channel does not exist any more",
    "channel_is_archived": "the channel is archived",
    "action_prohibited": "the workspace does not allow this webhook to post",
    "posting_to_general_channel_denied": "the workspace does not allow this webhook to post there",
    "user_not_found": "the person who made the webhook is gone",
    "no_service": "the webhook was removed or switched off",
    "no_service_id": "the webhook's address is incomplete",
    "no_active_hooks": "the webhook was switched off",
    "invalid_token": "the webhook's address is wrong",
    "no_team": "the workspace does not exist any more",
    "team_disabled": "the workspace was switched off",
}

# Its own lines would hold the webhook's address, which is a secret.
_silent = logging.getLogger("responses.alerting.channels.slack.client")
_silent.addHandler(logging.NullHandler())
_silent.propagate = False
_silent.setLevel(logging.CRITICAL + 1)


def validate(target: str) -> str:
    """Return the webhook's address as it is kept; ``TargetError`` says what is wrong with it."""
    url = target.strip()
    parsed = targets.parse(url, allow_private=settings.ALLOW_PRIVATE_TARGETS)
    targets.check_soon(parsed, allow_private=settings.ALLOW_PRIVATE_TARGETS)
    return url


def hint(target: str) -> str:
    """What may be shown of the address: its host and the last four characters."""
    parsed = targets.parse(target, allow_private=True)
    return wording.cut(f"{parsed.host} …{target[-4:]}", 120)


def send(target: str, message: Message, stamp: Stamp) -> Sent:
    """Post the message. No note when Slack accepted it as it is; raises ``ChannelError`` when it did not."""
    try:
        parsed = targets.parse(target, allow_private=settings.ALLOW_PRIVATE_TARGETS)
        addresses = targets.resolve(parsed, allow_private=settings.ALLOW_PRIVATE_TARGETS)
    except TargetError as error:
        raise ChannelError(str(error), permanent=True) from None
    except OSError:
        raise ChannelError("The host of the webhook cannot be resolved.", permanent=False) from None
    payload = {"text": text(message), "blocks": blocks(message), "unfurl_links": False, "unfurl_media": False}
    answer = _post(target, parsed, addresses, payload)
    if answer.status_code == 400 and answer.body.strip().startswith("invalid_"):
        # The layout was refused: the words alone still say it.
        _judge(
            _post(target, parsed, addresses, {name: payload[name] for name in ("text", "unfurl_links")}), now=stamp.at
        )
        return Sent("Slack refused the layout of a message, so only its words were sent.")
    _judge(answer, now=stamp.at)
    return Sent()


# --- layout ---------------------------------------------------------------------------------------------------------


def text(message: Message) -> str:
    """The whole in a line or two: for notifications, screen readers and where blocks cannot be shown."""
    return wording.cut(f"{escape(message.summary)} {message.url}", TEXT_LENGTH)


def blocks(message: Message) -> list[dict[str, Any]]:
    """The message in Block Kit: where, what, how much, what to do, the link; the most urgent first."""
    sign = {"production": "🔴 ", "staging": "⚪ "}.get(message.environment, "")
    place = f"{sign}*{escape(message.place)}* · {message.kind.value}" if message.place else f"*{message.kind.value}*"
    found: list[dict[str, Any]] = [
        _context(place),
        {
            "type": "header",
            "text": {"type": "plain_text", "text": wording.cut(message.title, HEADER_LENGTH), "emoji": False},
        },
    ]
    lines = []
    if message.answer:
        lines.append(f"*{escape(message.answer)}* on `{_code(message.call)}`")
    if message.figures:
        lines.append(" · ".join(f"*{number}* {escape(words)}" for number, words in message.figures))
    if message.deadline_at is not None:
        lines.append(f"⏳ {message.deadline_label} {_deadline(message)}")
    if lines:
        found.append(_section("\n".join(lines)))
    if message.who:
        answers = [_field("Who acts", message.who), _field("Was anything created?", message.created)]
        found.append({"type": "section", "fields": answers})
    found.append(_section(escape(message.meaning)))
    if message.advice:
        found.append(_section(f"*What to do*\n{escape(message.advice)}"))
    found.append(_section(f"*<{message.url}|{message.url_label} →>*"))
    found.append(_context(escape(message.footer)))
    return found


def escape(value: str) -> str:
    """Make text harmless in Slack's markup: no mention, no link, no accidental formatting."""
    value = value.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    # A zero-width space keeps what would open or close a format from doing so; it shows as nothing.
    return re.sub(r"[*~`]|(?<!\w)_|_(?!\w)", "\u200b\\g<0>\u200b", value)


def _code(value: str) -> str:
    return value.replace("`", "'").replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _deadline(message: Message) -> str:
    """Slack shows the time in each reader's own zone."""
    assert message.deadline_at is not None
    stamp = f"<!date^{int(message.deadline_at.timestamp())}^{{date_short_pretty}} at {{time}}|later>"
    left = wording.span((message.deadline_at - message.as_of).total_seconds())
    return f"until *{stamp}* ({left} left)"


def _section(words: str) -> dict[str, Any]:
    return {"type": "section", "text": _mrkdwn(wording.cut(words, TEXT_LENGTH))}


def _context(words: str) -> dict[str, Any]:
    return {"type": "context", "elements": [_mrkdwn(wording.cut(words, TEXT_LENGTH))]}


def _field(label: str, words: str) -> dict[str, Any]:
    return _mrkdwn(wording.cut(f"*{label}*\n{escape(words)}", FIELD_LENGTH))


def _mrkdwn(words: str) -> dict[str, Any]:
    # Verbatim: addresses and names in the words do not become links and mentions.
    return {"type": "mrkdwn", "text": words, "verbatim": True}


# --- the way there --------------------------------------------------------------------------------------------------


def _judge(answer: WebhookResponse, *, now: datetime) -> None:
    """Raise ``ChannelError`` unless Slack accepted."""
    code = answer.status_code
    if 200 <= code < 300:
        return
    word = answer.body.strip()
    reason = _REASONS.get(word) or (word if _WORD.fullmatch(word) else http.client.responses.get(code, ""))
    words = f"Slack answered {code}: {reason}." if reason else f"Slack answered {code}."
    if 300 <= code < 400:
        raise ChannelError(f"The webhook answered {code}, a redirect, which is never followed.", permanent=True)
    if code == 429:
        waits = backoff.retry_after(answer.headers.get("Retry-After"), now=now)
        raise ChannelError("Slack asked to slow down (429).", permanent=False, retry_after=waits)
    if code in (408, 425) or code >= 500 or code < 200:
        raise ChannelError(
            words, permanent=False, retry_after=backoff.retry_after(answer.headers.get("Retry-After"), now=now)
        )
    raise ChannelError(words, permanent=True)


def _post(url: str, target: Target, addresses: list[str], payload: dict[str, Any]) -> WebhookResponse:
    with Deadline(TOTAL_SECONDS) as deadline:
        try:
            return _Client(url, target, addresses, deadline).send_dict(payload)
        except ssl.SSLCertVerificationError as error:
            raise ChannelError(
                f"The webhook's certificate is not trusted: {error.verify_message}.", permanent=False
            ) from None
        except TimeoutError:
            raise ChannelError("Slack did not answer in time.", permanent=False) from None
        except (OSError, URLError, http.client.HTTPException, ValueError) as error:
            if deadline.is_over:
                raise ChannelError("Slack did not answer in time.", permanent=False) from None
            kind = getattr(error, "strerror", None) or type(error).__name__
            raise ChannelError(f"The connection to the webhook failed: {kind}.", permanent=False) from None


class _Client(WebhookClient):
    """The official client on a connection to an address that has been checked."""

    def __init__(self, url: str, target: Target, addresses: list[str], deadline: Deadline) -> None:
        super().__init__(url, retry_handlers=[], logger=_silent, user_agent_prefix="ordergroove-monitor")
        self._target, self._addresses, self._deadline = target, addresses, deadline

    def _perform_http_request_internal(self, url: str, req: Request) -> WebhookResponse:
        connection = Connection(self._target, self._addresses, self._deadline)
        try:
            connection.request("POST", self._target.path, req.data, {**dict(req.header_items()), "Connection": "close"})
            answer = connection.getresponse()
            body = answer.read(LONGEST_ANSWER).decode("utf-8", "replace")
            self._deadline.left(READ_SECONDS)  # a head that was cut off by the deadline reads like a whole one
            headers = {name.title(): value for name, value in answer.getheaders()}
            return WebhookResponse(url=url, status_code=answer.status, body=body, headers=headers)
        finally:
            connection.close()
