"""Whole monitors for the tests of this folder, each on data of its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import time_machine

from tests.end_to_end.stack import Stack, own_database
from tests.factories import NOW


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A monitor that runs, shared by the tests of a module."""
    with own_database() as database_url:
        made = Stack(tmp_path_factory.mktemp("monitor") / "data", database_url)
        made.start()
        try:
            yield made
        finally:
            made.close()


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    """Stands at the instant of the factories."""
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller
