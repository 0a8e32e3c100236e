"""Redacts whole bodies, whatever they are: bytes in, bytes out. Finds the encoding, then the shape; never raises."""

from __future__ import annotations

import re
import zlib

import msgspec

from responses.ordergroove import purchase
from responses.redaction import cards, forms, leaves, scanner, shapes, texts, tree
from responses.redaction.state import State

_PURCHASE = b"create_request="
_FORM_TYPE = "application/x-www-form-urlencoded"
_BLANK = b" \t\r\n\x0b\x0c"
_MOST_INFLATED = 1024 * 1024
_PACKED = (b"\x1f\x8b", b"PK\x03\x04", b"\x28\xb5\x2f\xfd", b"BZh", b"\xfd7zXZ")
_BINARY = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_MARKS = (
    (b"\xef\xbb\xbf", "utf-8"),
    (b"\xff\xfe\0\0", "utf-32-le"),
    (b"\0\0\xfe\xff", "utf-32-be"),
    (b"\xff\xfe", "utf-16-le"),
    (b"\xfe\xff", "utf-16-be"),
)


def clean(body: bytes, content_type: str, state: State, *, mode: int) -> bytes:
    """The body as it may be shown. A purchase in any of its encodings comes back as JSON that people can read."""
    start = body[:64].lstrip(_BLANK)
    first = start[:1]
    if first == b"{" or first == b"[":
        shown = _json(body, state, mode)
        return shown if shown is not None else _text(_decoded(body, content_type), state, mode)
    if start.startswith(_PURCHASE):
        return _purchase(body.lstrip(_BLANK), state, mode)
    if not body.strip(_BLANK):
        return body
    if body.startswith(_PACKED):
        return _packed(body, content_type, state, mode)
    text = _decoded(body, content_type)
    if forms.is_multipart(text, content_type):
        return _bytes(forms.clean_multipart(text, state))
    if content_type.partition(";")[0].strip().lower() == _FORM_TYPE or forms.is_form(text):
        return _bytes(forms.clean(text, state))
    return _text(text, state, mode)


def _json(body: bytes, state: State, mode: int) -> bytes | None:
    """``None`` when it is not JSON in UTF-8, or when only the scanner sees all of it."""
    try:
        data = msgspec.json.decode(body)
    except (msgspec.DecodeError, ValueError, RecursionError):
        return None
    if type(data) is not dict and type(data) is not list:
        return None
    state.digits = cards.may_hold(body)
    if tree.walk(data, state, mode) != body.count(b'":'):
        return None
    try:
        return msgspec.json.encode(data)
    except (UnicodeEncodeError, RecursionError):
        return None


def _purchase(body: bytes, state: State, mode: int) -> bytes:
    """``create_request=`` and JSON: raw, percent-encoded as a whole once or more, or with each string encoded."""
    written = body[len(_PURCHASE) :].lstrip(_BLANK)
    rest = b""
    if written.startswith(b"{"):
        state.is_encoded = b"%" in written
    else:
        written, sign, rest = written.partition(b"&")
        rest = sign + rest
        for _ in range(4):
            if written.lstrip(_BLANK)[:1] in (b"{", b"["):
                break
            decoded = purchase.percent_decoded(written)
            if decoded == written:
                break
            written = decoded
    shown = _json(written, state, mode) or _text(_decoded(written, ""), state, mode)
    if rest:
        state.digits = True
        rest = _bytes(forms.clean(_decoded(rest, ""), state))
    return _PURCHASE + shown + rest


def _text(text: str, state: State, mode: int) -> bytes:
    state.digits = True
    start = len(text) - len(text.lstrip())
    if mode != leaves.OPEN and text[start : start + 1] in ("{", "["):
        shown, end = scanner.scan(text, start, mode, state)
        shown = text[:start] + shown + (shapes.clean(text[end:], state) if end < len(text) else "")
        return _bytes(texts.swept(texts.labelled(shown, state), state))
    if text[start : start + 1] in ("{", "["):
        return _bytes(texts.swept(texts.labelled(shapes.mixed(text, state), state), state))
    return _bytes(shapes.clean(text, state))


def _decoded(body: bytes, content_type: str) -> str:
    """The text of a body in any encoding that is met; bytes that fit none survive as surrogates."""
    for mark, encoding in _MARKS:
        if body.startswith(mark):
            return body[len(mark) :].decode(encoding, "replace" if mark != _MARKS[0][0] else "surrogateescape")
    if b"\0" in body:
        return _with_nulls(body)
    try:
        return body.decode()
    except UnicodeDecodeError:
        pass
    charset = re.search(r"charset\s*=\s*[\"']?([\w.\-]+)", content_type, re.IGNORECASE)
    if charset is not None:
        try:
            return body.decode(charset[1])
        except (LookupError, ValueError):
            pass
    return body.decode("utf-8", "surrogateescape")


def _with_nulls(body: bytes) -> str:
    """UTF-16 or UTF-32 without a mark, by where the zeros stand; else the zeros are noise, and go."""
    sample = body[:400]
    if len(body) % 4 == 0 and sample[1::4].count(0) + sample[2::4].count(0) >= len(sample) // 2:
        encoding = "utf-32-le" if sample[3::4].count(0) else "utf-32-be"
        encoding = "utf-32-be" if sample[:1] == b"\0" else "utf-32-le"
    elif sample[1::2].count(0) > len(sample) // 4:
        encoding = "utf-16-le"
    elif sample[::2].count(0) > len(sample) // 4:
        encoding = "utf-16-be"
    else:
        return body.replace(b"\0", b"").decode("utf-8", "surrogateescape")
    return body.decode(encoding, "replace")


def _packed(body: bytes, content_type: str, state: State, mode: int) -> bytes:
    """Packed bytes are never shown as they are: gzip is opened, everything else is only named."""
    inside = _inflated(body) if body.startswith(_PACKED[0]) else None
    if inside is not None and state.depth == 0:
        state.depth += 1
        shown = clean(inside, content_type, state, mode=mode)
        state.depth -= 1
        return shown
    # Nobody looked inside, so nobody can vouch for it.
    state.has_clear_card = True
    return b"[masked: %d packed bytes]" % len(body)


def _inflated(body: bytes) -> bytes | None:
    unpacker = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
    try:
        inside = unpacker.decompress(body, _MOST_INFLATED)
    except zlib.error:
        return None
    return inside if unpacker.eof and not unpacker.unused_data else None


def _bytes(text: str) -> bytes:
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace")
