"""What a person wants sent, against what they saw, and what became of it: the words that retries and corrections share."""

from __future__ import annotations

from datetime import datetime

import msgspec
from django.core.exceptions import PermissionDenied

from responses.models import FailedRequest, Resend, Role, User
from responses.sending.guard import Reason


class Deed(msgspec.Struct, frozen=True):
    """What became of a wish; where nothing was done, every reason why not."""

    resend_id: int | None = None
    reasons: tuple[Reason, ...] = ()

    @property
    def is_done(self) -> bool:
        """Whether it was done, by this wish or by an earlier one that is the same."""
        return not self.reasons


class Wish(msgspec.Struct, frozen=True):
    """Who wants something, with which words, from where, when."""

    user: User
    now: datetime
    reason: str = ""
    address: str = ""


def of(request: FailedRequest, user: User, *, now: datetime, reason: str, address: str) -> Wish:
    """Return the wish of a person who may have one here. Raises ``PermissionDenied``."""
    if not user.has_role(request.integration_id, Role.SUPPORT):
        raise PermissionDenied
    return Wish(user, now, reason.strip()[:300], address)


def seen(request: FailedRequest, live: Resend | None = None) -> str:
    """Return what a form should carry, so that it is not applied to something that has changed since.

    ``live`` is its live Resend where that is known: then no database is asked.
    """
    pair = request.resends.live().values_list("pk", "epoch").first() if live is None else (live.pk, live.epoch)
    return f"{request.state}:{request.last_failed_at.timestamp():.6f}:{pair}"
