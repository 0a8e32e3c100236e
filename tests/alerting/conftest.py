"""A Slack and a mail server on loopback, and channels that lead to them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pytest_django import Settings

from tests.fakes import FakeMail, FakeSlack


@pytest.fixture(autouse=True)
def _pages(settings: Settings) -> None:
    settings.ROOT_URLCONF = "tests.alerting.urls"
    settings.MONITOR_URL = "https://monitor.example.com"


@pytest.fixture
def slack_server() -> Iterator[FakeSlack]:
    with FakeSlack() as server:
        yield server


@pytest.fixture
def mail_server(settings: Settings) -> Iterator[FakeMail]:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST = "127.0.0.1"
    with FakeMail() as server:
        settings.EMAIL_PORT = server.port
        yield server
