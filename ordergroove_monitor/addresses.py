"""HOST:PORT, and listening there. Errors are sentences for the person who typed the address."""

from __future__ import annotations

import errno
import re
import socket

_FORM = re.compile(r"(?:(?P<host>\[[0-9A-Fa-f:.]+\]|[^\[\]:/\s]+):)?(?P<port>[0-9]{1,5})")


class AddressError(Exception):
    """The address cannot be used; the message says why and what to do."""


def parse(text: str) -> tuple[str, int]:
    """``HOST:PORT``, ``[IPv6]:PORT`` or ``PORT`` alone: on this machine only. Port 0 lets the system choose."""
    match = _FORM.fullmatch(text.strip())
    if match is None or int(match["port"]) > 65_535:
        raise AddressError(f"{text!r} is not an address to listen on: write HOST:PORT, for example 127.0.0.1:8001.")
    return (match["host"] or "127.0.0.1").strip("[]"), int(match["port"])


def join(host: str, port: int) -> str:
    """The two as they stand in a URL."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def listen(address: tuple[str, int]) -> socket.socket:
    """A listening socket, which children may inherit by being passed its number."""
    host, port = address
    try:
        family, _, _, _, resolved = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        listener = socket.socket(family, socket.SOCK_STREAM)
    except OSError as error:
        raise AddressError(f"{host} is not the name or address of this machine.") from error
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(resolved)
        listener.listen(2048)
    except OSError as error:
        listener.close()
        raise AddressError(_why(error, join(host, port), port)) from error
    return listener


def _why(error: OSError, address: str, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        other = f"127.0.0.1:{port + 1 if port < 65_535 else port - 1}"
        return f"{address} is in use by another program. Choose another port: --bind {other} (make run BIND={other})."
    if error.errno == errno.EACCES:
        return (
            f"Listening on port {port} is not allowed here: choose one above 1023, for example --bind 127.0.0.1:8000."
        )
    if error.errno == errno.EADDRNOTAVAIL:
        return f"{address} is not an address of this machine."
    return f"Cannot listen on {address}: {error.strerror}."
