"""Whatever comes in: nothing is raised, nothing takes forever, and what was redacted stays as it is."""

from __future__ import annotations

import json
import math
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from responses import redaction
from responses.exchanges import Request

_LISTED = r"""
    { } [ ] : , " ' \ = & % %7B %22 &quot; < > </a> <a&#32;b=' <!-- <![CDATA[ @ a@b.c cvv card email payment eyJ null
    -1e999 4111111111111111 4111-1111- é ４ \u0041 received: 555-867-5309 Street create_request=
"""
_SIGNS = st.sampled_from([*_LISTED.split(), " ", "\n", "\0", "\ud800", "4111 1111 "])
_SCRAPS = st.lists(_SIGNS | st.text(max_size=5), max_size=40).map("".join)
_ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(max_size=8) | st.just(object()),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.integers() | st.none(), inner) | st.tuples(inner),
    max_leaves=15,
)


@pytest.mark.slow
@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=200))
def test_no_bytes_make_it_raise(body: bytes) -> None:
    for start in (b"", b"{", b"create_request=", b"\x1f\x8b", b"\xff\xfe", b"<a>"):
        assert isinstance(redaction.of_body(start + body, content_type="text/plain; charset=latin-1").value, bytes)


@pytest.mark.slow
@settings(max_examples=100, deadline=None)
@given(_SCRAPS)
def test_no_scraps_of_syntax_make_it_raise(text: str) -> None:
    assert isinstance(redaction.of_text(text), str)
    assert isinstance(redaction.of_url(text), str)
    assert isinstance(redaction.of_message(text, field=text), str)
    assert len(redaction.of_headers({text: text, "location": text})) == 2
    redaction.of_request(Request("GET", text, {"x": text}, text.encode("utf-8", "surrogatepass"))).echoes()


@pytest.mark.slow
@settings(max_examples=100, deadline=None)
@given(_ANYTHING, st.booleans())
def test_any_data_comes_back_as_a_copy_that_json_can_write(data: Any, is_answer: bool) -> None:
    before = repr(data)

    redacted = redaction.of_data(data, is_answer=is_answer)

    assert repr(data) == before
    json.dumps(redacted.value)


@pytest.mark.slow
@settings(max_examples=100, deadline=None)
@given(_SCRAPS)
def test_what_was_redacted_holds_nothing_more_to_hide(text: str) -> None:
    shown = redaction.of_text(text)

    assert redaction.of_text(shown).count("[card]") <= shown.count("[card]")
    assert redaction.of_text(shown).count("[e-mail]") <= shown.count("[e-mail]")


def test_data_of_any_depth_is_walked() -> None:
    data: Any = {"payment": {"cc_number": "4111111111111111"}}
    for _ in range(50_000):
        data = [data]

    redacted = redaction.of_data(data)

    assert redacted.has_clear_card
    assert redaction.of_body(b"[" * 50_000 + b'"4111111111111111"' + b"]" * 50_000).has_clear_card


def test_texts_inside_texts_are_opened_a_few_levels_deep_and_then_masked() -> None:
    text = json.dumps({"payment": {"label": "canary"}})
    for _ in range(9):
        text = json.dumps({"data": text})

    redacted = redaction.of_body(text.encode())

    assert b"canary" not in redacted.value
    assert redacted.has_clear_card, "nobody looked inside, so nobody can vouch for it"


_ENDLESS = r"""
    a { [ " ' %25 &#52; @ a@ < <![CDATA[ <!-- 4 41- key: key= a=b& eyJ \u0041 \ {"a": ['a', ４ <b&#32;name='email'>
    %7B%22 {"cvv": YWFhYWFh
"""
_HOSTILE = (
    *_ENDLESS.split(),
    *("<a ", "4 ", "0 1 ", "12 Aa ", "(555) ", "token ", "received: ", "a, b: ", "{email: x ", "x ", "[ ", "{ [", "= "),
)


@pytest.mark.slow
@pytest.mark.parametrize("piece", _HOSTILE)
@pytest.mark.parametrize("start", ["", "create_request=", '{"a":"', "<a>"])
def test_the_time_grows_with_the_length_and_no_faster(piece: str, start: str) -> None:
    def seconds(length: int) -> float:
        body = (start + piece * (length // len(piece))).encode()
        best = math.inf
        for _ in range(3):
            began = time.process_time()
            redaction.of_body(body)
            best = min(best, time.process_time() - began)
        return best

    # Four times the length; quadratic would be 16 times the time.
    assert seconds(20_000) <= 9 * seconds(5_000) + 0.02
