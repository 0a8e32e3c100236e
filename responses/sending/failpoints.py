"""Named places at which a test can have a process die, stop or wait. They do nothing unless ``FAILPOINTS`` asks.

``FAILPOINTS=send.after:kill:0.1,intent.after:sleep=7`` kills at one pass of ten, and waits 7 seconds at each pass.
A system check refuses the setting on anything but a test's monitor.
"""

from __future__ import annotations

import os
import random
import re
import signal
import time
from functools import lru_cache

import msgspec
from django.conf import settings

NAMES = (
    "claim.after",
    "intent.before",
    "intent.after",
    "send.before",
    "send.after",
    "record.before",
    "record.after",
    "verify.before",
    "verify.after",
)
_FORM = re.compile(r"(?P<name>[a-z.]+):(?P<deed>kill|stop|sleep)(?:=(?P<seconds>[0-9.]+))?(?::(?P<share>[0-9.]+))?")


class Failpoint(msgspec.Struct, frozen=True):
    """What happens at one place, at a share of its passes."""

    name: str
    deed: str
    seconds: float
    share: float


def hit(name: str) -> None:
    """Pass a place. Almost always nothing happens."""
    asked = settings.FAILPOINTS
    if not asked:
        return
    for point in parse(asked):
        if point.name == name and random.random() < point.share:  # noqa: S311
            _happen(point)


@lru_cache(maxsize=8)
def parse(asked: str) -> tuple[Failpoint, ...]:
    """Read the setting. Raises ``ValueError`` for a place or a deed that there is not."""
    found = []
    for part in filter(None, (part.strip() for part in asked.split(","))):
        form = _FORM.fullmatch(part)
        if form is None or form["name"] not in NAMES:
            raise ValueError(f"{part!r} is no failpoint.")
        found.append(Failpoint(form["name"], form["deed"], float(form["seconds"] or 1.0), float(form["share"] or 1.0)))
    return tuple(found)


def _happen(point: Failpoint) -> None:
    if point.deed == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    elif point.deed == "stop":
        os.kill(os.getpid(), signal.SIGSTOP)
    else:
        time.sleep(point.seconds)
