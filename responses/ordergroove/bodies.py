"""Data, complaints and items out of any body that Ordergroove, or something on the way to it, answers with.

Bodies are read leniently and never trusted: nothing here raises, whatever the bytes are, and every text that comes out
fits a text column. Where a complaint cannot be joined to a product, it is not guessed: see ``items``.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from itertools import islice
from typing import Any

import msgspec

from responses.exchanges import Problem
from responses.ordergroove import storable

MOST_PROBLEMS = 50
# A hostile answer may be wide or deep: neither may cost more than a moment.
_DEPTH = 50
_WIDTH = 1_000
_NODES = 5_000
_LENIENT_SIZE = 262_144
_TEXT_SIZE = 65_536

UNREADABLE = "The answer is cut off, or is no JSON"
_SCALAR_STARTS = frozenset(b'"-0123456789tfn')

# Names under which a whole answer's complaint comes: they wrap it, and are no field of the request.
_WRAPPERS = frozenset(
    {
        "error",
        "errors",
        "error_message",
        "error_messages",
        "detail",
        "details",
        "message",
        "messages",
        "non_field_errors",
    }
)
# What frameworks put beside a complaint, and is none itself.
_BESIDE = frozenset(
    {
        "status",
        "status_code",
        "statuscode",
        "code",
        "type",
        "title",
        "timestamp",
        "path",
        "instance",
        "request_id",
        "trace_id",
    }
)


def parse(body: bytes) -> Any:
    """Return the data of a JSON body, or ``None`` when it is not data.

    Lenient where real answers are odd: byte order marks, Latin-1, Python's quotes and constants, bare NaN.
    """
    try:
        return msgspec.json.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return _parse_leniently(body)
    except (RecursionError, MemoryError):
        return None


def _parse_leniently(body: bytes) -> Any:
    body = body.removeprefix(b"\xef\xbb\xbf").strip()
    if not body or len(body) > _LENIENT_SIZE or not (body[0] in b"{[" or body[0] in _SCALAR_STARTS):
        return None
    source = body.decode("utf-8", "replace")
    for attempt in (_as_json, _as_python):
        try:
            return attempt(source)
        except (ValueError, RecursionError, MemoryError):
            continue
    return None


def _as_json(source: str) -> Any:
    # A number of thousands of digits is text to us; Python would refuse to convert it, and a database to store it.
    return json.loads(source, strict=False, parse_int=_integer)


def _integer(digits: str) -> int | str:
    return int(digits) if len(digits) <= 40 else digits


# A string without its end is matched too, up to the end of all: searching for the end again from every quote takes
# minutes on a hostile body.
_PYTHON_TOKEN = re.compile(
    r"""[uUbB]?'((?:[^'\\]|\\.)*+)('|\\?\Z)|[uUbB]?"((?:[^"\\]|\\.)*+)("|\\?\Z)|\b(True|False|None)\b""",
    re.DOTALL,
)
_PYTHON_CONSTANTS = {"True": "true", "False": "false", "None": "null"}
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "'": "'", '"': '"', "\\": "\\", "/": "/"}
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|.)", re.DOTALL)


def _as_python(source: str) -> Any:
    """Read the display form of a Python dict, by turning its strings into JSON's.

    Not ``ast.literal_eval``: that warns about escapes and can be crashed by nesting.
    """
    if source[0] not in "{[":
        raise ValueError("not a dict or list")
    return _as_json(_PYTHON_TOKEN.sub(_json_token, source))


def _json_token(token: re.Match[str]) -> str:
    if token[5]:
        return _PYTHON_CONSTANTS[token[5]]
    if not (token[2] or token[4] or "").strip("\\"):
        raise ValueError("a string without an end")
    content = token[1] if token[1] is not None else token[3]
    return json.dumps(_ESCAPE.sub(_unescaped, content))


