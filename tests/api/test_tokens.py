"""Who may call: tokens that are right, wrong, old, revoked, or somebody else's."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.test import Client

from responses.api import tokens
from responses.models import ApiToken, AuditEntry, Integration, Membership
from responses.models.api_token import new_api_token
from tests.api.conftest import Caller
from tests.factories import NOW, make_user

pytestmark = pytest.mark.django_db


def status_with(**fields: str) -> int:
    return Client(headers=fields).get("/api/v1/issues").status_code


def test_a_token_opens_what_its_person_may_see(caller: Caller) -> None:
    assert status_with(authorization=f"Bearer {caller.secret}") == 200
    assert status_with(authorization=f"bearer {caller.secret}") == 200


def test_only_a_hash_of_the_secret_is_kept(caller: Caller) -> None:
    secret = caller.secret.rsplit("_", 1)[1]

    assert secret not in str(list(ApiToken.objects.values()))
    assert len(caller.token.secret_hash) == 64


@pytest.mark.parametrize(
    "field",
    [
        "",
        "Bearer",
        "Bearer ",
        "Bearer x",
        "Basic YTpi",
        "Bearer ogp_abc_def",
        "Bearer ogp_" + "a" * 12 + "_" + "0" * 64,
        "Bearer ogm_" + "a" * 12 + "_" + "0" * 64,
        "Bearer ogp_" + "é" * 12 + "_" + "ü" * 64,
        "Bearer ogp_" + "\x00" * 12 + "_" + "\x00" * 64,
        "Bearer " + "x" * 10_000,
    ],
)
def test_anything_else_is_401_with_a_problem(field: str, caller: Caller) -> None:
    answer = Client(headers={"authorization": field}).get("/api/v1/issues")

    assert answer.status_code == 401
    assert answer["Content-Type"] == "application/problem+json"
    assert answer["WWW-Authenticate"].startswith("Bearer")
    assert answer.json()["request_id"] == answer["X-Request-ID"]


def test_a_wrong_secret_behind_a_right_prefix_is_401(caller: Caller) -> None:
    prefix = caller.token.prefix

    assert status_with(authorization=f"Bearer ogp_{prefix}_{'0' * 64}") == 401


def test_a_token_that_is_revoked_or_expired_or_whose_person_left_is_401(caller: Caller) -> None:
    def now_is(**values: object) -> int:
        ApiToken.objects.filter(pk=caller.token.pk).update(revoked_at=None, expires_at=None)
        ApiToken.objects.filter(pk=caller.token.pk).update(**values)
        with time_machine.travel(NOW, tick=False):
            return int(caller.get("issues").status_code)

    assert now_is(expires_at=NOW + timedelta(seconds=1)) == 200
    assert now_is(expires_at=NOW) == 401
    assert now_is(revoked_at=NOW) == 401
    assert now_is() == 200
    caller.user.is_active = False
    caller.user.save()
    assert now_is() == 401


def test_a_session_alone_opens_nothing(caller: Caller) -> None:
    client = Client()
    client.force_login(caller.user)

    assert client.get("/api/v1/issues").status_code == 401


def test_use_is_noted_at_most_once_a_minute(caller: Caller) -> None:
    def used_after(seconds: int) -> object:
        with time_machine.travel(NOW + timedelta(seconds=seconds), tick=False):
            caller.get("issues")
        return ApiToken.objects.get().last_used_at

    assert used_after(0) == NOW
    assert used_after(59) == NOW
    assert used_after(60) == NOW + timedelta(seconds=60)


def test_a_token_loses_what_its_person_loses(caller: Caller, shop: Integration) -> None:
    Membership.objects.all().delete()

    assert caller.get("issues", integration="shop").status_code == 404


def test_making_and_revoking_is_written_down_without_the_secret() -> None:
    user = make_user()
    token, secret = tokens.make(user, name="report", expires_at=None, address="10.0.0.1", now=NOW)

    assert tokens.revoke(token, user, address="10.0.0.1", now=NOW)
    assert not tokens.revoke(token, user, address="10.0.0.1", now=NOW)
    entries = list(AuditEntry.objects.order_by("id").values())
    assert [entry["action"] for entry in entries] == ["token.added", "token.revoked"]
    assert secret.rsplit("_", 1)[1] not in str(entries)
    assert tokens.person_of(secret, now=NOW) is None


def test_nobody_revokes_somebody_elses_token(caller: Caller) -> None:
    assert not tokens.revoke(caller.token, make_user(is_superuser=True), address="", now=NOW)
    assert ApiToken.objects.usable(NOW).count() == 1


def test_a_persons_token_is_seen_by_nobody_else(caller: Caller) -> None:
    other = make_user(is_superuser=True)
    new_api_token(other, name="theirs", expires_at=None, now=NOW)

    assert [token.name for token in ApiToken.objects.visible_to(other)] == ["theirs"]
    assert [token.name for token in ApiToken.objects.visible_to(caller.user)] == ["script"]
