"""Hands out the client file with which a shop reports its calls. It is public: it holds no secret."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import condition, require_safe

from responses import intake

_FILE = Path(intake.__file__).with_name("recorder.py")


@cache
def source() -> bytes:
    """The file. It changes only with the installed version."""
    return _FILE.read_bytes()


def _etag(_request: HttpRequest) -> str:
    return f'"{hashlib.sha256(source()).hexdigest()[:32]}"'


@require_safe
@condition(etag_func=_etag)
def recorder(_request: HttpRequest) -> HttpResponse:
    """Answer with the file."""
    response = HttpResponse(source(), content_type="text/x-python; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="recorder.py"'
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "public, max-age=300"
    return response
