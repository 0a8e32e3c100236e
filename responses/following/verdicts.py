"""What an answer of the status endpoint means for asking again. Pure; the result itself is recording's to read."""

from __future__ import annotations

from datetime import datetime

import msgspec

from responses import backoff
from responses.exchanges import Exchange
from responses.ordergroove import codes

REFUSED_WAIT = 300.0
"""Seconds between two questions while Ordergroove refuses the credentials."""
LIMITED_WAIT = 60.0
"""Seconds without a question after a 429 that does not say how many."""
_PENDING = 202
_WITH_RESULT = (200, 206, 207)


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What to do after one answer, if it did not settle the matter."""

    problem: str = ""
    """Why the answer was of no use, in words; empty while the result is simply pending."""
    wait: float = 0.0
    """Ask again not before so many seconds."""
    pause: float = 0.0
    """Nobody asks on this account (``is_limited``: on this host) for so many seconds."""
    is_limited: bool = False
    is_heard: bool = False
    """Ordergroove took the question, so that others may be asked too."""
    is_refused: bool = False
    """The credentials do not do: no answer says anything about the purchase."""


def of(exchange: Exchange, *, now: datetime) -> Verdict:
    """Judge one answer."""
    if exchange.response is None:
        words = exchange.failure.message if exchange.failure is not None else ""
        return Verdict(problem=words or "No answer.")
    code = exchange.response.status_code
    asked = backoff.retry_after(exchange.response.headers.get("retry-after"), now=now)
    words = f"{code} {codes.about(code).name}"
    if code == _PENDING:
        return Verdict(wait=asked or 0.0, is_heard=True)
    if code in _WITH_RESULT:
        return Verdict(problem=f"{words}, but the answer tells no result.", is_heard=True)
    if code == 401:
        return Verdict(problem=f"{words}: check the key.", pause=REFUSED_WAIT, wait=REFUSED_WAIT, is_refused=True)
    if code == 403:
        return Verdict(problem=f"{words}: check what the key may do.", wait=REFUSED_WAIT, is_refused=True)
    if code == 429:
        pause = asked or LIMITED_WAIT
        return Verdict(problem=f"{words}: Ordergroove asks to wait.", pause=pause, wait=pause, is_limited=True)
    return Verdict(problem=words, wait=asked or 0.0, is_heard=code == 404)
