"""An upstream that answers by script."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.retrying import again
from tests.retrying.again import Upstream


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    with again.running() as running:
        yield running
