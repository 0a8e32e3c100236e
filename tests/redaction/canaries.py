"""Secrets to plant, documents to plant them in, and a search that finds them however the result hides them."""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Callable, Mapping
from urllib.parse import quote, unquote, unquote_plus, urlencode

CARD = "4111111111111111"
LABELLED = {
    "cc_number": CARD,
    "cc_holder": "Zaphod Q Beeblebrox",
    "cvv": "739",
    "token_id": "tokcanary8842",
    "one_click_token": "oneclick0Canary77",
    "email": "canary.person@leaky-mail.example",
    "phone_number": "555-867-5309",
    "phone": "+44 20 7946 0958",
    "first_name": "Zaphodius",
    "last_name": "Beeblebrook",
    "address": "4242 Canary Wharf Street",
    "address2": "Flat Canary 9",
    "city": "Canaryville",
    "zip_postal_code": "CN4 4RY",
    "session_id": "ac4f7938383a11e89ecbbc764e1107f2.998877.1699999999",
    "x-api-key": "apikeyCANARYf00dfeed1234",
    "Authorization": "Bearer canary-credential-1",
    "sig": "Y5dHCOpwrjQpxWCulv173kXH99nv26KXF+HzQfi17Xo=",
    "password": "hunter2canary",
}
# What gives itself away by its form, without a name beside it.
BARE = {
    "card": CARD,
    "card with blanks": "4111 1111 1111 1111",
    "card with dashes": "5500-0000-0000-0004",
    "amex": "3782 822463 10005",
    "e-mail": LABELLED["email"],
    "phone": "555-867-5309",
    "phone with brackets": "(555) 867-5309",
    "phone abroad": "+44 20 7946 0958",
    "street": LABELLED["address"],
    "signature": LABELLED["sig"],
    "signed token": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJjYW5hcnkifQ.c2lnbmF0dXJl",
}


def document(planted: Mapping[str, object]) -> dict[str, object]:
    """A purchase with secrets in it."""
    return {
        "merchant_id": "ac4f7938383a11e89ecbbc764e1107f2",
        "merchant_order_id": "100045",
        "user": {"user_id": "00026001", **planted, "shipping_address": {"country_code": "US", **planted}},
        "payment": {**planted, "label": "Zaphod Q Beeblebrox"},
        "products": [
            {"product": "0070067689", "sku": "0070067689", "subscription_info": {"quantity": 2, "extra_data": planted}}
        ],
        **planted,
    }


