"""The embedded message broker: a kombu transport over a folder, for several processes on one machine that may die at
any moment. Messages are hints: one may be lost or come twice, but none may stop a worker.

A message appears by rename, complete or not at all, and is claimed by rename, by one process only. What cannot be read
is put aside. Only direct queues exist: no fan-out, so no remote control.
"""

from __future__ import annotations

import base64
import json
import logging
import os
import stat
import time
import uuid
from collections import deque
from pathlib import Path
from queue import Empty
from typing import Any
from urllib.parse import quote

from kombu.transport import virtual

LARGEST = 1024 * 1024
MOST_READY = 10_000
MOST_BROKEN = 100
ABANDONED_AFTER_SECONDS = 60
LONGEST_DRAIN_SECONDS = 0.3
_STAGES = ("drafts", "ready", "claimed", "broken")

logger = logging.getLogger(__name__)


class Broken(Exception):
    """A file that is not a message."""


class Channel(virtual.Channel):
    """One queue is one folder, with a subfolder for each stage of a message's life."""

    def __init__(self, connection: Any, **kwargs: Any) -> None:
        super().__init__(connection, **kwargs)
        options = connection.client.transport_options
        self._folder = Path(options["folder"])
        self._most_ready: int = options.get("most_ready", MOST_READY)
        self._abandoned_after: float = options.get("abandoned_after_seconds", ABANDONED_AFTER_SECONDS)
        self._listed: dict[str, deque[str]] = {}
        self._tidied_at: dict[str, float] = {}
        self._puts = 0

    def _queue_folder(self, queue: str) -> Path:
        return self._folder / f"queue-{quote(queue, safe='')}"

    def _new_queue(self, queue: str, **_: Any) -> None:
        _make_private(self._folder)
        _make_private(self._queue_folder(queue))
        for stage in _STAGES:
            _make_private(self._queue_folder(queue) / stage)

    def _put(self, queue: str, message: dict[str, Any], **_: Any) -> None:
        content = json.dumps(message, separators=(",", ":")).encode()
        if len(content) > LARGEST:
            raise ValueError("a message is a hint, and this one is too long for that")
        if self._is_full(queue):
            logger.warning(
                "The queue %s holds %s messages: is a worker running? This one is dropped.", queue, self._most_ready
            )
            return
        try:
            self._write(queue, content)
        except FileNotFoundError:
            # Somebody has emptied the folder.
            self._new_queue(queue)
            self._write(queue, content)

    def _write(self, queue: str, content: bytes) -> None:
        folder = self._queue_folder(queue)
        # The time first, so that the order of names is the order of messages.
        name = f"{time.time_ns():020d}-{uuid.uuid4().hex}.json"
        draft = folder / "drafts" / name
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(content)
        draft.rename(folder / "ready" / name)

    def _is_full(self, queue: str) -> bool:
        """Whether nobody has been reading for long; looked up once in a hundred messages, which is near enough."""
        self._puts += 1
        return self._puts % 100 == 0 and self._size(queue) > self._most_ready

    def _get(self, queue: str, timeout: float | None = None) -> dict[str, Any]:  # noqa: ARG002  # never waits
        names = self._listed.setdefault(queue, deque())
        if not names:
            self._tidy(queue)
            names.extend(sorted(_names(self._queue_folder(queue) / "ready")))
        while names:
            message = self._claim(self._queue_folder(queue), names.popleft())
            if message is not None:
                return message
        raise Empty

    def _claim(self, folder: Path, name: str) -> dict[str, Any] | None:
        """The message, or ``None`` when another process was first or the file is broken."""
        claimed = folder / "claimed" / name
        try:
            (folder / "ready" / name).rename(claimed)
        except FileNotFoundError:
            _make_private(folder / "claimed")
            return None
        try:
            message = _read(claimed)
        except (Broken, OSError) as error:
            self._put_aside(folder, claimed, error)
            return None
        claimed.unlink(missing_ok=True)
        return message

    def _put_aside(self, folder: Path, file: Path, error: Exception) -> None:
        logger.warning("Put the broken message %s aside: %s", file.name, error)
        _make_private(folder / "broken")
        try:
            file.rename(folder / "broken" / file.name)
        except OSError as second:
            logger.warning("It cannot be put aside: %s", second.strerror)
        for name in sorted(_names(folder / "broken"))[:-MOST_BROKEN]:
            _remove(folder / "broken" / name)

    def _tidy(self, queue: str) -> None:
        """Now and then: remove drafts and give back claims of processes that died over them."""
        now = time.monotonic()
        if now - self._tidied_at.get(queue, float("-inf")) < self._abandoned_after:
            return
        self._tidied_at[queue] = now
        folder = self._queue_folder(queue)
        for name in _names(folder / "drafts"):
            if _age_seconds(folder / "drafts" / name) > self._abandoned_after:
                _remove(folder / "drafts" / name)
        for name in _names(folder / "claimed"):
            if _age_seconds(folder / "claimed" / name) > self._abandoned_after:
                try:
                    (folder / "claimed" / name).rename(folder / "ready" / name)
                except OSError:
                    # Another process tidies too.
                    continue

    def _size(self, queue: str) -> int:
        return len(_names(self._queue_folder(queue) / "ready"))

    def _purge(self, queue: str) -> int:
        folder = self._queue_folder(queue) / "ready"
        return sum(_remove(folder / name) for name in _names(folder))


