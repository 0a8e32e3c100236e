"""A sandbox whose purchases are processed at once, and whose keys are checked."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from responses.sandbox import server as sandbox
from responses.sandbox.server import Running


@pytest.fixture
def box() -> Iterator[Running]:
    with sandbox.running() as running:
        running.control(pending_seconds=0, credentials="required")
        yield running
