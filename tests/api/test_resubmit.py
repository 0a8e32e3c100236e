"""``/api/v1/requests/{id}/correction`` and ``/resubmit``."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import time_machine

from responses.models import AuditEntry, FailedRequest, IntakeKey, Integration, Resubmission, Role
from tests.api.conftest import Caller
from tests.factories import NOW, make_partial, make_refusal
from tests.views.resending import fail, make_shop, open_breaker

pytestmark = pytest.mark.django_db
AsRole = Callable[[Role], Caller]


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
    return fail(both, "1001", make_refusal("1001"))


def opened(caller: Caller, failed: FailedRequest, **query: Any) -> Any:
    answer = caller.get(f"requests/{failed.pk}/correction", **query)
    assert answer.status_code == 200, answer.content
    return answer.json()


def test_a_request_is_shown_as_data_to_correct(caller: Caller, failed: FailedRequest) -> None:
    found = opened(caller, failed)

    assert found["failing"] == [{"path": "/session_id", "words": "Session id cannot be null"}]
    assert found["document"]["payment"]["token_id"] == "‹locked: payment token›"
    assert found["order_id"] == "1001"
    assert all(check["is_good"] for check in found["checks"])


def test_changes_are_sent(caller: Caller, failed: FailedRequest) -> None:
    answer = caller.post(
        f"requests/{failed.pk}/resubmit",
        {"changes": [{"path": "/session_id", "value": "m.1.2"}, {"path": "/products/0/n", "value": 3}]},
    )

    assert answer.status_code == 200, answer.content
    assert answer.json()["state"] == "retrying"
    assert answer.json()["resends"][0]["kind"] == "correction"
    assert {change["path"] for change in Resubmission.objects.get().changes} == {"/session_id", "/products/0/n"}
    assert AuditEntry.objects.get(action="request.correction_approved").actor == caller.user.get_username()


def test_a_whole_document_is_sent(caller: Caller, failed: FailedRequest) -> None:
    found = opened(caller, failed)
    body = {"document": found["document"] | {"session_id": "m.1.2"}, "saw": found["saw"]}

    assert caller.post(f"requests/{failed.pk}/resubmit", body).status_code == 200


def test_only_the_failed_go_out_under_a_new_order_id(caller: Caller, both: tuple[Integration, IntakeKey]) -> None:
    partial = fail(both, "1002", make_partial("1002"))

    found = opened(caller, partial, only_failed="true")
    assert (found["order_id"], found["kept"], found["sent"]) == ("1002-r1", 1, 1)
    body = {"changes": [{"path": "/products/0/product", "value": "99"}], "only_failed": True}
    assert caller.post(f"requests/{partial.pk}/resubmit", body).status_code == 200
    whole = caller.post(f"requests/{partial.pk}/resubmit", {"changes": [{"path": "/a", "value": 1}]})
    assert whole.status_code == 409


def test_one_key_is_one_send(caller: Caller, failed: FailedRequest) -> None:
    body = {"changes": [{"path": "/session_id", "value": "m.1.2"}], "idempotency_key": "mine"}

    answers = [caller.post(f"requests/{failed.pk}/resubmit", body) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert Resubmission.objects.count() == 1


def test_what_is_wrong_is_named_by_its_place(caller: Caller, failed: FailedRequest) -> None:
    answer = caller.post(
        f"requests/{failed.pk}/resubmit", {"changes": [{"path": "/payment/token_id", "value": "mine"}]}
    )

    assert answer.status_code == 409
    assert {error["pointer"] for error in answer.json()["errors"]} == {"/document/payment/token_id"}
    assert not Resubmission.objects.exists()


def test_a_place_that_is_not_there_is_refused(caller: Caller, failed: FailedRequest) -> None:
    answer = caller.post(f"requests/{failed.pk}/resubmit", {"changes": [{"path": "/products/7/sku", "value": "x"}]})

    assert answer.status_code == 409


@pytest.mark.parametrize(
    "body",
    [{"changes": [{"path": "a", "value": 1}]}, {"document": "text"}, {"document": {}, "other": 1}],
)
def test_a_body_that_does_not_fit_is_refused(caller: Caller, failed: FailedRequest, body: Any) -> None:
    assert caller.post(f"requests/{failed.pk}/resubmit", body).status_code == 422


def test_what_speaks_against_it_is_said(caller: Caller, failed: FailedRequest) -> None:
    open_breaker()

    answer = caller.post(f"requests/{failed.pk}/resubmit", {"changes": [{"path": "/session_id", "value": "m.1.2"}]})

    assert answer.status_code == 409
    assert [error["code"] for error in answer.json()["errors"]] == ["breaker"]


@pytest.mark.parametrize("body", [{}, {"changes": []}, {"changes": [{"path": "/merchant_order_id", "value": "1001"}]}])
def test_what_was_not_changed_is_not_sent(caller: Caller, failed: FailedRequest, body: Any) -> None:
    answer = caller.post(f"requests/{failed.pk}/resubmit", body)

    assert answer.status_code == 409
    assert answer.json()["errors"][0]["code"] == "unchanged"


def test_a_request_that_has_changed_since_is_refused(caller: Caller, failed: FailedRequest) -> None:
    body = {"changes": [{"path": "/session_id", "value": "m.1.2"}], "saw": "waiting:0:None"}

    answer = caller.post(f"requests/{failed.pk}/resubmit", body)

    assert answer.status_code == 409
    assert answer.json()["errors"][0]["code"] == "changed"


def test_what_is_no_longer_kept_cannot_be_corrected(caller: Caller, failed: FailedRequest) -> None:
    FailedRequest.objects.update(seal_id=None)

    assert caller.get(f"requests/{failed.pk}/correction").status_code == 409


def test_a_viewer_may_not_and_a_stranger_sees_nothing(
    as_role: AsRole, failed: FailedRequest, both: tuple[Integration, IntakeKey]
) -> None:
    viewer = as_role(Role.VIEWER)
    other = fail(make_shop("other"), "1", make_refusal("1"))
    body = {"changes": [{"path": "/session_id", "value": "m.1.2"}]}

    assert viewer.get(f"requests/{failed.pk}/correction").status_code == 403
    assert viewer.post(f"requests/{failed.pk}/resubmit", body).status_code == 403
    assert as_role(Role.ADMIN).get(f"requests/{other.pk}/correction").status_code == 404
    assert as_role(Role.ADMIN).post(f"requests/{other.pk}/resubmit", body).status_code == 404
