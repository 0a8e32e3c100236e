"""A person's pause: who may, what it stops, what is written down, and what a page says of it."""

from __future__ import annotations

from datetime import UTC, timedelta, timezone
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied

from responses.models import AuditEntry, Gate, Integration, Membership, Role, User
from responses.sending import budget, gates, pauses
from tests.factories import NOW, make_integration, make_user
from tests.sending.resending import HOST, after

pytestmark = pytest.mark.django_db
WHY = "Ordergroove maintenance"


@pytest.fixture
def shop() -> Integration:
    return make_integration()


@pytest.fixture
def ada(shop: Integration) -> User:
    return make_user("ada", role=Role.ENGINEER, integration=shop)


def admit(shop: Integration, at: float = 0.0) -> budget.Admission:
    return budget.admit(HOST, shop.pk, now=after(at))


def words_of(shop: Integration, at: float = 0.0, **values: Any) -> dict[str, str]:
    return {view.scope: view.words for view in gates.gates_of(shop, now=after(at), **values)}


def test_a_paused_integration_sends_nothing_and_the_others_do(shop: Integration, ada: User) -> None:
    scope = gates.account_scope(shop.pk)
    assert pauses.pause(scope, ada, reason=f"  {WHY}  ", now=after(180), address="10.0.0.1")

    refused = admit(shop, 200)
    assert (refused.is_allowed, refused.until) == (False, None)
    assert refused.reason == f"Paused since 12:03 by ada: {WHY}"
    assert admit(make_integration(), 200).is_allowed
    assert budget.let(HOST, shop.pk, 5, now=after(200)) == 5


def test_a_release_lets_it_go_on(shop: Integration, ada: User) -> None:
    scope = gates.account_scope(shop.pk)
    pauses.pause(scope, ada, reason=WHY, now=NOW)
    assert pauses.release(scope, ada, now=after(60))

    assert admit(shop, 61).is_allowed
    assert words_of(shop, 61) == {scope: "Sending as usual.", f"host:{HOST}": "Sending as usual."}


def test_a_paused_host_stops_everybody_questions_included(shop: Integration, ada: User) -> None:
    pauses.pause(gates.host_scope(HOST), ada, reason=WHY, now=NOW)
    neighbour = make_integration()

    assert not admit(neighbour).is_allowed
    assert budget.let(HOST, neighbour.pk, 5, now=NOW) == 0
    assert budget.admit("restapi.ordergroove.com", shop.pk, now=NOW).is_allowed


def test_what_has_piled_up_behind_a_paused_host_follows_slowly(shop: Integration, ada: User) -> None:
    scope = gates.host_scope(HOST)
    pauses.pause(scope, ada, reason=WHY, now=NOW)
    pauses.release(scope, ada, now=after(3600))

    allowed = sum(admit(shop, 3600 + second / 2).is_allowed for second in range(120))
    assert 50 <= allowed <= 60


def test_each_deed_is_written_down(shop: Integration, ada: User) -> None:
    scope = gates.account_scope(shop.pk)
    pauses.pause(scope, ada, reason=WHY, now=NOW, address="10.0.0.1")
    pauses.release(scope, ada, now=after(60), reason="It is over.")

    paused, released = AuditEntry.objects.order_by("at")
    assert (paused.action, paused.actor, paused.reason, paused.address) == ("sending.paused", "ada", WHY, "10.0.0.1")
    assert (paused.integration_id, paused.subject, paused.subject_id) == (shop.pk, "gate", scope)
    assert (paused.before, paused.after) == ({"is_paused": False}, {"is_paused": True})
    assert (released.action, released.reason, released.after) == (
        "sending.released",
        "It is over.",
        {"is_paused": False},
    )


def test_the_second_one_changes_nothing(shop: Integration, ada: User) -> None:
    scope = gates.account_scope(shop.pk)
    assert not pauses.release(scope, ada, now=NOW)
    assert pauses.pause(scope, ada, reason=WHY, now=NOW)
    assert not pauses.pause(scope, ada, reason="Another reason", now=after(5))

    assert Gate.objects.get(pk=scope).pause_reason == WHY
    assert AuditEntry.objects.count() == 1


@pytest.mark.parametrize("reason", ["", "   "])
def test_a_pause_needs_a_reason(shop: Integration, ada: User, reason: str) -> None:
    with pytest.raises(ValueError, match="Say why"):
        pauses.pause(gates.account_scope(shop.pk), ada, reason=reason, now=NOW)


