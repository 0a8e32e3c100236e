"""Puts transitions into words for a channel: reads what is known now, and lets ``telling`` say it. Sends nothing.

Whatever goes wrong on the way, there is a message: an alert with few words is better than none.
"""

from __future__ import annotations

import logging
from datetime import datetime
from zoneinfo import ZoneInfo

import msgspec
import sentry_sdk
from django.conf import settings
from django.urls import reverse

from responses.alerting import days, facts, held_back, previews, severity, situations, wording
from responses.alerting.about import About
from responses.alerting.message import NAME_LENGTH, TITLE_LENGTH, Kind, Link, Message, Tone
from responses.alerting.telling import conditions, digest, issues, news
from responses.alerting.telling.known import Facts
from responses.exchanges import Outcome
from responses.models import Alert, AlertRule, AlertThread, Channel, Delivery, Integration, Issue, Transition

What = Transition.Kind
Severity = Alert.Severity

_WORDS = {Severity.CRITICAL: "critical", Severity.HIGH: "high", Severity.NORMAL: "normal", Severity.INFO: "info"}
_PAGES = {
    What.AUTH_BURST: ("fix-list", ""),
    What.BREAKER_OPENED: ("retry-list", ""),
    What.BREAKER_CLOSED: ("retry-list", ""),
    What.UNKNOWN_OLD: ("fix-list", "state=unknown"),
    What.EXPIRING: ("fix-list", ""),
    What.REQUEST_EXPIRED: ("fix-list", "state=expired"),
    What.REQUEST_EXHAUSTED: ("fix-list", "state=exhausted"),
    What.SILENCE: ("response-list", ""),
}

logger = logging.getLogger(__name__)


def message_of(
    transition: Transition, alert: Alert | None, *, channel: Channel, told: int, now: datetime
) -> tuple[Message, int]:
    """Return the message about ``transition``, and how many failures the thread has told once it is sent.

    ``told``: how many it has told so far; of a message that counts what was held back, how many that would have told.
    The number is ``told`` itself where the message is about no failures.
    """
    zone = ZoneInfo(settings.DISPLAY_TIME_ZONE)
    try:
        said, total = _said(transition, alert, channel=channel, told=told, now=now, zone=zone)
        return _addressed(said, transition, alert, channel=channel), max(total, told)
    except Exception as error:
        logger.exception("a message could not be put into words")
        sentry_sdk.capture_exception(error)
        return _bare(transition, alert, now=now, zone=zone), told


def _said(
    transition: Transition, alert: Alert | None, *, channel: Channel, told: int, now: datetime, zone: ZoneInfo
) -> tuple[Message, int]:
    thread = AlertThread.objects.filter(alert=alert, channel=channel).first() if alert is not None else None
    issue = transition.issue or (alert.issue if alert is not None else None)
    if transition.kind == What.MORE:
        held = held_back.of(channel, transition)
        return held_back.tell(held, failures=told, url=_url("alert-list"), now=now, zone=zone), told
    if transition.kind == What.DIGEST and transition.integration is not None:
        day = days.of(transition, transition.integration, now=now, zone=zone)
        return digest.tell(day, url=_page("overview", transition.integration), now=now, zone=zone), told
    if issue is None:
        return about_condition(transition, alert, now=now, zone=zone), told
    known = facts.of(transition, issue, alert=alert, thread=thread, told=told, now=now)
    said = _with_trend(about_issue(known, now=now, zone=zone), issue, now=now)
    worse = thread is not None and _is_worse(transition, alert, issue, channel)
    return msgspec.structs.replace(said, is_worse=worse), known.failures_since


def about_issue(known: Facts, *, now: datetime, zone: ZoneInfo) -> Message:
    """Say what is known of an issue, with the address of its page."""
    return issues.tell(known, url=_url("issue-detail", known.issue_id), now=now, zone=zone)


def about_condition(transition: Transition, alert: Alert | None, *, now: datetime, zone: ZoneInfo) -> Message:
    """Say what is known of a condition, with the address of the page that shows it."""
    situation = situations.of(transition, alert, now=now, zone=zone)
    name, query = _PAGES.get(situation.what, ("overview", ""))
    url = _page(name, transition.integration, query)
    return conditions.tell(situation, url=url)


def _with_trend(said: Message, issue: Issue, *, now: datetime) -> Message:
    hours = facts.trend(issue, now=now)
    if not any(hours):
        return said
    return msgspec.structs.replace(said, trend=hours, trend_words=news.trend_words(hours))


def preview(rule: AlertRule, integration: Integration | None, *, now: datetime) -> Message:
    """Return what a rule, which need not be saved, would say: about the newest issue that fits, or a made-up one."""
    return previews.of(rule, integration, now=now)


