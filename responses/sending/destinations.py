"""Where we may send to: the base URLs of an integration, and nothing else.

A host comes only from here, a path only from ``path_of`` or ``checked_path``: neither can turn into the other.
"""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import quote, urlsplit

import msgspec

_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_HOST = re.compile(rf"(?=.{{1,253}}\Z){_LABEL}(?:\.{_LABEL})*\.?", re.ASCII)
# Printable ASCII without space, "#" and backslash; no second slash at the start, which some servers read as a host.
_PATH = re.compile(r"/(?!/)[!\"$-\[\]-~]*", re.ASCII)
_LONGEST_PATH = 8_000
_PORTS = {"https": 443, "http": 80}


class DestinationError(ValueError):
    """A base URL or path that we never send to; the message says why, for people."""


class Origin(msgspec.Struct, frozen=True):
    """Scheme, host and port of a base URL."""

    scheme: str
    host: str
    port: int

    @property
    def netloc(self) -> str:
        """Host and port as they stand in a URL and in the ``Host`` field: without the scheme's own port."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def url(self) -> str:
        """The base URL, without a slash at the end."""
        return f"{self.scheme}://{self.netloc}"


def origin_of(base_url: str) -> Origin:
    """Read a base URL: https, or http on loopback; no user, path, query or fragment. Raises ``DestinationError``."""
    try:
        parts = urlsplit(base_url)
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise DestinationError("This is not a URL.") from error
    if parts.scheme not in _PORTS:
        raise DestinationError("A host must begin with https:// (http:// is for this machine only).")
    if parts.username is not None or parts.password is not None or "@" in parts.netloc:
        raise DestinationError("A host must not hold a user name or password.")
    if parts.path not in ("", "/") or parts.query or parts.fragment or "?" in base_url or "#" in base_url:
        raise DestinationError("A host must end after its name and port: no path, query or fragment.")
    if not _is_address(host) and not _HOST.fullmatch(host):
        raise DestinationError("This is not the name of a host.")
    if port == 0:
        raise DestinationError("Port 0 cannot be reached.")
    if parts.scheme == "http" and not is_loopback(host):
        raise DestinationError("http:// would send credentials readable to everybody: use https://.")
    return Origin(parts.scheme, host, port or _PORTS[parts.scheme])


def is_loopback(host: str) -> bool:
    """Whether ``host`` can only mean this machine."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    return _is_address(host) and ipaddress.ip_address(host).is_loopback


def path_of(*segments: str) -> str:
    """Return ``/a/b/c`` with each segment percent-encoded, so that an id can neither add a segment nor leave the path.

    Raises ``DestinationError`` for what no encoding makes safe: an empty segment, ``.`` and ``..``.
    """
    for segment in segments:
        if segment in ("", ".", ".."):
            raise DestinationError("An id that is empty, or only dots, cannot be part of a path.")
    try:
        return checked_path("".join(f"/{quote(segment, safe='')}" for segment in segments))
    except UnicodeEncodeError as error:
        raise DestinationError("An id with half a character cannot be part of a path.") from error


def checked_path(path: str) -> str:
    """Return ``path`` (it may carry a query) as it is. Raises ``DestinationError`` when it could be read as more."""
    if len(path) > _LONGEST_PATH or not _PATH.fullmatch(path):
        raise DestinationError("This is not a path that can be sent safely.")
    return path


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return "%" not in host
