"""What is sealed opens with any of the keys, and with nothing else; hashes outlive the rotation of the seals."""

from __future__ import annotations

import pytest
from cryptography.fernet import Fernet
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import Settings

from responses import sealing

OLD, NEW = Fernet.generate_key().decode(), Fernet.generate_key().decode()


@pytest.fixture(autouse=True)
def _keys(settings: Settings) -> None:
    settings.SEAL_KEYS = [OLD]
    settings.HASH_KEY = b"k" * 32


def test_what_was_sealed_comes_back() -> None:
    assert sealing.unseal(sealing.seal(b"\x00secret\xff")) == b"\x00secret\xff"


def test_a_seal_shows_nothing_of_its_content_and_differs_each_time() -> None:
    seals = {sealing.seal(b"secret") for _ in range(3)}

    assert len(seals) == 3
    assert not any(b"secret" in seal for seal in seals)


def test_old_seals_open_while_their_key_is_among_the_keys(settings: Settings) -> None:
    seal = sealing.seal(b"secret")

    settings.SEAL_KEYS = [NEW, OLD]
    assert sealing.unseal(seal) == b"secret"

    settings.SEAL_KEYS = [NEW]
    with pytest.raises(sealing.SealError, match="no longer"):
        sealing.unseal(seal)


def test_resealing_moves_a_seal_to_the_first_key(settings: Settings) -> None:
    seal = sealing.seal(b"secret")
    settings.SEAL_KEYS = [NEW, OLD]

    moved = sealing.reseal(seal)

    settings.SEAL_KEYS = [NEW]
    assert sealing.unseal(moved) == b"secret"
    with pytest.raises(sealing.SealError):
        sealing.reseal(seal)


@pytest.mark.parametrize("token", [b"", b"x", b"gAAAAA", b"\xff\x00"])
def test_what_is_no_seal_is_refused(token: bytes) -> None:
    with pytest.raises(sealing.SealError):
        sealing.unseal(token)


def test_a_damaged_seal_is_refused() -> None:
    seal = bytearray(sealing.seal(b"secret"))
    seal[-3] ^= 1

    with pytest.raises(sealing.SealError):
        sealing.unseal(bytes(seal))


@pytest.mark.parametrize("keys", [[], ["not-a-key"], [""], ["é"]])
def test_unusable_keys_are_named_without_being_shown(settings: Settings, keys: list[str]) -> None:
    settings.SEAL_KEYS = keys

    with pytest.raises(sealing.SealError, match="SEAL_KEYS") as caught:
        sealing.seal(b"secret")

    assert "not-a-key" not in str(caught.value)
    assert caught.value.__cause__ is None


@given(st.binary(max_size=200))
def test_a_keyed_hash_is_32_hex_digits_and_the_same_each_time(data: bytes) -> None:
    digest = sealing.keyed_hash(data)

    assert digest == sealing.keyed_hash(data)
    assert len(digest) == 32
    assert int(digest, 16) >= 0


def test_a_keyed_hash_outlives_new_seal_keys_but_not_a_new_hash_key(settings: Settings) -> None:
    before = sealing.keyed_hash(b"order 1001")

    settings.SEAL_KEYS = [NEW]
    assert sealing.keyed_hash(b"order 1001") == before

    settings.HASH_KEY = b"another key, also long enough for this"
    assert sealing.keyed_hash(b"order 1001") != before
    assert sealing.keyed_hash(b"order 1001") != sealing.keyed_hash(b"order 1002")
