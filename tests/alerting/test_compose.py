"""Messages of every kind, from real rows."""

from __future__ import annotations

import itertools
import json
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from pytest_django import DjangoAssertNumQueries, Settings

from responses.alerting import compose
from responses.alerting.channels import email, slack_layout
from responses.alerting.message import Kind, Message, Tone
from responses.alerting.sweeps import silence
from responses.models import (
    Alert,
    AlertRule,
    AlertThread,
    Channel,
    Delivery,
    FailedRequest,
    Gate,
    HourlyCount,
    Integration,
    Issue,
    IssueHour,
    Resend,
    Transition,
    ids,
)
from tests.alerting.examples import HOSTILE
from tests.factories import (
    NOW,
    make_accepted,
    make_exchange,
    make_integration,
    make_partial,
    make_purchase,
    make_refusal,
    record,
)
from tests.fakes import complaint_about

pytestmark = pytest.mark.django_db
What = Transition.Kind
HOUR = timedelta(hours=1)
_numbers = itertools.count(1)


@pytest.fixture
def shop() -> Integration:
    return make_integration("shop-eu", name="Shop EU")


@pytest.fixture
def channel() -> Channel:
    return Channel.objects.create(kind="email", name="On call", target_sealed=b"x", target_hint="x")


def make_alert(shop: Integration | None, kind: Transition.Kind = What.ISSUE_OPENED, **overrides: Any) -> Alert:
    values: dict[str, Any] = {
        "id": ids.new(NOW),
        "subject": f"subject:{next(_numbers)}",
        "kind": kind,
        "integration": shop,
        "opened_at": NOW - 3 * HOUR,
        "last_at": NOW,
    }
    return Alert.objects.create(**values | overrides)


def make_transition(shop: Integration | None, kind: Transition.Kind, **overrides: Any) -> Transition:
    values: dict[str, Any] = {
        "id": ids.new(NOW),
        "kind": kind,
        "integration": shop,
        "at": NOW,
        "subject": "",
        "window": "",
    }
    return Transition.objects.create(**values | overrides)


def make_rule(trigger: AlertRule.Trigger, **overrides: Any) -> AlertRule:
    return AlertRule.objects.create(trigger=trigger, **overrides)


def say(kind: Transition.Kind, alert: Alert, channel: Channel, *, told: int = 0, **overrides: Any) -> Message:
    """The message about a transition of an alert; it has gone through both layouts."""
    change = make_transition(alert.integration, kind, issue=alert.issue, alert=alert, **overrides)
    said, _ = compose.message_of(change, alert, channel=channel, told=told, now=NOW)
    check(said)
    return said


def check(said: Message) -> None:
    """It can be laid out, for mail and for Slack, and says the least that each must."""
    assert said.title in email.text(said)
    assert "<html" in email.html(said)
    payload = {"text": slack_layout.text(said), "blocks": slack_layout.blocks(said, "delivery-1")}
    assert complaint_about(msgspec.json.encode(payload)) == ""
    step = {"text": slack_layout.text(said), "blocks": slack_layout.step(said, "delivery-1")}
    assert complaint_about(msgspec.json.encode(step)) == ""
    assert said.about is not None
    assert "could not be put into words" not in said.meaning


def issue_of(shop: Integration, *exchanges: Any) -> Issue:
    record(shop, *exchanges)
    return Issue.objects.select_related("integration").get(integration=shop)


def test_a_new_issue_says_what_is_at_stake_and_what_can_be_done(shop: Integration, channel: Channel) -> None:
    issue = issue_of(shop, make_refusal("1"), make_refusal("2"), make_refusal("1"))
    alert = make_alert(shop, issue=issue)

    said = say(What.ISSUE_OPENED, alert, channel)

    assert (said.kind, said.tone, said.numbers) == (Kind.NEW, Tone.URGENT, "3 failures · 2 orders · 1 customer")
    assert said.impact == (("Not created", "at least 2 subscriptions"), ("Value at risk", "25.00"))
    assert said.deadline_words == "until 23 Nov, 12:00 UTC, 24 h left"
    assert [link.url for link in said.actions] == [
        f"https://monitor.example.com/alerts/{alert.pk}/decide/?deed=acknowledge",
        f"https://monitor.example.com/alerts/{alert.pk}/decide/?deed=mute",
    ]
    assert said.url == f"https://monitor.example.com/issues/{issue.pk}/"
    assert said.trend[-1] == 3
    assert said.about is not None
    assert (said.about.severity, said.about.integration, said.about.alert_id) == ("high", "shop-eu", alert.pk)
    assert said.about.issue_id == issue.pk
    assert said.news == ""


