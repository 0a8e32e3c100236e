"""Whether this worker was told to stop. The worker's main process hears the signal; its children do the work.

One byte of memory that all of them share tells them, so that a task which could go on for a while begins nothing new.
"""

from __future__ import annotations

import mmap

# Made before the children are forked, which is why it lies in a module that is imported at the start.
_shared = mmap.mmap(-1, 1)


def begin() -> None:
    """Say that the worker stops. Safe in a signal handler."""
    _shared[0] = 1


def has_begun() -> bool:
    """Whether somebody has said so."""
    return _shared[0] == 1
