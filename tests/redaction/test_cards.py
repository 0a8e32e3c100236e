"""Card numbers are found by issuer, length and check digit; ids that look like them are left alone where it matters."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from responses import redaction
from responses.redaction import cards

TEST_NUMBERS = {
    "visa": "4111111111111111",
    "visa of 13 digits": "4222222222222",
    "visa of 19 digits": "4000000000000000006",
    "mastercard": "5555555555554444",
    "mastercard of the 2 series": "2223003122003222",
    "amex": "378282246310005",
    "discover": "6011111111111117",
    "diners": "30569309025904",
    "diners of 36": "36227206271667",
    "jcb": "3530111333300000",
    "unionpay": "6200000000000005",
    "maestro": "6759649826438453",
}


def with_check_digit(digits: str) -> str:
    """The number with the last digit that Luhn asks for."""
    return next(digits + last for last in "0123456789" if cards._passes_luhn(digits + last))


@pytest.mark.parametrize("issuer", sorted(TEST_NUMBERS))
def test_the_numbers_of_every_issuer_are_found(issuer: str) -> None:
    assert cards.mask(f"paid with {TEST_NUMBERS[issuer]}.", "[card]") == ("paid with [card].", True)


@pytest.mark.parametrize(
    "written",
    [
        "4111 1111 1111 1111",
        "4111-1111-1111-1111",
        "4111.1111.1111.1111",
        "4111+1111+1111+1111",
        "4111 - 1111 - 1111 - 1111",
        "4111\u00a01111\u00a01111\u00a01111",
        "4111\u200b1111\u200b1111\u200b1111",
        "4111\t1111\t1111\t1111",
        "4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1",
        "411111111111 1111",
        "４１１１１１１１１１１１１１１１",
        "٤١١١١١١١١١١١١١١١",
    ],
)
def test_it_does_not_matter_how_the_digits_are_separated_or_which_digits_they_are(written: str) -> None:
    assert cards.mask(f"({written})", "[card]") == ("([card])", True)


@pytest.mark.parametrize(
    "text",
    ["1 4111 1111 1111 1111 2", "qty 2 4111111111111111 12/27", "411111111111111112/27", "04111 1111 1111 11110"],
)
def test_other_digits_beside_it_do_not_hide_it(text: str) -> None:
    shown, found = cards.mask(text, "[card]")

    assert found
    assert "1111 1111" not in shown
    assert "11111111" not in shown


def test_a_card_number_glued_to_its_expiry_date_is_found() -> None:
    assert cards.mask("41111111111111112512", "[card]") == ("[card]2512", True)


@pytest.mark.parametrize(
    "text",
    [
        "4111111111111112",  # the check digit is wrong
        "1763812800123",  # milliseconds
        "1763812800123456",
        "2026-11-22 12:00:00 to 2026-11-23",
        "0.30000000000000004",
        "19.990000000000002",
        "411111111111",  # twelve digits
        "4111,1111,1111,1111",  # four numbers
        "100045 2026 11 22 100046",
        "ac4f7938383a11e89ecbbc764e1107f2",
    ],
)
def test_what_is_no_card_number_stays(text: str) -> None:
    assert cards.mask(text, "[card]") == (text, False)


@pytest.mark.parametrize("number", ["4222222222222", "4006381333931", "30569309025904", "4000000000000000006"])
def test_where_an_id_stands_only_the_usual_shapes_count(number: str) -> None:
    assert not cards.spans(number, is_id=True)


@pytest.mark.parametrize("issuer", ["visa", "mastercard", "mastercard of the 2 series", "amex", "discover", "jcb"])
def test_a_usual_card_number_is_found_even_where_an_id_stands(issuer: str) -> None:
    assert cards.spans(TEST_NUMBERS[issuer], is_id=True)


@given(st.from_regex(r"4[0-9]{14}", fullmatch=True), st.text(max_size=5), st.text(max_size=5))
def test_every_visa_number_is_found_in_any_text(digits: str, before: str, after: str) -> None:
    number = with_check_digit(digits)

    shown, found = cards.mask(f"{before}{number}{after}", "[card]")

    assert found
    assert number not in shown


@given(st.from_regex(r"4[0-9]{14}", fullmatch=True), st.sampled_from(["", " ", "-", "  "]))
def test_the_quick_look_never_misses_a_number(digits: str, separator: str) -> None:
    number = with_check_digit(digits)
    written = separator.join(number[at : at + 4] for at in range(0, 16, 4))

    assert cards.may_hold(json.dumps({"a": written}).encode())
    assert cards.may_hold(json.dumps({"a": f"{number[:4]}.{number[4:8]}.{number[8:12]}.{number[12:]}"}).encode())


def test_the_quick_look_lets_session_ids_prices_and_dates_pass() -> None:
    body = b'{"session_id":"ac4f.123456.1700000000","total":"19.90","created":"2026-11-22 12:00:00","order":"100045"}'

    assert not cards.may_hold(body)


@pytest.mark.parametrize("body", [rb'{"a":"4111\u00a01111"}', b"a=4111%201111", b"&#52;111", "４".encode()])
def test_the_quick_look_says_perhaps_where_digits_may_be_escaped(body: bytes) -> None:
    assert cards.may_hold(body)


@pytest.mark.parametrize(
    "value",
    ["4111111111111111", "4111111111111111.0", '"4111111111111111"', "4.111111111111111e15", '["4111 1111 1111 1111"]'],
)
def test_a_card_number_is_found_as_a_number_too(value: str) -> None:
    redacted = redaction.of_body(f'{{"anything": {value}}}'.encode())

    assert redacted.has_clear_card
    assert b"[card]" in redacted.value


@pytest.mark.parametrize("name", ["product", "sku", "external_product_id", "merchant_order_id"])
def test_a_barcode_under_the_name_of_an_id_may_be_sent_again(name: str) -> None:
    # This EAN begins like a Visa number of 13 digits and passes Luhn.
    barcode = with_check_digit("400638133393")
    body = json.dumps({name: barcode}).encode()

    assert cards.spans(barcode)
    assert redaction.of_body(body) == redaction.Redacted(compact(body), has_clear_card=False)


def compact(body: bytes) -> bytes:
    """The same JSON without blanks."""
    return json.dumps(json.loads(body), separators=(",", ":")).encode()
