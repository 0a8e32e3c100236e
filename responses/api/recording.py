"""How ``POST /api/v1/responses`` and ``GET /api/v1/limits`` are described, and what Django says where it meets them.

The web process answers the recording call before Django sees it (``responses.front``). Only without that front, under
the development server say, does it come here, and is refused: an answer in the 200s means that the record is on disk.
"""

from __future__ import annotations

from typing import Any, Literal

from django.http import HttpRequest
from ninja import Router, Schema
from pydantic import Field

from responses.api import refusals, shapes
from responses.exchanges import FailureKind, RetryBy
from responses.intake import limits, payload

router = Router(tags=["Recording"], auth=None)

_TEXT_OR_NULL = {"type": ["string", "null"]}
_NAME = r"^[^\x00-\x1f\x7f-\x9f]*$"
_HEADERS = {
    "type": ["object", "null"],
    "maxProperties": limits.HEADER_FIELDS,
    "propertyNames": {"minLength": 1, "maxLength": limits.HEADER_NAME_LENGTH, "pattern": _NAME},
    "additionalProperties": {
        "anyOf": [
            {"type": "string", "maxLength": limits.HEADER_VALUE_LENGTH},
            {"type": "array", "items": {"type": "string", "maxLength": limits.HEADER_VALUE_LENGTH}},
        ]
    },
    "description": "Values of one name may be a list. Credentials need not be sent; what comes is redacted.",
}
_MESSAGE = {
    "headers": _HEADERS,
    "body": _TEXT_OR_NULL | {"description": "The text as it was, or base64 as body_encoding says."},
    "body_encoding": {"enum": ["text", "base64", None]},
}
_BASE64 = r"^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$"
_IF_BASE64 = {
    "if": {"properties": {"body_encoding": {"const": "base64"}}, "required": ["body_encoding"]},
    "then": {"properties": {"body": {"type": ["string", "null"], "pattern": _BASE64}}},
}
_ID = {"type": ["string", "null"], "maxLength": limits.ID_LENGTH, "pattern": _NAME}
RECORD: dict[str, Any] = {
    "type": "object",
    "title": "Record",
    "description": "One request and the response to it, or the failure that came instead. Unknown fields are ignored.",
    "required": ["request"],
    "oneOf": [
        {"required": ["response"], "properties": {"response": {"type": "object"}, "failure": {"type": "null"}}},
        {"required": ["failure"], "properties": {"failure": {"type": "object"}, "response": {"type": "null"}}},
    ],
    "properties": {
        "id": _ID | {"description": "Unique per integration: a second one is recorded once."},
        "sent_at": {
            "type": ["string", "null"],
            "format": "date-time",
            "description": "When the request was sent, with its zone.",
        },
        "duration_ms": {"type": ["number", "null"], "minimum": 0, "maximum": limits.DURATION_MS},
        "request": {
            "type": "object",
            "required": ["method", "url"],
            "properties": {
                "method": {
                    "type": "string",
                    "maxLength": limits.METHOD_LENGTH,
                    "pattern": r"^[A-Za-z0-9!#$%&'*+.^_`|~-]+$",
                },
                "url": {
                    "type": "string",
                    "maxLength": limits.URL_LENGTH,
                    "pattern": r"^https?://[A-Za-z0-9._-]+(:[0-9]{1,4})?([/?#][!-~]*)?$",
                    "description": "Absolute. A user, an IPv6 address and characters outside ASCII are understood too.",
                },
                **_MESSAGE,
            },
            **_IF_BASE64,
        },
        "response": {
            "type": ["object", "null"],
            "required": ["status_code"],
            "properties": {"status_code": {"type": "integer", "minimum": 100, "maximum": 999}, **_MESSAGE},
            **_IF_BASE64,
        },
        "failure": {
            "type": ["object", "null"],
            "required": ["kind"],
            "properties": {"kind": {"enum": [kind.value for kind in FailureKind]}, "message": _TEXT_OR_NULL},
        },
        "request_id": _ID | {"description": "The caller's own name for the request, the same for each try of it."},
        "retry": {
            "enum": [*(who.value for who in RetryBy), None],
            "description": "Who sends it again; by default as the integration says.",
        },
        "tags": {
            "type": ["object", "null"],
            "maxProperties": limits.TAGS,
            "propertyNames": {"minLength": 1, "maxLength": limits.TAG_NAME_LENGTH, "pattern": _NAME},
            "additionalProperties": {"type": "string", "maxLength": limits.TAG_VALUE_LENGTH, "pattern": _NAME},
        },
        "redacted": {
            "type": ["boolean", "null"],
            "description": "The caller has removed data: such a request is never sent again.",
        },
    },
    "examples": [
        {
            "sent_at": "2026-11-22T12:00:00.123Z",
            "duration_ms": 231,
            "request": {
                "method": "POST",
                "url": "https://sc.ordergroove.com/subscription/create",
                "headers": {"content-type": "application/json"},
                "body": '{"merchant_id": "my-merchant", "merchant_order_id": "1001"}',
            },
            "response": {"status_code": 400, "body": '{"error_message": "Session id cannot be null"}'},
        }
    ],
}
BATCH: dict[str, Any] = {
    "type": "object",
    "title": "Batch",
    "required": ["responses"],
    "properties": {
        "responses": {
            "type": "array",
            "minItems": 1,
            "maxItems": limits.RESPONSES,
            "items": {"$ref": "#/components/schemas/Record"},
        }
    },
}
SCHEMAS = {"Record": RECORD, "Batch": BATCH}
REQUEST_BODY: dict[str, Any] = {
    "required": True,
    "description": f"Up to {limits.RESPONSES:,} records and {limits.WIRE_BYTES // 1024**2} MiB. Content-Encoding gzip "
    f"is understood. As {payload.NDJSON}, one record a line.",
    "content": {
        payload.JSON: {
            "schema": {"anyOf": [{"$ref": "#/components/schemas/Record"}, {"$ref": "#/components/schemas/Batch"}]}
        },
        payload.NDJSON: {"schema": {"type": "string"}},
    },
}


