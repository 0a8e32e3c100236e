"""When sending had stopped by itself: the stretches of time in which a breaker of an integration was open."""

from __future__ import annotations

from datetime import datetime

import msgspec

from responses.models import Transition, User, ids

MOST = 400
"""So many changes, the latest, are looked at."""
_OPENED, _CLOSED = Transition.Kind.BREAKER_OPENED, Transition.Kind.BREAKER_CLOSED


class Opening(msgspec.Struct, frozen=True):
    """One stretch. ``start`` is ``None`` where it began before the time that was asked for, ``end`` where it lasts."""

    start: datetime | None
    end: datetime | None


def openings(user: User, integration_id: int, *, since: datetime) -> tuple[Opening, ...]:
    """Return the stretches since then, the earliest first; several breakers at once are one stretch."""
    found = Transition.objects.visible_in(user, integration_id).filter(
        kind__in=(_OPENED, _CLOSED), id__gte=ids.floor(since)
    )
    changes = list(found.order_by("-id").values_list("kind", "at")[:MOST])[::-1]
    stretches: list[Opening] = []
    start: datetime | None = None
    open_now = 0
    for kind, at in changes:
        if kind == _OPENED:
            start = at if open_now == 0 else start
            open_now += 1
        elif open_now == 0:
            # It had been opened before.
            stretches = [Opening(None, at)]
        else:
            open_now -= 1
            if open_now == 0:
                stretches.append(Opening(start, at))
    return (*stretches, Opening(start, None)) if open_now else tuple(stretches)
