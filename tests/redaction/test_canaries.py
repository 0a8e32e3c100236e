"""No planted secret can be read in what is shown, however it was written and whatever stood around it."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from responses import redaction
from responses.exchanges import Request
from tests.redaction import canaries

_TEXTS = st.text(alphabet=st.characters(codec="utf-8"), max_size=30)
_LEAVES = st.none() | st.booleans() | st.integers(-(10**12), 10**12) | st.floats(allow_nan=False) | _TEXTS
_JSON = st.recursive(
    _LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXTS, inner, max_size=3), max_leaves=12
)
_NAMES = st.sampled_from(sorted(canaries.LABELLED))
_WRITERS = st.sampled_from(sorted(canaries.WRITERS))


@pytest.mark.parametrize("written", sorted(canaries.WRITERS))
@pytest.mark.parametrize("is_answer", [False, True])
def test_no_labelled_secret_survives_in_any_encoding(written: str, is_answer: bool) -> None:
    body = canaries.WRITERS[written](canaries.document(dict(canaries.LABELLED)))

    redacted = redaction.of_body(body, is_answer=is_answer)

    assert [name for name, secret in canaries.LABELLED.items() if canaries.survives(secret, redacted.value)] == []
    assert redacted.has_clear_card


@pytest.mark.parametrize("written", sorted(canaries.WRITERS))
@pytest.mark.parametrize("kind", sorted(canaries.BARE))
def test_no_secret_that_shows_itself_survives_under_a_harmless_name(written: str, kind: str) -> None:
    secret = canaries.BARE[kind]
    body = canaries.WRITERS[written](canaries.document({"misc": secret, "remark": f"We saw {secret} there"}))

    redacted = redaction.of_body(body)

    assert not canaries.survives(secret, redacted.value)


@pytest.mark.parametrize("kind", ["card", "card with blanks", "card with dashes", "amex"])
@pytest.mark.parametrize("written", sorted(canaries.WRITERS))
def test_a_clear_card_number_is_noticed_in_any_encoding(kind: str, written: str) -> None:
    body = canaries.WRITERS[written](canaries.document({"misc": canaries.BARE[kind]}))

    assert redaction.of_body(body).has_clear_card


@pytest.mark.parametrize("written", sorted(set(canaries.WRITERS) - {"create_request with a tail"}))
def test_a_body_without_card_data_may_be_sealed_in_any_encoding(written: str) -> None:
    harmless = {name: secret for name, secret in canaries.LABELLED.items() if name not in ("cvv", "cc_number")}
    body = canaries.WRITERS[written](canaries.document(harmless))

    assert not redaction.of_body(body).has_clear_card


@pytest.mark.parametrize("written", sorted(canaries.WRITERS))
def test_what_people_need_stays_in_any_encoding(written: str) -> None:
    if "base64" in written:
        pytest.skip("masked as a whole: it held secrets")
    body = canaries.WRITERS[written](canaries.document(dict(canaries.LABELLED)))

    shown = redaction.of_body(body).value.decode()

    assert all(kept in shown for kept in ("100045", "00026001", "0070067689", "ac4f7938383a11e89ecbbc764e1107f2"))


@pytest.mark.slow
@settings(max_examples=100, deadline=None)
@given(name=_NAMES, written=_WRITERS, noise=st.dictionaries(_TEXTS, _JSON, max_size=4))
def test_no_labelled_secret_survives_among_noise(name: str, written: str, noise: dict[str, Any]) -> None:
    secret = canaries.LABELLED[name]
    assume(not canaries.survives(secret, json.dumps(noise).encode()))  # three digits of a CVV occur in any number
    data = {"a": noise, "b": [noise, {"user": {name: secret}}], **noise, name: secret}

    shown = redaction.of_body(_written(written, data)).value

    assert not canaries.survives(secret, shown)


@pytest.mark.slow
@settings(max_examples=100, deadline=None)
@given(kind=st.sampled_from(sorted(canaries.BARE)), written=_WRITERS, noise=st.dictionaries(_TEXTS, _JSON, max_size=4))
def test_no_secret_that_shows_itself_survives_among_noise(kind: str, written: str, noise: dict[str, Any]) -> None:
    secret = canaries.BARE[kind]

    shown = redaction.of_body(_written(written, {**noise, "misc": secret, "more": [noise, secret]})).value

    assert not canaries.survives(secret, shown)


@pytest.mark.slow
@settings(max_examples=100, deadline=None)
@given(before=_TEXTS, after=_TEXTS, kind=st.sampled_from(["card", "card with blanks", "card with dashes", "e-mail"]))
def test_cards_and_mailboxes_survive_in_no_text(before: str, after: str, kind: str) -> None:
    secret = canaries.BARE[kind]

    shown = redaction.of_text(f"{before}{secret}{after}")

    assert not canaries.survives(secret, shown)


@pytest.mark.slow
@settings(max_examples=100, deadline=None)
@given(
    secret=st.sampled_from(sorted(set(canaries.LABELLED.values()))),
    wrappings=st.lists(st.sampled_from(["json", "string", "percent", "message"]), max_size=4),
)
def test_no_secret_survives_wrappings_in_any_order(secret: str, wrappings: list[str]) -> None:
    text = json.dumps({"payment": {"anything": secret}})
    for wrapping in wrappings:
        match wrapping:
            case "json":
                text = json.dumps({"data": text})
            case "string":
                text = json.dumps(text)
            case "percent":
                text = quote(text, safe="")
            case _:
                text = f"Could not read: {text} (stopped)"

    assert not canaries.survives(secret, redaction.of_body(text.encode()).value)


@pytest.mark.parametrize("name", sorted(canaries.LABELLED))
def test_no_labelled_secret_survives_in_a_query_or_a_header_field(name: str) -> None:
    secret = canaries.LABELLED[name]
    query = f"{quote(name, safe='')}={quote(secret, safe='')}"

    shown = redaction.of_request(
        Request(
            "GET",
            f"https://restapi.ordergroove.com/x/?page=1&{query}#{query}",
            {name.lower(): secret, "referer": f"https://a.example/?{query}"},
        )
    )

    assert not canaries.survives(secret, shown.url)
    assert not canaries.survives(secret, json.dumps(shown.headers))
    assert shown.has_clear_card is (name in ("cvv", "cc_number"))


def _written(written: str, data: dict[str, Any]) -> bytes:
    return canaries.WRITERS[written](data)
