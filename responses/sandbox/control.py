"""The sandbox's own endpoints: change its modes, read its ledger and its state, start over."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import msgspec

from responses.sandbox import answers, ledger, messages, scripts, world
from responses.sandbox.ledger import Ledger
from responses.sandbox.messages import Received, Reply
from responses.sandbox.world import Modes, World

PREFIX = "/_"


class ControlError(ValueError):
    """A mode that does not exist, or a value that it cannot have."""


def handle(box: World, book: Ledger, received: Received, now: datetime) -> Reply:
    """Answer a request to ``/_control``, ``/_ledger``, ``/_state`` or ``/_answers``."""
    if received.path == "/_control" and received.method == "POST":
        try:
            change(box, book, _object(received.body), now)
        except ControlError as error:
            return messages.json_reply(400, {"error": str(error)})
        return _packed(box.modes)
    if received.method not in ("GET", "HEAD"):
        return messages.wrong_method(received.method)
    match received.path:
        case "/_control":
            return _packed(box.modes)
        case "/_ledger":
            entries = book.since(_number(received, "since", 0), limit=_number(received, "limit", 1_000),
                                 path=received.query.get("path", ""))  # fmt: skip
            return _packed({"number": book.number, "entries": entries})
        case "/_state":
            return _packed(state(box, book))
        case "/_answers":
            products = {script.prefix: script.note for script in scripts.ALL} | dict(scripts.TIMING)
            return _packed({"answers": {named.name: named.note for named in answers.ALL}, "products": products})
    return messages.not_found()


def change(box: World, book: Ledger, changes: dict[str, Any], now: datetime) -> None:
    """Set modes by name. ``reset``, ``lock`` ({id: seconds}) and ``outage_seconds`` are orders rather than modes.

    Raises ControlError, and changes nothing then.
    """
    changes = dict(changes)
    is_reset, locks = bool(changes.pop("reset", False)), changes.pop("lock", {})
    outage_seconds = changes.pop("outage_seconds", None)
    base = Modes() if is_reset else box.modes
    if isinstance(changes.get("next"), list):
        changes["next"] = [{"answer": step} if isinstance(step, str) else step for step in changes["next"]]
    try:
        modes = msgspec.convert({**msgspec.to_builtins(base), **changes}, Modes)
        until = {str(key): now.timestamp() + float(seconds) for key, seconds in dict(locks).items()}
        if outage_seconds is not None:
            modes.outage_until = now.timestamp() + float(outage_seconds)
    except (msgspec.ValidationError, TypeError, ValueError) as error:
        raise ControlError(str(error)) from error
    _check(modes)
    if "outage" in changes and outage_seconds is None and "outage_until" not in changes:
        modes.outage_until = None
    live = {key: moment for key, moment in modes.locked.items() if moment > now.timestamp()}
    modes.locked = {**live, **until}
    if is_reset:
        _empty(box, book)
    box.modes = modes


def state(box: World, book: Ledger) -> dict[str, Any]:
    """Counts, and what was created twice."""
    kinds = ("purchases", "subscriptions", "orders", "items", "customers", "payments", "addresses", "products")
    return {
        "requests": book.number,
        "by_status_code": dict(book.by_status),
        "by_answer": dict(book.by_answer),
        "held": {kind: len(getattr(box, kind)) for kind in kinds},
        "pending": sum(1 for purchase in box.purchases.values() if purchase["result"] is None),
        "applied_twice": ledger.applied_twice(box, book),
    }


def _check(modes: Modes) -> None:
    asked = [modes.outage] if modes.outage else []
    asked += [step.answer for step in modes.next] + [key.partition("@")[0] for key in modes.weights]
    for name in asked:
        if answers.named(name) is None:
            raise ControlError(f"there is no answer named {name!r}: GET /_answers lists them")
    for name in (
        "pending_seconds",
        "long_pending_seconds",
        "late_seconds",
        "slow_seconds",
        "hang_seconds",
        "drip_seconds",
    ):
        if not 0 <= getattr(modes, name) <= 1e9:
            raise ControlError(f"{name} is a number of seconds")
    if modes.credentials not in ("open", "optional", "required"):
        raise ControlError("credentials is open, optional or required")
    if modes.partial_status not in (206, 207):
        raise ControlError("partial_status is 206 or 207")
    if sum(modes.weights.values()) > 1.000_001 or any(not 0 <= share <= 1 for share in modes.weights.values()):
        raise ControlError("weights are shares: each at least 0, together at most 1")


def _empty(box: World, book: Ledger) -> None:
    fresh = world.World(rng=box.rng)
    box.__dict__.update(fresh.__dict__)
    book.__init__(book.entries.maxlen or 1)  # type: ignore[misc]


def _object(body: bytes) -> dict[str, Any]:
    try:
        data = json.loads(body or b"{}")
    except (ValueError, RecursionError) as error:
        raise ControlError(f"not JSON: {error}") from error
    if not isinstance(data, dict):
        raise ControlError("an object is expected")
    return data


def _packed(value: Any) -> Reply:
    return Reply(200, msgspec.json.encode(value), {"content-type": messages.JSON})


def _number(received: Received, name: str, default: int) -> int:
    text = received.query.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 12 else default