def test_no_message_holds_a_body_or_personal_data(shop: Integration, channel: Channel) -> None:
    issue = issue_of(shop, make_refusal("order-4711"))

    said = say(What.ISSUE_OPENED, make_alert(shop, issue=issue), channel)

    words = email.text(said) + email.html(said) + str(slack_layout.blocks(said)) + slack_layout.text(said) + str(said)
    for secret in ("order-4711", "00026001", "ada@example.com", "7654321", "ac4f7938"):
        assert secret not in words


def test_each_failure_is_told_once_in_a_thread(shop: Integration, channel: Channel) -> None:
    issue = issue_of(shop, *(make_refusal() for _ in range(4)))
    alert = make_alert(shop, issue=issue)
    first, total = compose.message_of(
        make_transition(shop, What.ISSUE_OPENED, issue=issue), alert, channel=channel, told=0, now=NOW
    )
    AlertThread.objects.create(alert=alert, channel=channel, told=total, last_sent_at=NOW)
    record(shop, *(make_refusal() for _ in range(6)))
    issue.refresh_from_db()

    grown = make_transition(shop, What.ISSUE_GREW, issue=issue, number=10)
    second, after = compose.message_of(grown, alert, channel=channel, told=total, now=NOW + HOUR)

    assert (total, after) == (4, 10)
    assert first.news == ""
    assert second.news == "6 more failures since 12:00 UTC."
    assert first.subject == second.subject


def test_an_issue_that_is_back_tells_the_failures_since_then(shop: Integration, channel: Channel) -> None:
    issue = issue_of(shop, *(make_refusal() for _ in range(4)))
    Issue.objects.update(state=Issue.State.RESOLVED, resolved_at=NOW)
    later = NOW + 3 * HOUR
    record(shop, make_refusal(sent_at=later), make_refusal(sent_at=later), now=later)
    issue.refresh_from_db()
    alert = make_alert(shop, What.ISSUE_REGRESSED, issue=issue, opened_at=later)
    change = make_transition(shop, What.ISSUE_REGRESSED, issue=issue)

    said, total = compose.message_of(change, alert, channel=channel, told=0, now=later)

    assert total == 2
    assert said.numbers == "2 failures since it is back · 6 failures in all · 6 orders in all"


def test_a_total_never_goes_down(shop: Integration, channel: Channel) -> None:
    issue = issue_of(shop, make_refusal())
    alert = make_alert(shop, issue=issue)
    change = make_transition(shop, What.ISSUE_GREW, issue=issue)

    _, total = compose.message_of(change, alert, channel=channel, told=50, now=NOW)

    assert total == 50


def test_what_we_retry_says_when_and_that_nobody_else_should(shop: Integration, channel: Channel) -> None:
    shop.retry_by = "monitor"
    shop.save()
    issue = issue_of(shop, make_exchange(make_purchase(), 503))
    request = FailedRequest.objects.get()
    FailedRequest.objects.update(state=FailedRequest.State.RETRYING)
    Resend.objects.all().delete()
    Resend.objects.create(
        id=ids.new(NOW),
        integration=shop,
        failed_request=request,
        kind=Resend.Kind.AUTOMATIC,
        idem_key="auto:1",
        resource_key="order:1",
        endpoint=request.endpoint,
        method="POST",
        role="sc",
        host="sc.ordergroove.com",
        policy="purchase",
        state=Resend.State.SCHEDULED,
        due_at=NOW + timedelta(minutes=5),
        first_failed_at=NOW,
        max_sends=4,
        body_hash="x",
    )

    said = say(What.ISSUE_OPENED, make_alert(shop, issue=issue), channel)

    assert said.who == "We retry: next at 12:05 UTC"
    assert said.fault == "At Ordergroove"
    assert said.advice.startswith("Nothing to do now")
    assert said.impact[0] == ("Perhaps not created", "at least 1 subscription")


