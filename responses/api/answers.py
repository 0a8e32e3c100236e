"""Which answers an operation can give, for its description: the good one, and problem documents."""

from __future__ import annotations

from typing import Any

from responses.api import shapes
from responses.intake import problems

ALWAYS = (401, 405, 500, 503)
"""What every operation behind a token can answer besides."""


def of(good: Any, *bad: int) -> dict[int, Any]:
    """The answers of an operation by status code."""
    return {200: good} | dict.fromkeys(sorted({*bad, *ALWAYS}), shapes.Problem)


def without_null(document: dict[str, Any]) -> None:
    """A query has no null: what is not given is left out. So its parameters are described without that choice."""
    for path in document["paths"].values():
        for operation in path.values():
            for parameter in operation.get("parameters", ()):
                schema = parameter["schema"]
                choices = [choice for choice in schema.pop("anyOf", []) if choice != {"type": "null"}]
                for choice in choices:
                    parameter["schema"] = choice | schema


def mark_problems(document: dict[str, Any]) -> None:
    """django-ninja describes every answer with one media type; those of errors have another."""
    for path in document["paths"].values():
        for operation in path.values():
            for status, described in operation["responses"].items():
                content = described.get("content", {})
                if int(status) >= 400 and "application/json" in content:
                    content[problems.MEDIA_TYPE] = content.pop("application/json")
