"""What a resend will send, made ready: the sealed original, where it goes, and with whose credentials.

The body and the header fields are the original's, byte for byte. The host is the integration's of today, never the
record's: a record that names another one is not sent at all, so that a staging record can never reach production.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache
from urllib.parse import parse_qsl, urlsplit

import msgspec

from responses import sealing
from responses.exchanges import Request
from responses.models import Integration, SealedRequest
from responses.ordergroove import endpoints, purchase
from responses.ordergroove.endpoints import Endpoint, Kind
from responses.recording.facts import netloc_of
from responses.recording.prepare import unsealed
from responses.sending import credentials, destinations
from responses.sending.client import Call
from responses.sending.credentials import Account

SIGNED = frozenset({"sig", "ts"})
"""Parameters of older signatures: they have run out, and cannot be renewed where they stand."""


class CannotSend(Exception):
    """Why something can never be sent as it is: a word for programs, and a sentence for people."""

    def __init__(self, code: str, words: str) -> None:
        super().__init__(words)
        self.code = code
        self.words = words


class Ready(msgspec.Struct, frozen=True, kw_only=True):
    """All that is needed to send, and nothing that needs the database."""

    account: Account
    call: Call
    host: str
    """As gates and resends write it."""
    endpoint: Endpoint
    bought: purchase.Purchase | None = None
    """What a Purchase POST asks for."""


def ready(
    integration: Integration, *, seal_id: int | None, body_hash: str, endpoint: str, customer_id: str = ""
) -> Ready:
    """Open the original and find its way. Raises ``CannotSend``.

    ``body_hash`` is what was approved; ``customer_id`` for whom the older scheme signs where the body does not tell.
    """
    original = opened(seal_id, body_hash)
    match, role, path = _way(integration, original, endpoint)
    document = purchase.decode(original.body) if match.kind is Kind.PURCHASE else None
    bought = purchase.read(document.data) if document else None
    customer_id = (bought.customer_id if bought else "") or customer_id
    call = Call(
        method=original.method,
        role=role,
        path=path,
        headers=original.headers,
        body=original.body,
        customer_id=customer_id,
    )
    account = account_of(integration, customer_id)
    return Ready(
        account=account,
        call=call,
        host=netloc_of(integration.base_urls[role]),
        endpoint=match,
        bought=bought,
    )


def opened(seal_id: int | None, body_hash: str) -> Request:
    """Open a sealed original whose body must be the approved one. Raises ``CannotSend``."""
    row = SealedRequest.objects.filter(pk=seal_id).first() if seal_id is not None else None
    if row is None:
        raise CannotSend("original", "The original is no longer kept.")
    try:
        original = unsealed(bytes(row.token))
    except sealing.SealError as error:
        raise CannotSend("original", f"The original cannot be opened: {error}.") from None
    found = hashlib.sha256(original.body).hexdigest()
    if body_hash not in ("", found) or row.body_hash != found:
        raise CannotSend("original", "The original is not the request that was approved.")
    return original


def account_of(integration: Integration, customer_id: str) -> Account:
    """Open the credentials with which a request of this customer can be signed. Raises ``CannotSend``."""
    if not integration.has_credentials:
        raise CannotSend("credentials", "The integration has no credentials to send with.")
    try:
        account = credentials.account_of(integration)
    except sealing.SealError as error:
        raise CannotSend("credentials", f"The credentials cannot be opened: {error}.") from None
    if not account.can_sign(customer_id):
        raise CannotSend("credentials", "The hash key signs for a customer, and the request names none.")
    return account


@lru_cache(maxsize=512)
def endpoint_called(name: str) -> tuple[str, Endpoint] | None:
    """Return role and endpoint by the endpoint's name, ``None`` where it is no documented one."""
    method, _, template = name.partition(" ")
    for role in endpoints.ROLES:
        found = endpoints.match(method, role, template).endpoint
        if found.name == name and found.kind is not Kind.OTHER:
            return role, found
    return None


def _way(integration: Integration, original: Request, name: str) -> tuple[Endpoint, str, str]:
    """Return endpoint, host role and path. The host of the record must be today's host of that role."""
    endpoint, role, path = called(original, name)
    base = integration.base_urls.get(role, "")
    if not base or netloc_of(base) != netloc_of(original.url):
        made_to = netloc_of(original.url)[-100:] or "no host"
        raise CannotSend("host", f"It was made to {made_to}, and the integration's host is now another one.")
    try:
        destinations.origin_of(base)
    except destinations.DestinationError as error:
        raise CannotSend("address", str(error)) from None
    return endpoint, role, path


def called(original: Request, name: str) -> tuple[Endpoint, str, str]:
    """Return endpoint, host role and path of a request that was recorded as ``name``. Raises ``CannotSend``."""
    try:
        parts = urlsplit(original.url)
    except ValueError:
        raise CannotSend("address", "The address of the request cannot be read.") from None
    known = endpoint_called(name)
    if known is None:
        raise CannotSend("endpoint", "It is no documented call of Ordergroove, so nobody knows what it does.")
    role, endpoint = known
    path = parts.path + (f"?{parts.query}" if parts.query else "")
    if endpoints.match(original.method, role, parts.path).endpoint != endpoint:
        raise CannotSend("endpoint", "Its path is not the one that was recorded.")
    if any(key in SIGNED for key, _ in parse_qsl(parts.query, keep_blank_values=True)):
        raise CannotSend("address", "A signature stands in its address, and cannot be made anew there.")
    try:
        return endpoint, role, destinations.checked_path(path)
    except destinations.DestinationError as error:
        raise CannotSend("address", str(error)) from None
