"""An upstream that answers by script, and a shop with a person who may correct."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from responses.models import Role, User
from tests.factories import make_user
from tests.retrying import again
from tests.retrying.again import Shop, Upstream, make_shop


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    with again.running() as running:
        yield running


@pytest.fixture
def shop(upstream: Upstream) -> Shop:
    return make_shop(upstream.url, retry_by="caller")


@pytest.fixture
def ada(shop: Shop) -> User:
    return make_user("ada", role=Role.SUPPORT, integration=shop.integration)
