"""A batch comes apart at its commas, however deep or broken its records are."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from responses.intake import batches

_JSON = st.recursive(
    st.none() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(st.lists(_JSON, max_size=6), st.dictionaries(st.text(), _JSON, max_size=3), st.sampled_from([None, 2]))
def test_what_was_put_together_comes_apart(
    elements: list[object], before: dict[str, object], indent: int | None
) -> None:
    body = json.dumps({**before, "responses": elements, "after": elements}, indent=indent).encode()

    parts = batches.split(body)

    assert parts is not None
    assert [json.loads(part) for part in parts] == elements


def test_broken_and_deep_records_are_cut_out_whole() -> None:
    deep = b"[" * 10_000 + b"]" * 10_000

    assert batches.split(b'{"responses": [{"a": NaN}, ' + deep + b', "x,]"]}') == [b'{"a": NaN}', deep, b'"x,]"']


@pytest.mark.parametrize(
    "body", [b"", b"[]", b'{"responses": 1}', b'{"responses": [', b'{"responses": [{]', b'{"x": {"responses": [1]}}']
)
def test_where_there_is_no_whole_array_there_are_no_parts(body: bytes) -> None:
    assert batches.split(body) is None


@pytest.mark.parametrize(
    ("raw", "depth"), [(b"1", 0), (b"[]", 1), (b'{"a": [1, {"b": []}]}', 4), (rb'["[[[{{{\"[["]', 1), (b"]]]][", 1)]
)
def test_depth_is_counted_outside_of_texts(raw: bytes, depth: int) -> None:
    assert not batches.is_deeper(raw, max(depth, 1))
    assert depth == 0 or batches.is_deeper(raw + b"[" * 0, depth - 1) or raw.startswith(b"]")
