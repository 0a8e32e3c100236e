"""The API's document as a page can show it: groups of calls, and the shapes that they speak of. Pure; reads no database."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import msgspec

_NEEDS = {"BearerToken": "an API token of a person", "IntakeKey": "an intake key of an integration"}
_TYPES = {
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "true or false",
    "null": "null",
    "object": "object",
}
_REF = "#/components/schemas/"
_DEEPEST = 3


class Field(msgspec.Struct, frozen=True):
    """A parameter of a call, or a member of a shape. ``shape`` names the shape that it holds, if it does."""

    name: str
    kind: str
    is_required: bool
    note: str = ""
    shape: str = ""


class Answer(msgspec.Struct, frozen=True):
    """What a call may be answered with."""

    status: int
    meaning: str
    shape: str


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """One operation."""

    anchor: str
    method: str
    path: str
    title: str
    note: str
    needs: str
    parameters: tuple[Field, ...]
    body_note: str
    bodies: tuple[Field, ...]
    answers: tuple[Answer, ...]
    command: str


class Group(msgspec.Struct, frozen=True):
    """The calls about one noun."""

    name: str
    calls: tuple[Call, ...]


class Shape(msgspec.Struct, frozen=True):
    """What a body consists of."""

    name: str
    note: str
    fields: tuple[Field, ...]
    example: str = ""


def groups(document: dict[str, Any], *, url: str) -> tuple[Group, ...]:
    """Return the calls by group, in the order of the document. ``url`` is where the monitor is, for the commands."""
    found: dict[str, list[Call]] = {}
    for path, methods in document["paths"].items():
        for method, described in methods.items():
            found.setdefault(described["tags"][0], []).append(_call(method, path, described, url))
    return tuple(Group(name, tuple(calls)) for name, calls in found.items())


def shapes(document: dict[str, Any]) -> tuple[Shape, ...]:
    """Return all shapes, by name."""
    return tuple(
        Shape(
            name,
            schema.get("description", ""),
            tuple(_members(schema)),
            json.dumps(schema["examples"][0], indent=2) if "examples" in schema else "",
        )
        for name, schema in sorted(document["components"]["schemas"].items())
    )


def _call(method: str, path: str, described: dict[str, Any], url: str) -> Call:
    needs = next((_NEEDS[name] for names in described.get("security", ()) for name in names), "")
    body = described.get("requestBody", {})
    return Call(
        anchor=described["operationId"],
        method=method.upper(),
        path=path,
        title=described["summary"],
        note=described.get("description", ""),
        needs=needs,
        parameters=tuple(
            _field(one["name"], one["schema"], is_required=one["required"], note=one.get("description", ""))
            for one in described["parameters"]
        ),
        body_note=body.get("description", ""),
        bodies=tuple(
            _field(media_type, content["schema"], is_required=True)
            for media_type, content in body.get("content", {}).items()
        ),
        answers=tuple(
            Answer(int(status), one["description"], _shape_of(next(iter(one["content"].values()))["schema"]))
            for status, one in described["responses"].items()
        ),
        command=_command(method, path, needs, url, has_body=bool(body)),
    )


def _command(method: str, path: str, needs: str, url: str, *, has_body: bool) -> str:
    words = ["curl -sS"]
    if method == "post" and not has_body:
        words.append("-X POST")
    if needs:
        words.append(f"-H 'Authorization: Bearer {'$KEY' if 'key' in needs else '$TOKEN'}'".replace("'", '"'))
    if has_body:
        words.append('-H "Content-Type: application/json" -d @body.json')
    return " ".join([*words, f'"{url}{path}"'])


def _members(schema: dict[str, Any], prefix: str = "", depth: int = 1) -> Iterator[Field]:
    """The members of an object; those of objects inside it by dotted names."""
    for name, member in schema.get("properties", {}).items():
        yield _field(prefix + name, member, is_required=name in schema.get("required", ()))
        if "properties" in member and depth < _DEEPEST:
            yield from _members(member, f"{prefix}{name}.", depth + 1)


def _field(name: str, schema: dict[str, Any], *, is_required: bool, note: str = "") -> Field:
    note = note or schema.get("description", "")
    if "default" in schema and schema["default"] not in (None, []):
        note = f"{note} By default {schema['default']}.".strip()
    return Field(name, kind_of(schema), is_required, note, _shape_of(schema))


def _shape_of(schema: dict[str, Any]) -> str:
    """The first shape that a schema refers to."""
    if "$ref" in schema:
        return str(schema["$ref"]).removeprefix(_REF)
    inner = [*schema.get("anyOf", ()), *schema.get("allOf", ()), schema.get("items", {})]
    return next((name for one in inner if one and (name := _shape_of(one))), "")


def kind_of(schema: dict[str, Any]) -> str:
    """What a value is, in words."""
    if "$ref" in schema:
        return str(schema["$ref"]).removeprefix(_REF)
    if "anyOf" in schema or "allOf" in schema:
        return " or ".join(kind_of(one) for one in schema.get("anyOf") or schema["allOf"])
    if "enum" in schema:
        return "one of " + ", ".join("null" if value is None else str(value) for value in schema["enum"])
    if "const" in schema:
        return str(schema["const"])
    types = schema.get("type", "object")
    if types == "array":
        return f"list of {kind_of(schema['items'])}"
    if schema.get("format") == "date-time":
        return "date and time" + (" or null" if "null" in types else "")
    words = " or ".join(_TYPES[one] for one in ([types] if isinstance(types, str) else types))
    bounds = [str(schema[end]) for end in ("minimum", "maximum") if end in schema]
    return f"{words}, {' to '.join(bounds)}" if bounds else words
