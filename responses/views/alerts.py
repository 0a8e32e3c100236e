"""Alerts: the history of what was told, and one alert with its thread."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from responses.models import Alert, User
from responses.views import alert_pages, frame, parts


@login_required
@require_safe
def alert_list(request: HttpRequest) -> HttpResponse:
    """List the alerts of one integration; to htmx only the list, or 204 when nothing has changed."""
    page = frame.of(request, now=timezone.now())
    if page.integration is None:
        return render(request, "overview/nothing.html", {"now": page.now})
    context = alert_pages.listed(page, page.integration, alert_pages.chosen_by(request.GET))
    if parts.is_unchanged(request, context["seen"]):
        return HttpResponse(status=204)
    return parts.respond(request, context, page="alerts/list.html", part="alerts/_list.html")


@login_required
@require_safe
def alert_detail(request: HttpRequest, alert_id: int) -> HttpResponse:
    """Show one alert with its thread; to htmx its living part, or 204 when nothing has changed."""
    assert isinstance(request.user, User)
    visible = Alert.objects.visible_to(request.user)
    found = visible.select_related("integration", "issue", "failed_request", "rule__integration", "acknowledged_by")
    alert = get_object_or_404(found, pk=alert_id)
    page = frame.of(request, now=timezone.now(), about=alert.integration)
    context = alert_pages.shown(page, alert)
    if parts.is_unchanged(request, context["seen"]):
        return HttpResponse(status=204)
    return parts.respond(request, context, page="alerts/detail.html", part="alerts/_detail.html")
