"""The rules for the single fields of a record: each check answers with a complaint, or with the clean value.

Complaints name the rule and its limit, and never repeat more than a few characters of what came.
"""

from __future__ import annotations

import binascii
import re
from urllib.parse import urlsplit

from responses.intake import limits

_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_SURROGATES = re.compile("[\ud800-\udfff]")
_METHOD = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_USUAL_URL = re.compile(r"https?://[a-zA-Z0-9._-]+(?::[0-9]{1,4})?(?:[/?#][!-~]*)?")
_HTTP_URL = re.compile(
    r"https?://(?:[^/?#@\\\s]*@)?(?:\[[0-9a-f:.]+\]|[^/?#@:\[\]\\\s]+)(?::[0-9]{0,5})?(?=[/?#]|$)", re.IGNORECASE
)


def shown(value: str) -> str:
    """A short, printable piece of foreign text, for a complaint."""
    return _UNSAFE.sub("?", value[:40]) or "nothing"


def is_clean(value: str) -> bool:
    """No control characters (NUL among them) and no lone surrogates: safe in a text column of either database."""
    return value.isprintable() or _UNSAFE.search(value) is None


def name(value: str, limit: int) -> str | None:
    """The complaint about a short text of ours: an id, a tag."""
    if len(value) > limit:
        return f"Must be at most {limit} characters, not {len(value)}."
    if not is_clean(value):
        return "Must not contain control characters or lone surrogates."
    return None


def method(value: str) -> str | None:
    """The complaint about a method: a token of RFC 9110."""
    if len(value) > limits.METHOD_LENGTH:
        return f"Must be at most {limits.METHOD_LENGTH} characters, not {len(value)}."
    if _METHOD.fullmatch(value) is None:
        return "Must be an HTTP method, for example POST."
    return None


def url(value: str) -> str | None:
    """The complaint about a request's URL: absolute, http or https, and one that every later stage can split."""
    if len(value) <= limits.URL_LENGTH and _USUAL_URL.fullmatch(value) is not None:
        return None
    if complaint := name(value, limits.URL_LENGTH):
        return complaint
    if _HTTP_URL.match(value) is None or not _splits(value):
        return "Must be an absolute http or https URL, for example https://restapi.ordergroove.com/subscriptions/."
    return None


def _splits(value: str) -> bool:
    """Brackets and characters that NFKC folds into delimiters make ``urlsplit`` raise; a port may be too large."""
    try:
        return (urlsplit(value).port or 0) >= 0
    except ValueError:
        return False


def headers(given: dict[str, str | list[str]]) -> tuple[dict[str, str], list[str]]:
    """Header fields by lower-case name, values of one name joined (RFC 9110, 5.2); and the complaints.

    Control characters in values come from broken peers, not from our caller: each becomes a space.
    """
    if len(given) > limits.HEADER_FIELDS:
        return {}, [f"Must be at most {limits.HEADER_FIELDS} header fields, not {len(given)}."]
    fields: dict[str, str] = {}
    complaints: list[str] = []
    size = 0
    for field, value in given.items():
        text = value if type(value) is str else ", ".join(value)
        size += len(field) + len(text)
        if not 0 < len(field) <= limits.HEADER_NAME_LENGTH or not is_clean(field):
            complaints.append(
                f"A name must have 1 to {limits.HEADER_NAME_LENGTH} characters, none of them a control character;"
                f" not {shown(field)}."
            )
        elif len(text) > limits.HEADER_VALUE_LENGTH:
            complaints.append(
                f"The value of {shown(field)} must be at most {limits.HEADER_VALUE_LENGTH} characters, not {len(text)}."
            )
        else:
            key = field.lower()
            text = text if text.isprintable() else clean(text)
            fields[key] = f"{fields[key]}, {text}" if key in fields else text
    if size > limits.HEADER_BYTES:
        complaints.append(f"Must be at most {limits.HEADER_BYTES} characters in all, not {size}.")
    return fields, complaints[:10]


def clean(value: str) -> str:
    """Foreign text made safe to keep: control characters become spaces, lone surrogates U+FFFD."""
    return _UNSAFE.sub(lambda match: "\ufffd" if match[0] >= "\ud800" else " ", value)


def text_bytes(value: str) -> tuple[bytes, bool]:
    """A body given as text, as UTF-8; and whether it is exact (lone surrogates have no UTF-8: U+FFFD instead)."""
    try:
        return value.encode(), True
    except UnicodeEncodeError:
        return _SURROGATES.sub("\ufffd", value).encode(), False


def base64_bytes(value: str) -> bytes | None:
    """A body given as base64 (RFC 4648, 4: padded, no line breaks), or ``None`` when it is not."""
    try:
        return binascii.a2b_base64(value, strict_mode=True)
    except ValueError:
        # Its errors, and a text that is not ASCII.
        return None
