"""Compares ledgers and tables after a run. Each check names what must hold, and returns one sentence a violation. Pure."""

from __future__ import annotations

import signal
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator

from chaos import told
from chaos.evidence import Attempt, Evidence, Resend
from chaos.ledger import Line

DAY = 86_400.0
LAST_ATTEMPT_ROOM = 15 * 60.0
CLOCKS = 0.01
"""Rounding of times in ledgers and tables, in seconds."""
MOST_MEBIBYTES = 300.0
MOST_OPEN_FILES = 400
MOST_WAL_MEBIBYTES = 128.0

Check = Callable[[Evidence], Iterable[str]]


def _events(lines: list[Line], *names: str) -> Iterator[Line]:
    return (line for line in lines if line["event"] in names)


def _ours(evidence: Evidence) -> Iterator[Line]:
    """What the monitor sent, in the order in which it came."""
    return (line for line in _events(evidence.upstream, "received") if line["who"] == "monitor")


def acknowledged_is_stored(evidence: Evidence) -> Iterator[str]:
    stored = set(evidence.rows.stored_ids)
    for line in _events(evidence.load, "acknowledged"):
        if line["id"] not in stored:
            yield f"{line['id']} ({line['name']}) was acknowledged and is not stored"


def applied_once(evidence: Evidence) -> Iterator[str]:
    times: dict[str, list[float]] = defaultdict(list)
    for line in _events(evidence.upstream, "applied"):
        if line["kind"] == "purchase":
            times[line["name"]].append(line["at"])
    for name, all_times in times.items():
        if len(all_times) > 1:
            gaps = ", ".join(f"{at - all_times[0]:.1f} s" for at in all_times[1:])
            yield f"order {name} took effect {len(all_times)} times; again after {gaps}"


def never_stale(evidence: Evidence) -> Iterator[str]:
    """A setter is not sent again once a later one on its object has succeeded and is recorded."""
    later: dict[str, list[tuple[int, float]]] = defaultdict(list)
    for line in _events(evidence.load, "acknowledged"):
        subject, _, quantity = line["name"].partition(" to ")
        if quantity and line.get("answer") == 200:
            later[subject].append((int(quantity), line["at"]))
    for line in _ours(evidence):
        subject, _, quantity = line["name"].partition(" to ")
        if any(newer > int(quantity) and at < line["at"] - CLOCKS for newer, at in later[subject] if quantity):
            yield f"{line['name']} was sent again although a later change of the object was recorded"


def one_at_a_time(evidence: Evidence) -> Iterator[str]:
    for line in _events(evidence.upstream, "overlap"):
        yield f"two requests at once on {line['resource']}"


def _attempts_by_hash(evidence: Evidence) -> dict[str, list[tuple[Attempt, Resend]]]:
    resends = {resend.id: resend for resend in evidence.rows.resends}
    found: dict[str, list[tuple[Attempt, Resend]]] = defaultdict(list)
    for attempt in sorted(evidence.rows.attempts, key=lambda attempt: attempt.intent_at):
        resend = resends[attempt.resend_id]
        found[resend.body_hash].append((attempt, resend))
    return found


def _matched(evidence: Evidence) -> Iterator[tuple[Line, Attempt | None, Resend | None]]:
    """Give each request an attempt of its own whose intent is older, the newest such one first."""
    free = _attempts_by_hash(evidence)
    for line in _ours(evidence):
        older = [pair for pair in free[line["hash"]] if pair[0].intent_at <= line["at"] + CLOCKS]
        if not older:
            yield line, None, None
            continue
        free[line["hash"]].remove(older[-1])
        yield line, *older[-1]


def requests_have_attempts(evidence: Evidence) -> Iterator[str]:
    for line, attempt, _ in _matched(evidence):
        if attempt is None:
            yield f"a request for {line['name']} left without an attempt that was committed before it"
        elif attempt.result == "not_sent":
            yield f"a request for {line['name']} arrived, and its attempt {attempt.number} says that it never left"


