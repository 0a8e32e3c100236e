"""Bodies of every kind come back readable, without what must not be shown."""

from __future__ import annotations

import gzip
import json
from typing import Any
from urllib.parse import quote

import pytest

from responses import redaction
from responses.redaction import Redacted

PURCHASE: dict[str, Any] = {
    "merchant_id": "ac4f7938383a11e89ecbbc764e1107f2",
    "og_cart_tracking": False,
    "merchant_order_id": "100045",
    "session_id": "ac4f7938383a11e89ecbbc764e1107f2.123456.1700000000",
    "user": {
        "user_id": "00026001",
        "first_name": "Ada",
        "email": "ada@example.com",
        "price_code": "gold",
        "nickname": "Countess",
        "extra_data": {"loyalty": "x1"},
        "shipping_address": {
            "address": "75 Broad Street",
            "address2": "",
            "city": "New York",
            "state_province_code": "NY",
            "zip_postal_code": "10004",
            "country_code": "US",
            "fax": None,
            "store_id": "12",
        },
    },
    "payment": {"token_id": "7654321", "cc_type": "1", "is_default": True, "cc_holder": ""},
    "products": [
        {
            "product": "123456789",
            "sku": "123456789",
            "name": "Coffee",
            "subscription_info": {
                "quantity": 2,
                "first_order_place_date": "2026-12-01",
                "extra_data": {"a": [1, "b"]},
                "tracking_override": {"offer": "903ecf3e5efc12e49d61bc764e106cf4", "every": 4, "every_period": 2},
            },
            "purchase_info": {"quantity": 2, "price": "2.00", "total": 3.8},
        },
    ],
}
SHOWN: dict[str, Any] = {
    **PURCHASE,
    "session_id": "[masked]",
    "user": {
        "user_id": "00026001",
        "first_name": "[masked]",
        "email": "[masked]",
        "price_code": "gold",
        "nickname": "[masked]",
        "extra_data": {"loyalty": "[masked]"},
        "shipping_address": {
            "address": "[masked]",
            "address2": "",
            "city": "[masked]",
            "state_province_code": "NY",
            "zip_postal_code": "[masked]",
            "country_code": "US",
            "fax": None,
            "store_id": "12",
        },
    },
    "payment": {"token_id": "[masked]", "cc_type": "[masked]", "is_default": True, "cc_holder": ""},
    "products": [
        {
            **PURCHASE["products"][0],
            "subscription_info": {
                **PURCHASE["products"][0]["subscription_info"],
                "extra_data": {"a": ["[masked]", "[masked]"]},
            },
        },
    ],
}


def quoted(value: Any) -> Any:
    """Each string inside percent-encoded, as some clients do."""
    if isinstance(value, str):
        return quote(value, safe="")
    if isinstance(value, dict):
        return {key: quoted(inner) for key, inner in value.items()}
    return [quoted(inner) for inner in value] if isinstance(value, list) else value


def test_a_purchase_keeps_what_people_need_and_nothing_else() -> None:
    redacted = redaction.of_body(json.dumps(PURCHASE).encode())

    assert json.loads(redacted.value) == SHOWN
    assert not redacted.has_clear_card


@pytest.mark.parametrize(
    "body",
    [
        json.dumps(PURCHASE),
        quote(json.dumps(PURCHASE), safe=""),
        quote(quote(json.dumps(PURCHASE), safe=""), safe=""),
        json.dumps(quoted(PURCHASE), indent=2),
    ],
    ids=["raw", "encoded", "encoded twice", "each string encoded"],
)
def test_a_purchase_in_a_form_field_comes_back_as_json_that_people_can_read(body: str) -> None:
    shown = redaction.of_body(f"create_request={body}".encode(), content_type="application/json").value

    assert shown.startswith(b"create_request={")
    assert json.loads(shown.removeprefix(b"create_request=")) == SHOWN


def test_decoded_data_is_redacted_in_a_copy() -> None:
    before = json.dumps(PURCHASE)

    assert redaction.of_data(PURCHASE) == Redacted(SHOWN, has_clear_card=False)
    assert json.dumps(PURCHASE) == before