def _is_worse(transition: Transition, alert: Alert | None, issue: Issue, channel: Channel) -> bool:
    """Whether nothing that the channel has been sent of the alert was as bad."""
    if transition.kind in (What.REMINDER, What.RECOVERED):
        return False
    sent = Delivery.objects.filter(channel=channel, transition__alert=alert, state=Delivery.State.SENT)
    told = sent.values_list("transition__kind", flat=True).distinct().order_by()
    known = [severity.of(kind, issue=issue, integration=issue.integration) for kind in told if kind]
    return severity.of(transition.kind, issue=issue, integration=issue.integration) > max(known, default=Severity.INFO)


# --- what stands around it ------------------------------------------------------------------------------------------


def _addressed(said: Message, transition: Transition, alert: Alert | None, *, channel: Channel) -> Message:
    """Add how bad it is, what can be done about it, to whom it goes, and the same for programs."""
    issue = transition.issue or (alert.issue if alert is not None else None)
    integration = transition.integration
    bad = severity.of(transition.kind, issue=issue, integration=integration)
    if transition.kind == What.REMINDER and alert is not None:
        bad = Severity(alert.severity)
    to = f"Sent to “{wording.clean(channel.name, NAME_LENGTH)}”" if channel.name else "Sent"
    return msgspec.structs.replace(
        said,
        tone=said.tone if said.tone is Tone.GOOD else Tone.of(bad.value),
        actions=(*_request(transition), *_actions(said, alert)),
        footer=f"{to} by Ordergroove Monitor. {said.footer}",
        about=About(
            kind=transition.kind,
            severity=_WORDS[bad],
            alert_id=alert.pk if alert is not None else None,
            issue_id=issue.pk if issue is not None else None,
            integration=integration.slug if integration is not None else "",
            endpoint=issue.endpoint if issue is not None else "",
            status_code=issue.status_code if issue is not None else None,
            outcome=Outcome(issue.outcome).word if issue is not None else "",
            failure=issue.failure if issue is not None else "",
            field=wording.clean(issue.field, TITLE_LENGTH) if issue is not None else "",
            failures=issue.failures if issue is not None else transition.number,
            requests=issue.requests if issue is not None else None,
            orders=issue.orders if issue is not None else None,
            deadline_at=said.deadline_at,
        ),
    )


def _request(transition: Transition) -> tuple[Link, ...]:
    """The one request that it is about, where it is about one."""
    if transition.failed_request_id is None:
        return ()
    return (Link("Open the request", _url("request-detail", transition.failed_request_id)),)


def _actions(said: Message, alert: Alert | None) -> tuple[Link, ...]:
    """What can be done about an alert; each leads to a page that asks first."""
    if alert is None or alert.pk is None or said.kind in (Kind.OVER, Kind.GOES_ON, Kind.DIGEST, Kind.MORE):
        return ()
    page = _url("alert-decide", alert.pk)
    deeds = [("Acknowledge", "acknowledge")] if alert.acknowledged_at is None else []
    if alert.issue_id is not None:
        deeds.append(("Mute", "mute"))
    return tuple(Link(words, f"{page}?deed={deed}") for words, deed in deeds)


def _bare(transition: Transition, alert: Alert | None, *, now: datetime, zone: ZoneInfo) -> Message:
    """What is said when saying more has failed. Reads nothing that is not at hand."""
    integration = transition.integration
    title = wording.clean(alert.title if alert is not None else "", TITLE_LENGTH)
    is_issue = transition.issue_id is not None
    return Message(
        tone=Tone.of(alert.severity) if alert is not None else Tone.NORMAL,
        kind=facts.KINDS.get(What(transition.kind)) or situations.KINDS.get(What(transition.kind), Kind.NEW),
        environment=integration.environment if integration is not None else "",
        integration=wording.clean(integration.name, NAME_LENGTH) if integration is not None else "",
        title=title or str(What(transition.kind).label),
        meaning="Its details could not be put into words here. Open the page to see them.",
        url=_url("issue-detail", transition.issue_id) if is_issue else _url("overview"),
        url_label="Open the issue" if is_issue else "Open the monitor",
        as_of=now,
        footer=f"Sent by Ordergroove Monitor at {wording.exact(now, zone)}.",
        about=About(
            kind=transition.kind,
            severity=_WORDS[Severity(alert.severity)] if alert is not None else "normal",
            alert_id=alert.pk if alert is not None else None,
            issue_id=transition.issue_id,
            integration=integration.slug if integration is not None else "",
        ),
    )


def _url(name: str, *args: object) -> str:
    return str(settings.MONITOR_URL) + reverse(name, args=args)


def _page(name: str, integration: Integration | None, query: str = "") -> str:
    """The address of a page that shows one integration."""
    about = f"integration={integration.slug}" if integration is not None else ""
    asked = "&".join(part for part in (about, query) if part)
    return f"{_url(name)}?{asked}" if asked else _url(name)
