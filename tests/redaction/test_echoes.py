"""What was hidden in a request is hidden where its answer quotes it."""

from __future__ import annotations

from responses import redaction
from responses.exchanges import Request
from responses.redaction import echoes

REQUEST = Request(
    "POST",
    "https://sc.ordergroove.com/subscription/create?sig=sigvalue",
    {"x-api-key": "keyvalue"},
    b'{"user":{"first_name":"Zoe","last_name":"Name","shipping_address":{"city":"New York","zip_postal_code":"10004"}},'
    b'"payment":{"token_id":"7654321","cc_type":"1"}}',
)


def test_an_answer_that_quotes_hidden_values_loses_them() -> None:
    known = redaction.of_request(REQUEST).echoes()

    shown = redaction.of_body(
        b'{"error_message":"ZOE of New York: 7654321 and keyvalue failed in Zoeland","x":"Zoe"}', known=known
    )

    assert shown.value == (
        b'{"error_message":"[masked] of [masked]: [masked] and [masked] failed in Zoeland","x":"[masked]"}'
    )


def test_messages_and_header_fields_that_quote_hidden_values_lose_them() -> None:
    known = redaction.of_request(REQUEST).echoes()

    assert redaction.of_text("no Zoe here", known=known) == "no [masked] here"
    assert redaction.of_message("no Zoe here", field="detail", known=known) == "no [masked] here"
    assert redaction.of_headers({"x-debug": "Zoe"}, known=known) == {"x-debug": "[masked]"}


def test_values_that_say_nothing_by_themselves_are_not_looked_for() -> None:
    known = redaction.of_request(REQUEST).echoes()

    assert sorted(known) == ["7654321", "keyvalue", "new york", "sigvalue", "zoe"]


def test_an_escaped_answer_is_searched_for_all_of_them() -> None:
    assert echoes.found_in(rb'{"a":"\u005aoe"}', ("zoe", "ada")) == ("zoe", "ada")
    assert echoes.found_in(b'{"a":"Zoe"}', ("zoe", "ada")) == ("zoe",)
    assert redaction.of_body(rb'{"a":"\u005aoe"}', known=("zoe",)).value == b'{"a":"[masked]"}'
