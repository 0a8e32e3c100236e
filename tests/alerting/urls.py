"""The addresses that messages lead to."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.urls import path


def _page(request: HttpRequest, **values: int) -> HttpResponse:
    return HttpResponse()


urlpatterns = [
    path("issues/<int:issue_id>/", _page, name="issue-detail"),
    path("settings/channels/", _page, name="channel-list"),
]
