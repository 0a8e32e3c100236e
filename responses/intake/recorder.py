"""Report every HTTP exchange with Ordergroove to Ordergroove Monitor.

One file, standard library only, Python 3.8 or newer; take it from ``GET /recorder.py`` of your monitor. It must never
delay, change or break the call that it watches: whatever goes wrong here is counted and logged, never raised.

    recorder = Recorder("https://monitor.example.com", "<intake key>")
    recorder.install_httpx(client)      # httpx and httpx2, sync and async
    recorder.install_requests(session)
    recorder.record(method="POST", url=url, request_body=sent, status_code=400, response_body=received)

Credentials are taken out before anything leaves the process: the monitor redacts what it shows, and seals what may be
sent again. ``redact=True`` also takes out personal and payment data here, and gives up sending again. Records wait in a
bounded queue and go out in batches from a background thread. When the queue is full, successes are dropped first, and
failures that had to be dropped are reported. A process that ends without running its exit handlers (``os._exit``,
SIGKILL, some forked workers) should call ``close()`` itself.
"""

from __future__ import annotations

import atexit
import base64
import functools
import gzip
import http.client
import json
import logging
import os
import queue
import random
import re
import socket
import ssl
import sys
import threading
import time
import uuid
import weakref
import zlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, unquote_plus, urlencode, urlsplit, urlunsplit

VERSION = "1"
PATH = "/api/v1/responses"
KINDS = ("timeout", "connection", "tls", "dns", "protocol")
REMOVED = "[removed]"

_log = logging.getLogger("ordergroove_recorder")
_RECORD_OVERHEAD = 1_000
_BATCH_BYTES = 4 * 1_048_576  # of JSON before compression; the monitor takes 10 MiB
_BATCH_RECORDS = 500
_SMALL_BODY = 65_536
_LONGEST_WAIT = 300.0

_CREDENTIAL_HEADERS = frozenset(
    ("x-api-key", "authorization", "proxy-authorization", "cookie", "set-cookie", "ordergroove-signature")
)
_PLAIN_HEADERS = frozenset((
    "accept", "content-encoding", "content-length", "content-type", "date", "retry-after", "server", "user-agent",
    "x-og-api-version", "x-request-id",
))  # fmt: skip
_PERSONAL = frozenset((
    "email", "first_name", "last_name", "name", "phone", "phone_number", "fax", "address", "address1", "address2",
    "company_name", "city", "zip_postal_code", "cc_number", "cc_holder", "cc_exp_date", "cc_cvv", "cvv", "cvc",
    "token_id", "label", "sig", "one_click_token", "password", "session_id",
))  # fmt: skip
_TAKEN_OUT = _PERSONAL | {"payment", "shipping_address", "billing_address", "extra_data"}
_EMAIL = re.compile(r"[^\s@\"'<>:,;=]{1,64}@[^\s@\"'<>:,;=]{1,255}\.[A-Za-z]{2,24}")
_DIGITS = re.compile(r"(?<!\d)\d(?:[ -]?\d){12,18}(?!\d)")
_SIGNATURE = re.compile(r"(?i)([?&]sig=)[^&\s'\")]*")


def _quiet(function: Callable[..., Any]) -> Callable[..., Any]:
    """What fails in here is logged and forgotten: the watched call must not notice."""

    @functools.wraps(function)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except Exception:  # noqa: BLE001 - the promise of this file
            _log.debug("recorder: %s failed", function.__name__, exc_info=True)
            return None

    return guarded


class _Record:
    """One exchange as it waits in the queue."""

    __slots__ = (
        "body_limit", "duration_ms", "encoded", "failure", "id", "is_failure", "is_kept", "is_redacted",
        "method", "number", "queued_at", "request_body", "request_headers", "request_id", "response_body",
        "response_headers", "retry", "sent_at", "size", "status_code", "tags", "truncated", "url",
    )  # fmt: skip

    def __init__(self) -> None:
        self.id = uuid.uuid4().hex
        self.number = 0
        self.queued_at = 0.0
        self.sent_at = 0.0
        self.duration_ms: int | None = None
        self.method = "GET"
        self.url = ""
        self.request_headers: list[tuple[str, str]] = []
        self.request_body = b""
        self.status_code: int | None = None
        self.response_headers: list[tuple[str, str]] = []
        self.response_body = b""
        self.failure: tuple[str, str] | None = None
        self.request_id = ""
        self.retry: str | None = None
        self.tags: dict[str, str] = {}
        self.truncated: set[str] = set()
        self.is_redacted = False
        self.is_failure = False
        self.is_kept = False
        self.body_limit = 0
        self.size = 0
        self.encoded: bytes | None = None


