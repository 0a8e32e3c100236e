from __future__ import annotations

import json

import pytest

from responses.correcting import fields

TEXT = """{
  "price": 1.10,
  "note": null,
  "processed": true,
  "products": [
    {
      "sku": "77"
    }
  ],
  "extra": {}
}"""


@pytest.mark.parametrize(
    ("path", "typed", "changed", "now"),
    [
        ("/price", "2.50", '"price": 1.10', '"price": 2.50'),
        ("/price", "cheap", '"price": 1.10', '"price": "cheap"'),
        ("/processed", "false", '"processed": true', '"processed": false'),
        ("/note", 'a "word"', '"note": null', '"note": "a \\"word\\""'),
        ("/products/0/sku", "88", '"sku": "77"', '"sku": "88"'),
        ("/products/0/quantity", "2", '"sku": "77"', '"sku": "77",\n      "quantity": 2'),
        ("/session_id", "m.1.2", '"extra": {}', '"extra": {},\n  "session_id": "m.1.2"'),
        ("/extra/a~1b", "x", '"extra": {}', '"extra": {\n    "a/b": "x"\n  }'),
        ("/user/email", "a@b", '"extra": {}', '"extra": {},\n  "user": {"email": "a@b"}'),
    ],
)
def test_only_what_is_set_changes(path: str, typed: str, changed: str, now: str) -> None:
    found = fields.put(TEXT, path, typed)

    assert found == TEXT.replace(changed, now)
    json.loads(found)


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("", "/a"),
        ("{", "/a"),
        ('{"a": ', "/a"),
        ("[1]", "/7"),
        ('"text"', "/a"),
        ("{]", "/a"),
        ("[" * 200_000, "/0"),
    ],
)
def test_a_text_in_which_it_cannot_be_set_stays_as_it_is(text: str, path: str) -> None:
    assert fields.put(text, path, "x") == text


def test_nothing_typed_adds_nothing() -> None:
    assert fields.put(TEXT, "/session_id", "") == TEXT


def test_a_form_shows_each_value_once_with_all_that_was_said() -> None:
    shown = fields.of(TEXT, [("/price", "Too low."), ("/session_id", "Cannot be null"), ("/price", "Not a price.")])

    assert [(one.path, one.value, one.kind, one.is_missing, one.words) for one in shown] == [
        ("/price", "1.10", "number", False, "Too low. Not a price."),
        ("/session_id", "", "text", True, "Cannot be null"),
    ]


def test_what_can_only_be_chosen_is_chosen() -> None:
    [period, odd, truth] = fields.of(
        '{"every_period": 2, "a": {"every_period": 9}, "processed": null}',
        [("/every_period", ""), ("/a/every_period", ""), ("/processed", "")],
    )

    assert [key for key, _ in period.choices] == ["1", "2", "3", "4"]
    assert [key for key, _ in odd.choices] == ["9", "1", "2", "3", "4"]
    assert [key for key, _ in truth.choices] == ["", "true", "false"]


def test_what_has_no_line_of_its_own_is_shown_in_the_json_only() -> None:
    assert [one.kind for one in fields.of(TEXT, [("/products", ""), ("/extra", "")])] == ["json", "json"]


def test_single_values_are_found_in_their_order() -> None:
    assert fields.leaves(TEXT, most=3) == ["/price", "/note", "/processed"]
    assert fields.leaves(TEXT, most=9)[3:] == ["/products/0/sku"]
    assert fields.leaves("{", most=9) == fields.leaves("[" * 200_000, most=9) == []


@pytest.mark.parametrize(
    ("path", "label"),
    [
        ("/merchant_order_id", "Order id"),
        ("/products/1/sku", "Product 2: SKU"),
        ("/products/0/subscription_info/tracking_override/offer", "Product 1: offer"),
        ("/products/0/purchase_info/quantity", "Product 1: quantity (bought)"),
        ("/user/shipping_address/country_code", "Shipping address: country code"),
    ],
)
def test_a_pointer_in_words(path: str, label: str) -> None:
    assert fields.label_of(path) == label
