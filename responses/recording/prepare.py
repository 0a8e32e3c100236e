"""An exchange becomes what will be written: redacted, sealed, classified. Touches no database.

Everything that leaves here is safe to store: shown bodies are redacted, the original is encrypted or dropped.
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from urllib.parse import parse_qsl, urlencode, urlsplit

import msgspec

from responses import backoff, fingerprints, meaning, redaction, sealing
from responses.exchanges import Exchange, Item, ItemState, Meaning, Origin, Outcome, Request, RetryBy
from responses.ordergroove import endpoints, purchase
from responses.recording import bodies, people, shown
from responses.recording.facts import Facts, netloc_of

CLOCK = timedelta(hours=24)
_AHEAD = timedelta(minutes=5)
_BEHIND = timedelta(days=400)
_UNREPEATED_PARAMETERS = frozenset({"sig", "ts"})
_MAX_INTEGER = 2_147_483_647


class AttemptRef(msgspec.Struct, frozen=True, kw_only=True):
    """The attempt of a Resend whose answer this is; ``epoch`` is that of the Resend while it was sent."""

    resend_id: int
    attempt_id: int
    epoch: int


class Correction(msgspec.Struct, frozen=True, kw_only=True):
    """What must be known of a correction to read its answer: ``kept`` products were left out of it, ``sent`` were not."""

    kept: int = 0
    sent: int = 0
    has_new_id: bool = False
    """It was the first send under its order id."""

    @property
    def words(self) -> str:
        """What is said beside its end, ``""`` where it held the whole request."""
        return f" {self.kept} kept, {self.sent} sent." if self.kept else ""


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
    attempt: AttemptRef | None = None
    """Of an answer to a send of our own."""
    failed_request_id: int | None = None
    """The same: whose it is, also when that one is closed by now."""
    correction: Correction | None = None
    """Of an answer to a correction, and of the result of one that was accepted."""
    role: str = ""
    """Of the host it went to, as the integration names it; with ``host``, for what may be sent again."""
    host: str = ""
    retry_after: float | None = None
    """Seconds that the answer asks to wait."""
    email_hash: str = ""
    """Of the customer's address, where a row is written that may be looked for by it (see `people`)."""
    has_left: bool | None = None
    """Whether a byte may have left; ``None`` where only the words of the failure tell."""

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
        if self.has_left is not None:
            return not self.has_left
        return self.failure in ("dns", "tls") or (self.failure == "connection" and "refused" in self.message.lower())


def prepare(facts: Facts, exchange: Exchange, *, now: datetime, attempt: AttemptRef | None = None) -> Prepared:
    """Decide all that can be decided without the database. Never raises on the content of an exchange."""
    request, answer = exchange.request, exchange.response
    path, query, role, is_foreign = _where(facts, request.method, request.url)
    match = endpoints.match(request.method, role, path)
    document = purchase.decode(request.body) if match.endpoint.kind is endpoints.Kind.PURCHASE else None
    bought = purchase.read(document.data) if document else None
    understood = meaning.read(exchange, match.endpoint, bought)
    sent = shown.request_of(exchange)
    known = sent.echoes() if understood.outcome.is_failure else ()
    visible = shown.exchange_of(exchange, sent, known, is_failure=understood.outcome.is_failure)
    understood = shown.meaning_of(understood, answer, visible.response_body, known)
    body_hash = hashlib.sha256(request.body).hexdigest()
    cannot_resend = _why_never_again(exchange, is_foreign=is_foreign, has_clear_card=sent.has_clear_card)
    codec, data = bodies.pack(visible)
    sent_at = clamp(exchange.sent_at, now=now)
    may_be_sent = (understood.outcome.is_failure or understood.outcome is Outcome.ACCEPTED) and not cannot_resend
    wants_seal = may_be_sent and not exchange.origin.is_own_question and attempt is None and sent_at + CLOCK > now
    may_pass = understood.outcome in (Outcome.TRANSIENT, Outcome.NO_ANSWER)
    storable_match = shown.match_of(match)
    return Prepared(
        facts=facts,
        origin=exchange.origin,
        caller_id=exchange.caller_id,
        sent_at=sent_at,
        duration_ms=None if exchange.duration_ms is None else min(max(exchange.duration_ms, 0), _MAX_INTEGER),
        method=match.endpoint.method,
        endpoint=match.endpoint,
        path_ids=storable_match.ids,
        status_code=answer.status_code if answer else None,
        failure=exchange.failure.kind.value if exchange.failure else "",
        meaning=understood,
        causes=fingerprints.causes(exchange, match.endpoint, understood),
        request_key=_request_key(facts, exchange, bought, path=path, query=query, body_hash=body_hash),
        request_id=redaction.of_id(exchange.request_id),
        resource_key=endpoints.resource_key(
            storable_match,
            method=match.endpoint.method,
            path=_path_of(visible.url),
            order=shown.stand_in(bought.order_id) if bought else "",
            body_hash=body_hash[:32],
        )[:260],
        order_id=redaction.of_id(bought.order_id) if bought else "",
        customer_id=redaction.of_id(bought.customer_id) if bought else "",
        message=_message(exchange, understood, known),
        products=bought.products if bought else (),
        release=visible.tags.get("release", "")[:100],
        is_foreign_host=is_foreign,
        is_truncated=bool(visible.cut),
        codec=codec,
        data=data,
        retry_by=exchange.retry or facts.retry_by,
        cannot_resend=cannot_resend,
        seal=sealed(exchange) if wants_seal else None,
        body_hash=body_hash,
        result=exchange if match.endpoint.kind is endpoints.Kind.PURCHASE_STATUS and match.ids else None,
        attempt=attempt,
        role=role,
        host=netloc_of(request.url) if may_pass else "",
        retry_after=backoff.retry_after(answer.headers.get("retry-after"), now=now) if answer and may_pass else None,
        email_hash=_email_hash(facts, bought, understood.outcome),
        has_left=exchange.failure.has_left if exchange.failure else None,
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
    return sealing.seal(bodies.compress(plain))


def unsealed(token: bytes) -> Request:
    """Open what ``sealed`` made. Raises ``sealing.SealError`` when its key has gone, or it is none of ours."""
    try:
        parts = msgspec.msgpack.decode(
            bodies.decompress(sealing.unseal(token)), type=tuple[str, str, dict[str, str], bytes]
        )
    except (ValueError, msgspec.MsgspecError) as error:
        raise sealing.SealError("the seal does not hold a request") from error
    return Request(*parts)


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


def _email_hash(facts: Facts, bought: purchase.Purchase | None, outcome: Outcome) -> str:
    """A customer who is known by an address has it for an id."""
    if bought is None or not (outcome.is_failure or outcome is Outcome.ACCEPTED):
        return ""
    return people.email_hash(facts.integration_id, bought.email or bought.customer_id)


def _message(exchange: Exchange, understood: Meaning, known: shown.Known) -> str:
    """Return the words that stand for the response in a list."""
    if exchange.failure is not None:
        return shown.failure_of(exchange, known)
    complaints = [*understood.problems, *(problem for item in understood.items for problem in item.problems)]
    for problem in complaints:
        return f"{problem.field}: {problem.message}"[:500] if problem.field else problem.message[:500]
    return ""


def _path_of(url: str) -> str:
    try:
        return urlsplit(url).path
    except ValueError:
        return ""


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
