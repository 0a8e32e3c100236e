"""The checker finds each planted violation, and nothing in a run that went well."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest

from chaos import checker
from chaos.evidence import Evidence, Failed, Message, Peaks
from tests.chaos.made_up import (
    HASH,
    T,
    acknowledged,
    applied,
    attempt,
    good_run,
    line,
    received,
    resend,
    with_ledger,
    with_rows,
)

DAY = 86_400.0


def test_a_good_run_has_no_violation() -> None:
    assert {name: found for name, found in checker.check(good_run()).items() if found} == {}


def _lost(run: Evidence) -> Evidence:
    return with_rows(run, stored_ids=[])


def _not_kept(run: Evidence) -> Evidence:
    return with_rows(run, failed=[])


def _applied_twice(run: Evidence) -> Evidence:
    return with_ledger(run, "upstream", applied(30, 3))


def _resolved_for_nothing(run: Evidence) -> Evidence:
    return msgspec.structs.replace(run, upstream=[one for one in run.upstream if one["event"] != "applied"])


def _overlap(run: Evidence) -> Evidence:
    return with_ledger(run, "upstream", line(5.2, "overlap", number=3, resource="order C1"))


def _stale(run: Evidence) -> Evidence:
    later = acknowledged(6, name="s1 to 9", answer=200)
    old = received(9, 4, kind="setter", name="s1 to 8", hash="bb")
    return with_ledger(with_ledger(run, "load", later), "upstream", old)


def _no_attempt(run: Evidence) -> Evidence:
    return with_rows(run, attempts=[], resends=[resend(sends=0)])


def _intent_after_send(run: Evidence) -> Evidence:
    return with_rows(run, attempts=[attempt(5.3)])


def _two_requests_of_one_attempt(run: Evidence) -> Evidence:
    return with_ledger(run, "upstream", received(5.12, 3))


def _never_left(run: Evidence) -> Evidence:
    return with_rows(run, attempts=[attempt(result="not_sent", status_code=None)], resends=[resend(sends=0)])


def _other_body(run: Evidence) -> Evidence:
    return msgspec.structs.replace(run, load=[line(0, "called", name="C1", hash="cc"), *run.load[1:]])


def _foreign_key(run: Evidence) -> Evidence:
    return msgspec.structs.replace(run, upstream=[run.upstream[0], received(5.1, 2, has_right_key=False)])


def _too_many(run: Evidence) -> Evidence:
    many = [attempt(5.0 + number, number=number) for number in range(1, 6)]
    return with_rows(run, attempts=many, resends=[resend(sends=5)])


def _miscounted(run: Evidence) -> Evidence:
    return with_rows(run, resends=[resend(sends=2)])


def _after_the_deadline(run: Evidence) -> Evidence:
    return with_rows(run, resends=[resend(deadline_at=T + 3, first_failed_at=T + 3 - DAY + 100)])


def _two_last_ones(run: Evidence) -> Evidence:
    late = with_rows(
        run,
        resends=[resend(deadline_at=T + 3, first_failed_at=T + 3 - DAY, sends=2)],
        attempts=[attempt(5), attempt(15, number=2)],
    )
    return with_ledger(late, "upstream", received(15.1, 3))


def _too_early_after_silence(run: Evidence) -> Evidence:
    silent = with_rows(run, attempts=[attempt(result="unknown", status_code=None), attempt(12, number=2)])
    again = with_rows(silent, resends=[resend(sends=2)])
    return with_ledger(again, "upstream", received(12.1, 3))


def _too_early_after_the_caller(run: Evidence) -> Evidence:
    return msgspec.structs.replace(run, load=[run.load[0], acknowledged(0.2, answer=None)])


def _stuck(state: str) -> Callable[[Evidence], Evidence]:
    return lambda run: with_rows(run, resends=[resend(state=state, is_live=True)])


def _forgotten(run: Evidence) -> Evidence:
    return with_rows(run, failed=[Failed(3, "C1", is_purchase=True, state="retrying")])


def _held_without_reason(run: Evidence) -> Evidence:
    return with_rows(run, resends=[resend(state="held", is_live=True)])


def _pending(run: Evidence) -> Evidence:
    return with_rows(run, pending_follow_ups=1)


def _marked_before_sent(run: Evidence) -> Evidence:
    return msgspec.structs.replace(run, messages=[])


def _message_left(run: Evidence) -> Evidence:
    return with_rows(run, messages=[Message(5, "email", "pending", "delivery-5@")])


def _transition_left(run: Evidence) -> Evidence:
    return with_rows(run, unhandled_transitions=2)


def _miscounting(run: Evidence) -> Evidence:
    return with_rows(run, wrong_counts=["outcome 5: counted 3, stored 2"])


def _no_audit(run: Evidence) -> Evidence:
    return with_rows(run, audit={})


def _five_hundred(run: Evidence) -> Evidence:
    return with_ledger(run, "load", line(3, "refused", name="C2", status_code=500))


def _swollen(run: Evidence) -> Evidence:
    return msgspec.structs.replace(run, peaks=Peaks(mebibytes={"worker": 301.0}))


def _files(run: Evidence) -> Evidence:
    return msgspec.structs.replace(run, peaks=Peaks(open_files={"worker": 4_000}))


def _wal(run: Evidence) -> Evidence:
    return msgspec.structs.replace(run, peaks=Peaks(wal_mebibytes=500.0))


def _leak(run: Evidence) -> Evidence:
    return msgspec.structs.replace(run, leaks=["card number in monitor.sqlite3"])


def _leak_in_a_row(run: Evidence) -> Evidence:
    return with_rows(run, leaks=["e-mail in a body"])


def _locked(run: Evidence) -> Evidence:
    return msgspec.structs.replace(run, lost_turns=3)


def _killed_at_the_end(run: Evidence) -> Evidence:
    return msgspec.structs.replace(run, ended={"worker": None})


@pytest.mark.parametrize(
    ("plant", "check"),
    [
        (_lost, "acknowledged is stored"),
        (_not_kept, "a failure is kept"),
        (_applied_twice, "applied once"),
        (_resolved_for_nothing, "resolved took effect"),
        (_overlap, "one at a time"),
        (_stale, "no stale write"),
        (_no_attempt, "an attempt before each request"),
        (_intent_after_send, "an attempt before each request"),
        (_two_requests_of_one_attempt, "an attempt before each request"),
        (_never_left, "an attempt before each request"),
        (_other_body, "body and key as they should be"),
        (_foreign_key, "body and key as they should be"),
        (_too_many, "attempts at most as allowed"),
        (_miscounted, "attempts at most as allowed"),
        (_after_the_deadline, "nothing after the deadline"),
        (_two_last_ones, "nothing after the deadline"),
        (_too_early_after_silence, "sends are patient"),
        (_too_early_after_the_caller, "sends are patient"),
        *((_stuck(state), "nothing is stuck") for state in ("scheduled", "claimed", "sending", "unknown", "verifying")),
        (_forgotten, "nothing is stuck"),
        (_held_without_reason, "nothing is stuck"),
        (_pending, "nothing is stuck"),
        (_marked_before_sent, "alerts arrive"),
        (_message_left, "alerts arrive"),
        (_transition_left, "alerts arrive"),
        (_miscounting, "counts equal rows"),
        (_no_audit, "audit equals deeds"),
        (_five_hundred, "no 500 of ours"),
        (_swollen, "memory and files bounded"),
        (_files, "memory and files bounded"),
        (_wal, "memory and files bounded"),
        (_leak, "no canary anywhere"),
        (_leak_in_a_row, "no canary anywhere"),
        (_locked, "writers wait their turn"),
        (_killed_at_the_end, "asked to stop, they stop"),
    ],
)
def test_a_planted_violation_is_found(plant: Callable[[Evidence], Evidence], check: str) -> None:
    found = checker.check(plant(good_run()))

    assert found[check]


def test_the_one_attempt_when_24_hours_are_over_is_allowed() -> None:
    run = with_rows(good_run(), resends=[resend(deadline_at=T + 3, first_failed_at=T + 3 - DAY)])

    assert checker.check(run)["nothing after the deadline"] == []


@pytest.mark.parametrize(
    "waiting",
    [
        resend(state="held", is_live=True, reason="There are no credentials."),
        resend(state="scheduled", is_live=True, due_at=T + DAY),
        resend(state="unknown", is_live=True, waits_for_a_person=True),
    ],
)
def test_what_waits_for_a_person_or_for_tomorrow_is_not_stuck(waiting: object) -> None:
    assert checker.check(with_rows(good_run(), resends=[waiting]))["nothing is stuck"] == []


def test_a_setter_may_take_effect_twice() -> None:
    run = with_ledger(good_run(), "upstream", *(applied(at, 9, "s1 to 8", "setter") for at in (1, 20)))

    assert checker.check(run)["applied once"] == []


def test_a_web_server_may_end_with_the_signal_that_asked_for_it() -> None:
    run = msgspec.structs.replace(good_run(), ended={"web": -15})

    assert checker.check(run)["asked to stop, they stop"] == []


def test_the_answer_to_an_unanswered_send_is_matched_to_its_own_attempt() -> None:
    two = with_rows(
        good_run(),
        resends=[resend(sends=2)],
        attempts=[attempt(5, result="unknown", status_code=None), attempt(30, number=2)],
    )
    run = with_ledger(two, "upstream", received(30.1, 3, hash=HASH))

    assert checker.check(run)["an attempt before each request"] == []
    assert checker.check(run)["sends are patient"] == []


def test_what_the_caller_knows_never_left_need_not_settle() -> None:
    run = good_run()
    refused = msgspec.structs.replace(run, load=[run.load[0], acknowledged(0.2, answer=None, has_left=False)])

    assert checker.check(refused)["sends are patient"] == []
