"""One connection with one deadline over everything: looking up the name, connecting, TLS, writing, and each read.

The HTTP library's own limits hold for single operations, so that a server which sends a byte now and then is never
late. It never retries, and says in its own words what went wrong: a foreign message may repeat what was sent.
"""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any

import httpcore2

from responses.exchanges import FailureKind

MOST_ADDRESSES = 4
_Address = tuple[socket.AddressFamily, Any]


class WireError(Exception):
    """Why there was no answer. Whether a byte may have left, the ``Wire`` knows."""

    def __init__(self, kind: FailureKind, words: str) -> None:
        super().__init__(words)
        self.kind = kind
        self.words = words


class Wire(httpcore2.NetworkBackend):
    """Makes one connection, whose deadline runs from here.

    ``may_begin`` is asked right before the first byte of the request: where it says no, nothing is sent.
    """

    def __init__(self, seconds: float, may_begin: Callable[[], bool] = lambda: True) -> None:
        self.seconds = seconds
        self.may_begin = may_begin
        self.has_sent = False
        """Whether a byte of the request may have left."""
        self.is_at_end = False
        """Whether the server closed the connection."""
        self._ends_at = time.monotonic() + seconds

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ARG002
        local_address: str | None = None,  # noqa: ARG002
        socket_options: Iterable[Any] | None = None,  # noqa: ARG002
    ) -> httpcore2.NetworkStream:
        """Connect to the first address of ``host`` that answers. The library's ``timeout`` is ours already."""
        addresses = self._addresses(host, port)
        last: OSError = TimeoutError()
        for tried, (family, address) in enumerate(addresses):
            seconds = self.left("No connection") / (len(addresses) - tried)
            try:
                return Stream(_connected(family, address, seconds=seconds), self)
            except OSError as error:
                last = error
        if isinstance(last, TimeoutError):
            raise WireError(FailureKind.TIMEOUT, f"No connection within {self.seconds:g} s.") from None
        if isinstance(last, ConnectionRefusedError):
            raise WireError(FailureKind.CONNECTION, "The connection was refused.") from None
        raise WireError(FailureKind.CONNECTION, f"No connection: {last.strerror or 'network error'}.") from None

    def left(self, what: str) -> float:
        """Return the seconds that are left. Raises ``WireError`` when there are none."""
        seconds = self._ends_at - time.monotonic()
        if seconds <= 0:
            raise WireError(FailureKind.TIMEOUT, f"{what} within {self.seconds:g} s.")
        return seconds

    def _addresses(self, host: str, port: int) -> list[_Address]:
        """Look the name up in a thread of its own: the system's resolver knows no deadline."""
        found: list[_Address] = []
        ended = threading.Event()

        def look_up() -> None:
            try:
                for family, _, _, _, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
                    found.append((family, address))
            except (OSError, UnicodeError):
                pass  # nothing found says it all
            ended.set()

        threading.Thread(target=look_up, name="look-up", daemon=True).start()
        if not ended.wait(self.left("The name of the host was not found")):
            raise WireError(FailureKind.DNS, f"The name of the host was not found within {self.seconds:g} s.")
        if not found:
            raise WireError(FailureKind.DNS, "The name of the host was not found.")
        return found[:MOST_ADDRESSES]


class Stream(httpcore2.NetworkStream):
    """The connection. Every operation gets what is left of the deadline."""

    def __init__(self, connected: socket.socket, wire: Wire) -> None:
        self._socket = connected
        self._wire = wire

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002
        """Read some bytes; none at the end."""
        try:
            self._socket.settimeout(self._wire.left("No whole answer"))
            received = self._socket.recv(max_bytes)
        except TimeoutError:
            raise WireError(FailureKind.TIMEOUT, f"No whole answer within {self._wire.seconds:g} s.") from None
        except OSError:
            # Not even an error of TLS is one of ``FailureKind.TLS``: that would say that nothing had left.
            raise WireError(FailureKind.CONNECTION, "The connection broke while the answer was awaited.") from None
        self._wire.is_at_end = not received
        return received

    def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002
        """Write all of ``buffer``. Where the connection breaks, the library still looks for an answer."""
        rest = memoryview(buffer)
        while rest:
            seconds = self._wire.left("The request was not taken")
            if not self._wire.has_sent and not self._wire.may_begin():
                raise WireError(FailureKind.TIMEOUT, "Too much time passed before it could begin: nothing was sent.")
            self._wire.has_sent = True
            try:
                self._socket.settimeout(seconds)
                rest = rest[self._socket.send(rest) :]
            except TimeoutError:
                words = f"The request was not taken within {self._wire.seconds:g} s."
                raise WireError(FailureKind.TIMEOUT, words) from None
            except OSError as error:
                raise httpcore2.WriteError from error

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ARG002
    ) -> httpcore2.NetworkStream:
        """Shake hands. The certificate must be good, and the host's."""
        try:
            self._socket.settimeout(self._wire.left("No secure connection"))
            secured = ssl_context.wrap_socket(self._socket, server_hostname=server_hostname)
        except TimeoutError:
            self.close()
            raise WireError(FailureKind.TIMEOUT, f"No secure connection within {self._wire.seconds:g} s.") from None
        except ssl.SSLCertVerificationError as error:
            self.close()
            raise WireError(FailureKind.TLS, f"The host's certificate is not good: {error.verify_message}.") from None
        except (OSError, ValueError):
            self.close()
            raise WireError(FailureKind.TLS, "No secure connection could be made.") from None
        return Stream(secured, self._wire)


def _connected(family: socket.AddressFamily, address: Any, *, seconds: float) -> socket.socket:
    made = socket.socket(family, socket.SOCK_STREAM)
    try:
        made.settimeout(seconds)
        made.connect(address)
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    except OSError:
        made.close()
        raise
    return made
