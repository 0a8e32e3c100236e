from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import sentry_sdk
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import path
from sentry_sdk.envelope import Envelope
from sentry_sdk.transport import Transport

from ordergroove_monitor import sentry
from ordergroove_monitor.celery import app
from tests.ordergroove_monitor.test_scrub import CANARIES

DSN = "https://0123456789abcdef0123456789abcdef@sentry.example.com/1"
PLANTED = json.dumps(CANARIES)


class FakeTransport(Transport):
    """Keeps what would be sent."""

    kept: list[str]

    def __init__(self, options: dict[str, Any] | None = None) -> None:
        super().__init__(options)
        FakeTransport.kept = []

    def capture_envelope(self, envelope: Envelope) -> None:
        FakeTransport.kept.append(envelope.serialize().decode())


@pytest.fixture
def kept() -> Iterator[list[str]]:
    """Sentry on, with a transport that keeps; off again afterwards."""
    sentry.start(DSN, environment="tests", transport=FakeTransport)
    yield FakeTransport.kept
    sentry_sdk.get_client().close()
    sentry_sdk.get_global_scope().set_client(None)
    sentry_sdk.get_isolation_scope().clear()


def break_down(request: HttpRequest, secret: str) -> HttpResponse:
    """A view that has secrets in its hands when it raises, and one in its message."""
    variable = {**CANARIES, "secret": secret}
    logging.getLogger("tests.sentry").warning("about to fail with %s", PLANTED, extra=variable)
    raise ValueError(f"could not handle {PLANTED} of {request.method}")


urlpatterns = [path("break-down/<str:secret>/", break_down)]


def assert_clean(kept: list[str]) -> None:
    assert kept
    for name, canary in CANARIES.items():
        for envelope in kept:
            assert canary not in envelope, name
            assert json.dumps(canary)[1:-1] not in envelope, name


@pytest.mark.urls(__name__)
@pytest.mark.django_db
def test_an_error_in_a_view_is_reported_without_anything_that_came_with_it(kept: list[str], client: Client) -> None:
    client.raise_request_exception = False
    client.cookies["session"] = CANARIES["token"]

    client.post(
        f"/break-down/{CANARIES['token']}/?key={CANARIES['API key']}",
        data=PLANTED,
        content_type="application/json",
        headers={"authorization": f"Bearer {CANARIES['intake key']}", "x-api-key": CANARIES["API key"]},
    )

    assert_clean(kept)
    (event,) = [json.loads(envelope.splitlines()[-1]) for envelope in kept]
    (exception,) = event["exception"]["values"]
    assert exception["type"] == "ValueError"
    assert exception["value"].startswith("could not handle")
    assert any(frame["function"] == "break_down" for frame in exception["stacktrace"]["frames"])
    assert not any("vars" in frame for frame in exception["stacktrace"]["frames"])
    assert not {"request", "user", "extra", "server_name", "modules"} & set(event)


def test_an_error_outside_a_request_is_reported_without_its_variables(kept: list[str]) -> None:
    def fail(secret: str) -> None:
        copy = [secret]
        raise RuntimeError(copy[0])

    sentry_sdk.set_user({"email": CANARIES["e-mail"]})
    sentry_sdk.set_extra("body", PLANTED)
    sentry_sdk.set_tag("card", CANARIES["card"])
    sentry_sdk.set_context("order", {"card": CANARIES["card"]})
    sentry_sdk.add_breadcrumb(category="http", message=PLANTED, data=dict(CANARIES))
    for canary in CANARIES.values():
        try:
            fail(canary)
        except RuntimeError:
            sentry_sdk.capture_exception()

    assert_clean(kept)
    assert len(kept) == len(CANARIES)


def test_a_cause_is_cleaned_too(kept: list[str]) -> None:
    try:
        try:
            raise ValueError(PLANTED)
        except ValueError as error:
            raise RuntimeError("it failed") from error
    except RuntimeError:
        sentry_sdk.capture_exception()

    assert_clean(kept)
    assert [exception["type"] for exception in json.loads(kept[0].splitlines()[-1])["exception"]["values"]] == [
        "ValueError",
        "RuntimeError",
    ]


def test_a_message_is_cleaned(kept: list[str]) -> None:
    sentry_sdk.capture_message(f"look: {PLANTED}")

    assert_clean(kept)


def test_an_error_in_a_task_is_reported_without_its_arguments(kept: list[str]) -> None:
    @app.task(name="tests.sentry")
    def fail(*arguments: str) -> None:
        raise RuntimeError(arguments[0])

    fail.apply(args=tuple(CANARIES.values()), kwargs={})

    assert_clean(kept)


def test_a_log_line_is_no_report_of_its_own(kept: list[str]) -> None:
    logging.getLogger("tests.sentry").error("failed with %s", PLANTED)

    assert kept == []


def test_nothing_is_started_without_an_address() -> None:
    sentry.start("", environment="tests", transport=FakeTransport)

    assert not sentry_sdk.get_client().is_active()
