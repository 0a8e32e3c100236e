"""What one exchange means: its outcome, its items and its complaints. A pure decision, from the code and the content.

It is total: whatever the bytes are, there is a meaning, and where the content cannot be read the code decides. It
stores nothing and asks nobody.
"""

from __future__ import annotations

import re

from responses.exchanges import Answer, Exchange, Item, ItemState, Meaning, Outcome, Problem
from responses.ordergroove import bodies, codes, items, storable
from responses.ordergroove.endpoints import Endpoint, Kind
from responses.ordergroove.purchase import Purchase

_FAILURE_WORDS = re.compile(
    r"\binvalid\b|\bnot valid\b|does not exist|\bdoesn't exist|(?<!no )(?<!0 )(?<!without )\berrors?\b"
    r"|\bfail(?:ed|ure)?\b|\bnot found\b|\bcannot\b|\bcan't\b|\bcould not\b|\bmissing\b|\bdenied\b|\brequired\b"
    r"|\bunauthori[sz]ed\b|\bunknown\b|\bexception\b|\brejected\b",
    re.IGNORECASE,
)
_RESULT_KEYS = ("result", "status", "message", "response", "detail", "details")
_LEGACY_SENTENCE = 300

_PENDING = re.compile(rb"^\W{0,4}response is pending", re.IGNORECASE)
_SUBS_REQ_ID = re.compile(rb'"subs_req_id"\s*:\s*"([^"\\\x00-\x1f]{1,200})"')


def read(exchange: Exchange, endpoint: Endpoint, purchase: Purchase | None = None) -> Meaning:
    """Return the meaning of an exchange on an endpoint.

    ``purchase`` is what was asked for, where the exchange is a purchase or the status of one: what the answer does not
    mention of it is unknown.
    """
    answer = exchange.response
    if answer is None:
        return _of_no_answer(exchange)
    code = answer.status_code
    if not 200 <= code < 300:
        return _of_failure(answer)
    match endpoint.kind:
        case Kind.PURCHASE | Kind.PURCHASE_STATUS:
            expected = purchase.expected if purchase is not None else ()
            return _of_purchase(answer, expected, is_status=endpoint.kind is Kind.PURCHASE_STATUS)
        case Kind.BULK_PRODUCTS:
            return _of_bulk(answer, exchange.request.body)
        case Kind.LEGACY | Kind.VERIFY:
            return _of_legacy(answer)
    outcome = codes.outcome_of(code)
    return _of_partial(answer) if outcome is Outcome.PARTIAL else Meaning(outcome)


def _of_no_answer(exchange: Exchange) -> Meaning:
    words = storable.text(exchange.failure.message, storable.MESSAGE_LENGTH) if exchange.failure else ""
    return Meaning(Outcome.NO_ANSWER, problems=(Problem("", words),) if words else ())


def _of_failure(answer: Answer) -> Meaning:
    data = bodies.parse(answer.body) if answer.body else None
    return Meaning(codes.outcome_of(answer.status_code), problems=bodies.problems(answer.body, data))


def _of_purchase(answer: Answer, expected: tuple[str, ...], *, is_status: bool) -> Meaning:
    """Read a purchase's answer: received, pending, or a result with what was created and what failed."""
    by_code = codes.outcome_of(answer.status_code)
    data = bodies.parse(answer.body) if answer.body else None
    subs_req_id = "" if is_status else _subs_req_id(data, answer.body)
    if subs_req_id:
        return Meaning(Outcome.ACCEPTED, subs_req_id=subs_req_id)
    stated = bodies.stated_errors(data, keys=("error", "error_message"))
    if by_code is Outcome.PARTIAL or items.has_result(data) or stated:
        return _of_result(answer, data, expected, by_code, stated)
    if by_code is Outcome.SUCCESS and answer.status_code in (200, 201) and not is_status:
        # Of a Purchase POST these codes say no more than "received", even where the id to ask for is missing.
        return Meaning(Outcome.ACCEPTED)
    if is_status and _PENDING.search(answer.body, 0, 512):
        return Meaning(Outcome.ACCEPTED)
    if is_status and by_code is Outcome.SUCCESS and expected:
        # A result was given and cannot be read: what was asked for is unknown, and certainly no success.
        return Meaning(Outcome.PARTIAL, items.of_purchase(None, expected)[0], _remarks(answer, data))
    return Meaning(by_code)


