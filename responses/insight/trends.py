"""How many responses had which outcome, over time and by code and endpoint. Reads the count tables, never the log."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from zoneinfo import ZoneInfo

import msgspec
from django.db.models import Sum

from responses.exchanges import Outcome
from responses.insight import periods
from responses.insight.periods import Period, Slot
from responses.models import MinuteCount, OutcomeHour, User

REFUSED = "refused"
"""Accepted purchases of which Ordergroove said later that they failed, wholly or in part."""
RECOVERED = "recovered"
"""Answers that we got by sending again, and that were fine: retried, and then fine."""
STRANDS = ("needs_fix", REFUSED, "no_answer", "transient", "partial", "accepted", RECOVERED, "success")
"""What a bar is stacked from, the worst at the bottom, where all bars share one base line."""
_STRAND_OF = {outcome.value: STRANDS.index(outcome.word) for outcome in Outcome}
_REFUSED_STRAND = STRANDS.index(REFUSED)
_RECOVERED_STRAND = STRANDS.index(RECOVERED)


class Trend(msgspec.Struct, frozen=True):
    """Counts by slot, and in each slot by strand."""

    period: Period
    slots: tuple[Slot, ...]
    counts: tuple[tuple[int, ...], ...]

    @property
    def total(self) -> int:
        """All responses of the period."""
        return sum(map(sum, self.counts))


def trend(user: User, integration_id: int, period: Period, *, now: datetime, zone: ZoneInfo) -> Trend:
    """Return the outcomes of one integration's responses over a period."""
    slots = periods.slots(period, now=now, zone=zone)
    first, place_of = slots[0].first, periods.places(slots)
    counts = [[0] * len(STRANDS) for _ in slots]
    for number, outcome, responses, refused, recovered in _rows(user, integration_id, period, slots):
        slot = counts[place_of[number - first]]
        # What was accepted by a retry and then refused is the latter.
        fine = min(recovered, responses - refused)
        slot[_STRAND_OF[outcome]] += responses - refused - fine
        slot[_REFUSED_STRAND] += refused
        slot[_RECOVERED_STRAND] += fine
    return Trend(period, slots, tuple(map(tuple, counts)))


def _rows(
    user: User, integration_id: int, period: Period, slots: tuple[Slot, ...]
) -> Iterable[tuple[int, int, int, int, int]]:
    first, end = slots[0].first, slots[-1].end
    if period.unit is periods.MINUTE:
        minutes = MinuteCount.objects.visible_in(user, integration_id).filter(minute__gte=first, minute__lt=end)
        sums = minutes.values_list("minute", "outcome").annotate(number=Sum("responses"), fine=Sum("recovered"))
        return ((minute, outcome, number, 0, fine) for minute, outcome, number, fine in sums)
    hours = OutcomeHour.objects.visible_in(user, integration_id).filter(hour__gte=first, hour__lt=end)
    # Results of acceptances that were recorded before counting began have no acceptance to be taken from.
    return (
        (hour, outcome, responses, min(refused, responses), recovered)
        for hour, outcome, responses, refused, recovered in hours.values_list(
            "hour", "outcome", "responses", "refused", "recovered"
        )
    )
