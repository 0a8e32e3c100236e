from __future__ import annotations

import pytest
from django.contrib.auth import authenticate
from django.test import RequestFactory

from responses.management import first_run, words
from responses.models import IntakeKey, Integration, User
from responses.models.integration import parts_of_key

pytestmark = pytest.mark.django_db


def test_a_new_install_gets_an_admin_an_integration_and_its_key() -> None:
    made = first_run.prepare()

    user = User.objects.get()
    assert user.is_superuser
    assert authenticate(RequestFactory().post("/"), username="admin", password=made.password) == user
    parts = parts_of_key(made.intake_key)
    assert parts is not None
    key = IntakeKey.objects.get(integration__slug="my-shop", prefix=parts[0])
    assert key.matches(parts[1])
    assert not key.may_retry


def test_a_second_time_nothing_is_made() -> None:
    first_run.prepare()

    assert first_run.prepare() == first_run.FirstRun(password="", intake_key="")
    assert (User.objects.count(), Integration.objects.count(), IntakeKey.objects.count()) == (1, 1, 1)


def test_passwords_are_long_and_differ() -> None:
    first = first_run.prepare().password
    User.objects.all().delete()

    assert first_run.prepare().password != first
    assert len(first) >= 20


def test_the_words_hold_a_secret_only_once() -> None:
    made = first_run.FirstRun(password="the-password", intake_key="the-key")

    first = "\n".join(words.after_start(made, "http://127.0.0.1:8000"))
    later = "\n".join(words.after_start(first_run.FirstRun(), "http://127.0.0.1:8000"))

    assert first.count("the-password") == first.count("the-key") == 1
    assert "curl" in first
    assert "curl" not in later
    assert "changepassword" in later


def test_the_command_can_be_pasted_into_a_shell() -> None:
    command = words.curl("http://127.0.0.1:8000", "key")

    # Quoted by apostrophes, so none may stand inside.
    assert command.count("'") == 6
