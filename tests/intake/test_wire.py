"""One record becomes an exchange as the contract says, or every fault of it is named."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from responses.exchanges import Answer, Exchange, Failure, FailureKind, Request, RetryBy
from responses.intake import limits, wire
from tests.intake.records import encoded, record, request, response


def read(data: object) -> Exchange:
    outcome = wire.read(encoded(data))
    assert isinstance(outcome, Exchange), outcome
    return outcome


def errors(data: object) -> dict[str, list[str]]:
    outcome = wire.read(encoded(data))
    assert isinstance(outcome, wire.Refused), outcome
    assert not outcome.malformed
    return outcome.errors


def test_the_example_of_the_contract_becomes_an_exchange() -> None:
    assert read(record()) == Exchange(
        request=Request(
            "POST",
            "https://sc.ordergroove.com/subscription/create",
            {"content-type": "application/json"},
            b"create_request={}",
        ),
        response=Answer(400, {"content-type": "application/json"}, b'{"error_message": "x"}'),
        sent_at=datetime(2026, 11, 22, 12, 0, 0, 123000, tzinfo=UTC),
        duration_ms=231,
        caller_id="call-1",
        request_id="order-1001",
        retry=RetryBy.MONITOR,
        tags={"release": "2.4.1"},
    )


def test_the_least_that_is_needed() -> None:
    assert read({"request": {"method": "get", "url": "http://h"}, "response": {"status_code": 204}}) == Exchange(
        request=Request("GET", "http://h"), response=Answer(204)
    )


@pytest.mark.parametrize("kind", list(FailureKind))
def test_a_failure_stands_in_place_of_the_response(kind: FailureKind) -> None:
    exchange = read(record(response=None, failure={"kind": kind, "message": "took\ttoo long"}))

    assert exchange.failure == Failure(kind, "took too long")
    assert exchange.response is None


def test_null_is_the_same_as_absent() -> None:
    nothing = dict.fromkeys(("id", "sent_at", "duration_ms", "failure", "request_id", "retry", "tags", "redacted"))

    assert read(record(**nothing)) == read(record(**dict.fromkeys(nothing, ...)))


def test_fields_that_are_not_known_are_ignored() -> None:
    assert read(record(later={"a": [1]}) | {"request": record()["request"] | {"http_version": 2}}) == read(record())


def test_both_or_neither_of_response_and_failure_are_refused() -> None:
    both = errors(record(failure={"kind": "timeout"}))
    neither = errors(record(response=...))

    assert both == {"response": ["Exactly one of response and failure is needed: both came."]}
    assert neither == {"response": ["Exactly one of response and failure is needed: neither came."]}


def test_bodies_are_text_or_base64() -> None:
    raw = bytes(range(256))

    assert read(request(body="é")).request.body == "é".encode()
    assert read(request(body=None)).request.body == b""
    assert read(request(body="a", body_encoding="text")).request.body == b"a"
    assert read(request(body=base64.b64encode(raw).decode(), body_encoding="base64")).request.body == raw
    assert read(response(body="", body_encoding="base64")) == read(response(body=...))


@pytest.mark.parametrize("body", ["a", "YQ", "YQ=", "Y Q==", "YQ==\n", "é", "\ud800", "YQ==YQ==", "__8="])
def test_what_is_no_base64_is_refused(body: str) -> None:
    assert list(errors(request(body=body, body_encoding="base64"))) == ["request.body"]
    assert list(errors(response(body=body, body_encoding="base64"))) == ["response.body"]


def test_a_body_with_lone_surrogates_is_kept_but_can_never_be_sent_again() -> None:
    exchange = read(request(body="a\ud800b"))

    assert exchange.request.body == "a\ufffdb".encode()
    assert exchange.redacted
    assert not read(response(body="a\ud800b")).redacted


def test_a_body_may_hold_any_character_that_json_can_write() -> None:
    assert (
        read(request(body="\x00\x01\u2028\ufeff\U0001f600")).request.body == "\x00\x01\u2028\ufeff\U0001f600".encode()
    )


def test_header_fields_get_small_names_and_one_value() -> None:
    exchange = read(request(headers={"Accept": ["a", "b"], "accept": "c", "X-Empty": [], "X-Bad": "a\r\nb\x00c\ud800"}))

    assert exchange.request.headers == {"accept": "a, b, c", "x-empty": "", "x-bad": "a  b c\ufffd"}


@pytest.mark.parametrize(
    ("headers", "says"),
    [
        ({"a": 1}, "texts or lists of texts"),
        ({"a": [1]}, "texts or lists of texts"),
        ([["a", "b"]], "texts or lists of texts"),
        ({"": "x"}, "1 to 256"),
        ({"a\n": "x"}, "control"),
        ({"a" * 257: "x"}, "256"),
        ({"a": "x" * 16_385}, "16384"),
        ({f"a{number}": "x" for number in range(201)}, "200"),
        ({f"a{number}": "x" * 9_000 for number in range(8)}, "65536"),
    ],
)
def test_header_fields_past_a_limit_or_of_a_wrong_type_are_refused(headers: object, says: str) -> None:
    for where, data in (("request", request(headers=headers)), ("response", response(headers=headers))):
        complaints = errors(data)
        assert list(complaints) == [f"{where}.headers"]
        assert says in " ".join(complaints[f"{where}.headers"])


@pytest.mark.parametrize(
    ("sent_at", "moment"),
    [
        ("2026-11-22T12:00:00Z", datetime(2026, 11, 22, 12, tzinfo=UTC)),
        ("2026-11-22t12:00:00z", datetime(2026, 11, 22, 12, tzinfo=UTC)),
        ("2026-11-22 12:00:00+01:00", datetime(2026, 11, 22, 11, tzinfo=UTC)),
        ("2026-11-22T12:00:00.123456789-05:30", datetime(2026, 11, 22, 17, 30, 0, 123457, tzinfo=UTC)),
        ("1970-01-01T00:00:00Z", datetime(1970, 1, 1, tzinfo=UTC)),
        ("0001-01-01T00:00:00+14:00", datetime(1, 1, 2, tzinfo=UTC)),
        ("9999-12-31T23:59:59-14:00", datetime(9999, 12, 30, tzinfo=UTC)),
    ],
)
def test_times_of_rfc_3339_are_read_as_utc(sent_at: str, moment: datetime) -> None:
    exchange = read(record(sent_at=sent_at))

    assert exchange.sent_at == moment
    assert exchange.sent_at is not None
    assert exchange.sent_at.tzinfo is UTC


@pytest.mark.parametrize(
    ("sent_at", "says"),
    [
        ("2026-11-22T12:00:00", "zone"),
        ("2026-11-22", "RFC 3339"),
        ("yesterday", "RFC 3339"),
        ("2026-02-30T12:00:00Z", "RFC 3339"),
        (1763812800, "RFC 3339"),
        ("\ud800", "RFC 3339"),
    ],
)
def test_other_times_are_refused_with_the_reason(sent_at: object, says: str) -> None:
    (message,) = errors(record(sent_at=sent_at))["sent_at"]

    assert says in message


@pytest.mark.parametrize(
    ("given", "read_as"), [(0, 0), (231, 231), (231.5, 232), (0.2, 0), (limits.DURATION_MS, limits.DURATION_MS)]
)
def test_durations_are_rounded_to_milliseconds(given: float, read_as: int) -> None:
    assert read(record(duration_ms=given)).duration_ms == read_as


@pytest.mark.parametrize("duration", [-1, -0.1, limits.DURATION_MS + 1, "1", True, [1], 10**30])
def test_durations_out_of_bounds_are_refused(duration: object) -> None:
    assert errors(record(duration_ms=duration)) == {"duration_ms": ["Must be a number from 0 to 86400000."]}


@pytest.mark.parametrize("name", ["id", "request_id"])
@pytest.mark.parametrize("value", ["x" * 201, "a\x00b", "a\nb", "\ud800", "a\x7fb", "\x85"])
def test_ids_are_short_and_clean(name: str, value: str) -> None:
    assert list(errors(record(**{name: value}))) == [name]


@pytest.mark.parametrize("value", ["x" * 200, "order 1001/ä", "漢字", "\u00a0"])
def test_ids_are_opaque(value: str) -> None:
    exchange = read(record(id=value, request_id=value))

    assert (exchange.caller_id, exchange.request_id) == (value, value)


@pytest.mark.parametrize(
    ("tags", "says"),
    [
        ({f"t{number}": "x" for number in range(21)}, "20"),
        ({"t" * 65: "x"}, "64"),
        ({"t": "x" * 201}, "200"),
        ({"": "x"}, "empty"),
        ({"t\x00": "x"}, "control"),
        ({"t": "\ud800"}, "surrogates"),
        ({"t": 1}, "texts"),
        (["t"], "texts"),
    ],
)
def test_tags_are_few_short_and_clean(tags: object, says: str) -> None:
    assert says in " ".join(errors(record(tags=tags))["tags"])


@pytest.mark.parametrize(
    "url",
    [
        "https://sc.ordergroove.com/subscription/create",
        "HTTP://h:8080/x?y=z#w",
        "http://[::1]:80/",
        "https://user:pass@h/",
        "https://bücher.example/ä b",
        "http://127.0.0.1:65535",
        "https://h?x",
        "https://h/" + "x" * (limits.URL_LENGTH - 10),
    ],
)
def test_absolute_urls_are_read(url: str) -> None:
    assert read(request(url=url)).request.url == url


@pytest.mark.parametrize(
    "url",
    [
        "",
        "/x",
        "h/x",
        "ftp://h/",
        "https://",
        "https:///x",
        "https://:80/",
        "http://h:99999/",
        "http://h:x/",
        "http://[::1/",
        "http://[x]/",
        "https://h/\x00",
        "https://h/\n",
        "https://h/\ud800",
        "https://a b/",
        "https://℀.example/",
        "https://h\\x",
        "javascript:alert(1)",
    ],
)
def test_what_is_no_absolute_url_is_refused(url: str) -> None:
    assert list(errors(request(url=url))) == ["request.url"]


def test_a_long_url_is_refused_with_the_limit() -> None:
    assert errors(request(url="https://h/" + "x" * 9_000)) == {
        "request.url": ["Must be at most 8192 characters, not 9010."]
    }


@pytest.mark.parametrize("method", ["", "GET ", "P\n", "x" * 33, "é", "GET/1"])
def test_what_is_no_method_is_refused(method: str) -> None:
    assert list(errors(request(method=method))) == ["request.method"]


@pytest.mark.parametrize("status_code", [99, 1000, 0, -1, "200", 200.5, None, True, 10**30])
def test_what_is_no_status_code_is_refused(status_code: object) -> None:
    assert errors(response(status_code=status_code)) == {
        "response.status_code": ["Must be a whole number from 100 to 999."]
    }


def test_every_fault_is_named_at_once() -> None:
    faults = errors(
        {
            "request": {"method": 1, "url": "x", "body": {}, "headers": []},
            "response": {"body": 1},
            "failure": {"kind": "boredom"},
            "sent_at": 1,
            "retry": "x",
            "redacted": "no",
            "id": 5,
        }
    )

    assert list(faults) == [
        "request.headers", "request.body", "request.method", "id", "sent_at", "response.body", "response.status_code",
        "failure.kind", "retry", "redacted",
    ]  # fmt: skip
    assert faults["failure.kind"] == ["Must be one of timeout, connection, tls, dns, protocol."]
    assert faults["response.status_code"] == ["This field is required."]


def test_a_long_failure_message_is_cut_not_refused() -> None:
    exchange = read(record(response=None, failure={"kind": "tls", "message": "x" * 5_000}))

    assert exchange.failure is not None
    assert len(exchange.failure.message) == limits.FAILURE_MESSAGE_LENGTH
    assert exchange.failure.message.endswith("…")


@pytest.mark.parametrize(
    ("levels", "is_fine"), [(limits.JSON_DEPTH - 1, True), (limits.JSON_DEPTH, False), (100_000, False)]
)
def test_depth_has_a_limit_that_is_named(levels: int, is_fine: bool) -> None:
    raw = encoded(record())[:-1] + b', "extra": ' + b"[" * levels + b"]" * levels + b"}"

    outcome = wire.read(raw)

    assert isinstance(outcome, Exchange) is is_fine
    if isinstance(outcome, wire.Refused):
        assert "json_depth" in outcome.errors[""][0]


def test_brackets_inside_texts_are_not_depth() -> None:
    assert read(request(body='[{"' * 1_000)).request.body == b'[{"' * 1_000


def test_long_numbers_in_unknown_fields_do_no_harm() -> None:
    raw = encoded(record())[:-1] + b', "extra": ' + b"9" * 5_000 + b"}"

    assert isinstance(wire.read(raw), Exchange)


@pytest.mark.parametrize(
    "raw", [b"", b"{", b"nope", b'{"a": NaN}', b'{"a": -Infinity}', b"\xff{", b'{"a": 1}x', b'"\x00"']
)
def test_what_is_not_json_is_malformed(raw: bytes) -> None:
    outcome = wire.read(raw)

    assert isinstance(outcome, wire.Refused)
    assert outcome.malformed
    assert "Is not" in outcome.errors[""][0]


def test_where_json_ends_to_be_json_is_said_in_a_whole_sentence() -> None:
    outcome = wire.read(b'{"a": "\x01"}')

    assert isinstance(outcome, wire.Refused)
    assert outcome.errors[""] == ["Is not JSON: invalid control character at character 7."]


def test_a_name_given_twice_counts_once_as_in_any_json() -> None:
    raw = json.dumps(record()).replace('"id": "call-1"', '"id": "a", "id": "b"').encode()

    outcome: Any = wire.read(raw)

    assert outcome.caller_id == "b"
