"""The history of alerts, one alert, and deciding about it from a message's link."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext

from responses.models import Alert, AlertThread, AuditEntry, Integration, Issue, Role
from tests.alerted import make_alert, make_channel, make_issue, make_step
from tests.factories import NOW, make_integration, make_user

pytestmark = pytest.mark.django_db
SignIn = Callable[..., Client]
HOUR = timedelta(hours=1)


def words(response: object) -> str:
    assert isinstance(response, HttpResponse)
    return " ".join(response.content.decode().split())


def decide(client: Client, alert: Alert, **sent: Any) -> Any:
    return client.post(f"/alerts/{alert.pk}/decide/", {"seen": "open"} | sent)


def test_an_empty_history_says_what_was_looked_for(sign_in: SignIn) -> None:
    client = sign_in()

    assert "No alert is open" in words(client.get("/alerts/"))
    assert "Nothing was ever told" in words(client.get("/alerts/?state=all"))
    assert "No alert is like that" in words(client.get("/alerts/?severity=4"))
    assert "There are no older ones" in words(client.get("/alerts/?after=1"))


def test_a_person_without_an_integration_sees_none(clock: object) -> None:
    client = Client()
    client.force_login(make_user())

    assert client.get("/alerts/").status_code == 200
    assert client.get("/alerts/rules/").status_code == 200


def test_the_history_shows_what_each_channel_got(sign_in: SignIn, integration: Integration) -> None:
    slack, mail = make_channel(integration), make_channel(None, "team", "email")
    alert = make_alert(integration)
    make_step(alert, "silence", slack)
    make_step(alert, "reminder", slack)
    make_step(alert, "reminder", mail, state="failed", sent_at=None, last_error="relay denied")

    page = words(sign_in().get("/alerts/"))

    assert "No purchase has arrived for an hour" in page
    assert "2 messages" in page
    assert "Given up" in page
    assert 'class="count nav-count-alerts">1</span>' in page


def test_an_alert_that_is_over_stands_under_all(sign_in: SignIn, integration: Integration) -> None:
    make_alert(integration, closed_at=NOW)
    client = sign_in()

    assert "No purchase has arrived" not in words(client.get("/alerts/"))
    assert "No purchase has arrived" in words(client.get("/alerts/?state=all"))


def test_the_history_is_paged(sign_in: SignIn, integration: Integration) -> None:
    for nth in range(26):
        make_alert(integration, subject=f"x:{nth}", title=f"Alert {nth:02}", at=NOW - nth * HOUR)
    client = sign_in()
    first = client.get("/alerts/?severity=3")

    older = client.get(first.context["older_url"])

    assert "Alert 24" in words(first)
    assert "Alert 25" not in words(first)
    assert "Alert 25" in words(older)
    assert older.context["chosen"].severity == "3"


def test_the_history_of_many_takes_as_many_queries_as_of_one(sign_in: SignIn, integration: Integration) -> None:
    slack, client = make_channel(integration), sign_in()
    numbers = []
    for count in (1, 20):
        for nth in range(count):
            make_step(make_alert(integration, subject=f"x:{count}:{nth}"), "silence", slack)
        with CaptureQueriesContext(connection) as captured:
            assert client.get("/alerts/").status_code == 200
        numbers.append(len(captured))

    assert numbers[0] == numbers[1]


def test_the_living_part_is_only_sent_when_something_changed(sign_in: SignIn, integration: Integration) -> None:
    alert = make_alert(integration)
    client = sign_in()
    for target in ("/alerts/", f"/alerts/{alert.pk}/"):
        live = client.get(target).context["live_url"]
        assert client.get(live, headers={"HX-Request": "true"}).status_code == 204

        make_step(alert, "reminder", make_channel(integration, target))

        part = client.get(live, headers={"HX-Request": "true"})
        assert part.status_code == 200
        assert b"<html" not in part.content


def test_an_alert_shows_its_thread(sign_in: SignIn, integration: Integration) -> None:
    slack, mail = make_channel(integration), make_channel(None, "team", "email")
    alert = make_alert(integration, issue=make_issue(integration), remind_at=NOW + 4 * HOUR)
    make_step(alert, "issue_opened", slack, told=14)
    for _ in range(12):
        make_step(alert, "request_exhausted", fate="folded")
    failed: dict[str, Any] = {"state": "failed", "sent_at": None, "last_error": "550 relay denied", "attempts": 6}
    make_step(alert, "issue_grew", mail, number=9414, **failed)
    AlertThread.objects.create(alert=alert, channel=slack, told=14, last_sent_at=NOW)

    page = words(sign_in().get(f"/alerts/{alert.pk}/"))

    assert "told 14 failures" in page
    assert "9,414 failures" in page
    assert "6 attempts" in page
    assert "550 relay denied" in page
    assert "12 times" in page
    assert "counted with the others" in page
    assert "Next reminder" in page
    assert "When <b>a new issue appears</b>" in page
    assert f'href="/issues/{alert.issue_id}/"' in page


def test_a_message_that_went_to_the_fallback_says_in_whose_place(sign_in: SignIn, integration: Integration) -> None:
    slack, mail = make_channel(integration), make_channel(integration, "team", "email")
    alert = make_alert(integration)
    failing = make_step(alert, "silence", slack, state="failed", sent_at=None).deliveries.get()
    make_step(alert, "reminder", mail, stands_in_for=failing)

    assert "in place of #oncall" in words(sign_in().get(f"/alerts/{alert.pk}/"))


@pytest.mark.parametrize(
    ("subject", "address"),
    [
        ("breaker:{}", "/retries/"),
        ("integration:{}:auth", "/responses/?code=401"),
        ("integration:{}:unknown", "/retries/?group=unknown"),
        ("integration:{}:expiring", "/fix/"),
    ],
)
def test_an_alert_leads_to_what_it_is_about(
    sign_in: SignIn, integration: Integration, subject: str, address: str
) -> None:
    alert = make_alert(integration, subject=subject.format(integration.pk))

    assert f'href="{address}"' in words(sign_in().get(f"/alerts/{alert.pk}/"))


def test_an_alert_of_another_integration_is_not_there(sign_in: SignIn) -> None:
    alert = make_alert(make_integration("other"))
    client = sign_in(Role.ADMIN)

    for answer in (
        client.get(f"/alerts/{alert.pk}/"),
        client.get(f"/alerts/{alert.pk}/decide/"),
        decide(client, alert),
    ):
        assert answer.status_code == 404


@pytest.mark.parametrize(
    ("deed", "asks"),
    [
        ("acknowledge", "Acknowledge this alert?"),
        ("mute", "Mute this alert?"),
        ("resolve", "Resolve this alert?"),
        ("", "Acknowledge this alert?"),
        ("drop table", "Acknowledge this alert?"),
    ],
)
def test_a_link_of_a_message_only_asks(sign_in: SignIn, integration: Integration, deed: str, asks: str) -> None:
    alert = make_alert(integration, issue=make_issue(integration))

    page = words(sign_in().get(f"/alerts/{alert.pk}/decide/", {"deed": deed}))

    assert asks in page
    assert Issue.objects.get().state == "open"
    assert not AuditEntry.objects.exists()


def test_a_link_of_a_message_survives_signing_in(clock: object, integration: Integration) -> None:
    alert = make_alert(integration)

    answer = Client().get(f"/alerts/{alert.pk}/decide/?deed=mute")

    assert answer.status_code == 302
    assert answer.headers["Location"].endswith(f"/login/?next=/alerts/{alert.pk}/decide/%3Fdeed%3Dmute")


@pytest.mark.parametrize(
    ("sent", "state", "said"),
    [
        ({"deed": "acknowledge"}, "acknowledged", "Acknowledged."),
        ({"deed": "mute-hour"}, "muted", "Muted for an hour."),
        ({"deed": "mute-night"}, "muted", "Muted until Mon 08:00."),
        ({"deed": "mute-above", "above": "250"}, "muted", "Muted until there are more than 250 failures in an hour."),
        ({"deed": "resolve"}, "resolved", "Resolved."),
    ],
)
def test_a_decision_about_an_issues_alert_is_about_the_issue(
    sign_in: SignIn, integration: Integration, sent: dict[str, str], state: str, said: str
) -> None:
    alert, client = make_alert(integration, issue=make_issue(integration)), sign_in()

    answer = decide(client, alert, **sent)

    assert answer.headers["Location"] == f"/alerts/{alert.pk}/"
    assert Issue.objects.get().state == state
    assert AuditEntry.objects.filter(action=f"issue.{state}", subject="issue").count() == 1
    assert said in words(client.get(answer.headers["Location"]))


def test_an_alert_without_an_issue_is_acknowledged_itself(sign_in: SignIn, integration: Integration) -> None:
    alert, client = make_alert(integration), sign_in()

    decide(client, alert, deed="acknowledge")

    alert.refresh_from_db()
    assert alert.acknowledged_at == NOW
    assert AuditEntry.objects.get().action == "alert.acknowledged"
    page = words(client.get(f"/alerts/{alert.pk}/decide/?deed=acknowledge"))
    assert "Somebody has acknowledged it already. Nothing was changed." in page


def test_what_has_no_issue_can_be_neither_muted_nor_resolved(sign_in: SignIn, integration: Integration) -> None:
    alert, client = make_alert(integration), sign_in()

    assert "change its rule" in words(client.get(f"/alerts/{alert.pk}/decide/?deed=mute"))
    assert "ends by itself" in words(client.get(f"/alerts/{alert.pk}/decide/?deed=resolve"))
    assert decide(client, alert, deed="resolve").status_code == 422


def test_an_alert_about_the_monitor_is_anybodys_who_may_decide_somewhere(sign_in: SignIn) -> None:
    alert = make_alert(None, subject="monitor:worker", kind="monitor_lags")

    decide(sign_in(Role.SUPPORT), alert, deed="acknowledge")

    alert.refresh_from_db()
    assert alert.acknowledged_at is not None


def test_a_viewer_sees_why_not_and_cannot(sign_in: SignIn, integration: Integration) -> None:
    alert, client = make_alert(integration, issue=make_issue(integration)), sign_in(Role.VIEWER)

    assert "Deciding needs the role Support" in words(client.get(f"/alerts/{alert.pk}/"))
    page = words(client.get(f"/alerts/{alert.pk}/decide/?deed=resolve"))
    assert "Deciding needs the role Support" in page
    assert 'name="deed"' not in page
    assert decide(client, alert, deed="resolve").status_code == 403
    assert Issue.objects.get().state == "open"


def test_who_comes_too_late_changes_nothing_and_is_told(sign_in: SignIn, integration: Integration) -> None:
    issue = make_issue(integration)
    alert, client = make_alert(integration, issue=issue), sign_in()
    Issue.objects.update(state="resolved", resolved_at=NOW)

    answer = decide(client, alert, deed="acknowledge")

    assert Issue.objects.get().state == "resolved"
    assert "Somebody else was faster" in words(client.get(answer.headers["Location"]))
    assert "The issue is resolved already" in words(client.get(f"/alerts/{alert.pk}/decide/?deed=resolve"))


@pytest.mark.parametrize(
    "sent",
    [
        {"deed": "mute-above"},
        {"deed": "mute-above", "above": "-3"},
        {"deed": "mute-above", "above": "many"},
        {"deed": "mute-above", "above": "9" * 30},
        {"deed": "launch"},
        {"deed": ""},
    ],
)
def test_a_wrong_form_is_asked_again_with_what_was_typed(
    sign_in: SignIn, integration: Integration, sent: dict[str, str]
) -> None:
    alert = make_alert(integration, issue=make_issue(integration))

    answer = decide(sign_in(), alert, **sent)

    assert answer.status_code == 422
    assert sent.get("above", "") in words(answer)
    assert Issue.objects.get().state == "open"


def test_a_decision_needs_a_post_with_its_token(integration: Integration, clock: object) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(make_user(role=Role.ADMIN, integration=integration))

    assert decide(client, make_alert(integration), deed="acknowledge").status_code == 403


def test_an_issue_is_muted_until_so_many_an_hour_on_its_own_pages(sign_in: SignIn, integration: Integration) -> None:
    issue, client = make_issue(integration), sign_in()
    target = f"/issues/{issue.pk}/decide/"

    answer = client.post(target, {"deed": "mute-above", "above": "40", "seen": "open"})

    issue.refresh_from_db()
    assert (issue.state, issue.muted_above) == ("muted", 40)
    page = words(client.get(answer.headers["Location"]))
    assert "until more than 40 an hour" in page
    assert "muted it until more than 40 failures an hour" in page
    assert "until more than 40 an hour" in words(client.get("/issues/?state=muted"))
    assert client.post(target, {"deed": "mute-above", "seen": "muted"}).status_code == 422


def test_the_activity_of_an_issue_lists_what_was_sent_to_whom(sign_in: SignIn, integration: Integration) -> None:
    issue = make_issue(integration)
    alert = make_alert(integration, issue=issue)
    make_step(alert, "issue_opened", make_channel(integration))
    make_step(alert, "reminder", make_channel(integration, "#ops"), state="heldback", sent_at=None)
    make_step(alert, "issue_grew", fate="quiet", number=9400)
    for _ in range(30):
        make_step(alert, "request_exhausted", fate="folded")

    page = words(sign_in().get(f"/issues/{issue.pk}/"))

    assert "Sent to Slack · #oncall." in page
    assert "Held back by the hourly cap of Slack · #ops." in page
    assert "Issue grows: 9,400 failures" in page
    assert "Kept for the digest, since it came in quiet hours." in page
    assert "Attempts used up" not in page
