"""Bulk runs: a frozen scope, a dry run with reasons, each request once, and people who decide."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied

from responses.correcting import bulk
from responses.correcting.bulk import Wish
from responses.correcting.operations import Op
from responses.correcting.recipes import RecipeError
from responses.models import AuditEntry, BulkRow, BulkRun, FailedRequest, Issue, Membership, Resend, Resubmission, Role
from responses.retention import expiry
from responses.sending import pauses
from tests.correcting import bulking
from tests.correcting.bulking import RECIPE, checked, codes, fail, fail_many, go_on, make_ada, refused, started, states
from tests.factories import NOW, make_exchange, make_integration, make_user, record
from tests.retrying import again
from tests.retrying.again import Shop, Upstream

pytestmark = pytest.mark.django_db
State = BulkRun.State
MINUTE = timedelta(minutes=1)


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    with again.running() as running:
        yield running


@pytest.fixture
def shop(upstream: Upstream) -> Shop:
    return again.make_shop(upstream.url)


def sent_orders(upstream: Upstream) -> Counter[str]:
    """How often each order came in."""
    return Counter(json.loads(one.body)["merchant_order_id"] for one in upstream.received)


@pytest.mark.slow
def test_of_two_hundred_each_is_sent_once_or_has_its_reason(shop: Shop, upstream: Upstream) -> None:
    ada = make_ada(shop)
    early = NOW - timedelta(hours=23, minutes=50)
    old = [refused(shop, f"old-{place}", at=early) for place in range(15)]
    locked = [refused(shop, f"locked-{place}", password="secret-word") for place in range(5)]
    issue = fail(shop, old, now=early)
    fail(shop, locked)
    fail_many(shop, 180)
    assert Issue.objects.count() == 1

    run = bulking.preview(issue, ada, recipe=[*RECIPE, Op(kind="remove", path="/password")])
    for place in range(30):
        created = {"subscriptions": [{"77": "0ff0f88accc511e8b6c0bc764e106cf4"}]}
        success = make_exchange(again.purchase(shop, f"{place + 1}"), 200, created, sent_at=NOW + MINUTE)
        record(shop.integration, success, key=shop.key, now=NOW + MINUTE)
    later = NOW + 20 * MINUTE
    expiry.expire(later)
    bulking.work(now=later)

    assert states(run) == {"ready": 150, "not_ready": 50}
    assert codes(run) == {"succeeded": 30, "expired": 15, "locked": 5}
    run.refresh_from_db()
    assert bulk.start(run, Wish(ada, later)) == ""
    go_on(run, now=later)
    assert run.state == State.DONE
    assert states(run) == {"succeeded": 150, "not_ready": 50}
    assert sent_orders(upstream) == Counter({f"{place}": 1 for place in range(31, 181)})
    assert all(json.loads(one.body)["products"][0]["offer"] == "new" for one in upstream.received)
    assert Resubmission.objects.filter(bulk_row__run=run, asked_by=ada).count() == 150


def test_what_was_approved_is_what_arrives(shop: Shop, upstream: Upstream) -> None:
    run = started(fail_many(shop, 2), make_ada(shop))

    go_on(run)

    kept = set(Resubmission.objects.values_list("body_hash", flat=True))
    assert kept == set(Resend.objects.filter(kind=Resend.Kind.CORRECTION).values_list("body_hash", flat=True))
    arrived = {hashlib.sha256(one.body).hexdigest() for one in upstream.received}
    assert arrived == kept
    assert FailedRequest.objects.filter(state=FailedRequest.State.CONFIRMING).count() == 2


def test_the_scope_is_frozen_when_it_is_previewed(shop: Shop) -> None:
    ada, issue = make_ada(shop), fail_many(shop, 3)
    run = bulking.preview(issue, ada)

    fail_many(shop, 2, first=10)
    bulking.work()

    assert states(run) == {"ready": 3}


def test_the_request_that_was_corrected_first_is_left_out(shop: Shop) -> None:
    issue = fail_many(shop, 3)

    run = checked(issue, make_ada(shop), besides=bulking.request_of(shop, "2"))

    assert set(run.rows.values_list("failed_request__order_id", flat=True)) == {"1", "3"}


def test_a_recipe_that_matches_nothing_makes_nothing_ready(shop: Shop) -> None:
    ada, recipe = make_ada(shop), [Op(kind="replace", path="/products/*/offer", old="other", value="new")]

    run = checked(fail_many(shop, 2), ada, recipe=recipe)

    assert codes(run) == {"no_match": 2}
    assert bulk.start(run, Wish(ada, NOW)) == "None of them is ready: there is nothing to send."
    run.refresh_from_db()
    assert run.state == State.PREVIEW


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"recipe": ()}, "empty"),
        ({"name": "  "}, "name"),
        ({"recipe": [Op(kind="remove", path="/*")]}, "everything"),
        ({"recipe": [Op(kind="remove", path="/user")]}, "say why"),
        ({"recipe": [Op(kind="remove", path="/a")] * 21}, "at most"),
    ],
)
def test_a_plan_that_cannot_be_is_refused(shop: Shop, values: dict[str, Any], words: str) -> None:
    issue, ada = fail_many(shop, 1), make_ada(shop)

    with pytest.raises(RecipeError, match=words):
        bulking.preview(issue, ada, **values)
    assert not BulkRun.objects.exists()


def test_an_issue_without_requests_has_no_run(shop: Shop) -> None:
    issue = fail_many(shop, 1)
    FailedRequest.objects.update(state="resolved", closed_at=NOW - timedelta(days=2))

    with pytest.raises(RecipeError, match="open"):
        bulking.preview(issue, make_ada(shop))


def test_the_same_form_twice_is_one_run(shop: Shop) -> None:
    issue, ada = fail_many(shop, 1), make_ada(shop)

    assert bulking.preview(issue, ada) == bulking.preview(issue, ada)


def test_a_form_that_was_used_for_another_issue_is_refused(shop: Shop) -> None:
    ada, issue = make_ada(shop), fail_many(shop, 1)
    fail(shop, [make_exchange(again.purchase(shop, "9"), 400, {"user": ["Unknown."]})])
    bulking.preview(issue, ada)

    with pytest.raises(RecipeError, match="used already"):
        bulking.preview(Issue.objects.exclude(pk=issue.pk).get(), ada)


def test_a_run_that_fails_in_a_way_of_its_own_does_not_hold_up_the_others(shop: Shop) -> None:
    ada, issue = make_ada(shop), fail_many(shop, 1)
    broken, good = bulking.preview(issue, ada), bulking.preview(issue, ada, nonce="n2")
    BulkRun.objects.filter(pk=broken.pk).update(recipe=[{"op": "erase"}])

    bulking.work()

    good.refresh_from_db()
    assert good.state == State.PREVIEW


def test_whoever_may_not_is_refused(shop: Shop) -> None:
    issue, ada = fail_many(shop, 1), make_ada(shop)
    run = checked(issue, ada)
    viewer = make_ada(shop, Role.VIEWER, "vera")
    stranger = make_user(role=Role.ADMIN, integration=make_integration("other"))

    for user in (viewer, stranger):
        for deed in (bulk.start, bulk.pause, bulk.resume, bulk.stop, bulk.check_again):
            with pytest.raises(PermissionDenied):
                deed(run, Wish(user, NOW))
        with pytest.raises(PermissionDenied):
            bulking.preview(issue, user, nonce="n2")


def test_the_second_of_two_people_hears_who_was_first(shop: Shop) -> None:
    ada, bob = make_ada(shop), make_ada(shop, name="bob")
    run = checked(fail_many(shop, 1), ada)
    seen_by_bob = BulkRun.objects.get(pk=run.pk)

    assert bulk.start(run, Wish(ada, NOW)) == ""

    assert bulk.start(seen_by_bob, Wish(bob, NOW)) == "It is running already: ada started it."
    assert run.made_by == ada


def test_a_pause_holds_at_once_and_a_resume_goes_on(shop: Shop, upstream: Upstream) -> None:
    ada = make_ada(shop)
    run = started(fail_many(shop, 45), ada)
    bulking.work()

    assert bulk.pause(run, Wish(ada, NOW)) == ""
    again.run_at(NOW)
    bulking.work(now=NOW + MINUTE)

    assert states(run) == {"succeeded": 40, "planned": 5}
    assert bulk.resume(run, Wish(ada, NOW + MINUTE)) == ""
    go_on(run, now=NOW + 2 * MINUTE)
    assert (run.state, states(run)) == (State.DONE, {"succeeded": 45})
    assert set(sent_orders(upstream).values()) == {1}


def test_a_stop_takes_back_what_has_not_begun(shop: Shop, upstream: Upstream) -> None:
    ada = make_ada(shop)
    run = started(fail_many(shop, 45), ada)
    bulking.work()

    assert bulk.stop(run, Wish(ada, NOW)) == ""
    bulking.work(now=NOW + MINUTE)
    again.run_at(NOW + MINUTE)

    assert run.state == State.STOPPED
    assert upstream.received == []
    assert codes(run) == {"cancelled": 40, "stopped": 5}
    assert set(FailedRequest.objects.values_list("state", flat=True)) == {"needs_fix"}
    assert bulk.start(run, Wish(ada, NOW)).startswith("It has changed meanwhile: it is stopped now.")


def test_what_changed_after_the_dry_run_is_left_out(shop: Shop, upstream: Upstream) -> None:
    ada = make_ada(shop)
    run = checked(fail_many(shop, 2), ada)
    fail(shop, [refused(shop, "1", at=NOW + MINUTE)], now=NOW + MINUTE)

    bulk.start(run, Wish(ada, NOW + MINUTE))
    go_on(run, now=NOW + MINUTE)

    assert codes(run) == {"changed": 1}
    assert sent_orders(upstream) == {"2": 1}


def test_what_is_refused_again_says_so(shop: Shop, upstream: Upstream) -> None:
    upstream.always = again.reply(400, {"products": [{"offer": ["Offer new does not exist either."]}]})
    run = started(fail_many(shop, 2), make_ada(shop))

    go_on(run)

    assert states(run) == {"refused": 2}


def test_a_paused_integration_keeps_a_run_waiting(shop: Shop, upstream: Upstream) -> None:
    ada = make_ada(shop, Role.ENGINEER)
    run = started(fail_many(shop, 2), ada)
    scope = f"account:{shop.integration.pk}"
    pauses.pause(scope, ada, reason="Looking into it", now=NOW)

    bulking.work()

    run.refresh_from_db()
    assert (run.state, states(run)) == (State.RUNNING, {"planned": 2})
    assert "Looking into it" in run.state_reason
    pauses.release(scope, ada, now=NOW)
    go_on(run, now=NOW + MINUTE)
    assert (run.state_reason, states(run)) == ("", {"succeeded": 2})


def test_of_one_object_only_one_is_under_way_and_the_older_goes_first(shop: Shop, upstream: Upstream) -> None:
    path, message = "/subscriptions/ab12/change_shipping_address/", {"quantity": ["Not a number."]}
    exchanges = [
        make_exchange(again.rest(shop, path, body={"quantity": "x", "note": note}), 400, message, sent_at=at)
        for note, at in (("second", NOW), ("first", NOW - MINUTE))
    ]
    issue = fail(shop, exchanges)
    upstream.always = again.reply(200, {})
    recipe = [Op(kind="replace", path="/quantity", old="x", value=2)]
    run = started(issue, make_ada(shop), recipe=recipe)

    bulking.work()

    assert Resubmission.objects.count() == 1
    go_on(run)
    assert [json.loads(one.body)["note"] for one in upstream.received] == ["first", "second"]


def test_a_worker_that_died_between_two_steps_leaves_nothing_to_be_done_twice(shop: Shop, upstream: Upstream) -> None:
    run = started(fail_many(shop, 3), make_ada(shop))
    bulking.work()
    # As if the worker had died before it had noted anything: approved, and still planned.
    assert states(run) == {"planned": 3}

    bulking.work(now=NOW + MINUTE)
    bulking.work(now=NOW + 2 * MINUTE)

    assert Resubmission.objects.count() == 3
    go_on(run, now=NOW + 3 * MINUTE)
    assert set(sent_orders(upstream).values()) == {1}


def test_a_run_whose_starter_lost_the_role_waits_for_another(shop: Shop) -> None:
    ada, bob = make_ada(shop), make_ada(shop, name="bob")
    run = started(fail_many(shop, 2), ada)
    Membership.objects.filter(user=ada).delete()

    bulking.work()

    run.refresh_from_db()
    assert run.state == State.PAUSED
    assert "ada may not send" in run.state_reason
    assert bulk.resume(run, Wish(bob, NOW)) == ""
    go_on(run, now=NOW + MINUTE)
    assert set(Resubmission.objects.values_list("asked_by", flat=True)) == {bob.pk}


def test_each_deed_is_written_down_and_shown_with_the_issue(shop: Shop) -> None:
    ada, issue = make_ada(shop), fail_many(shop, 1)
    run = started(issue, ada)
    bulk.pause(run, Wish(ada, NOW, "10.0.0.1"))
    bulk.stop(run, Wish(ada, NOW))

    mine = AuditEntry.objects.filter(subject="issue", subject_id=str(issue.pk)).order_by("id")

    deeds = list(mine.values_list("action", flat=True))
    assert deeds == [f"bulk_run.{deed}" for deed in ("previewed", "started", "paused", "stopped")]
    assert mine[1].after["recipe"] == [{"op": "replace", "path": "/products/*/offer", "value": "new", "old": "old"}]


def test_checked_again_it_sees_what_has_changed(shop: Shop) -> None:
    ada = make_ada(shop)
    run = checked(fail_many(shop, 2), ada)
    FailedRequest.objects.filter(order_id="1").update(state="dismissed", closed_at=NOW)

    assert bulk.check_again(run, Wish(ada, NOW)) == ""
    bulking.work()

    assert codes(run) == {"dismissed": 1}


def test_samples_of_the_diff_are_kept_of_a_few(shop: Shop) -> None:
    run = checked(fail_many(shop, 8), make_ada(shop))

    kept = [row.changes for row in BulkRow.objects.filter(run=run) if row.changes]

    assert kept == [[{"path": "/products/0/offer", "before": "old", "after": "new"}]] * 5


def test_a_run_of_only_the_failed_needs_no_recipe(shop: Shop, upstream: Upstream) -> None:
    made = again.purchase(shop, "501", products=("77", "88"))
    answer = {
        "subscriptions": [{"77": "0ff0f88accc511e8b6c0bc764e106cf4"}],
        "errors": {"subscriptions": [{"product": "88", "subscription": {"product": ["Object does not exist."]}}]},
    }
    issue = fail(shop, [make_exchange(made, 207, answer)])

    run = started(issue, make_ada(shop), recipe=(), only_failed=True)
    go_on(run)

    assert states(run) == {"succeeded": 1}
    assert sent_orders(upstream) == {"501-r1": 1}
