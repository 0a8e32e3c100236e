"""One cause, one fingerprint: what differs between requests does not split a group, what differs in cause does."""

from __future__ import annotations

import string
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from responses import fingerprints
from responses.exchanges import (
    Answer,
    Exchange,
    Failure,
    FailureKind,
    Item,
    ItemState,
    Meaning,
    Outcome,
    Problem,
    Request,
)
from responses.ordergroove import endpoints
from tests.shape import page

PURCHASE = endpoints.match("POST", "sc", "/subscription/create").endpoint
UPDATE = endpoints.match("PATCH", "restapi", "/subscriptions/1/update/").endpoint
REQUEST = Request("POST", "https://sc.ordergroove.com/subscription/create")

HEX = st.text("0123456789abcdef", min_size=16, max_size=40)
NUMBERS = st.integers(0, 10**12).map(str)
AMOUNTS = st.decimals(0, 10**6, places=2).map(str) | st.decimals(0, 10**4, places=2).map(lambda amount: f"${amount}")
DATES = st.dates().map(str) | st.datetimes().map(lambda moment: moment.isoformat() + "Z")
UUIDS = st.uuids().map(str)
NAMES = st.text(string.ascii_letters, min_size=1, max_size=10)
EMAILS = st.builds(lambda name, host: f"{name}@{host}.example.com", NAMES, NAMES)
QUOTED = st.text(string.ascii_letters + string.digits + " .-", min_size=1, max_size=20).map(lambda text: f'"{text}"')
VALUES = st.one_of(HEX, NUMBERS, AMOUNTS, DATES, UUIDS, EMAILS, QUOTED)


def exchange(status_code: int = 400, body: bytes = b"{}") -> Exchange:
    return Exchange(request=REQUEST, response=Answer(status_code, {}, body))


def causes(
    *problems: Problem,
    outcome: Outcome = Outcome.NEEDS_FIX,
    status_code: int = 400,
    endpoint: endpoints.Endpoint = PURCHASE,
    items: tuple[Item, ...] = (),
    body: bytes = b"{}",
) -> tuple[tuple[fingerprints.Cause, Item | None], ...]:
    meaning = Meaning(outcome, items, problems)
    return fingerprints.causes(exchange(status_code, body), endpoint, meaning)


def fingerprint(field: str, message: str, *, status_code: int = 400, endpoint: endpoints.Endpoint = PURCHASE) -> str:
    [(cause, _)] = causes(Problem(field, message), status_code=status_code, endpoint=endpoint)
    return cause.fingerprint


@pytest.mark.slow
@given(VALUES, VALUES)
def test_ids_amounts_dates_emails_and_quoted_values_do_not_split_a_group(one: str, other: str) -> None:
    for sentence in (
        "Object with external_product_id={} does not exist.",
        "Subscription {} is cancelled",
        "Value {} is not allowed here, see {}.",
        "Expiration date is not valid, received: {}",
        "{}: not found",
    ):
        first, second = (sentence.replace("{}", value) for value in (one, other))
        assert fingerprints.normalise(first) == fingerprints.normalise(second)


