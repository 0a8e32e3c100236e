"""Fixtures of the pages: the clock stands still at the instant of the factories."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
import time_machine
from django.test import Client

from responses.models import Integration, Role, User
from tests.factories import NOW, make_integration, make_user


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    """Stands at ``NOW``; ``clock.shift`` moves it."""
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def integration() -> Integration:
    return make_integration("acme")


@pytest.fixture
def sign_in(clock: time_machine.Traveller, integration: Integration) -> Callable[..., Client]:
    """Returns a signed-in browser: of ``user``, or of a new person with ``role`` in the integration."""

    def signed_in(role: Role = Role.SUPPORT, *, user: User | None = None) -> Client:
        client = Client()
        client.force_login(user or make_user(role=role, integration=integration))
        return client

    return signed_in
