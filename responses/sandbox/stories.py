"""What happens in a shop, as stories: each asks one call after the other and hears the answers.

They know neither sockets nor the clock, so that a live shop and thirty days of history are made of the same ones.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import msgspec

from responses.sandbox import carts, forms, goods
from responses.sandbox.calls import Call, Heard, Story
from responses.sandbox.carts import MERCHANT
from responses.sandbox.forms import Form
from responses.sandbox.memory import Shop
from responses.sandbox.weather import Weather


def pick(shop: Shop, weather: Weather, now: datetime) -> Story:
    """The next thing that happens."""
    stories: tuple[tuple[int, Callable[[Shop, Weather, datetime], Story]], ...] = (
        (34, checkout), (22, manage), (28, look_up), (5, upsell), (4, change_payment), (2, lost_object),
        (3, single_product), (2, verify),
    )  # fmt: skip
    chosen = shop.rng.choices([story for _, story in stories], [weight for weight, _ in stories])[0]
    return chosen(shop, weather, now)


def checkout(shop: Shop, weather: Weather, now: datetime) -> Story:
    """A customer buys, with subscriptions; afterwards the shop asks what became of them."""
    document, form, service = carts.fill(shop, weather, now)
    call = Call(
        "POST", "/subscription/create", "sc", forms.write(document, form), carts.content_type(shop, form), service
    )
    heard = yield call
    for wait in (shop.soon(4, 15), shop.later(45, 90), shop.later(300, 900)):
        if not heard.is_passing or not shop.chance(0.8):
            break
        heard = yield msgspec.structs.replace(call, after=wait)
    if heard.is_good:
        yield from _confirm(shop, document, heard, service)
        if shop.chance(0.004):
            yield msgspec.structs.replace(call, after=shop.soon(1, 20))  # pressed twice: 409
    elif heard.status_code == 400:
        yield from _stubborn(shop, document, form, call)


def manage(shop: Shop, weather: Weather, now: datetime) -> Story:
    """A customer changes a subscription."""
    if not shop.subscriptions:
        yield from look_up(shop, weather, now)
        return
    key, _ = shop.rng.choice(shop.subscriptions)
    yield Call("GET", f"/subscriptions/{key}/", service="account")
    name, data = _change(shop, now)
    call = Call("PATCH", f"/subscriptions/{key}/{name}/", body=json.dumps(data).encode(), service="account",
                after=shop.soon(2, 20))  # fmt: skip
    heard = yield call
    for wait in (shop.soon(2, 4), shop.soon(5, 9), shop.soon(12, 20)):
        if not heard.is_passing or not shop.chance(0.85):
            return
        heard = yield msgspec.structs.replace(call, after=wait)


def look_up(shop: Shop, weather: Weather, _now: datetime) -> Story:
    """Somebody looks at a customer's subscriptions or orders."""
    user_id = shop.rng.choice(shop.subscriptions)[1] if shop.subscriptions else shop.customers[0].user_id
    is_old_key = shop.chance(weather.old_key)
    service = "reports" if is_old_key else "account"
    kind = shop.rng.choice(("subscriptions", "orders", "orders", "payments"))
    heard = yield Call("GET", f"/{kind}/?customer={user_id}", service=service, is_old_key=is_old_key)
    found = heard.data().get("results") or []
    if heard.is_good and found and shop.chance(0.5):
        yield Call("GET", f"/{kind}/{found[0]['public_id']}/", service=service, after=shop.soon(1, 8))
    elif heard.is_passing and shop.chance(0.6):
        yield Call("GET", f"/{kind}/?customer={user_id}", service=service, after=shop.soon(2, 12))


def upsell(shop: Shop, weather: Weather, now: datetime) -> Story:
    """One more product, or a discount, in the next order of a customer."""
    if not shop.subscriptions:
        yield from look_up(shop, weather, now)
        return
    _, user_id = shop.rng.choice(shop.subscriptions)
    heard = yield Call("GET", f"/orders/?customer={user_id}", service="account")
    found = heard.data().get("results") or []
    if not found:
        return
    order = found[0]["public_id"]
    if shop.chance(0.5):
        data: dict[str, Any] = {"order": order, "product": shop.rng.choice(goods.MORE).product, "quantity": 1}
        if shop.chance(0.05):
            del data["quantity"]
        target = "/items/iu/"
    else:
        data = {"order": order, "discount_code": shop.rng.choice(("TEN", "WELCOME"))}
        target = "/one_time_incentives/create/"
    yield Call("POST", target, body=json.dumps(data).encode(), service="account", after=shop.soon(2, 30))


def change_payment(shop: Shop, _weather: Weather, _now: datetime) -> Story:
    """A new card through the old endpoint, which answers 200 whatever happens."""
    is_known = bool(shop.subscriptions) and shop.chance(0.93)
    user_id = shop.rng.choice(shop.subscriptions)[1] if is_known else "00000000"
    payment = {"token_id": f"tok{shop.rng.getrandbits(40):010x}"}
    data = {"merchant_id": MERCHANT, "user": {"user_id": user_id}, "payment": payment}
    yield Call("POST", "/customer/update_payment_default", "api", json.dumps(data).encode(), service="account")


