"""The addresses that messages lead to."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.urls import path


def _page(request: HttpRequest, **values: int) -> HttpResponse:
    return HttpResponse()


urlpatterns = [
    path("", _page, name="overview"),
    path("alerts/", _page, name="alert-list"),
    path("alerts/<int:alert_id>/", _page, name="alert-detail"),
    path("alerts/<int:alert_id>/decide/", _page, name="alert-decide"),
    path("fix/", _page, name="fix-list"),
    path("issues/<int:issue_id>/", _page, name="issue-detail"),
    path("requests/<int:request_id>/", _page, name="request-detail"),
    path("responses/", _page, name="response-list"),
    path("retries/", _page, name="retry-list"),
    path("settings/channels/", _page, name="channel-list"),
]
