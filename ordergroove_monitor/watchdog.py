"""Ends what a supervisor leaves behind when it is killed. A script of its own that imports nothing of the project: it
must start in milliseconds and outlive everything else.

Standard input brings ``+GROUP`` and ``-GROUP`` lines, the process groups that live. When it ends, the supervisor is
gone: every group still listed is asked to stop, and killed if it does not.
"""

from __future__ import annotations

import os
import signal
import sys
import time

GRACE_SECONDS = 5.0


def main() -> None:
    # Ctrl-C and a closed terminal are the supervisor's business.
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    groups: set[int] = set()
    for line in sys.stdin:
        group = int(line[1:])
        if line.startswith("+"):
            groups.add(group)
        else:
            groups.discard(group)
    end(groups)


def end(groups: set[int]) -> None:
    """Stop every process of ``groups``: the leaders gently, then all of them."""
    for group in groups:
        _signal(os.kill, group, signal.SIGTERM)
    deadline = time.monotonic() + GRACE_SECONDS
    while groups and time.monotonic() < deadline:
        groups = {group for group in groups if _signal(os.killpg, group, 0)}
        time.sleep(0.05)
    for group in groups:
        _signal(os.killpg, group, signal.SIGKILL)


def _signal(send: object, target: int, number: int) -> bool:
    try:
        send(target, number)  # type: ignore[operator]
    except (ProcessLookupError, PermissionError):
        return False
    return True


if __name__ == "__main__":
    main()
