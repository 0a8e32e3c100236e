from __future__ import annotations

import pytest

from responses.sandbox import answers, scripts


def test_every_named_answer_can_be_found_and_says_what_it_is() -> None:
    for named in answers.ALL:
        if named.name not in ("apply-NAME", "late-NAME", "NNN"):
            assert answers.named(named.name) == named
        assert named.note


@pytest.mark.parametrize("name", ["", "okay", "600", "099", "101", "503-xml", "late-late-503", "apply-", "NNN"])
def test_an_unknown_name_is_nothing(name: str) -> None:
    assert answers.named(name) is None


@pytest.mark.parametrize(("name", "status", "start"), [
    ("500", 500, b"<html>"),
    ("502-text", 502, b"Bad Gateway"), ("418-json", 418, b'{"detail"'), ("599", 599, b"<html>"),
    ("503-empty", 503, b""), ("204-html", 204, b"")])  # fmt: skip
def test_any_status_code_can_be_asked_for(name: str, status: int, start: bytes) -> None:
    found = answers.named(name)

    assert found is not None
    assert found.reply is not None
    assert found.reply.status_code == status
    assert found.reply.body.startswith(start)
    assert bool(found.reply.body) == bool(start)


def test_product_ids_carry_scripts() -> None:
    assert scripts.whole_answer("answer-503-html-x2") == ("503-html", 2)
    assert scripts.whole_answer("answer-hang") == ("hang", 0)
    assert scripts.whole_answer("tea") is None
    script = scripts.of_product("fail-offer-7")
    assert script is not None
    assert script.prefix == "fail-offer"
    assert scripts.of_product("tea") is None