def _unescaped(escape: re.Match[str]) -> str:
    sequence = escape[1]
    if len(sequence) > 1:
        return chr(int(sequence[1:], 16))
    return _ESCAPES.get(sequence, sequence)


# --- complaints ---------------------------------------------------------------------------------------------------


def problems(body: bytes, data: object | None) -> tuple[Problem, ...]:
    """Return the complaints of a failed answer: by field where there is data, else the text as one of them."""
    if isinstance(data, dict | list):
        return complaints(data)
    if isinstance(data, str):
        return _one(data)
    words = text_of(body)
    if words[:1] in ("{", "["):
        return _salvaged(body) or _one(words if words[-1] in "}]" else UNREADABLE)
    return _one(words)


_PAIR = re.compile(rb'"(\w{1,80})"\s*:\s*(?:\[\s*)?"((?:[^"\\]|\\.){1,2000})"')


def _salvaged(body: bytes) -> tuple[Problem, ...]:
    """Return the complaints that are whole in data that is not: each under the last name before it."""
    found: dict[Problem, None] = {}
    for pair in islice(_PAIR.finditer(body, 0, _TEXT_SIZE), MOST_PROBLEMS):
        name, words = (part.decode("utf-8", "replace") for part in pair.groups())
        if name.lower() not in _BESIDE:
            words = storable.text(_ESCAPE.sub(_unescaped, words), storable.MESSAGE_LENGTH)
            found[Problem(_under("", name), words)] = None
    return tuple(problem for problem in found if problem.message)


def _one(words: str) -> tuple[Problem, ...]:
    words = storable.text(words.strip().strip("'\""), storable.MESSAGE_LENGTH)
    return (Problem("", words),) if words else ()


def complaints(data: object, *, field: str = "") -> tuple[Problem, ...]:
    """Return the complaints in a map of field to text or texts, however deep, each once, under ``field``."""
    found: dict[Problem, None] = {}
    budget = iter(range(_NODES))
    for problem in _walk(data, field, 0, budget):
        found[problem] = None
        if len(found) >= MOST_PROBLEMS:
            break
    return tuple(found)


_NO_ERROR = frozenset({"0", "no", "none", "null", "false", "ok"})


STATED_KEYS = ("error", "errors", "error_message")


def stated_errors(data: object, *, keys: tuple[str, ...] = STATED_KEYS) -> tuple[Problem, ...]:
    """Return the complaints that an answer states outright under a code that does not tell: an ``error``, say."""
    if not isinstance(data, dict):
        return ()
    stated = [data[key] for key in keys if data.get(key)]
    stated = [value for value in stated if not (isinstance(value, str) and value.strip().lower() in _NO_ERROR)]
    if data.get("success") is False:
        stated += [data.get("message") or data.get("detail") or "Not successful"]
    return complaints(stated)


def _walk(data: object, field: str, depth: int, budget: Iterator[int]) -> Iterator[Problem]:
    if depth > _DEPTH or next(budget, None) is None:
        return
    if isinstance(data, str):
        words = storable.text(data, storable.MESSAGE_LENGTH)
        if words:
            yield Problem(field, words)
    elif isinstance(data, dict):
        wrapped = not _WRAPPERS.isdisjoint(data)
        named = data.get("field") if wrapped else None
        if isinstance(named, str):
            # {"field": "sku", "message": "..."}: the name is the path, and no complaint.
            data = {key: value for key, value in data.items() if key != "field"}
            field = _under(field, named)
        elif isinstance(data.get("product"), str) and isinstance(data.get("subscription"), dict | list):
            # {"product": "77", "subscription": {...}}: it names what the complaints below are about.
            yield from _walk(data["subscription"], field, depth + 1, budget)
            data = {key: value for key, value in data.items() if key not in ("product", "subscription")}
        for key, value in islice(data.items(), _WIDTH):
            if wrapped and key.lower() in _BESIDE and not isinstance(value, dict | list):
                continue
            yield from _walk(value, _under(field, key), depth + 1, budget)
    elif isinstance(data, list):
        for value in data[:_WIDTH]:
            yield from _walk(value, field, depth + 1, budget)
    elif data is not None and not field:
        # A number below a name is data that came along; alone it is all that was said.
        yield Problem(field, storable.text(str(data), storable.MESSAGE_LENGTH))


