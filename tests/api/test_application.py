"""The document, and the page that shows it: complete, readable without signing in, and only from this server."""

from __future__ import annotations

from typing import Any

import pytest
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
    ("get", "/api/v1/requests"),
    ("get", "/api/v1/requests/{id}"),
    ("get", "/api/v1/trends"),
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
    assert b"//" not in page.content.replace(b"<!doctype", b"")
    assert b"<style" not in page.content


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_the_page_draws_the_document_and_breaks_no_policy(chromium: Browser, live_server: LiveServer) -> None:
    said: list[str] = []
    asked: list[str] = []
    context = chromium.new_context()
    page = context.new_page()
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))

    page.goto(f"{live_server.url}/api/v1/docs")
    expect(page.locator(".opblock")).to_have_count(len(OPERATIONS))
    page.locator("#operations-Recording-record_responses").get_by_role("button").first.click()
    expect(page.locator("#operations-Recording-record_responses .opblock-body")).to_contain_text("Up to 1,000 records")
    page.locator("#operations-Trends-get_trend").get_by_role("button").first.click()
    page.get_by_role("button", name="Try it out").last.click()
    page.get_by_role("button", name="Execute").click()
    expect(page.locator("#operations-Trends-get_trend .responses-inner")).to_contain_text("urn:ordergroove-monitor")

    context.close()
    assert all(url.startswith((live_server.url, "data:")) for url in asked)
    assert [line for line in said if "401" not in line] == []
