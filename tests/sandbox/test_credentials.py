from __future__ import annotations

import json
from typing import Any

import pytest

from responses.sandbox import credentials
from responses.sandbox import world as worlds
from responses.sandbox.world import Modes
from tests.sandbox.asking import NOW, ask

TS = int(NOW.timestamp())


def signed(ts: object = TS, key: str = "sandbox-hash-key", **changes: object) -> str:
    data = {"public_id": "m", "ts": ts, "sig_field": "00026001", "sig": credentials.sign(key, "00026001", int(str(ts)))}
    return json.dumps({**data, **changes})


def test_the_signature_is_the_documented_one() -> None:
    sample = "Mt!ZQ45q&GHsgiRD8{NB-_h87#rjvbn0"

    assert credentials.sign(sample, "698008", 1595433856) == "Y5dHCOpwrjQpxWCulv173kXH99nv26KXF+HzQfi17Xo="


@pytest.mark.parametrize(
    ("mode", "headers", "status"),
    [
        ("optional", {}, 200),
        ("required", {}, 401),
        ("optional", {"x_api_key": "wrong"}, 401),
        ("open", {"x_api_key": "wrong"}, 200),
        ("required", {"x_api_key": "sandbox-key"}, 200),
        ("required", {"authorization": signed()}, 200),
        ("required", {"authorization": signed(str(TS))}, 200),
        ("required", {"authorization": signed(TS - 7_100)}, 200),
        ("required", {"authorization": signed(TS - 7_300)}, 401),
        ("required", {"authorization": signed(key="other")}, 401),
        ("required", {"authorization": signed(sig_field="1")}, 401),
        ("required", {"authorization": signed(public_id="")}, 401),
        ("required", {"authorization": "Bearer x"}, 401),
    ],
)
def test_credentials_are_checked_as_the_mode_says(mode: str, headers: dict[str, Any], status: int) -> None:
    assert ask(worlds.create(1, Modes(credentials=mode)), "GET", "/orders/", **headers)[0] == status


def test_a_key_that_may_only_read_is_denied_to_write() -> None:
    world = worlds.create(1)

    assert ask(world, "GET", "/orders/", x_api_key="sandbox-readonly-key")[0] == 200
    assert ask(world, "PATCH", "/orders/1/cancel/", x_api_key="sandbox-readonly-key") == (
        403,
        {"detail": "Authentication Failed"},
    )
