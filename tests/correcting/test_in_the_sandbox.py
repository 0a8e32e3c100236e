"""Corrections against the sandbox's ledger, over real HTTP and without its duplicate guard: nothing is created twice."""

from __future__ import annotations

from typing import Any

import pytest

from responses.models import FailedRequest, Integration, Resubmission, Role, User
from responses.retrying import lookups
from responses.sandbox.server import Running
from tests.correcting.mending import approved
from tests.factories import make_user, record
from tests.following import buying
from tests.following.buying import after, poll_at
from tests.following.conftest import box as box
from tests.retrying.again import run_at

pytestmark = pytest.mark.django_db


@pytest.fixture
def unguarded(box: Running) -> Running:
    box.control(duplicate_guard=False)
    return box


@pytest.fixture
def shop(unguarded: Running) -> Integration:
    return buying.make_shop(unguarded, retry_by="caller")


@pytest.fixture
def ada(shop: Integration) -> User:
    return make_user("ada", role=Role.SUPPORT, integration=shop)


def applied(box: Running) -> list[tuple[str, str]]:
    """Order and product of everything that was created."""
    entries = box.ledger("/subscription/create")
    return sorted((one["order"].rpartition(" ")[2], one["product"]) for entry in entries for one in entry.applied)


def milk(data: Any) -> None:
    data["products"][0]["product"] = data["products"][0]["sku"] = "milk"


def check_last(box: Running) -> None:
    """What arrived last is what was approved last, byte for byte."""
    assert box.ledger("/subscription/create")[-1].body_sha256 == Resubmission.objects.latest("id").body_hash
    assert box.state()["applied_twice"] == []


def test_of_a_207_only_the_failed_is_created(unguarded: Running, shop: Integration, ada: User) -> None:
    unguarded.control(synchronous=True)
    record(shop, buying.purchase(unguarded, "1001", "tea", "fail-unknown-product", "coffee"))
    request = FailedRequest.objects.get()
    assert request.state == "needs_fix"
    deed = approved(request, ada, milk, only_failed=True)
    assert deed.is_done, deed.reasons
    run_at(after(6))
    check_last(unguarded)
    assert applied(unguarded) == [("1001", "coffee"), ("1001", "tea"), ("1001-r1", "milk")]
    request.refresh_from_db()
    assert (request.state, request.resolved_by) == ("resolved", "resubmission")
    assert "2 kept, 1 sent." in request.reason


def test_of_an_accepted_purchase_that_failed_in_part_only_the_failed_is_created(
    unguarded: Running, shop: Integration, ada: User
) -> None:
    buying.buy(shop, unguarded, "1001", "tea", "fail-unknown-product")
    poll_at(after(3))
    request = FailedRequest.objects.get()
    assert (request.state, request.items_created, request.items_failed) == ("needs_fix", 1, 1)
    deed = approved(request, ada, milk, only_failed=True)
    assert deed.is_done, deed.reasons
    run_at(after(6))
    request.refresh_from_db()
    assert request.state == "confirming"
    poll_at(after(60))
    check_last(unguarded)
    assert applied(unguarded) == [("1001", "tea"), ("1001-r1", "milk")]
    request.refresh_from_db()
    assert (request.state, request.reason) == ("resolved", "Accepted, and found created. 1 kept, 1 sent.")


def test_a_rest_that_fails_in_part_again_is_narrowed_once_more(
    unguarded: Running, shop: Integration, ada: User
) -> None:
    unguarded.control(synchronous=True)
    record(shop, buying.purchase(unguarded, "1001", "tea", "fail-unknown-product", "fail-offer"))
    request = FailedRequest.objects.get()
    assert approved(request, ada, milk, only_failed=True).is_done
    run_at(after(6))
    request.refresh_from_db()
    assert (request.state, request.items_created, request.items_failed) == ("needs_fix", 2, 1)

    def sugar(data: Any) -> None:
        data["products"][0]["product"] = "sugar"

    deed = approved(request, ada, sugar, only_failed=True, nonce="n2", now=after(8))
    assert deed.is_done, deed.reasons
    run_at(after(9))
    check_last(unguarded)
    assert applied(unguarded) == [("1001", "tea"), ("1001-r1", "milk"), ("1001-r2", "sugar")]
    kept = Resubmission.objects.latest("id")
    assert (kept.kept, kept.sent, FailedRequest.objects.get().state) == (2, 1, "resolved")


def test_a_whole_refusal_is_corrected_under_its_own_order_id(unguarded: Running, shop: Integration, ada: User) -> None:
    buying.buy(shop, unguarded, "1001", "fail-unknown-product")
    poll_at(after(3))
    request = FailedRequest.objects.get()
    assert approved(request, ada, milk).is_done
    run_at(after(6))
    poll_at(after(60))
    check_last(unguarded)
    assert applied(unguarded) == [("1001", "milk")]
    assert FailedRequest.objects.get().resolved_by == "resubmission"


def test_a_correction_that_was_applied_and_not_answered_is_looked_up_and_not_sent_again(
    ada: User, shop: Integration, unguarded: Running
) -> None:
    unguarded.control(synchronous=True)
    shop.hosts = {"sc": unguarded.url, "restapi": unguarded.url}
    shop.save()
    record(shop, buying.purchase(unguarded, "1001", "tea", "fail-unknown-product"))
    request = FailedRequest.objects.get()
    unguarded.control(next=["apply-reset"], credentials="optional")
    assert approved(request, ada, milk, only_failed=True).is_done
    run_at(after(6))
    request.refresh_from_db()
    assert request.state == "unknown"
    lookups.look_up_due(clock=lambda: after(700), dice=lambda: 0.0)
    request.refresh_from_db()
    assert (request.state, request.resolved_by) == ("resolved", "lookup")
    assert "1 kept, 1 sent." in request.reason
    check_last(unguarded)
    assert applied(unguarded) == [("1001", "tea"), ("1001-r1", "milk")]
