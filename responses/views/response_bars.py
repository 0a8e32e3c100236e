"""The bars above the list of responses. Each leads to its stretch of time, and keeps the other filters."""

from __future__ import annotations

from responses import charts
from responses.insight.trends import STRANDS, Trend
from responses.views import bars, links
from responses.views.frame import Frame
from responses.views.response_filters import Chosen

_HEIGHT = 96


def of(page: Frame, chosen: Chosen, found: Trend) -> charts.Trend:
    """Return the stacked bars. Outcomes that did not occur take no room in the legend."""
    strands = [(nth, name) for nth, name in enumerate(STRANDS) if any(counts[nth] for counts in found.counts)]
    labels = charts.ticks([slot.starts_at for slot in found.slots])
    start = chosen.url(page, since="", until="", outcome="", period=chosen.period.key)
    has_outcome = chosen.wanted.outcome is not None
    buckets = []
    for slot, counts, label in zip(found.slots, found.counts, labels, strict=True):
        # Hundreds of addresses a page: what they share is written once.
        url = f"{start}&since={links.moment(slot.counted_from)}&until={links.moment(slot.counted_to)}"
        outcome = f"&outcome={chosen.texts['outcome']}" if has_outcome else ""
        buckets.append(
            charts.Bucket(
                title=bars.title(slot),
                values=tuple(counts[nth] for nth, _ in strands),
                tick=label,
                url=url + outcome,
                urls=tuple(f"{url}&{links.of_strand(name)}" for _, name in strands),
            )
        )
    return charts.trend([bars.series_of(name) for _, name in strands], buckets, height=_HEIGHT, lines=2)
