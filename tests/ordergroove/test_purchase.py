"""The four ways of writing a purchase, and what is read from one."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, quote, unquote_to_bytes, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from responses.ordergroove import purchase
from responses.ordergroove.purchase import Encoding, Product, Purchase
from tests.shape import ENCODINGS, FIRST, MERCHANT, ONE_TIME, order

# A surrogate is not writable, and "%" is told apart below: in raw strings it may be an escape.
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="%"), max_size=30)
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=20,
)
DOCUMENTS = st.dictionaries(TEXTS, VALUES, max_size=5)
ORDER = order("1001", FIRST)


@pytest.mark.slow
@given(DOCUMENTS, st.sampled_from(ENCODINGS))
def test_what_was_written_in_any_encoding_is_read_again(data: dict[str, Any], encoding: Encoding) -> None:
    document = purchase.decode(purchase.encode(data, encoding))
    assert document is not None
    assert document.data == data


@given(st.dictionaries(TEXTS, st.text(st.characters(exclude_categories=["Cs"]), max_size=30), max_size=5))
def test_percent_signs_survive_where_the_encoding_escapes_them(data: dict[str, str]) -> None:
    for encoding in (Encoding.JSON, Encoding.FORM_ENCODED, Encoding.FORM_STRINGS):
        document = purchase.decode(purchase.encode(data, encoding))
        assert document is not None
        assert document.data == data


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_real_order_tells_how_it_was_written(encoding: Encoding) -> None:
    document = purchase.decode(purchase.encode(ORDER, encoding))
    assert document == purchase.Document(encoding, ORDER)


@given(st.binary(max_size=400))
def test_no_bytes_make_decoding_fail(body: bytes) -> None:
    for start in (b"", b"create_request=", b"create_request={", b"create_request=%7B", b"a=1&create_request="):
        document = purchase.decode(start + body)
        if document is not None:
            purchase.read(document.data)


@given(st.binary(max_size=300))
def test_the_fast_decoder_decodes_like_urllib(written: bytes) -> None:
    if b"+" not in written:
        assert purchase.percent_decoded(written) == unquote_to_bytes(written)


@given(st.text("%0123456789abcdefgxuU\\N{}é", max_size=60))
def test_the_fast_decoder_reads_no_other_escapes(written: str) -> None:
    assert purchase.percent_decoded(written.encode()) == unquote_to_bytes(written.encode())


def test_a_form_encoder_writes_spaces_as_plus() -> None:
    data = {"address": "75 Broad Street", "email": "ada+shop@example.com", "key": "a+b/c="}
    body = urlencode({"create_request": json.dumps(data)}).encode()
    assert b"75+Broad+Street" in body
    assert purchase.decode(body) == purchase.Document(Encoding.FORM_ENCODED, data)
    assert parse_qs(body.decode())["create_request"] == [json.dumps(data)]


def test_a_plus_beside_escaped_spaces_is_a_plus() -> None:
    data = {"address": "75 Broad Street", "key": "a+b/c="}
    body = b"create_request=" + quote(json.dumps(data), safe="+").encode()
    document = purchase.decode(body)
    assert document is not None
    assert document.data == data


def test_a_plus_beside_bare_colons_is_a_plus() -> None:
    data = {"key": "a+b/c="}
    body = b"create_request=" + quote(json.dumps(data, separators=(",", ":")), safe=",:/=+").encode()
    document = purchase.decode(body)
    assert document is not None
    assert document.data == data


@pytest.mark.parametrize("encoding", [Encoding.FORM_RAW, Encoding.JSON])
def test_a_plus_in_raw_json_is_a_plus(encoding: Encoding) -> None:
    document = purchase.decode(purchase.encode(ORDER, encoding))
    assert document is not None
    assert document.data["user"]["email"] == "ada+shop@example.com"


def test_pretty_printed_json_with_encoded_strings_is_read() -> None:
    inner = {"user": {"email": "ada%2Bshop%40example.com"}, "merchant_order_id": "10%2F45"}
    document = purchase.decode(b"create_request=\r\n" + json.dumps(inner, indent=4).encode())
    assert document is not None
    assert document.encoding is Encoding.FORM_STRINGS
    assert document.data == {"user": {"email": "ada+shop@example.com"}, "merchant_order_id": "10/45"}


def test_a_percent_sign_that_escapes_nothing_stays() -> None:
    document = purchase.decode(b'create_request={"note": "100% cotton"}')
    assert document == purchase.Document(Encoding.FORM_RAW, {"note": "100% cotton"})


@pytest.mark.parametrize(
    "body",
    [
        b'create_request={"merchant_order_id": "1"}&sig=x',
        b"create_request=%7B%22merchant_order_id%22%3A%221%22%7D&sig=x",
        b'sig=x&create_request={"merchant_order_id": "1"}',
        b'\xef\xbb\xbf{"merchant_order_id": "1"}',
        b'  {"merchant_order_id": "1"}\n',
        b'create_request= {"merchant_order_id": "1"}',
        b"create_request=%20%7B%22merchant_order_id%22%3A%20%221%22%7D",
        b"create_request=%7b%22merchant_order_id%22%3a%221%22%7d",
    ],
)
def test_other_fields_marks_and_spaces_do_not_hide_the_order(body: bytes) -> None:
    document = purchase.decode(body)
    assert document is not None
    assert document.data == {"merchant_order_id": "1"}


def test_an_ampersand_that_was_left_alone_belongs_to_the_text() -> None:
    body = b"create_request=%7B%22name%22:%22AT&T%22%7D"
    document = purchase.decode(body)
    assert document is not None
    assert document.data == {"name": "AT&T"}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"create_request=",
        b"create_request=null",
        b"create_request=[]",
        b"create_request=%5B%5D",
        b"create_request=%",
        b"create_request=[redacted]",
        b'create_request={"a": ',
        b'{"a": 1} x',
        b"[1]",
        b"hello",
        b"create_request=" + b'{"a":' * 100_000,
        b"create_request=" + b"%7B%22a%22%3A" * 10_000,
        b'create_request={"a": "%41", "b": ' + b"[" * 900 + b"]" * 900 + b"}",
    ],
)
def test_what_is_no_order_is_none(body: bytes) -> None:
    assert purchase.decode(body) is None


def test_latin_1_does_not_hide_the_order() -> None:
    for body in (b'create_request={"city": "Z\xfcrich"}', b"create_request=%7B%22city%22%3A%22Z%FCrich%22%7D"):
        document = purchase.decode(body)
        assert document is not None
        assert document.data == {"city": "Z\ufffdrich"}


# --- reading ---


def test_an_order_is_read() -> None:
    assert purchase.read(order("1001", FIRST, one_time=(ONE_TIME,))) == Purchase(
        MERCHANT,
        "1001",
        "00026001",
        (Product(FIRST, FIRST, "3.80", is_subscription=True), Product(ONE_TIME, ONE_TIME, "3.80")),
        email="ada+shop@example.com",
    )


def test_only_lines_with_a_subscription_are_expected_in_the_answer() -> None:
    read = purchase.read(order("1001", FIRST, FIRST, one_time=(ONE_TIME,)))
    assert read is not None
    assert read.expected == (FIRST, FIRST)


def test_products_may_be_one_object_and_ids_may_be_numbers() -> None:
    read = purchase.read({"merchant_order_id": 100045, "user": {"user_id": 7}, "products": {"product": 12, "sku": 13}})
    assert read == Purchase("", "100045", "7", (Product("12", "13"),))


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ({"purchase_info": {"total": "3.80"}}, "3.80"),
        ({"purchase_info": {"total": 3.8}}, "3.8"),
        ({"purchase_info": {"price": "2.00", "discounted_price": "1.90", "quantity": 3}}, "5.70"),
        ({"purchase_info": {"price": "2.00"}}, "2.00"),
        ({"subscription_info": {"price": "2.50", "quantity": "2"}}, "5.00"),
        ({"purchase_info": {"total": "free"}}, ""),
        ({"purchase_info": {"total": "-1"}}, ""),
        ({"purchase_info": {"total": "9" * 400}}, ""),
        ({"purchase_info": {"total": float("inf")}}, ""),
        ({"purchase_info": []}, ""),
        ({}, ""),
    ],
)
def test_a_line_is_worth_its_total_or_price_times_quantity(line: dict[str, Any], value: str) -> None:
    read = purchase.read({"merchant_order_id": "1", "products": [line | {"product": "a"}]})
    assert read is not None
    assert read.products[0].value == value


@pytest.mark.slow
@given(VALUES)
def test_reading_never_fails(data: Any) -> None:
    for candidate in (data, {"merchant_id": data, "merchant_order_id": "1", "user": data, "products": data}):
        read = purchase.read(candidate)
        for line in read.products if read else ():
            assert line.value == "" or Decimal(line.value).is_finite()


@pytest.mark.parametrize("data", [None, [], "text", 7, {}, {"products": []}, {"merchant_id": []}])
def test_what_names_neither_merchant_nor_order_is_no_purchase(data: object) -> None:
    assert purchase.read(data) is None


def test_thousands_of_products_are_bounded() -> None:
    read = purchase.read({"merchant_order_id": "1", "products": [{"product": "a"}] * 5000})
    assert read is not None
    assert len(read.products) == purchase.MOST_PRODUCTS
