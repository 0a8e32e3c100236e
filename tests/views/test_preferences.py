"""A person's own theme and time zone."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.messages.storage.cookie import CookieStorage
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory
from pytest_django import Settings

from responses.models import User
from responses.views import preferences

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _addresses(settings: Settings) -> None:
    settings.ROOT_URLCONF = "tests.views.look.pages"


@pytest.fixture
def sam() -> User:
    return User.objects.create_user("sam", password="only for tests", time_zone="Europe/Berlin", theme="auto")


def send(user: User, data: dict[str, Any]) -> HttpResponse:
    request: HttpRequest = RequestFactory().post("/preferences/", data)
    request.user = user
    request._messages = CookieStorage(request)  # type: ignore[attr-defined]  # what the middleware would set
    return preferences.preferences(request)


def test_the_menu_changes_the_theme_alone_and_goes_back_to_the_page(sam: User) -> None:
    response = send(sam, {"theme": "dark", "next": "/issues/?state=open"})

    sam.refresh_from_db()
    assert (sam.theme, sam.time_zone) == ("dark", "Europe/Berlin")
    assert (response.status_code, response["Location"]) == (302, "/issues/?state=open")


def test_the_page_changes_the_zone(sam: User) -> None:
    response = send(sam, {"theme": "light", "time_zone": "Asia/Tokyo"})

    sam.refresh_from_db()
    assert (sam.theme, sam.time_zone) == ("light", "Asia/Tokyo")
    assert response["Location"] == "/preferences/"


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example/", "javascript:alert(1)"])
def test_it_never_leads_to_another_host(sam: User, target: str) -> None:
    assert send(sam, {"theme": "dark", "next": target})["Location"] == "/preferences/"


def test_only_these_two_can_be_changed(sam: User) -> None:
    send(sam, {"theme": "dark", "is_superuser": "on", "username": "root"})

    sam.refresh_from_db()
    assert (sam.username, sam.is_superuser) == ("sam", False)


@pytest.mark.parametrize("wrong", [{"theme": "pink"}, {"time_zone": "Mars/Olympus"}])
def test_a_value_that_does_not_exist_is_refused(wrong: dict[str, str]) -> None:
    sent = {"theme": "auto", "time_zone": "UTC"} | wrong

    assert not preferences.PreferencesForm(sent, chosen="UTC").is_valid()


def test_a_zone_that_is_no_longer_listed_stays_possible() -> None:
    assert preferences.PreferencesForm({"theme": "dark", "time_zone": "Old/Place"}, chosen="Old/Place").is_valid()


def test_the_zones_have_places_in_their_names() -> None:
    names = dict(preferences.zones())

    assert names["America/New_York"] == "America/New York"
    assert not [name for name in names if name.startswith("Etc/")]
