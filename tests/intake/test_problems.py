"""Error answers are problem documents of RFC 9457, whatever stands in them."""

from __future__ import annotations

import json

import pytest

from responses.intake import problems


def test_a_problem_has_every_member_of_the_contract() -> None:
    body = problems.render(
        422,
        detail="All records were refused.",
        errors={"request.url": ["Too long.", "Odd."], "": ["No."]},
        request_id="r-1",
    )

    assert json.loads(body) == {
        "type": "urn:ordergroove-monitor:problem:unprocessable-entity",
        "title": "Unprocessable Entity",
        "status": 422,
        "detail": "All records were refused.",
        "errors": [
            {"pointer": "/request/url", "detail": "Too long."},
            {"pointer": "/request/url", "detail": "Odd."},
            {"pointer": "", "detail": "No."},
        ],
        "request_id": "r-1",
    }


def test_errors_of_a_batch_point_at_their_record() -> None:
    pointed = problems.point({"request.url": ["Odd."], "": ["Not JSON."]}, prefix="/responses/3")

    assert [one.pointer for one in pointed] == ["/responses/3/request/url", "/responses/3"]
    assert b'"/responses/3"' in problems.render(422, detail="x", pointed=pointed)


@pytest.mark.parametrize(("field", "pointer"), [("", ""), ("a", "/a"), ("a.b", "/a/b"), ("a/b~c", "/a~1b~0c")])
def test_pointers_are_those_of_rfc_6901(field: str, pointer: str) -> None:
    assert problems.pointer(field) == pointer


def test_a_title_names_its_type() -> None:
    assert json.loads(problems.render(400, title="Not JSON", detail="x"))["type"].endswith(":not-json")


def test_an_unknown_status_and_lone_surrogates_do_not_make_it_raise() -> None:
    document = json.loads(problems.render(799, detail="a\ud800b", errors={"x\ud800": ["y\ud800"]}, request_id="\udfff"))

    assert document["title"] == "Error"
    assert document["detail"] == "a?b"
    assert document["errors"] == [{"pointer": "/x?", "detail": "y?"}]