@pytest.mark.parametrize("role", [None, Role.VIEWER, Role.SUPPORT])
def test_only_engineers_pause_and_release(shop: Integration, ada: User, role: Role | None) -> None:
    person = make_user(role=role, integration=shop if role else None)
    for scope in (gates.account_scope(shop.pk), gates.host_scope(HOST)):
        pauses.pause(scope, ada, reason=WHY, now=NOW)
        with pytest.raises(PermissionDenied):
            pauses.pause(scope, person, reason=WHY, now=NOW)
        with pytest.raises(PermissionDenied):
            pauses.release(scope, person, now=NOW)
        assert Gate.objects.get(pk=scope).is_paused


def test_a_host_is_paused_only_by_who_may_in_every_integration_that_uses_it(shop: Integration, ada: User) -> None:
    neighbour = make_integration()
    assert not pauses.may(gates.host_scope(HOST), ada)
    assert pauses.may(gates.account_scope(shop.pk), ada)

    Membership.objects.create(user=ada, integration=neighbour, role=Role.ADMIN)
    assert pauses.may(gates.host_scope(HOST), User.objects.get(pk=ada.pk))


@pytest.mark.parametrize("scope", ["", "host:", "host:elsewhere.example", "account:", "account:x", "account:-1", "x"])
def test_what_is_no_gate_cannot_be_paused(scope: str, ada: User) -> None:
    with pytest.raises(PermissionDenied):
        pauses.pause(scope, ada, reason=WHY, now=NOW)
    assert not Gate.objects.exists()


def test_even_a_superuser_pauses_only_what_there_is() -> None:
    root = make_user(is_superuser=True)
    for scope in ("host:elsewhere.example", "account:999999"):
        with pytest.raises(PermissionDenied):
            pauses.pause(scope, root, reason=WHY, now=NOW)


def test_a_pause_and_a_breaker_do_not_end_each_other(shop: Integration, ada: User) -> None:
    scope = gates.host_scope(HOST)
    for _ in range(10):
        budget.heard(HOST, shop.pk, status_code=503, now=NOW)
    pauses.pause(scope, ada, reason=WHY, now=NOW)
    assert not admit(shop, 30).is_allowed
    pauses.release(scope, ada, now=after(31))

    assert Gate.objects.get(pk=scope).breaker == Gate.Breaker.OPEN
    assert admit(shop, 31).is_probe


def test_pages_say_what_each_gate_does(shop: Integration, ada: User) -> None:
    account, host = gates.account_scope(shop.pk), gates.host_scope(HOST)
    assert words_of(shop) == {}
    for code in [503] * 14 + [200] * 2:
        budget.heard(HOST, shop.pk, status_code=code, now=NOW)
    assert words_of(shop)[host] == (
        "Breaker open: 10 of 10 answers in the last minute were 5xx or did not come; next probe 12:00:30."
    )
    assert words_of(shop, 31)[host].endswith("; the next send is a probe.")
    admit(shop, 31)
    assert words_of(shop, 32)[host].endswith("; a probe is on its way.")
    budget.heard(HOST, shop.pk, status_code=200, now=after(33))
    assert words_of(shop, 34)[host] == "Recovering: at most 60 sends a minute now, doubled each minute up to 600."
    assert words_of(shop, 95)[host] == "Recovering: at most 120 sends a minute now, doubled each minute up to 600."
    assert words_of(shop, 600) == {account: "Sending as usual.", host: "Sending as usual."}
    budget.heard(HOST, shop.pk, status_code=429, retry_after=61.0, now=after(600))
    zone = timezone(timedelta(hours=2))
    assert words_of(shop, 601, zone=zone)[host] == (
        "Ordergroove answered 429: nothing is sent to this host before 14:11:01."
    )
    pauses.pause(account, ada, reason=WHY, now=after(700))
    assert words_of(shop, 24 * 3600)[account] == f"Paused since 22 Nov 12:11 by ada: {WHY}"


def test_a_page_knows_what_kind_of_stop_it_is(shop: Integration, ada: User) -> None:
    pauses.pause(gates.account_scope(shop.pk), ada, reason=WHY, now=NOW)
    for _ in range(10):
        budget.heard(HOST, shop.pk, status_code=None, now=NOW)
    account, host = gates.gates_of(shop, now=after(1), zone=UTC)

    assert (account.kind, account.is_stopped, account.by, account.since) == ("paused", True, "ada", NOW)
    assert (account.name, account.until) == (shop.name, None)
    assert (host.kind, host.is_stopped, host.name, host.until) == ("breaker", True, HOST, after(30))
