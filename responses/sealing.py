"""Encrypts what may be sent again, and hashes what must be recognised but not read.

Holds no state but the keys' ciphers; never writes, logs or puts a plain text into an error.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from functools import lru_cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings


class SealError(Exception):
    """A seal cannot be made or opened: no usable key, or the token is damaged or of a key that has gone."""


def seal(data: bytes) -> bytes:
    """Encrypt with the first key of ``SEAL_KEYS``; the token also carries the time, and is authenticated."""
    return _cipher(_seal_keys()).encrypt(data)


def unseal(token: bytes) -> bytes:
    """Open a seal made with any key of ``SEAL_KEYS``; ``SealError`` when none fits."""
    try:
        return _cipher(_seal_keys()).decrypt(token)
    except InvalidToken as error:
        raise SealError("the seal is damaged, or its key is no longer among SEAL_KEYS") from error


def reseal(token: bytes) -> bytes:
    """The same content under the first key, its time kept: what a rotation of keys does to each seal."""
    try:
        return _cipher(_seal_keys()).rotate(token)
    except InvalidToken as error:
        raise SealError("the seal is damaged, or its key is no longer among SEAL_KEYS") from error


def keyed_hash(data: bytes) -> str:
    """32 hex digits that are equal for equal data, and tell nobody without the key what it was.

    The key is ``HASH_KEY`` and not a seal key: hashes live in request keys for as long as their rows, so
    they must stay the same when the seals are rotated.
    """
    return hashlib.blake2b(data, digest_size=16, key=_hash_key(_hash_setting()), person=b"request-key").hexdigest()


def _seal_keys() -> tuple[str | bytes, ...]:
    keys: Iterable[str | bytes] = settings.SEAL_KEYS
    return tuple(keys)


def _hash_setting() -> bytes:
    key: bytes = getattr(settings, "HASH_KEY", b"") or settings.SECRET_KEY.encode()
    return key


@lru_cache(maxsize=8)
def _cipher(keys: tuple[str | bytes, ...]) -> MultiFernet:
    """One cipher per set of keys, so that a test or a reload with other keys never meets an old one."""
    if not keys:
        raise SealError("SEAL_KEYS is empty")
    try:
        return MultiFernet([Fernet(key) for key in keys])
    except (ValueError, TypeError) as error:
        # `from None`: the library's message may quote the key.
        reason = f"SEAL_KEYS holds a key that is not 32 bytes of URL-safe base64 ({type(error).__name__})"
        raise SealError(reason) from None


@lru_cache(maxsize=8)
def _hash_key(secret: bytes) -> bytes:
    """A key of blake2b's size from a secret of any length."""
    return hashlib.blake2b(secret, digest_size=32, person=b"monitor-hash-key").digest()