def _strings(value: object) -> object:
    if isinstance(value, str):
        return quote(value, safe="")
    if isinstance(value, dict):
        return {key: _strings(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_strings(inner) for inner in value]
    return value


def _flat(data: dict[str, object], prefix: str = "") -> list[tuple[str, str]]:
    pairs: list[tuple[str, str]] = []
    for key, value in data.items():
        name = f"{prefix}[{key}]" if prefix else key
        if isinstance(value, dict):
            pairs += _flat(value, name)
        elif isinstance(value, list):
            for at, inner in enumerate(value):
                pairs += _flat({str(at): inner}, name)
        else:
            pairs.append((name, str(value)))
    return pairs


def _xml(data: object) -> str:
    if isinstance(data, dict):
        return "".join(f"<{key}>{_xml(value)}</{key}>" for key, value in data.items())
    if isinstance(data, list):
        return "".join(f"<item>{_xml(value)}</item>" for value in data)
    return html.escape(str(data))


def _javascript(data: dict[str, object]) -> str:
    """An object as JavaScript writes it: names without quotes, values in single ones."""
    pairs = [(re.sub(r"[^A-Za-z_]", "_", name.rpartition("[")[2]), value) for name, value in _flat(data)]
    return "{" + ", ".join(f"{name.strip('_')}: '{value}'" for name, value in pairs) + "}"


def _json(data: object) -> str:
    return json.dumps(data)


WRITERS: dict[str, Callable[[dict[str, object]], bytes]] = {
    "json": lambda data: _json(data).encode(),
    "pretty json": lambda data: json.dumps(data, indent=4).encode(),
    "json with spaces before colons": lambda data: json.dumps(data, separators=(" , ", " : ")).encode(),
    "json in an array": lambda data: _json([data, [data]]).encode(),
    "json in a string of json": lambda data: _json({"message": _json(data)}).encode(),
    "json in json in json": lambda data: _json({"x": _json({"y": _json(data)})}).encode(),
    "json that is one string": lambda data: _json(_json(data)).encode(),
    "json with escaped letters": lambda data: re.sub(
        r"[a-z]", lambda found: f"\\u{ord(found[0]):04x}" if ord(found[0]) % 3 else found[0], _json(data)
    ).encode(),
    "json cut off": lambda data: _json(data)[:-7].encode(),
    "json with a tail": lambda data: _json(data).encode() + b"\n-- end",
    "json after words": lambda data: b"2026-11-22 ERROR could not send: " + _json(data).encode() + b" (gave up)",
    "json with NaN": lambda data: _json({**data, "nan": float("nan")}).encode(),
    "json in utf-16": lambda data: _json(data).encode("utf-16"),
    "json in utf-16-le": lambda data: _json(data).encode("utf-16-le"),
    "json in utf-16-be": lambda data: _json(data).encode("utf-16-be"),
    "json in utf-32": lambda data: _json(data).encode("utf-32"),
    "json in latin-1": lambda data: json.dumps({"town": "Orléans", **data}, ensure_ascii=False).encode(
        "latin-1", "replace"
    ),
    "json with a byte order mark": lambda data: b"\xef\xbb\xbf" + _json(data).encode(),
    "json in base64": lambda data: base64.b64encode(_json(data).encode()),
    "json in base64 in json": lambda data: _json({"blob": base64.b64encode(_json(data).encode()).decode()}).encode(),
    "json lines": lambda data: (_json(data) + "\n" + _json(data)).encode(),
    "create_request raw": lambda data: b"create_request=" + _json(data).encode(),
    "create_request encoded": lambda data: b"create_request=" + quote(_json(data), safe="").encode(),
    "create_request encoded by a form": lambda data: urlencode({"create_request": _json(data)}).encode(),
    "create_request with strings encoded": lambda data: b"create_request=" + _json(_strings(data)).encode(),
    "create_request pretty, strings encoded": lambda data: (
        b"create_request=" + json.dumps(_strings(data), indent=2).encode()
    ),
    "create_request encoded twice": lambda data: (
        b"create_request=" + quote(quote(_json(data), safe=""), safe="").encode()
    ),
    "create_request cut off": lambda data: b"create_request=" + quote(_json(data), safe="").encode()[:-11],
    "create_request with a tail": lambda data: (
        b"create_request=" + _json(data).encode() + b"&cvv=739&email=canary.person%40leaky-mail.example"
    ),
    "form": lambda data: urlencode(_flat(data)).encode(),
    "form without brackets": lambda data: urlencode(
        [(name.rpartition("[")[2].rstrip("]"), value) for name, value in _flat(data)]
    ).encode(),
    "form encoded twice": lambda data: urlencode(
        [(quote(name, safe=""), quote(value, safe="")) for name, value in _flat(data)]
    ).encode(),
    "python": lambda data: repr(data).encode(),
    "python cut off": lambda data: repr(data)[:-7].encode(),
    "xml": lambda data: ("<?xml version='1.0'?><request>" + _xml(data) + "</request>").encode(),
    "html": lambda data: (
        "<html><body><h1>Error</h1><pre>" + html.escape(_json(data)) + "</pre></body></html>"
    ).encode(),
    "html with raw json": lambda data: ("<html><script>var data = " + _json(data) + ";</script></html>").encode(),
    "lines of text": lambda data: "\n".join(f"{name}: {value}" for name, value in _flat(data)).encode(),
    "log line": lambda data: ("failed " + " ".join(f'{name}="{value}"' for name, value in _flat(data))).encode(),
    "javascript": lambda data: _javascript(data).encode(),
}


def _forms_of(text: str) -> list[str]:
    """The text, and what it says once its escapes are undone."""
    forms = [text]
    for _ in range(3):
        last = forms[-1]
        undone = unquote(html.unescape(last))
        undone = (
            re.sub(r"\\u([0-9a-fA-F]{4})", lambda found: chr(int(found[1], 16)), undone)
            .replace("\\/", "/")
            .replace('\\"', '"')
        )
        if undone == last:
            break
        forms.append(undone)
    forms.append(unquote_plus(text))
    for token in re.findall(r"[A-Za-z0-9+/_-]{12,}={0,2}", text):
        bare = token.rstrip("=").replace("-", "+").replace("_", "/")
        try:
            forms.append(base64.b64decode(bare + "=" * (-len(bare) % 4)).decode())
        except ValueError:
            continue
    return forms


def survives(secret: str, shown: bytes | str) -> bool:
    """Whether a secret can still be read in a result, by a person who tries."""
    return bool(surviving({"": secret}, shown))


def surviving(secrets: Mapping[str, str], shown: bytes | str) -> list[str]:
    """The names of the secrets that can still be read in a result, by a person who tries."""
    text = shown.decode("utf-8", "replace") if isinstance(shown, bytes) else shown
    forms = _forms_of(text.replace("\0", ""))
    bare_forms = [re.sub(r"[\s\-.()+/]", "", form) for form in forms]
    found = []
    for name, secret in secrets.items():
        digits = re.sub(r"\D", "", secret)
        is_number = len(digits) >= 10 and len(digits) >= len(secret) * 0.6
        if len(secret) == 3:
            # Three digits stand in many a number: a security code must stand alone.
            is_read = re.search(rf"(?<!\d){secret}(?!\d)", text) is not None
        else:
            is_read = any(secret in form for form in forms)
        if is_read or (is_number and any(digits in form for form in bare_forms)):
            found.append(name)
    return found