@given(EMAILS)
def test_an_email_never_stands_in_a_title(email: str) -> None:
    [(cause, _)] = causes(Problem("email", f"{email} is taken"))
    assert email not in cause.title
    assert email not in cause.message


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Product Organic Coffee is not active", "Product Blue Shirt XL is not active"),
        ("Product 'Blue Shirt' is not active", 'Product "Coffee" is not active'),
        ("SKU AB-1 is unknown", "SKU Zx is unknown"),
        ("Price 12.50 is above 10.00 USD", "Price 1,250.00 is above €9"),
        ("Starts Nov 22, 2026", "Starts 3 January 2027"),
        ("Too many requests from 10.0.0.1", "Too many requests from 2001:db8::1"),
        ("See https://example.com/a?b=c", "See http://other.example/x"),
        ("Not found.", "not  found"),
        ("Id [masked] is bad", "Id 4711 is bad"),
        ("[e-mail] is bad", "ada@example.com is bad"),
        ("card [card] refused", "card 4111111111111111 refused"),
        (
            "Token JzsOqhg94N4ONRXEWzKnbQzDFDlnWL9lCXQ/q5nFNdk= bad",
            "Token abcQhg94N4ONRX+WzKnbQzDFDlnWL9lCXQ/q5nFNdA== bad",
        ),
    ],
)
def test_wordings_of_one_cause_are_one(one: str, other: str) -> None:
    assert fingerprints.normalise(one) == fingerprints.normalise(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Session id cannot be null", "Merchant order id cannot be null"),
        ("product id is required", "product sku is required"),
        ("address1 is required", "address2 is required"),
        ("Order Not Found", "Order Already Placed"),
        ("Customer does not exist", "Product does not exist"),
        ("Can't read it, it's gone", "Can't read it, it's locked"),
    ],
)
def test_different_causes_stay_apart(one: str, other: str) -> None:
    assert fingerprints.normalise(one) != fingerprints.normalise(other)


@given(st.text(st.characters(), max_size=600))
def test_normalising_is_total(text: str) -> None:
    once = fingerprints.normalise(text)
    once.encode("utf-8")
    assert "\x00" not in once
    assert len(once) <= 2 * fingerprints.MESSAGE_LENGTH
    assert len(fingerprints.scrub(text)) <= 500


@pytest.mark.parametrize("text", ["a=[value] is bad", "[value] is bad", "it has [value], not [value]"])
def test_what_is_normalised_stays_as_it_is(text: str) -> None:
    assert fingerprints.normalise(text) == text


def test_endpoint_status_code_field_and_words_tell_causes_apart() -> None:
    found = {
        fingerprint("sku", "Required."),
        fingerprint("price", "Required."),
        fingerprint("sku", "Invalid."),
        fingerprint("sku", "Required.", status_code=404),
        fingerprint("sku", "Required.", endpoint=UPDATE),
    }
    assert len(found) == 5


def test_list_indexes_and_ids_in_a_path_do_not_split_a_group() -> None:
    assert fingerprint("products[0].sku", "Required.") == fingerprint("products[7].sku", "Required.")
    assert fingerprint("products.0070067690.sku", "R.") == fingerprint("products.0070067691.sku", "R.")


def test_a_fingerprint_is_pinned() -> None:
    # It is stored: a change here needs a new VERSION, or every open issue opens again.
    [(cause, _)] = causes(Problem("", "Session id cannot be null"))
    assert cause.version == 1
    assert cause.fingerprint == "28123e44ed0bfc8b548b771b7a555bc7"


def test_a_success_has_no_causes() -> None:
    assert causes(outcome=Outcome.SUCCESS) == ()
    assert causes(outcome=Outcome.ACCEPTED) == ()


def test_the_order_of_keys_in_an_answer_does_not_matter() -> None:
    one, other = Problem("a", "Bad."), Problem("b", "Bad.")
    assert causes(one, other) == causes(other, one)


def test_a_refusal_has_one_cause_however_many_fields_it_names() -> None:
    assert len(causes(*(Problem(f"field_{letter}", "Bad.") for letter in "abcdef"))) == 1


def failed(product: str, *problems: Problem, status_code: int | None = None) -> Item:
    return Item(product, ItemState.FAILED, problems=problems, status_code=status_code)


def test_each_failed_item_has_its_cause_and_equal_ones_share_it() -> None:
    sku, offer = Problem("sku", "Bad."), Problem("offer", "Bad.")
    items = (failed("a", sku), failed("b", sku), failed("c", sku, offer), Item("d", ItemState.CREATED, "s1"))
    found = causes(outcome=Outcome.PARTIAL, status_code=207, items=items)
    named = [(cause.field, item.product if item else "") for cause, item in found]
    assert named == [("sku", "a"), ("sku", "b"), ("offer", "c")]
    assert found[0][0] == found[1][0]