def test_the_answer_to_a_purchase_keeps_ids_and_errors() -> None:
    answer = {
        "customer": "00026001",
        "payment": "443d5ed7a11e89ecbbc764e1107f2aaa",
        "shipping_address": "394a66c2a11e89ecbbc764e1107f2aaa",
        "subscriptions": [{"0070067689": "0ff0f88accc511e8b6c0bc764e106cf4"}],
        "errors": {
            "products": ["sku is a required"],
            "subscriptions": [
                {
                    "product": "0070067690",
                    "subscription": {"product": ["external_product_id=0070067690 does not exist."]},
                }
            ],
        },
    }

    shown = redaction.of_body(json.dumps(answer).encode(), is_answer=True).value

    assert json.loads(shown) == {**answer, "payment": "[masked]"}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"   \n",
        b"{}",
        b"[]",
        b"null",
        b'{"detail":"Not found."}',
        b'{"result":"Subscription request received","subs_req_id":"59f215d4b3ade33e68c8ae9b"}',
        b'{"results":[{"product_id":"1","status":200},{"product_id":"2","status":400}]}',
        b"'Response is pending. Please try again soon.'",
        b"{'details': 'Resource is currently in use. Please try again shortly.'}",
        b"<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>",
        b"Invalid Merchant",
        b"upstream connect error or disconnect/reset before headers",
        b'{"next":null,"results":[{"public_id":"903ecf3e","price":null,"created":"2026-11-22 12:00:00"}]}',
        '{"name_of_offer":"Crème brûlée für Öl"}'.encode(),
    ],
)
def test_a_body_that_holds_nothing_secret_stays_byte_for_byte(body: bytes) -> None:
    assert redaction.of_body(body, is_answer=True) == Redacted(body, has_clear_card=False)


def test_the_name_of_a_product_is_no_name_of_a_person() -> None:
    body = b'[{"product_id":"1","name":"Coffee","price":"2.00"},{"name":"Ada"}]'

    assert redaction.of_body(body).value == b'[{"product_id":"1","name":"Coffee","price":"2.00"},{"name":"[masked]"}]'


@pytest.mark.parametrize("value", ['"123"', "123", '"0"', '{"value": "123"}', '["1234"]', '"abc"'])
def test_a_security_code_with_a_value_is_noticed(value: str) -> None:
    redacted = redaction.of_body(f'{{"payment": {{"cvv": {value}}}}}'.encode())

    assert redacted.has_clear_card
    assert b"123" not in redacted.value


@pytest.mark.parametrize("value", ['""', "null", '"***"', '"[masked]"', "{}", "[]", "true", '"XXX"', '"[REDACTED]"'])
def test_a_security_code_without_a_value_is_none(value: str) -> None:
    assert not redaction.of_body(f'{{"cvv": {value}}}'.encode()).has_clear_card


def test_a_mistyped_card_number_under_its_own_name_is_a_clear_card_number() -> None:
    assert redaction.of_body(b'{"cc_number": "4111111111111112"}').has_clear_card


def test_an_encrypted_or_masked_card_number_may_be_sealed() -> None:
    body = (
        b'{"cc_number": "JzsOqhg94N4ONRXEWzKnbQzDFDlnWL9lCXQ/q5nFNdk=", "cc_ending": "1111", "card": "411111***1111"}'
    )

    assert not redaction.of_body(body).has_clear_card


@pytest.mark.parametrize(
    "body",
    [
        b'{"cvv":"123","cvv":""}',
        b'{"payment":{"cc_number":"4111111111111111"},"payment":{}}',
        rb'{"c\u0076v":"123","cvv":null}',
        b'{"a":"4111111111111111","a":"b"}',
    ],
)
def test_a_name_given_twice_hides_nothing(body: bytes) -> None:
    redacted = redaction.of_body(body)

    assert redacted.has_clear_card
    assert b"123" not in redacted.value
    assert b"4111111111111111" not in redacted.value


def test_fields_beside_a_purchase_are_judged_too() -> None:
    redacted = redaction.of_body(b'create_request={"merchant_id":"m"}&cvv=123&email=a%40b.c&page=2')

    assert redacted == Redacted(
        b'create_request={"merchant_id":"m"}&cvv=[masked]&email=[masked]&page=2', has_clear_card=True
    )


def test_a_form_keeps_its_writing_where_nothing_is_hidden() -> None:
    body = b"order=100045&user%5Bemail%5D=ada%40example.com&payment[x]=1&note=&offer=a%20b&empty"

    assert redaction.of_body(body).value == (
        b"order=100045&user%5Bemail%5D=[masked]&payment[x]=[masked]&note=&offer=a%20b&empty"
    )


def test_json_that_was_cut_off_is_redacted_as_far_as_it_goes() -> None:
    whole = json.dumps(PURCHASE).encode()

    for length in range(1, len(whole), 7):
        shown = redaction.of_body(whole[:length]).value
        assert not any(
            secret in shown for secret in (b"Ada", b"ada@", b"Broad", b"New York", b'"10004"', b"7654321", b"Countess")
        )


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-8-sig", "latin-1"])
def test_other_encodings_are_read(encoding: str) -> None:
    redacted = redaction.of_body('{"first_name": "Zoë", "order": "100045"}'.encode(encoding))

    assert redacted.value == b'{"first_name": "[masked]", "order": "100045"}'


