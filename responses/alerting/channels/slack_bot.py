"""Slack by a bot's token: the first message of an alert is edited as things go on, and each step stands in its thread.

A target is the token and the channel, ``xoxb-… #oncall``. Messages go to Slack's own host only (or to SLACK_API_URL).
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.request import Request

from django.conf import settings
from slack_sdk.errors import SlackApiError
from slack_sdk.web import WebClient

from responses import backoff
from responses.alerting import wording
from responses.alerting.channels import slack_layout, wire
from responses.alerting.channels.errors import ChannelError, TargetError
from responses.alerting.message import Kind, Message, Sent, Stamp

TOTAL_SECONDS = 15.0
LONGEST_ANSWER = 1_000_000
"""An answer repeats the whole message."""

_TOKEN = re.compile(r"xoxb-[A-Za-z0-9-]{10,200}")
_CHANNEL = re.compile(r"#[^\s#@<>&,:\"'`|]{1,80}|[CDG][A-Z0-9]{6,20}")
_PLACE = re.compile(r"([CDG][A-Z0-9]{1,20}) ([0-9]{1,12}\.[0-9]{1,8})")
_WORD = re.compile(r"[a-z][a-z0-9_]{0,59}")
_GONE = ("message_not_found", "cant_update_message", "edit_window_closed", "thread_not_found", "channel_not_found")
"""The first message cannot be edited any more: the alert goes on with a new one."""
_LAYOUT = ("invalid_blocks", "invalid_blocks_format", "invalid_metadata_format", "msg_blocks_too_long")
_REASONS = {
    "invalid_auth": "the token is wrong",
    "not_authed": "the token is wrong",
    "token_revoked": "the token was revoked",
    "token_expired": "the token has expired",
    "account_inactive": "the bot was removed or switched off",
    "missing_scope": "the bot may not do this: give it the scope chat:write",
    "not_in_channel": "the bot is not in the channel: invite it",
    "channel_not_found": "there is no such channel, or it is private and the bot was not invited",
    "is_archived": "the channel is archived",
    "restricted_action": "the workspace does not allow the bot to post there",
    "msg_too_long": "Slack found the message too long",
    "no_text": "Slack found no text in the message",
}
_PERMANENT = frozenset({
    "invalid_auth", "not_authed", "token_revoked", "token_expired", "account_inactive", "msg_too_long", "no_text",
    "invalid_arguments", "invalid_arg_name", "invalid_json", "method_deprecated",
})  # fmt: skip
"""What no person can mend inside Slack; the rest is tried again."""

_silent = logging.getLogger("responses.alerting.channels.slack_bot.client")
_silent.addHandler(logging.NullHandler())
_silent.propagate = False
_silent.setLevel(logging.CRITICAL + 1)


def is_bot(target: str) -> bool:
    """Whether a target is a token and a channel, and not a webhook's address."""
    return target.lstrip().startswith("xox")


def validate(target: str) -> str:
    """Return token and channel as they are kept; ``TargetError`` says what is wrong with them."""
    parts = target.split()
    if not target.isprintable() or len(parts) != 2:
        raise TargetError("Write the bot's token, a space, and the channel: xoxb-… #oncall")
    token, channel = parts
    if not _TOKEN.fullmatch(token):
        raise TargetError("The token must be a bot's: it begins with xoxb- and has letters, digits and hyphens.")
    if not _CHANNEL.fullmatch(channel):
        raise TargetError("The channel must be a name like #oncall, or an id like C0123456789.")
    return f"{token} {channel}"


def hint(target: str) -> str:
    """What may be shown: the channel, and the last four characters of the token."""
    token, _, channel = target.partition(" ")
    return wording.cut(f"{channel} by bot …{token[-4:]}", 120)


def send(target: str, message: Message, stamp: Stamp) -> Sent:
    """Post a first message; go on with a thread by editing its first message and adding a step below it.

    Both may happen twice when it is tried again: an edit then changes nothing, a step is there twice, with one name.
    """
    try:
        token, _, channel = validate(target).partition(" ")
    except TargetError as error:
        raise ChannelError(str(error), permanent=True) from None
    client = _Client(token, now=stamp.at)
    place = _PLACE.fullmatch(stamp.place)
    if stamp.is_first or place is None or message.kind is Kind.TEST:
        return client.post(channel, message, stamp)
    if not client.edit(place[1], place[2], message, stamp):
        return client.post(channel, message, stamp)
    return client.add_step(place[1], place[2], message, stamp)