def requests_are_unchanged(evidence: Evidence) -> Iterator[str]:
    hashes = {line["name"]: line["hash"] for line in _events(evidence.load, "called")}
    for line in _ours(evidence):
        if line["hash"] != hashes.get(line["name"]):
            yield f"the body for {line['name']} differs from the caller's"
        if not line["has_right_key"]:
            yield f"a request for {line['name']} was not signed with the integration's own key"


def nothing_is_stuck(evidence: Evidence) -> Iterator[str]:
    live = {resend.failed_request_id for resend in evidence.rows.resends if resend.is_live}
    for resend in evidence.rows.resends:
        is_for_later = resend.state == "scheduled" and resend.due_at > evidence.ended_at + DAY / 24
        is_for_people = (resend.state == "held" and resend.reason) or resend.waits_for_a_person
        if resend.is_live and not is_for_later and not is_for_people:
            words = f"{resend.reason!r}, due {resend.due_at - evidence.ended_at:+.0f} s"
            yield f"resend {resend.id} is still {resend.state} ({resend.policy}, {words})"
    for failed in evidence.rows.failed:
        if failed.state == "retrying" and failed.id not in live:
            yield f"request {failed.name} is retrying, and nothing will send it"
    if evidence.rows.pending_follow_ups:
        yield f"{evidence.rows.pending_follow_ups} accepted purchases are still pending"


def attempts_are_bounded(evidence: Evidence) -> Iterator[str]:
    counted: Counter[int] = Counter()
    not_sent: Counter[int] = Counter()
    for attempt in evidence.rows.attempts:
        (not_sent if attempt.result == "not_sent" else counted)[attempt.resend_id] += 1
    for resend in evidence.rows.resends:
        if counted[resend.id] > resend.max_sends or not_sent[resend.id] > 20:
            yield f"resend {resend.id} has {counted[resend.id]} sends of {resend.max_sends}, {not_sent[resend.id]} unsent"
        if counted[resend.id] != resend.sends:
            yield f"resend {resend.id} says {resend.sends} sends and has {counted[resend.id]} attempts"


def nothing_after_the_deadline(evidence: Evidence) -> Iterator[str]:
    last_ones: Counter[int] = Counter()
    for line, attempt, resend in _matched(evidence):
        if attempt is None or resend is None or resend.deadline_at is None or resend.kind != "automatic":
            continue
        if line["at"] <= resend.deadline_at + CLOCKS:
            continue
        is_last = resend.policy == "purchase" and attempt.intent_at >= resend.first_failed_at + DAY - CLOCKS
        last_ones[resend.failed_request_id] += 1
        if not is_last or last_ones[resend.failed_request_id] > 1:
            yield f"{line['name']} was sent {line['at'] - resend.deadline_at:.1f} s after its deadline"
        elif line["at"] > resend.deadline_at + LAST_ATTEMPT_ROOM:
            yield f"the 24-hour attempt of {line['name']} came too late"


def sends_are_patient(evidence: Evidence) -> Iterator[str]:
    """After a send without an answer nothing follows before the settle time; after a 5xx that was read, a little."""
    ends: dict[str, tuple[float, float]] = {}
    called = {line["name"]: line["at"] for line in _events(evidence.load, "called")}
    for line in _events(evidence.load, "acknowledged"):
        if " to " in line["name"]:
            continue
        if line["answer"] is None and line["has_left"]:
            ends[line["name"]] = (called[line["name"]], evidence.settle_seconds)
        elif line["answer"] is not None and line["answer"] >= 500:
            ends[line["name"]] = (called[line["name"]], evidence.after_5xx_seconds)
    for line, attempt, _ in _matched(evidence):
        at, least = ends.get(line["name"], (0.0, 0.0))
        if line["at"] < at + least - CLOCKS:
            yield f"{line['name']} was sent {line['at'] - at:.1f} s after what should have made it wait {least:g} s"
        if attempt is None or attempt.ended_at is None:
            continue
        if attempt.result == "unknown":
            ends[line["name"]] = (line["at"], evidence.settle_seconds)
        elif attempt.status_code is not None and attempt.status_code >= 500 and " to " not in line["name"]:
            ends[line["name"]] = (attempt.ended_at, evidence.after_5xx_seconds)