def verify(shop: Shop, _weather: Weather, _now: datetime) -> Story:
    """The night job of an old integration asks whether an order arrived."""
    number = shop.first_order + max(1, shop.orders_made - shop.rng.randrange(1, 30))
    data = {"merchant_id": MERCHANT, "merchant_order_id": str(number)}
    yield Call("POST", "/order/verify", "api", json.dumps(data).encode(), service="back office")


def lost_object(shop: Shop, _weather: Weather, _now: datetime) -> Story:
    """A stale bookmark, or an object that was merged away: 404."""
    kind = shop.rng.choice(("orders", "subscriptions", "customers"))
    key = f"{shop.rng.getrandbits(128):032x}" if kind != "customers" else f"{shop.rng.randrange(10**7):08d}"
    for tries in range(shop.rng.choice((1, 1, 2, 4))):
        yield Call("GET", f"/{kind}/{key}/", service="account", after=shop.soon(3, 30) if tries else 0)


def single_product(shop: Shop, _weather: Weather, _now: datetime) -> Story:
    """The back office corrects one product."""
    good = shop.rng.choice(goods.ALL)
    price = "free" if shop.chance(0.06) else good.price
    call = Call(
        "PATCH", f"/products/{good.product}/", body=json.dumps({"price": price}).encode(), service="back office"
    )
    heard = yield call
    if heard.is_passing:
        yield msgspec.structs.replace(call, after=shop.later(20, 60))


def feed(shop: Shop, weather: Weather, _now: datetime) -> Story:
    """The nightly product feed, in batches: a 207 that is a full success, a partial or a total failure."""
    for number in range(shop.rng.randrange(2, 5)):
        rows = [
            {"product_id": good.product, "name": good.name, "price": good.price, "live": True} for good in goods.ALL
        ]
        if shop.chance(0.3 + weather.wrong_sku):
            rows += [
                {"product_id": goods.renamed(good), "name": good.name, "price": good.price} for good in goods.TEA[:2]
            ]
        if shop.chance(0.15):
            rows[0] = {**rows[0], "price": "n/a"}
        if shop.chance(0.04):
            rows = [{**row, "product_id": f"unknown-{row['product_id']}"} for row in rows]
        call = Call("PATCH", "/products-batch/update/", body=json.dumps(rows).encode(), service="feed",
                    after=shop.soon(1, 4) if number else 0)  # fmt: skip
        heard = yield call
        for wait in (shop.soon(3, 6), shop.soon(8, 15)):
            if heard.is_passing:
                heard = yield msgspec.structs.replace(call, after=wait)


def _confirm(shop: Shop, document: dict[str, Any], heard: Heard, service: str) -> Story:
    """Ask for the result of an accepted order until it is there, and remember the subscriptions."""
    user_id = document["user"]["user_id"]
    data = heard.data()
    subs_req_id = data.get("subs_req_id")
    if subs_req_id and shop.chance(shop.poll_share):
        for wait in (shop.soon(1.5, 8), shop.soon(3, 6), shop.soon(8, 15), shop.later(60, 120), shop.later(300, 600)):
            heard = yield Call("GET", f"/subscription/{subs_req_id}/response", "sc", service=service, after=wait)
            if heard.status_code == 200 and "subscriptions" in heard.data():
                break
        data = heard.data()
    for created in data.get("subscriptions") or []:
        shop.subscriptions.extend((key, user_id) for key in created.values())


def _stubborn(shop: Shop, document: dict[str, Any], form: Form, call: Call) -> Story:
    """A job repeats what was refused, unchanged, as if that could help; sometimes a person then corrects it."""
    if shop.chance(0.4):
        for _ in range(shop.rng.randrange(1, 7)):
            heard = yield msgspec.structs.replace(call, after=shop.later(540, 660))
            if heard.is_good:
                return
    if not shop.chance(0.45):
        return
    corrected = {**document, "og_cart_tracking": False}
    if not document.get("payment"):
        corrected["payment"] = {"token_id": f"tok{shop.rng.getrandbits(40):010x}", "cc_type": "1"}
    if "@" not in document["user"]["email"]:
        corrected["user"] = {**document["user"], "email": document["user"]["email"].replace(".", "@", 1)}
    heard = yield msgspec.structs.replace(call, body=forms.write(corrected, form), after=shop.later(1_800, 14_400))
    if heard.is_good:
        yield from _confirm(shop, corrected, heard, call.service)


def _change(shop: Shop, now: datetime) -> tuple[str, dict[str, Any]]:
    date = (now + timedelta(days=shop.rng.randrange(3, 40))).date().isoformat()
    changes: list[tuple[int, str, dict[str, Any]]] = [
        (30, "change_quantity", {"quantity": shop.rng.choice((1, 2, 3, 3, 4, 0))}),
        (25, "change_frequency", {"every": shop.rng.choice((2, 4, 6)), "every_period": 2}),
        (20, "change_next_order_date", {"order_date": date}),
        (10, "change_product", {"product": shop.rng.choice(goods.ALL).product}),
        (9, "cancel", {"cancel_reason": "4|Overstocked"}),
        (4, "update", {"extra_data": {"gift": "yes"}}),
        (2, "change_payment", {"payment": f"{shop.rng.getrandbits(128):032x}"}),
    ]
    _, name, data = shop.rng.choices(changes, [weight for weight, _, _ in changes])[0]
    return name, data
