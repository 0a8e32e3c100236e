"""Recorded bodies on pages: readable, escaped, masked values marked."""

from __future__ import annotations

import json
from html import unescape
from typing import Any

from django.utils.html import strip_tags
from hypothesis import given
from hypothesis import strategies as st

from responses.templatetags import bodies

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(alphabet=st.characters(exclude_categories=["Cs", "Cc", "Cf"])),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("abc", max_size=3), inner, max_size=4),
    max_leaves=20,
)


def text_of(shown: str) -> str:
    code = shown[shown.index("<code>") : shown.index("</code>")]
    return unescape(strip_tags(code))


@given(VALUES)
def test_what_is_shown_reads_back_as_the_same_data(value: Any) -> None:
    shown = bodies.json_block(value)

    plain = shown[shown.index("<code>") + 6 : shown.index("</code>")]
    for tag in ("span",):
        while f"<{tag}" in plain:
            start = plain.index(f"<{tag}")
            plain = plain[:start] + plain[plain.index(">", start) + 1 :]
        plain = plain.replace(f"</{tag}>", "")
    assert json.loads(unescape(plain)) == value


def test_markup_in_a_body_is_text() -> None:
    shown = bodies.json_block({"<script>": "</pre><script>alert(1)</script>"})

    assert "<script>" not in shown
    assert "&lt;script&gt;" in shown


def test_masked_values_stand_out() -> None:
    shown = bodies.json_block({"email": "[e-mail]", "card": "[card]", "name": "[masked]", "plain": "[other]"})

    assert shown.count('class="masked"') == 3
    assert bodies.text_block("call [masked] now").count('class="masked"') == 1


def test_the_field_that_was_complained_about_is_marked() -> None:
    data = {"products": [{"sku": "77"}, {"sku": "78"}], "user": {"country_code": "USA"}, "country": "US"}

    assert bodies.json_block(data, fields=["user.country_code"]).count("line bad") == 1
    assert bodies.json_block(data, fields=["country_code"]).count("line bad") == 1
    assert bodies.json_block(data, fields=["products.1.sku"]).count("line bad") == 1
    assert bodies.json_block(data, fields=["products.sku"]).count("line bad") == 2
    assert bodies.json_block(data, fields=["products"]).count("line bad") == 1
    assert bodies.json_block(data, fields=["", "code"]).count("line bad") == 0


def test_characters_that_cannot_be_sent_or_deceive_are_shown_as_escapes() -> None:
    shown = bodies.text_block("a\ud800b\u202ec\x00d\ttab")

    assert text_of(shown).startswith("a\\ud800b\\u202ec\\u0000d\ttab")
    shown.encode()
    bodies.json_block({"\ud800": "\ud800"}).encode()


def test_a_body_nested_too_deeply_is_cut_visibly() -> None:
    data: Any = "end"
    for _ in range(500):
        data = [data]

    assert "[…]" in bodies.json_block(data)


def test_a_very_long_body_is_cut_and_says_so() -> None:
    assert "Only the first 2,000 lines are shown." in bodies.json_block(list(range(5000)))
    assert "Only the first 2,000 lines are shown." in bodies.text_block("x\n" * 5000)


def test_the_copy_button_waits_for_the_script() -> None:
    assert 'data-copy="#mine" hidden' in bodies.text_block("x", block_id="mine")
