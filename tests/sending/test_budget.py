"""Who may send now, as all workers see it: over the real tables."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from django.db import transaction

from responses import configuring
from responses.alerting import announce
from responses.audit import Doer
from responses.exchanges import RetryBy
from responses.models import Channel, Delivery, Gate, Integration, MinuteCount, Transition
from responses.sending import budget, windows
from tests.factories import NOW, make_exchange, make_integration, make_purchase, make_rest, make_timeout, record
from tests.sending.resending import HOST, after, put_on_the_wire, work_at_once

pytestmark = pytest.mark.django_db
Breaker = Gate.Breaker
REST = "restapi.ordergroove.com"


@pytest.fixture
def shop() -> Integration:
    return make_integration(api_key_sealed=b"x")


def admit(shop: Integration, at: float = 0.0, *, host: str = HOST) -> budget.Admission:
    return budget.admit(host, shop.pk, now=after(at))


def taken(shop: Integration, at: float = 0.0, *, host: str = HOST) -> int:
    """Take tokens until there are none; return how many there were."""
    number = 0
    while admit(shop, at, host=host).is_allowed:
        number += 1
    return number


def hear(shop: Integration, *codes: int | None, at: float = 0.0, host: str = HOST, **values: Any) -> None:
    for code in codes:
        budget.heard(host, shop.pk, status_code=code, now=after(at), **values)


def gate_of(scope: str) -> Gate:
    return Gate.objects.get(pk=scope)


def open_breaker(shop: Integration, at: float = 0.0) -> None:
    hear(shop, *[503] * 10, at=at)
    assert gate_of(f"host:{HOST}").breaker == Breaker.OPEN


def test_a_full_bucket_is_emptied_and_refills(shop: Integration) -> None:
    assert taken(shop) == 50
    assert taken(shop, 6) == 50
    assert taken(shop, 7) == 9
    refused = admit(shop, 7)
    assert refused.reason == f"{HOST} gets at most 600 sends a minute now."
    assert refused.until is not None
    assert admit(shop, (refused.until - NOW).total_seconds() + 0.001).is_allowed


def test_the_budget_is_a_setting(shop: Integration, settings: Any) -> None:
    settings.SEND_BUDGET_PER_MINUTE = 120

    assert taken(shop) == 10


def test_each_host_has_a_budget_and_all_integrations_share_it(shop: Integration) -> None:
    other = make_integration()

    assert taken(shop) == 50
    assert not admit(other).is_allowed
    assert taken(other, host=REST) == 50


def test_a_claim_that_is_rolled_back_gives_the_token_back(shop: Integration) -> None:
    with transaction.atomic():
        assert admit(shop).is_allowed
        transaction.set_rollback(True)

    assert taken(shop) == 50


def record_live(shop: Integration, code: int, number: int, *, at: float, rest: bool = False) -> None:
    request = make_rest("/subscriptions/ab12/cancel/") if rest else make_purchase()
    exchanges = [make_exchange(request, code, sent_at=after(at)) for _ in range(number)]
    record(shop, *exchanges, now=after(at))


def count_live(shop: Integration, number: int, *, at: datetime, endpoint: str, status_code: int = 200) -> None:
    MinuteCount.objects.create(
        integration_id=shop.pk,
        minute=int(at.timestamp()) // 60,
        endpoint=endpoint,
        status_code=status_code,
        outcome=1,
        responses=number,
        duration_ms=0,
    )


def test_live_traffic_to_the_same_host_goes_first(shop: Integration) -> None:
    neighbour = make_integration()
    count_live(shop, 4_000, at=NOW, endpoint="PATCH /subscriptions/{id}/cancel/")
    count_live(neighbour, 500, at=NOW, endpoint="GET /orders/")
    count_live(shop, 9_000, at=NOW, endpoint="POST /subscription/create")

    assert taken(shop, host=REST) == 25  # a twelfth of 6,000 less 20 % less 4,500
    assert admit(shop, host=REST).reason == f"{REST} gets at most 300 sends a minute now."
    assert taken(shop, host=HOST) == 50  # for this one no limit is stated


def test_live_traffic_of_the_last_minute_fades(shop: Integration) -> None:
    count_live(shop, 4_800, at=NOW, endpoint="GET /orders/")

    assert taken(shop, 59, host=REST) == 1
    taken(shop, 90, host=REST)
    assert gate_of(f"host:{REST}").live_calls == pytest.approx(2_400)
    taken(shop, 120, host=REST)
    assert gate_of(f"host:{REST}").live_calls == 0


def test_what_we_sent_ourselves_is_no_live_traffic(shop: Integration) -> None:
    count_live(shop, 60, at=NOW, endpoint="POST /subscription/create")
    hear(shop, *[200] * 50, at=1)

    admit(shop, 10)
    assert gate_of(f"host:{HOST}").live_calls == 10


def test_live_traffic_that_fails_stops_us_before_we_send(shop: Integration) -> None:
    record_live(shop, 503, 14, at=0)
    record_live(shop, 200, 2, at=1)

    refused = admit(shop, 2)
    assert not refused.is_allowed
    assert refused.reason == (
        "Breaker open: 14 of 16 answers in the last minute were 5xx or did not come; next probe 12:00:32."
    )
    assert refused.until == after(32)
    assert admit(shop, 2, host=REST).is_allowed


def test_timeouts_of_the_callers_count_as_silence(shop: Integration) -> None:
    record(shop, *[make_timeout(sent_at=NOW) for _ in range(12)])

    assert not admit(shop, 2).is_allowed


def test_after_it_has_closed_the_live_failures_of_before_do_not_open_it_again(shop: Integration) -> None:
    record_live(shop, 503, 40, at=10)
    assert not admit(shop, 12).is_allowed
    assert admit(shop, 42).is_probe
    hear(shop, 200, at=43)

    assert admit(shop, 50).is_allowed
    assert admit(shop, 65).is_allowed


def test_an_open_breaker_lets_one_probe_through_each_half_minute(shop: Integration) -> None:
    open_breaker(shop)

    probes = [second for second in range(1, 100) if admit(shop, second).is_probe]
    assert probes == [30, 60, 90]


def test_a_probe_of_a_claim_that_is_rolled_back_is_back_too(shop: Integration) -> None:
    open_breaker(shop)
    with transaction.atomic():
        assert admit(shop, 30).is_probe
        transaction.set_rollback(True)

    assert admit(shop, 30).is_probe


def test_a_good_probe_lets_the_others_follow_slowly(shop: Integration) -> None:
    open_breaker(shop)
    assert admit(shop, 30).is_probe
    hear(shop, 200, at=31)

    assert taken(shop, 31) == 0
    assert taken(shop, 37) == 5
    assert Gate.objects.get(pk=f"host:{HOST}").closed_at == after(31)


def test_a_refused_credential_stops_its_integration_only(shop: Integration) -> None:
    neighbour = make_integration()
    hear(shop, *[401] * 5)

    refused = admit(shop, 1)
    assert refused.reason == (
        "Breaker open: 5 calls in the last minute got 401, and none got through: check the key; next probe 12:00:30."
    )
    assert admit(neighbour, 1).is_allowed
    assert admit(shop, 30).is_probe
    assert not admit(shop, 31).is_allowed


def test_403_stops_nothing(shop: Integration) -> None:
    hear(shop, *[403] * 60)

    assert admit(shop).is_allowed


def test_a_probe_of_the_account_still_needs_the_hosts_token(shop: Integration) -> None:
    hear(shop, *[401] * 5)
    assert taken(make_integration(), 30) == 50

    assert not admit(shop, 30).is_allowed
    assert admit(shop, 31).is_probe


def test_new_credentials_begin_with_a_closed_breaker(shop: Integration) -> None:
    hear(shop, *[401] * 5)
    configuring.give_credentials(shop, api_key="a" * 32, retry_by=RetryBy.MONITOR, doer=Doer(), now=after(2))

    admission = admit(shop, 2)
    assert (admission.is_allowed, admission.is_probe) == (True, False)


def test_a_429_pauses_the_host_for_everybody(shop: Integration) -> None:
    neighbour = make_integration()
    hear(shop, 429, retry_after=90.0)

    refused = admit(neighbour, 89)
    assert (refused.is_allowed, refused.until) == (False, after(90))
    assert refused.reason == "Ordergroove answered 429: nothing is sent to this host before 12:01:30."
    assert admit(neighbour, 92).is_allowed
    assert admit(shop, 10, host=REST).is_allowed


def test_a_host_that_hangs_gets_no_more_than_thirty(shop: Integration) -> None:
    put_on_the_wire(shop, 29, at=NOW)
    put_on_the_wire(shop, 40, at=NOW, host=REST)
    assert admit(shop, 1).is_allowed

    put_on_the_wire(make_integration(), 1, at=NOW)
    refused = admit(shop, 1)
    assert refused.reason == f"30 sends to {HOST} wait for their answers."
    # A worker that died must not hold up the host for its whole lease.
    assert admit(shop, 41).is_allowed


def test_what_is_on_the_wire_counts_when_a_host_begins_to_fail(shop: Integration) -> None:
    assert taken(shop) == 50
    put_on_the_wire(shop, 25, at=NOW)
    hear(shop, 503, 503, 503, at=1)

    assert gate_of(f"host:{HOST}").tokens == 5 - 25 - 3
    assert taken(shop, 25) == 0
    assert taken(shop, 30) > 0


def test_questions_take_no_token(shop: Integration) -> None:
    assert budget.let(HOST, shop.pk, 20, now=NOW) == 20
    assert not Gate.objects.exists()
    assert taken(shop) == 50
    assert budget.let(HOST, shop.pk, 20, now=NOW) == 20


def test_a_question_can_be_the_probe(shop: Integration) -> None:
    open_breaker(shop)

    assert [budget.let(HOST, shop.pk, 20, now=after(at)) for at in (1, 29, 30, 31, 60)] == [0, 0, 1, 0, 1]
    hear(shop, 200, at=61, is_question=True)
    assert budget.let(HOST, shop.pk, 20, now=after(61)) == 20


def test_a_429_stops_questions_too(shop: Integration) -> None:
    hear(shop, 429, retry_after=60.0)

    assert [budget.let(HOST, shop.pk, 7, now=after(at)) for at in (1, 59, 60)] == [0, 0, 7]


def test_who_asks_for_nothing_gets_nothing_and_uses_up_no_probe(shop: Integration) -> None:
    open_breaker(shop)

    assert budget.let(HOST, shop.pk, 0, now=after(30)) == 0
    assert admit(shop, 30).is_probe


def test_opening_and_closing_are_told_to_each_integration_that_sends_there(shop: Integration) -> None:
    neighbour = make_integration(api_key_sealed=b"x")
    make_integration()  # without credentials: nothing is sent for it
    make_integration(api_key_sealed=b"x", environment=Integration.Environment.STAGING)
    open_breaker(shop, at=5)
    admit(shop, 35)
    hear(shop, 503, at=36)
    admit(shop, 65)
    hear(shop, 200, at=66)

    told = Transition.objects.order_by("at", "integration_id").values_list("kind", "integration_id", "at")
    assert list(told) == [
        ("breaker_opened", shop.pk, after(5)),
        ("breaker_opened", neighbour.pk, after(5)),
        ("breaker_closed", shop.pk, after(66)),
        ("breaker_closed", neighbour.pk, after(66)),
    ]


def test_a_breaker_that_live_traffic_opens_is_told_too(shop: Integration) -> None:
    record_live(shop, 503, 20, at=0)
    Transition.objects.all().delete()
    admit(shop, 1)
    admit(shop, 2)

    assert [row.kind for row in Transition.objects.all()] == ["breaker_opened"]


def test_alerting_tells_of_it_once(shop: Integration) -> None:
    Channel.objects.create(kind=Channel.Kind.EMAIL, name="ops", target_sealed=b"x", target_hint="o…")
    open_breaker(shop)

    found = announce.announce(after(1))

    assert found == list(Delivery.objects.values_list("pk", flat=True))
    assert (len(found), announce.announce(after(2))) == (1, [])
    assert Transition.objects.get().handled_at == after(1)


def test_asking_is_cheap(shop: Integration, django_assert_max_num_queries: Any) -> None:
    admit(shop)

    with django_assert_max_num_queries(5):
        admit(shop, 1)
    with django_assert_max_num_queries(1):
        budget.let(HOST, shop.pk, 20, now=after(1))


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("is_new", [True, False])
def test_workers_that_ask_at_once_take_no_more_tokens_than_there_are(*, is_new: bool) -> None:
    shop = make_integration()
    if not is_new:
        hear(shop, 200)
    allowed: list[bool] = []

    def work() -> None:
        for _ in range(12):
            allowed.append(admit(shop).is_allowed)

    work_at_once(8, work)
    assert len(allowed) == 96
    assert sum(allowed) == 50


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_of_workers_that_ask_at_once_one_gets_the_probe() -> None:
    shop = make_integration()
    open_breaker(shop)
    admissions: list[budget.Admission] = []

    def work() -> None:
        for _ in range(3):
            admissions.append(admit(shop, 30))

    work_at_once(8, work)
    assert len(admissions) == 24
    assert [one.is_probe for one in admissions if one.is_allowed] == [True]


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_answers_that_come_at_once_are_all_counted() -> None:
    shop, other = make_integration(), make_integration()

    def work() -> None:
        for _ in range(5):
            hear(shop, 200)
            hear(other, 200)

    work_at_once(6, work)
    assert windows.of(gate_of(f"host:{HOST}").answers, NOW).good == 60
    assert windows.of(gate_of(f"account:{shop.pk}").answers, NOW).good == 30
