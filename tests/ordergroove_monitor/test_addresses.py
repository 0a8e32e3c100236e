from __future__ import annotations

import socket

import pytest

from ordergroove_monitor import addresses
from ordergroove_monitor.addresses import AddressError


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("127.0.0.1:8000", ("127.0.0.1", 8000)),
        ("localhost:1", ("localhost", 1)),
        ("[::1]:8000", ("::1", 8000)),
        ("8001", ("127.0.0.1", 8001)),
        ("0.0.0.0:0", ("0.0.0.0", 0)),
        (" 127.0.0.1:80 ", ("127.0.0.1", 80)),
    ],
)
def test_an_address_is_read(text: str, address: tuple[str, int]) -> None:
    assert addresses.parse(text) == address


@pytest.mark.parametrize(
    "text", ["", "host", "host:", "host:x", "host:65536", "::1:80", "http://host", "a b:80", "x:-1"]
)
def test_what_is_no_address_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(AddressError, match="write HOST:PORT"):
        addresses.parse(text)


@pytest.mark.parametrize(("host", "joined"), [("localhost", "localhost:1"), ("::1", "[::1]:1")])
def test_an_address_stands_in_a_url(host: str, joined: str) -> None:
    assert addresses.join(host, 1) == joined


def test_listening_gives_a_socket_with_a_port() -> None:
    with addresses.listen(("127.0.0.1", 0)) as listener:
        socket.create_connection(listener.getsockname()).close()


def test_a_busy_port_suggests_another() -> None:
    with addresses.listen(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        with pytest.raises(AddressError, match=rf"127\.0\.0\.1:{port} is in use .*--bind 127\.0\.0\.1:\d+"):
            addresses.listen(("127.0.0.1", port))


@pytest.mark.parametrize("host", ["no-such-host.invalid", "192.0.2.1"])
def test_an_address_elsewhere_is_refused(host: str) -> None:
    with pytest.raises(AddressError, match=r"not .* of this machine"):
        addresses.listen((host, 0))