def test_complaints_of_the_answer_are_a_cause_beside_those_of_the_items() -> None:
    items = (failed("a", Problem("sku", "Bad.")),)
    found = causes(Problem("products", "sku is a required"), outcome=Outcome.PARTIAL, status_code=207, items=items)
    assert [(cause.field, item is None) for cause, item in found] == [("sku", False), ("products", True)]


def test_items_that_were_not_mentioned_are_a_cause_when_there_is_no_other() -> None:
    unknown = Item("b", ItemState.UNKNOWN)
    [(cause, item)] = causes(outcome=Outcome.PARTIAL, status_code=207, items=(unknown,))
    assert (cause.title, item) == (fingerprints.NOT_MENTIONED, None)
    [(cause, _)] = causes(outcome=Outcome.PARTIAL, status_code=207, items=(failed("a", Problem("x", "Bad.")), unknown))
    assert cause.field == "x"


def test_an_item_without_reasons_is_told_by_its_own_code() -> None:
    items = (failed("a", status_code=400), failed("b", status_code=404), failed("c", status_code=400))
    found = causes(outcome=Outcome.NEEDS_FIX, status_code=207, items=items)
    assert [cause.title for cause, _ in found] == [
        "Item refused with 400: Bad Request",
        "Item refused with 404: Not Found",
        "Item refused with 400: Bad Request",
    ]


def test_there_are_at_most_twenty_causes() -> None:
    letters = string.ascii_lowercase
    items = tuple(failed(a + b, Problem(f"field_{a}_{b}", "Bad.")) for a in letters for b in letters)
    assert len(causes(outcome=Outcome.PARTIAL, status_code=207, items=items)) == fingerprints.MOST_CAUSES


def test_a_page_text_or_nothing_under_a_503_is_one_cause() -> None:
    found = set()
    for body in (page("503 Service Unavailable"), b"upstream connect error 4711", b""):
        problems = (Problem("", body.decode()),) if body else ()
        [(cause, _)] = causes(*problems, outcome=Outcome.TRANSIENT, status_code=503, body=body)
        found.add((cause.fingerprint, cause.title))
    assert [title for _, title in found] == ["Service Unavailable"]


def test_a_failure_is_told_by_its_kind_and_not_by_the_words_of_a_client() -> None:
    def cause(kind: FailureKind, words: str) -> fingerprints.Cause:
        meaning = Meaning(Outcome.NO_ANSWER, problems=(Problem("", words),))
        lost = Exchange(request=REQUEST, failure=Failure(kind, words))
        [(found, _)] = fingerprints.causes(lost, PURCHASE, meaning)
        return found

    timeout = cause(FailureKind.TIMEOUT, "Read timed out. (read timeout=5)")
    assert timeout == cause(FailureKind.TIMEOUT, "timed out")
    assert timeout.fingerprint != cause(FailureKind.DNS, "timed out").fingerprint
    assert (timeout.title, timeout.status_code, timeout.failure) == ("Timeout", None, FailureKind.TIMEOUT)


def test_a_result_that_never_came_keeps_its_words() -> None:
    words = "Ordergroove accepted the order but told no result in time."
    [(cause, _)] = causes(Problem("", words), outcome=Outcome.NO_ANSWER, status_code=200, body=b"")
    assert cause.title == words


def test_a_title_is_one_short_line() -> None:
    [(cause, _)] = causes(Problem("a" * 190, "word " * 120))
    assert len(cause.title) <= fingerprints.TITLE_LENGTH
    assert len(cause.message) <= fingerprints.MESSAGE_LENGTH


@given(st.uuids(), st.integers(100, 599), st.text(max_size=80), st.text(st.characters(), max_size=200))
def test_causes_are_total(number: UUID, status_code: int, field: str, message: str) -> None:
    for cause, _ in causes(Problem(field, message + str(number)), status_code=status_code):
        assert len(cause.fingerprint) == 32
        assert cause.title
        msgspec.json.encode(cause)
