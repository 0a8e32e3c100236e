"""What a person sets for themselves: the theme and the time zone."""

from __future__ import annotations

import zoneinfo
from collections.abc import Mapping

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_http_methods

from responses.models import User


def zones() -> list[tuple[str, str]]:
    """The zones with a place in their name, which are the ones people know, and UTC."""
    names = sorted(name for name in zoneinfo.available_timezones() if "/" in name and not name.startswith("Etc/"))
    return [("UTC", "UTC"), *((name, name.replace("_", " ")) for name in names)]


class PreferencesForm(forms.Form):
    """Theme and time zone. ``chosen`` is the zone in force: it stays possible when it is no longer listed."""

    theme = forms.ChoiceField(label="Theme", choices=User.Theme.choices)
    time_zone = forms.ChoiceField(label="Time zone", help_text="Every time is shown in it; nothing is stored in it.")

    def __init__(self, data: Mapping[str, str], *, chosen: str) -> None:
        super().__init__(data)
        known = zones()
        field = self.fields["time_zone"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = known if chosen in dict(known) else [(chosen, chosen), *known]


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def preferences(request: HttpRequest) -> HttpResponse:
    """Show and save them. A POST with only some of the fields leaves the others as they are."""
    assert isinstance(request.user, User)
    user = request.user
    values = {"theme": user.theme, "time_zone": user.time_zone}
    if request.method != "POST":
        return render(request, "preferences.html", {"form": PreferencesForm(values, chosen=user.time_zone)})
    sent = values | {name: request.POST[name] for name in values if name in request.POST}
    form = PreferencesForm(sent, chosen=user.time_zone)
    if not form.is_valid():
        return render(request, "preferences.html", {"form": form}, status=422)
    user.theme, user.time_zone = form.cleaned_data["theme"], form.cleaned_data["time_zone"]
    user.save(update_fields=list(values))
    target = request.POST.get("next", "")
    if target and url_has_allowed_host_and_scheme(target, allowed_hosts={request.get_host()}):
        return redirect(target)
    messages.success(request, "Saved.")
    return redirect("preferences")
