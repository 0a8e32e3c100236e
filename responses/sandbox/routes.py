"""From a request to the sandbox's answer: scripted ones first, then credentials, then what the request deserves."""

from __future__ import annotations

from datetime import datetime

import msgspec

from responses.sandbox import (
    answers,
    catalogue,
    creating,
    credentials,
    forms,
    legacy,
    messages,
    purchases,
    resources,
    scripts,
)
from responses.sandbox import world as worlds
from responses.sandbox.answers import Named
from responses.sandbox.messages import Plan, Received
from responses.sandbox.world import Step, World

HEADER = "x-sandbox-answer"
_CHANGING = ("POST", "PATCH", "PUT", "DELETE")


def answer(world: World, received: Received, now: datetime) -> Plan:
    """Decide and carry out one request at the time ``now``."""
    _catch_up(world, now)
    name = _scripted(world, received, now)
    named = answers.named(name)
    if named is None:
        return _finish(
            Plan(messages.json_reply(400, {"sandbox": f"there is no answer named {name!r}"})), received, name
        )
    plan = _planned(world, received, named, now)
    return _finish(plan, received, name)


def _catch_up(world: World, now: datetime) -> None:
    """What was put off until now: pending purchases, and requests that were answered before they were carried out."""
    due = [entry for entry in world.postponed if entry[0] <= now.timestamp()]
    for entry in due:
        world.postponed.remove(entry)
        _deserved(world, entry[1], now, "")
    purchases.settle(world, now)


def _planned(world: World, received: Received, named: Named, now: datetime) -> Plan:
    if not named.takes_effect:
        plan = Plan(named.reply or messages.Reply(200), named.manner)
    elif named.is_late:
        world.postponed.append((now.timestamp() + world.modes.late_seconds, received))
        plan = Plan(named.reply or messages.Reply(200), named.manner)
    else:
        plan = _deserved(world, received, now, named.mode)
        plan.manner = named.manner
        if named.reply is not None or named.name.startswith("apply-"):
            _answer_otherwise(world, received, plan, named)
    plan.reply = answers.with_retry_after(plan.reply, named.name, seconds=world.modes.retry_after, now=now)
    return plan


def _answer_otherwise(world: World, received: Received, plan: Plan, named: Named) -> None:
    plan.reply = named.reply or plan.reply
    if plan.reply.status_code >= 500:
        purchases.guard_anyway(world, received)


def _finish(plan: Plan, received: Received, name: str) -> Plan:
    plan.name = name
    plan.key = credentials.name_of(received)
    if not plan.order_id and received.path.startswith("/subscription/create"):
        plan.order_id = str((forms.read(received.body) or {}).get("merchant_order_id") or "")
    if received.method == "HEAD":
        plan.reply = msgspec.structs.replace(plan.reply, body=b"")
    return plan


def _scripted(world: World, received: Received, now: datetime) -> str:
    """The name of the answer: outage, queue, header, product or path id, weights; else ``ok``."""
    modes = world.modes
    if modes.outage_until is not None and modes.outage_until <= now.timestamp():
        modes.outage, modes.outage_until = "", None
    if modes.outage:
        return modes.outage
    step = next((step for step in modes.next if _fits(step, received)), None)
    if step is not None:
        step.times -= 1
        modes.next = [left for left in modes.next if left.times > 0]
        return step.answer
    if received.headers.get(HEADER):
        return received.headers[HEADER].strip()
    return _by_product(world, received) or _by_chance(world, received) or "ok"


def _fits(step: Step, received: Received) -> bool:
    return step.times > 0 and step.method in ("", received.method) and received.path.startswith(step.path)


def _by_product(world: World, received: Received) -> str:
    """An id that begins with ``answer-`` in the path or among the products."""
    found = [part for part in received.path.split("/") if part.startswith("answer-")]
    if b"answer-" in received.body:
        document = forms.read(received.body) or {}
        found += [creating.product_id(product) for product in (document, *creating.products_of(document))]
    for product in found:
        whole = scripts.whole_answer(product)
        if whole is None:
            continue
        name, times = whole
        order_id = str((forms.read(received.body) or {}).get("merchant_order_id") or received.path)
        tries = world.tries.put(f"{order_id} {product}", {"n": _tries(world, f"{order_id} {product}") + 1})
        if not times or tries["n"] <= times:
            return name
    return ""


def _tries(world: World, key: str) -> int:
    return int((world.tries.get(key) or {"n": 0})["n"])


def _by_chance(world: World, received: Received) -> str:
    if not world.modes.weights:
        return ""
    dice = world.rng.random()
    targets = (received.path, f"{received.method} {received.path}")
    for key, share in world.modes.weights.items():
        name, _, prefix = key.partition("@")
        if prefix and not any(target.startswith(prefix) for target in targets):
            continue
        if dice < share:
            return name
        dice -= share
    return ""


