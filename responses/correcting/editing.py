"""A failed request as text to correct, and the corrected text as the exact bytes to send. Neither sends nor writes.

Nobody sees what is hidden, and what is locked comes out as it went in. A text that cannot be sent gives problems to mend,
never an exception; a request that cannot be corrected at all says why.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from responses import redaction
from responses.correcting import changes, documents, doubts, failed_only, failing, locks, recipes
from responses.correcting.changes import Change
from responses.correcting.documents import Unreadable, Written
from responses.correcting.failed_only import CannotEdit as CannotEdit
from responses.correcting.failing import Place as Place
from responses.correcting.locks import Lock
from responses.exchanges import Request
from responses.models import FailedRequest, Resubmission
from responses.ordergroove import endpoints, storable, validation
from responses.ordergroove.endpoints import Kind
from responses.ordergroove.validation import Problem as Problem
from responses.recording.bodies import SENDABLE_BYTES
from responses.recording.resends import READS
from responses.sending import originals
from responses.sending.guard import Reason

ORDER_ID = "/merchant_order_id"
SENSITIVE = frozenset({"merchant_order_id", "user_id", "merchant_user_id", "customer", "customer_id"})
"""Who it is for, and which order: a change of these needs a reason."""
_LONGEST_ID = 200


@dataclass(frozen=True, kw_only=True)
class Editable:
    """A request opened for correction. Its repr holds nothing of the request."""

    kind: Resubmission.Kind
    text: str = field(repr=False)
    """JSON with placeholders."""
    encoding: str
    """How the body is written: ``purchase.Encoding``."""
    locked: tuple[Place, ...]
    """What nobody sees, and nobody may change."""
    hidden: tuple[Place, ...]
    """What nobody sees, but may be replaced."""
    sensitive: tuple[Place, ...]
    """What needs a reason when it is changed."""
    failing: tuple[Place, ...]
    """Ordergroove's complaints: the place may not exist yet, and is ``""`` where nobody knows it."""
    order_id: str
    """The order id that is suggested; ``""`` where there is none."""
    can_change_order_id: bool
    kept: int
    sent: int
    endpoint: endpoints.Endpoint
    original: Request = field(repr=False)
    written: Written = field(repr=False)
    shown: Any = field(repr=False)
    """The data of ``text``."""
    locks: tuple[Lock, ...] = field(repr=False)
    whole: Any = field(repr=False)
    """The data of the original as it may be shown, before anything was left out."""

    @property
    def first_order_id(self) -> str:
        """The order id of the original, ``""`` where it has none."""
        return _order_id(self.written.data)


class Corrected(msgspec.Struct, frozen=True, kw_only=True):
    """What a text makes of a request: bytes to send, where ``has_errors`` is false."""

    body: bytes = b""
    order_id: str = ""
    customer_id: str = ""
    changes: tuple[Change, ...] = ()
    """Redacted: ``path``, ``before``, ``after``."""
    recipe: tuple[dict[str, Any], ...] = ()
    """The same as operations for others (``recipes.load``); empty where it cannot be applied to others."""
    problems: tuple[Problem, ...] = ()
    needs_reason: bool = False
    """Something sensitive was changed."""

    @property
    def has_errors(self) -> bool:
        """Whether it cannot be sent like this."""
        return any(problem.is_error for problem in self.problems)

    def __repr__(self) -> str:
        return f"Corrected({len(self.body)} bytes, {len(self.problems)} problems)"


