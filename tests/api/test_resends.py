"""``/api/v1/requests/{id}/retry`` and the like, and ``/api/v1/sending``."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
import time_machine

from responses.models import AuditEntry, FailedRequest, Gate, IntakeKey, Integration, Role
from responses.sending import gates
from tests.api.conftest import Caller
from tests.factories import NOW
from tests.views.resending import State, add_attempt, bring, fail, make_shop, open_breaker

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)
AsRole = Callable[[Role], Caller]
DEEDS = ("retry", "cancel-retry", "release", "decide")
BODIES = {"release": {"reason": "I looked."}, "decide": {"reason": "I looked.", "decision": "happened"}}


@pytest.fixture(autouse=True)
def _clock() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def both() -> tuple[Integration, IntakeKey]:
    return make_shop()


@pytest.fixture
def shop(both: tuple[Integration, IntakeKey]) -> Integration:
    return both[0]


@pytest.fixture
def failed(both: tuple[Integration, IntakeKey]) -> FailedRequest:
    return fail(both, "1001")


def test_a_request_shows_how_it_is_sent_again(caller: Caller, failed: FailedRequest) -> None:
    add_attempt(failed.resends.get())

    found = caller.get(f"requests/{failed.pk}").json()

    [resend] = found["resends"]
    assert found["why_not"] == []
    assert found["caller_retries_too"] is False
    assert (resend["kind"], resend["state"], resend["sends"], resend["max_sends"]) == ("automatic", "scheduled", 0, 4)
    assert resend["due_at"] == "2026-11-22T12:01:00.000Z"
    assert resend["reason"] == "1st of 4: about 1 minute after the first failure"
    [attempt] = resend["attempts"]
    assert (attempt["number"], attempt["result"], attempt["status_code"]) == (1, "answered", 503)


def test_retry_brings_the_send_forward(caller: Caller, failed: FailedRequest) -> None:
    answer = caller.post(f"requests/{failed.pk}/retry")

    assert answer.status_code == 200
    assert answer.json()["resends"][0]["due_at"] == "2026-11-22T12:00:00.000Z"
    assert AuditEntry.objects.get(action="request.retried").actor == caller.user.get_username()


def test_a_retry_that_is_forbidden_says_every_reason_with_its_word(caller: Caller, failed: FailedRequest) -> None:
    open_breaker()
    Integration.objects.update(api_key_sealed=None)

    answer = caller.post(f"requests/{failed.pk}/retry")

    assert answer.status_code == 409
    assert answer["Content-Type"] == "application/problem+json"
    problem = answer.json()
    assert [error["code"] for error in problem["errors"]] == ["credentials", "breaker"]
    assert {error["pointer"] for error in problem["errors"]} == {""}
    assert problem["detail"].startswith("The integration has no credentials")
    why_not = caller.get(f"requests/{failed.pk}").json()["why_not"]
    assert [reason["code"] for reason in why_not] == ["credentials", "breaker"]


def test_cancel_ends_it_once(caller: Caller, failed: FailedRequest) -> None:
    answer = caller.post(f"requests/{failed.pk}/cancel-retry")

    assert answer.json()["state"] == "waiting"
    assert answer.json()["resends"][0]["state"] == "cancelled"
    assert caller.post(f"requests/{failed.pk}/cancel-retry").status_code == 409


def test_what_is_on_the_wire_cannot_be_cancelled(caller: Caller, failed: FailedRequest) -> None:
    bring(failed.resends.get(), State.SENDING, sends=1)

    answer = caller.post(f"requests/{failed.pk}/cancel-retry")

    assert answer.status_code == 409
    assert answer.json()["errors"][0]["code"] == "changed"


def test_release_lets_a_held_one_go_on(caller: Caller, failed: FailedRequest) -> None:
    bring(failed.resends.get(), State.HELD, reason="From a restored backup.")

    answer = caller.post(f"requests/{failed.pk}/release", {"reason": "I looked."})

    assert answer.status_code == 200
    assert answer.json()["resends"][0]["state"] == "scheduled"


@pytest.mark.parametrize(
    ("decision", "state"), [("happened", "resolved"), ("send_again", "retrying"), ("leave", "unknown")]
)
def test_an_unknown_one_is_decided(caller: Caller, failed: FailedRequest, decision: str, state: str) -> None:
    bring(failed.resends.get(), State.UNKNOWN, sends=1)

    answer = caller.post(f"requests/{failed.pk}/decide", {"decision": decision, "reason": "I looked."})

    assert answer.status_code == 200
    assert answer.json()["state"] == state


@pytest.mark.parametrize(
    ("deed", "body"),
    [("release", {}), ("release", {"reason": ""}), ("decide", {"reason": "x"}),
     ("decide", {"reason": "x", "decision": "maybe"}), ("decide", {"reason": "x", "decision": "leave", "more": 1})],
)  # fmt: skip
def test_a_body_that_does_not_fit_is_refused_by_field(
    caller: Caller, failed: FailedRequest, deed: str, body: dict[str, object]
) -> None:
    answer = caller.post(f"requests/{failed.pk}/{deed}", body)

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] in {"/reason", "/decision", "/more"}


@pytest.mark.parametrize("deed", DEEDS)
def test_deeds_need_the_role_support(as_role: AsRole, failed: FailedRequest, deed: str) -> None:
    assert as_role(Role.VIEWER).post(f"requests/{failed.pk}/{deed}", BODIES.get(deed)).status_code == 403


@pytest.mark.parametrize("deed", DEEDS)
def test_what_may_not_be_seen_is_not_there(caller: Caller, deed: str) -> None:
    hidden = fail(make_shop("hidden"), "9999")

    assert caller.post(f"requests/{hidden.pk}/{deed}", BODIES.get(deed)).status_code == 404


def test_an_engineer_pauses_and_resumes(as_role: AsRole, shop: Integration) -> None:
    engineer = as_role(Role.ENGINEER)
    open_breaker()

    paused = engineer.post("sending/pause", {"reason": "Deploying."})

    assert paused.status_code == 200
    mine, host = paused.json()["gates"]
    assert (mine["scope"], mine["state"], mine["is_stopped"]) == ("integration", "paused", True)
    assert (mine["by"], mine["words"].endswith("Deploying.")) == (engineer.user.get_username(), True)
    assert (host["scope"], host["state"]) == ("host", "breaker")
    assert engineer.post("sending/pause", {"reason": "Again."}).status_code == 409
    assert engineer.get("sending").json() == paused.json()
    resumed = engineer.post("sending/resume")
    assert resumed.json()["gates"][0]["state"] == "fine"
    assert engineer.post("sending/resume").status_code == 409
    assert not Gate.objects.get(pk=gates.account_scope(shop.pk)).is_paused


def test_pausing_needs_the_role_engineer(caller: Caller) -> None:
    assert caller.post("sending/pause", {"reason": "Deploying."}).status_code == 403
    assert caller.post("sending/resume").status_code == 403
    assert not Gate.objects.exists()
