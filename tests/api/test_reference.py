"""The document in words."""

from __future__ import annotations

from typing import Any

import pytest

from responses.api import application, reference


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"type": "string"}, "text"),
        ({"type": "string", "format": "date-time"}, "date and time"),
        ({"type": ["string", "null"], "format": "date-time"}, "date and time or null"),
        ({"type": "integer", "minimum": 1, "maximum": 200}, "whole number, 1 to 200"),
        ({"enum": ["text", "base64", None]}, "one of text, base64, null"),
        ({"type": "array", "items": {"$ref": "#/components/schemas/Event"}}, "list of Event"),
        ({"anyOf": [{"$ref": "#/components/schemas/Stake"}, {"type": "null"}]}, "Stake or null"),
        ({"const": "x"}, "x"),
        ({}, "object"),
    ],
)
def test_a_value_is_said_in_words(schema: dict[str, Any], words: str) -> None:
    assert reference.kind_of(schema) == words


def test_each_call_comes_with_a_command_that_uses_the_right_secret() -> None:
    groups = reference.groups(application.document(), url="https://monitor.example")
    commands = {call.anchor: call.command for group in groups for call in group.calls}

    assert commands["get_limits"] == 'curl -sS "https://monitor.example/api/v1/limits"'
    assert "Bearer $KEY" in commands["record_responses"]
    assert "@body.json" in commands["record_responses"]
    assert "Bearer $TOKEN" in commands["list_issues"]
    assert "-X POST" in commands["resolve_issue"]


def test_members_inside_of_members_have_dotted_names() -> None:
    [record] = [shape for shape in reference.shapes(application.document()) if shape.name == "Record"]
    names = [field.name for field in record.fields]

    assert "request.url" in names
    assert "failure.kind" in names
    assert record.example
