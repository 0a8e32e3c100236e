"""``POST /api/v1/responses``, as design.md 5 says it."""

from __future__ import annotations

import gzip
import json
from typing import Any

import pytest

from responses.front import writer
from responses.intake import limits
from responses.models import CallerId, FailedRequest, IntakeKey, Response
from tests.front.conftest import Path

pytestmark = pytest.mark.django_db(transaction=True)


def record_of(**overrides: Any) -> dict[str, Any]:
    return {
        "sent_at": "2026-11-22T11:59:00.123Z",
        "duration_ms": 231,
        "request": {
            "method": "POST",
            "url": "https://sc.ordergroove.com/subscription/create",
            "headers": {"content-type": "application/json"},
            "body": 'create_request={"merchant_id": "m", "merchant_order_id": "1001"}',
        },
        "response": {
            "status_code": 400,
            "headers": {"content-type": "application/json"},
            "body": '{"error_message": "Session id cannot be null"}',
        },
        "failure": None,
    } | overrides


def test_one_record_is_answered_with_its_meaning_and_its_page(path: Path) -> None:
    answered = path.post(record_of())
    row = Response.objects.get()
    assert answered.status == 202
    assert answered.json == {
        "accepted": 1,
        "results": [
            {
                "index": 0,
                "id": str(row.pk),
                "status": "recorded",
                "outcome": "needs_fix",
                "items": {"created": 0, "failed": 0, "unknown": 0},
                "url": f"http://monitor/responses/{row.pk}/",
            }
        ],
    }
    assert FailedRequest.objects.get().order_id == "1001"
    assert path.nudges == [{"alerting"}]


def test_a_batch_and_lines_and_gzip_are_taken(path: Path) -> None:
    batch = {"responses": [record_of(), record_of()]}
    assert path.post(batch).json["accepted"] == 2
    lines = b"\n".join(json.dumps(record_of()).encode() for _ in range(3))
    assert path.post(lines, content_type="application/x-ndjson").json["accepted"] == 3
    packed = gzip.compress(json.dumps(batch).encode())
    assert path.post(packed, content_encoding="gzip").json["accepted"] == 2
    assert Response.objects.count() == 7


def test_one_bad_record_does_not_take_its_neighbours_with_it(path: Path) -> None:
    bad = record_of(id="mine")
    del bad["request"]["url"]
    answered = path.post({"responses": [record_of(), bad, record_of()]})
    assert answered.status == 207
    assert [one["status"] for one in answered.json["results"]] == ["recorded", "rejected", "recorded"]
    assert "request.url" in answered.json["results"][1]["errors"]
    assert Response.objects.count() == 2


def test_all_refused_is_422_with_pointers(path: Path) -> None:
    answered = path.post(record_of(response=None))
    assert answered.status == 422
    assert answered.headers["content-type"] == "application/problem+json"
    assert answered.json["status"] == 422
    assert answered.json["request_id"] == "r-1"
    assert answered.json["errors"][0].keys() == {"pointer", "detail"}
    answered = path.post({"responses": [record_of(duration_ms=-1), record_of(response=None)]})
    assert answered.json["errors"][0]["pointer"] == "/responses/0/duration_ms"
    assert Response.objects.count() == 0


@pytest.mark.parametrize(
    ("body", "fields", "status"),
    [
        (b"{", {}, 400),
        (b"", {}, 400),
        (b"{}", {"content_encoding": "gzip"}, 400),
        (b"[]", {}, 422),
        (b'{"responses": []}', {}, 422),
        (b"{}", {"content_type": "text/plain"}, 415),
        (b"{}", {"content_encoding": "br"}, 415),
        (b"{}", {"authorization": ""}, 401),
        (b"{}", {"authorization": "Bearer nonsense"}, 401),
        (b"{}", {"authorization": "Bearer ogm_aaaaaaaaaaaa_" + "0" * 64}, 401),
        (b"{}", {"authorization": "Bearer ogm_\xe9aaaaaaaaaaa_" + "\xe9" * 64}, 401),
        (b" " * (limits.WIRE_BYTES + 1), {}, 413),
        (gzip.compress(b" " * (limits.INFLATED_BYTES + 1), mtime=0), {"content_encoding": "gzip"}, 413),
        (json.dumps({"responses": [1] * (limits.RESPONSES + 1)}).encode(), {}, 413),
    ],
)
def test_what_cannot_be_taken_is_refused_with_a_problem_document(
    path: Path, body: bytes, fields: dict[str, str], status: int
) -> None:
    answered = path.post(body, **fields)
    assert answered.status == status
    assert answered.headers["content-type"] == "application/problem+json"
    assert answered.json["detail"]
    assert Response.objects.count() == 0
    assert path.post(record_of()).status == 202


