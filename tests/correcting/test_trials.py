"""Trying a correction on staging first: never production, never recorded, never twice."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from django.core.exceptions import PermissionDenied

from responses.correcting import trials
from responses.models import Attempt, Integration, Resend, Response, Role, Trial, User
from responses.sending import credentials
from responses.sending.wishes import Deed
from tests.correcting.mending import edited, refused, session
from tests.factories import make_integration, make_user
from tests.following.buying import after
from tests.retrying import again
from tests.retrying.again import Clock, Shop, Upstream, codes

pytestmark = pytest.mark.django_db


@pytest.fixture
def stage() -> Iterator[Upstream]:
    with again.running() as running:
        yield running


@pytest.fixture
def staging(stage: Upstream, ada: User) -> Integration:
    made = make_integration(
        "staging",
        environment="staging",
        merchant_id="staging-merchant",
        hosts=dict.fromkeys(("sc", "restapi"), stage.url),
    )
    credentials.keep_api_key(made, "the-key-of-staging-0001")
    made.save()
    made.memberships.create(user=ada, role=Role.SUPPORT)
    return made


def ask(shop: Shop, ada: User, staging: Integration, nonce: str = "t1") -> Deed:
    request = shop.integration.failed_requests.first() or refused(shop)
    return trials.ask(
        request,
        User.objects.get(pk=ada.pk),
        staging=staging,
        text=edited(request, session),
        only_failed=False,
        nonce=nonce,
        now=after(5),
    )


def test_a_correction_is_tried_with_stagings_merchant_and_key(
    shop: Shop, ada: User, staging: Integration, stage: Upstream, upstream: Upstream
) -> None:
    stage.always = again.reply(400, {"error_message": "Expiration date is not valid, received: 4111111111111111"})
    assert ask(shop, ada, staging).is_done
    recorded = Response.objects.count()
    assert trials.run_due(clock=Clock(after(6))) == 1
    [got] = stage.received
    sent = json.loads(got.body)
    assert (sent["merchant_id"], sent["session_id"]) == ("staging-merchant", "shop.1.1700000000")
    assert got.fields["x-api-key"] == "the-key-of-staging-0001"
    trial = Trial.objects.get()
    assert (trial.state, trial.status_code, trial.outcome, bytes(trial.sealed)) == ("answered", 400, "needs_fix", b"")
    assert "4111111111111111" not in trial.answer + trial.words
    assert upstream.received == []
    assert (Response.objects.count(), Resend.objects.count(), Attempt.objects.count()) == (recorded, 0, 0)
    assert shop.integration.failed_requests.get().state == "needs_fix"


def test_the_same_form_twice_is_tried_once(shop: Shop, ada: User, staging: Integration, stage: Upstream) -> None:
    assert ask(shop, ada, staging).is_done
    assert ask(shop, ada, staging).is_done
    trials.run_due(clock=Clock(after(6)))
    trials.run_due(clock=Clock(after(7)))
    assert len(stage.received) == 1


def test_nothing_is_tried_at_a_host_that_is_somebodys_production(
    shop: Shop, ada: User, staging: Integration, stage: Upstream, upstream: Upstream
) -> None:
    staging.hosts = {"sc": upstream.url}
    staging.save()
    assert codes(ask(shop, ada, staging).reasons) == ["staging"]
    assert not Trial.objects.exists()


def test_a_host_that_became_production_is_not_sent_to(
    shop: Shop, ada: User, staging: Integration, stage: Upstream
) -> None:
    assert ask(shop, ada, staging).is_done
    Integration.objects.filter(pk=staging.pk).update(environment="production")
    assert trials.run_due(clock=Clock(after(6))) == 0
    assert (Trial.objects.get().state, stage.received) == ("failed", [])


def test_only_who_may_in_both_may_try(shop: Shop, ada: User, staging: Integration) -> None:
    staging.memberships.all().delete()
    request = refused(shop)
    assert trials.stagings(request, User.objects.get(pk=ada.pk)) == []
    with pytest.raises(PermissionDenied):
        ask(shop, ada, staging)
    with pytest.raises(PermissionDenied):
        ask(shop, make_user(role=Role.ADMIN, integration=staging), staging)


def test_what_a_worker_left_behind_is_not_tried_again(
    shop: Shop, ada: User, staging: Integration, stage: Upstream
) -> None:
    assert ask(shop, ada, staging).is_done
    Trial.objects.update(state="sending", lease_until=after(60))
    trials.run_due(clock=Clock(after(61)))
    trial = Trial.objects.get()
    assert (trial.state, stage.received) == ("failed", [])
    assert "stopped" in trial.words


def test_no_answer_is_told(shop: Shop, ada: User, staging: Integration, stage: Upstream) -> None:
    stage.always = lambda _: None
    assert ask(shop, ada, staging).is_done
    trials.run_due(clock=Clock(after(6)))
    assert (Trial.objects.get().state, Trial.objects.get().status_code) == ("failed", None)
