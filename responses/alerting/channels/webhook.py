"""A webhook of the team's: the message as a JSON event, signed in the form of the Standard Webhooks specification.

Its target is kept as the address and the secret, with a space between them. Who verifies the signature and the time, and
remembers ids, cannot be made to act twice on one event.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import secrets
from datetime import UTC, datetime
from typing import Any

from responses.alerting import wording
from responses.alerting.about import About
from responses.alerting.channels import targets, wire
from responses.alerting.channels.errors import TargetError
from responses.alerting.message import Message, Sent, Stamp

NAME = "The webhook"
PREFIX = "whsec_"
LEAST_BYTES, MOST_BYTES = 24, 64
"""How long the secret may be, by the specification."""
_WRONG_SECRET = (
    f"After the address may stand a space and a secret: {PREFIX} and {LEAST_BYTES} to {MOST_BYTES} bytes in base64."
)


def validate(target: str) -> str:
    """Return address and secret; a secret is made where none is given. ``TargetError`` says what is wrong."""
    url, _, given = target.strip().partition(" ")
    wire.validate(url)
    secret = given.strip()
    if secret and not LEAST_BYTES <= len(_key(secret)) <= MOST_BYTES:
        raise TargetError(_WRONG_SECRET)
    if not secret:
        secret = PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()
    return f"{url} {secret}"


def hint(target: str) -> str:
    """What may be shown: the host and the last four characters of the address."""
    url = target.partition(" ")[0]
    return wording.cut(f"{targets.parse(url, allow_private=True).host} …{url[-4:]}", 120)


def secret_of(target: str) -> str:
    """The secret of a kept target: shown once, when the channel is made."""
    return target.partition(" ")[2]


def send(target: str, message: Message, stamp: Stamp) -> Sent:
    """Post the event. Only a 2xx is an acceptance; raises ``ChannelError`` for everything else."""
    url, _, secret = target.partition(" ")
    body = json.dumps(event(message, stamp), separators=(",", ":")).encode()
    headers = {"Content-Type": "application/json", **signed(body, stamp.message_id, stamp.at, secret)}
    answer = wire.exchange("POST", url, headers=headers, body=body, name=NAME)
    wire.judge(answer, name=NAME, now=stamp.at)
    return Sent()


def signed(body: bytes, message_id: str, at: datetime, secret: str) -> dict[str, str]:
    """The three header fields of the specification: HMAC-SHA256 over id, time in seconds, and body."""
    seconds = str(int(at.timestamp()))
    content = b".".join((message_id.encode(), seconds.encode(), body))
    signature = base64.b64encode(hmac.digest(_key(secret), content, hashlib.sha256)).decode()
    return {"webhook-id": message_id, "webhook-timestamp": seconds, "webhook-signature": f"v1,{signature}"}


def event(message: Message, stamp: Stamp) -> dict[str, Any]:
    """What is posted, as docs/alerts.md describes it. Ids are texts: JavaScript's numbers are too short for them."""
    about = message.about or About(kind="message")
    return {
        "type": f"alert.{about.kind}",
        "timestamp": _time(stamp.at),
        "data": {
            "id": stamp.message_id,
            "thread": stamp.thread_id,
            "is_first": stamp.is_first,
            "alert_id": _id(about.alert_id),
            "severity": about.severity,
            "kind": str(message.kind),
            "title": message.title,
            "news": message.news,
            "summary": message.summary,
            "integration": {"slug": about.integration, "name": message.integration} if about.integration else None,
            "environment": message.environment,
            "issue": _issue(about),
            "failures": about.failures,
            "requests": about.requests,
            "orders": about.orders,
            "figures": [{"number": number, "words": words} for number, words in message.figures],
            "impact": [{"label": label, "words": words} for label, words in message.impact],
            "meaning": message.meaning,
            "fault": message.fault,
            "created": message.created,
            "who_acts": message.who,
            "advice": message.advice,
            "deadline_at": _time(about.deadline_at),
            "url": message.url,
            "actions": [{"words": link.words, "url": link.url} for link in message.actions],
        },
    }


def _issue(about: About) -> dict[str, Any] | None:
    if about.issue_id is None:
        return None
    return {
        "id": _id(about.issue_id),
        "endpoint": about.endpoint,
        "status_code": about.status_code,
        "outcome": about.outcome,
        "failure": about.failure,
        "field": about.field,
    }


def _id(number: int | None) -> str | None:
    return None if number is None else str(number)


def _time(at: datetime | None) -> str | None:
    return None if at is None else f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%f}"[:-3] + "Z"


def _key(secret: str) -> bytes:
    """The bytes of a secret; ``TargetError`` when it is not written as one."""
    if not secret.startswith(PREFIX):
        raise TargetError(_WRONG_SECRET)
    try:
        return base64.b64decode(secret.removeprefix(PREFIX).encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError):
        raise TargetError(_WRONG_SECRET) from None
