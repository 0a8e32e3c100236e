"""What the database itself refuses of Resends and their attempts, whoever asks."""

from __future__ import annotations

from datetime import timedelta
from itertools import count, product
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from responses.models import Attempt, FailedRequest, Resend, ids
from tests import factories
from tests.factories import NOW

pytestmark = pytest.mark.django_db

State = Resend.State
EDGES = {
    (State.SCHEDULED, State.CLAIMED),
    (State.SCHEDULED, State.HELD),
    (State.SCHEDULED, State.CANCELLED),
    (State.SCHEDULED, State.EXPIRED),
    (State.SCHEDULED, State.SUPERSEDED),
    (State.HELD, State.SCHEDULED),
    (State.HELD, State.CANCELLED),
    (State.HELD, State.EXPIRED),
    (State.HELD, State.SUPERSEDED),
    (State.CLAIMED, State.SCHEDULED),
    (State.CLAIMED, State.SENDING),
    (State.CLAIMED, State.HELD),
    (State.CLAIMED, State.CANCELLED),
    (State.CLAIMED, State.EXPIRED),
    (State.CLAIMED, State.SUPERSEDED),
    (State.SENDING, State.SUCCEEDED),
    (State.SENDING, State.PARTIAL),
    (State.SENDING, State.FAILED),
    (State.SENDING, State.SCHEDULED),
    (State.SENDING, State.EXHAUSTED),
    (State.SENDING, State.HELD),
    (State.SENDING, State.EXPIRED),
    (State.SENDING, State.UNKNOWN),
    (State.UNKNOWN, State.VERIFYING),
    (State.UNKNOWN, State.SUCCEEDED),
    (State.UNKNOWN, State.CANCELLED),
    (State.UNKNOWN, State.HELD),
    (State.UNKNOWN, State.SUPERSEDED),
    (State.VERIFYING, State.SUCCEEDED),
    (State.VERIFYING, State.PARTIAL),
    (State.VERIFYING, State.UNKNOWN),
    (State.VERIFYING, State.SCHEDULED),
    (State.VERIFYING, State.EXHAUSTED),
    (State.VERIFYING, State.HELD),
}
"""reliability.md, 3, written out once more: what the migration says is compared with it."""
WAY = {
    State.SCHEDULED: (),
    State.HELD: (State.HELD,),
    State.CLAIMED: (State.CLAIMED,),
    State.SENDING: (State.CLAIMED, State.SENDING),
    State.UNKNOWN: (State.CLAIMED, State.SENDING, State.UNKNOWN),
    State.VERIFYING: (State.CLAIMED, State.SENDING, State.UNKNOWN, State.VERIFYING),
    State.SUCCEEDED: (State.CLAIMED, State.SENDING, State.SUCCEEDED),
    State.PARTIAL: (State.CLAIMED, State.SENDING, State.PARTIAL),
    State.FAILED: (State.CLAIMED, State.SENDING, State.FAILED),
    State.EXHAUSTED: (State.CLAIMED, State.SENDING, State.EXHAUSTED),
    State.EXPIRED: (State.EXPIRED,),
    State.CANCELLED: (State.CANCELLED,),
    State.SUPERSEDED: (State.SUPERSEDED,),
}
"""How a row that began as scheduled comes to each state."""
_numbers = count(1)


def make_failed_request() -> FailedRequest:
    """An open failed request of a shop of its own."""
    integration = factories.make_integration()
    factories.record(integration, factories.make_refusal())
    return FailedRequest.objects.get(integration=integration)


def make_resend(request: FailedRequest | None = None, **overrides: Any) -> Resend:
    """A scheduled Resend; with ``state`` brought there by legal steps."""
    request = request or make_failed_request()
    state = overrides.pop("state", State.SCHEDULED)
    values: dict[str, Any] = {
        "id": ids.new(NOW),
        "integration_id": request.integration_id,
        "failed_request": request,
        "kind": Resend.Kind.AUTOMATIC,
        "idem_key": f"auto:{request.pk}:{next(_numbers)}",
        "resource_key": "order:1001",
        "endpoint": request.endpoint,
        "method": "POST",
        "role": "sc",
        "host": "sc.ordergroove.com",
        "policy": "purchase",
        "state": State.SCHEDULED,
        "due_at": NOW,
        "first_failed_at": NOW,
        "max_sends": 4,
    }
    resend = Resend.objects.create(**values | overrides)
    for step in WAY[state]:
        assert move(resend, step)
    return resend


def move(resend: Resend, to_state: Resend.State, **values: Any) -> bool:
    """Take one step, with the lease or the end that its state asks for."""
    if to_state in Resend.LEASED:
        values = {"lease_until": NOW + timedelta(seconds=120), "leased_by": "worker-1"} | values
    # Nothing but the step itself may be wrong, or the refusal would prove nothing.
    values = {"ended_at": NOW if to_state in Resend.ENDED else None} | values
    resend.refresh_from_db()
    moved = Resend.objects.move(
        resend.pk, from_state=State(resend.state), epoch=resend.epoch, to_state=to_state, **values
    )
    resend.refresh_from_db()
    return moved


