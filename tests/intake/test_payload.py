"""A recording call is read record by record; what is wrong is named, and leaves its neighbours alone."""

from __future__ import annotations

import contextlib
import gzip
import json
import zlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from responses.exchanges import Exchange
from responses.intake import limits, payload
from responses.intake.payload import PayloadError, Rejected
from tests.intake.records import encoded, record, request

DEEP = b"[" * 5_000 + b"]" * 5_000


def decode(body: bytes, media_type: str = "application/json") -> list[Exchange | Rejected]:
    return payload.decode(body, media_type=media_type)


def refused(body: bytes, media_type: str = "application/json") -> PayloadError:
    with pytest.raises(PayloadError) as caught:
        decode(body, media_type)
    return caught.value


def kinds(outcomes: list[Exchange | Rejected]) -> str:
    """A letter for each outcome: ``e`` exchange, ``r`` rejected."""
    return "".join("e" if isinstance(outcome, Exchange) else "r" for outcome in outcomes)


def test_a_single_object_is_one_record() -> None:
    assert kinds(decode(encoded(record()))) == "e"


@pytest.mark.parametrize("start", [b"", b" \n\t", b"\xef\xbb\xbf"])
def test_a_batch_is_many(start: bytes) -> None:
    body = start + encoded({"responses": [record(), record(), record()]})

    assert kinds(decode(body)) == "eee"


def test_a_batch_may_have_other_fields_before_the_responses() -> None:
    assert kinds(decode(encoded({"sender": {"responses": 1}, "responses": [record()]}))) == "e"


@pytest.mark.parametrize(
    "media_type", ["application/x-ndjson", "application/x-ndjson; charset=utf-8", "Application/X-NDJSON"]
)
def test_lines_are_records_and_blank_ones_are_skipped(media_type: str) -> None:
    body = b"\n" + encoded(record()) + b"\r\n\r\n  \n" + encoded(record(id="b"))

    assert kinds(decode(body, media_type)) == "ee"


@pytest.mark.parametrize("media_type", ["", "application/json; charset=utf-8", " APPLICATION/JSON ;x=y"])
def test_json_is_read_with_parameters_and_without_a_media_type(media_type: str) -> None:
    assert kinds(decode(encoded(record()), media_type)) == "e"


@pytest.mark.parametrize(
    "media_type", ["text/plain", "application/x-www-form-urlencoded", "application/jsonx", "\ud800", ";"]
)
def test_other_media_types_are_415(media_type: str) -> None:
    if media_type == ";":
        assert kinds(decode(encoded(record()), media_type)) == "e"
        return
    error = refused(encoded(record()), media_type)

    assert error.status == 415
    assert "application/x-ndjson" in error.detail


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"  ",
        b"{",
        b"not json",
        b'{"request": }',
        b'{"responses": [',
        b'{"responses": [{]}',
        b'{"responses": [nope]}',
        b"\xff",
        b"NaN",
        b"[" * 200_000,
        b'{"a":' * 100_000,
        b'{"responses": [{"a": NaN}, {"a": NaN}]}',
    ],
)
def test_what_is_not_json_is_400(body: bytes) -> None:
    if body.startswith((b"[[", b'{"a":{')):
        # Too deep to be looked at: refused for its depth.
        assert _outcome(body) in (400, 422, "r")
        return
    assert refused(body).status == 400


def _outcome(body: bytes, media_type: str = "application/json") -> int | str:
    """The status of a refusal, else a letter for each record."""
    try:
        return kinds(decode(body, media_type))
    except PayloadError as error:
        return error.status


@pytest.mark.parametrize("body", [b"[]", b"1", b'"x"', b"null", b"[{}]", b"true"])
def test_json_that_is_no_object_is_422(body: bytes) -> None:
    assert refused(body).status == 422


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b'{"responses": []}', "responses"),
        (b'{"responses": [ ] }', "responses"),
        (b'{"responses": {}}', "responses"),
        (b'{"responses": null}', "responses"),
        (b'{"x": 1, "responses": "a"}', "responses"),
    ],
)
def test_a_batch_without_records_is_422_and_says_so(body: bytes, field: str) -> None:
    error = refused(body)

    assert error.status == 422
    assert list(error.errors) == [field]


def test_no_lines_are_422() -> None:
    assert refused(b"\n \r\n", "application/x-ndjson").status == 422


@pytest.mark.parametrize("media_type", ["application/json", "application/x-ndjson"])
def test_more_records_than_the_limit_are_413_and_the_limit_is_named(media_type: str) -> None:
    records = [b"{}"] * (limits.RESPONSES + 1)
    body = b'{"responses": [' + b",".join(records) + b"]}" if media_type == "application/json" else b"\n".join(records)

    error = refused(body, media_type)

    assert error.status == 413
    assert "1000" in error.detail
    assert "responses" in error.detail


def test_a_body_past_the_limit_is_413_and_the_limit_is_named() -> None:
    error = refused(b" " * (limits.INFLATED_BYTES + 1))

    assert error.status == 413
    assert str(limits.INFLATED_BYTES) in error.detail