class _Client(WebClient):
    """The official client on our own way there."""

    def __init__(self, token: str, *, now: datetime) -> None:
        super().__init__(
            token,
            base_url=settings.SLACK_API_URL,
            retry_handlers=[],
            logger=_silent,
            user_agent_prefix=wire.AGENT,
        )
        self._now = now

    def post(self, channel: str, message: Message, stamp: Stamp) -> Sent:
        """Post a message that opens a thread; its place is where it is found again."""
        blocks = slack_layout.blocks(message, stamp.message_id)
        answer, note = self._say("chat.postMessage", {"channel": channel}, message, blocks, stamp)
        found, at = answer.get("channel"), answer.get("ts")
        return Sent(note, f"{found} {at}" if found and at else "")

    def edit(self, channel: str, at: str, message: Message, stamp: Stamp) -> bool:
        """Let the thread's first message say how things are now; whether that was still possible."""
        blocks = slack_layout.blocks(message, stamp.message_id)
        try:
            self._say("chat.update", {"channel": channel, "ts": at}, message, blocks, stamp)
        except _Gone:
            return False
        return True

    def add_step(self, channel: str, at: str, message: Message, stamp: Stamp) -> Sent:
        """Add a step to the thread. What is worse than all before is shown in the channel as well."""
        where: dict[str, Any] = {"channel": channel, "thread_ts": at, "reply_broadcast": message.is_worse}
        blocks = slack_layout.step(message, stamp.message_id)
        _, note = self._say("chat.postMessage", where, message, blocks, stamp)
        return Sent(note, f"{channel} {at}")

    def _say(
        self, method: str, where: dict[str, Any], message: Message, blocks: list[dict[str, Any]], stamp: Stamp
    ) -> tuple[Mapping[str, Any], str]:
        """Ask Slack; the answer, and a note where only the words were accepted."""
        words = {**where, "text": slack_layout.text(message), "unfurl_links": False, "unfurl_media": False}
        named = {"event_type": "monitor_delivery", "event_payload": {"id": stamp.message_id}}
        try:
            return self._ask(method, {**words, "blocks": blocks, "metadata": named}), ""
        except _LayoutRefused:
            return self._ask(method, words), "Slack refused the layout of a message, so only its words were sent."

    def _ask(self, method: str, payload: dict[str, Any]) -> Mapping[str, Any]:
        try:
            answer = self.api_call(method, json=payload)
        except SlackApiError as error:
            raise self._reason(method, error.response) from None
        found = answer.data
        return found if isinstance(found, dict) else {}

    def _reason(self, method: str, answer: Any) -> ChannelError:
        """What Slack refused, in words, and whether it can pass."""
        code = int(answer.status_code)
        said = answer.data.get("error") if isinstance(answer.data, dict) else ""
        word = said if isinstance(said, str) and _WORD.fullmatch(said) else ""
        if code == 429 or word in ("ratelimited", "rate_limited"):
            waits = backoff.retry_after(answer.headers.get("Retry-After"), now=self._now)
            return ChannelError("Slack asked to slow down (429).", permanent=False, retry_after=waits)
        if 300 <= code < 400:
            return ChannelError(f"Slack answered {code}, a redirect, which is never followed.", permanent=True)
        if code >= 500 or not word:
            return ChannelError(f"Slack answered {code}.", permanent=False)
        if word in _LAYOUT:
            return _LayoutRefused("Slack refused the layout of the message.", permanent=True)
        words = f"Slack refused: {_REASONS.get(word, word)}."
        if method == "chat.update" and word in _GONE:
            return _Gone(words, permanent=True)
        return ChannelError(words, permanent=word in _PERMANENT)

    def _perform_urllib_http_request_internal(self, url: str, req: Request) -> dict[str, Any]:
        headers, body = dict(req.header_items()), req.data if isinstance(req.data, bytes) else b""
        found = wire.exchange(
            "POST", url, headers=headers, body=body, name="Slack", seconds=TOTAL_SECONDS, longest=LONGEST_ANSWER
        )
        return {"status": found.status_code, "headers": dict(found.headers), "body": found.body}


class _Gone(ChannelError):
    """The thread's first message cannot be edited any more."""


class _LayoutRefused(ChannelError):
    """The blocks were refused; the words may still be accepted."""
