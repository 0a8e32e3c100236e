from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from responses.exchanges import Exchange, Origin
from responses.sandbox import history

END = datetime(2026, 11, 22, 12, tzinfo=UTC)


def days(count: int, *, per_day: int = 400, seed: int = 7) -> list[tuple[datetime, Exchange]]:
    return list(history.exchanges(END - timedelta(days=count), END, per_day, seed))


@pytest.fixture(scope="module")
def month() -> list[tuple[datetime, Exchange]]:
    return days(30)


def test_the_same_seed_gives_the_same_past_and_another_one_another() -> None:
    assert days(1) == days(1)
    assert days(1) != days(1, seed=8)


@pytest.mark.slow
def test_it_is_in_order_within_its_bounds_and_about_as_much_as_was_asked_for(
    month: list[tuple[datetime, Exchange]],
) -> None:
    moments = [moment for moment, _ in month]

    assert moments == sorted(moments)
    assert END - timedelta(days=30) <= moments[0]
    assert moments[-1] < END
    assert all(moment == exchange.sent_at for moment, exchange in month)
    assert 30 * 400 * 0.7 < len(month) < 30 * 400 * 1.3
    assert len({exchange.caller_id for _, exchange in month}) == len(month)


@pytest.mark.slow
def test_it_has_nights_an_outage_and_every_kind_of_answer(month: list[tuple[datetime, Exchange]]) -> None:
    hours = Counter(moment.hour for moment, _ in month)
    codes = Counter(exchange.status_code for _, exchange in month)
    bad = Counter(moment.date() for moment, exchange in month if (exchange.status_code or 500) >= 500)

    assert hours[19] > 4 * hours[3]
    assert set(codes) >= {200, 201, 202, 207, 400, 401, 404, 409, 423, 429, 500, 503, None}
    outage, most = bad.most_common(1)[0]
    assert outage == (END - timedelta(days=11)).date()
    assert most > 5 * sorted(bad.values())[len(bad) // 2]


@pytest.mark.slow
def test_every_exchange_has_a_request_and_either_an_answer_or_a_failure(month: list[tuple[datetime, Exchange]]) -> None:
    for _, exchange in month:
        assert (exchange.response is None) != (exchange.failure is None)
        assert exchange.request.url.startswith("https://")
        assert exchange.duration_ms is not None


@pytest.mark.slow
def test_accepted_purchases_are_followed_by_the_caller_and_refused_ones_repeated(
    month: list[tuple[datetime, Exchange]],
) -> None:
    asked = {exchange.request.url.split("/")[-2] for _, exchange in month if exchange.request.url.endswith("/response")}
    accepted = [
        json.loads(exchange.response.body)["subs_req_id"]
        for _, exchange in month
        if exchange.response is not None and b"subs_req_id" in exchange.response.body
    ]
    purchases = [exchange for _, exchange in month if exchange.request.url.endswith("/subscription/create")]
    bodies = Counter(exchange.request.body for exchange in purchases)

    assert sum(subs_req_id in asked for subs_req_id in accepted) / len(accepted) > 0.9
    assert max(bodies.values()) >= 4
    good_after_bad = [
        body
        for body, times in bodies.items()
        if times > 1 and [e.status_code for e in purchases if e.request.body == body][-1] == 200
    ]
    assert good_after_bad


@pytest.mark.slow
def test_it_holds_no_card_data_and_no_credentials(month: list[tuple[datetime, Exchange]]) -> None:
    for _, exchange in month:
        body = exchange.request.body
        for word in (b"cc_number", b"cvv", b"cc_exp_date", b"4111111111111111"):
            assert word not in body
        assert not {"x-api-key", "authorization", "cookie"} & set(exchange.request.headers)


def test_the_hosts_can_be_those_of_the_sandbox() -> None:
    hosts = dict.fromkeys(("sc", "restapi", "api"), "http://127.0.0.1:9100/")
    found = history.exchanges(END - timedelta(hours=6), END, 400, 1, hosts=hosts)

    assert {exchange.request.url.split("/")[2] for _, exchange in found} == {"127.0.0.1:9100"}


def test_accepted_purchases_are_followed_by_the_monitor_too_until_the_result_is_told() -> None:
    found = list(history.exchanges(END - timedelta(days=2), END, 400, 3, is_followed=True))
    questions = [exchange for _, exchange in found if exchange.origin is Origin.POLL]
    answers: dict[str, list[int | None]] = {}
    for _, exchange in found:
        if exchange.request.url.endswith("/response"):
            answers.setdefault(exchange.request.url, []).append(exchange.status_code)

    assert questions
    assert all(exchange.caller_id == "" and not exchange.tags for exchange in questions)
    settled = [codes for codes in answers.values() if 200 in codes]
    assert len(settled) > 0.97 * len(answers)
    assert not [moment for moment, exchange in found if moment != exchange.sent_at]