@pytest.mark.parametrize(
    ("kind", "number", "expected", "news"),
    [
        (What.ISSUE_LASTS, 3, Kind.LASTS, "It has lasted 3 h and has not passed by itself."),
        (What.ISSUE_MANY, 25, Kind.MANY, "25 requests failed for the same reason"),
        (What.REQUEST_REPEATED, 3, Kind.REPEATED, "This will not pass: it points to the integration."),
        (What.REQUEST_EXHAUSTED, 2, Kind.EXHAUSTED, "Our own attempts are used up for 2 requests"),
        (What.REQUEST_EXPIRED, 1, Kind.EXPIRED, "1 request could not be saved in time"),
        (What.REMINDER, None, Kind.REMINDER, "Reminder 2: not over after 3 h, and nobody has acknowledged it."),
    ],
)
def test_the_later_messages_of_an_issue_say_what_brought_them(
    shop: Integration, channel: Channel, kind: Transition.Kind, number: int | None, expected: Kind, news: str
) -> None:
    issue = issue_of(shop, make_exchange(make_purchase(), 503))

    said = say(kind, make_alert(shop, issue=issue, reminders=2), channel, number=number)

    assert said.kind is expected
    assert news in said.news


def test_an_end_says_how_long_it_lasted_and_what_became_of_it(shop: Integration, channel: Channel) -> None:
    issue = issue_of(shop, *(make_refusal() for _ in range(4)))
    saved, lost, *_left = FailedRequest.objects.order_by("id")
    FailedRequest.objects.filter(pk=saved.pk).update(state="resolved", closed_at=NOW)
    FailedRequest.objects.filter(pk=lost.pk).update(state="expired", closed_at=NOW)
    alert = make_alert(shop, issue=issue, closed_because="No failure for 60 min.")

    said = say(What.RECOVERED, alert, channel)

    assert (said.kind, said.tone, said.news) == (Kind.OVER, Tone.GOOD, "Over after 3 h.")
    assert said.numbers == "4 failures · 1 fine after all · 1 lost"
    assert said.meaning == "No failure for 60 min. 2 requests still wait for somebody."
    assert said.actions == ()


def test_a_partial_success_says_what_exists(shop: Integration, channel: Channel) -> None:
    issue = issue_of(shop, make_partial(), make_partial())

    said = say(What.ISSUE_OPENED, make_alert(shop, issue=issue), channel)

    assert said.created == "In part: 2 created, 2 not"
    assert said.who == "You: fix and send what failed"
    assert said.impact[0] == ("Not created", "2 subscriptions")


def test_a_burst_of_refused_keys_names_the_key(shop: Integration, channel: Channel) -> None:
    record(shop, *(make_exchange(make_purchase(), 401, {"detail": "no"}) for _ in range(3)))
    rule = make_rule(AlertRule.Trigger.AUTH, window_minutes=5)

    said = say(What.AUTH_BURST, make_alert(shop, What.AUTH_BURST), channel, number=26, rule=rule)

    assert said.title == "26 calls refused with 401 or 403 in 5 min"
    assert (said.fault, said.who, said.tone) == ("The API key", "You: check the key", Tone.CRITICAL)
    assert said.numbers == "26 refused calls · 3 orders · 1 customer"
    assert said.deadline_at == NOW + 24 * HOUR
    assert said.subject == "[PRODUCTION] Calls are refused with 401 or 403 (Shop EU)"
    assert said.url == "https://monitor.example.com/fix/?integration=shop-eu"


