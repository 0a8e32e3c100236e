"""The overview: what needs a person, how the last day went, and where the errors are."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from responses.insight import breakers, issues, overview, periods, pulse, retries, splits, stakes, trends
from responses.insight.overview import Day, Queue, Waiting
from responses.models import FailedRequest, Integration
from responses.templatetags.times import percent, span
from responses.views import bars, first_run, frame, links, parts, stats
from responses.views.frame import Frame
from responses.views.stats import Stat

REFRESH_SECONDS = 5


@login_required
@require_safe
def overview_page(request: HttpRequest) -> HttpResponse:
    """Show the overview of one integration; to htmx its living part, or 204 when nothing has changed."""
    page = frame.of(request, now=timezone.now(), has_period=True)
    if page.integration is None:
        return render(request, "overview/nothing.html", {"now": page.now})
    seen = pulse.of(page.user, page.integration.pk, now=page.now)
    if parts.is_unchanged(request, seen):
        return HttpResponse(status=204)
    period = page.period.key if page.period is not periods.DEFAULT else ""
    live_url = parts.live_url(links.page(page, "overview", period=period), seen=seen)
    last_at = overview.last_recorded_at(page.user, page.integration.pk)
    if last_at is None:
        frame.without_period(request, page)
        context = first_run.guide(page, page.integration)
        context |= {"live_url": live_url, "live_every": first_run.REFRESH_SECONDS}
        return parts.respond(request, context, page="overview/first.html", part="overview/_waiting.html")
    context = {"now": page.now, "live_url": live_url, "live_every": REFRESH_SECONDS, "last_at": last_at}
    context |= figures(page, page.integration)
    return parts.respond(request, context, page="overview/page.html", part="overview/_live.html")


def figures(page: Frame, integration: Integration) -> dict[str, Any]:
    """Return all that the living part shows."""
    user, now = page.user, page.now
    day = overview.day(user, integration.pk, now=now)
    queue = overview.queue(user, integration.pk, now=now)
    waiting = overview.waiting(user, integration.pk, now=now)
    trend = trends.trend(user, integration.pk, page.period, now=now, zone=page.zone)
    kinds = splits.kinds(user, integration.pk, page.period, now=now, zone=page.zone)
    staked = stakes.of_integration(integration.pk, now=now)
    open_issues = issues.tabs(user, integration.pk)["open"]
    return {
        "needs": needs(page, queue, open_issues),
        "next": queue.next,
        "stats": [
            success(day),
            volume(page, day),
            recovered(page, day),
            retrying(page, retries.waiting(user, integration.pk)),
            awaited(page, waiting),
            lost(page, queue),
        ],
        "period": page.period,
        "trend": bars.trend(page, trend, breakers.openings(user, integration.pk, since=trend.slots[0].starts_at)),
        "total": trend.total,
        "top": issues.top(user, integration, staked, now=now),
        "by_code": bars.by_code(page, splits.by_code(kinds)),
        "by_endpoint": bars.by_endpoint(page, splits.by_endpoint(kinds)),
        "issues_url": links.page(page, "issue-list"),
    }


def needs(page: Frame, queue: Queue, open_issues: int) -> list[Stat]:
    """Return what waits for a person; nothing when nothing does."""
    found = []
    if open_issues:
        found.append(
            Stat(
                label="Open issues",
                value=f"{open_issues:,}",
                icon="alert-circle",
                key="needs_fix",
                url=links.page(page, "issue-list"),
                note="causes that nobody has taken on",
            )
        )
    if queue.requests:
        verb = "expires" if queue.within_hour == 1 else "expire"
        pressing = f"{capped(queue.within_hour)} {verb}" if queue.within_hour else "none expires"
        found.append(
            Stat(
                label="Requests to fix",
                value=capped(queue.requests),
                icon="tool",
                key="needs_fix" if queue.within_hour else "partial",
                url=links.page(page, "fix-list"),
                note=f"{pressing} within the hour",
            )
        )
    if queue.next is not None and queue.next.deadline_at is not None:
        left = int((queue.next.deadline_at - page.now).total_seconds())
        found.append(
            Stat(
                label="Next to expire",
                value=f"in {span(left)}",
                icon="clock-exclamation" if left < periods.HOUR.total_seconds() else "clock",
                key="needs_fix" if left < periods.HOUR.total_seconds() else "partial",
                url=links.page(page, "request-detail", queue.next.pk),
                note=name_of(queue.next),
            )
        )
    return found


def success(day: Day) -> Stat:
    """Return the confirmed success rate against yesterday's."""
    share, before = day.total.share, day.before.share
    change = tone = icon = ""
    if share is not None and before is not None:
        points = (share - before) * 100
        is_same = abs(points) < 0.05
        change = "No change" if is_same else f"{points:+.1f} pt".replace("-", "−")
        tone = "same" if is_same else "good" if points > 0 else "bad"
        icon = "" if is_same else "up" if points > 0 else "down"
    return Stat(
        label="Confirmed success, 24 h",
        value=percent(share),
        icon="circle-check",
        key="success",
        note="against the day before" if change else f"of {day.total.known:,} with a known result",
        change=change,
        change_tone=tone,
        change_icon=icon,
        points=tuple(rate.share for rate in day.hours if rate.share is not None),
    )


