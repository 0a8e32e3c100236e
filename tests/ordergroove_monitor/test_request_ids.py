from __future__ import annotations

import re

import pytest
import structlog
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory

from ordergroove_monitor import request_ids

OURS = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"


@pytest.mark.parametrize("value", ["abc", "A-1_b.c", "x" * 64])
def test_a_decent_id_is_kept(value: str) -> None:
    assert request_ids.accept(value) == value


@pytest.mark.parametrize("value", ["", "x" * 65, "a b", "a\nb", "a\r\nSet-Cookie: x", "é", ".hidden", "<script>", '"'])
def test_any_other_is_replaced(value: str) -> None:
    assert re.fullmatch(OURS, request_ids.accept(value))


def test_the_id_is_in_the_log_during_the_request_and_in_the_answer() -> None:
    bound = {}

    def respond(request: HttpRequest) -> HttpResponse:
        bound.update(structlog.contextvars.get_contextvars())
        return HttpResponse(request.headers["X-Request-ID"])

    answer = request_ids.middleware(respond)(RequestFactory().get("/", headers={"x-request-id": "abc"}))

    assert bound == {"request_id": "abc"}
    assert structlog.contextvars.get_contextvars() == {}
    assert answer["X-Request-ID"] == "abc"
    assert answer.content == b"abc"


def test_the_id_is_forgotten_when_the_request_fails() -> None:
    def fail(request: HttpRequest) -> HttpResponse:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        request_ids.middleware(fail)(RequestFactory().get("/"))

    assert structlog.contextvars.get_contextvars() == {}
