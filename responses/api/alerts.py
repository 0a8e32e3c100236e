"""``/api/v1/alerts`` and ``/rules``: what was told, acknowledging it, and by which rules. Rules are changed on the pages."""

from __future__ import annotations

from typing import Any, Literal

from django.http import HttpRequest
from django.utils import timezone
from ninja import Path, Query, Router

from ordergroove_monitor import client_address
from responses.alerting import acknowledge
from responses.api import alert_shapes, answers, asking, refusals
from responses.api.asking import Asked, Id, Listing, Slug
from responses.insight import alerts as insight
from responses.models import Alert, User

router = Router(tags=["Alerts"])


class AlertQuery(Listing):
    """Which alerts: all that is given must hold."""

    state: Literal["open", "all"] = "open"
    kind: alert_shapes.KindWord | None = None
    severity: alert_shapes.SeverityWord | None = None

    def wanted(self) -> insight.Wanted:
        """The same in the words of the reading side."""
        severity = Alert.Severity[self.severity.upper()] if self.severity else 0
        return insight.Wanted(self.state == "open", self.kind or "", int(severity))


class RuleQuery(Asked):
    """Of which integration."""

    integration: Slug | None = None


@router.get(
    "/alerts", response=answers.of(alert_shapes.AlertPage, 404, 422), operation_id="list_alerts", url_name="alerts"
)
def list_alerts(request: HttpRequest, asked: Query[AlertQuery]) -> Any:
    """List the alerts of one integration and those about the monitor itself, the newest first; `severity` or worse."""
    user = asking.person(request)
    integration = asking.integration_of(user, asked.integration)
    after = asking.check_cursor(asked.after, numbers=1, is_by_time=False)
    page = insight.page(user, integration.pk, asked.wanted(), after=after, size=asked.limit)
    results = [alert_shapes.alert(row.alert) for row in page.rows]
    return alert_shapes.AlertPage(results=results, next=asking.next_url(request, page.after))


@router.get(
    "/alerts/{id}", response=answers.of(alert_shapes.AlertDetail, 404, 422), operation_id="get_alert", url_name="alert"
)
def get_alert(request: HttpRequest, id: Path[Id]) -> Any:  # noqa: A002  # the name that callers read
    """Show one alert with what was told to whom, and how each message fared."""
    user = asking.person(request)
    return _shown(user, _visible(user, id))


@router.post(
    "/alerts/{id}/acknowledge",
    response=answers.of(alert_shapes.AlertDetail, 403, 404, 409, 422),
    operation_id="acknowledge_alert",
    url_name="alert-acknowledge",
)
def acknowledge_alert(request: HttpRequest, id: Path[Id]) -> Any:  # noqa: A002
    """Say that somebody is on it, of an issue's alert for the issue: no more reminders. Needs the role Support."""
    user = asking.person(request)
    alert = _visible(user, id)
    is_done = acknowledge.acknowledge(alert, user, now=timezone.now(), address=client_address.of(request))
    alert = _visible(user, id)
    if not is_done and insight.state_of(alert) != "acknowledged":
        raise refusals.Refused(409, "The alert is over, or was changed meanwhile.")
    return _shown(user, alert)


@router.get("/rules", response=answers.of(alert_shapes.RuleList, 404, 422), operation_id="list_rules", url_name="rules")
def list_rules(request: HttpRequest, asked: Query[RuleQuery]) -> Any:
    """List the rules of one integration, and those of every integration, as they stand."""
    user = asking.person(request)
    integration = asking.integration_of(user, asked.integration)
    found = insight.rules(user, integration.pk)
    return alert_shapes.RuleList(results=[alert_shapes.rule(rule, list(rule.channels.all())) for rule in found])


def _visible(user: User, alert_id: str) -> Alert:
    visible = Alert.objects.visible_to(user).select_related("integration", "issue", "acknowledged_by")
    found = visible.filter(pk=asking.row_id(alert_id)).first()
    if found is None:
        raise refusals.not_found("alert")
    return found


def _shown(user: User, alert: Alert) -> alert_shapes.AlertDetail:
    return alert_shapes.alert_detail(alert, insight.thread(user, alert))
