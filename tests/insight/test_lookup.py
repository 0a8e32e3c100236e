"""What became of an order, found by its ids or the customer's address."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from responses.exchanges import Origin
from responses.insight import explaining, lookup
from responses.insight.lookup import Answer
from responses.models import FailedRequest, Integration, Resend, Role, User
from tests.correcting import mending
from tests.factories import (
    NOW,
    make_accepted,
    make_exchange,
    make_integration,
    make_partial,
    make_purchase,
    make_refusal,
    make_rest,
    make_timeout,
    make_user,
    record,
)
from tests.following.buying import after
from tests.retrying import again

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop() -> Integration:
    return make_integration("shop")


@pytest.fixture
def ida(shop: Integration) -> User:
    return make_user("ida", integration=shop)


def ask(user: User, shop: Integration, words: str) -> Answer:
    return lookup.read(user, shop.pk, words, now=NOW)


def say(user: User, shop: Integration, words: str) -> list[str]:
    return [
        explaining.answer(one, now=NOW, zone=timezone.get_default_timezone()) for one in ask(user, shop, words).found
    ]


def test_a_partial_order_says_what_was_created_and_until_when_it_can_be_fixed(ida: User, shop: Integration) -> None:
    record(shop, make_partial("1001", sent_at=NOW - timedelta(hours=20)))

    (words,) = say(ida, shop, "1001")

    until = explaining.clock(NOW + timedelta(hours=4), now=NOW, zone=timezone.get_default_timezone())
    assert words == (
        f"Order 1001: 1 of 2 subscriptions created. Product 88 was rejected: Object does not exist. Can be fixed until {until}."
    )


def test_a_refused_order_says_what_ordergroove_said(ida: User, shop: Integration) -> None:
    record(shop, make_refusal("1001"))

    assert say(ida, shop, "1001")[0].startswith(
        "Order 1001: not created, Ordergroove answered 400. Ordergroove said: Session id cannot be null."
    )


def test_an_order_that_simply_succeeded_is_found(ida: User, shop: Integration) -> None:
    record(shop, make_exchange(make_purchase("1001"), 201, {"subscriptions": [{"77": "sub-1"}]}))

    (found,) = ask(ida, shop, "1001").found

    assert found.request is None
    assert explaining.answer(found, now=NOW, zone=timezone.get_default_timezone()).startswith("Order 1001: created")
    assert "set up" in explaining.for_customer(found)


def test_an_accepted_order_is_found_by_id_address_customer_and_acceptance(ida: User, shop: Integration) -> None:
    record(shop, make_accepted("1001", subs_req_id="acc-7"))

    for words in ("1001", " Ada@Example.com ", "00026001", "acc-7"):
        (found,) = ask(ida, shop, words).found
        assert found.follow_up is not None, words
        assert found.order_id == "1001"


def test_a_subscription_leads_to_the_order_that_created_it(ida: User, shop: Integration) -> None:
    record(shop, make_partial("1001"))

    (found,) = ask(ida, shop, "0ff0f88accc511e8b6c0bc764e106cf4").found

    assert found.by == "subscription"
    assert found.order_id == "1001"


def test_a_call_that_failed_for_a_subscription_is_found_by_it(ida: User, shop: Integration) -> None:
    record(shop, make_exchange(make_rest("/subscriptions/ab12/cancel/"), 400, {"detail": "No"}))

    assert say(ida, shop, "ab12")[0].startswith("Subscription ab12: not done, Ordergroove answered 400.")


def test_an_order_with_a_later_success_is_done(ida: User, shop: Integration) -> None:
    record(shop, make_refusal("1001"))
    record(
        shop,
        make_exchange(
            make_purchase("1001"), 201, {"subscriptions": [{"77": "sub-1"}]}, sent_at=NOW + timedelta(minutes=1)
        ),
    )

    (words,) = say(ida, shop, "1001")

    assert words == "Order 1001: done. A later call of the shop succeeded."


def test_an_unanswered_order_says_that_nobody_knows(ida: User, shop: Integration) -> None:
    record(shop, make_timeout(make_purchase("1001")))

    (found,) = ask(ida, shop, "1001").found

    assert "nobody knows whether it was created" in explaining.answer(
        found, now=NOW, zone=timezone.get_default_timezone()
    )
    assert "do not order it a second time" in explaining.for_customer(found)


def test_what_is_open_comes_first_then_the_newest(ida: User, shop: Integration) -> None:
    record(shop, make_refusal("1001"))
    record(shop, make_accepted("1002"), now=NOW + timedelta(minutes=1))
    record(shop, make_accepted("1003"), now=NOW + timedelta(minutes=2))

    found = ask(ida, shop, "ada@example.com").found

    assert [one.order_id for one in found] == ["1001", "1003", "1002"]


def test_there_are_five_answers_at_the_most(ida: User, shop: Integration) -> None:
    record(shop, *(make_refusal(f"{number}") for number in range(1, 8)))

    answer = ask(ida, shop, "00026001")

    assert len(answer.found) == 5
    assert answer.is_more


def test_another_order_whose_id_begins_the_same_is_another(ida: User, shop: Integration) -> None:
    record(shop, make_partial("1001"))
    failed = FailedRequest.objects.get()

    record(shop, make_exchange(make_purchase("1001-r1"), 201, {}, origin=Origin.CALLER))

    assert [one.order_id for one in ask(ida, shop, "1001").found] == ["1001"]
    assert ask(ida, shop, "1001").found[0].request == failed


@pytest.mark.parametrize("hidden", ["nobody", "other"])
def test_only_what_the_person_may_see_is_found(ida: User, shop: Integration, hidden: str) -> None:
    other = make_integration("other")
    record(other, make_partial("1001"), make_accepted("1002"))
    person = make_user("nobody") if hidden == "nobody" else ida

    for words in ("1001", "1002", "00026001", "ada@example.com", "0ff0f88accc511e8b6c0bc764e106cf4"):
        assert ask(person, other, words).found == ()
        assert ask(ida, shop, words).found == ()


@pytest.mark.parametrize(
    "words",
    ["", " ", "\x00", "10\x0001", "\ud800", "\u202e1001", "%", "_", "' OR 1=1 --", "[e-mail]", "[masked]", "[card]",
     "4111 1111 1111 1111", "x" * 100_000, "@", "a@", "*", "ada@example.com\x00", "\ud800@example.com"],
)  # fmt: skip
def test_hostile_words_find_nothing(ida: User, shop: Integration, words: str) -> None:
    record(
        shop, make_refusal("1001"), make_exchange(make_purchase("1002", user={"user_id": "bob@example.com"}), 400, {})
    )

    assert ask(ida, shop, words).found == ()


def test_the_words_for_the_customer_hold_nothing_internal(ida: User, shop: Integration) -> None:
    record(shop, make_partial("1001"))
    FailedRequest.objects.update(assignee=ida)

    (found,) = ask(ida, shop, "1001").found
    words = explaining.for_customer(found)

    assert words == (
        "1 of 2 subscriptions of your order 1001 are set up. The rest is not yet. "
        "We are working on it. Please do not order it a second time."
    )
    assert explaining.on_it(found, now=NOW, zone=timezone.get_default_timezone()) == [
        "It is assigned to ida.",
    ]


@pytest.mark.parametrize("state", FailedRequest.State)
def test_every_state_has_words(ida: User, shop: Integration, state: FailedRequest.State) -> None:
    record(shop, make_refusal("1001"))
    is_closed = state in FailedRequest.CLOSED
    FailedRequest.objects.update(state=state, closed_at=NOW if is_closed else None)

    (found,) = ask(ida, shop, "1001").found

    assert explaining.answer(found, now=NOW, zone=timezone.get_default_timezone()).startswith("Order 1001: ")
    assert explaining.for_customer(found).endswith(".")


def test_a_planned_retry_says_when(ida: User) -> None:
    shop = make_integration("other-shop", retry_by="caller")
    person = make_user("bob", integration=shop)
    record(shop, make_exchange(make_purchase("1001"), 503, {}))
    failed = FailedRequest.objects.get()
    Resend.objects.create(
        id=7, integration=shop, failed_request=failed, kind="person", idem_key="form:7", resource_key="order:1001",
        endpoint=failed.endpoint, method="POST", role="sc", host="sc.ordergroove.com", policy="purchase",
        state="scheduled", due_at=NOW + timedelta(minutes=5), first_failed_at=NOW, max_sends=1, body_hash="",
        asked_by=ida,
    )  # fmt: skip
    failed.state = FailedRequest.State.RETRYING
    failed.save()

    (found,) = ask(person, shop, "1001").found

    at = explaining.clock(NOW + timedelta(minutes=5), now=NOW, zone=timezone.get_default_timezone())
    assert explaining.answer(found, now=NOW, zone=timezone.get_default_timezone()).endswith(
        f"It is sent again by itself, next at {at}."
    )
    assert explaining.on_it(found, now=NOW, zone=timezone.get_default_timezone()) == [
        f"The monitor sends it again at {at}. ida asked for it."
    ]


def test_the_order_id_of_a_correction_leads_to_the_request_that_was_corrected() -> None:
    with again.running() as upstream:
        shop = again.make_shop(upstream.url, created_at=NOW - timedelta(days=1))
        ida = make_user("ida", role=Role.SUPPORT, integration=shop.integration)
        failed = mending.partial(shop)
        assert mending.approved(failed, ida, lambda _: None, only_failed=True).is_done
        again.run_at(after(6))

    (found,) = lookup.read(ida, shop.integration.pk, "1001-r1", now=after(7)).found

    assert found.request == failed
    assert explaining.on_it(found, now=after(7), zone=timezone.get_default_timezone())[-1].startswith(
        "ida sent only the failed at "
    )
