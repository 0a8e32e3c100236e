"""A request as text, and the text as bytes: nothing hidden leaves, nothing locked changes, nothing untouched is altered."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from responses.correcting import documents, editing, locks
from responses.correcting.editing import CannotEdit, Corrected, Editable
from responses.exchanges import Request
from responses.models import FailedRequest
from tests.correcting.mending import edited, partial, refused, session
from tests.factories import make_exchange
from tests.retrying import again
from tests.retrying.again import Shop, codes, purchase, rest

pytestmark = pytest.mark.django_db
SECRETS = ("ada@example.com", "7654321", "ac4f7938383a11e89ecbbc764e1107f2", "Byron", "JzsOqhg94N4ONRXEWzKnbQ")
USER = {
    "user_id": "00026001",
    "email": "ada@example.com",
    "last_name": "Byron",
    "shipping_address": {"first_name": "Ada", "country_code": "US"},
    "billing_address": {"first_name": "Ada", "country_code": "US"},
}
PAYMENT = {"token_id": "7654321", "cc_exp_date": "JzsOqhg94N4ONRXEWzKnbQzDFDlnWL9lCXQ/q5nFNdk=", "cc_type": "1"}


def opened(shop: Shop, **overrides: Any) -> tuple[FailedRequest, Editable]:
    request = refused(shop, user=USER, payment=PAYMENT, **overrides)
    return request, editing.open_original(request)


def words(found: Corrected) -> str:
    return " ".join(problem.words for problem in found.problems if problem.is_error)


def change(editable: Editable, *path: str | int, to: Any) -> Corrected:
    data = json.loads(editable.text)
    node = data
    for part in path[:-1]:
        node = node[part]
    node[path[-1]] = to
    return editing.corrected(editable, json.dumps(data))


# --- what is seen ---


def test_nothing_hidden_is_seen(shop: Shop) -> None:
    _, editable = opened(shop)
    for secret in SECRETS:
        assert secret not in editable.text
        assert secret not in repr(editable)
    assert '"‹locked: merchant›"' in editable.text
    assert '"token_id": "‹locked: payment token›"' in editable.text
    assert '"email": "‹hidden: e-mail address›"' in editable.text
    assert {place.path for place in editable.locked} == {
        "/merchant_id",
        "/payment/token_id",
        "/payment/cc_exp_date",
        "/payment/cc_type",
    }
    assert {place.path for place in editable.hidden} == {
        "/user/email",
        "/user/last_name",
        "/user/shipping_address/first_name",
        "/user/billing_address/first_name",
    }
    assert {place.path for place in editable.sensitive} == {"/merchant_order_id", "/user/user_id"}


def test_what_fails_stands_first_with_ordergrooves_words(shop: Shop) -> None:
    _, editable = opened(shop)
    assert [(place.path, place.words) for place in editable.failing] == [("/session_id", "Session id cannot be null")]
    answer = {"errors": {"customer": {"email": ["Enter a valid email address."]}}}
    other = editing.open_original(refused(shop, "1002", answer=answer))
    assert [place.path for place in other.failing] == ["/user/email"]
    rows = editing.open_original(partial(shop, "1003"), only_failed=True)
    assert [(place.path, place.words) for place in rows.failing] == [("/products/0/product", "Object does not exist.")]


# --- what comes out ---


def test_nothing_changed_is_the_same_bytes(shop: Shop) -> None:
    _, editable = opened(shop)
    found = editing.corrected(editable, editable.text)
    assert found.body == editable.original.body
    assert (found.changes, found.has_errors) == ((), False)
    assert "Nothing was changed" in " ".join(problem.words for problem in found.problems)


def test_placeholders_are_put_back_and_only_the_change_is_different(shop: Shop) -> None:
    _, editable = opened(shop)
    found = change(editable, "session_id", to="shop.1.2")
    assert json.loads(found.body) == json.loads(editable.original.body) | {"session_id": "shop.1.2"}
    [one] = found.changes
    assert (one.path, one.before, one.after) == ("/session_id", None, "[masked]")
    assert not found.needs_reason


def bodies_of(data: dict[str, Any]) -> dict[str, bytes]:
    plain = json.dumps(data, separators=(",", ":"))
    each = json.loads(plain)
    each["user"]["email"] = quote(each["user"]["email"])
    each["products"][0]["sku"] = "77%2f1"
    return {
        "json": plain.encode(),
        "form_raw": b"create_request=" + plain.encode(),
        "form_encoded": b"create_request=" + quote(plain).encode(),
        "form_strings": b"create_request=" + json.dumps(each, separators=(",", ":")).encode(),
    }


@pytest.mark.parametrize("encoding", ["json", "form_raw", "form_encoded", "form_strings"])
def test_a_body_is_written_the_way_it_came(shop: Shop, encoding: str) -> None:
    made = purchase(shop, "1001", user=USER)
    body = bodies_of(json.loads(made.body))[encoding]
    request = again.record_for(
        shop, make_exchange(Request("POST", made.url, made.headers, body), 400, {"error_message": "Session id"})
    )
    editable = editing.open_original(request)
    assert editable.encoding == encoding
    found = change(editable, "products", 0, "product", to="78")
    if encoding in ("json", "form_raw", "form_strings"):
        assert found.body == body.replace(b'"product":"77"', b'"product":"78"')
    else:
        assert (
            found.body
            == b"create_request="
            + quote(
                json.dumps(json.loads(made.body) | {}, separators=(",", ":")).replace(
                    '"product":"77"', '"product":"78"'
                ),
                safe="",
            ).encode()
        )


def test_numbers_keep_every_digit(shop: Shop) -> None:
    source = b'{"quantity": 2, "price": 12.50, "big": 12345678901234567890123, "tiny": 1E-7, "note_count": 2.0}'
    call = rest(shop, "/subscriptions/iu/", method="POST")
    request = again.record_for(
        shop, make_exchange(Request("POST", call.url, call.headers, source), 400, {"quantity": "x"})
    )
    editable = editing.open_original(request)
    found = change(editable, "quantity", to=3)
    assert b'"price":12.5' in found.body  # Python's own json wrote the text here, and 12.5 is what was typed
    text = editable.text.replace('"quantity": 2', '"quantity": 3')
    assert editing.corrected(editable, text).body == (
        b'{"quantity":3,"price":12.50,"big":12345678901234567890123,"tiny":1E-7,"note_count":2.0}'
    )
    assert editing.corrected(editable, editable.text).body == source


# --- what may not be ---


@pytest.mark.parametrize("path", [("merchant_id",), ("payment", "token_id"), ("payment", "cc_exp_date")])
@pytest.mark.parametrize("to", ["other", None, "", 1, "‹locked: card number›", {"a": "b"}])
def test_what_is_locked_cannot_be_changed(shop: Shop, path: tuple[str, ...], to: Any) -> None:
    _, editable = opened(shop)
    found = change(editable, *path, to=to)
    assert found.has_errors
    assert "locked" in words(found) or "placeholder" in words(found)


@pytest.mark.parametrize("gone", ["payment", "merchant_id"])
def test_what_is_locked_cannot_be_taken_out(shop: Shop, gone: str) -> None:
    _, editable = opened(shop)
    data = json.loads(editable.text)
    del data[gone]
    assert "is locked" in words(editing.corrected(editable, json.dumps(data)))


def test_placeholders_cannot_be_moved_doubled_or_made_up(shop: Shop) -> None:
    _, editable = opened(shop)
    email, token = "‹hidden: e-mail address›", "‹locked: payment token›"
    assert "more than one place" in words(change(editable, "products", 0, "sku", to=email))
    assert "more than one place" in words(change(editable, "products", 0, "sku", to=token))
    assert "no placeholder" in words(change(editable, "products", 0, "sku", to="‹locked: password›"))
    assert "no placeholder" in words(change(editable, "products", 0, "sku", to=f"x {token} y"))
    data = json.loads(editable.text)
    data["products"][0]["sku"] = data["user"].pop("email")
    assert "another place" in words(editing.corrected(editable, json.dumps(data)))
    data = json.loads(editable.text)
    user = data["user"]
    one, other = user["shipping_address"], user["billing_address"]
    one["first_name"], other["first_name"] = other["first_name"], one["first_name"]
    assert "another place" in words(editing.corrected(editable, json.dumps(data)))
    assert "name of a field" in words(change(editable, "user", "‹hidden: e-mail address›", to="x"))


def test_a_placeholder_follows_its_product_when_another_is_taken_out(shop: Shop) -> None:
    made = purchase(shop, "1001", products=["77", "88"])
    body = json.loads(made.body)
    body["products"][1]["extra_data"] = {"gift": "for Bob"}
    request = again.record_for(
        shop,
        make_exchange(Request("POST", made.url, made.headers, json.dumps(body).encode()), 400, {"error": "x"}),
    )
    editable = editing.open_original(request)
    data = json.loads(editable.text)
    del data["products"][0]
    found = editing.corrected(editable, json.dumps(data))
    assert not found.has_errors
    assert json.loads(found.body)["products"] == [body["products"][1]]


def test_what_looks_like_a_placeholder_in_the_original_is_no_way_in(shop: Shop) -> None:
    _, editable = opened(shop, og_cart_tracking=False, comment_code="‹locked: payment token›")
    assert editable.text.count("‹locked: payment token›") == 1
    found = change(editable, "products", 0, "product", to="78")
    assert json.loads(found.body)["comment_code"] == "‹locked: payment token›"


@pytest.mark.parametrize(
    ("path", "to"),
    [
        (("payment", "cc_number"), "JzsOqhg94N4ONRXEWzKnbQzDFDlnWL9lCXQ/q5nFNdk="),
        (("products", 0, "sku"), "4111 1111 1111 1111"),
        (("user", "cvv"), "123"),
        (("user", "password"), "secret"),
        (("sig",), "abc"),
    ],
)
def test_card_data_and_credentials_are_not_added(shop: Shop, path: tuple[str | int, ...], to: str) -> None:
    _, editable = opened(shop)
    assert change(editable, *path, to=to).has_errors


def test_payment_that_was_missing_may_be_given_by_its_token(shop: Shop) -> None:
    request = refused(shop, payment={}, answer={"error_message": "Missing payment data to create record"})
    editable = editing.open_original(request)
    assert editable.failing[0].path == "/payment"
    found = change(editable, "payment", to={"token_id": "tok_1"})
    assert (found.has_errors, found.needs_reason, found.recipe) == (False, True, ())
    assert "tok_1" not in str(found.changes)


def test_what_is_hidden_may_be_replaced_and_the_new_value_is_not_kept(shop: Shop) -> None:
    _, editable = opened(shop, og_cart_tracking=False)
    found = change(editable, "user", "email", to="new@example.com")
    assert (found.has_errors, found.needs_reason, found.recipe) == (False, False, ())
    assert json.loads(found.body)["user"]["email"] == "new@example.com"
    [one] = found.changes
    assert "new@" not in str(one)
    assert one.path == "/user/email"


def test_another_order_or_customer_needs_a_reason(shop: Shop) -> None:
    _, editable = opened(shop, og_cart_tracking=False)
    assert change(editable, "user", "user_id", to="7").needs_reason
    found = editing.corrected(editable, editable.text, order_id=" 1002 ")
    assert (found.order_id, found.needs_reason, found.has_errors) == ("1002", True, False)


def test_after_a_doubtful_send_the_order_id_stays(shop: Shop) -> None:
    made = purchase(shop, "1001")
    again.fail(shop, made)
    request = again.record_for(shop, make_exchange(made, 400, {"errors": {"customer": {"email": ["Bad"]}}}))
    editable = editing.open_original(request)
    assert not editable.can_change_order_id
    assert "created twice" in words(editing.corrected(editable, editable.text, order_id="1002"))


def test_a_change_that_fits_others_is_a_recipe(shop: Shop) -> None:
    _, editable = opened(shop, og_cart_tracking=False)
    found = change(editable, "products", 0, "subscription_info", "tracking_override", "offer", to="of1")
    assert len(found.recipe) == 1


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "null",
        '"a"',
        "[]",
        '{"a": 1, "a": 2}',
        '{"a": NaN}',
        '{"a": "\\ud800"}',
        '{"a": "\\u0000"}',
        '{"a": "\\\\\\u0000"}',
        "[" * 100_000,
        '{"a":' * 5_000,
        '{"a":' * 51 + "1" + "}" * 51,
        '{"merchant_id":' + '{"a":' * 49 + "1" + "}" * 50,
        "x" * (5 * 1024 * 1024),
        '{"a": 1e999999999999999999999}',
        '{"a": ' + "9" * 5_000 + "}",
        "\x00",
        '{"\x01": 1}',
        '{"a": "‮"}',
    ],
)
def test_a_hostile_text_is_a_problem_and_no_exception(shop: Shop, text: str) -> None:
    _, editable = opened(shop)
    found = editing.corrected(editable, text)
    assert found.has_errors
    assert len(words(found)) < 2_000


def test_only_the_character_itself_is_refused() -> None:
    assert documents.parse('{"a": "\\\\u0000"}') == {"a": "\\u0000"}


@settings(max_examples=60)
@given(
    data=st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
        max_leaves=15,
    )
)
def test_whatever_is_typed_nothing_raises_and_what_was_hidden_stays_so(data: Any) -> None:
    whole = {"merchant_id": "m", "user": {"email": "ada@example.com"}, "x": data}
    try:
        read = documents.parse(json.dumps(whole))
    except documents.Unreadable:
        return
    shown, found = locks.conceal(read, is_purchase=True)
    assert "ada@example.com" not in documents.pretty(shown)
    back, wrong = locks.reveal(shown, found, locks.lengths_of(shown))
    assert wrong == []
    assert documents.same(back, read)


@pytest.mark.parametrize(
    ("call", "code"),
    [
        (lambda shop: rest(shop, "/subscriptions/", method="GET"), "shape"),
        (lambda shop: rest(shop, "/subscriptions/s1/cancel/"), "shape"),
        (lambda shop: rest(shop, "/nothing/known/", method="POST", body={"a": 1}), "endpoint"),
    ],
)
def test_what_cannot_be_corrected_says_why(shop: Shop, call: Any, code: str) -> None:
    request = again.record_for(shop, make_exchange(call(shop), 400, {"detail": "no"}))
    with pytest.raises(CannotEdit) as why:
        editing.open_original(request)
    assert codes(why.value.reasons) == [code]


@pytest.mark.parametrize(
    "body",
    [
        b'create_request={"merchant_id":"m","merchant_order_id":"1"}&other=1',
        b'{"merchant_id":"m","merchant_order_id":"1","a":1,"a":2}',
        b'create_request={"merchant_id":"m","merchant_order_id":"1","a":"%ff"}',
        b'{"merchant_id":"m","merchant_order_id":"1","a":"\xff"}',
    ],
)
def test_a_body_that_could_not_be_written_back_without_loss_is_refused(shop: Shop, body: bytes) -> None:
    made = purchase(shop, "1")
    request = again.record_for(shop, make_exchange(Request("POST", made.url, made.headers, body), 400, {"error": "x"}))
    with pytest.raises(CannotEdit) as why:
        editing.open_original(request)
    assert codes(why.value.reasons) == ["shape"]


def test_an_edited_text_is_what_the_form_would_send(shop: Shop) -> None:
    request, _ = opened(shop)
    assert "shop.1.1700000000" in edited(request, session)
