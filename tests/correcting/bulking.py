"""Refused purchases by the dozen, and workers that go on with bulk runs, at a clock that stands still."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from responses.correcting import bulk, bulk_work
from responses.correcting.bulk import Plan, Wish
from responses.correcting.operations import Op
from responses.exchanges import Exchange
from responses.models import BulkRow, BulkRun, FailedRequest, Issue, Role, User
from responses.recording import facts
from responses.recording import record as recording
from tests.factories import NOW, make_exchange, make_user
from tests.retrying import again
from tests.retrying.again import Clock, Shop

REFUSAL = {"products": [{"offer": ["Offer old does not exist."]}]}
RECIPE = (Op(kind="replace", path="/products/*/offer", old="old", value="new"),)


def refused(shop: Shop, order_id: str, *, at: datetime = NOW, offer: str = "old", **overrides: Any) -> Exchange:
    """A purchase that was refused since its offer does not exist."""
    products = [{"product": "77", "offer": offer, "subscription_info": {"quantity": 1}}]
    values: dict[str, Any] = {"order_id": order_id, "user": {"user_id": f"u{order_id}"}} | overrides
    order_id = values.pop("order_id")
    made = again.purchase(shop, order_id)
    body = json.loads(made.body) | values
    body["products"] = [body["products"][0] | products[0]]
    request = type(made)(made.method, made.url, made.headers, json.dumps(body).encode())
    return make_exchange(request, 400, REFUSAL, sent_at=at)


def fail(shop: Shop, exchanges: Sequence[Exchange], *, now: datetime = NOW) -> Issue:
    """Record them as one batch, and return the issue of the first."""
    recording.record(facts.of(shop.integration, shop.key), exchanges, now=now)
    return Issue.objects.filter(integration=shop.integration).earliest("id")


def fail_many(shop: Shop, number: int, *, first: int = 1, now: datetime = NOW, **overrides: Any) -> Issue:
    """So many refused purchases of one issue."""
    return fail(shop, [refused(shop, f"{first + place}", **overrides) for place in range(number)], now=now)


def make_ada(shop: Shop, role: Role = Role.SUPPORT, name: str = "ada") -> User:
    """A person of the shop."""
    return make_user(name, role=role, integration=shop.integration)


def preview(issue: Issue, user: User, *, nonce: str = "n1", now: datetime = NOW, **overrides: Any) -> BulkRun:
    """Ask for a run."""
    values: dict[str, Any] = {"name": "Fix the offer", "recipe": RECIPE} | overrides
    return bulk.preview(issue, Plan(**values), Wish(user, now), nonce=nonce)


def checked(issue: Issue, user: User, *, now: datetime = NOW, **overrides: Any) -> BulkRun:
    """A run that has been checked."""
    run = preview(issue, user, now=now, **overrides)
    work(now=now)
    run.refresh_from_db()
    assert run.state == BulkRun.State.PREVIEW
    return run


def started(issue: Issue, user: User, *, now: datetime = NOW, **overrides: Any) -> BulkRun:
    """A run that has just been started; nothing is approved yet."""
    run = checked(issue, user, now=now, **overrides)
    assert bulk.start(run, Wish(user, now)) == ""
    return run


def work(*, now: datetime = NOW) -> frozenset[str]:
    """Let a worker do its part."""
    return bulk_work.run_due(clock=Clock(now))


def go_on(run: BulkRun, *, now: datetime = NOW, turns: int = 40) -> BulkRun:
    """Approve and send in turns until the run has ended."""
    for turn in range(turns):
        at = now + timedelta(seconds=10 * turn)
        work(now=at)
        run.refresh_from_db()
        if run.ended_at is not None:
            return run
        again.run_at(at)
    return run


def states(run: BulkRun) -> dict[str, int]:
    """How many rows are in each state."""
    found: dict[str, int] = {}
    for state in BulkRow.objects.filter(run=run).values_list("state", flat=True):
        found[state] = found.get(state, 0) + 1
    return found


def codes(run: BulkRun) -> dict[str, int]:
    """How many rows have each reason."""
    found: dict[str, int] = {}
    for code in BulkRow.objects.filter(run=run).exclude(code="").values_list("code", flat=True):
        found[code] = found.get(code, 0) + 1
    return found


def request_of(shop: Shop, order_id: str) -> FailedRequest:
    """The failed request of an order."""
    return FailedRequest.objects.get(integration=shop.integration, order_id=order_id)