def test_a_breaker_says_why_and_what_waits(shop: Integration, channel: Channel) -> None:
    record(shop, make_exchange(make_purchase(), 503), make_exchange(make_purchase(), 503))
    FailedRequest.objects.update(state=FailedRequest.State.RETRYING)
    gate = Gate.objects.create(
        scope="host:sc.ordergroove.com", breaker=Gate.Breaker.OPEN, breaker_reason="all were 5xx", opened_at=NOW
    )
    alert = make_alert(shop, What.BREAKER_OPENED)

    opened = say(What.BREAKER_OPENED, alert, channel)
    gate.delete()
    closed = say(What.BREAKER_CLOSED, alert, channel)

    assert "all were 5xx" in opened.meaning
    assert opened.numbers.startswith("2 requests waiting")
    assert opened.fault == "At Ordergroove"
    assert (closed.kind, closed.tone, closed.news) == (Kind.GOES_ON, Tone.GOOD, "Over after 3 h.")
    assert opened.subject == closed.subject


def test_a_breaker_that_a_refused_key_opened_names_the_key(shop: Integration, channel: Channel) -> None:
    scope = f"account:{shop.pk}"
    Gate.objects.create(scope=scope, breaker=Gate.Breaker.OPEN, breaker_reason="5 calls got 401", opened_at=NOW)

    said = say(What.BREAKER_OPENED, make_alert(shop, What.BREAKER_OPENED), channel)

    assert (said.fault, said.who) == ("The API key", "You: check the key")


def test_clocks_say_how_many_orders_and_how_long_there_is(shop: Integration, channel: Channel) -> None:
    record(shop, *(make_refusal() for _ in range(3)))
    first = FailedRequest.objects.order_by("id").first()
    assert first is not None
    FailedRequest.objects.filter(pk=first.pk).update(deadline_at=NOW + timedelta(minutes=40))
    rule = make_rule(AlertRule.Trigger.EXPIRING, window_minutes=60)

    said = say(What.EXPIRING, make_alert(shop, What.EXPIRING), channel, number=1, rule=rule)

    assert said.title == "1 request can be saved only in the next hour"
    assert said.numbers == "1 order · 1 customer"
    assert said.deadline_words == "until 12:40 UTC, 40 min left"
    assert said.who == "You: now"


def test_what_expired_says_what_was_lost(shop: Integration, channel: Channel) -> None:
    record(shop, make_refusal(), make_refusal())
    FailedRequest.objects.update(state="expired", closed_at=NOW, deadline_at=NOW)

    said = say(What.REQUEST_EXPIRED, make_alert(shop, What.REQUEST_EXPIRED), channel, number=2)

    assert said.title == "2 requests could not be saved in time"
    assert said.impact[-1] == ("Value at risk", "25.00")
    assert said.deadline_at is None


def test_unknown_outcomes_warn_against_sending_blindly(shop: Integration, channel: Channel) -> None:
    record(shop, make_refusal(sent_at=NOW - HOUR), now=NOW - HOUR)
    FailedRequest.objects.update(state=FailedRequest.State.UNKNOWN)

    said = say(What.UNKNOWN_OLD, make_alert(shop, What.UNKNOWN_OLD), channel, number=1)

    assert said.title == "Nobody knows what became of 1 request"
    assert "could create it twice" in said.advice
    assert said.impact[0][0] == "Perhaps not created"


def test_silence_says_what_is_usual_and_when_the_last_one_came(shop: Integration, channel: Channel) -> None:
    record(shop, make_accepted(sent_at=NOW - 2 * HOUR), now=NOW - 2 * HOUR)
    hour = int(NOW.timestamp()) // 3600
    HourlyCount.objects.bulk_create(
        HourlyCount(
            integration_id=shop.pk,
            hour=hour - 168 * week,
            endpoint=silence.PURCHASE,
            status_code=200,
            outcome=2,
            responses=responses,
            duration_ms=1,
        )
        for week, responses in ((1, 120), (2, 160), (4, 140))
    )

    said = say(What.SILENCE, make_alert(shop, What.SILENCE), channel, number=60)

    assert said.title == "No purchase for 2 h"
    assert "usually about 140" in said.meaning
    assert "at 10:00 UTC" in said.meaning
    assert (len(said.trend), sum(said.trend)) == (24, 1)
    assert said.tone is Tone.CRITICAL


