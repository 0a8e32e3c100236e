"""The addresses that messages lead to."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.urls import path


def _page(request: HttpRequest, **values: int) -> HttpResponse:
    return HttpResponse()


urlpatterns = [
    path("issues/<int:issue_id>/", _page, name="issue-detail"),
    path("alerts/", _page, name="alert-list"),
    path("alerts/<int:alert_id>/", _page, name="alert-detail"),
    path("alerts/<int:alert_id>/decide/", _page, name="alert-decide"),
    path("fix/", _page, name="fix-list"),
    path("retries/", _page, name="retry-list"),
    path("responses/", _page, name="response-list"),
    path("", _page, name="overview"),
    path("settings/channels/", _page, name="channel-list"),
    path("alerts/", _page, name="alert-list"),
    path("alerts/<int:alert_id>/", _page, name="alert-detail"),
    path("alerts/<int:alert_id>/decide/", _page, name="alert-decide"),
    path("fix/", _page, name="fix-list"),
    path("retries/", _page, name="retry-list"),
    path("responses/", _page, name="response-list"),
    path("", _page, name="overview"),
]