class Recorder:
    """Takes exchanges, and sends them to the monitor in the background. Without ``url`` or ``key`` it does nothing."""

    def __init__(
        self,
        url: str,
        key: str,
        *,
        redact: bool = False,
        retry: str | None = None,
        tags: dict[str, str] | None = None,
        hosts: Iterable[str] = (),
        flush_interval: float = 0.5,
        batch_size: int = 200,
        max_records: int = 10_000,
        max_bytes: int = 16 * 1_048_576,
        body_limit: int = 1_048_576,
        timeout: float = 10.0,
        exit_timeout: float = 5.0,
        ssl_context: ssl.SSLContext | None = None,
    ) -> None:
        """``url``: of the monitor. ``retry``: who sends again, ``monitor``, ``caller`` or ``never``.

        ``hosts``: record only calls to these; empty means all. Times are in seconds.
        """
        self._endpoint = _endpoint(url)
        self._key = _clean_key(key)
        self._redact = redact
        self._retry = retry
        self._tags = {str(name): str(value) for name, value in (tags or {}).items()}
        self._hosts = frozenset(host.lower() for host in hosts)
        self._flush_interval = flush_interval
        self._batch_size = max(1, min(batch_size, _BATCH_RECORDS))
        self._max_records, self._max_bytes, self._body_limit = max_records, max_bytes, body_limit
        self._timeout, self._exit_timeout, self._ssl_context = timeout, exit_timeout, ssl_context
        self._start_over()
        _all.add(self)
        atexit.register(self._at_exit)

    def _start_over(self) -> None:
        """Empty queues and no thread: at first, and in a forked child, whose parent sends what was waiting."""
        # SimpleQueue.put is reentrant: a record may come out of a finaliser, in the middle of anything.
        self._inbox: queue.SimpleQueue[_Record] = queue.SimpleQueue()
        self._signal: queue.SimpleQueue[None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._plain: deque[_Record] = deque()
        self._kept: deque[_Record] = deque()
        self._queued_bytes = 0
        self._in_flight: list[_Record] = []
        self._numbers = iter(range(1, sys.maxsize))
        self._thread: threading.Thread | None = None
        self._closing = threading.Event()
        self._deadline: float | None = None
        self._is_urgent = False
        self._line: http.client.HTTPConnection | None = None
        self._counts = dict.fromkeys(
            ("recorded", "delivered", "refused", "undelivered", "dropped_successes", "dropped_failures"), 0
        )
        self._unreported = {"dropped_successes": 0, "dropped_failures": 0}
        self._last_complaint = ""

    # -- what callers use ------------------------------------------------------------------------------------------

    def install_httpx(self, client: Any) -> Any:
        """Record every exchange of an httpx or httpx2 client, sync or async. Gives the client back."""
        _install_httpx(self, client)
        return client

    def install_requests(self, session: Any) -> Any:
        """Record every exchange of a ``requests.Session``. Gives the session back."""
        _install_requests(self, session)
        return session

    def record(
        self,
        *,
        method: str,
        url: str,
        request_headers: Any = None,
        request_body: Any = b"",
        status_code: int | None = None,
        response_headers: Any = None,
        response_body: Any = b"",
        failure: Any = None,
        sent_at: datetime | float | None = None,
        duration_ms: int | None = None,
        request_id: str = "",
        retry: str | None = None,
        tags: dict[str, str] | None = None,
        id: str | None = None,  # noqa: A002 - the name in the contract
    ) -> str:
        """Record one exchange; its id, or ``""`` when it was not taken.

        ``failure``: an exception, one of ``KINDS``, or a pair of kind and message; exactly one of it and
        ``status_code``. ``request_id``: your own name for the request, the same for each try of it.
        """
        try:
            record = _Record()
            record.id = id or record.id
            record.method, record.url = str(method).upper(), str(url)
            record.request_headers, record.response_headers = _pairs(request_headers), _pairs(response_headers)
            record.request_body, record.response_body = _as_bytes(request_body), _as_bytes(response_body)
            record.status_code = None if status_code is None else int(status_code)
            record.failure = _failure(failure) if record.status_code is None else None
            record.duration_ms = None if duration_ms is None else max(int(duration_ms), 0)
            record.sent_at = sent_at.timestamp() if isinstance(sent_at, datetime) else float(sent_at or time.time())
            record.request_id, record.retry = str(request_id or ""), retry
            record.tags = {str(name): str(value) for name, value in (tags or {}).items()}
            return record.id if self._take(record) else ""
        except Exception:  # noqa: BLE001 - the promise of this file
            _log.debug("recorder: record() failed", exc_info=True)
            return ""

    def flush(self, timeout: float = 5.0) -> bool:
        """Wait until everything that was recorded so far has left, at most ``timeout`` seconds; whether it has."""
        end = time.monotonic() + timeout
        self._admit()
        self._is_urgent = True
        self._signal.put(None)
        while self._waiting():
            if time.monotonic() >= end:
                return False
            time.sleep(0.01)
        return True

    def close(self, timeout: float | None = None) -> bool:
        """Send what is left, at most ``timeout`` seconds, and stop; whether everything has left."""
        limit = self._exit_timeout if timeout is None else timeout
        is_first = not self._closing.is_set()
        self._deadline = time.monotonic() + limit
        self._closing.set()
        self._admit()
        self._signal.put(None)
        thread = self._thread
        if thread is None or not thread.is_alive():
            if self._waiting():
                self._run()  # at the very end of a process no thread can be started
        elif thread is not threading.current_thread():
            thread.join(limit + 0.1)
        left = self._waiting()
        if left and is_first:
            self._counts["undelivered"] += left
            _log.warning("recorder: %d records could not be delivered in time and are lost", left)
        atexit.unregister(self._at_exit)
        return not left

    def stats(self) -> dict[str, int]:
        """How many records were taken, delivered, refused, dropped and are waiting."""
        return {**self._counts, "waiting": self._waiting()}

    def __enter__(self) -> Recorder:  # noqa: PYI034 - Self is not in Python 3.8
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # -- the queue -------------------------------------------------------------------------------------------------

    def _wants(self, url: str) -> bool:
        if not self._endpoint or not self._key or url.startswith(self._endpoint):
            return False
        return not self._hosts or (urlsplit(url).hostname or "") in self._hosts

    def _take(self, record: _Record) -> bool:
        if self._closing.is_set() or not self._wants(record.url):
            return False
        if record.status_code is None and record.failure is None:
            record.failure = ("connection", "no answer")
        _cut(record, self._body_limit)
        status = record.status_code
        record.is_failure = status is None or not 200 <= status < 300 or status in (206, 207)
        # The answer to a purchase is only a receipt: without it the monitor cannot follow the real result.
        record.is_kept = record.is_failure or "/subscription/create" in record.url
        record.is_redacted = self._redact or "request" in record.truncated
        record.retry = record.retry or self._retry
        record.body_limit = self._body_limit
        record.size = len(record.request_body) + len(record.response_body) + _RECORD_OVERHEAD
        record.queued_at = time.monotonic()
        self._inbox.put(record)
        self._admit()
        self._start()
        return True

    def _admit(self) -> None:
        """From the inbox into the queues, within the bounds. Whoever finds the lock taken leaves it to the thread."""
        if not self._lock.acquire(blocking=False):
            self._wake()
            return
        try:
            before = len(self._plain) + len(self._kept)
            while True:
                try:
                    record = self._inbox.get_nowait()
                except queue.Empty:
                    break
                record.number = next(self._numbers)
                (self._kept if record.is_kept else self._plain).append(record)
                self._queued_bytes += record.size
                self._counts["recorded"] += 1
                self._drop_surplus()
            after = len(self._plain) + len(self._kept)
        finally:
            self._lock.release()
        if (before == 0 < after) or before < self._batch_size <= after:
            self._wake()

    def _wake(self) -> None:
        if self._signal.empty():
            self._signal.put(None)

    def _drop_surplus(self) -> None:
        while (self._plain or self._kept) and (
            self._queued_bytes > self._max_bytes or len(self._plain) + len(self._kept) > self._max_records
        ):
            record = (self._plain or self._kept).popleft()
            self._queued_bytes -= record.size
            name = "dropped_failures" if record.is_failure else "dropped_successes"
            self._counts[name] += 1
            self._unreported[name] += 1

    def _waiting(self) -> int:
        return len(self._plain) + len(self._kept) + len(self._in_flight) + self._inbox.qsize()

    def _start(self) -> None:
        """One thread, at the first record. Never waits for the lock: a finaliser may come here while it is held."""
        if self._thread is not None or not self._lock.acquire(blocking=False):
            return
        try:
            if self._thread is None:
                thread = threading.Thread(target=self._run, name="ordergroove-recorder", daemon=True)
                thread.start()
                self._thread = thread
        except RuntimeError:  # the interpreter is shutting down; close() sends what is left
            pass
        finally:
            self._lock.release()

    # -- the background thread -------------------------------------------------------------------------------------

    def _run(self) -> None:
        go_on = True
        while go_on:
            try:
                batch = self._next_batch()
                go_on = batch is not None and self._deliver(batch)
            except Exception:  # noqa: BLE001 - the thread must live as long as the process
                _log.debug("recorder: a batch failed", exc_info=True)
                self._counts["refused"] += len(self._in_flight)
            if go_on:
                self._in_flight = []
        self._hang_up()

    def _next_batch(self) -> list[_Record] | None:
        """Wait for a full batch, or for the oldest record to be ``flush_interval`` old; ``None`` at the end."""
        while True:
            self._admit()
            waiting = len(self._plain) + len(self._kept)
            if waiting == 0:
                self._is_urgent = False
                if self._closing.is_set():
                    return None
                self._wait_for_signal(None)
                continue
            if self._is_too_late():
                return None
            age = time.monotonic() - min(line[0].queued_at for line in (self._plain, self._kept) if line)
            is_due = age >= self._flush_interval or self._is_urgent or self._closing.is_set()
            if is_due or waiting >= self._batch_size:
                return self._pop_batch()
            self._wait_for_signal(self._flush_interval - age)

    def _is_too_late(self) -> bool:
        return self._deadline is not None and time.monotonic() >= self._deadline

    def _wait_for_signal(self, timeout: float | None) -> None:
        try:
            self._signal.get(timeout=timeout)
        except queue.Empty:
            pass

    def _pop_batch(self) -> list[_Record]:
        batch: list[_Record] = []
        size = 0
        with self._lock:
            while len(batch) < self._batch_size and (self._plain or self._kept):
                source = self._older()
                if batch and size + source[0].size > _BATCH_BYTES:
                    break
                record = source.popleft()
                self._queued_bytes -= record.size
                size += record.size
                batch.append(record)
            self._in_flight = batch
        return batch

    def _older(self) -> deque[_Record]:
        if not self._plain or not self._kept:
            return self._plain or self._kept
        return self._plain if self._plain[0].number < self._kept[0].number else self._kept

    def _deliver(self, batch: list[_Record]) -> bool:
        """Send until it is taken, refused or split; ``False`` when the time is over before that."""
        batch = [record for record in batch if self._is_writable(record)]
        tries = 0
        while batch:
            status, retry_after, body = self._post(batch)
            if status is not None and 200 <= status < 300:
                self._delivered(batch, status, body)
                break
            tries += 1
            if status is not None and _is_final(status, tries):
                return self._refused(batch, status, body)
            self._complain(status)
            if not self._pause(tries, retry_after):
                return False
        return True

    def _is_writable(self, record: _Record) -> bool:
        """One that cannot be written as JSON must not take its neighbours with it."""
        if record.encoded is None:
            try:
                record.encoded = _encode(record, self._tags, redact=self._redact)
            except Exception:  # noqa: BLE001 - whatever a caller handed to record()
                _log.warning("recorder: a record could not be written and is lost", exc_info=True)
                self._counts["refused"] += 1
                return False
        return True

    def _pause(self, tries: int, retry_after: float | None) -> bool:
        """Wait before the next try; ``False`` when there will be none."""
        delay = min(60.0, 0.5 * 2.0 ** min(tries, 10)) * random.uniform(0.5, 1.0)  # noqa: S311 - jitter
        if retry_after is not None:
            delay = min(max(retry_after, 0.1), _LONGEST_WAIT)
        if not self._closing.wait(delay):
            self._admit()
            return True
        if self._is_too_late():
            return False
        time.sleep(min(delay, 0.2))
        return True

    def _delivered(self, batch: list[_Record], status: int, body: bytes) -> None:
        rejected = _rejections(body) if status == 207 else []
        self._counts["delivered"] += len(batch) - len(rejected)
        self._counts["refused"] += len(rejected)
        self._last_complaint = ""
        if rejected:
            _log.warning("recorder: the monitor refused %d of %d records: %s", len(rejected), len(batch), rejected[0])

    def _refused(self, batch: list[_Record], status: int, body: bytes) -> bool:
        """A smaller batch may pass: halves, and at last one record alone, with its bodies cut short."""
        if status != 422 and len(batch) > 1:
            middle = len(batch) // 2
            return self._deliver(batch[:middle]) and self._deliver(batch[middle:])
        if status == 413 and batch[0].body_limit > _SMALL_BODY:
            batch[0].body_limit, batch[0].encoded = _SMALL_BODY, None
            _cut(batch[0], _SMALL_BODY)
            return self._deliver(batch)
        self._counts["refused"] += len(batch)
        text = body[:300].decode("utf-8", "replace")
        _log.warning("recorder: the monitor refused %d records with %s: %s", len(batch), status, text)
        return True

    def _complain(self, status: int | None) -> None:
        """Once for each new reason, not for each try."""
        reason = "cannot be reached" if status is None else f"answers {status}"
        if status in (401, 403):
            reason += ": is the intake key right?"
        if reason != self._last_complaint:
            self._last_complaint = reason
            _log.warning("recorder: the monitor %s; records wait, at most %d", reason, self._max_records)

    # -- one call to the monitor -----------------------------------------------------------------------------------

    def _post(self, batch: list[_Record]) -> tuple[int | None, float | None, bytes]:
        """Status code (``None``: no answer), seconds to wait, body."""
        dropped = dict(self._unreported)
        body = gzip.compress(b'{"responses":[' + b",".join(self._written(batch, dropped)) + b"]}", 5)
        headers = {
            "Authorization": f"Bearer {self._key}",
            "Content-Type": "application/json",
            "Content-Encoding": "gzip",
            "User-Agent": f"ordergroove-recorder/{VERSION}",
            "X-Recorder-Dropped-Failures": str(dropped["dropped_failures"]),
            "X-Recorder-Dropped-Successes": str(dropped["dropped_successes"]),
        }
        try:
            status, answer_headers, answer = self._exchange(body, headers)
        except (OSError, http.client.HTTPException, ValueError):
            _log.debug("recorder: no answer from the monitor", exc_info=True)
            return None, None, b""
        if 200 <= status < 300:
            for name, count in dropped.items():
                self._unreported[name] -= count
            if any(dropped.values()):
                _log.warning("recorder: the queue was full: %s", dropped)
        return status, _seconds(answer_headers.get("Retry-After")), answer

    def _exchange(self, body: bytes, headers: dict[str, str]) -> tuple[int, Any, bytes]:
        """One POST on the kept connection; the monitor may have closed it meanwhile, so a second try on a new one."""
        parts = urlsplit(self._endpoint)
        timeout = self._timeout
        if self._deadline is not None:
            timeout = max(min(timeout, self._deadline - time.monotonic()), 0.1)
        while True:
            is_fresh = self._line is None
            line = self._line or self._connect(parts, timeout)
            self._line = line
            if line.sock is not None:
                line.sock.settimeout(timeout)
            try:
                line.request("POST", parts.path, body, headers)
                response = line.getresponse()
                answer = response.read(4 * 1_048_576)
                if response.will_close or not response.isclosed():
                    self._hang_up()
                return response.status, response.headers, answer
            except (OSError, http.client.HTTPException) as error:
                self._hang_up()
                if is_fresh or isinstance(error, (socket.timeout, TimeoutError)):
                    raise

    def _connect(self, parts: Any, timeout: float) -> http.client.HTTPConnection:
        if parts.scheme == "https":
            context = self._ssl_context or ssl.create_default_context()
            return http.client.HTTPSConnection(parts.hostname, parts.port, timeout=timeout, context=context)
        return http.client.HTTPConnection(parts.hostname, parts.port, timeout=timeout)

    def _hang_up(self) -> None:
        if self._line is not None:
            self._line.close()
            self._line = None

    def _written(self, batch: list[_Record], dropped: dict[str, int]) -> Iterator[bytes]:
        """The records as JSON; the first one tells of the failures that had to be dropped before it."""
        for index, record in enumerate(batch):
            if index == 0 and dropped["dropped_failures"]:
                lost = {"recorder_dropped_failures": str(dropped["dropped_failures"])}
                yield _encode(record, {**self._tags, **lost}, redact=self._redact)
            else:
                yield record.encoded or b"null"

    @_quiet
    def _at_exit(self) -> None:
        self.close()


# A wrong key, address or proxy is put right sooner or later: what was recorded until then waits.
_WORTH_WAITING = frozenset((301, 302, 303, 307, 308, 401, 403, 404, 405, 408, 425, 429))
_BUSY = frozenset((502, 503, 504))


def _is_final(status: int, tries: int) -> bool:
    """Whether the monitor would say the same again: another 4xx, or a 500 for the third time."""
    if status >= 500:
        return status not in _BUSY and tries >= 3
    return status not in _WORTH_WAITING


_all: weakref.WeakSet[Recorder] = weakref.WeakSet()


def _after_fork() -> None:
    for recorder in list(_all):
        recorder._start_over()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


# -- one exchange while it happens -------------------------------------------------------------------------------------


class _Watch:
    """Gathers one exchange and hands it over once, whole, broken or left unread."""

    def __init__(self, recorder: Recorder, record: _Record) -> None:
        self._recorder = recorder
        self._record = record
        self._outer = sys.exc_info()[1]  # the call may be made while another error is being handled
        self._started = time.perf_counter()
        self._sent: list[bytes] | None = None
        self._parts: list[bytes] = []
        self._size = 0
        self._is_done = False
        self._guard: Any = None
        record.sent_at = time.time()

    def sending(self, part: Any) -> None:
        """One piece of a request body that is streamed."""
        if self._sent is None:
            self._sent = []
        self._sent.append(_as_bytes(part))

    def receiving(self, part: bytes) -> None:
        """One piece of the response body."""
        if self._size <= self._recorder._body_limit:
            self._parts.append(part)
        self._size += len(part)

    def guard(self, owner: Any) -> None:
        """Hand over at the latest when ``owner`` is thrown away unread."""
        self._guard = weakref.finalize(owner, self.left)

    @_quiet
    def answered(self, status_code: int, headers: Iterable[tuple[str, str]]) -> None:
        """The status code and the header fields have come."""
        self._record.status_code = status_code
        self._record.response_headers = list(headers)

    @_quiet
    def whole(self) -> None:
        """The body was read to its end."""
        self._hand_over()

    @_quiet
    def left(self) -> None:
        """The caller does not want the rest of the body."""
        if not self._is_done and not _has_no_body(self._record):
            self._record.truncated.add("response")
        self._hand_over()

    @_quiet
    def broken(self, error: BaseException) -> None:
        """No answer, or one that broke off."""
        kind, message = _failure(error, until=self._outer) or ("connection", "")
        if self._record.status_code is not None:
            message = f"status {self._record.status_code} came, then its body broke off: {message}"
        self._record.status_code, self._record.failure = None, (kind, message)
        self._record.response_headers, self._parts = [], []
        self._hand_over()

    def _hand_over(self) -> None:
        if self._is_done:
            return
        self._is_done = True
        record = self._record
        record.duration_ms = int((time.perf_counter() - self._started) * 1000)
        record.response_body = b"".join(self._parts)
        if self._sent is not None:
            record.request_body = b"".join(self._sent)
        self._recorder._take(record)
        if self._guard is not None:
            self._guard.detach()


# -- httpx and httpx2 --------------------------------------------------------------------------------------------------


@_quiet
def _install_httpx(recorder: Recorder, client: Any) -> None:
    library = next(
        (sys.modules[root] for root in (kind.__module__.partition(".")[0] for kind in type(client).__mro__)
         if hasattr(sys.modules.get(root), "AsyncByteStream")), None,
    )  # fmt: skip
    if library is None or not hasattr(client, "_transport"):
        _log.error("recorder: install_httpx() wants a client of httpx or httpx2, not %r", type(client))
        return
    client._transport = _wrapped(recorder, library, client._transport)
    mounts = getattr(client, "_mounts", {})
    for pattern, transport in list(mounts.items()):
        mounts[pattern] = _wrapped(recorder, library, transport)


def _wrapped(recorder: Recorder, library: Any, transport: Any) -> Any:
    if transport is None or isinstance(transport, _HttpxTransport):
        return transport
    return _HttpxTransport(recorder, library, transport)


class _HttpxTransport:
    """Stands before a client's transport and watches; everything else goes through."""

    def __init__(self, recorder: Recorder, library: Any, inner: Any) -> None:
        self._recorder = recorder
        self._inner = inner
        self._sync = type("RecordedStream", (_SyncTee, library.SyncByteStream), {})
        self._async = type("RecordedStream", (_AsyncTee, library.AsyncByteStream), {})

    def __getattr__(self, name: str) -> Any:
        if name in ("_inner", "_recorder"):  # while it is being copied or unpickled
            raise AttributeError(name)
        return getattr(self._inner, name)

    def __enter__(self) -> _HttpxTransport:  # noqa: PYI034
        self._inner.__enter__()
        return self

    def __exit__(self, *args: object) -> None:
        self._inner.__exit__(*args)

    async def __aenter__(self) -> _HttpxTransport:  # noqa: PYI034
        await self._inner.__aenter__()
        return self

    async def __aexit__(self, *args: object) -> None:
        await self._inner.__aexit__(*args)

    def close(self) -> None:
        self._inner.close()

    async def aclose(self) -> None:
        await self._inner.aclose()

    def handle_request(self, request: Any) -> Any:
        watch, stream = self._begin(request, self._sync)
        if watch is None:
            return self._inner.handle_request(request)
        try:
            response = self._inner.handle_request(request)
        except BaseException as error:
            watch.broken(error)
            raise
        finally:
            _put_back(request, stream)
        self._answered(watch, response, self._sync)
        return response

    async def handle_async_request(self, request: Any) -> Any:
        watch, stream = self._begin(request, self._async)
        if watch is None:
            return await self._inner.handle_async_request(request)
        try:
            response = await self._inner.handle_async_request(request)
        except BaseException as error:
            watch.broken(error)
            raise
        finally:
            _put_back(request, stream)
        self._answered(watch, response, self._async)
        return response

    def _begin(self, request: Any, tee: Any) -> tuple[_Watch | None, Any]:
        """The watch, and the request's own stream when a copying one was put in its place for the time of the call."""
        try:
            url = str(request.url)
            if not self._recorder._wants(url):
                return None, None
            record = _Record()
            record.method, record.url = request.method, url
            record.request_headers = list(request.headers.multi_items())
            watch = _Watch(self._recorder, record)
            try:
                record.request_body = request.content
                return watch, None
            except Exception as error:  # of a library that is not imported here
                if type(error).__name__ != "RequestNotRead":
                    raise
            stream = request.stream
            request.stream = tee(stream, watch.sending, None, None)
            return watch, stream
        except Exception:  # noqa: BLE001 - the promise of this file
            _log.debug("recorder: a request could not be read", exc_info=True)
            return None, None

    @_quiet
    def _answered(self, watch: _Watch, response: Any, tee: Any) -> None:
        headers = response.headers.multi_items()
        if response.is_closed:  # a transport that gave the whole response, decoded
            watch.answered(response.status_code, headers)
            watch.receiving(response.content)
            watch.whole()
            return
        watch.answered(response.status_code, headers)
        response.stream = tee(response.stream, watch.receiving, watch, watch.left)
        watch.guard(response.stream)


def _put_back(request: Any, stream: Any) -> None:
    if stream is not None:
        request.stream = stream


class _SyncTee:
    """Passes a stream through, and shows each piece to the watch."""

    def __init__(self, inner: Any, show: Callable[[Any], None], watch: _Watch | None, closed: Any) -> None:
        self._inner, self._show, self._watch, self._closed = inner, show, watch, closed

    def __iter__(self) -> Iterator[bytes]:
        try:
            for part in self._inner:
                _shown(self._show, part)
                yield part
        except GeneratorExit:
            raise
        except BaseException as error:
            if self._watch is not None:
                self._watch.broken(error)
            raise
        if self._watch is not None:
            self._watch.whole()

    def close(self) -> None:
        try:
            self._inner.close()
        finally:
            if self._closed is not None:
                self._closed()


class _AsyncTee:
    """The same for an asynchronous stream."""

    def __init__(self, inner: Any, show: Callable[[Any], None], watch: _Watch | None, closed: Any) -> None:
        self._inner, self._show, self._watch, self._closed = inner, show, watch, closed

    async def __aiter__(self) -> Any:
        try:
            async for part in self._inner:
                _shown(self._show, part)
                yield part
        except GeneratorExit:
            raise
        except BaseException as error:
            if self._watch is not None:
                self._watch.broken(error)
            raise
        if self._watch is not None:
            self._watch.whole()

    async def aclose(self) -> None:
        try:
            await self._inner.aclose()
        finally:
            if self._closed is not None:
                self._closed()


@_quiet
def _shown(show: Callable[[Any], None], part: Any) -> None:
    show(part)


# -- requests ----------------------------------------------------------------------------------------------------------


@_quiet
def _install_requests(recorder: Recorder, session: Any) -> None:
    adapters = getattr(session, "adapters", None)
    if adapters is None:
        _log.error("recorder: install_requests() wants a requests.Session, not %r", type(session))
        return
    for prefix, adapter in list(adapters.items()):
        if not isinstance(adapter, _RequestsAdapter):
            adapters[prefix] = _RequestsAdapter(recorder, adapter)
    mount = session.mount

    def mount_watched(prefix: str, adapter: Any) -> None:
        if not isinstance(adapter, _RequestsAdapter):
            adapter = _RequestsAdapter(recorder, adapter)
        mount(prefix, adapter)

    if getattr(mount, "__name__", "") != "mount_watched":
        session.mount = mount_watched


class _RequestsAdapter:
    """Stands before an adapter and watches. An adapter that retries by itself shows only its last try."""

    def __init__(self, recorder: Recorder, inner: Any) -> None:
        self._recorder = recorder
        self._inner = inner

    def __getattr__(self, name: str) -> Any:
        if name in ("_inner", "_recorder"):  # while it is being copied or unpickled
            raise AttributeError(name)
        return getattr(self._inner, name)

    def close(self) -> None:
        self._inner.close()

    def send(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        watch, body = self._begin(request)
        if watch is None:
            return self._inner.send(request, *args, **kwargs)
        try:
            response = self._inner.send(request, *args, **kwargs)
        except BaseException as error:
            watch.broken(error)
            raise
        finally:
            if body is not None:
                request.body = body
        _watch_requests_response(watch, response)
        return response

    def _begin(self, request: Any) -> tuple[_Watch | None, Any]:
        """The watch, and the request's own body when a copying one was put in its place for the time of the call."""
        try:
            if not self._recorder._wants(request.url):
                return None, None
            record = _Record()
            record.method, record.url = request.method, request.url
            record.request_headers = list(request.headers.items())
            watch = _Watch(self._recorder, record)
            body = request.body
            if body is None or isinstance(body, (bytes, str, bytearray)):
                record.request_body = _as_bytes(body)
            elif hasattr(body, "read") or hasattr(body, "__len__"):
                record.truncated.add("request")  # a file is the adapter's to read
            else:
                request.body = _copied(body, watch)
                return watch, body
            return watch, None
        except Exception:  # noqa: BLE001 - the promise of this file
            _log.debug("recorder: a request could not be read", exc_info=True)
            return None, None


def _copied(body: Any, watch: _Watch) -> Iterator[Any]:
    for part in body:
        _shown(watch.sending, part)
        yield part


class _RequestsBody:
    """Stands before ``Response.raw``, from which everything in requests reads."""

    def __init__(self, watch: _Watch, inner: Any) -> None:
        self._watch = watch
        self._inner = inner

    def __getattr__(self, name: str) -> Any:
        if name in ("_inner", "_watch"):  # while it is being copied or unpickled
            raise AttributeError(name)
        return getattr(self._inner, name)

    def __iter__(self) -> Any:
        return iter(self._inner)

    def stream(self, *args: Any, **kwargs: Any) -> Iterator[bytes]:
        try:
            for part in self._inner.stream(*args, **kwargs):
                _shown(self._watch.receiving, part)
                yield part
        except GeneratorExit:
            raise
        except BaseException as error:
            self._watch.broken(error)
            raise
        self._watch.whole()

    def read(self, *args: Any, **kwargs: Any) -> bytes:
        try:
            part: bytes = self._inner.read(*args, **kwargs)
        except BaseException as error:
            self._watch.broken(error)
            raise
        _shown(self._watch.receiving, part)
        if not part or (args[0] if args else kwargs.get("amt")) is None:
            self._watch.whole()
        return part

    def close(self) -> None:
        try:
            self._inner.close()
        finally:
            self._watch.left()


@_quiet
def _watch_requests_response(watch: _Watch, response: Any) -> None:
    watch.answered(response.status_code, list(response.headers.items()))
    if getattr(response, "_content_consumed", False) or not hasattr(response.raw, "stream"):
        watch.receiving(response.content or b"")
        watch.whole()
        return
    response.raw = _RequestsBody(watch, response.raw)
    watch.guard(response.raw)


# -- from a record to JSON ---------------------------------------------------------------------------------------------


def _encode(record: _Record, tags: dict[str, str], *, redact: bool) -> bytes:
    """The record in the form of the monitor's contract, without credentials."""
    request_body = record.request_body
    response_body, response_headers = _decoded(record)
    failure = record.failure
    headers = _clean_headers(record.request_headers, redact=redact)
    if redact:
        seen: set[str] = set()
        request_body = _redacted_request(request_body, seen)
        response_body = _redacted_response(response_body, record.status_code, seen)
        failure = (failure[0], _masked(failure[1], seen)) if failure else None
    all_tags = {**tags, **record.tags}
    if record.truncated:
        all_tags["recorder_truncated"] = ", ".join(sorted(record.truncated))
    data: dict[str, Any] = {
        "id": record.id,
        "sent_at": _stamp(record.sent_at),
        "duration_ms": record.duration_ms,
        "request": {"method": record.method, "url": _clean_url(record.url, redact=redact), "headers": headers,
                    **_body(request_body)},
        "response": None,
        "failure": None,
    }  # fmt: skip
    if record.status_code is not None:
        cleaned = _clean_headers(response_headers, redact=redact)
        data["response"] = {"status_code": record.status_code, "headers": cleaned, **_body(response_body)}
    elif failure is not None:
        data["failure"] = {"kind": failure[0], "message": failure[1]}
    optional = {
        "request_id": record.request_id,
        "retry": record.retry,
        "tags": all_tags,
        "redacted": record.is_redacted,
    }
    data.update({name: value for name, value in optional.items() if value})
    return json.dumps(data, separators=(",", ":")).encode("utf-8", "replace")


def _body(body: bytes) -> dict[str, str]:
    if b"\0" in body or not _is_text(body):
        return {"body": base64.b64encode(body).decode(), "body_encoding": "base64"}
    return {"body": body.decode()}


def _decoded(record: _Record) -> tuple[bytes, list[tuple[str, str]]]:
    """The body without its content coding, where this process can undo it, and the header fields that then hold."""
    headers, body = record.response_headers, record.response_body
    coding = ",".join(value for name, value in headers if name.lower() == "content-encoding").strip().lower()
    if not coding or coding == "identity":
        return body, headers
    if not _is_text(body):  # nothing that is compressed looks like text: what does was decoded by the client
        plain = _uncompressed(body, coding, record.body_limit)
        if plain is None:
            return body, headers
        body = plain
        if len(body) >= record.body_limit:
            record.truncated.add("response")
    return body, [pair for pair in headers if pair[0].lower() not in ("content-encoding", "content-length")]


def _is_text(body: bytes) -> bool:
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return True


def _uncompressed(body: bytes, coding: str, limit: int) -> bytes | None:
    try:
        if coding in ("gzip", "x-gzip"):
            return zlib.decompressobj(31).decompress(body, limit)
        if coding == "deflate":
            raw = zlib.MAX_WBITS if body[:1] and body[0] & 0x0F == 8 else -zlib.MAX_WBITS
            return zlib.decompressobj(raw).decompress(body, limit)
        if coding == "zstd" and "zstandard" in sys.modules:  # the client asks for it only where it is installed
            reader = sys.modules["zstandard"].ZstdDecompressor().stream_reader(body)
            found: bytes = reader.read(limit)
            return found
        for module in ("brotli", "brotlicffi"):
            if coding == "br" and module in sys.modules:
                plain: bytes = sys.modules[module].decompress(body)
                return plain[:limit]
    except Exception:  # noqa: BLE001 - cut off, or not what its label says: the monitor gets the bytes as they came
        _log.debug("recorder: a body could not be decompressed", exc_info=True)
    return None


def _clean_headers(pairs: list[tuple[str, str]], *, redact: bool) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in pairs:
        key = name.lower()
        if key in _CREDENTIAL_HEADERS or (redact and key not in _PLAIN_HEADERS):
            continue
        found[key] = f"{found[key]}, {value}" if key in found else value
    return found


def _clean_url(url: str, *, redact: bool) -> str:
    parts = urlsplit(url)
    place = parts.netloc.rpartition("@")[2]
    query = parts.query
    if query:
        kept = [pair for pair in query.split("&") if unquote_plus(pair.partition("=")[0]).lower() != "sig"]
        query = "&".join(kept)
        if redact:
            pairs = parse_qsl(query, keep_blank_values=True)
            query = urlencode([(name, REMOVED if name.lower() in _PERSONAL else value) for name, value in pairs])
    return urlunsplit((parts.scheme, place, parts.path, query, ""))


# -- taking out personal and payment data (redact=True) ----------------------------------------------------------------


def _redacted_request(body: bytes, seen: set[str]) -> bytes:
    """``body`` without personal data; what was taken out is added to ``seen``. What cannot be read goes entirely."""
    if not body:
        return body
    try:
        text = body.decode().strip()
        prefix = "create_request=" if text.startswith("create_request=") else ""
        text = text[len(prefix) :].lstrip()
        is_raw = text.startswith(("{", "["))
        data = json.loads(text if is_raw else unquote(text.replace("+", " ")))
        cleaned = _without_personal(data, seen, decode=bool(prefix) and is_raw, in_tree=False)
        return (prefix + json.dumps(cleaned)).encode("utf-8", "replace")
    except (ValueError, RecursionError):
        return REMOVED.encode()


def _without_personal(value: Any, seen: set[str], *, decode: bool, in_tree: bool) -> Any:
    if isinstance(value, dict):
        return {
            name: _without_personal(
                inner,
                seen,
                decode=decode,
                in_tree=in_tree or name.lower() in _TAKEN_OUT,
            )
            for name, inner in value.items()
        }
    if isinstance(value, list):
        return [_without_personal(inner, seen, decode=decode, in_tree=in_tree) for inner in value]
    if isinstance(value, str) and decode:
        value = unquote(value)
    if in_tree and value is not None:
        if len(str(value)) >= 4:
            seen.add(str(value))
        return REMOVED
    return _masked(value, ()) if isinstance(value, str) else value


def _redacted_response(body: bytes, status_code: int | None, seen: set[str]) -> bytes:
    """Without personal fields, and without anything that repeats what was sent. Complaints stay readable."""
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return REMOVED.encode()
    if status_code is not None and 200 <= status_code < 300 and text.lstrip().startswith(("{", "[")):
        try:
            text = json.dumps(_without_personal_leaves(json.loads(text)), ensure_ascii=False)
        except (ValueError, RecursionError):
            pass
    return _masked(text, seen).encode("utf-8", "replace")


def _without_personal_leaves(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            name: REMOVED if name.lower() in _PERSONAL and isinstance(inner, (str, int, float)) and inner != ""
            else _without_personal_leaves(inner)
            for name, inner in value.items()
        }  # fmt: skip
    if isinstance(value, list):
        return [_without_personal_leaves(inner) for inner in value]
    return value


def _masked(text: str, seen: Iterable[str]) -> str:
    for value in sorted(seen, key=len, reverse=True):
        for form in (value, json.dumps(value)[1:-1], quote(value, safe="")):
            text = text.replace(form, REMOVED)
    text = _EMAIL.sub("[e-mail]", text)
    return _DIGITS.sub(lambda found: "[card]" if _is_card(found[0]) else found[0], text)


def _is_card(text: str) -> bool:
    digits = [int(character) for character in reversed(text) if character.isdigit()]
    doubled = (digit * 2 - 9 if digit > 4 else digit * 2 for digit in digits[1::2])
    return (sum(digits[::2]) + sum(doubled)) % 10 == 0


# -- small things ------------------------------------------------------------------------------------------------------


def _endpoint(url: str) -> str:
    url = (url or "").strip().rstrip("/")
    if not url:
        return ""
    try:
        parts = urlsplit(url)
        is_address = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_address = False
    if not is_address:
        _log.error("recorder: %r is not the http or https address of a monitor: nothing will be recorded", url)
        return ""
    return url if url.endswith(PATH) else url + PATH


def _clean_key(key: str) -> str:
    key = (key or "").strip()
    if key and not re.match(r"[\x21-\x7e]+\Z", key):
        _log.error("recorder: this is not an intake key: nothing will be recorded")
        return ""
    return key


def _pairs(headers: Any) -> list[tuple[str, str]]:
    if headers is None:
        return []
    items = headers.items() if hasattr(headers, "items") else headers
    return [(_as_text(name), _as_text(value)) for name, value in items]


def _as_text(value: Any) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


def _as_bytes(value: Any) -> bytes:
    if value is None:
        return b""
    return value.encode("utf-8", "surrogatepass") if isinstance(value, str) else bytes(value)


def _cut(record: _Record, limit: int) -> None:
    if len(record.request_body) > limit:
        record.request_body = record.request_body[:limit]
        record.truncated.add("request")
        record.is_redacted = True
    if len(record.response_body) > limit:
        record.response_body = record.response_body[:limit]
        record.truncated.add("response")


def _has_no_body(record: _Record) -> bool:
    length = next((value for name, value in record.response_headers if name.lower() == "content-length"), None)
    return record.method == "HEAD" or record.status_code in (204, 304) or length == "0"


def _failure(failure: Any, until: BaseException | None = None) -> tuple[str, str] | None:
    if failure is None:
        return None
    if isinstance(failure, BaseException):
        message = _SIGNATURE.sub(r"\1" + REMOVED, str(failure))[:500]
        return _kind_of(failure, until), f"{type(failure).__name__}: {message}".rstrip(": ")
    kind, message = (failure, "") if isinstance(failure, str) else (failure[0], failure[1])
    return str(kind) if str(kind) in KINDS else "connection", str(message)[:500]


_PROTOCOL_ERRORS = frozenset((
    "ProtocolError", "RemoteProtocolError", "LocalProtocolError", "UnsupportedProtocol", "IncompleteRead",
    "BadStatusLine", "InvalidChunkLength", "DecodeError", "DecodingError", "ContentDecodingError", "LineTooLong",
    "ChunkedEncodingError", "InvalidHeader", "InvalidURL",
))  # fmt: skip


def _kind_of(error: BaseException, until: BaseException | None = None) -> str:
    """Which of ``KINDS`` an exception is, from itself and from what caused it."""
    chain = _chain(error, until)
    names = {kind.__name__ for link in chain for kind in type(link).__mro__}
    if "CancelledError" in names or "Timeout" in type(error).__name__:
        return "timeout"  # whoever cancels a call has waited long enough
    if "NameResolutionError" in names or any(isinstance(link, socket.gaierror) for link in chain):
        return "dns"
    if any(isinstance(link, ssl.SSLError) for link in chain):
        return "tls"
    if any(isinstance(link, (TimeoutError, socket.timeout)) or "Timeout" in type(link).__name__ for link in chain):
        return "timeout"
    if any(isinstance(link, ConnectionError) for link in chain) or "disconnected" in str(error):
        return "connection"
    return "protocol" if names & _PROTOCOL_ERRORS else "connection"


def _chain(error: BaseException, until: BaseException | None) -> list[BaseException]:
    """The error, its causes, and the errors that libraries wrap as arguments; not what was being handled before."""
    found: list[BaseException] = []
    waiting: list[Any] = [error]
    while waiting and len(found) < 16:
        link = waiting.pop(0)
        if not isinstance(link, BaseException) or link is until or any(link is known for known in found):
            continue
        found.append(link)
        waiting += [link.__cause__, link.__context__, getattr(link, "reason", None), *link.args]
    return found


def _seconds(retry_after: str | None) -> float | None:
    """Retry-After as seconds from now; nonsense is ``None``."""
    if not retry_after:
        return None
    text = retry_after.strip()
    if text.isdigit() and len(text) < 10:
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
    except (TypeError, ValueError, IndexError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=timezone.utc)
    return max((moment - datetime.now(timezone.utc)).total_seconds(), 0.0)


def _rejections(body: bytes) -> list[str]:
    try:
        results = json.loads(body)["results"]
        return [json.dumps(result.get("errors"))[:300] for result in results if result.get("status") == "rejected"]
    except (ValueError, KeyError, TypeError, AttributeError):
        return []


def _stamp(moment: float) -> str:
    return datetime.fromtimestamp(moment, timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")