def resolved_took_effect(evidence: Evidence) -> Iterator[str]:
    applied = {line["name"] for line in _events(evidence.upstream, "applied")}
    for failed in evidence.rows.failed:
        if failed.is_purchase and failed.state == "resolved" and failed.name not in applied:
            yield f"order {failed.name} is resolved by {failed.resolved_by}, and never took effect"


def failures_are_kept(evidence: Evidence) -> Iterator[str]:
    """What failed and was acknowledged is a failed request, in whatever state."""
    known = {failed.name for failed in evidence.rows.failed if failed.is_purchase}
    for line in _events(evidence.load, "acknowledged"):
        is_failure = line["answer"] is None or line["answer"] >= 400
        if is_failure and " to " not in line["name"] and line["name"] not in known:
            yield f"order {line['name']} failed and was acknowledged, and is no failed request"


def counts_agree(evidence: Evidence) -> Iterator[str]:
    yield from evidence.rows.wrong_counts


def audit_agrees(evidence: Evidence) -> Iterator[str]:
    for action in sorted(set(evidence.rows.audit) | set(evidence.expected_audit)):
        has, wants = evidence.rows.audit.get(action, 0), evidence.expected_audit.get(action, 0)
        if has != wants:
            yield f"{action}: {has} entries in the audit log for {wants} deeds"


def we_never_answer_500(evidence: Evidence) -> Iterator[str]:
    for line in _events(evidence.load, "refused"):
        yield f"the report of {line['name']} was answered with {line['status_code']}"


def resources_are_bounded(evidence: Evidence) -> Iterator[str]:
    peaks = evidence.peaks
    for name, size in peaks.mebibytes.items():
        if size > MOST_MEBIBYTES:
            yield f"{name} held {size:.0f} MiB"
    for name, count in peaks.open_files.items():
        if count > MOST_OPEN_FILES:
            yield f"{name} held {count} files open"
    if peaks.wal_mebibytes > MOST_WAL_MEBIBYTES:
        yield f"the write-ahead log grew to {peaks.wal_mebibytes:.0f} MiB"


def nothing_leaks(evidence: Evidence) -> Iterator[str]:
    yield from evidence.leaks
    yield from evidence.rows.leaks


def writers_wait_their_turn(evidence: Evidence) -> Iterator[str]:
    if evidence.lost_turns:
        yield f"SQLite told writers {evidence.lost_turns} times that it was locked"


def processes_stop(evidence: Evidence) -> Iterator[str]:
    for name, code in evidence.ended.items():
        # The web server ends in good order, and then with the signal that asked for it.
        if code not in (0, -signal.SIGTERM):
            yield f"{name} was asked to stop, and {'had to be killed' if code is None else f'ended with {code}'}"


CHECKS: dict[str, Check] = {
    "acknowledged is stored": acknowledged_is_stored,
    "a failure is kept": failures_are_kept,
    "applied once": applied_once,
    "resolved took effect": resolved_took_effect,
    "one at a time": one_at_a_time,
    "no stale write": never_stale,
    "an attempt before each request": requests_have_attempts,
    "body and key as they should be": requests_are_unchanged,
    "attempts at most as allowed": attempts_are_bounded,
    "nothing after the deadline": nothing_after_the_deadline,
    "sends are patient": sends_are_patient,
    "nothing is stuck": nothing_is_stuck,
    "alerts arrive": told.alerts_arrive,
    "no news is lost": told.no_news_is_lost,
    "copies are explained": told.copies_are_explained,
    "messages keep their ids": told.messages_keep_their_ids,
    "counts equal rows": counts_agree,
    "audit equals deeds": audit_agrees,
    "no 500 of ours": we_never_answer_500,
    "writers wait their turn": writers_wait_their_turn,
    "memory and files bounded": resources_are_bounded,
    "no canary anywhere": nothing_leaks,
    "asked to stop, they stop": processes_stop,
}


def check(evidence: Evidence) -> dict[str, list[str]]:
    """Return the violations of each check."""
    return {name: list(look(evidence)) for name, look in CHECKS.items()}