@pytest.mark.parametrize("part", ["worker", "beat", "database", "web"])
def test_the_monitor_says_which_of_its_parts_is_silent(channel: Channel, part: str) -> None:
    alert = make_alert(None, What.MONITOR_LAGS, subject=f"monitor:{part}")

    said = say(What.MONITOR_LAGS, alert, channel, number=190, subject=f"monitor:{part}")
    over = say(What.RECOVERED, alert, channel)

    assert "3 min" in said.title
    assert said.subject == over.subject
    assert said.subject.startswith("[monitor] The monitor's ")
    assert (said.fault, said.place) == ("This monitor", "")
    assert over.title.endswith("answers again")


def test_a_digest_tells_of_the_day_before_and_of_what_quiet_hours_kept(
    shop: Integration, channel: Channel, settings: Settings
) -> None:
    settings.DISPLAY_TIME_ZONE = "Europe/Berlin"
    record(
        shop, make_refusal(), make_refusal(), make_exchange(make_purchase(), 503), make_exchange(make_purchase(), 201)
    )
    kept = make_alert(shop, title="Session id cannot be null")
    make_transition(shop, What.ISSUE_GREW, alert=kept, fate=Transition.Fate.QUIET, handled_at=NOW)
    tomorrow = NOW + 19 * HOUR
    change = make_transition(shop, What.DIGEST, id=ids.new(tomorrow), at=tomorrow)
    alert = make_alert(shop, What.DIGEST, closed_at=NOW)

    said, total = compose.message_of(change, alert, channel=channel, told=0, now=tomorrow)

    check(said)
    assert total == 0
    assert said.title == "Sun 22 Nov: 3 failures, 2 new issues"
    assert said.numbers == "4 calls · 3 failures · 25.0 % went well"
    assert [listing.title for listing in said.lists] == ["Open issues", "Kept by quiet hours"]
    assert said.lists[0].links[0].words == "2 failures: Session id cannot be null"
    assert said.lists[1].links[0].words == "Issue grows: Session id cannot be null"
    assert said.subject == "[PRODUCTION] Daily digest, Sun 22 Nov (Shop EU)"
    assert said.actions == ()


def test_a_day_on_which_nothing_was_recorded_is_not_called_a_good_one(shop: Integration, channel: Channel) -> None:
    said = say(What.DIGEST, make_alert(shop, What.DIGEST), channel)

    assert said.title == "Sat 21 Nov: no calls were recorded"
    assert "recorder" in said.meaning


def test_what_a_cap_held_back_is_counted_and_listed(shop: Integration, channel: Channel) -> None:
    more = make_transition(None, What.MORE)
    counting = Delivery.objects.create(id=ids.new(NOW), transition=more, channel=channel, next_attempt_at=NOW)
    for number in range(12):
        alert = make_alert(shop, title=f"Cause <{number}>")
        for _ in range(2):
            change = make_transition(shop, What.ISSUE_GREW, alert=alert)
            Delivery.objects.create(
                id=ids.new(NOW),
                transition=change,
                channel=channel,
                next_attempt_at=NOW,
                state=Delivery.State.HELD_BACK,
                counted_in=counting,
            )

    said, total = compose.message_of(more, None, channel=channel, told=310, now=NOW)

    check(said)
    assert total == 310
    assert said.title == "… and 24 more messages"
    assert said.numbers == "24 messages · 310 failures"
    assert len(said.lists[0].links) == 11
    assert said.lists[0].links[-1].words == "… and 2 alerts more"


