"""Shows times in the zone that the signed-in person chose. Decides nothing else."""

from __future__ import annotations

import zoneinfo
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone


def zone_of(name: str) -> zoneinfo.ZoneInfo:
    """The zone of that name, UTC where this machine does not know it."""
    try:
        return zoneinfo.ZoneInfo(name)
    except (ValueError, OSError, zoneinfo.ZoneInfoNotFoundError):
        return zoneinfo.ZoneInfo("UTC")


def middleware(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Activate the person's zone for one request; it stands after AuthenticationMiddleware."""

    def handle(request: HttpRequest) -> HttpResponse:
        name = request.user.time_zone if request.user.is_authenticated else settings.DISPLAY_TIME_ZONE
        with timezone.override(zone_of(name)):
            return get_response(request)

    return handle