def open_original(request: FailedRequest, *, only_failed: bool = False) -> Editable:
    """Open the sealed original for correction, with its secrets out of sight. Raises ``CannotEdit``."""
    known = originals.endpoint_called(request.endpoint)
    if known is None:
        raise _no("endpoint", "It is no documented call of Ordergroove, so nobody knows what it does.")
    endpoint = known[1]
    original = _opened(request)
    is_purchase = endpoint.kind is Kind.PURCHASE
    try:
        written = documents.read(original.body, is_purchase=is_purchase)
    except Unreadable as why:
        raise _no("shape", why.words) from None
    kind = Resubmission.Kind.ONLY_FAILED if only_failed else Resubmission.Kind.FIX
    number = request.resubmissions.count() + 1
    left = (
        failed_only.narrowed(request, written.data, is_purchase=is_purchase, number=number)
        if only_failed
        else failed_only.Narrowed(written.data, 0, _size(written.data), _order_id(written.data))
    )
    shown, found = locks.conceal(left.data, is_purchase=is_purchase)
    return Editable(
        kind=kind,
        text=documents.pretty(shown),
        encoding=written.encoding.value,
        locked=tuple(_place(lock) for lock in found if lock.is_locked),
        hidden=tuple(_place(lock) for lock in found if not lock.is_locked),
        sensitive=tuple(_sensitive(shown)),
        failing=failing.of_request(request, left.data, is_purchase=is_purchase),
        order_id=left.order_id,
        can_change_order_id=is_purchase and (only_failed or not doubts.in_history(request)),
        kept=left.kept,
        sent=left.sent,
        endpoint=endpoint,
        original=original,
        written=written,
        shown=shown,
        locks=found,
        whole=locks.conceal(written.data, is_purchase=is_purchase)[0] if only_failed else shown,
    )


def corrected(editable: Editable, text: str, *, order_id: str | None = None) -> Corrected:
    """Return what ``text`` makes of the request. ``order_id`` is typed beside the text, and goes before it."""
    if len(text) > SENDABLE_BYTES:
        return _wrong("", f"The text is larger than {SENDABLE_BYTES // 1024} KiB.")
    try:
        typed = documents.parse(text)
    except Unreadable as why:
        return _wrong("", why.words)
    if type(typed) is not type(editable.shown):
        kind = "an object, in braces" if isinstance(editable.shown, dict) else "a list, in brackets"
        return _wrong("", f"The request must stay {kind}.")
    if order_id is not None and order_id.strip() and editable.endpoint.kind is Kind.PURCHASE:
        typed = typed | {"merchant_order_id": order_id.strip()}
    data, misplaced = locks.reveal(typed, editable.locks, locks.lengths_of(editable.shown))
    problems = [Problem(locks.pointer(path), words, is_error=True) for path, words in misplaced]
    found = changes.between(editable.shown, typed)
    problems += _of_locks(editable, found, {locks.pointer(path) for path, _ in misplaced})
    problems += _of_ids(editable, data)
    problems += validation.problems(data, editable.endpoint)
    body = _body(editable, data)
    problems += _of_body(editable, body, is_changed=bool(found))
    return Corrected(
        body=body,
        order_id=_order_id(data),
        customer_id=customer_of(data),
        changes=_left_out(editable) + tuple(changes.shown(one) for one in found),
        recipe=_recipe(editable, typed, found),
        problems=tuple(dict.fromkeys(problems)),
        needs_reason=any(_is_sensitive(one.path) for one in found),
    )


def _opened(request: FailedRequest) -> Request:
    if request.cannot_resend:
        raise _no("original", request.cannot_resend)
    if request.method in READS:
        raise _no("shape", "It only asks for something, so there is nothing in it to correct.")
    try:
        original = originals.opened(request.seal_id, "")
    except originals.CannotSend as why:
        raise _no(why.code, why.words) from None
    if not original.body.strip():
        raise _no("shape", "It has no body, so there is nothing in it to correct.")
    return original


def _body(editable: Editable, data: Any) -> bytes:
    """Return the bytes to send: those of the original where nothing in it was changed."""
    if documents.same(data, editable.written.data):
        return editable.original.body
    return documents.write(data, editable.written)


def _of_locks(editable: Editable, found: list[changes.Found], told: set[str]) -> Iterator[Problem]:
    """Refuse what changes, or adds, what is locked."""
    is_purchase = editable.endpoint.kind is Kind.PURCHASE
    for one in found:
        if locks.pointer(one.path) in told:
            continue
        for path, value in changes.leaves(one.path, one.after):
            if value in (None, "") or (isinstance(value, str) and any(value == lock.token for lock in editable.locks)):
                continue
            if path == locks.MERCHANT and is_purchase:
                yield Problem(locks.pointer(path), "The merchant is locked.", is_error=True)
            elif locks.is_locked_name(path) and not locks.may_be_added(path, is_purchase=is_purchase):
                words = "Card data and credentials are locked: they are neither changed nor added here."
                yield Problem(locks.pointer(path), words, is_error=True)


