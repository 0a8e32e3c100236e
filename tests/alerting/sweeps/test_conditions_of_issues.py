"""Issues that last, that hit many requests, and whose requests repeat their error."""

from __future__ import annotations

import pytest

from responses.alerting.sweeps import lasting, many, repeated
from responses.exchanges import Origin
from responses.models import FailedRequest, Issue
from tests.alerting.sweeps.watching import DAY, HOUR, MINUTE, alert_of, handle, outage, refuse, rule, told
from tests.factories import NOW, make_exchange, make_integration, make_purchase, make_refusal, record

pytestmark = pytest.mark.django_db

# --- lasting ---


def fail_each(shop: object, *minutes: int) -> Issue:
    for minute in minutes:
        issue = outage(shop, at=NOW + minute * MINUTE)  # type: ignore[arg-type]
    return issue


def test_a_transient_issue_that_goes_on_for_longer_than_ten_minutes_lasts() -> None:
    shop = make_integration()
    issue = fail_each(shop, 0, 3, 7)
    assert lasting.sweep(NOW + 9 * MINUTE) == 0
    fail_each(shop, 11)

    assert lasting.sweep(NOW + 12 * MINUTE) == 1

    [one] = told("issue_lasts")
    assert (one.issue, one.number, one.subject) == (issue, 10, f"issue:{issue.pk}")


def test_it_is_told_once_while_its_alert_is_open() -> None:
    shop = make_integration()
    issue = fail_each(shop, 0, 5, 11)
    assert lasting.sweep(NOW + 12 * MINUTE) == 1
    alert = alert_of(issue, at=NOW)
    handle(alert)
    fail_each(shop, *range(12, 120, 4))
    assert lasting.sweep(NOW + 117 * MINUTE) == 0

    type(alert).objects.update(closed_at=NOW + 90 * MINUTE)
    assert lasting.sweep(NOW + 117 * MINUTE) == 1


@pytest.mark.parametrize("minutes", [(0,), (11,), (0, 12), (0, 6), (0, 1, 2, 3)])
def test_single_failures_and_what_has_passed_do_not_last(minutes: tuple[int, ...]) -> None:
    fail_each(make_integration(), *minutes)
    assert lasting.sweep(NOW + 12 * MINUTE) == 0


def test_what_has_to_be_fixed_is_no_transient_issue() -> None:
    for minute in (0, 5, 11):
        refuse(
            make_integration("same") if minute == 0 else Issue.objects.get().integration, 1, at=NOW + minute * MINUTE
        )
    assert lasting.sweep(NOW + 12 * MINUTE) == 0


# --- many ---


def test_the_same_cause_on_25_requests_within_an_hour_is_many() -> None:
    shop = make_integration()
    refuse(shop, 1, at=NOW - 2 * HOUR)
    issue = refuse(shop, 24, at=NOW)
    assert many.sweep(NOW + MINUTE) == 0
    refuse(shop, 3, at=NOW)

    assert many.sweep(NOW + MINUTE) == 1
    assert many.sweep(NOW + 2 * MINUTE) == 0

    [one] = told("issue_many")
    assert (one.issue, one.number) == (issue, 27)


def test_the_same_request_again_and_again_is_one() -> None:
    shop = make_integration()
    record(shop, *(make_refusal("7001") for _ in range(30)))
    assert many.sweep(NOW) == 0


@pytest.mark.parametrize(("already_told", "found"), [(0, 0), (24, 1), (25, 0)])
def test_what_the_first_message_is_about_to_tell_or_has_told_is_no_news(already_told: int, found: int) -> None:
    issue = refuse(make_integration(), 30, at=NOW)
    alert_of(issue, at=NOW, told=already_told)
    assert many.sweep(NOW + MINUTE) == found


def test_many_is_told_again_when_it_is_over_and_comes_back() -> None:
    shop = make_integration()
    issue = refuse(shop, 30, at=NOW)
    assert many.sweep(NOW) == 1
    alert = alert_of(issue, at=NOW)
    handle(alert)
    refuse(shop, 30, at=NOW + 3 * HOUR)
    assert many.sweep(NOW + 3 * HOUR) == 0
    type(alert).objects.update(closed_at=NOW + 2 * HOUR)
    assert many.sweep(NOW + 3 * HOUR) == 1


# --- repeated ---


def test_the_same_error_three_times_on_one_request_is_told() -> None:
    shop = make_integration()
    record(shop, make_refusal("7002"), make_refusal("7002"))
    assert repeated.sweep(NOW) == 0
    record(shop, make_refusal("7002"))

    assert repeated.sweep(NOW) == 1
    assert repeated.sweep(NOW + HOUR) == 0

    [one] = told("request_repeated")
    assert (one.failed_request, one.issue, one.number) == (FailedRequest.objects.get(), Issue.objects.get(), 3)


def test_other_errors_in_between_and_our_own_attempts_do_not_count() -> None:
    shop = make_integration()
    record(shop, make_refusal("7003"), make_refusal("7003", message="Unknown offer"), make_refusal("7003"))
    record(shop, *(make_exchange(make_purchase("7003"), 400, origin=Origin.POLL) for _ in range(5)))
    assert repeated.sweep(NOW) == 0


def test_of_many_requests_of_one_cause_the_worst_is_told_once() -> None:
    shop = make_integration()
    for order_id, times in (("7004", 3), ("7005", 5), ("7006", 4)):
        record(shop, *(make_refusal(order_id) for _ in range(times)))

    assert repeated.sweep(NOW) == 1

    [one] = told("request_repeated")
    assert one.failed_request is not None
    assert (one.failed_request.order_id, one.number) == ("7005", 5)


def test_it_is_told_again_the_next_day_if_it_goes_on() -> None:
    shop = make_integration()
    record(shop, *(make_refusal("7007") for _ in range(3)))
    assert repeated.sweep(NOW) == 1
    assert repeated.sweep(NOW + DAY) == 0
    record(shop, make_refusal("7007", sent_at=NOW + 23 * HOUR), now=NOW + 23 * HOUR)
    assert repeated.sweep(NOW + DAY) == 1


def test_a_request_that_is_settled_repeats_nothing() -> None:
    shop = make_integration()
    record(shop, *(make_refusal("7008") for _ in range(3)), make_exchange(make_purchase("7008"), 201, {"id": 1}))
    assert FailedRequest.objects.get().closed_at or FailedRequest.objects.get().state == "confirming"
    FailedRequest.objects.update(state="resolved", closed_at=NOW, resolved_by="caller")
    assert repeated.sweep(NOW) == 0


def test_the_rule_says_how_often() -> None:
    record(make_integration(), make_refusal("7009"), make_refusal("7009"))
    rule("repeated", threshold=2)
    assert repeated.sweep(NOW) == 1
