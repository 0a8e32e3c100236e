"""What is left of a request when all that was created is taken out: only that may be sent once more.

Nothing is guessed: where the failed cannot be told from the created, there is no such request.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

import msgspec

from responses import redaction
from responses.exchanges import ItemState
from responses.models import FailedRequest, Item, Resubmission
from responses.ordergroove import purchase, storable
from responses.sending.guard import Reason

_SUFFIX = re.compile(r"-r[0-9]{1,4}\Z")
_LONGEST_ID = 200


class CannotEdit(Exception):
    """Why a request cannot be corrected: every reason."""

    def __init__(self, *reasons: Reason) -> None:
        super().__init__(" ".join(reason.words for reason in reasons))
        self.reasons = reasons


class Narrowed(msgspec.Struct, frozen=True):
    """The request with only the failed, and how many lines were left out and are sent."""

    data: Any
    kept: int
    sent: int
    order_id: str
    """The new one; ``""`` where the request has none."""


def narrowed(request: FailedRequest, data: Any, *, is_purchase: bool, number: int) -> Narrowed:
    """Return the ``number``-th correction of ``request`` with only the failed of ``data``. Raises ``CannotEdit``."""
    states = _States(request)
    if not states.created and states.unknown:
        raise _no("unclear", "Its answer does not say what became of each product: look them up first.")
    if not states.created:
        raise _no("whole", "Nothing of it was created, so the whole request is corrected.")
    lines = _lines(data, is_purchase=is_purchase)
    wanted = [line for line in lines if not is_purchase or _is_subscription(line)]
    asked = [(line, _product(line, is_purchase=is_purchase)) for line in wanted]
    count = Counter(product for _, product in asked)
    left = [line for line, product in asked if states.is_failed(product, lines=count[product])]
    if not left:
        raise _no("whole", "None of its products is known to have failed.")
    kept = _kept_before(request) + len(asked) - len(left)
    if not is_purchase:
        return Narrowed(left, kept, len(left), "")
    order_id = _next_id(request, storable.identifier(data.get("merchant_order_id")), number)
    return Narrowed({**data, "merchant_order_id": order_id, "products": left}, kept, len(left), order_id)


class _States:
    """What is known of each product: created by any answer; failed, or not mentioned, by the newest that tells."""

    def __init__(self, request: FailedRequest) -> None:
        rows = list(Item.objects.filter(failed_request_id=request.pk).values_list("response_id", "product", "state"))
        newest = max((response_id for response_id, _, _ in rows), default=0)
        self.created = {product for _, product, state in rows if state == ItemState.CREATED}
        self._failed = {p for at, p, state in rows if at == newest and state == ItemState.FAILED}
        self.unknown = {p for at, p, state in rows if at == newest and state == ItemState.UNKNOWN}

    def is_failed(self, product: str, *, lines: int) -> bool:
        """Whether a product that stands in so many lines failed. Raises ``CannotEdit`` where nobody knows."""
        if not product:
            raise _no("unclear", "One of its products has no id, so the failed cannot be told from the created.")
        if product in self.created:
            if lines > 1 and product in self._failed | self.unknown:
                words = (
                    f"{product} stands in it {lines} times, and only a part of that was created: nobody knows which."
                )
                raise _no("unclear", words)
            return False
        if product in self.unknown:
            raise _no("unclear", f"The answer does not say whether {product} was created: look it up first.")
        if product not in self._failed:
            raise _no("unclear", f"No answer says what became of {product}: look it up first.")
        return True


def _lines(data: Any, *, is_purchase: bool) -> list[dict[str, Any]]:
    lines = data.get("products") if is_purchase and isinstance(data, dict) else data
    if not isinstance(lines, list) or not all(isinstance(line, dict) for line in lines):
        raise _no("unclear", "Its products cannot be told apart.")
    if len(lines) > purchase.MOST_PRODUCTS:
        raise _no("unclear", f"It has more than {purchase.MOST_PRODUCTS:,} products.")
    return lines


def _is_subscription(line: dict[str, Any]) -> bool:
    info = line.get("subscription_info")
    return isinstance(info, dict) and bool(info)


def _product(line: dict[str, Any], *, is_purchase: bool) -> str:
    """Return the id of a line as answers' items are stored."""
    found = storable.identifier(line.get("product") if is_purchase else line.get("product_id"))
    return redaction.of_id(found)[:_LONGEST_ID]


def _kept_before(request: FailedRequest) -> int:
    """Return how many lines an earlier correction had left out of the original at hand."""
    earlier = Resubmission.objects.filter(failed_request=request, resend__seal_id=request.seal_id)
    return earlier.order_by("-id").values_list("kept", flat=True).first() or 0


def _next_id(request: FailedRequest, order_id: str, number: int) -> str:
    """Return ``1001-rN``: the same for the same correction, so that sent twice it meets Ordergroove's 409."""
    if not order_id:
        raise _no("unclear", "It has no order id that a new one could be made of.")
    used = Resubmission.objects.filter(failed_request=request).values_list("order_id", flat=True)
    root = _SUFFIX.sub("", order_id) if redaction.of_id(order_id) in set(used) - {request.order_id} else order_id
    return f"{root}-r{number}"


def _no(code: str, words: str) -> CannotEdit:
    return CannotEdit(Reason(code, words[:300]))