def make_attempt(resend: Resend, **overrides: Any) -> Attempt:
    """An attempt under way."""
    values: dict[str, Any] = {"id": ids.new(NOW), "resend": resend, "number": 1, "epoch": 2, "intent_at": NOW}
    return Attempt.objects.create(**values | overrides)


def refused() -> Any:
    """A block of which the database refuses a statement."""
    return pytest.raises(IntegrityError)


@pytest.mark.parametrize(("before", "after"), sorted(product(State, State)))
def test_exactly_the_legal_edges_pass(before: Resend.State, after: Resend.State) -> None:
    resend = make_resend(state=before)
    epoch = resend.epoch

    if (before, after) in EDGES:
        assert move(resend, after)
        assert (resend.state, resend.epoch) == (after, epoch + 1)
    else:
        # From a state to itself the epoch stands in the way: it would count a change that is none.
        with refused(), transaction.atomic():
            move(resend, after)
        resend.refresh_from_db()
        assert (resend.state, resend.epoch) == (before, epoch)


@pytest.mark.parametrize("state", sorted(State))
def test_a_resend_begins_as_scheduled_held_or_unknown_only(state: Resend.State) -> None:
    values: dict[str, Any] = {"state": State.SCHEDULED}
    request = make_failed_request()
    lease = NOW if state in Resend.LEASED else None
    values = {"lease_until": lease, "ended_at": NOW if state in Resend.ENDED else None}
    row = make_resend(request)
    Resend.objects.filter(pk=row.pk).delete()
    row.state, row.lease_until, row.ended_at = state, values["lease_until"], values["ended_at"]

    if state in (State.SCHEDULED, State.HELD, State.UNKNOWN):
        row.save(force_insert=True)
        assert Resend.objects.get(pk=row.pk).state == state
    else:
        with refused(), transaction.atomic():
            row.save(force_insert=True)
        assert not Resend.objects.exists()


@pytest.mark.parametrize("wrong", [{"epoch": 1}, {"sends": 1}, {"not_sent": 1}])
def test_a_resend_begins_with_nothing_done(wrong: dict[str, int]) -> None:
    request = make_failed_request()

    with refused(), transaction.atomic():
        make_resend(request, **wrong)

    assert not Resend.objects.exists()


@pytest.mark.parametrize("epoch", [0, 2, 5])
def test_a_change_of_state_raises_the_epoch_by_exactly_one(epoch: int) -> None:
    resend = make_resend()

    with refused(), transaction.atomic():
        Resend.objects.filter(pk=resend.pk).update(state=State.HELD, epoch=epoch)

    resend.refresh_from_db()
    assert (resend.state, resend.epoch) == (State.SCHEDULED, 0)


def test_the_epoch_does_not_change_without_the_state() -> None:
    resend = make_resend()

    with refused(), transaction.atomic():
        Resend.objects.filter(pk=resend.pk).update(epoch=1)


def test_a_move_from_an_older_epoch_changes_nothing() -> None:
    resend = make_resend()
    assert move(resend, State.HELD)

    moved = Resend.objects.move(
        resend.pk, from_state=State.HELD, epoch=0, to_state=State.CANCELLED, ended_at=NOW, reason="late"
    )

    resend.refresh_from_db()
    assert not moved
    assert (resend.state, resend.epoch, resend.reason) == (State.HELD, 1, "")


def test_a_move_from_another_state_changes_nothing() -> None:
    resend = make_resend()

    assert not Resend.objects.move(resend.pk, from_state=State.HELD, epoch=0, to_state=State.SCHEDULED)


def test_a_move_takes_the_lease_off() -> None:
    resend = make_resend(state=State.CLAIMED)
    assert resend.leased_by == "worker-1"

    assert move(resend, State.SCHEDULED)

    assert (resend.lease_until, resend.leased_by) == (None, "")


@pytest.mark.parametrize("state", sorted(set(Resend.LIVE) - set(Resend.LEASED)))
def test_no_lease_where_no_worker_has_it(state: Resend.State) -> None:
    resend = make_resend(state=state)

    with refused(), transaction.atomic():
        Resend.objects.filter(pk=resend.pk).update(lease_until=NOW)


@pytest.mark.parametrize("state", sorted(Resend.LEASED))
def test_a_lease_wherever_a_worker_has_it(state: Resend.State) -> None:
    resend = make_resend(state=state)

    with refused(), transaction.atomic():
        Resend.objects.filter(pk=resend.pk).update(lease_until=None)


