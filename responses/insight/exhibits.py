"""Stored (redacted) requests and answers as a person reads them: pretty data, plain text, a command, evidence.

Nothing here can bring back what was masked, and no credential is ever part of a command.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from typing import Any

import msgspec

from responses.ordergroove import bodies, endpoints, purchase
from responses.recording.bodies import Shown

MASKED = "[masked]"
_SENDERS_OWN = frozenset({"host", "content-length", "connection", "accept-encoding", "transfer-encoding"})
_CREDENTIALS = frozenset({"authorization", "cookie", "proxy-authorization", "x-api-key"})
_MOST_TEXT = 65_536


class Body(msgspec.Struct, frozen=True):
    """One body: ``data`` where it can be read as data, else ``text``."""

    data: Any
    text: str
    note: str
    fields: tuple[str, ...] = ()
    """The fields that the answer complained about."""

    @property
    def is_data(self) -> bool:
        """Whether it is shown as data."""
        return self.data is not None

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to show."""
        return self.data is None and not self.text


class Exhibit(msgspec.Struct, frozen=True):
    """One exchange, ready to be shown."""

    request: Body
    answer: Body
    command: str


def of(shown: Shown, *, method: str, endpoint: str, fields: Iterable[str] = ()) -> Exhibit:
    """Make it readable. ``fields`` are those known from items; those of the answer itself are added."""
    is_purchase = endpoint == PURCHASE
    answered = bodies.parse(shown.response_body) if shown.response_body else None
    named = tuple(fields) + tuple(problem.field for problem in bodies.problems(shown.response_body, answered))
    return Exhibit(
        request=_body(
            shown.request_body,
            data_of(shown.request_body, is_purchase=is_purchase),
            size=shown.request_bytes,
            is_cut="request" in shown.cut,
            encoding=_encoding(shown.request_body) if is_purchase else "",
            fields=tuple(name for name in dict.fromkeys(named) if name),
        ),
        answer=_body(
            shown.response_body,
            answered if isinstance(answered, dict | list) else None,
            size=shown.response_bytes,
            is_cut="response" in shown.cut,
        ),
        command=command(shown, method=method),
    )


PURCHASE = endpoints.match("POST", "sc", "/subscription/create").endpoint.name


def data_of(body: bytes, *, is_purchase: bool) -> Any:
    """Return a request's body as data, ``None`` where it is none."""
    if not body:
        return None
    if is_purchase and (document := purchase.decode(body)) is not None:
        return document.data
    found = bodies.parse(body)
    return found if isinstance(found, dict | list) else None


def text_of(body: bytes) -> str:
    """Return a body as text: what is no UTF-8 is shown as such."""
    return body[:_MOST_TEXT].decode("utf-8", "backslashreplace")


def command(shown: Shown, *, method: str) -> str:
    """Return a cURL command that sends the shown request, without credentials and with what is masked still masked.

    Nothing in it is taken by cURL for the name of a file (``@``) or for several addresses (``[]``).
    """
    pieces = [f"curl --request {shlex.quote(method)}", "--globoff", f"--url {shlex.quote(shown.url)}"]
    for name, value in shown.request_headers.items():
        is_kept = name.lower() not in _SENDERS_OWN | _CREDENTIALS and not name.startswith("@")
        if is_kept and MASKED not in value:
            pieces.append(f"--header {shlex.quote(f'{name}: {value}')}")
    if shown.request_body:
        pieces.append(f"--data-raw {shlex.quote(text_of(shown.request_body).replace(chr(0), ''))}")
    return " \\\n  ".join(pieces)


def _body(body: bytes, data: Any, *, size: int, is_cut: bool, encoding: str = "", fields: tuple[str, ...] = ()) -> Body:
    notes = [f"{size:,} bytes"] if size else []
    if encoding:
        notes.append(encoding)
    if is_cut:
        notes.append("cut: only its beginning is kept")
    return Body(data, "" if data is not None else text_of(body), " · ".join(notes), fields)


def _encoding(body: bytes) -> str:
    document = purchase.decode(body)
    return _ENCODINGS[document.encoding] if document is not None else ""


_ENCODINGS = {
    purchase.Encoding.JSON: "",
    purchase.Encoding.FORM_RAW: "create_request as it is, decoded",
    purchase.Encoding.FORM_ENCODED: "create_request percent-encoded, decoded",
    purchase.Encoding.FORM_STRINGS: "create_request with encoded strings, decoded",
}
