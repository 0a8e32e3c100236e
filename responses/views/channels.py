"""Channels: where new and returning issues are announced. A test is only asked for here; a task sends it."""

from __future__ import annotations

import msgspec
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from ordergroove_monitor import client_address
from responses import tasks
from responses.alerting import setup
from responses.audit import Doer
from responses.forms.channel import EVERY, ChannelForm
from responses.models import Channel, Delivery, Integration, Role, User
from responses.views import frame, links, settings_tabs
from responses.views.frame import Frame

REFRESH_SECONDS = 2


class Row(msgspec.Struct, frozen=True):
    """A channel as the list shows it, and what the person may do with it."""

    channel: Channel
    state: str
    tone: str
    icon: str
    may_change: bool
    test: Delivery | None = None
    test_url: str = ""


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def channel_list(request: HttpRequest) -> HttpResponse:
    """Show the channels that hear about one integration; a POST adds one."""
    page = frame.of(request, now=timezone.now())
    if page.integration is None:
        return render(request, "overview/nothing.html", {"now": page.now})
    form = None
    if page.may(Role.ENGINEER):
        data = request.POST if request.method == "POST" else None
        form = ChannelForm(data, integration=page.integration.name, may_hear_all=page.user.is_superuser)
    if request.method == "POST":
        if form is None:
            raise PermissionDenied
        if form.is_valid():
            return _add(request, page, form)
    tested = request.GET.get("tested", "")[:19]  # Python refuses to read a number of thousands of digits
    context = {
        "now": page.now,
        "tabs": settings_tabs.of(page, "channel-list"),
        "integration": page.integration,
        "rows": _rows(page, page.integration, tested=int(tested) if tested.isascii() and tested.isdigit() else 0),
        "form": form,
        "live_every": REFRESH_SECONDS,
    }
    return render(request, "settings/channels.html", context, status=422 if form and form.errors else 200)


@login_required
@require_safe
def test_result(request: HttpRequest, delivery_id: int) -> HttpResponse:
    """Answer htmx how a test went."""
    page = frame.of(request, now=timezone.now())
    visible = Channel.objects.visible_to(page.user)
    delivery = get_object_or_404(Delivery, pk=delivery_id, channel__in=visible, transition=None)
    context = {"now": page.now, "test": delivery, "test_url": request.get_full_path(), "live_every": REFRESH_SECONDS}
    return render(request, "settings/_test_result.html", context)


@login_required
@require_POST
def test(request: HttpRequest, channel_id: int) -> HttpResponse:
    """Ask for a test message."""
    page, channel = _changeable(request, channel_id)
    with transaction.atomic():
        delivery = setup.ask_for_test(channel, doer=_doer(request), now=page.now)
        transaction.on_commit(lambda: tasks.send_soon(delivery.pk))
    return redirect(links.page(page, "channel-list", tested=delivery.pk) + f"#channel-{channel.pk}")


@login_required
@require_POST
def switch(request: HttpRequest, channel_id: int) -> HttpResponse:
    """Switch a channel on or off."""
    page, channel = _changeable(request, channel_id)
    is_on = request.POST.get("is_on") == "yes"
    setup.switch(channel, is_on=is_on, doer=_doer(request), now=page.now)
    messages.success(request, f"“{channel.name}” is {'on' if is_on else 'off'}.")
    return redirect(links.page(page, "channel-list"))


@login_required
@require_POST
def remove(request: HttpRequest, channel_id: int) -> HttpResponse:
    """Remove a channel."""
    page, channel = _changeable(request, channel_id)
    setup.remove(channel, doer=_doer(request), now=page.now)
    messages.success(request, f"“{channel.name}” is removed.")
    return redirect(links.page(page, "channel-list"))


def _add(request: HttpRequest, page: Frame, form: ChannelForm) -> HttpResponse:
    given = form.cleaned_data
    channel = setup.add(
        Channel.Kind(given["kind"]),
        given["target"],
        name=given["name"],
        integration=None if given["scope"] == EVERY else page.integration,
        doer=_doer(request),
        now=page.now,
    )
    messages.success(request, f"“{channel.name}” is added. Send it a test.")
    return redirect(links.page(page, "channel-list") + f"#channel-{channel.pk}")


def _rows(page: Frame, integration: Integration, *, tested: int) -> list[Row]:
    """The channels that hear about an integration, its own first."""
    heard = Channel.objects.visible_to(page.user).kept().filter(integration_id=integration.pk)
    of_all = Channel.objects.visible_to(page.user).kept().filter(integration__isnull=True)
    test = Delivery.objects.filter(pk=tested, transition=None).first() if tested else None
    return [_row(page, channel, test) for channel in [*heard.order_by("name", "id"), *of_all.order_by("name", "id")]]


def _row(page: Frame, channel: Channel, test: Delivery | None) -> Row:
    state, tone, icon = "On", "success", "circle-check"
    if not channel.is_on:
        state, tone, icon = "Off", "unknown", "player-pause"
    elif channel.is_failing:
        state, tone, icon = "Failing", "needs_fix", "alert-triangle"
    mine = test if test is not None and test.channel_id == channel.pk else None
    url = links.page(page, "channel-test-result", mine.pk) if mine is not None else ""
    return Row(channel, state, tone, icon, _may_change(page.user, channel), mine, url)


def _may_change(user: User, channel: Channel) -> bool:
    if channel.integration_id is None:
        return user.is_superuser
    return user.has_role(channel.integration_id, Role.ENGINEER)


def _changeable(request: HttpRequest, channel_id: int) -> tuple[Frame, Channel]:
    """The channel of an address: 404 for whoever may not see it, 403 for whoever may not change it."""
    assert isinstance(request.user, User)
    visible = Channel.objects.visible_to(request.user).kept()
    channel = get_object_or_404(visible.select_related("integration"), pk=channel_id)
    page = frame.of(request, now=timezone.now(), about=channel.integration)
    if not _may_change(page.user, channel):
        raise PermissionDenied
    return page, channel


def _doer(request: HttpRequest) -> Doer:
    assert isinstance(request.user, User)
    return Doer(request.user, client_address.of(request))
