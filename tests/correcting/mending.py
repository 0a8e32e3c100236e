"""Failures to correct, and corrections of them."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

from responses.correcting import approve, editing
from responses.models import FailedRequest, User
from responses.sending import wishes
from responses.sending.wishes import Deed
from tests.factories import make_exchange
from tests.following.buying import after
from tests.retrying import again
from tests.retrying.again import Shop, purchase

NO_SESSION = {"error_message": "Session id cannot be null"}
Edit = Callable[[Any], None]


def refused(
    shop: Shop, order_id: str = "1001", answer: Any = None, status_code: int = 400, **overrides: Any
) -> FailedRequest:
    """An order that Ordergroove refused as a whole."""
    made = purchase(shop, order_id, **overrides)
    return again.record_for(shop, make_exchange(made, status_code, answer or NO_SESSION))


def partial(shop: Shop, order_id: str = "1001") -> FailedRequest:
    """An order of three products, of which 88 failed and the others were created."""
    answer = {
        "subscriptions": [{"77": "s77"}, {"99": "s99"}],
        "errors": {"subscriptions": [{"product": "88", "subscription": {"product": ["Object does not exist."]}}]},
    }
    made = purchase(shop, order_id, products=["77", "88", "99"])
    return again.record_for(shop, make_exchange(made, 207, answer))


def edited(request: FailedRequest, edit: Edit, *, only_failed: bool = False) -> str:
    """Return the text of a request as somebody has edited it."""
    data = json.loads(editing.open_original(request, only_failed=only_failed).text)
    edit(data)
    return json.dumps(data, indent=2)


def session(data: Any) -> None:
    """Mend what ``refused`` complains about."""
    data["session_id"] = "shop.1.1700000000"


def approved(
    request: FailedRequest, user: User, edit: Edit = session, *, now: datetime | None = None, **named: Any
) -> Deed:
    """Approve a correction as the form does."""
    only_failed = bool(named.get("only_failed"))
    values: dict[str, Any] = {
        "text": named.pop("text", None) or edited(request, edit, only_failed=only_failed),
        "only_failed": False,
        "order_id": None,
        "reason": "",
        "overrides": (),
        "nonce": "n1",
        "saw": wishes.seen(request),
        "now": now or after(5),
        "address": "192.0.2.7",
    }
    return approve.approve(request, user, **values | named)
