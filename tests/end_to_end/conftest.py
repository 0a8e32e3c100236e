"""Whole monitors for the tests of this folder, each on data of its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.end_to_end.stack import Stack, own_database


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
