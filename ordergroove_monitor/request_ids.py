"""Every request has an id: the caller's, where it sent a decent one, else a new one. It is in every log line of the
request and in the answer's X-Request-ID."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from ordergroove_monitor import logs

HEADER = "X-Request-ID"
_DECENT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


def accept(value: str) -> str:
    """``value`` when it can stand in a log line and a header field as it is, else a new id."""
    return value if _DECENT.fullmatch(value) else str(uuid.uuid4())


def middleware(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Bind the request's id to the log for as long as the request lasts."""

    def respond(request: HttpRequest) -> HttpResponse:
        request_id = accept(request.headers.get(HEADER, ""))
        request.META["HTTP_X_REQUEST_ID"] = request_id
        logs.bind(request_id=request_id)
        try:
            response = get_response(request)
            response[HEADER] = request_id
            return response
        finally:
            logs.unbind()

    return respond
