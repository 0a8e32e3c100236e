"""Data and complaints out of any body."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from responses.exchanges import Problem
from responses.ordergroove import bodies
from tests.shape import page

JSON_VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=25,
)


def complaints(body: bytes) -> list[tuple[str, str]]:
    return [(problem.field, problem.message) for problem in bodies.problems(body, bodies.parse(body))]


def fits_a_column(problem: Problem) -> bool:
    text = problem.field + problem.message
    text.encode("utf-8")
    return "\x00" not in text and "\n" not in text and len(problem.message) <= 500 and len(problem.field) <= 200


@given(st.binary(max_size=500))
def test_no_bytes_make_reading_fail(body: bytes) -> None:
    for start in (b"", b"{", b"[", b"{'a': '", b"<html><title>", b'{"error": "'):
        assert all(fits_a_column(problem) for problem in bodies.problems(start + body, bodies.parse(start + body)))


@pytest.mark.slow
@given(JSON_VALUES)
def test_no_data_makes_reading_fail(value: Any) -> None:
    body = json.dumps(value).encode()
    found = bodies.problems(body, bodies.parse(body))
    assert all(fits_a_column(problem) for problem in found)
    assert len(found) <= bodies.MOST_PROBLEMS


@pytest.mark.slow
@given(st.dictionaries(st.text(max_size=8), st.text(st.characters(exclude_categories=["Cs"]), max_size=20), max_size=4))
def test_a_dict_in_python_quotes_is_read(value: dict[str, str]) -> None:
    assert bodies.parse(repr(value).encode("utf-8", "replace")) is not None or not value


@pytest.mark.parametrize(
    ("body", "data"),
    [
        (b'{"a": 1}', {"a": 1}),
        (b'\xef\xbb\xbf{"a": 1}\n', {"a": 1}),
        (b"{'details': 'Resource is in use.'}", {"details": "Resource is in use."}),
        (b"{u'a': [True, None, 'it\\'s', \"b\"]}", {"a": [True, None, "it's", "b"]}),
        (b"{'a': 'say \"x\"'}", {"a": 'say "x"'}),
        (b"{'a': '\\xe9\\u00e9'}", {"a": "éé"}),
        (b'{"a": "Z\xfcrich"}', {"a": "Z\ufffdrich"}),
        (b'{"a": "one\ntwo"}', {"a": "one\ntwo"}),
        (b'"text"', "text"),
        (b"", None),
        (b"hello", None),
        (b"<html>", None),
        (b'{"a": ', None),
        (b"{'a': 'b", None),
        (b'{"a": 1} trailing', None),
        (b"[" * 100_000, None),
        (b"[1," * 1_000_000, None),
    ],
)
def test_a_body_is_data_or_none(body: bytes, data: object) -> None:
    assert bodies.parse(body) == data


def test_nan_and_huge_numbers_do_not_hide_the_rest() -> None:
    data = bodies.parse(b'{"a": NaN, "b": ' + b"9" * 5000 + b', "c": "kept"}')
    assert data["c"] == "kept"
    assert data["b"] == "9" * 5000


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (b'{"error": "Invalid Merchant"}', [("", "Invalid Merchant")]),
        (b'{"error_message": "Session id cannot be null"}', [("", "Session id cannot be null")]),
        (b'{"detail": "Not found."}', [("", "Not found.")]),
        (b"{'details': 'In use.'}", [("", "In use.")]),
        (b'{"sku": "Required."}', [("sku", "Required.")]),
        (b'{"sku": ["One.", "Two."]}', [("sku", "One."), ("sku", "Two.")]),
        (b'{"customer": {"email": ["Bad."]}}', [("customer.email", "Bad.")]),
        (b'{"errors": {"customer": {"email": ["Bad."]}}}', [("customer.email", "Bad.")]),
        (b'{"products": [{}, {"sku": ["Bad."]}]}', [("products.sku", "Bad.")]),
        (b'{"products[1].sku": "Bad."}', [("products.sku", "Bad.")]),
        (b'{"products.1.sku": "Bad."}', [("products.sku", "Bad.")]),
        (b'{"products": {"0070067690": "Bad."}}', [("products.[id]", "Bad.")]),
        (b'{"users": {"ada@example.com": "Bad."}}', [("users.[id]", "Bad.")]),
        (b'{"address2": "Bad."}', [("address2", "Bad.")]),
        (b'{"non_field_errors": ["Bad."]}', [("", "Bad.")]),
        (b'{"code": 7, "message": "Bad.", "status": "error"}', [("", "Bad.")]),
        (b'{"code": "Bad code."}', [("code", "Bad code.")]),
        (b'{"errors": [{"field": "sku", "message": "Bad."}]}', [("sku", "Bad.")]),
        (b'{"sku": {"message": "Bad.", "code": "invalid"}}', [("sku", "Bad.")]),
        (b'["One.", "One.", "Two."]', [("", "One."), ("", "Two.")]),
        (b'"Bad."', [("", "Bad.")]),
        (b"'Response is pending.'", [("", "Response is pending.")]),
        (b"Bad request", [("", "Bad request")]),
        (b'{"error": 42}', [("", "42")]),
        (b'{"quantity": 2, "error": "Bad."}', [("", "Bad.")]),
        (b"{}", []),
        (b"[]", []),
        (b"", []),
        (b"   \n", []),
        (b'{"error": null, "sku": "", "x": []}', []),
        (b'{"error": "cut off here', [("", bodies.UNREADABLE)]),
        (b'{"errors": {"sku": ["Bad."], "price": ["cut', [("sku", "Bad.")]),
        (b"{detail: no}", [("", "{detail: no}")]),
    ],
)
def test_complaints_are_found_in_every_family(body: bytes, found: list[tuple[str, str]]) -> None:
    assert complaints(body) == found


def test_the_product_that_a_complaint_is_about_is_no_complaint() -> None:
    entry = {"product": "TEA-1", "subscription": {"product": ["Does not exist."], "every": ["Required."]}}
    body = json.dumps({"errors": {"subscriptions": [entry]}}).encode()

    assert complaints(body) == [("subscriptions.product", "Does not exist."), ("subscriptions.every", "Required.")]
    beside = b'{"product": "Required.", "payment": {"token": ["No."]}}'
    assert complaints(beside) == [("product", "Required."), ("payment.token", "No.")]


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (page("502 Bad Gateway"), "Bad Gateway"),
        (page("Error 503 - Service Unavailable"), "Service Unavailable"),
        (b"<!DOCTYPE html><body><h1>Server Error (500)</h1></body>", "Server Error (500)"),
        (
            b"<html><head><style>a{}</style></head><body><p>Down&nbsp;for <b>repair</b></p><script>x()</script>",
            "Down for repair",
        ),
        (b"<html><title></title><body></body>", ""),
        (b"<error>Invalid &amp; wrong</error>", "Invalid & wrong"),
        (b"\x00\x01\x02\x03\x04\x05\x06\x07\x08\x0e", "(binary data, 10 bytes)"),
    ],
)
def test_a_body_that_is_no_data_says_what_a_person_would_read(body: bytes, text: str) -> None:
    assert bodies.text_of(body) == text


@pytest.mark.parametrize(
    "body",
    [
        b"<title" * 100_000,
        b"<!--" * 100_000,
        b"<script" * 100_000,
        b'["' + b'\\"' * 100_000,
        b"{'" * 100_000,
        b'{"a":"' * 40_000,
        b'"a":"' * 40_000,
        b"[" * 10_000_000,
        b'{"error":' * 1_000_000,
        b"{" + b"u" * 260_000,
    ],
    ids=range(10),
)
def test_hostile_bodies_are_read_in_a_moment(body: bytes) -> None:
    # Each of these took minutes with the obvious pattern; a hang here is the failure.
    assert all(fits_a_column(problem) for problem in bodies.problems(body, bodies.parse(body)))


@pytest.mark.slow
def test_a_wide_answer_is_bounded() -> None:
    body = json.dumps({f"field_{number:x}": ["Bad."] for number in range(100_000)}).encode()
    assert len(complaints(body)) <= bodies.MOST_PROBLEMS


def test_an_error_is_stated_under_any_code() -> None:
    assert bodies.stated_errors({"error": "Bad."}) == (Problem("", "Bad."),)
    assert bodies.stated_errors({"success": False, "message": "Bad."}) == (Problem("", "Bad."),)
    answers: tuple[object, ...] = (
        {"error": None},
        {"error": ""},
        {"error": "0"},
        {"errors": {}},
        {"success": True},
        [],
        None,
        "error",
    )
    for fine in answers:
        assert bodies.stated_errors(fine) == ()


@pytest.mark.parametrize(
    ("field", "path"),
    [
        ("products[0].sku", "products.sku"),
        ("products.0.sku", "products.sku"),
        ("products.sku", "products.sku"),
        ("products.0070067690.sku", "products.[id].sku"),
        ("user.extra_data.2026-11-22", "user.extra_data.[id]"),
        ("address2", "address2"),
        ("", ""),
    ],
)
def test_a_path_has_no_indexes_and_no_ids(field: str, path: str) -> None:
    assert bodies.path_of(field) == path
