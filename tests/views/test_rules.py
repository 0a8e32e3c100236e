"""Rules: who sees them, who changes them, and what a form makes of them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import time, timedelta
from typing import Any

import pytest
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext

from responses.models import AlertRule, AuditEntry, Integration, Role
from tests.alerted import make_alert, make_channel, make_issue, make_step
from tests.factories import NOW, make_integration, make_user

pytestmark = pytest.mark.django_db
SignIn = Callable[..., Client]
URL = "/alerts/rules/"
NEW = "/alerts/rules/new/?trigger="


def words(response: object) -> str:
    assert isinstance(response, HttpResponse)
    return " ".join(response.content.decode().split())


def sent(**overrides: Any) -> dict[str, Any]:
    """What the form of a growth rule sends."""
    values = {
        "name": "",
        "scope": "this",
        "endpoint": "",
        "codes": "",
        "threshold": "3",
        "window_minutes": "60",
        "to": "all",
        "remind": "never",
        "tells_end": "on",
        "quiet_from": "",
        "quiet_until": "",
    }
    return values | overrides


def make_rule(integration: Integration | None, **overrides: Any) -> AlertRule:
    values = {"trigger": "growth", "integration": integration, "threshold": 3, "window_minutes": 60}
    return AlertRule.objects.create(**values | overrides)


def as_superuser(sign_in: SignIn) -> Client:
    return sign_in(user=make_user("root", is_superuser=True))


def test_the_shipped_rules_stand_there_as_sentences(sign_in: SignIn) -> None:
    page = words(sign_in(Role.VIEWER).get(URL))

    assert "When a new issue appears" in page
    assert "→ <b>all channels</b>, at once; remind every 4 h until acknowledged; say when it is over." in page
    assert page.count('class="rule"') == len(AlertRule.Trigger)
    assert "but no channel hears of them" in page
    assert "Only an administrator of the whole monitor changes them." in page
    assert "Adding rules needs the role Engineer." in page
    assert "Switch off" not in page


def test_a_list_without_shipped_rules_says_so(sign_in: SignIn) -> None:
    AlertRule.objects.update(is_on=False, removed_at=NOW)

    assert "No rule is for every integration" in words(sign_in().get(URL))


def test_the_list_says_how_often_each_rule_spoke(sign_in: SignIn, integration: Integration) -> None:
    slack = make_channel(integration)
    alert = make_alert(integration)
    make_step(alert, "silence", slack, at=NOW - timedelta(days=2))
    make_step(alert, "reminder", slack, at=NOW - timedelta(hours=2))

    assert "2 times in 7 days" in words(sign_in().get(URL))


def test_the_list_of_many_takes_as_many_queries_as_of_few(sign_in: SignIn, integration: Integration) -> None:
    client, slack = sign_in(Role.ENGINEER), make_channel(integration)
    numbers = []
    for count in (1, 20):
        for _ in range(count):
            make_rule(integration, every_channel=False).channels.set([slack])
        with CaptureQueriesContext(connection) as captured:
            assert client.get(URL).status_code == 200
        numbers.append(len(captured))

    assert numbers[0] == numbers[1]


def test_a_new_rule_begins_with_what_it_looks_for(sign_in: SignIn) -> None:
    page = words(sign_in(Role.ENGINEER).get("/alerts/rules/new/"))

    assert "/alerts/rules/new/?trigger=growth" in page
    assert "trigger=monitor" not in page
    assert "trigger=monitor" in words(as_superuser(sign_in).get("/alerts/rules/new/"))


@pytest.mark.parametrize("trigger", AlertRule.Trigger.values)
def test_every_trigger_has_a_form_that_can_be_sent_as_it_stands(
    sign_in: SignIn, integration: Integration, trigger: str
) -> None:
    make_issue(integration)
    client = as_superuser(sign_in)
    form = client.get(NEW + trigger).context["form"]
    given = {name: form[name].value() for name in form.fields}
    data = {name: value for name, value in given.items() if value not in (None, False)}

    answer = client.post(NEW + trigger, data)

    made = AlertRule.objects.get(shipped="", trigger=trigger)
    assert answer.headers["Location"] == f"{URL}#rule-{made.pk}"
    shipped = AlertRule.objects.get(shipped=trigger)
    same = ("threshold", "window_minutes", "remind_minutes", "outcomes", "codes")
    assert {name: getattr(made, name) for name in same} == {name: getattr(shipped, name) for name in same}


def test_a_rule_is_added_with_all_that_was_entered_and_audited(sign_in: SignIn, integration: Integration) -> None:
    slack, client = make_channel(integration), sign_in(Role.ENGINEER)
    data = sent(
        name="Wake me",
        endpoint="POST /subscription/create",
        codes="400, 5XX,none",
        outcomes=["needs_fix", "transient"],
        to="chosen",
        channels=[slack.pk],
        remind="240",
        quiet_from="22:00",
        quiet_until="07:00",
    )

    answer = client.post(NEW + "growth", data, REMOTE_ADDR="192.0.2.7")

    made = AlertRule.objects.get(shipped="")
    assert answer.status_code == 302
    assert (made.name, made.integration, made.threshold, made.window_minutes) == ("Wake me", integration, 3, 60)
    assert (made.endpoint, made.codes) == ("POST /subscription/create", "400, 5xx, none")
    assert made.outcomes == ["needs_fix", "transient"]
    assert (made.quiet_from, made.quiet_until, made.remind_minutes, made.tells_end) == (time(22), time(7), 240, True)
    assert (made.every_channel, list(made.channels.all())) == (False, [slack])
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.integration_id, entry.address) == ("rule.added", integration.pk, "192.0.2.7")
    page = words(client.get(URL))
    assert "Wake me" in page
    assert "→ <b>Slack #oncall</b>" in page


@pytest.mark.parametrize(
    ("wrong", "words_of_it"),
    [
        ({"threshold": "1"}, "greater than or equal to 2"),
        ({"threshold": "many"}, "Enter a whole number"),
        ({"threshold": "9" * 40}, "less than or equal to"),
        ({"window_minutes": ""}, "This field is required"),
        ({"codes": "400, teapot"}, "“teapot” is no code"),
        ({"to": "chosen"}, "Choose at least one channel"),
        ({"to": "chosen", "channels": ["999"]}, "is not one of the available choices"),
        ({"quiet_from": "22:00"}, "Quiet hours need a beginning and an end"),
        ({"quiet_from": "22:00", "quiet_until": "22:00"}, "must end at another time"),
        ({"quiet_from": "25:99"}, "Enter a valid time"),
        ({"remind": "3"}, "is not one of the available choices"),
        ({"scope": "every"}, "is not one of the available choices"),
        ({"outcomes": ["success"]}, "is not one of the available choices"),
        ({"name": "x" * 121}, "at most 120 characters"),
        ({"endpoint": "a\0b"}, "Null characters are not allowed"),
    ],
)
def test_wrong_input_is_refused_with_its_reason_and_kept(
    sign_in: SignIn, wrong: dict[str, Any], words_of_it: str
) -> None:
    answer = sign_in(Role.ENGINEER).post(
        NEW + "growth", sent(name="Typed", **wrong) if "name" not in wrong else sent(**wrong)
    )

    assert answer.status_code == 422
    page = words(answer)
    assert words_of_it in page
    assert "Nothing was saved" in page
    assert "name" in wrong or 'value="Typed"' in page
    assert not AlertRule.objects.filter(shipped="").exists()


def test_a_form_can_be_tried_without_script_and_without_storing(sign_in: SignIn, integration: Integration) -> None:
    make_issue(integration)

    answer = sign_in(Role.ENGINEER).post(NEW + "growth", sent(threshold="7", only="try"))

    assert answer.status_code == 200
    assert "an issue grows 7-fold within 1 h in Acme" in words(answer)
    assert 'value="7"' in words(answer)
    assert not AlertRule.objects.filter(shipped="").exists()
    assert not AuditEntry.objects.exists()


def test_while_it_is_typed_a_form_says_what_it_would_do(sign_in: SignIn, integration: Integration) -> None:
    make_issue(integration)
    client = sign_in(Role.ENGINEER)
    slack = make_channel(integration)

    part = client.post("/alerts/rules/try/", sent(trigger="growth", threshold="9", to="chosen", channels=[slack.pk]))

    assert "an issue grows 9-fold" in words(part)
    assert "<b>Slack #oncall</b>" in words(part)
    assert "Session id cannot be null" in words(part)
    assert "In the last 7 days it would have spoken" in words(part)
    assert part.context["tried"].counts
    assert b"<html" not in part.content


def test_while_a_form_is_not_complete_it_says_what_is_missing(sign_in: SignIn) -> None:
    part = sign_in(Role.ENGINEER).post("/alerts/rules/try/", sent(trigger="growth", threshold=""))

    assert part.status_code == 200
    assert "Not complete yet" in words(part)
    assert "Grows how many fold: This field is required." in words(part)


@pytest.mark.parametrize("trigger", ["", "nothing", "new_issue\0"])
def test_there_is_nothing_to_try_of_what_is_no_trigger(sign_in: SignIn, trigger: str) -> None:
    assert sign_in(Role.ENGINEER).post("/alerts/rules/try/", sent(trigger=trigger)).status_code == 404


def test_a_rule_is_changed_with_what_was_before(sign_in: SignIn, integration: Integration) -> None:
    rule, client = make_rule(integration), sign_in(Role.ENGINEER)

    answer = client.post(f"{URL}{rule.pk}/", sent(threshold="8", remind="60"))

    rule.refresh_from_db()
    assert answer.headers["Location"] == f"{URL}#rule-{rule.pk}"
    assert (rule.threshold, rule.remind_minutes) == (8, 60)
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.before["threshold"], entry.after["threshold"]) == ("rule.changed", 3, 8)
    assert client.post(f"{URL}{rule.pk}/", sent(threshold="8", remind="60")).status_code == 302
    assert AuditEntry.objects.count() == 1


def test_a_reminder_that_no_choice_offers_is_kept(sign_in: SignIn, integration: Integration) -> None:
    rule = make_rule(integration, remind_minutes=45)

    page = words(sign_in(Role.ENGINEER).get(f"{URL}{rule.pk}/"))

    assert '<option value="45" selected>Every 45 minutes</option>' in page


def test_a_rule_is_switched_and_removed(sign_in: SignIn, integration: Integration) -> None:
    rule, client = make_rule(integration), sign_in(Role.ENGINEER)

    client.post(f"{URL}{rule.pk}/switch/", {"is_on": "no"})
    rule.refresh_from_db()
    assert not rule.is_on
    assert "This rule is off" in words(client.get(f"{URL}{rule.pk}/"))
    client.post(f"{URL}{rule.pk}/switch/", {"is_on": "yes"})
    client.post(f"{URL}{rule.pk}/remove/")

    rule.refresh_from_db()
    assert rule.removed_at == NOW
    assert client.get(f"{URL}{rule.pk}/").status_code == 404
    assert list(AuditEntry.objects.order_by("id").values_list("action", flat=True)) == [
        "rule.switched",
        "rule.switched",
        "rule.removed",
    ]


@pytest.mark.parametrize("role", [Role.VIEWER, Role.SUPPORT])
def test_who_may_not_change_rules_sees_them_and_why(sign_in: SignIn, integration: Integration, role: Role) -> None:
    rule, client = make_rule(integration), sign_in(role)

    page = words(client.get(f"{URL}{rule.pk}/"))

    assert "Changing it needs the role Engineer." in page
    assert "an issue grows 3-fold" in page
    assert 'id="rule-form"' not in page
    assert client.get("/alerts/rules/new/").status_code == 403
    for target in ("", "switch/", "remove/"):
        assert client.post(f"{URL}{rule.pk}/{target}", sent()).status_code == 403
    assert client.post("/alerts/rules/try/", sent(trigger="growth")).status_code == 403
    assert not AuditEntry.objects.exists()


def test_only_a_superuser_changes_a_rule_of_every_integration(sign_in: SignIn) -> None:
    rule, client = AlertRule.objects.get(shipped="growth"), sign_in(Role.ADMIN)

    assert "only an administrator of the whole monitor changes it" in words(client.get(f"{URL}{rule.pk}/"))
    for target in ("", "switch/", "remove/"):
        assert client.post(f"{URL}{rule.pk}/{target}", sent(scope="every")).status_code == 403

    answer = as_superuser(sign_in).post(f"{URL}{rule.pk}/", sent(scope="every", environment="production"))
    rule.refresh_from_db()
    assert answer.status_code == 302
    assert (rule.environment, rule.shipped, rule.integration) == ("production", "growth", None)


def test_the_rules_and_channels_of_others_are_not_there(sign_in: SignIn, integration: Integration) -> None:
    other = make_integration("other")
    rule, hidden = make_rule(other), make_channel(other, "elsewhere")
    client = sign_in(Role.ADMIN)

    assert client.get(f"{URL}{rule.pk}/").status_code == 404
    for target in ("", "switch/", "remove/"):
        assert client.post(f"{URL}{rule.pk}/{target}", sent()).status_code == 404
    assert "elsewhere" not in words(client.get(NEW + "growth"))
    assert client.post(NEW + "growth", sent(to="chosen", channels=[hidden.pk])).status_code == 422


def test_a_removed_channel_is_left_out_of_the_sentence(sign_in: SignIn, integration: Integration) -> None:
    rule = make_rule(integration, every_channel=False)
    rule.channels.set([make_channel(integration, "#gone", is_on=False, removed_at=NOW), make_channel(integration)])

    page = words(sign_in(Role.ENGINEER).get(URL))

    assert "→ <b>Slack #oncall</b>" in page
    assert "#gone" not in page


def test_a_get_neither_switches_nor_removes(sign_in: SignIn, integration: Integration) -> None:
    rule, client = make_rule(integration), sign_in(Role.ENGINEER)

    for target in (f"{URL}{rule.pk}/switch/", f"{URL}{rule.pk}/remove/", f"{URL}try/"):
        assert client.get(target).status_code == 405