class Transport(virtual.Transport):
    """``embedded://``. Options: ``folder``; ``most_ready`` and ``abandoned_after_seconds`` for tests."""

    Channel = Channel
    polling_interval = 0.1
    driver_type = "embedded"
    driver_name = "embedded"
    implements = virtual.Transport.implements.extend(exchange_type=frozenset(["direct"]))

    def drain_events(self, connection: Any, timeout: float | None = None, **_: Any) -> None:
        # Celery asks for two seconds at a time, and twice more after it was told to stop: shorter, it stops sooner.
        super().drain_events(connection, timeout=None if timeout is None else min(timeout, LONGEST_DRAIN_SECONDS))

    def driver_version(self) -> str:
        return "1"


def _make_private(folder: Path) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)


def _names(folder: Path) -> list[str]:
    try:
        return [entry.name for entry in os.scandir(folder)]
    except FileNotFoundError:
        return []


def _remove(file: Path) -> bool:
    try:
        file.unlink()
    except OSError:
        return False
    return True


def _age_seconds(file: Path) -> float:
    """Since when the file has been where it is: a rename changes the ctime. Gone, it has no age."""
    try:
        return time.time() - file.lstat().st_ctime
    except OSError:
        return 0.0


def _read(file: Path) -> dict[str, Any]:
    descriptor = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with os.fdopen(descriptor, "rb") as opened:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise Broken("not a file")
        content = opened.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise Broken("too long")
    try:
        message = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise Broken("not JSON") from error
    if not _is_message(message):
        raise Broken("not a message")
    return message  # type: ignore[no-any-return]


def _is_message(value: Any) -> bool:
    """Whether it is such a message as our own Celery writes: others can end a worker, or make it wait."""
    if not isinstance(value, dict) or not isinstance(value.get("headers"), dict):
        return False
    properties = value.get("properties")
    return (
        isinstance(properties, dict)
        and isinstance(properties.get("delivery_tag"), str)
        and _has_texts(properties.get("delivery_info"), "exchange", "routing_key")
        and properties.get("body_encoding") == "base64"
        and value.get("content-type") == "application/json"
        and value.get("content-encoding") == "utf-8"
        and _is_base64(value.get("body"))
        and _is_harmless(value["headers"])
    )


def _is_harmless(headers: dict[str, Any]) -> bool:
    if "task" not in headers:
        # Not a task: Celery says so and goes on.
        return True
    limits = headers.get("timelimit")
    return (
        _has_texts(headers, "task", "id")
        and isinstance(headers.get("expires"), str | None)
        and headers.get("eta") is None
        and "compression" not in headers
        and isinstance(limits, list | None)
        and (limits is None or (len(limits) == 2 and all(isinstance(limit, int | float | None) for limit in limits)))
    )


def _has_texts(value: Any, *names: str) -> bool:
    return isinstance(value, dict) and all(isinstance(value.get(name), str) for name in names)


def _is_base64(value: Any) -> bool:
    try:
        base64.b64decode(value, validate=True)
    except (TypeError, ValueError):
        return False
    return True
