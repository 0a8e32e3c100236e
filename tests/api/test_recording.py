"""What the document says of the recording call is what the intake does."""

from __future__ import annotations

import json

from responses.api import recording
from responses.exchanges import Exchange
from responses.intake import payload, wire


def test_the_example_of_the_document_can_be_recorded() -> None:
    for example in recording.RECORD["examples"]:
        [found] = payload.decode(json.dumps(example).encode(), media_type=payload.JSON)
        assert isinstance(found, Exchange)


def test_the_document_names_every_field_of_a_record() -> None:
    fields = {
        "id",
        "sent_at",
        "duration_ms",
        "request",
        "response",
        "failure",
        "request_id",
        "retry",
        "tags",
        "redacted",
    }

    assert set(recording.RECORD["properties"]) == fields == set(wire._Record.__struct_fields__)


def test_a_whole_number_may_be_written_with_a_point() -> None:
    record = {"request": {"method": "GET", "url": "https://a.example/"}, "response": {"status_code": 200.0}}
    found = wire.read(json.dumps(record).encode())

    assert isinstance(found, Exchange)
    assert found.response is not None
    assert found.response.status_code == 200
    assert type(found.response.status_code) is int
