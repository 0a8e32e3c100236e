"""Which integration and period a page shows, and what stands around it. Every page begins with ``of``.

``context`` is the context processor that gives templates ``chrome``; it asks the database only when a whole page is
rendered, not for a part that htmx swaps in.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from django.http import Http404, HttpRequest
from django.utils import timezone
from django.utils.functional import SimpleLazyObject

from responses.insight import health, periods, queues
from responses.insight.health import Health
from responses.insight.periods import Period
from responses.models import Integration, Role, User
from responses.sending import gates
from responses.sending.gates import GateView
from responses.views import chrome, zones
from responses.views.chrome import Banner, Chrome, Seen

SESSION_KEY = "integration"
_KEPT = "frame"
_MOST_BANNERS = 2


class Frame(msgspec.Struct, frozen=True):
    """What a page is about. ``integration`` is ``None`` only for a person who can see none."""

    user: User
    now: datetime
    zone: ZoneInfo
    integrations: tuple[Integration, ...]
    integration: Integration | None
    period: Period
    has_period: bool

    def may(self, least: Role) -> bool:
        """Whether the person may do here what needs at least the role ``least``."""
        return self.integration is not None and self.user.has_role(self.integration.pk, least)

    @property
    def kept(self) -> dict[str, str]:
        """The parameters that a link to another page must carry."""
        if self.integration is None or len(self.integrations) < 2:
            return {}
        return {"integration": self.integration.slug}


def of(request: HttpRequest, *, now: datetime, about: Integration | None = None, has_period: bool = False) -> Frame:
    """Choose what to show: ``about``, the integration of the one thing that a page shows, else what the address names,
    else the last one looked at, else the first. 404 for a name that the person cannot see.
    """
    assert isinstance(request.user, User)
    integrations = tuple(Integration.objects.visible_to(request.user))
    chosen = about or _chosen(request, integrations)
    if chosen is not None and len(integrations) > 1 and request.session.get(SESSION_KEY) != chosen.slug:
        request.session[SESSION_KEY] = chosen.slug
    frame = Frame(
        user=request.user,
        now=now,
        zone=zones.zone_of(request.user.time_zone),
        integrations=integrations,
        integration=chosen,
        period=periods.BY_KEY.get(request.GET.get("period", ""), periods.DEFAULT),
        has_period=has_period,
    )
    setattr(request, _KEPT, frame)
    return frame


def without_period(request: HttpRequest, page: Frame) -> None:
    """Leave out the switch of periods on a page that turns out to have nothing to show of any."""
    setattr(request, _KEPT, msgspec.structs.replace(page, has_period=False))


def _chosen(request: HttpRequest, integrations: tuple[Integration, ...]) -> Integration | None:
    by_slug = {integration.slug: integration for integration in integrations}
    named = request.GET.get("integration", "")
    if named:
        if named not in by_slug:
            raise Http404
        return by_slug[named]
    return by_slug.get(request.session.get(SESSION_KEY, "")) or next(iter(integrations), None)


def context(request: HttpRequest) -> dict[str, Any]:
    """Give every page of a signed-in person its ``chrome``, should the template want it."""
    if not hasattr(request, "user"):
        return {}
    return {"chrome": SimpleLazyObject(lambda: around(request))}


def around(request: HttpRequest) -> Chrome | None:
    """Return what stands around a page: navigation with its numbers, switches, our own health."""
    if not request.user.is_authenticated:
        return None
    frame: Frame = getattr(request, _KEPT, None) or of(request, now=timezone.now())
    found, now = health.read(frame.user, now=frame.now), frame.now
    waiting = queues.of_integration(frame.user, frame.integration.pk, now=now) if frame.integration else queues.Queues()
    others = [integration.pk for integration in frame.integrations]
    open_issues = queues.open_issues(frame.user, others) if len(others) > 1 else {}
    seen = {one.pk: Seen(one.slug, one.name, one.environment, open_issues.get(one.pk, 0)) for one in frame.integrations}
    warnings = banners(found, frame)
    stopped = gate_banners(frame)
    return chrome.build(
        request,
        now=now,
        integrations=tuple(seen.values()),
        selected=seen[frame.integration.pk] if frame.integration else None,
        counts={
            "issues": waiting.issues,
            "fix": waiting.to_fix,
            "partial": waiting.partial,
            "retries": waiting.retries,
            "alerts": waiting.alerts,
        },
        urgent=("fix",),
        period=frame.period,
        has_period=frame.has_period and frame.integration is not None,
        health=dot(found, warnings),
        banners=[*warnings, *stopped],
    )


def dot(found: Health, warnings: list[Banner]) -> chrome.Health:
    """Return our own health in a word or two."""
    if not warnings:
        return chrome.Health()
    if found.is_worker_silent or found.is_beat_silent:
        return chrome.Health("down", "The monitor's worker is silent" if found.is_worker_silent else "No sweeps")
    if found.failing:
        count = len(found.failing)
        return chrome.Health("warning", f"{count} channel{'s' * (count > 1)} failing")
    if found.pings.is_failing and not found.is_late:
        return chrome.Health("warning", "Heartbeat not sent")
    return chrome.Health("warning", "Messages are late")


def banners(found: Health, frame: Frame) -> list[Banner]:
    """Return what of ours is wrong, in words. What follows from a silent worker is not said a second time."""
    if is_starting(frame):
        return [_failing(found)] if found.failing else []
    said = []
    if found.is_worker_silent:
        since = "has not been seen yet" if found.worker is None else f"has been silent for {_minutes(found.worker)}"
        text = f"The monitor's worker {since}: responses are recorded, but no messages are sent and no results fetched."
        said.append(Banner(text, tone="error"))
    elif found.is_beat_silent:
        since = "has not been seen yet" if found.beat is None else f"has been silent for {_minutes(found.beat)}"
        text = f"The monitor's timer {since}: clocks do not run out and lost work is not picked up."
        said.append(Banner(text, tone="error"))
    elif found.oldest_transition is not None and found.is_late:
        text = f"Messages are late: a change has been waiting for {_minutes(found.oldest_transition)} to be told."
        said.append(Banner(text))
    if found.failing:
        said.append(_failing(found))
    if found.pings.is_failing and not (found.is_worker_silent or found.is_beat_silent):
        text = f"The outgoing heartbeat does not get through. {found.pings.words}"
        said.append(Banner(text, url=chrome.url_of("channel-list") + "#heartbeat", link="See the heartbeat"))
    return said[:_MOST_BANNERS]


def gate_banners(frame: Frame) -> list[Banner]:
    """Return what keeps the monitor from sending again: a person's pause, or an open breaker."""
    if frame.integration is None:
        return []
    url, found = chrome.url_of("retry-list"), gates.gates_of(frame.integration, now=frame.now, zone=frame.zone)
    return [
        Banner(_stopped(gate), url=url, link="See the retries")
        for gate in found
        if gate.kind in ("paused", "breaker", "half_open")
    ][:_MOST_BANNERS]


def _stopped(gate: GateView) -> str:
    words = gate.words if gate.words.endswith(".") else f"{gate.words}."
    if gate.kind == "paused":
        return f"Retries to {gate.name}: {words}" if gates.host_in(gate.scope) else f"Retries: {words}"
    return f"{gate.name}: {words}"


def is_starting(frame: Frame) -> bool:
    """Whether the installation is too young for its parts to have been seen."""
    oldest = min((integration.created_at for integration in frame.integrations), default=frame.now)
    return frame.now - oldest < health.SILENT_AFTER


def _failing(found: Health) -> Banner:
    first = found.failing[0]
    more = f", and {len(found.failing) - 1} more do not" if len(found.failing) > 1 else ""
    words = f" ({first.last_error.rstrip('.')})" if first.last_error else ""
    return Banner(
        f"{first} does not take messages{words}{more}.", url=chrome.url_of("channel-list"), link="See the channels"
    )


def _minutes(age: timedelta) -> str:
    minutes = int(age.total_seconds() // 60)
    if minutes < 120:
        return f"{minutes} minutes"
    return f"{minutes // 60} hours" if minutes < 48 * 60 else f"{minutes // 1440} days"
