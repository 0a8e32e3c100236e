"""What the pages of alerts show, and how an address says which. It answers no request itself."""

from __future__ import annotations

import zlib
from typing import Any

import msgspec
from django import forms
from django.http import QueryDict

from responses.alerting import sentences
from responses.insight import alerts
from responses.insight.alerts import Row, Silent, Step
from responses.models import Alert, AlertRule, Delivery, Integration
from responses.views import alert_deeds, alert_tabs, alert_words, links, parts
from responses.views.frame import Frame

REFRESH_SECONDS = 5
SEVERITIES = {"4": "Critical", "3": "Urgent or worse", "2": "Normal or worse"}


class AlertFilter(forms.Form):
    """Which alerts are listed. What is not understood counts as not said."""

    state = forms.ChoiceField(choices=(("open", "open"), ("all", "all")), required=False)
    kind = forms.ChoiceField(choices=[(kind.value, kind.label) for kind in alert_words.OPENERS], required=False)
    severity = forms.ChoiceField(choices=tuple(SEVERITIES.items()), required=False)
    after = forms.CharField(max_length=40, required=False)


class Chosen(msgspec.Struct, frozen=True):
    """The filter, read."""

    state: str = "open"
    kind: str = ""
    severity: str = ""
    after: str = ""

    def wanted(self) -> alerts.Wanted:
        """The same in the words of the reading side."""
        return alerts.Wanted(self.state == "open", self.kind, int(self.severity or 0))

    def url(self, page: Frame, **changes: str) -> str:
        """Return the address of the list with some values changed, from its first page on unless told otherwise."""
        values = {"state": self.state, "kind": self.kind, "severity": self.severity} | changes
        return links.page(page, "alert-list", **(values | {"state": values["state"].removeprefix("open")}))


def chosen_by(query: QueryDict) -> Chosen:
    """Read the filter from an address."""
    form = AlertFilter(query)
    form.is_valid()
    return Chosen(**{name: value for name, value in form.cleaned_data.items() if value})


def listed(page: Frame, integration: Integration, chosen: Chosen) -> dict[str, Any]:
    """Return what the list shows."""
    found = alerts.page(page.user, integration.pk, chosen.wanted(), after=chosen.after)
    open_now = alerts.visible(page.user, integration.pk).open().count()
    here = chosen.url(page, after=chosen.after)
    seen = f"{page.now:%H%M}.{open_now:x}.{_mark([_facts(row) for row in found.rows])}"
    return {
        "now": page.now,
        "tabs": alert_tabs.of(page, "alert-list"),
        "chosen": chosen,
        "kept": page.kept,
        "kinds": [(kind.value, kind.label) for kind in alert_words.OPENERS],
        "severities": SEVERITIES,
        "states": [
            {"label": label, "url": chosen.url(page, state=key), "is_current": key == chosen.state, "count": count}
            for key, label, count in (("open", "Open", open_now), ("all", "All", None))
        ],
        "rows": [(row, alerts.state_of(row.alert), alert_words.kind_of(row.alert.kind),
                  links.page(page, "alert-detail", row.alert.pk)) for row in found.rows],
        "is_filtered": bool(chosen.kind or chosen.severity),
        "older_url": chosen.url(page, after=found.after) if found.after else "",
        "first_url": chosen.url(page) if chosen.after else "",
        "clear_url": chosen.url(page, kind="", severity=""),
        "all_url": chosen.url(page, state="all"),
        "seen": seen,
        "live_url": parts.live_url(here, seen=seen),
        "live_every": REFRESH_SECONDS,
    }  # fmt: skip


def shown(page: Frame, alert: Alert) -> dict[str, Any]:
    """Return what the page of one alert shows."""
    thread = alerts.thread(page.user, alert)
    url, label = alert_words.subject_of(page, alert)
    here = links.page(page, "alert-detail", alert.pk)
    state = alerts.state_of(alert)
    told = [(step.transition.pk, [_state(one) for one in step.deliveries]) for step in thread.steps]
    seen = f"{page.now:%H%M}.{state}.{_mark([told, thread.silent, alert.reminders, alert.severity])}"
    return {
        "now": page.now,
        "alert": alert,
        "state": state,
        "kind": alert_words.kind_of(alert.kind),
        "subject_url": url,
        "subject_label": label,
        "rule": _rule(page, alert.rule) if alert.rule is not None else None,
        "steps": [_step(step) for step in thread.steps],
        "silent": [_silent(one) for one in thread.silent],
        "is_more": thread.is_more,
        "threads": thread.told,
        "deeds": alert_deeds.of(alert, page),
        "decide_seen": alert_deeds.seen(alert),
        "may_decide": alert_deeds.may_decide(alert, page.user),
        "list_url": links.page(page, "alert-list"),
        "seen": seen,
        "live_url": parts.live_url(here, seen=seen),
        "live_every": REFRESH_SECONDS,
    }


def _step(step: Step) -> dict[str, Any]:
    """One step of the thread, as ``alerts/_steps.html`` shows it."""
    one = step.transition
    look = alert_words.look_of(one.kind)
    return {
        "icon": look.icon,
        "key": look.key,
        "title": alert_words.kind_of(one.kind),
        "at": one.at,
        "counted": alert_words.counted(one),
        "is_waiting": one.handled_at is None,
        "deliveries": step.deliveries,
    }


def _silent(one: Silent) -> dict[str, Any]:
    """What had no message of its own, in words."""
    return {
        "icon": alert_words.look_of(one.kind).icon,
        "title": alert_words.kind_of(one.kind),
        "count": one.count,
        "why": alert_words.why_silent(one.fate),
        "at": one.last_at,
    }


def _rule(page: Frame, rule: AlertRule) -> dict[str, Any]:
    names = [] if rule.every_channel else [sentences.name_of(one) for one in rule.channels.all()]
    url = "" if rule.removed_at else links.page(page, "rule-detail", rule.pk)
    return {"sentence": sentences.of(rule, channels=names), "name": rule.name, "url": url}


def _facts(row: Row) -> Any:
    """What a change of is a change of the row."""
    alert = row.alert
    return [
        alert.pk,
        alerts.state_of(alert),
        alert.severity,
        alert.last_at,
        [(one.state, one.messages) for one in row.told],
    ]


def _state(delivery: Delivery) -> Any:
    return [delivery.state, delivery.attempts]


def _mark(facts: Any) -> str:
    """A short text that changes with the facts."""
    return f"{zlib.crc32(msgspec.json.encode(facts)):x}"
