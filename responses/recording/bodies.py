"""How the shown (redacted) request and response are packed into one compressed value, and read back."""

from __future__ import annotations

import threading

import msgspec
import zstandard

PLAIN, ZSTD = 0, 1
KEPT_BYTES = 64 * 1024
"""At most so much of each body is kept."""
SENDABLE_BYTES = 1024 * 1024
"""A larger request is never kept for sending again, and a larger body is cut before it is redacted."""
_SMALL = 200
_READ_LIMIT = 4 * 1024 * 1024


class Shown(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a page may show of one exchange: everything in it is redacted."""

    url: str = ""
    request_headers: dict[str, str] = {}
    request_body: bytes = b""
    request_bytes: int = 0
    """The body's size as it was; more than ``len(request_body)`` where it was cut."""
    response_headers: dict[str, str] = {}
    response_body: bytes = b""
    response_bytes: int = 0
    failure: str = ""
    """The words of the failure that came instead of a response."""
    tags: dict[str, str] = {}
    cut: tuple[str, ...] = ()
    """Which bodies were cut: ``request``, ``response``."""


class _Codec(threading.local):
    """Compressors are not safe to share between threads."""

    def __init__(self) -> None:
        self.compressor = zstandard.ZstdCompressor(level=3)
        self.decompressor = zstandard.ZstdDecompressor()
        self.encoder = msgspec.msgpack.Encoder()
        self.decoder = msgspec.msgpack.Decoder(Shown)


_codec = _Codec()


def cut(body: bytes, *, whole: int) -> tuple[bytes, bool]:
    """Return what is kept of a redacted body, and whether that is less than all of it, with a visible mark.

    ``whole`` is the size of the body as it came, which may have been cut before it was redacted.
    """
    if len(body) <= KEPT_BYTES and whole <= SENDABLE_BYTES:
        return body, False
    kept = body[:KEPT_BYTES]
    return kept + f"\n… [cut here: {len(kept) // 1024} KiB of {whole:,} bytes are kept]".encode(), True


def pack(shown: Shown) -> tuple[int, bytes]:
    """Return ``(codec, data)`` for the database."""
    data = _codec.encoder.encode(shown)
    if len(data) <= _SMALL:
        return PLAIN, data
    return ZSTD, compress(data)


def compress(data: bytes) -> bytes:
    """Compress with this thread's compressor: making one costs more than using it."""
    return _codec.compressor.compress(data)


def unpack(codec: int, data: bytes | memoryview) -> Shown:
    """Read back what ``pack`` made. Raises ``ValueError`` on anything else."""
    return _codec.decoder.decode(decompress(data) if codec == ZSTD else data)


def decompress(data: bytes | memoryview) -> bytes:
    """Undo ``compress``. Raises ``ValueError`` on anything else, and on what grows too large."""
    try:
        return _codec.decompressor.decompress(data, max_output_size=_READ_LIMIT)
    except zstandard.ZstdError as error:
        raise ValueError("a stored body cannot be decompressed") from error
