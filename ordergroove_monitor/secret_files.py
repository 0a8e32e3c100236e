"""Secrets that a single-machine install makes for itself and keeps in its data folder. Never overwrites one."""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Callable
from pathlib import Path

from cryptography.fernet import Fernet


def new_text() -> str:
    """64 characters of randomness."""
    return secrets.token_urlsafe(48)


def new_seal_key() -> str:
    """A new Fernet key."""
    return Fernet.generate_key().decode()


def read_or_create(path: Path, make: Callable[[], str]) -> str:
    """The secret kept at ``path``, made where there is none. When several processes start at once, all get the same.

    The file appears complete or not at all (a hard link to a finished one), and is on disk before it is used: what is
    sealed with a key that a power cut then takes away could never be opened again.
    """
    try:
        return _read(path)
    except FileNotFoundError:
        pass
    # The folder above is the data folder, and may be new as well.
    for folder in (path.parent.parent, path.parent):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.parent.chmod(0o700)
    draft = path.with_name(f".{path.name}.{os.getpid()}.{time.monotonic_ns()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(make() + "\n")
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, path)
        except FileExistsError:
            pass
    finally:
        draft.unlink()
    _sync_folder(path.parent)
    return _read(path)


def _read(path: Path) -> str:
    content = path.read_text(encoding="ascii").strip()
    if not content:
        raise OSError(0, "the file is empty", str(path))
    return content


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