@pytest.mark.parametrize("state", sorted(Resend.LIVE))
def test_what_lives_has_no_end(state: Resend.State) -> None:
    resend = make_resend(state=state)

    with refused(), transaction.atomic():
        Resend.objects.filter(pk=resend.pk).update(ended_at=NOW)


@pytest.mark.parametrize("state", sorted(Resend.ENDED))
@pytest.mark.parametrize(
    "change",
    [{"ended_at": None}, {"ended_at": NOW + timedelta(seconds=1)}, {"sends": 1}, {"not_sent": 1}, {"reason": "else"}],
)
def test_what_has_ended_does_not_change(state: Resend.State, change: dict[str, Any]) -> None:
    resend = make_resend(state=state)

    with refused(), transaction.atomic():
        Resend.objects.filter(pk=resend.pk).update(**change)


def test_no_more_sends_than_allowed() -> None:
    resend = make_resend(max_sends=4)
    Resend.objects.filter(pk=resend.pk).update(sends=4)

    with refused(), transaction.atomic():
        Resend.objects.filter(pk=resend.pk).update(sends=5)


def test_twenty_sends_that_never_left_are_the_most() -> None:
    resend = make_resend()
    Resend.objects.filter(pk=resend.pk).update(not_sent=20)

    with refused(), transaction.atomic():
        Resend.objects.filter(pk=resend.pk).update(not_sent=21)


@pytest.mark.parametrize("state", sorted(Resend.IN_FLIGHT))
def test_one_in_flight_on_a_resource(state: Resend.State) -> None:
    first = make_resend(state=state)
    factories.record(first.integration, factories.make_refusal())
    second = make_resend(FailedRequest.objects.exclude(pk=first.failed_request_id).get())

    with refused(), transaction.atomic():
        move(second, State.CLAIMED)

    assert move(second, State.HELD)


def test_the_same_resource_of_two_integrations_are_two() -> None:
    assert make_resend(state=State.CLAIMED).is_live
    assert make_resend(state=State.CLAIMED).is_live


@pytest.mark.parametrize("state", sorted(Resend.LIVE))
def test_one_live_resend_of_a_failed_request(state: Resend.State) -> None:
    request = make_failed_request()
    make_resend(request, state=state, resource_key="order:1")

    with refused(), transaction.atomic():
        make_resend(request, resource_key="order:2")


@pytest.mark.parametrize("state", sorted(Resend.ENDED))
def test_after_the_end_there_may_be_another(state: Resend.State) -> None:
    request = make_failed_request()
    make_resend(request, state=state)

    assert make_resend(request).is_live


def test_the_same_wish_twice_makes_one_row() -> None:
    make_resend(idem_key="form:1", state=State.CANCELLED)
    request = make_failed_request()

    with refused(), transaction.atomic():
        make_resend(request, idem_key="form:1")


def test_one_open_attempt_of_a_resend() -> None:
    resend = make_resend(state=State.SENDING)
    make_attempt(resend)

    with refused(), transaction.atomic():
        make_attempt(resend, number=2)


def test_the_attempts_of_a_resend_are_numbered() -> None:
    resend = make_resend(state=State.SENDING)
    make_attempt(resend, ended_at=NOW, result="answered")

    with refused(), transaction.atomic():
        make_attempt(resend)

    assert make_attempt(resend, number=2).pk


@pytest.mark.parametrize("values", [{"result": "answered"}, {"ended_at": NOW}])
def test_an_attempt_has_a_result_exactly_when_it_has_ended(values: dict[str, Any]) -> None:
    resend = make_resend(state=State.SENDING)

    with refused(), transaction.atomic():
        make_attempt(resend, **values)


def test_the_lists_that_sweeps_read() -> None:
    due = make_resend(due_at=NOW - timedelta(seconds=1))
    make_resend(due_at=NOW + timedelta(seconds=1))
    make_resend(state=State.HELD)
    unknown = make_resend(state=State.UNKNOWN)
    leased = make_resend(state=State.SENDING)
    ended = make_resend(state=State.EXPIRED)
    later = NOW + timedelta(seconds=120)

    assert list(Resend.objects.due(NOW)) == [due]
    assert list(Resend.objects.to_look_up(NOW)) == [unknown]
    assert list(Resend.objects.abandoned(NOW)) == []
    assert list(Resend.objects.abandoned(later)) == [leased]
    assert set(Resend.objects.in_flight()) == {unknown, leased}
    assert ended not in Resend.objects.live()
    assert Resend.objects.live().count() == 5


def test_due_work_is_found_by_an_index() -> None:
    statement = "EXPLAIN QUERY PLAN " if connection.vendor == "sqlite" else "EXPLAIN "
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET LOCAL enable_seqscan = off")
        query, values = Resend.objects.due(NOW).query.sql_with_params()
        cursor.execute(statement + query, values)
        plan = "\n".join(str(row) for row in cursor.fetchall())

    assert "resend_due" in plan