def volume(page: Frame, day: Day) -> Stat:
    """Return how many responses there were against yesterday."""
    now, before = day.total.responses, day.before.responses
    share = (now - before) / before if before else 0
    return Stat(
        label="Responses, 24 h",
        value=f"{now:,}",
        icon="activity",
        url=links.responses(page),
        note=f"against {before:,} the day before" if before else "none the day before",
        change=f"{share:+.0%}".replace("-", "−") if before and abs(share) >= 0.005 else "",
        change_tone="same",
        change_icon="up" if share > 0 else "down",
        points=tuple(float(rate.responses) for rate in day.hours),
    )


def recovered(page: Frame, day: Day) -> Stat:
    """Return how many failures passed because the monitor sent them again."""
    now, before = day.total.recovered, day.before.recovered
    note = f"{before:,} the day before" if before else "sent again by the monitor" if now else "nothing had to be"
    return Stat(
        label="Retried, then fine, 24 h",
        value=f"{now:,}",
        icon="refresh",
        key="recovered",
        url=links.responses(page, origin="retry", period="24h") if now else "",
        note=note,
        points=tuple(float(rate.recovered) for rate in day.hours) if now else (),
    )


def retrying(page: Frame, waiting: retries.Waiting) -> Stat:
    """Return how many requests are being sent again, and since when the oldest is."""
    note = "nothing waits to be sent again"
    if waiting.oldest_at is not None:
        note = f"the oldest for {span(int((page.now - waiting.oldest_at).total_seconds()))}"
    return Stat(
        label="Retrying now",
        value=stats.capped(waiting.live, cap=retries.MOST_COUNTED),
        icon="rotate-clockwise-2",
        key="transient",
        url=links.page(page, "retry-list"),
        note=note,
    )


def awaited(page: Frame, waiting: Waiting) -> Stat:
    """Return how many accepted purchases wait for their result."""
    if waiting.asked and waiting.oldest_at is not None:
        note = f"the oldest for {span(int((page.now - waiting.oldest_at).total_seconds()))}"
    elif waiting.unconfirmed:
        note = f"{capped(waiting.unconfirmed)} accepted, not confirmed: no credentials to ask with"
    else:
        note = "every accepted purchase has its result"
    return Stat(
        label="Waiting for Ordergroove",
        value=capped(waiting.asked),
        icon="progress-check",
        key="accepted",
        url=links.responses(page, outcome="accepted", period="1h"),
        note=note,
    )


def lost(page: Frame, queue: Queue) -> Stat:
    """Return how many requests nobody saved in time."""
    return Stat(
        label="Expired, 24 h",
        value=capped(queue.expired),
        icon="clock-x",
        key="neutral",
        url=links.page(page, "fix-list", state="expired") if queue.expired else "",
        note="not corrected within 24 hours" if queue.expired else "nothing ran out of time",
    )


def capped(number: int) -> str:
    """Write the length of a queue."""
    return stats.capped(number, cap=overview.CAP)


def name_of(request: FailedRequest) -> str:
    """Name a request in a few words."""
    return f"Order {request.order_id}" if request.order_id else request.endpoint
