from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from responses.models import User
from responses.views import demo

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)

pytestmark = pytest.mark.django_db


@pytest.fixture
def user(settings: Settings) -> User:
    settings.DEMO = True
    return User.objects.create_superuser("demo", "", None)


def link(user: User) -> str:
    return reverse("demo-sign-in", args=[demo.new_token(user)])


def is_signed_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


def test_the_link_signs_in_once(client: Client, user: User) -> None:
    target = link(user)

    assert client.get(target).status_code == 200
    assert not is_signed_in(client)
    answer = client.post(target)

    assert answer.status_code == 302
    assert is_signed_in(client)
    assert Client().post(target).status_code == 410
    assert Client().get(target).status_code == 410


def test_another_link_given_out_before_is_used_up_too(client: Client, user: User) -> None:
    first, second = link(user), link(user)
    client.post(first)

    assert Client().post(second).status_code == 410
    user.refresh_from_db()
    assert Client().post(link(user)).status_code == 302


def test_the_link_ends_after_an_hour(client: Client, user: User) -> None:
    with time_machine.travel(NOW, tick=False):
        target = link(user)
    with time_machine.travel(NOW + demo.VALID_FOR - timedelta(seconds=1), tick=False):
        assert client.get(target).status_code == 200
    with time_machine.travel(NOW + demo.VALID_FOR + timedelta(seconds=1), tick=False):
        assert client.get(target).status_code == 410


@pytest.mark.parametrize("token", ["x", "x:y:z", "W10:1:x"])
def test_a_forged_link_is_refused(client: Client, user: User, token: str) -> None:
    assert client.post(reverse("demo-sign-in", args=[token])).status_code == 410


def test_a_person_who_may_no_longer_sign_in_is_refused(client: Client, user: User) -> None:
    target = link(user)
    User.objects.update(is_active=False)

    assert client.post(target).status_code == 410


def test_there_is_no_such_page_where_the_data_is_real(client: Client, user: User, settings: Settings) -> None:
    target = link(user)
    settings.DEMO = False

    assert client.get(target).status_code == 404
    assert client.post(target).status_code == 404
    assert not is_signed_in(client)


def test_signing_in_needs_the_page_it_was_asked_on(user: User) -> None:
    assert Client(enforce_csrf_checks=True).post(link(user)).status_code == 403


def test_the_page_says_what_it_is_without_any_script(client: Client, user: User) -> None:
    page = client.get(link(user)).content.decode()

    assert "A living demo" in page
    assert "<script" not in page
