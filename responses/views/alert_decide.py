"""Decides about an alert: the page to which the links in messages lead. A GET only asks; a POST does it."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from ordergroove_monitor import client_address
from responses.insight import alerts, issues
from responses.models import Alert, User
from responses.views import alert_deeds, deeds, frame, links
from responses.views.frame import Frame

TOO_LATE = "Somebody else was faster: this is how it stands now."


class DecideForm(forms.Form):
    """What a button or the confirm page sends."""

    deed = forms.CharField(max_length=20)
    seen = forms.CharField(max_length=20)
    above = forms.IntegerField(
        required=False,
        min_value=1,
        max_value=deeds.MOST_AN_HOUR,
        error_messages={"invalid": "Write a whole number of failures."},
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("deed") == "mute-above" and "above" in cleaned and not cleaned["above"]:
            self.add_error("above", "Write above how many failures an hour it is news again.")
        return cleaned


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def alert_decide(request: HttpRequest, alert_id: int) -> HttpResponse:
    """Ask before something is decided; a POST decides, if the alert is still what the person saw."""
    assert isinstance(request.user, User)
    visible = Alert.objects.visible_to(request.user).select_related("integration", "issue", "acknowledged_by")
    alert = get_object_or_404(visible, pk=alert_id)
    page = frame.of(request, now=timezone.now(), about=alert.integration)
    if request.method != "POST":
        return render(request, "alerts/decide.html", asked(page, alert, request.GET.get("deed", "")))
    if not alert_deeds.may_decide(alert, page.user):
        raise PermissionDenied
    form = DecideForm(request.POST)
    if form.is_valid():
        done = decide(request, page, alert, form)
        if done is not None:
            (messages.success if done[0] else messages.warning)(request, done[1])
            return redirect(links.page(page, "alert-detail", alert.pk))
    context = asked(page, alert, request.POST.get("deed", "")) | {"form": form}
    return render(request, "alerts/decide.html", context, status=422)


def decide(request: HttpRequest, page: Frame, alert: Alert, form: DecideForm) -> tuple[bool, str] | None:
    """Return whether it was done and what to say; ``None`` where there is no such deed."""
    sent = form.cleaned_data
    if alert_deeds.seen(alert) != sent["seen"]:
        return False, TOO_LATE
    done = alert_deeds.do(sent["deed"], alert, page, address=client_address.of(request), above=sent["above"])
    return (False, TOO_LATE) if done is not None and not done[0] else done


def asked(page: Frame, alert: Alert, deed: str) -> dict[str, Any]:
    """Return what the confirm page shows: one decision, and the others as links."""
    key = deed.partition("-")[0]
    key = key if key in alert_deeds.WORDS else "acknowledge"
    hours = issues.hours([alert.issue.pk], now=page.now, count=24)[alert.issue.pk] if alert.issue is not None else ()
    choices = [alert_deeds.choice_of(name, alert) for name in alert_deeds.WORDS]
    return {
        "now": page.now,
        "alert": alert,
        "state": alerts.state_of(alert),
        "deed": deed,
        "choice": next(choice for choice in choices if choice.key == key),
        "means": alert_deeds.MEANS[key],
        "others": [
            (choice, links.page(page, "alert-decide", alert.pk, deed=choice.key))
            for choice in choices
            if choice.key != key and not choice.why_not
        ],
        "may_decide": alert_deeds.may_decide(alert, page.user),
        "seen": alert_deeds.seen(alert),
        "morning": deeds.morning(page.now, page.zone),
        "suggested": deeds.above_for(hours),
        "list_url": links.page(page, "alert-list"),
        "alert_url": links.page(page, "alert-detail", alert.pk),
    }
