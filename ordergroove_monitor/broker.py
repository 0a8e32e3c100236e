"""The embedded message broker: kombu's file-system transport, made fit for several processes that may die at any moment."""

from __future__ import annotations

from kombu.transport import filesystem


class Transport(filesystem.Transport):
    polling_interval = 0.1