def test_a_worse_step_is_marked_once(shop: Integration, channel: Channel) -> None:
    issue = issue_of(shop, make_exchange(make_purchase(), 503))
    alert = make_alert(shop, issue=issue)
    opened = make_transition(shop, What.ISSUE_OPENED, issue=issue, alert=alert)
    Delivery.objects.create(
        id=ids.new(NOW), transition=opened, channel=channel, next_attempt_at=NOW, state=Delivery.State.SENT
    )
    AlertThread.objects.create(alert=alert, channel=channel, told=1, last_sent_at=NOW)

    worse = say(What.REQUEST_EXHAUSTED, alert, channel, told=1)
    same = say(What.ISSUE_LASTS, alert, channel, told=1)

    assert (worse.is_worse, same.is_worse) == (True, False)


def test_an_alert_that_cannot_be_put_into_words_still_says_what_and_where(shop: Integration, channel: Channel) -> None:
    issue = issue_of(shop, make_refusal())
    issue.outcome = 99
    alert = make_alert(shop, issue=issue, title="Session id\ncannot be null", severity=Alert.Severity.HIGH)
    change = make_transition(shop, What.ISSUE_OPENED, issue=issue)

    said, total = compose.message_of(change, alert, channel=channel, told=3, now=NOW)

    assert (said.title, said.place, total) == ("Session id cannot be null", "PRODUCTION · Shop EU", 3)
    assert said.url == f"https://monitor.example.com/issues/{issue.pk}/"
    assert (said.kind, said.tone) == (Kind.NEW, Tone.URGENT)
    assert "could not be put into words" in said.meaning


def test_a_message_costs_the_same_for_few_and_for_many(
    shop: Integration, channel: Channel, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    issue = issue_of(shop, make_refusal())
    alert = make_alert(shop, issue=issue)
    change = make_transition(shop, What.ISSUE_OPENED, issue=issue)
    for _ in range(2):
        with django_assert_num_queries(3):
            compose.message_of(change, alert, channel=channel, told=0, now=NOW)
        record(shop, *(make_refusal() for _ in range(40)))
    assert IssueHour.objects.count() == 1


def test_a_message_about_one_request_leads_to_it(shop: Integration, channel: Channel) -> None:
    issue = issue_of(shop, make_refusal("1"), make_refusal("1"), make_refusal("1"))
    request = FailedRequest.objects.get()

    said = say(What.REQUEST_REPEATED, make_alert(shop, issue=issue), channel, number=3, failed_request=request)

    assert said.actions[0].url == f"https://monitor.example.com/requests/{request.pk}/"
    assert [link.words for link in said.actions] == ["Open the request", "Acknowledge", "Mute"]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_names_and_words_go_out_harmless_in_every_kind(channel: Channel, text: str) -> None:
    storable = text.encode("utf-8", "replace").decode().replace("\x00", "")
    shop = make_integration(name=storable[:120] or "shop")
    issue = issue_of(shop, make_refusal(message=storable[:3_000] or "x"))
    Issue.objects.update(title=storable[:300], message=storable[:500])
    issue.refresh_from_db()
    Gate.objects.create(
        scope=f"account:{shop.pk}", breaker=Gate.Breaker.OPEN, breaker_reason=storable[:300], opened_at=NOW
    )
    about_issue = [What.ISSUE_OPENED, What.ISSUE_REGRESSED, What.ISSUE_GREW, What.REMINDER, What.RECOVERED]
    about_shop = [What.BREAKER_OPENED, What.AUTH_BURST, What.SILENCE, What.DIGEST]
    said = [say(kind, make_alert(shop, issue=issue, closed_because=storable[:200]), channel) for kind in about_issue]
    said += [say(kind, make_alert(shop, kind, closed_because=storable[:200]), channel) for kind in about_shop]

    for one in said:
        blocks = [block for block in slack_layout.blocks(one) if block["type"] != "header"]
        words = json.dumps([slack_layout.text(one), blocks, slack_layout.step(one)], ensure_ascii=False)
        assert not any(mark in words for mark in ("<!channel>", "<@U123>", "<https://evil", "\u202e"))
        assert "\n" not in one.subject
        assert "<script>" not in email.html(one)
        assert "\nBcc:" not in email.text(one)
