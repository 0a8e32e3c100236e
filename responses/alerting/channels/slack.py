"""Slack: by incoming webhook, or by the token of a bot, which can go on in a thread (``slack_bot``).

The official client builds the request; the way there is ours (``wire``), since the client's own would follow redirects,
take a proxy from the environment, try again by itself and look the host up anew after we have checked its address.
"""

from __future__ import annotations

import http.client
import logging
import re
from datetime import datetime
from typing import Any
from urllib.request import Request

from slack_sdk.webhook import WebhookClient, WebhookResponse

from responses import backoff
from responses.alerting import wording
from responses.alerting.channels import slack_bot, slack_layout, targets, wire
from responses.alerting.channels.errors import ChannelError
from responses.alerting.message import Message, Sent, Stamp

TOTAL_SECONDS = 15.0

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
    """Return the webhook's address, or token and channel, as they are kept; ``TargetError`` says what is wrong."""
    if slack_bot.is_bot(target):
        return slack_bot.validate(target)
    url = target.strip()
    wire.validate(url)
    return url


def hint(target: str) -> str:
    """What may be shown: the host of a webhook or the channel of a bot, and the last four characters of the secret."""
    if slack_bot.is_bot(target):
        return slack_bot.hint(target)
    parsed = targets.parse(target, allow_private=True)
    return wording.cut(f"{parsed.host} …{target[-4:]}", 120)


def send(target: str, message: Message, stamp: Stamp) -> Sent:
    """Post the message. No note when Slack accepted it as it is; raises ``ChannelError`` when it did not."""
    if slack_bot.is_bot(target):
        return slack_bot.send(target, message, stamp)
    payload = {
        "text": slack_layout.text(message),
        "blocks": slack_layout.blocks(message, stamp.message_id),
        "unfurl_links": False,
        "unfurl_media": False,
    }
    answer = _Client(target).send_dict(payload)
    if answer.status_code == 400 and answer.body.strip().startswith("invalid_"):
        # The layout was refused: the words alone still say it.
        words = {name: payload[name] for name in ("text", "unfurl_links")}
        _judge(_Client(target).send_dict(words), now=stamp.at)
        return Sent("Slack refused the layout of a message, so only its words were sent.")
    _judge(answer, now=stamp.at)
    return Sent()


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
    waits = backoff.retry_after(answer.headers.get("Retry-After"), now=now)
    if code == 429:
        raise ChannelError("Slack asked to slow down (429).", permanent=False, retry_after=waits)
    if code in (408, 425) or code >= 500 or code < 200:
        raise ChannelError(words, permanent=False, retry_after=waits)
    raise ChannelError(words, permanent=True)


class _Client(WebhookClient):
    """The official client on our own way there."""

    def __init__(self, url: str) -> None:
        super().__init__(url, retry_handlers=[], logger=_silent, user_agent_prefix=wire.AGENT)

    def _perform_http_request_internal(self, url: str, req: Request) -> WebhookResponse:
        headers, body = dict(req.header_items()), req.data if isinstance(req.data, bytes) else b""
        found = wire.exchange("POST", url, headers=headers, body=body, name="The webhook", seconds=TOTAL_SECONDS)
        found_headers: dict[str, Any] = dict(found.headers)
        return WebhookResponse(url=url, status_code=found.status_code, body=found.body, headers=found_headers)
