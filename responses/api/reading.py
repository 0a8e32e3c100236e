"""Reads the bodies of requests: JSON and nothing else, strictly."""

from __future__ import annotations

from typing import Any

import msgspec
from django.http import HttpRequest
from ninja.parser import Parser

from responses.api import refusals
from responses.intake import checks, payload

_FORMS = ("", payload.JSON)


class JsonParser(Parser):
    """django-ninja's own takes any media type, and what Python takes for JSON: NaN, say."""

    def parse_body(self, request: HttpRequest) -> Any:
        """Return what the body says. Raises ``Refused``, which django-ninja hides behind an error of its own."""
        if request.content_type not in _FORMS:
            detail = f"Content-Type must be {payload.JSON}, not {checks.shown(request.content_type or '')}."
            raise refusals.Refused(415, detail)
        try:
            return msgspec.json.decode(request.body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise refusals.Refused(400, "The body is not JSON.") from None
