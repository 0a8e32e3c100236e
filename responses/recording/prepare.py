"""An exchange becomes what will be written: redacted, sealed, classified. Touches no database.

Everything that leaves here is safe to store: shown bodies are redacted, the original is encrypted or dropped.
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from urllib.parse import parse_qsl, urlencode, urlsplit

import msgspec
import zstandard

from responses import fingerprints, meaning, redaction, sealing
from responses.exchanges import Answer, Exchange, Item, ItemState, Meaning, Origin, Outcome, Problem, RetryBy
from responses.ordergroove import bodies as answer_bodies
from responses.ordergroove import endpoints, purchase, storable
from responses.recording import bodies
from responses.recording.facts import Facts, netloc_of

CLOCK = timedelta(hours=24)
_AHEAD = timedelta(minutes=5)
_BEHIND = timedelta(days=400)
_UNREPEATED_PARAMETERS = frozenset({"sig", "ts"})
_MAX_INTEGER = 2_147_483_647
_MAX_ITEMS = 32_000


class Prepared(msgspec.Struct, kw_only=True):
    """One exchange, ready to be written. ``response_id`` is given when it is."""

    facts: Facts
    origin: Origin
    caller_id: str
    sent_at: datetime
    duration_ms: int | None
    method: str
    endpoint: endpoints.Endpoint
    path_ids: tuple[str, ...]
    status_code: int | None
    failure: str
    meaning: Meaning
    causes: tuple[tuple[fingerprints.Cause, Item | None], ...]
    request_key: str
    request_id: str
    resource_key: str
    order_id: str
    customer_id: str
    message: str
    products: tuple[purchase.Product, ...]
    release: str
    is_foreign_host: bool
    is_truncated: bool
    codec: int
    data: bytes
    retry_by: RetryBy
    cannot_resend: str
    seal: bytes | None
    body_hash: str
    result: Exchange | None = None
    """The whole exchange, where it may tell the result of an accepted purchase: read again beside what was sent."""
    response_id: int = 0

    @property
    def outcome(self) -> Outcome:
        """What it means, in one word."""
        return self.meaning.outcome

    @property
    def has_clock(self) -> bool:
        """Whether 24 hours run for it: not for questions (GET, HEAD)."""
        return self.method not in ("GET", "HEAD")

    @property
    def never_left(self) -> bool:
        """Whether it is certain that Ordergroove saw nothing of it."""
        return self.failure in ("dns", "tls") or (self.failure == "connection" and "refused" in self.message.lower())


def prepare(facts: Facts, exchange: Exchange, *, now: datetime) -> Prepared:
    """Decide all that can be decided without the database. Never raises on the content of an exchange."""
    request, answer = exchange.request, exchange.response
    path, query, role, is_foreign = _where(facts, request.method, request.url)
    match = endpoints.match(request.method, role, path)
    document = purchase.decode(request.body) if match.endpoint.kind is endpoints.Kind.PURCHASE else None
    bought = purchase.read(document.data) if document else None
    understood = cleaned(meaning.read(exchange, match.endpoint, bought))
    order_id = bought.order_id if bought else ""
    body_hash = hashlib.sha256(request.body).hexdigest()
    shown, has_clear_card = _shown(exchange, understood.outcome)
    understood = _as_shown(understood, answer, shown)
    cannot_resend = _why_never_again(exchange, is_foreign=is_foreign, has_clear_card=has_clear_card)
    codec, data = bodies.pack(shown)
    wants_seal = (understood.outcome.is_failure or understood.outcome is Outcome.ACCEPTED) and not cannot_resend
    sent_at = clamp(exchange.sent_at, now=now)
    wants_seal = wants_seal and not exchange.origin.is_own_question and sent_at + CLOCK > now
    return Prepared(
        facts=facts,
        origin=exchange.origin,
        caller_id=exchange.caller_id,
        sent_at=sent_at,
        duration_ms=None if exchange.duration_ms is None else min(max(exchange.duration_ms, 0), _MAX_INTEGER),
        method=match.endpoint.method,
        endpoint=match.endpoint,
        path_ids=match.ids,
        status_code=answer.status_code if answer else None,
        failure=exchange.failure.kind.value if exchange.failure else "",
        meaning=understood,
        causes=fingerprints.causes(exchange, match.endpoint, understood),
        request_key=_request_key(facts, exchange, bought, path=path, query=query, body_hash=body_hash),
        request_id=exchange.request_id,
        resource_key=endpoints.resource_key(
            match, method=match.endpoint.method, path=path, order=order_id, body_hash=body_hash[:32]
        )[:260],
        order_id=order_id,
        customer_id=bought.customer_id if bought else "",
        message=_message(exchange, understood),
        products=bought.products if bought else (),
        release=exchange.tags.get("release", "")[:100],
        is_foreign_host=is_foreign,
        is_truncated=bool(shown.cut),
        codec=codec,
        data=data,
        retry_by=exchange.retry or facts.retry_by,
        cannot_resend=cannot_resend,
        seal=sealed(exchange) if wants_seal else None,
        body_hash=body_hash,
        result=exchange if match.endpoint.kind is endpoints.Kind.PURCHASE_STATUS and match.ids else None,
    )


def clamp(sent_at: datetime | None, *, now: datetime) -> datetime:
    """Return the event time: the caller's, within sane bounds, else ``now`` (design.md, 4: Deadline, Time)."""
    if sent_at is None or sent_at > now + _AHEAD or sent_at < now - _BEHIND:
        return now
    return sent_at


