"""The one HTTP client to Ordergroove on our own account: one call, one connection, one answer or the reason why none.

It follows no redirect, repeats nothing by itself, keeps no cookie, heeds no proxy variable and knows no host but the
integration's own. It decides nothing about *whether* to send, and writes nothing down.
"""

from __future__ import annotations

import ssl
import time
import zlib
from collections.abc import Callable, Iterator
from datetime import datetime
from functools import lru_cache

import httpcore2
import msgspec

from responses.exchanges import Answer, Exchange, Failure, FailureKind, Origin, Request
from responses.sending import destinations
from responses.sending.credentials import Account
from responses.sending.wire import Wire, WireError

SEND_SECONDS = 30.0
ASK_SECONDS = 10.0
LARGEST_BODY = 2 * 1024 * 1024
"""As received, and after decompression. A longer answer is none that could be trusted."""

_HIDDEN = "[added when sent]"
_FRAMING = {"host", "content-length", "transfer-encoding", "connection", "keep-alive", "te", "trailer", "upgrade"}
_CREDENTIALS = {"x-api-key", "authorization", "cookie", "ordergroove-signature", "proxy-authorization"}
_OWN_FIELDS = _FRAMING | _CREDENTIALS | {"expect", "accept-encoding", "proxy-connection"}


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """What to send. The host is the integration's with ``role``; ``path`` comes from ``destinations``."""

    method: str
    role: str
    path: str
    headers: dict[str, str] = {}
    """Names in lower case. Credentials and what frames a message are left out, and set here."""
    body: bytes = b""
    customer_id: str = ""
    """For whom the older scheme signs."""


def send(
    account: Account,
    call: Call,
    *,
    origin: Origin,
    now: datetime,
    seconds: float = SEND_SECONDS,
    may_begin: Callable[[], bool] = lambda: True,
) -> Exchange:
    """Send ``call`` within ``seconds`` all in all, and return what happened. Does not raise on anything a server does.

    ``may_begin`` is asked when the connection is there, right before the first byte: it is the last chance not to send.
    A failure tells whether a byte may have left. Raises ``destinations.DestinationError`` where the integration has no
    such host, or the path is none of ours.
    """
    base = account.base_urls.get(call.role, "")
    if not base:
        raise destinations.DestinationError(f"The integration has no host for {call.role!r}.")
    target = destinations.origin_of(base)
    path = destinations.checked_path(call.path)
    signed = account.headers(customer_id=call.customer_id, now=now)
    plain = _plain_headers(call, host=target.netloc)
    shown = Request(call.method, target.url + path, plain | dict.fromkeys(signed, _HIDDEN), call.body)
    started_at = time.monotonic()
    wire = Wire(seconds, may_begin)
    try:
        answer = _exchange(wire, target, path, call, headers=plain | signed)
        failure = None
    except WireError as error:
        answer, failure = None, Failure(error.kind, error.words, has_left=wire.has_sent)
    return Exchange(
        request=shown,
        response=answer,
        failure=failure,
        sent_at=now,
        duration_ms=round((time.monotonic() - started_at) * 1000),
        origin=origin,
    )


@lru_cache(maxsize=1)
def trusted() -> ssl.SSLContext:
    """Return the context that trusts what the system trusts. It takes long to make, so it is made once."""
    context = httpcore2.default_ssl_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def _plain_headers(call: Call, *, host: str) -> dict[str, str]:
    headers = {"host": host, "accept-encoding": "gzip", "connection": "close"}
    if call.body or call.method in ("POST", "PUT", "PATCH"):
        headers["content-length"] = str(len(call.body))
    # What ``Connection`` names is about a connection that has long gone.
    of_old_connection = {name.strip() for name in call.headers.get("connection", "").lower().split(",")}
    dropped = _OWN_FIELDS | of_old_connection
    given = {name: text for name, text in call.headers.items() if name.lower() not in dropped}
    return {"accept": "application/json", "user-agent": "ordergroove-monitor"} | given | headers


def _exchange(wire: Wire, target: destinations.Origin, path: str, call: Call, *, headers: dict[str, str]) -> Answer:
    origin = httpcore2.Origin(target.scheme.encode(), target.host.encode(), target.port)
    request = httpcore2.Request(
        call.method,
        httpcore2.URL(scheme=origin.scheme, host=origin.host, port=origin.port, target=path.encode("ascii")),
        headers=_encoded(headers),
        content=call.body,
    )
    context = trusted() if target.scheme == "https" else None
    connection = httpcore2.HTTPConnection(origin, ssl_context=context, network_backend=wire)
    try:
        with connection:
            return _answer(connection.handle_request(request))
    except httpcore2.RemoteProtocolError:
        raise _broken(wire) from None
    except httpcore2.LocalProtocolError:
        raise WireError(FailureKind.PROTOCOL, "The request cannot be written as HTTP: nothing was sent.") from None


def _encoded(headers: dict[str, str]) -> list[tuple[bytes, bytes]]:
    try:
        return [(name.encode(), text.encode()) for name, text in headers.items()]
    except UnicodeEncodeError:
        raise WireError(FailureKind.PROTOCOL, "A header field cannot be written as text: nothing was sent.") from None


def _broken(wire: Wire) -> WireError:
    if wire.is_at_end:
        return WireError(FailureKind.CONNECTION, "The server closed the connection before its answer was whole.")
    return WireError(FailureKind.PROTOCOL, "What came back is not HTTP, or its header fields are too long.")


def _answer(response: httpcore2.Response) -> Answer:
    headers: dict[str, str] = {}
    for raw_name, raw_text in response.headers:
        name, text = raw_name.decode("latin-1").lower(), raw_text.decode("latin-1")
        headers[name] = f"{headers[name]}, {text}" if name in headers else text
    assert not isinstance(response.stream, bytes)
    body = b"".join(_bounded(response.iter_stream(), status=response.status))
    if headers.get("content-encoding", "").strip().lower() in ("gzip", "x-gzip", "deflate"):
        del headers["content-encoding"]
        body = inflated(body, status=response.status) if body else b""
    return Answer(response.status, headers, body)


def _bounded(chunks: Iterator[bytes], *, status: int) -> Iterator[bytes]:
    left = LARGEST_BODY
    for chunk in chunks:
        left -= len(chunk)
        if left < 0:
            raise _too_long(status)
        yield chunk


def inflated(body: bytes, *, status: int) -> bytes:
    """Decompress an answer's body, stopping where it grows too large. Raises ``WireError``."""
    for window in (zlib.MAX_WBITS | 32, -zlib.MAX_WBITS):  # gzip and zlib; some call bare deflate "deflate" as well
        inflater = zlib.decompressobj(window)
        try:
            whole = inflater.decompress(body, LARGEST_BODY + 1)
        except zlib.error:
            continue
        if len(whole) > LARGEST_BODY:
            raise _too_long(status)
        if inflater.eof:
            return whole
        break
    raise WireError(FailureKind.PROTOCOL, f"The status code was {status}, but the compressed body is broken.")


def _too_long(status: int) -> WireError:
    size = LARGEST_BODY // (1024 * 1024)
    return WireError(FailureKind.PROTOCOL, f"The status code was {status}, but the body is longer than {size} MiB.")
