from __future__ import annotations

from responses.front.room import Room


def test_what_fits_is_held_until_its_call_is_answered() -> None:
    room = Room(most=10)
    with room.stay() as one, room.stay() as other:
        assert one.take(6)
        assert other.take(4)
        assert not other.take(1)
        assert room.taken == 10
    assert room.taken == 0


def test_a_call_that_is_alone_always_has_room() -> None:
    room = Room(most=10)
    with room.stay() as large:
        assert large.take(8)
        assert large.take(8)
        with room.stay() as small:
            assert not small.take(1)
        large.leave()
        with room.stay() as small:
            assert small.take(1)
            assert not large.take(10)


def test_room_is_given_back_when_a_call_fails() -> None:
    room = Room(most=10)
    try:
        with room.stay() as stay:
            stay.take(10)
            raise ValueError
    except ValueError:
        pass
    assert room.taken == 0
