"""``/api/v1/alerts`` and ``/rules``."""

from __future__ import annotations

from collections.abc import Callable
from datetime import time, timedelta

import pytest

from responses.models import Alert, AlertRule, AuditEntry, Integration, Issue, Role
from tests.alerted import make_alert, make_channel, make_issue, make_step
from tests.api.conftest import Caller
from tests.factories import NOW, make_integration

pytestmark = pytest.mark.django_db


def test_a_list_shows_open_alerts_the_newest_first(caller: Caller, shop: Integration) -> None:
    make_alert(shop, subject="x", closed_at=NOW, closed_because="It is over.")
    older = make_alert(shop, issue=make_issue(shop), remind_at=NOW + timedelta(hours=4))
    newer = make_alert(None, subject="monitor:worker", kind="monitor_lags", at=NOW + timedelta(hours=1))

    rows = caller.get("alerts").json()["results"]

    assert [row["id"] for row in rows] == [str(newer.pk), str(older.pk)]
    assert [row["integration"] for row in rows] == [None, "shop"]
    assert rows[1] == {
        "id": str(older.pk),
        "integration": "shop",
        "subject": f"issue:{older.issue_id}",
        "kind": "issue_opened",
        "severity": "high",
        "state": "open",
        "title": older.title,
        "issue": str(older.issue_id),
        "request": None,
        "rule": str(older.rule_id),
        "opened_at": "2026-11-22T12:00:00.000Z",
        "last_at": "2026-11-22T12:00:00.000Z",
        "closed_at": None,
        "closed_because": None,
        "acknowledged_at": None,
        "acknowledged_by": None,
        "remind_at": "2026-11-22T16:00:00.000Z",
        "reminders": 0,
        "url": f"http://127.0.0.1:8000/alerts/{older.pk}/",
    }


def test_a_list_is_filtered_and_paged(caller: Caller, shop: Integration) -> None:
    for nth in range(3):
        make_alert(shop, subject=f"x:{nth}", severity=Alert.Severity.CRITICAL)
    make_alert(shop, kind="digest", severity=Alert.Severity.INFO, closed_at=NOW)

    first = caller.get("alerts", severity="high", limit=2).json()
    rest = caller.client.get(first["next"].removeprefix("http://127.0.0.1:8000")).json()

    assert len(first["results"]) == 2
    assert len(rest["results"]) == 1
    assert rest["next"] is None
    assert len(caller.get("alerts", state="all", kind="digest").json()["results"]) == 1


@pytest.mark.parametrize(
    "query", [{"kind": "reminder"}, {"severity": "5"}, {"state": "closed"}, {"colour": "red"}, {"after": "1_2"}]
)
def test_what_is_not_understood_is_refused(caller: Caller, query: dict[str, str]) -> None:
    assert caller.get("alerts", **query).status_code == 422


def test_one_alert_comes_with_what_was_told_to_whom(caller: Caller, shop: Integration) -> None:
    slack, mail = make_channel(shop), make_channel(None, "team", "email")
    alert = make_alert(shop)
    failing = make_step(alert, "silence", slack, state="failed", sent_at=None, last_error="429").deliveries.get()
    make_step(alert, "reminder", mail, number=3, told=14, stands_in_for=failing)
    make_step(alert, "request_exhausted", fate="folded")

    found = caller.get(f"alerts/{alert.pk}").json()

    reminder, silence = found["steps"]
    assert (reminder["kind"], reminder["number"]) == ("reminder", 3)
    [sent] = reminder["deliveries"]
    assert sent["channel"] == {"id": str(mail.pk), "kind": "email", "name": "team"}
    assert (sent["state"], sent["told"], sent["in_place_of"]["name"]) == ("sent", 14, "#oncall")
    assert silence["deliveries"][0]["error"] == "429"
    assert found["silent"] == [
        {"kind": "request_exhausted", "why": "folded", "count": 1, "last_at": "2026-11-22T12:00:00.000Z"}
    ]


def test_the_alerts_of_others_are_not_there(caller: Caller) -> None:
    alert = make_alert(make_integration("other"))

    assert caller.get(f"alerts/{alert.pk}").status_code == 404
    assert caller.post(f"alerts/{alert.pk}/acknowledge").status_code == 404


def test_acknowledging_an_issues_alert_acknowledges_the_issue(caller: Caller, shop: Integration) -> None:
    alert = make_alert(shop, issue=make_issue(shop))

    answer = caller.post(f"alerts/{alert.pk}/acknowledge")

    assert answer.json()["state"] == "acknowledged"
    assert answer.json()["acknowledged_by"] == caller.user.username
    assert Issue.objects.get().state == "acknowledged"
    assert caller.post(f"alerts/{alert.pk}/acknowledge").status_code == 200
    assert AuditEntry.objects.filter(action="alert.acknowledged").count() == 1


def test_an_alert_that_is_over_cannot_be_acknowledged(caller: Caller, shop: Integration) -> None:
    alert = make_alert(shop, closed_at=NOW)

    assert caller.post(f"alerts/{alert.pk}/acknowledge").status_code == 409


def test_acknowledging_needs_support(as_role: Callable[[Role], Caller], shop: Integration) -> None:
    alert = make_alert(shop)

    assert as_role(Role.VIEWER).post(f"alerts/{alert.pk}/acknowledge").status_code == 403
    assert not AuditEntry.objects.filter(action="alert.acknowledged").exists()


def test_rules_are_listed_with_their_sentence_and_without_targets(caller: Caller, shop: Integration) -> None:
    rule = AlertRule.objects.create(
        trigger="growth",
        integration=shop,
        threshold=3,
        window_minutes=60,
        every_channel=False,
        quiet_from=time(22),
        quiet_until=time(7),
    )
    rule.channels.set([make_channel(shop)])

    first, *shipped = caller.get("rules").json()["results"]

    assert first["sentence"].startswith("When an issue grows 3-fold within 1 h in Shop → Slack #oncall, at once")
    assert (first["quiet_from"], first["quiet_until"]) == ("22:00", "07:00")
    assert [channel["name"] for channel in first["channels"]] == ["#oncall"]
    assert {rule["trigger"] for rule in shipped} == set(AlertRule.Trigger.values)
    assert all(rule["channels"] is None for rule in shipped)
    assert "1234" not in caller.get("rules").content.decode()
