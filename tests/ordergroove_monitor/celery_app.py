"""A Celery application with the project's settings and a task that leaves a mark: for tests that run real workers."""

from __future__ import annotations

import os
import time
from pathlib import Path

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ordergroove_monitor.settings")
django.setup()

from ordergroove_monitor.celery import app  # noqa: E402  # its settings need Django

__all__ = ["app"]


@app.task(name="tests.mark")
def mark(folder: str, name: str) -> None:
    """Leave a file; a name that is there already shows that the task ran twice."""
    with (Path(folder) / name).open("a") as file:
        file.write(f"{os.getpid()} {time.monotonic_ns()}\n")


@app.task(name="tests.sleep")
def sleep(folder: str, name: str, seconds: float) -> None:
    """Say that it has begun, and take a while."""
    (Path(folder) / name).touch()
    time.sleep(seconds)