def test_a_declared_length_over_the_limit_is_refused_before_it_is_read(path: Path) -> None:
    assert path.post(b"{}", content_length=str(limits.WIRE_BYTES + 1)).status == 413


def test_a_revoked_key_is_refused_within_moments(path: Path) -> None:
    assert path.post(record_of()).status == 202
    IntakeKey.objects.update(revoked_at="2026-11-22T12:00:00Z")
    path.seconds = 2.1
    answered = path.post(record_of())
    assert answered.status == 401
    assert answered.headers["www-authenticate"].startswith("Bearer")


def test_over_the_keys_rate_is_429_with_retry_after(path: Path) -> None:
    IntakeKey.objects.update(per_minute=2)
    assert [path.post(record_of()).status for _ in range(3)] == [202, 202, 429]
    answered = path.post(record_of())
    assert int(answered.headers["retry-after"]) >= 1
    assert Response.objects.count() == 2
    path.seconds = 61
    assert path.post(record_of()).status == 202


def test_fifty_of_one_id_at_once_are_recorded_once(path: Path) -> None:
    answered = path.post_all([record_of(id="the-same")] * 50)
    assert {one.status for one in answered} == {202}
    statuses = sorted(one.json["results"][0]["status"] for one in answered)
    assert statuses == ["duplicate"] * 49 + ["recorded"]
    assert len({one.json["results"][0]["id"] for one in answered}) == 1
    assert Response.objects.count() == CallerId.objects.count() == 1
    assert FailedRequest.objects.get().failures == 1


def test_too_much_waiting_is_503_with_retry_after(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "MOST_WAITING", 0)
    answered = path.post(record_of())
    assert (answered.status, answered.headers["retry-after"]) == (503, "1")


def test_a_large_batch_is_written_in_chunks_and_answered_in_order(path: Path) -> None:
    records = [record_of(id=f"n{index}", duration_ms=index if index != 205 else -1) for index in range(300)]
    answered = path.post({"responses": records})
    assert answered.status == 207
    assert [one["index"] for one in answered.json["results"]] == list(range(300))
    assert answered.json["results"][205]["id"] == "n205"
    assert Response.objects.count() == 299


@pytest.mark.parametrize(
    "body",
    [
        '{"error_message": "nul \\u0000 and \\ud800 surrogate"}',
        "[" * 5_000 + "]" * 5_000,
        '{"a": NaN, "b": 1e999, "c": ' + "9" * 5_000 + "}",
        "\x00\x01\x02",
        "<html>" + "é" * 10_000,
    ],
)
def test_a_hostile_answer_of_ordergroove_is_recorded(path: Path, body: str) -> None:
    hostile = record_of(response={"status_code": 400, "headers": {"x": "\x00\ud800"}, "body": body})
    answered = path.post(json.dumps(hostile).encode())
    assert answered.status in (202, 422)
    if answered.status == 202:
        assert Response.objects.get().outcome_word == "needs_fix"
    assert path.post(record_of()).status == 202


def test_what_nobody_foresaw_is_a_500_that_tells_nothing(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def explode(prepared: object) -> None:
        raise RuntimeError("a secret")

    monkeypatch.setattr(path.writer, "submit", explode)
    answered = path.post(record_of())

    assert answered.status == 500
    assert answered.headers["content-type"] == "application/problem+json"
    assert answered.json["request_id"] == "r-1"
    assert b"secret" not in answered.body
