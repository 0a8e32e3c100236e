"""A caller of the API with a token of its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from responses.models import Integration, Role, User
from responses.models.api_token import new_api_token
from tests.factories import NOW, make_integration, make_user


class Caller:
    """A person's script: Django's client with the person's token in each request."""

    def __init__(self, user: User) -> None:
        self.user = user
        self.token, self.secret = new_api_token(user, name="script", expires_at=None, now=NOW)
        self.client = Client(headers={"authorization": f"Bearer {self.secret}"}, raise_request_exception=False)

    def get(self, path: str, **query: Any) -> Any:
        return self.client.get(f"/api/v1/{path}", query)

    def post(self, path: str, body: object = None) -> Any:
        if body is None:
            return self.client.post(f"/api/v1/{path}")
        return self.client.post(f"/api/v1/{path}", body, content_type="application/json")


@pytest.fixture
def shop() -> Integration:
    return make_integration("shop")


@pytest.fixture
def as_role(shop: Integration) -> Callable[[Role], Caller]:
    return lambda role: Caller(make_user(role=role, integration=shop))


@pytest.fixture
def caller(as_role: Callable[[Role], Caller]) -> Caller:
    return as_role(Role.SUPPORT)
