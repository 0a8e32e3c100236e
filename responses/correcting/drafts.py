"""What people have typed so far: one draft of a person for a request, encrypted, gone when it is sent or too old."""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec

from responses import sealing
from responses.models import Draft, FailedRequest, User, ids
from responses.recording.bodies import compress, decompress

KEPT = timedelta(hours=25)
"""As long as what it corrects may be sent."""
RECENT = timedelta(minutes=15)
"""Who has typed since then is still at it."""
LONGEST = 900_000
"""Characters: more than may be sent, and less than ``decompress`` reads back."""
_LONGEST_WORDS = 1_000


class Kept(msgspec.Struct, frozen=True):
    """A draft as it was typed."""

    text: str
    reason: str
    order_id: str
    saw: str
    """What the request was when it was begun."""
    updated_at: datetime


def keep(
    request: FailedRequest,
    user: User,
    *,
    only_failed: bool,
    text: str,
    reason: str = "",
    order_id: str = "",
    saw: str = "",
    now: datetime,
) -> None:
    """Keep what a person has typed, in the place of what they had before. Of what is far too long only the beginning."""
    typed = (text[:LONGEST], reason[:_LONGEST_WORDS], order_id[:_LONGEST_WORDS])
    plain = "\0".join(part.replace("\0", "\ufffd") for part in typed).encode("utf-8", "replace")
    Draft.objects.update_or_create(
        failed_request=request,
        user=user,
        only_failed=only_failed,
        create_defaults={
            "id": ids.new(now),
            "sealed": sealing.seal(compress(plain)),
            "saw": saw[:120],
            "updated_at": now,
        },
        defaults={"sealed": sealing.seal(compress(plain)), "saw": saw[:120], "updated_at": now},
    )


def of(request: FailedRequest, user: User, *, only_failed: bool) -> Kept | None:
    """Return a person's draft, ``None`` where there is none that can be opened."""
    row = Draft.objects.filter(failed_request=request, user=user, only_failed=only_failed).first()
    if row is None:
        return None
    try:
        parts = decompress(sealing.unseal(bytes(row.sealed))).decode().split("\0")
    except (sealing.SealError, ValueError):
        return None
    if len(parts) != 3:
        return None
    return Kept(parts[0], parts[1], parts[2], row.saw, row.updated_at)


def drop(request: FailedRequest, user: User, *, only_failed: bool) -> None:
    """Forget a person's draft."""
    Draft.objects.filter(failed_request=request, user=user, only_failed=only_failed).delete()


def others(request: FailedRequest, user: User, *, now: datetime) -> list[tuple[str, datetime]]:
    """Return who else has lately been at a correction of it, and when."""
    rows = Draft.objects.filter(failed_request=request, updated_at__gt=now - RECENT).exclude(user=user)
    return list(rows.order_by("-updated_at").values_list("user__username", "updated_at")[:10])


def forget_old(now: datetime) -> int:
    """Delete the drafts that nobody may send any more; return how many."""
    return Draft.objects.filter(updated_at__lt=now - KEPT).delete()[0]
