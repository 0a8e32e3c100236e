"""The page of one's own API tokens: made after the password, shown once, revoked for good."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from responses.api import tokens
from responses.models import ApiToken, AuditEntry, Role, User
from tests.factories import PASSWORD, make_integration, make_user

pytestmark = pytest.mark.django_db
PAGE = "/settings/tokens/"


@pytest.fixture
def ada() -> User:
    return make_user("ada", role=Role.VIEWER, integration=make_integration("shop"))


def signed_in(user: User, *, minutes_ago: int = 0) -> Client:
    client = Client()
    client.force_login(user)
    User.objects.filter(pk=user.pk).update(last_login=timezone.now() - timedelta(minutes=minutes_ago))
    return client


def shown_token(content: bytes) -> str:
    found: set[str] = set(re.findall(r"ogp_[a-z0-9]{12}_[0-9a-f]{64}", content.decode()))
    assert len(found) == 1
    return found.pop()


def test_a_token_is_shown_once_and_works(ada: User) -> None:
    client = signed_in(ada)

    made = client.post(PAGE, {"name": "weekly report", "lifetime": "30"})

    token = shown_token(made.content)
    row = ApiToken.objects.get()
    assert made.status_code == 200
    assert "no-store" in made["Cache-Control"]
    assert row.name == "weekly report"
    assert row.expires_at is not None
    assert timedelta(days=29) < row.expires_at - timezone.now() <= timedelta(days=30)
    assert tokens.person_of(token, now=timezone.now()) == ada
    again = client.get(PAGE).content.decode()
    assert token not in again
    assert f"ogp_{row.prefix}_…" in again
    assert AuditEntry.objects.get().action == "token.added"


def test_a_token_may_last_until_it_is_revoked(ada: User) -> None:
    signed_in(ada).post(PAGE, {"name": "x", "lifetime": "never"})

    assert ApiToken.objects.get().expires_at is None


def test_who_signed_in_long_ago_gives_the_password_again(ada: User) -> None:
    client = signed_in(ada, minutes_ago=20)
    without = client.post(PAGE, {"name": "x", "lifetime": "30"})
    wrong = client.post(PAGE, {"name": "x", "lifetime": "30", "password": "guess"})

    assert (without.status_code, wrong.status_code) == (422, 422)
    assert b"That is not your password." in wrong.content
    assert not ApiToken.objects.exists()
    client.post(PAGE, {"name": "x", "lifetime": "30", "password": PASSWORD})
    assert ApiToken.objects.count() == 1


@pytest.mark.parametrize(
    "sent",
    [
        {"name": "", "lifetime": "30"},
        {"name": "x" * 121, "lifetime": "30"},
        {"name": "a\x00b", "lifetime": "30"},
        {"name": "x", "lifetime": "10" * 30},
        {"name": "x"},
    ],
)
def test_what_does_not_fit_is_422(ada: User, sent: dict[str, str]) -> None:
    assert signed_in(ada).post(PAGE, sent).status_code == 422
    assert not ApiToken.objects.exists()


def test_there_is_an_end_to_how_many_one_can_have(ada: User) -> None:
    now = timezone.now()
    for number in range(tokens.MOST):
        tokens.make(ada, name=str(number), expires_at=None, address="", now=now)

    answer = signed_in(ada).post(PAGE, {"name": "one more", "lifetime": "30"})

    assert answer.status_code == 422
    assert b"revoke one" in answer.content


def test_revoking_is_final_and_only_ones_own(ada: User) -> None:
    mine, _ = tokens.make(ada, name="mine", expires_at=None, address="", now=timezone.now())
    stranger = signed_in(make_user("eve", is_superuser=True))

    assert stranger.post(f"{PAGE}{mine.pk}/revoke/").status_code == 404
    assert stranger.get(f"{PAGE}{mine.pk}/revoke/").status_code == 405
    assert b"mine" not in stranger.get(PAGE).content
    assert signed_in(ada).post(f"{PAGE}{mine.pk}/revoke/").status_code == 302
    assert not ApiToken.objects.usable(timezone.now()).exists()
    assert b"revoked" in signed_in(ada).get(PAGE).content


def test_who_sees_no_integration_still_has_the_page() -> None:
    assert signed_in(make_user("new")).get(PAGE).status_code == 200


def test_nobody_gets_in_without_signing_in() -> None:
    assert Client().get(PAGE).status_code == 302
    assert Client().post(f"{PAGE}1/revoke/").status_code == 302


def test_the_list_asks_the_same_number_of_queries_for_1_and_for_20_tokens(ada: User) -> None:
    client = signed_in(ada)
    counts = []
    for number in (1, 20):
        for _ in range(number):
            tokens.make(ada, name="x", expires_at=None, address="", now=timezone.now())
        with CaptureQueriesContext(connection) as captured:
            client.get(PAGE)
        counts.append(len(captured))

    assert counts[0] == counts[1]
