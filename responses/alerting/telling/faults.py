"""Where the fault is, by what came back: the first question of whoever is woken. Pure."""

from __future__ import annotations

from responses.exchanges import FailureKind
from responses.ordergroove.codes import CodeInfo

KEY = "The API key"
OURS = "In your request"
THEIRS = "At Ordergroove"

_BY_CODE = {
    401: KEY,
    403: KEY,
    404: "In your request: its id or path",
    409: "An order id that was used before",
    423: "Two calls at once on one object",
    429: "Too many calls from your address",
}
_BY_FAILURE = {
    FailureKind.TIMEOUT: "Not certain: Ordergroove, or the way there",
    FailureKind.CONNECTION: "On the way to Ordergroove",
    FailureKind.TLS: "On your side: certificates or clock",
    FailureKind.DNS: "On your side: host name or name server",
    FailureKind.PROTOCOL: "Not certain: Ordergroove, or a proxy",
}


def of(info: CodeInfo, *, is_hidden: bool = False) -> str:
    """Return where the fault is. ``is_hidden``: the code says success, the content does not."""
    if info.failure is not None:
        return _BY_FAILURE[info.failure]
    code = info.code or 0
    if code in _BY_CODE:
        return _BY_CODE[code]
    if code >= 500:
        return THEIRS
    if is_hidden or code >= 400 or 200 <= code < 300:
        return OURS
    return "The base URL in your settings"
