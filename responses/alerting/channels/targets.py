"""Which addresses a webhook may lead to. A person's URL must not make us speak to what only we can reach.

Checked when it is saved and again, with a fresh look-up, when a message is sent: names change what they mean.
"""

from __future__ import annotations

import ipaddress
import socket
from concurrent.futures import Future
from threading import Thread
from urllib.parse import urlsplit

import msgspec

from responses.alerting.channels.errors import TargetError

LONGEST_URL = 2_000
LOOK_UP_SECONDS = 3.0
MOST_ADDRESSES = 4

_PORTS = {"http": 80, "https": 443}
_TRANSLATED = ipaddress.ip_network("64:ff9b::/96")
_TRANSLATED_LOCALLY = ipaddress.ip_network("64:ff9b:1::/48")
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class Target(msgspec.Struct, frozen=True):
    """A webhook's URL in the parts that a connection needs. ``path`` has the query with it."""

    scheme: str
    host: str
    port: int
    path: str


def parse(url: str, *, allow_private: bool) -> Target:
    """Take a URL apart; ``TargetError`` when it is none that messages may go to, whatever its name resolves to."""
    if not url.isascii() or not url.isprintable() or " " in url or "\\" in url:
        raise TargetError("The address holds spaces or characters that do not belong in a URL.")
    if len(url) > LONGEST_URL:
        raise TargetError(f"The address is longer than {LONGEST_URL:,} characters.")
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").rstrip("."), parts.port
    except ValueError:
        raise TargetError("The address is not a URL.") from None
    if parts.scheme not in _PORTS or not host:
        raise TargetError("The address must begin with https:// and name a host.")
    if "@" in parts.netloc:
        raise TargetError("The address must not hold a user name or a password.")
    if parts.fragment or "#" in url:
        raise TargetError("The address must not hold a fragment (#…).")
    if parts.scheme == "http" and not allow_private:
        raise TargetError("The address must begin with https://.")
    literal = as_address(host)
    if literal is not None:
        check([literal], allow_private=allow_private)
    elif not allow_private and (host == "localhost" or host.endswith((".localhost", ".local", ".internal"))):
        raise TargetError("The address leads into a private network, which is not allowed here.")
    path = parts.path or "/"
    return Target(parts.scheme, host, port or _PORTS[parts.scheme], f"{path}?{parts.query}" if parts.query else path)


def as_address(host: str) -> Address | None:
    """Return ``host`` as an address; also one in a form that only the system's resolver understands (``0x7f.1``)."""
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        pass
    try:
        return ipaddress.IPv4Address(socket.inet_aton(host))
    except OSError:
        return None


def resolve(target: Target, *, allow_private: bool) -> list[str]:
    """Look the host up once and return the addresses to connect to; all of them must be allowed.

    ``TargetError`` when they are not, ``OSError`` when the name cannot be resolved.
    """
    found = socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
    addresses = list(dict.fromkeys(str(info[4][0]).partition("%")[0] for info in found))
    parsed = [ipaddress.ip_address(address) for address in addresses]
    check(parsed, allow_private=allow_private)
    if target.scheme == "http" and not all(is_private(address) for address in parsed):
        raise TargetError("Outside private networks the address must begin with https://.")
    return addresses[:MOST_ADDRESSES]


def check(addresses: list[Address], *, allow_private: bool) -> None:
    """Raise ``TargetError`` unless messages may go to each of ``addresses``."""
    for address in addresses:
        if _is_useless(address):
            raise TargetError("The address leads to no single host.")
        if is_private(address) and not allow_private:
            raise TargetError("The address leads into a private network, which is not allowed here.")


def is_private(address: Address) -> bool:
    """Whether an address is not one of the public internet, also when it is wrapped into an IPv6 one."""
    inner = _unwrapped(address)
    if isinstance(inner, ipaddress.IPv6Address) and (inner.is_site_local or inner in _TRANSLATED_LOCALLY):
        return True
    return not inner.is_global


def check_soon(target: Target, *, allow_private: bool) -> None:
    """For the moment of saving: refuse what resolves to a forbidden address. A name that does not resolve may pass.

    The look-up gets a few seconds; what it would have said later is found when a message is sent.
    """
    answer: Future[TargetError | None] = Future()

    def look_up() -> None:
        try:
            resolve(target, allow_private=allow_private)
        except TargetError as error:
            answer.set_result(error)
        except OSError:
            answer.set_result(None)
        else:
            answer.set_result(None)

    Thread(target=look_up, name="look-up", daemon=True).start()
    try:
        refusal = answer.result(timeout=LOOK_UP_SECONDS)
    except TimeoutError:
        return
    if refusal is not None:
        raise refusal


def _is_useless(address: Address) -> bool:
    inner = _unwrapped(address)
    return inner.is_multicast or inner.is_unspecified or str(inner) == "255.255.255.255"


def _unwrapped(address: Address) -> Address:
    """The IPv4 address that an IPv6 one stands for: mapped, translated or 6to4."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address in _TRANSLATED:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    if address.sixtofour is not None:
        return address.sixtofour
    return address
