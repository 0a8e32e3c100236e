"""The limits of the intake, each with the name under which errors and ``GET /api/v1/limits`` speak of it."""

from __future__ import annotations

from responses.recording import bodies

RESPONSES = 1_000
WIRE_BYTES = 10 * 1024 * 1024
INFLATED_BYTES = 10 * 1024 * 1024
STORED_BODY_BYTES = bodies.KEPT_BYTES
RESENDABLE_BODY_BYTES = bodies.SENDABLE_BYTES
JSON_DEPTH = 64
URL_LENGTH = 8_192
METHOD_LENGTH = 32
HEADER_FIELDS = 200
HEADER_NAME_LENGTH = 256
HEADER_VALUE_LENGTH = 16_384
HEADER_BYTES = 65_536
ID_LENGTH = 200
FAILURE_MESSAGE_LENGTH = 2_000
TAGS = 20
TAG_NAME_LENGTH = 64
TAG_VALUE_LENGTH = 200
DURATION_MS = 24 * 60 * 60 * 1000

LIMITS: dict[str, int] = {
    "responses": RESPONSES,
    "wire_bytes": WIRE_BYTES,
    "inflated_bytes": INFLATED_BYTES,
    "stored_body_bytes": STORED_BODY_BYTES,
    "resendable_body_bytes": RESENDABLE_BODY_BYTES,
    "json_depth": JSON_DEPTH,
    "url_length": URL_LENGTH,
    "method_length": METHOD_LENGTH,
    "header_fields": HEADER_FIELDS,
    "header_name_length": HEADER_NAME_LENGTH,
    "header_value_length": HEADER_VALUE_LENGTH,
    "header_bytes": HEADER_BYTES,
    "id_length": ID_LENGTH,
    "failure_message_length": FAILURE_MESSAGE_LENGTH,
    "tags": TAGS,
    "tag_name_length": TAG_NAME_LENGTH,
    "tag_value_length": TAG_VALUE_LENGTH,
    "duration_ms": DURATION_MS,
}
