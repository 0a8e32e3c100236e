"""Every documented body shape through the real recording path: outcome, items and issues as the catalogue says."""

from __future__ import annotations

import base64
import json
from typing import Any
from urllib.parse import urlsplit

import pytest

from responses.models import Issue, Item, Response
from tests.front.conftest import Path
from tests.shape import SC, Shape
from tests.shapes import SHAPES

TELLS_NOTHING = {"status 200 cut off", "status 200 empty", "status 200 a page"}
"""Status answers that settle nothing: the result is asked for again, and unknown when it never comes."""

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


def record_of(shape: Shape) -> dict[str, Any]:
    """The record that a caller would send of a shape."""
    record: dict[str, Any] = {
        "id": shape.name,
        "request_id": shape.name,
        "request": {
            "method": shape.method,
            "url": shape.url,
            "headers": shape.request_headers,
            "body": base64.b64encode(shape.request_body).decode(),
            "body_encoding": "base64",
        },
    }
    if shape.failure is not None:
        return record | {"failure": {"kind": shape.failure.value, "message": shape.failure_message}}
    answer = {
        "status_code": shape.status_code,
        "headers": shape.response_headers,
        "body": base64.b64encode(shape.response_body).decode(),
        "body_encoding": "base64",
    }
    return record | {"response": answer}


def acceptance_of(shape: Shape) -> dict[str, Any]:
    """The record of the purchase that a status answer belongs to."""
    subs_req_id = urlsplit(shape.url).path.split("/")[2]
    body = json.dumps({"result": "Subscription request received", "subs_req_id": subs_req_id})
    return {
        "request": {"method": "POST", "url": f"{SC}/subscription/create", "body": shape.asked.decode()},
        "response": {"status_code": 200, "headers": {"content-type": "application/json"}, "body": body},
    }


def titles_of(response: Response) -> set[str]:
    """The titles of the issues that a response, an item of it, or its failed request belongs to."""
    ids = {response.issue_id, *Item.objects.filter(response=response).values_list("issue_id", flat=True)}
    of_request = Issue.objects.filter(failed_requests=response.failed_request_id)
    found = Issue.objects.filter(pk__in=[one for one in ids if one]) | of_request
    return set(found.values_list("title", flat=True))


@pytest.mark.parametrize("alone", [True, False], ids=["one by one", "all in one call"])
def test_every_documented_shape_is_recorded_with_its_meaning(path: Path, *, alone: bool) -> None:
    purchases = [acceptance_of(shape) for shape in SHAPES if shape.asked]
    assert path.post({"responses": purchases}).status == 202
    records = [record_of(shape) for shape in SHAPES]
    calls = [[record] for record in records] if alone else [records]
    answered = [path.post({"responses": call}) for call in calls]
    assert {one.status for one in answered} == {202}
    results = [result for one in answered for result in one.json["results"]]
    assert len(results) == len(SHAPES) > 100
    wrong = {}
    for shape, result in zip(SHAPES, results, strict=True):
        response = Response.objects.get(pk=result["id"])
        found = (result["outcome"], *result["items"].values(), titles_of(response))
        expected = (shape.outcome.word, shape.created, shape.failed, shape.unknown, set(shape.issues))
        if shape.name in TELLS_NOTHING:
            expected = ("success", 0, 0, 0, set())
        if found != expected:
            wrong[shape.name] = (found, expected)
    assert not wrong, "\n".join(
        f"{name}\n  found    {found}\n  expected {expected}" for name, (found, expected) in wrong.items()
    )
