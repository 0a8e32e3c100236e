"""One HTTP exchange with an address that a person gave: checked anew, within one deadline, no redirect, no proxy."""

from __future__ import annotations

import http.client
import ssl
from collections.abc import Mapping
from datetime import datetime

import msgspec
from django.conf import settings

from responses import backoff
from responses.alerting import wording
from responses.alerting.channels import targets
from responses.alerting.channels.connection import READ_SECONDS, Connection
from responses.alerting.channels.deadline import Deadline
from responses.alerting.channels.errors import ChannelError, TargetError
from responses.alerting.channels.targets import Target

TOTAL_SECONDS = 15.0
LONGEST_ANSWER = 10_000
AGENT = "ordergroove-monitor"
_PASSING = (408, 425, 429)


class Answer(msgspec.Struct, frozen=True):
    """What came back. ``headers`` has its names in title case; ``body`` is cut where it is too long."""

    status_code: int
    headers: Mapping[str, str]
    body: str


def exchange(
    method: str,
    url: str,
    *,
    headers: Mapping[str, str],
    body: bytes,
    name: str,
    seconds: float | None = None,
    longest: int = LONGEST_ANSWER,
) -> Answer:
    """Ask ``url`` and return whatever it answered; ``ChannelError``, beginning with ``name``, when nothing came.

    ``seconds`` is the time for all of it, by default 15; ``longest``: so many bytes of the answer are read.
    """
    target, addresses = _checked(url, name)
    with Deadline(seconds or TOTAL_SECONDS) as deadline:
        try:
            return _ask(method, target, addresses, headers, body, deadline, longest)
        except ssl.SSLCertVerificationError as error:
            raise ChannelError(
                f"{name} has a certificate that is not trusted: {error.verify_message}.", permanent=False
            ) from None
        except TimeoutError:
            raise ChannelError(f"{name} did not answer in time.", permanent=False) from None
        except (OSError, http.client.HTTPException, ValueError) as error:
            if deadline.is_over:
                raise ChannelError(f"{name} did not answer in time.", permanent=False) from None
            kind = getattr(error, "strerror", None) or type(error).__name__
            raise ChannelError(f"{name} could not be reached: {kind}.", permanent=False) from None


def judge(answer: Answer, *, name: str, now: datetime, detail: str = "") -> None:
    """Raise ``ChannelError`` unless the answer is a 2xx. ``detail`` is what it said, without any secret."""
    code = answer.status_code
    if 200 <= code < 300:
        return
    if 300 <= code < 400:
        raise ChannelError(f"{name} answered {code}, a redirect, which is never followed.", permanent=True)
    waits = backoff.retry_after(answer.headers.get("Retry-After"), now=now)
    if code == 429:
        raise ChannelError(f"{name} asked to slow down (429).", permanent=False, retry_after=waits)
    reason = wording.clean(detail, 200).rstrip(" .") or http.client.responses.get(code, "")
    words = f"{name} answered {code}: {reason}." if reason else f"{name} answered {code}."
    is_passing = code in _PASSING or code >= 500 or code < 200
    raise ChannelError(words, permanent=not is_passing, retry_after=waits if is_passing else None)


def validate(url: str) -> None:
    """For the moment of saving: ``TargetError`` when messages may not go there."""
    parsed = targets.parse(url, allow_private=settings.ALLOW_PRIVATE_TARGETS)
    targets.check_soon(parsed, allow_private=settings.ALLOW_PRIVATE_TARGETS)


def _checked(url: str, name: str) -> tuple[Target, list[str]]:
    try:
        target = targets.parse(url, allow_private=settings.ALLOW_PRIVATE_TARGETS)
        return target, targets.resolve(target, allow_private=settings.ALLOW_PRIVATE_TARGETS)
    except TargetError as error:
        raise ChannelError(str(error), permanent=True) from None
    except OSError:
        raise ChannelError(f"{name} could not be reached: its host name cannot be resolved.", permanent=False) from None


def _ask(
    method: str,
    target: Target,
    addresses: list[str],
    headers: Mapping[str, str],
    body: bytes,
    deadline: Deadline,
    longest: int,
) -> Answer:
    connection = Connection(target, addresses, deadline)
    try:
        sent = {"User-Agent": AGENT, **headers, "Connection": "close"}
        connection.request(method, target.path, body or None, sent)
        answer = connection.getresponse()
        content = answer.read(longest).decode("utf-8", "replace")
        deadline.left(READ_SECONDS)  # a head that was cut off by the deadline reads like a whole one
        return Answer(answer.status, {key.title(): value for key, value in answer.getheaders()}, content)
    finally:
        connection.close()