def sealed(exchange: Exchange) -> bytes:
    """Encrypt the original request, without its credentials: those are added anew when it is sent."""
    request = exchange.request
    headers = {name: text for name, text in request.headers.items() if name not in redaction.CREDENTIAL_HEADERS}
    plain = msgspec.msgpack.encode((request.method, request.url, headers, request.body))
    return sealing.seal(zstandard.compress(plain, 3))


def value_of(products: tuple[purchase.Product, ...], items: tuple[Item, ...]) -> Decimal | None:
    """Return what the products that were not created are worth, ``None`` where the body does not tell."""
    created = {item.product for item in items if item.state is ItemState.CREATED}
    total = None
    for product in products:
        if product.product in created or not product.value:
            continue
        try:
            worth = Decimal(product.value)
        except InvalidOperation:
            continue
        if worth.is_finite() and 0 <= worth < 10**9:
            total = (total or Decimal(0)) + worth
    return total.quantize(Decimal("0.01")) if total is not None else None


def _where(facts: Facts, method: str, url: str) -> tuple[str, str, str, bool]:
    """Return path, query, host role and whether the host is foreign to the integration."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "", "", "", True
    roles = facts.roles.get(parts.netloc.lower()) or facts.roles.get(netloc_of(url), ())
    if not roles:
        return parts.path, parts.query, "", True
    for role in roles if len(roles) > 1 else ():
        if endpoints.match(method, role, parts.path).endpoint.kind is not endpoints.Kind.OTHER:
            return parts.path, parts.query, role, False
    return parts.path, parts.query, roles[0], False


def _request_key(
    facts: Facts, exchange: Exchange, bought: purchase.Purchase | None, *, path: str, query: str, body_hash: str
) -> str:
    """Return the key under which repetitions of one request gather (design.md, 4: Which request is it?)."""
    if bought is not None and bought.order_id:
        name = f"purchase\n{bought.merchant_id}\n{bought.order_id}"
    elif exchange.request_id:
        name = f"id\n{exchange.request_id}"
    else:
        pairs = [pair for pair in parse_qsl(query, keep_blank_values=True) if pair[0] not in _UNREPEATED_PARAMETERS]
        ordered = urlencode(sorted(pairs), errors="surrogatepass") if query else ""
        name = f"target\n{exchange.request.method}\n{path}?{ordered}\n{body_hash}"
    return sealing.keyed_hash(f"{facts.integration_id}\n{name}".encode("utf-8", "surrogatepass"))


def cleaned(understood: Meaning) -> Meaning:
    """Take echoed personal data out of the complaints, before they are compared, shown or stored."""
    if not understood.problems and not understood.items:
        return understood
    return msgspec.structs.replace(
        understood,
        problems=_clean(understood.problems),
        items=tuple(
            msgspec.structs.replace(item, problems=_clean(item.problems)) if item.problems else item
            for item in understood.items[:_MAX_ITEMS]
        ),
    )


def _as_shown(understood: Meaning, answer: Answer | None, shown: bodies.Shown) -> Meaning:
    """The words of a page, of XML or of a form stand there without the labels that told what is personal among them: so
    they are read again from what has been redacted."""
    if not understood.problems or answer is None or answer.body.lstrip().startswith((b"{", b"[", b'"')):
        return understood
    told = answer_bodies.problems(shown.response_body, None)
    return msgspec.structs.replace(understood, problems=_clean(told))


def _clean(problems: tuple[Problem, ...]) -> tuple[Problem, ...]:
    return tuple(
        Problem(problem.field, redaction.of_message(problem.message, field=problem.field)) for problem in problems
    )


def _message(exchange: Exchange, understood: Meaning) -> str:
    """Return the words that stand for the response in a list."""
    if exchange.failure is not None:
        return redaction.of_text(storable.text(exchange.failure.message, 500))
    for problem in understood.problems:
        return f"{problem.field}: {problem.message}"[:500] if problem.field else problem.message[:500]
    for item in understood.items:
        for problem in item.problems:
            return f"{problem.field}: {problem.message}"[:500] if problem.field else problem.message[:500]
    return ""


def _shown(exchange: Exchange, outcome: Outcome) -> tuple[bodies.Shown, bool]:
    """Redact the exchange. Also says whether a clear card number or security code was seen in the request."""
    request, answer, failure = exchange.request, exchange.response, exchange.failure
    sent = redaction.of_request(msgspec.structs.replace(request, body=_redactable(request.body)))
    request_body, request_cut = bodies.cut(sent.body, whole=len(request.body))
    answered = _redactable(answer.body) if answer is not None else b""
    is_message = outcome.is_failure
    content_type = answer.headers.get("content-type", "") if answer is not None else ""
    response_body, response_cut = bodies.cut(
        redaction.of_body(answered, content_type=content_type, is_answer=is_message).value if answered else b"",
        whole=len(answer.body) if answer is not None else 0,
    )
    shown = bodies.Shown(
        url=sent.url,
        request_headers=sent.headers,
        request_body=request_body,
        request_bytes=len(request.body),
        response_headers=redaction.of_headers(answer.headers) if answer is not None else {},
        response_body=response_body,
        response_bytes=len(answer.body) if answer is not None else 0,
        failure=redaction.of_text(storable.text(failure.message, 500)) if failure is not None else "",
        tags={name: redaction.of_text(text) for name, text in exchange.tags.items()},
        cut=tuple(name for name, is_cut in (("request", request_cut), ("response", response_cut)) if is_cut),
    )
    return shown, sent.has_clear_card


def _redactable(body: bytes) -> bytes:
    """Return what of a body is redacted: one that is too large is cut first, where that splits no word or number."""
    if len(body) <= bodies.SENDABLE_BYTES:
        return body
    body = body[: bodies.KEPT_BYTES]
    return body[: max(body.rfind(mark) for mark in (b",", b" ", b"\n", b"&")) + 1]


def _why_never_again(exchange: Exchange, *, is_foreign: bool, has_clear_card: bool) -> str:
    """Return why this request can never be sent again by us, ``""`` when it can."""
    if exchange.redacted:
        return "The caller removed data before it reported the request."
    if has_clear_card:
        return "It held a card security code or a clear card number, so the original was not kept."
    if is_foreign:
        return "It went to a host that is not this integration's."
    if len(exchange.request.body) > bodies.SENDABLE_BYTES:
        return f"Its body is larger than {bodies.SENDABLE_BYTES // 1024} KiB, so the original was not kept."
    return ""