def _deserved(world: World, received: Received, now: datetime, mode: str) -> Plan:
    refused = credentials.refuse(world.modes, received, now)
    if refused is not None:
        return Plan(messages.authentication_failed(refused))
    if worlds.is_over_rate(world, now):
        return Plan(messages.json_reply(429, {"detail": "Request was throttled."}))
    parts = [part for part in received.path.split("/") if part]
    if not parts:
        return Plan(messages.not_found())
    if parts[0] in ("subscription", "customer", "order"):
        return _composite(world, received, parts, now, mode)
    if parts[0] == "products" or parts[0] == "products-batch":
        return _products(world, received, parts)
    if parts[0] in resources.FILTERS:
        return _resource(world, received, parts, now)
    return Plan(messages.not_found())


def _composite(world: World, received: Received, parts: list[str], now: datetime, mode: str) -> Plan:
    """The endpoints of sc. and of the legacy host."""
    match received.method, parts:
        case "POST", ["subscription", "create"]:
            return purchases.create(world, received, now, mode)
        case "GET" | "HEAD", ["subscription", subs_req_id, "response"]:
            return Plan(purchases.status(world, subs_req_id), resource=subs_req_id)
        case "GET" | "POST", ["subscription", "verify", *rest]:
            return legacy.verify_subscription(world, rest)
        case "POST", ["customer", "update_payment_default"]:
            return legacy.update_payment_default(world, received)
        case "POST", ["order", "verify"]:
            return legacy.verify_order(world, received)
        case _, ["subscription", "create"] | ["subscription", _, "response"]:
            return Plan(messages.wrong_method(received.method))
    return Plan(messages.not_found())


def _products(world: World, received: Received, parts: list[str]) -> Plan:
    match received.method, parts:
        case "POST", ["products-batch", "create"]:
            return catalogue.batch(world, received, is_new=True)
        case "PATCH", ["products-batch", "update"]:
            return catalogue.batch(world, received, is_new=False)
        case "GET" | "HEAD", ["products"]:
            listed = list(world.products.values())
            return Plan(messages.json_reply(200, {"next": None, "previous": None, "results": listed[-100:]}))
        case "GET" | "HEAD", ["products", product]:
            return catalogue.find(world, product)
        case "PATCH", ["products", product] | ["products", product, "update"]:
            return catalogue.update(world, product, received)
        case _, ["products-batch", "create" | "update"] | ["products", _]:
            return Plan(messages.wrong_method(received.method))
    return Plan(messages.not_found())


def _resource(world: World, received: Received, parts: list[str], now: datetime) -> Plan:
    kind = parts[0]
    match received.method, parts[1:]:
        case "GET" | "HEAD", []:
            return resources.find_all(world, kind, received)
        case "POST", ["iu"] if kind == "subscriptions":
            return resources.subscribe_in_order(world, received, now)
        case "POST", ["iu"] if kind == "items":
            return resources.create(world, kind, received, now)
        case "POST", ["create"] if kind not in ("subscriptions", "orders"):
            return resources.create(world, kind, received, now)
        case "GET" | "HEAD", [key]:
            return resources.find(world, kind, key)
        case "POST" | "PATCH", [key, "use_for_all"] if kind in ("payments", "addresses"):
            return resources.use_for_all(world, kind, key)
        case "PATCH" | "POST", [key, "send_now"] if kind == "orders":
            return resources.change(world, kind, key, "send_now", received, now)
        case "PATCH", [key, name] if name in resources.CHANGES[kind]:
            return resources.change(world, kind, key, name, received, now)
        case "PATCH", [key] if "update" in resources.CHANGES[kind]:
            return resources.change(world, kind, key, "update", received, now)
        case "DELETE", [key] | [key, "delete"] if kind in ("items", "one_time_incentives"):
            return resources.remove(world, kind, key, now)
        case method, [_] | [_, _] | ["create"] | []:
            name = parts[2] if len(parts) > 2 else ""
            known = not name or name in resources.CHANGES[kind]
            return Plan(messages.wrong_method(method)) if known else Plan(messages.not_found())
    return Plan(messages.not_found())


def resource_of(received: Received) -> str:
    """What a request changes, for the rule that two changes of one resource exclude each other; ``""`` for none."""
    if received.method not in _CHANGING:
        return ""
    parts = [part for part in received.path.split("/") if part]
    if parts[:2] == ["subscription", "create"]:
        return f"order {(forms.read(received.body) or {}).get('merchant_order_id') or ''}"
    return f"{parts[0]} {parts[1]}" if len(parts) > 2 else ""
