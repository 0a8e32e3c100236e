"""What of an exchange may be shown, and in which words: everything that leaves here is redacted.

Values that were masked in the request are masked wherever the answer quotes them.
"""

from __future__ import annotations

import msgspec

from responses import redaction, sealing
from responses.exchanges import Answer, Exchange, Item, Meaning, Problem
from responses.ordergroove import bodies as answers
from responses.ordergroove import endpoints, storable
from responses.recording import bodies

_MOST_ITEMS = 32_000
_STRUCTURED = (b"{", b"[", b'"')

Known = tuple[str, ...]
"""What an answer may quote of its request, and must not show."""


def request_of(exchange: Exchange) -> redaction.RedactedRequest:
    """Redact the request in one pass: what decides, too, whether its original may be sealed."""
    request = exchange.request
    return redaction.of_request(msgspec.structs.replace(request, body=_redactable(request.body)))


def exchange_of(exchange: Exchange, sent: redaction.RedactedRequest, known: Known, *, is_failure: bool) -> bodies.Shown:
    """Return the exchange as it may be shown, its bodies cut where they are too large."""
    request, answer, failure = exchange.request, exchange.response, exchange.failure
    request_body, request_cut = bodies.cut(sent.body, whole=len(request.body))
    response_body, response_cut = b"", False
    if answer is not None:
        response_body, response_cut = bodies.cut(
            _answer_of(answer, known, is_failure=is_failure), whole=len(answer.body)
        )
    return bodies.Shown(
        url=sent.url,
        request_headers=sent.headers,
        request_body=request_body,
        request_bytes=len(request.body),
        response_headers=redaction.of_headers(answer.headers, known=known) if answer is not None else {},
        response_body=response_body,
        response_bytes=len(answer.body) if answer is not None else 0,
        failure=failure_of(exchange, known) if failure is not None else "",
        tags={name: redaction.of_text(text, known=known) for name, text in exchange.tags.items()},
        cut=tuple(name for name, is_cut in (("request", request_cut), ("response", response_cut)) if is_cut),
    )


def failure_of(exchange: Exchange, known: Known) -> str:
    """Return the words of the failure that came instead of a response."""
    words = exchange.failure.message if exchange.failure is not None else ""
    return redaction.of_text(storable.text(words, storable.MESSAGE_LENGTH), known=known)


def meaning_of(understood: Meaning, answer: Answer | None, response_body: bytes, known: Known) -> Meaning:
    """Take echoed personal data out of the complaints, before they are compared, shown or stored.

    The words of a page, of XML or of a form stand in them without the labels that told what is personal among them: so
    they are read again from the body as it is shown.
    """
    if not understood.problems and not understood.items:
        return understood
    problems = understood.problems
    if problems and answer is not None and not answer.body.lstrip().startswith(_STRUCTURED):
        problems = answers.problems(response_body, None)
    return msgspec.structs.replace(
        understood,
        problems=_clean(problems, known),
        items=tuple(_item(item, known) for item in understood.items[:_MOST_ITEMS]),
        subs_req_id=redaction.of_id(understood.subs_req_id),
    )


def match_of(match: endpoints.Match) -> endpoints.Match:
    """Return a match whose ids may be stored: one that is somebody's address or card number becomes its keyed hash."""
    if not match.ids:
        return match
    return msgspec.structs.replace(match, ids=tuple(stand_in(text) for text in match.ids))


def stand_in(text: str) -> str:
    """Return an id as it may be stored and compared: itself, or its keyed hash where it may not be shown."""
    return text if redaction.of_id(text) == text else sealing.keyed_hash(text.encode("utf-8", "surrogatepass"))


def _answer_of(answer: Answer, known: Known, *, is_failure: bool) -> bytes:
    """Redact a body; in an answer that is no success a text under a sensitive name may be a complaint about it."""
    body = _redactable(answer.body)
    content_type = answer.headers.get("content-type", "")
    return redaction.of_answer(body, content_type=content_type, is_failure=is_failure, known=known)


def _item(item: Item, known: Known) -> Item:
    product, subscription_id = redaction.of_id(item.product), redaction.of_id(item.subscription_id)
    if not item.problems and product == item.product and subscription_id == item.subscription_id:
        return item
    return msgspec.structs.replace(
        item, product=product, subscription_id=subscription_id, problems=_clean(item.problems, known)
    )


def _clean(problems: tuple[Problem, ...], known: Known) -> tuple[Problem, ...]:
    return tuple(
        Problem(problem.field, redaction.of_message(problem.message, field=problem.field, known=known))
        for problem in problems
    )


def _redactable(body: bytes) -> bytes:
    """Return what of a body is redacted: one that is too large is cut first, where that splits no word or number."""
    if len(body) <= bodies.SENDABLE_BYTES:
        return body
    body = body[: bodies.KEPT_BYTES]
    return body[: max(body.rfind(mark) for mark in (b",", b" ", b"\n", b"&")) + 1]
