"""A shop whose Ordergroove is the sandbox: it buys over real HTTP, and its purchases are recorded."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from responses.exchanges import Exchange, Origin, Request
from responses.following import poll
from responses.models import FollowUp, Integration
from responses.sandbox.server import Running
from responses.sending import client, credentials
from tests.factories import NOW, make_integration, make_purchase, record

KEY = "sandbox-key"


def make_shop(box: Running, *, api_key: str = KEY, **overrides: Any) -> Integration:
    """An integration whose purchases go to ``box``; without a key where ``api_key`` is empty."""
    shop = make_integration(hosts={"sc": box.url}, **overrides)
    if api_key:
        credentials.keep_api_key(shop, api_key)
        shop.save()
    return shop


def purchase(box: Running, order_id: str, *products: str) -> Exchange:
    """Send a Purchase POST as a shop does, and return what came back."""
    request = make_purchase(order_id, products=products or ("tea",))
    call = client.Call(
        method="POST", role="sc", path="/subscription/create", headers=request.headers, body=request.body
    )
    account = credentials.Account({"sc": box.url}, "merchant", KEY)
    return client.send(account, call, origin=Origin.CALLER, now=NOW, seconds=10)


def buy(shop: Integration, box: Running, order_id: str, *products: str, now: datetime = NOW) -> FollowUp:
    """Buy and record; the purchase must be accepted."""
    record(shop, purchase(box, order_id, *products), now=now)
    return FollowUp.objects.get(integration=shop, order_id=order_id)


def status_request(box: Running, follow_up: FollowUp) -> Request:
    """The question that a caller asks."""
    return Request("GET", f"{box.url}/subscription/{follow_up.subs_req_id}/response")


def poll_at(now: datetime, *, seconds: float = 5.0) -> frozenset[str]:
    """Poll as a worker does at ``now``, with the dice always at 0."""
    return poll.poll(clock=lambda: now, dice=lambda: 0.0, seconds=seconds)


def after(seconds: float) -> datetime:
    """The instant so many seconds after ``NOW``."""
    return NOW + timedelta(seconds=seconds)


def asked(box: Running) -> int:
    """How many status questions the sandbox got."""
    return sum(entry.method == "GET" for entry in box.ledger("/subscription/"))