class Result(Schema):
    """What became of one record, at its place in the call."""

    index: int
    id: str = Field(description="Of the stored response; of a rejected record the id that the caller gave it.")
    status: Literal["recorded", "duplicate", "rejected"]
    outcome: shapes.OutcomeWord | None = None
    items: shapes.ItemCounts | None = None
    url: str | None = None
    errors: dict[str, list[str]] | None = Field(None, description="What is wrong, by dotted field name.")


class Recorded(Schema):
    """How many records are on disk, and what each of them means."""

    accepted: int
    results: list[Result]


def record_responses(request: HttpRequest) -> Any:  # noqa: ARG001
    """Record what came back. 202: all of it is on disk; 207: some records were refused, as their results say."""
    detail = "Recording is served by the web process (manage.py up), not by this one. Nothing was stored."
    raise refusals.Refused(503, detail)


def add_to(reading: Router) -> None:
    """Put the recording call beside the reading one: django-ninja wants the methods of one path in one router."""
    reading.post(
        "/responses",
        auth=None,
        tags=["Recording"],
        operation_id="record_responses",
        summary="Record responses",
        response={202: Recorded, 207: Recorded}
        | dict.fromkeys((400, 401, 408, 413, 415, 422, 429, 500, 503), shapes.Problem),
        openapi_extra={"security": [{"IntakeKey": []}], "requestBody": REQUEST_BODY},
        url_name="record",
    )(record_responses)


@router.get(
    "/limits",
    operation_id="get_limits",
    summary="Limits of a recording call",
    response={200: dict[str, int]} | dict.fromkeys((405, 500, 503), shapes.Problem),
    url_name="limits",
)
def get_limits(request: HttpRequest) -> Any:  # noqa: ARG001
    """Show what one recording call may hold, each limit with the name that errors use."""
    return limits.LIMITS
