"""Times are shown in the viewer's zone."""

from __future__ import annotations

from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory
from django.utils import timezone
from pytest_django import Settings

from responses.models import User
from responses.views import zones


def zone_for(user: User | AnonymousUser) -> str:
    request = RequestFactory().get("/")
    request.user = user
    seen: list[str] = []

    def page(request: HttpRequest) -> HttpResponse:
        seen.append(timezone.get_current_timezone_name())
        return HttpResponse()

    zones.middleware(page)(request)
    return seen[0]


def test_the_persons_zone_holds_for_the_request_only() -> None:
    before = timezone.get_current_timezone_name()

    assert zone_for(User(time_zone="America/New_York")) == "America/New_York"
    assert timezone.get_current_timezone_name() == before


def test_before_signing_in_the_installs_zone_holds(settings: Settings) -> None:
    settings.DISPLAY_TIME_ZONE = "Europe/Berlin"

    assert zone_for(AnonymousUser()) == "Europe/Berlin"


def test_a_zone_that_no_machine_knows_is_utc() -> None:
    assert zone_for(User(time_zone="Mars/Olympus")) == "UTC"
    assert zone_for(User(time_zone="")) == "UTC"
    assert zone_for(User(time_zone="../../etc/passwd")) == "UTC"
