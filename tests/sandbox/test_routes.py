from __future__ import annotations

from datetime import timedelta

import pytest

from responses.sandbox import world as worlds
from responses.sandbox.messages import Manner
from responses.sandbox.world import Modes, Step
from tests.sandbox.asking import LATER, NOW, ask, buy, document, plan

UNUSUAL = [("GET", "/"), ("GET", "/nothing/"), ("PUT", "/subscriptions/1/cancel/"),
           ("POST", "/subscription/1/response"),
           ("GET", "/subscription/create"), ("PATCH", "/subscriptions/1/explode/"), ("DELETE", "/orders/1/"),
           ("GET", "/products-batch/create/"), ("POST", "/products/1/2/3/"), ("POST", "/orders/create/")]  # fmt: skip


def test_a_header_asks_for_an_answer_by_name() -> None:
    world = worlds.create(1)

    assert ask(world, "GET", "/subscriptions/", x_sandbox_answer="423") == (
        423,
        "{'details': 'Resource is currently in use. Please try again shortly.'}",
    )
    assert ask(world, "GET", "/subscriptions/", x_sandbox_answer="no such")[0] == 400
    assert ask(world, "GET", "/subscriptions/")[0] == 200


def test_a_product_id_asks_for_an_answer_and_may_count_its_tries() -> None:
    world = worlds.create(1)

    assert buy(world, "10", "answer-401")[0] == 401
    found = [buy(world, "answer-503-text-x2", merchant_order_id="7")[0] for _ in range(4)]
    assert found == [503, 503, 200, 409]
    assert ask(world, "PATCH", "/subscriptions/answer-429/cancel/")[0] == 429


def test_the_next_requests_are_answered_from_the_queue() -> None:
    world = worlds.create(
        1, Modes(next=[Step("503-empty", times=2), Step("404", method="POST"), Step("403", path="/orders/")])
    )

    found = [ask(world, "GET", "/subscriptions/")[0] for _ in range(3)]

    assert found == [503, 503, 200]
    assert ask(world, "GET", "/orders/")[0] == 403
    assert buy(world, "10")[0] == 404
    assert world.modes.next == []


def test_an_outage_holds_until_its_end() -> None:
    world = worlds.create(1, Modes(outage="503-html", outage_until=(NOW + timedelta(seconds=30)).timestamp()))

    assert buy(world, "10")[0] == 503
    assert buy(world, "10", now=LATER)[0] == 200


def test_weights_are_shares_that_a_seed_repeats() -> None:
    def codes(seed: int) -> list[int]:
        world = worlds.create(seed, Modes(weights={"503": 0.3, "423@/orders/": 0.7}))
        return [ask(world, "GET", "/subscriptions/")[0] for _ in range(300)]

    assert codes(1) == codes(1)
    assert 60 < codes(1).count(503) < 120
    assert set(codes(1)) == {200, 503}


def test_applied_although_the_answer_says_500() -> None:
    world = worlds.create(1)

    status, _ = ask(world, "POST", "/subscription/create", document("10"), x_sandbox_answer="apply-500-html")

    assert status == 500
    assert ask(world, "GET", "/subscriptions/?merchant_order_id=100045", now=LATER)[1]["count"] == 1


def test_what_was_applied_behind_a_500_is_guarded_even_without_the_guard() -> None:
    world = worlds.create(1, Modes(duplicate_guard=False))
    ask(world, "POST", "/subscription/create", document("10"), x_sandbox_answer="apply-503-html")

    assert buy(world, "10", now=LATER)[0] == 409


def test_late_means_answered_now_and_carried_out_afterwards() -> None:
    world = worlds.create(1)
    found = plan(world, "POST", "/subscription/create", document("10"), x_sandbox_answer="late-hang")

    assert found.manner is Manner.HANG
    assert not world.purchases
    ask(world, "GET", "/", now=NOW + timedelta(seconds=6))
    assert len(world.purchases) == 1
    assert ask(world, "GET", "/subscriptions/", now=LATER)[1]["count"] == 1


@pytest.mark.parametrize(("method", "target"), UNUSUAL)
def test_what_does_not_exist_is_refused_and_nothing_breaks(method: str, target: str) -> None:
    assert ask(worlds.create(1), method, target)[0] in (404, 405)


def test_retry_after_comes_in_the_form_that_was_asked_for() -> None:
    world = worlds.create(1, Modes(retry_after=60))
    values = {
        name: plan(world, "GET", "/orders/", x_sandbox_answer=name).reply.headers.get("retry-after")
        for name in ("429", "429-seconds", "429-date", "429-nonsense", "503-retry-after")
    }

    assert values == {
        "429": None,
        "429-seconds": "60",
        "429-date": "Sun, 22 Nov 2026 12:01:00 GMT",
        "429-nonsense": "shortly",
        "503-retry-after": "60",
    }


def test_more_than_the_rate_is_throttled_until_the_next_minute() -> None:
    world = worlds.create(1, Modes(rate_per_minute=2))

    assert [ask(world, "GET", "/orders/")[0] for _ in range(3)] == [200, 200, 429]
    assert ask(world, "GET", "/orders/", now=LATER)[0] == 200


def test_a_head_request_has_no_body() -> None:
    assert plan(worlds.create(1), "HEAD", "/orders/").reply.body == b""