_ID_LIKE = re.compile(r"(?=.*[0-9])[0-9A-Za-z_-]{6,}|[0-9]+|[0-9a-fA-F]{16,}")
# A key with one of these is an e-mail, a URL or a sentence, and its dots separate nothing.
_SENTENCE = re.compile(r"[@:/\s]")
DYNAMIC = "[id]"


_INDEX = re.compile(r"\[[0-9]*\]|(?<=\.)[0-9]{1,3}(?=\.|$)")


def path_of(field: str) -> str:
    """Return a dotted path without list indexes, and with one placeholder for every key that is data."""
    if field.replace("_", "").replace(".", "").isalpha():
        return field[: storable.FIELD_LENGTH]
    field = _INDEX.sub("", storable.text(field, storable.FIELD_LENGTH)).replace("..", ".").strip(".")
    return ".".join(DYNAMIC if _is_dynamic(part) else part for part in field.split("."))


def _under(field: str, key: str) -> str:
    """Return the path of a key below ``field``: wrappers leave no trace."""
    if key.lower() in _WRAPPERS:
        return field
    name = DYNAMIC if _SENTENCE.search(key) else path_of(key)
    path = f"{field}.{name}" if field and name else field or name
    return path if len(path) <= storable.FIELD_LENGTH else storable.text(path, storable.FIELD_LENGTH)


def _is_dynamic(part: str) -> bool:
    """Whether a key is data (a product id, a date, an e-mail) and no name of a field, such as ``address2``."""
    return _ID_LIKE.fullmatch(part) is not None and _NAME_WITH_NUMBER.fullmatch(part) is None


_NAME_WITH_NUMBER = re.compile(r"[A-Za-z]+(?:_[A-Za-z]+)*_?[0-9]")

# --- text ---------------------------------------------------------------------------------------------------------

_TITLE = re.compile(r"<title\b[^<>]*>([^<]*)", re.IGNORECASE)
_HEADING = re.compile(r"<h[12]\b[^<>]*>([^<]*)", re.IGNORECASE)
# Servers write "502 Bad Gateway": the code is known, and a number would be taken for a value.
_LEADING_CODE = re.compile(r"^\s*(?:(?:http|error)\s+)*[1-5][0-9][0-9]\b\s*[-:–|]?\s*(?=\S)", re.IGNORECASE)
_NOT_SHOWN = re.compile(r"<(script|style|head)\b.*?(?:</\1>|\Z)|<!--.*?(?:-->|\Z)", re.IGNORECASE | re.DOTALL)
_TAG = re.compile(r"<[^>]*>?")
_BINARY = re.compile("[\x00-\x08\x0e-\x1f\ufffd]")


def text_of(body: bytes) -> str:
    """Return what a person would read in a body that is no data: a page's title, else its text; ``""`` for none."""
    source = body[:_TEXT_SIZE].decode("utf-8", "replace")
    if len(_BINARY.findall(source[:512])) > 8:
        return f"(binary data, {len(body)} bytes)"
    if source.lstrip("\ufeff \t\r\n")[:1] == "<":
        return _text_of_markup(source)
    return storable.text(source, storable.MESSAGE_LENGTH)


def _text_of_markup(source: str) -> str:
    for pattern in (_TITLE, _HEADING):
        hit = pattern.search(source)
        if hit and hit[1].strip():
            return storable.text(_LEADING_CODE.sub("", html.unescape(hit[1])), storable.MESSAGE_LENGTH)
    shown = _TAG.sub(" ", _NOT_SHOWN.sub(" ", source))
    return storable.text(html.unescape(" ".join(shown.split())), storable.MESSAGE_LENGTH)
