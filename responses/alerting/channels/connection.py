"""A connection to an address that has been checked: no redirect, no proxy, no second look-up of the name."""

from __future__ import annotations

import http.client
import socket
import ssl

from responses.alerting.channels.deadline import Deadline
from responses.alerting.channels.targets import Target

READ_SECONDS = 10.0
CONNECT_SECONDS = 5.0


class Connection(http.client.HTTPConnection):
    """A connection to one of the given addresses, under the host's name and with its certificate checked."""

    def __init__(self, target: Target, addresses: list[str], deadline: Deadline) -> None:
        self.default_port = 443 if target.scheme == "https" else 80
        super().__init__(target.host, target.port, timeout=READ_SECONDS)
        self._target, self._addresses, self._deadline = target, addresses, deadline

    def connect(self) -> None:
        opened = self._open()
        self.sock = opened
        self._deadline.watch(lambda: self.sock)
        opened.settimeout(self._deadline.left(READ_SECONDS))
        if self._target.scheme == "https":
            context = ssl.create_default_context()
            self.sock = context.wrap_socket(opened, server_hostname=self._target.host, do_handshake_on_connect=False)
            self.sock.do_handshake()

    def _open(self) -> socket.socket:
        failure: OSError = OSError("no address to connect to")
        for address in self._addresses:
            try:
                return socket.create_connection((address, self._target.port), self._deadline.left(CONNECT_SECONDS))
            except OSError as error:
                failure = error
        raise failure
