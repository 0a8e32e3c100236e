"""Alerts as people read them: which there are, what was told to whom, how often a rule spoke. Pages by cursor."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

import msgspec
from django.db.models import Count, Max, Q

from responses.insight import cursors
from responses.models import Alert, AlertRule, AlertThread, Channel, Delivery, Issue, Transition, User, ids
from responses.models.alert import AlertQuerySet

PAGE = 25
MOST_STEPS = 100
"""Of one alert, the latest: a long one is reminded of for weeks."""
MOST_TOLD = 20_000
DAYS = 7
_DAY = timedelta(days=1)
_BY_ISSUE = {
    Issue.State.OPEN: "open",
    Issue.State.ACKNOWLEDGED: "acknowledged",
    Issue.State.MUTED: "muted",
    Issue.State.RESOLVED: "over",
}


class Wanted(msgspec.Struct, frozen=True):
    """Which alerts. Empty values ask for nothing."""

    is_open: bool = False
    kind: str = ""
    severity: int = 0
    """That severe or worse."""


class Told(msgspec.Struct, frozen=True):
    """What one channel has been sent of one alert."""

    channel: Channel
    state: str
    """Of its latest delivery."""
    messages: int


class Row(msgspec.Struct, frozen=True):
    """One alert of a list."""

    alert: Alert
    told: tuple[Told, ...]


class Page(msgspec.Struct, frozen=True):
    """A page of alerts, the newest first; ``after`` is the cursor of the next one, empty on the last."""

    rows: tuple[Row, ...]
    after: str


class Step(msgspec.Struct, frozen=True):
    """One thing that was told, or is about to be."""

    transition: Transition
    deliveries: tuple[Delivery, ...]


class Silent(msgspec.Struct, frozen=True):
    """Things of one kind that had no message of their own, and why: how many, and when the last of them was."""

    kind: str
    fate: str
    count: int
    last_at: datetime


class Thread(msgspec.Struct, frozen=True):
    """All of one alert: its steps, the latest first, what was kept silent, and how far each channel has been told."""

    steps: tuple[Step, ...]
    silent: tuple[Silent, ...]
    is_more: bool
    told: tuple[AlertThread, ...]


def visible(user: User, integration_id: int) -> AlertQuerySet:
    """Return the alerts about one integration, and those about the monitor itself."""
    mine = Q(integration_id=integration_id) | Q(integration_id=None)
    return Alert.objects.visible_to(user).filter(mine)


def page(user: User, integration_id: int, wanted: Wanted, *, after: str = "", size: int = PAGE) -> Page:
    """Return one page of the alerts of an integration."""
    found = matching(visible(user, integration_id), wanted)
    if cursor := cursors.read(after, 1):
        found = found.filter(pk__lt=cursor[0])
    chosen = list(found.select_related("integration", "issue", "acknowledged_by").order_by("-id")[: size + 1])
    told = _told(user, chosen[:size])
    rows = tuple(Row(alert, told.get(alert.pk, ())) for alert in chosen[:size])
    return Page(rows, cursors.write(chosen[size - 1].pk) if len(chosen) > size else "")


def matching(found: AlertQuerySet, wanted: Wanted) -> AlertQuerySet:
    """Keep the alerts that are wanted."""
    if wanted.is_open:
        found = found.open()
    if wanted.kind:
        found = found.filter(kind=wanted.kind)
    if wanted.severity:
        found = found.filter(severity__gte=wanted.severity)
    return found


def state_of(alert: Alert) -> str:
    """Return ``over``, ``muted``, ``acknowledged`` or ``open``. Where it has an issue, what was decided about that holds:
    the alert itself follows a little later.
    """
    if not alert.is_open:
        return "over"
    if alert.issue is not None:
        return _BY_ISSUE[Issue.State(alert.issue.state)]
    return "open" if alert.acknowledged_at is None else "acknowledged"


def _told(user: User, alerts: Sequence[Alert]) -> dict[int, tuple[Told, ...]]:
    """Return what each channel was sent of each alert, in three queries."""
    sent = Delivery.objects.filter(transition__alert__in=[alert.pk for alert in alerts])
    grouped = sent.values_list("transition__alert_id", "channel_id").annotate(latest=Max("id"), number=Count("id"))
    found = list(grouped.order_by("transition__alert_id", "channel_id"))
    channels = Channel.objects.visible_to(user).in_bulk({row[1] for row in found})
    states = dict(Delivery.objects.filter(pk__in=[row[2] for row in found]).values_list("id", "state"))
    told: dict[int, list[Told]] = {}
    for alert_id, channel_id, latest, number in found:
        if channel_id in channels:
            told.setdefault(alert_id, []).append(Told(channels[channel_id], states[latest], number))
    return {alert_id: tuple(rows) for alert_id, rows in told.items()}


def thread(user: User, alert: Alert, *, most: int = MOST_STEPS) -> Thread:
    """Return all that was told of one alert, and to whom, as far as the person may see the channels.

    A storm has thousands of transitions without a message of their own: these are only counted.
    """
    loud = Q(fate=Transition.Fate.TOLD) | Q(handled_at__isnull=True)
    of_alert = Transition.objects.filter(alert=alert)
    found = list(of_alert.filter(loud).select_related("rule").order_by("-id")[: most + 1])
    channels = Channel.objects.visible_to(user)
    sent = Delivery.objects.filter(transition__in=[one.pk for one in found[:most]], channel__in=channels)
    by_transition: dict[int | None, list[Delivery]] = {}
    for delivery in sent.select_related("channel", "stands_in_for__channel").order_by("id"):
        by_transition.setdefault(delivery.transition_id, []).append(delivery)
    silent = of_alert.exclude(loud).values_list("kind", "fate").annotate(Count("id"), Max("at")).order_by("kind")
    told = (
        AlertThread.objects.filter(alert=alert, channel__in=channels).select_related("channel").order_by("channel_id")
    )
    return Thread(
        tuple(Step(one, tuple(by_transition.get(one.pk, ()))) for one in found[:most]),
        tuple(Silent(*row) for row in silent),
        len(found) > most,
        tuple(told),
    )


def rules(user: User, integration_id: int) -> tuple[AlertRule, ...]:
    """Return the rules of one integration, then those of every integration, each with its channels."""
    kept = AlertRule.objects.visible_to(user).kept().filter(Q(integration_id=integration_id) | Q(integration_id=None))
    found = kept.select_related("integration").prefetch_related("channels").order_by("id")
    return tuple(sorted(found, key=lambda rule: (rule.integration_id is None, rule.pk)))


def spoken(rules: Iterable[AlertRule], *, now: datetime) -> dict[int, tuple[int, ...]]:
    """Return of how many things each rule has told in each of the last seven times 24 hours, the oldest first."""
    found = {rule.pk: [0] * DAYS for rule in rules}
    since = ids.floor(now - DAYS * _DAY)
    told = Delivery.objects.filter(rule__in=list(found), id__gte=since, transition__isnull=False).order_by()
    for rule_id, transition_id in told.values_list("rule_id", "transition_id").distinct()[:MOST_TOLD]:
        if rule_id is not None and transition_id is not None:
            days_ago = (now - ids.time_of(transition_id)) // _DAY
            found[rule_id][DAYS - 1 - min(max(days_ago, 0), DAYS - 1)] += 1
    return {rule_id: tuple(days) for rule_id, days in found.items()}