def test_bytes_that_fit_no_encoding_stay_as_they_were() -> None:
    body = b"\xff\xfa\x80 order 100045 \xe9"

    assert redaction.of_body(body).value == body


def test_gzip_is_opened_and_other_packed_bytes_are_only_named() -> None:
    assert redaction.of_body(gzip.compress(b'{"cvv":"123","order":"1"}', mtime=0)) == Redacted(
        b'{"cvv":"[masked]","order":"1"}', has_clear_card=True
    )
    assert redaction.of_body(gzip.compress(b"x" * 2_000_000, mtime=0)).value.startswith(b"[masked: ")
    assert redaction.of_body(gzip.compress(b"abc", mtime=0)[:-4]) == Redacted(
        b"[masked: 19 packed bytes]", has_clear_card=True
    )
    assert redaction.of_body(b"PK\x03\x04 4111111111111111").value == b"[masked: 21 packed bytes]"


def test_xml_is_redacted_by_the_names_of_elements_and_attributes() -> None:
    body = (
        b'<order id="100045"><user id="7"><firstName>Ada</firstName></user><payment type="visa"><n>4</n></payment>'
        b'<field name="email">ada</field><sku>123</sku><total currency="USD">3.80</total><cvv>123</cvv></order>'
    )

    assert redaction.of_body(body) == Redacted(
        b'<order id="100045"><user id="7"><firstName>[masked]</firstName></user><payment type="visa"><n>[masked]</n>'
        b'</payment><field name="email">[masked]</field>'
        b'<sku>123</sku><total currency="USD">3.80</total><cvv>[masked]</cvv></order>',
        has_clear_card=True,
    )


def test_the_value_of_a_form_field_in_html_is_hidden() -> None:
    shown = redaction.of_body(b'<form><input name="email" value="ada"><input name="order" value="100045"></form>').value

    assert shown == b'<form><input name="email" value="[masked]"><input name="order" value="100045"></form>'


def test_names_that_are_data_are_hidden() -> None:
    body = b'{"ada@example.com":1,"4111111111111111":2,"0070067689":3,"payment":{"Ada Example":4}}'

    redacted = redaction.of_body(body)

    assert json.loads(redacted.value) == {
        "[e-mail]": 1,
        "[card]": 2,
        "0070067689": 3,
        "payment": {"[masked]": "[masked]"},
    }
    assert redacted.has_clear_card


def test_what_was_redacted_is_redacted_to_itself() -> None:
    shown = redaction.of_body(json.dumps(PURCHASE).encode())

    assert redaction.of_body(shown.value) == shown


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        (
            b'[{"name":"email","value":"x1"},{"name":"offer","value":"x2"}]',
            b'[{"name":"email","value":"[masked]"},{"name":"offer","value":"x2"}]',
        ),
        (b'{"key":"first_name","value":"Ada"}', b'{"key":"first_name","value":"[masked]"}'),
        (b'{"key":"abc","sku":"1"}', b'{"key":"[masked]","sku":"1"}'),
        (b'{"value":"25","target":"item","name":"25% off"}', b'{"value":"25","target":"item","name":"25% off"}'),
        (
            b'[["first_name","Ada"],["sku","1"],["email","phone"]]',
            b'[["first_name","[masked]"],["sku","1"],["email","phone"]]',
        ),
        (
            b'[{"name": "email", "value": "x1"}, {"name": "off',
            b'[{"name": "email", "value": "[masked]"}, {"name": "[masked]"',
        ),
        (b'{"customer":"00026001"}', b'{"customer":"00026001"}'),
        (b'{"customer":"Ada Example"}', b'{"customer":"[masked]"}'),
    ],
)
def test_names_and_values_apart_are_put_together(body: bytes, shown: bytes) -> None:
    assert redaction.of_body(body).value == shown


def test_a_form_in_parts_is_redacted_by_the_names_of_its_parts() -> None:
    body = (
        b'--x\r\nContent-Disposition: form-data; name="first_name"\r\n\r\nAda\r\n'
        b'--x\r\nContent-Disposition: form-data; name="order"\r\nContent-Type: text/plain\r\n\r\n100045\r\n'
        b'--x\r\nContent-Disposition: form-data; name="user[cvv]"\r\n\r\n123\r\n--x--\r\n'
    )

    redacted = redaction.of_body(body, content_type="multipart/form-data; boundary=x")

    assert redacted == Redacted(body.replace(b"Ada", b"[masked]").replace(b"123", b"[masked]"), has_clear_card=True)
    assert redaction.of_body(body) == redacted
