"""What a seed decides: how the upstream behaves, what the shop sends, and which harm is done when."""

from __future__ import annotations

from collections import Counter
from itertools import islice
from pathlib import Path

import pytest

from chaos import behaviours, canaries, faults, ledger, numbers, shop
from chaos.behaviours import GOOD
from chaos.ledger import Ledger
from responses.sandbox import forms


def test_the_numbers_of_a_run_fit_together_as_those_of_production() -> None:
    assert numbers.broken_relations(numbers.Numbers()) == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"settle": 3.0},
        {"lease": 4.0},
        {"send": 60.0},
        {"freeze": 60.0},
        {"freeze": 10.0},
        {"after_5xx": 1.0},
        {"stall": 60.0},
    ],
)
def test_numbers_that_prove_nothing_are_refused(wrong: dict[str, float]) -> None:
    assert numbers.broken_relations(numbers.Numbers(**wrong))


def test_an_order_meets_the_same_behaviour_in_each_run() -> None:
    first, again = ([behaviours.plan(5, f"C{n}", is_purchase=True) for n in range(50)] for _ in range(2))

    assert first == again
    assert first != [behaviours.plan(6, f"C{n}", is_purchase=True) for n in range(50)]


def test_every_behaviour_is_met_in_a_long_run() -> None:
    met = {
        behaviour.name
        for n in range(6_000)
        for is_purchase in (True, False)
        for behaviour in behaviours.plan(1, f"C{n}", is_purchase=is_purchase)
    }

    assert {behaviour.name for behaviour in behaviours.ALL} - met == {"good"}


def test_everything_goes_well_in_the_end() -> None:
    assert behaviours.of(1, "C1", 4, is_purchase=True) == GOOD


def test_a_setter_never_takes_effect_behind_a_5xx() -> None:
    plans = [behaviours.plan(1, f"s{n}", is_purchase=False) for n in range(2_000)]

    assert not any(behaviour.is_read_as_5xx for plan in plans for behaviour in plan)


def test_the_shop_sends_the_same_in_each_run() -> None:
    assert list(islice(shop.deeds(3), 20)) == list(islice(shop.deeds(3), 20))


def test_the_shop_plants_secrets_in_what_it_sends() -> None:
    text = b"".join(deed.body + repr(deed.headers).encode() for deed in islice(shop.deeds(3), 200))
    planted = ("api key of the caller", "signature", "payment token", "card number", "cvv field")

    assert all(canaries.CANARIES[name].encode() in text for name in planted)


def test_a_purchase_of_the_shop_can_be_read_in_each_form() -> None:
    purchases = [deed for deed in islice(shop.deeds(3), 60) if deed.kind == "purchase"]

    assert all((forms.read(deed.body) or {})["merchant_order_id"] == deed.name for deed in purchases)


@pytest.mark.parametrize("cell", ["sqlite", "postgres"])
def test_ten_minutes_hold_a_hundred_kills_of_workers(cell: str) -> None:
    planned = Counter(
        fault.kind for fault in faults.plan(1, 600, cell) if fault.kind.startswith("kill") and "worker" in fault.target
    )

    assert planned["kill"] >= 100


@pytest.mark.parametrize("cell", ["sqlite", "postgres"])
def test_a_plan_ends_in_time_and_does_every_kind_that_fits(cell: str) -> None:
    plan = faults.plan(2, 60, cell)
    kinds = {kind.name for kind in faults.KINDS if cell in kind.cells}

    assert plan == faults.plan(2, 60, cell)
    assert {fault.kind for fault in plan} == kinds
    assert all(fault.at + fault.lasts <= 60.01 for fault in plan)


@pytest.mark.parametrize("spelling", canaries.spellings("canary.person.4711@example.org"))
def test_a_canary_is_found_in_each_spelling(tmp_path: Path, spelling: bytes) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "monitor.sqlite3").write_bytes(b"\0" * 1_000 + spelling + b"\0" * 10)

    assert canaries.found_in([tmp_path]) == [f"e-mail in {tmp_path / 'deep' / 'monitor.sqlite3'}"]


def test_a_ledger_reads_back_what_was_written(tmp_path: Path) -> None:
    written = Ledger(tmp_path / "load")
    written.write("called", name="C1")
    written.close()

    (line,) = ledger.read(tmp_path / "load")
    assert (line["event"], line["name"]) == ("called", "C1")
    assert ledger.read(tmp_path / "nothing") == []
