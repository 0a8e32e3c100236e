"""Rows for tests. Whatever recording makes is made by recording it, so that the rows are the real ones."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import count
from typing import Any

from responses.exchanges import Answer, Exchange, Failure, FailureKind, Request
from responses.models import IntakeKey, Integration, Membership, Response, Role, User
from responses.recording import facts
from responses.recording import record as recording

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
"""The instant at which tests happen: a Sunday noon."""
PASSWORD = "correct horse battery staple"
PURCHASE_URL = "https://sc.ordergroove.com/subscription/create"
REST_URL = "https://restapi.ordergroove.com"

_numbers = count(1)


def make_user(
    username: str = "", *, role: Role | None = None, integration: Integration | None = None, **overrides: Any
) -> User:
    """A person who may sign in with ``PASSWORD``: with ``role`` in ``integration``, or else with none anywhere."""
    username = username or f"person{next(_numbers)}"
    user = User.objects.create_user(username, f"{username}@example.com", PASSWORD, **overrides)
    if integration is not None:
        Membership.objects.create(user=user, integration=integration, role=role or Role.VIEWER)
    return user


def make_integration(slug: str = "", **overrides: Any) -> Integration:
    """A production integration of a merchant of its own."""
    slug = slug or f"shop-{next(_numbers)}"
    return Integration.objects.create(
        slug=slug, **{"name": slug.capitalize(), "merchant_id": f"merchant-{slug}", "created_at": NOW} | overrides
    )


def make_purchase(
    order_id: str = "", *, products: Sequence[str] = ("77",), price: str = "12.50", **overrides: Any
) -> Request:
    """A Purchase POST as raw JSON, with a subscription for each of ``products``."""
    body = {
        "merchant_id": "ac4f7938383a11e89ecbbc764e1107f2",
        "merchant_order_id": order_id or f"order-{next(_numbers)}",
        "og_cart_tracking": False,
        "user": {"user_id": "00026001", "email": "ada@example.com"},
        "payment": {"token_id": "7654321", "cc_type": "1"},
        "products": [
            {
                "product": product,
                "sku": product,
                "subscription_info": {"quantity": 1, "tracking_override": {"every": 4, "every_period": 2}},
                "purchase_info": {"quantity": 1, "price": price, "total": price},
            }
            for product in products
        ],
    } | overrides
    return Request("POST", PURCHASE_URL, {"content-type": "application/json"}, json.dumps(body).encode())


def make_rest(path: str = "/subscriptions/ab12/cancel/", *, method: str = "PATCH", body: object = None) -> Request:
    """A call of the REST API."""
    content = b"" if body is None else json.dumps(body).encode()
    return Request(method, REST_URL + path, {"content-type": "application/json"}, content)


def make_exchange(
    request: Request | None = None, status_code: int = 200, answer: object = None, **overrides: Any
) -> Exchange:
    """An exchange of ``NOW``. ``answer`` is the body: bytes as they are, anything else as JSON."""
    content = answer if isinstance(answer, bytes) else b"" if answer is None else json.dumps(answer).encode()
    response = Answer(status_code, {"content-type": "application/json"}, content)
    values: dict[str, Any] = {
        "request": request or make_purchase(),
        "response": response,
        "sent_at": NOW,
        "duration_ms": 231,
    }
    return Exchange(**values | overrides)


def make_refusal(order_id: str = "", *, message: str = "Session id cannot be null", **overrides: Any) -> Exchange:
    """A Purchase POST that was refused with 400."""
    return make_exchange(make_purchase(order_id), 400, {"error_message": message}, **overrides)


def make_partial(order_id: str = "", **overrides: Any) -> Exchange:
    """A Purchase POST of which product 77 was created and product 88 was not."""
    answer = {
        "customer": "00026001",
        "subscriptions": [{"77": "0ff0f88accc511e8b6c0bc764e106cf4"}],
        "errors": {"subscriptions": [{"product": "88", "subscription": {"product": ["Object does not exist."]}}]},
    }
    return make_exchange(make_purchase(order_id, products=["77", "88"]), 207, answer, **overrides)


def make_accepted(order_id: str = "", *, subs_req_id: str = "", **overrides: Any) -> Exchange:
    """A Purchase POST that was accepted: its result comes later."""
    answer = {"result": "Subscription request received", "subs_req_id": subs_req_id or f"request{next(_numbers)}"}
    return make_exchange(make_purchase(order_id), 200, answer, **overrides)


def make_timeout(request: Request | None = None, **overrides: Any) -> Exchange:
    """A call that got no answer."""
    failure = Failure(FailureKind.TIMEOUT, "The read operation timed out")
    return make_exchange(request, response=None, failure=failure, **overrides)


def record(
    integration: Integration, *exchanges: Exchange, key: IntakeKey | None = None, now: datetime = NOW
) -> list[Response]:
    """Record ``exchanges`` as one batch, and return their responses in the same order."""
    written = recording.record(facts.of(integration, key), exchanges, now=now)
    rows = Response.objects.in_bulk([result.id for result in written.results])
    return [rows[result.id] for result in written.results]