def _of_ids(editable: Editable, data: Any) -> Iterator[Problem]:
    order_id = _order_id(data)
    if editable.endpoint.kind is not Kind.PURCHASE:
        return
    if not order_id.isprintable() or len(order_id) > _LONGEST_ID:
        yield Problem(ORDER_ID, f"An order id is one line of at most {_LONGEST_ID} characters.", is_error=True)
    was = editable.first_order_id
    if editable.kind is Resubmission.Kind.ONLY_FAILED and order_id == was:
        words = "Under its old order id Ordergroove would take it for the order that it knows: use a new one."
        yield Problem(ORDER_ID, words, is_error=True)
    elif order_id != was and not editable.can_change_order_id:
        words = "An earlier send may have arrived: only the same order id keeps it from being created twice."
        yield Problem(ORDER_ID, words, is_error=True)


def _of_body(editable: Editable, body: bytes, *, is_changed: bool) -> Iterator[Problem]:
    if len(body) > SENDABLE_BYTES:
        yield Problem("", f"It would be larger than {SENDABLE_BYTES // 1024} KiB.", is_error=True)
    sent = msgspec.structs.replace(editable.original, body=body)
    if redaction.of_request(sent).has_clear_card:
        words = "It holds a card number or a security code in clear: that must never be sent from here."
        yield Problem("", words, is_error=True)
    if not is_changed and editable.kind is Resubmission.Kind.FIX:
        yield Problem("", "Nothing was changed, so the same request would be sent once more.")


def _left_out(editable: Editable) -> tuple[Change, ...]:
    """Return what was changed by leaving out what had been created."""
    if editable.kind is not Resubmission.Kind.ONLY_FAILED:
        return ()
    before, after = editable.whole, editable.shown
    if not isinstance(before, dict):
        return (Change("", _products(before), _products(after)),)
    lines = Change("/products", _products(before["products"]), _products(after["products"]))
    return (Change(ORDER_ID, changes.written(before.get("merchant_order_id")), editable.order_id), lines)


def _products(rows: Sequence[Any]) -> str:
    return f"{len(rows)} product{'' if len(rows) == 1 else 's'}"


def _recipe(editable: Editable, typed: Any, found: list[changes.Found]) -> tuple[dict[str, Any], ...]:
    """Return the changes as a recipe, without what belongs to this one customer or order."""
    if not all(changes.is_for_others(one) and not _is_sensitive(one.path) for one in found):
        return ()
    return tuple(recipes.dump(recipes.derive(editable.shown, typed)))


def _sensitive(data: Any, path: locks.Path = ()) -> Iterator[Place]:
    if isinstance(data, dict):
        for name, inner in data.items():
            if name in SENSITIVE and not isinstance(inner, dict | list):
                yield Place(locks.pointer((*path, name)), "A change of this needs a reason.")
            yield from _sensitive(inner, (*path, name))
    elif isinstance(data, list):
        for index, inner in enumerate(data):
            yield from _sensitive(inner, (*path, index))


def _is_sensitive(path: locks.Path) -> bool:
    return any(part in SENSITIVE for part in path[-1:]) or locks.is_locked_name(path)


def _place(lock: Lock) -> Place:
    return Place(locks.pointer(lock.path), lock.label)


def _size(data: Any) -> int:
    """Return how many products a request asks for."""
    lines = data.get("products") if isinstance(data, dict) else data
    return len(lines) if isinstance(lines, list) else 1


def _order_id(data: Any) -> str:
    return storable.identifier(data.get("merchant_order_id")) if isinstance(data, dict) else ""


def customer_of(data: Any) -> str:
    """Return whom a purchase is for, ``""`` where it does not say."""
    user = data.get("user") if isinstance(data, dict) else None
    return storable.identifier(user.get("user_id")) if isinstance(user, dict) else ""


def _wrong(path: str, words: str) -> Corrected:
    return Corrected(problems=(Problem(path, words, is_error=True),))


def _no(code: str, words: str) -> CannotEdit:
    return CannotEdit(Reason(code, words))
