"""The document, and the page that shows it: complete, readable without signing in, and only from this server."""

from __future__ import annotations

import os
import re
from typing import Any, Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.test import Client
from playwright.sync_api import Browser, expect
from pytest_django.live_server_helper import LiveServer

from responses.api import application
from responses.intake import limits

OPERATIONS = {
    ("post", "/api/v1/responses"),
    ("get", "/api/v1/responses"),
    ("get", "/api/v1/responses/{id}"),
    ("get", "/api/v1/limits"),
    ("get", "/api/v1/issues"),
    ("get", "/api/v1/issues/{id}"),
    ("post", "/api/v1/issues/{id}/acknowledge"),
    ("post", "/api/v1/issues/{id}/mute"),
    ("post", "/api/v1/issues/{id}/resolve"),
    ("post", "/api/v1/issues/{id}/reopen"),
    ("get", "/api/v1/lookup"),
    ("get", "/api/v1/requests"),
    ("get", "/api/v1/requests/{id}"),
    ("post", "/api/v1/requests/{id}/retry"),
    ("post", "/api/v1/requests/{id}/cancel-retry"),
    ("post", "/api/v1/requests/{id}/release"),
    ("post", "/api/v1/requests/{id}/decide"),
    ("get", "/api/v1/requests/{id}/correction"),
    ("post", "/api/v1/requests/{id}/resubmit"),
    ("get", "/api/v1/sending"),
    ("post", "/api/v1/sending/pause"),
    ("post", "/api/v1/sending/resume"),
    ("get", "/api/v1/trends"),
    ("get", "/api/v1/alerts"),
    ("get", "/api/v1/alerts/{id}"),
    ("post", "/api/v1/alerts/{id}/acknowledge"),
    ("get", "/api/v1/rules"),
}


def operations() -> dict[tuple[str, str], Any]:
    paths = application.document()["paths"]
    return {(method, path): described for path, methods in paths.items() for method, described in methods.items()}


def test_the_document_has_every_operation_and_no_other() -> None:
    assert set(operations()) == OPERATIONS


def test_every_error_is_described_as_a_problem() -> None:
    for described in operations().values():
        for status, answer in described["responses"].items():
            media_type = "application/problem+json" if int(status) >= 400 else "application/json"
            assert list(answer["content"]) == [media_type]


def test_the_recording_call_is_described_with_all_its_answers_and_its_own_key() -> None:
    described = operations()["post", "/api/v1/responses"]

    assert set(described["responses"]) >= {"202", "207", "400", "401", "413", "415", "422", "429", "503"}
    assert described["security"] == [{"IntakeKey": []}]
    assert list(described["requestBody"]["content"]) == ["application/json", "application/x-ndjson"]
    assert application.document()["components"]["schemas"]["Batch"]["properties"]["responses"]["maxItems"] == 1000


def test_reading_needs_a_token_and_no_query_is_null() -> None:
    for (method, path), described in operations().items():
        if path == "/api/v1/limits" or (method, path) == ("post", "/api/v1/responses"):
            continue
        assert described["security"] == [{"BearerToken": []}]
        assert all("anyOf" not in parameter["schema"] for parameter in described["parameters"])


@pytest.mark.django_db
def test_document_limits_and_page_need_no_token() -> None:
    document = Client().get("/api/v1/openapi.json")

    assert document["Content-Type"] == "application/json"
    assert document.json()["openapi"].startswith("3.")
    assert Client().get("/api/v1/limits").json() == limits.LIMITS
    page = Client().get("/api/v1/docs")
    assert page.status_code == 200
    assert b"<script" not in page.content
    assert b"<style" not in page.content


@pytest.mark.django_db
def test_the_page_shows_every_call_and_leads_to_every_shape() -> None:
    page = Client().get("/api/v1/docs").content.decode()

    for method, path in OPERATIONS:
        assert f'{method.upper()}</span> <span class="mono">{path}</span>' in page
    targets = set(re.findall(r'id="([^"]+)"', page))
    assert set(re.findall(r'href="#([^"]+)"', page)) <= targets
    assert "x-api-key" not in page


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_page_is_accessible_and_breaks_no_policy(
    chromium: Browser, live_server: LiveServer, theme: Literal["light", "dark"], width: int
) -> None:
    said: list[str] = []
    asked: list[str] = []
    context = chromium.new_context(viewport={"width": width, "height": 900}, color_scheme=theme)
    page = context.new_page()
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{live_server.url}/api/v1/docs")
    if folder := os.environ.get("SCREENSHOTS"):
        page.screenshot(path=f"{folder}/api-docs-{theme}-{width}.png")
    expect(page.locator("article")).to_have_count(len(OPERATIONS))
    violations = Axe().run(page).response["violations"]
    is_wider = page.evaluate("document.documentElement.scrollWidth") > width
    context.close()

    assert said == []
    assert all(url.startswith((live_server.url, "data:")) for url in asked)
    assert violations == []
    assert not is_wider