def _subs_req_id(data: object, body: bytes) -> str:
    """Return the id under which the result is asked for, also from an answer that was cut off after it."""
    if isinstance(data, dict):
        return storable.identifier(data.get("subs_req_id"))
    hit = _SUBS_REQ_ID.search(body, 0, 65_536) if data is None else None
    return storable.identifier(hit[1].decode("utf-8", "replace")) if hit else ""


def _of_result(
    answer: Answer, data: object, expected: tuple[str, ...], by_code: Outcome, stated: tuple[Problem, ...]
) -> Meaning:
    """Read a result with its items, or what came in the place of one."""
    found, problems = items.of_purchase(data, expected)
    if items.has_result(data) or stated:
        problems += stated
        return Meaning(_of_items(found, problems, by_code), found, problems)
    return Meaning(by_code, found, _remarks(answer, data))


def _remarks(answer: Answer, data: object) -> tuple[Problem, ...]:
    """Return what an answer of an unknown shape says about itself; its data is not taken for complaints."""
    if data is None and answer.body.lstrip()[:1] in (b"{", b"["):
        return (Problem("", bodies.UNREADABLE),)
    if data is None or isinstance(data, str):
        return bodies.problems(answer.body, data)
    return bodies.stated_errors(data, keys=(*bodies.STATED_KEYS, "detail", "details", "message"))


def _of_items(found: tuple[Item, ...], problems: tuple[Problem, ...], by_code: Outcome) -> Outcome:
    """Decide by the items: all created is what the code says, some is partial, none is for a person to fix."""
    states = {item.state for item in found}
    failed = ItemState.FAILED in states or bool(problems)
    if ItemState.CREATED in states:
        complained = failed or any(item.problems for item in found)
        return Outcome.PARTIAL if complained or ItemState.UNKNOWN in states else by_code
    if failed:
        return Outcome.NEEDS_FIX
    return Outcome.PARTIAL if ItemState.UNKNOWN in states else by_code


def _of_bulk(answer: Answer, request_body: bytes) -> Meaning:
    """Read a bulk products answer: its 207 is the ordinary one, and the items decide."""
    by_code = codes.outcome_of(answer.status_code)
    data = bodies.parse(answer.body) if answer.body else None
    sent = items.sent_in_bulk(bodies.parse(request_body)) if request_body else ()
    found, problems = items.of_bulk(data, sent)
    if not any(item.state is not ItemState.UNKNOWN for item in found) and not problems:
        # Nothing readable: the code decides, and no item is called created.
        return Meaning(by_code, found, _remarks(answer, data) if by_code is Outcome.PARTIAL else ())
    return Meaning(_of_items(found, problems, Outcome.SUCCESS), found, problems)


def _of_legacy(answer: Answer) -> Meaning:
    """Read an older endpoint, which tells of a failure in words under a 200."""
    by_code = codes.outcome_of(answer.status_code)
    data = bodies.parse(answer.body) if answer.body else None
    problems: tuple[Problem, ...] = ()
    if isinstance(data, dict):
        problems = _legacy_problems(data)
    elif answer.body and not isinstance(data, list):
        said = bodies.problems(answer.body, data)
        if said and len(said[0].message) <= _LEGACY_SENTENCE and _FAILURE_WORDS.search(said[0].message):
            problems = said
    return Meaning(Outcome.NEEDS_FIX, problems=problems) if problems else Meaning(by_code)


def _legacy_problems(data: dict[str, object]) -> tuple[Problem, ...]:
    stated = bodies.stated_errors(data)
    if stated:
        return stated
    said = [data[key] for key in _RESULT_KEYS if isinstance(data.get(key), str)]
    return bodies.complaints([words for words in said if _FAILURE_WORDS.search(str(words)[:_LEGACY_SENTENCE])])


def _of_partial(answer: Answer) -> Meaning:
    """Read a 206 or 207 of an endpoint that is not known to give one: its complaints, where it has any."""
    data = bodies.parse(answer.body) if answer.body else None
    found, problems = items.of_purchase(data) if items.has_result(data) else items.of_bulk(data)
    outcome = _of_items(found, problems, Outcome.PARTIAL)
    return Meaning(outcome, found, problems)
