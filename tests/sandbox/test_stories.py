from __future__ import annotations

import json
import random
from datetime import UTC, datetime

import pytest

from responses.sandbox import carts, forms, memory, stories, weather
from responses.sandbox.calls import Call, Heard, Story
from responses.sandbox.memory import Shop

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def shop(*, share: float | None = None, poll_share: float = 1.0) -> Shop:
    found = memory.open_shop(random.Random(1), NOW, pace=0.01, poll_share=poll_share)
    found.subscriptions.append(("aa", "00020000"))
    if share is not None:
        found.chance = lambda _, said=share: bool(said)  # type: ignore[method-assign, misc]
    return found


def listen(story: Story, *answers: Heard) -> list[Call]:
    """The calls of a story that hears ``answers``, and then only good ones."""
    calls = [next(story)]
    waiting = list(answers)
    for _ in range(40):
        try:
            calls.append(story.send(waiting.pop(0) if waiting else Heard(200, b"{}")))
        except StopIteration:
            return calls
    raise AssertionError("the story does not end")


def accepted() -> Heard:
    return Heard(200, json.dumps({"subs_req_id": "5"}).encode())


def test_an_accepted_order_is_asked_for_until_its_result_is_there() -> None:
    place = shop(share=0, poll_share=1)
    place.chance = lambda share: share == 1  # type: ignore[method-assign]
    result = Heard(200, json.dumps({"subscriptions": [{"10": "bb"}], "errors": {}}).encode())

    calls = listen(stories.checkout(place, weather.CALM, NOW), accepted(), Heard(202, b"'pending'"), result)

    assert [call.target for call in calls] == ["/subscription/create"] + ["/subscription/5/response"] * 2
    assert "bb" in [key for key, _ in place.subscriptions]


def test_a_passing_failure_is_sent_again_with_the_same_bytes() -> None:
    calls = listen(stories.checkout(shop(share=1), weather.CALM, NOW), Heard(503), Heard(None), Heard(500), Heard(500))

    assert len(calls) == 4
    assert {call.body for call in calls} == {calls[0].body}


def test_what_was_refused_is_stubbornly_repeated_and_then_corrected() -> None:
    place = shop()
    place.chance = lambda share: share in (0.4, 0.45)  # type: ignore[method-assign]

    calls = listen(stories.checkout(place, weather.CALM, NOW), *[Heard(400)] * 9)

    bodies = [forms.read(call.body) for call in calls]
    assert len(calls) > 2
    assert bodies[-1] is not None
    assert bodies[-1]["og_cart_tracking"] is False
    assert all(body == bodies[0] for body in bodies[:-1])
    assert len({body["merchant_order_id"] for body in bodies if body is not None}) == 1


@pytest.mark.parametrize("kind", [weather.CALM, weather.WRONG_SKU, weather.NO_SESSION, weather.OLD_KEY])
def test_every_story_ends_whatever_it_hears(kind: weather.Weather) -> None:
    place = shop()
    heard = [Heard(status) for status in (400, 404, 423, 429, 503, None)]
    heard += [Heard(200, body) for body in (b"{}", b"[]", b"<html>", b'{"results": [{"public_id": "x"}]}')]
    for _ in range(300):
        listen(stories.pick(place, kind, NOW), *place.rng.choices(heard, k=12))
    listen(stories.feed(place, kind, NOW), *place.rng.choices(heard, k=12))


def test_a_wrong_release_renames_tea_and_forgets_sessions() -> None:
    place = shop(share=1)
    document, _, _ = carts.fill(place, weather.NO_SESSION, NOW)
    assert "session_id" not in document

    wrong = weather.Weather("wrong", wrong_sku=1.0, no_session=0.0)
    place = shop()
    lines = [line for _ in range(30) for line in carts.fill(place, wrong, NOW)[0]["products"]]
    tea = [line["product"] for line in lines if line["product"].startswith("TEA")]
    assert tea
    assert all(product.endswith("-V2") for product in tea)


def test_order_numbers_never_repeat_even_when_the_shop_opens_again() -> None:
    first, second = shop(), memory.open_shop(random.Random(1), NOW.replace(minute=1), pace=1, poll_share=1)

    numbers = [first.next_order() for _ in range(100)] + [second.next_order() for _ in range(100)]

    assert len(set(numbers)) == 200