@pytest.mark.parametrize(
    "bad",
    [
        b"{}",
        b"1",
        b"null",
        b"[]",
        DEEP,
        b'{"a":' + DEEP + b"}",
        b'{"request": NaN}',
        b'{"duration_ms": 1e999}',
        b'{"duration_ms": ' + b"1" * 5_000 + b"}",
        b'{"id": "\xff"}',
        rb'{"id": "\ud800"}',
        b'{"id": "a\x01b"}',
        b'{"request": {"method": "GET"}}',
    ],
    ids=lambda bad: bad[:24].decode("latin-1"),
)
@pytest.mark.parametrize("media_type", ["application/json", "application/x-ndjson"])
def test_a_bad_record_leaves_its_neighbours_alone(bad: bytes, media_type: str) -> None:
    good = encoded(record())
    if media_type == "application/json":
        body = b'{"responses": [' + b", ".join((good, bad, good)) + b"]}"
    else:
        body = b"\n".join((good, bad, good))

    outcomes = decode(body, media_type)

    assert kinds(outcomes) == "ere"
    rejected = outcomes[1]
    assert isinstance(rejected, Rejected)
    assert rejected.index == 1
    assert rejected.errors
    assert all(isinstance(message, str) and message for messages in rejected.errors.values() for message in messages)


def test_a_rejected_record_is_reported_under_its_own_id() -> None:
    outcomes = decode(encoded({"responses": [record(id="one"), record(id="two", retry="perhaps")]}))

    assert outcomes[1] == Rejected(1, "two", {"retry": ["Must be one of monitor, caller, never."]})


@pytest.mark.parametrize("coding", ["gzip", "GZIP", " x-gzip "])
def test_gzip_is_inflated(coding: str) -> None:
    assert payload.inflate(gzip.compress(b"abc", mtime=0), content_encoding=coding) == b"abc"


def test_a_gzip_stream_of_several_members_with_padding_is_inflated() -> None:
    body = gzip.compress(b"abc", mtime=0) + gzip.compress(b"def") + b"\0\0"

    assert payload.inflate(body) == b"abcdef"


@pytest.mark.parametrize("coding", ["", "identity", "Identity "])
def test_without_a_coding_the_body_is_what_came(coding: str) -> None:
    assert payload.inflate(b"abc", content_encoding=coding) == b"abc"


@pytest.mark.parametrize("coding", ["br", "deflate", "gzip, gzip", "zstd", "\ud800"])
def test_other_codings_are_415(coding: str) -> None:
    with pytest.raises(PayloadError) as caught:
        payload.inflate(b"", content_encoding=coding)

    assert caught.value.status == 415


@pytest.mark.parametrize(
    "body",
    [b"", b"abc", gzip.compress(b"abc" * 100, mtime=0)[:-9], gzip.compress(b"a", mtime=0) + b"x", zlib.compress(b"a")],
)
def test_what_is_no_whole_gzip_stream_is_400(body: bytes) -> None:
    with pytest.raises(PayloadError) as caught:
        payload.inflate(body)

    assert caught.value.status == 400


@pytest.mark.slow
def test_a_bomb_is_413_and_is_not_inflated_past_the_limit() -> None:
    bomb = gzip.compress(b"\0" * 50_000_000, mtime=0)

    for body in (bomb, gzip.compress(b"\0" * 60, mtime=0) * 40_000):
        with pytest.raises(PayloadError) as caught:
            payload.inflate(body, limit=1_000_000)
        assert caught.value.status == 413
        assert "1000000" in caught.value.detail


def test_a_body_of_just_the_limit_passes() -> None:
    assert len(payload.inflate(gzip.compress(b"a" * 1_000, mtime=0), limit=1_000)) == 1_000
    with pytest.raises(PayloadError):
        payload.inflate(b"a" * 1_001, content_encoding="", limit=1_000)


_SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
_JSON = st.recursive(
    _SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4), max_leaves=10
)
_FIELDS = st.sampled_from(
    [
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
        "other",
    ]
)


@pytest.mark.slow
@settings(max_examples=100, deadline=None)
@given(st.dictionaries(_FIELDS, _JSON))
def test_any_value_of_any_field_is_read_or_named(overrides: dict[str, Any]) -> None:
    (outcome,) = decode(json.dumps(record(**overrides)).replace("NaN", "1").replace("Infinity", "1").encode())

    if isinstance(outcome, Rejected):
        assert outcome.errors
        assert {field.partition(".")[0] for field in outcome.errors} <= {*record(), "redacted"}


@pytest.mark.slow
@settings(max_examples=100, deadline=None)
@given(st.sampled_from(["method", "url", "headers", "body", "body_encoding", "other"]), _JSON)
def test_any_value_in_the_request_is_read_or_named(field: str, value: object) -> None:
    (outcome,) = decode(json.dumps(request(**{field: value})).replace("NaN", "1").replace("Infinity", "1").encode())

    if isinstance(outcome, Rejected):
        assert all(name.startswith("request.") for name in outcome.errors)


@pytest.mark.slow
@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=100), st.integers(0, 300), st.sampled_from(["application/json", "application/x-ndjson"]))
def test_no_bytes_make_it_raise_anything_else(noise: bytes, at: int, media_type: str) -> None:
    whole = encoded({"responses": [record(), record()]})
    for body in (noise, whole[:at] + noise + whole[at:], whole[: at + 1], b'{"responses": [' + noise + b"]}"):
        assert _outcome(body, media_type) != ""


@pytest.mark.slow
@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=100), st.integers(0, 60))
def test_no_bytes_make_inflating_raise_anything_else(noise: bytes, at: int) -> None:
    whole = gzip.compress(encoded(record()))
    for body in (noise, whole[:at] + noise + whole[at:], whole[:-at]):
        with contextlib.suppress(PayloadError):
            payload.inflate(body, limit=10_000)
