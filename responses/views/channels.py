"""Channels: where messages go. A test is only asked for here; a task sends it."""

from __future__ import annotations

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
from responses.alerting.channels import kinds
from responses.audit import Doer
from responses.forms.channel import ChannelChangeForm, ChannelForm
from responses.models import Channel, Delivery, Integration, Role, User
from responses.views import alert_tabs, channel_rows, frame, links
from responses.views.frame import Frame


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def channel_list(request: HttpRequest) -> HttpResponse:
    """Show the channels that hear about one integration; a POST adds one."""
    page = frame.of(request, now=timezone.now())
    if page.integration is None:
        return render(request, "overview/nothing.html", {"now": page.now})
    if request.method != "POST":
        return _list(request, page, page.integration, form=_form(page, page.integration))
    form = _form(page, page.integration, request)
    if form is None:
        raise PermissionDenied
    if not form.is_valid():
        form.point_out()
        return _list(request, page, page.integration, form=form, status=422)
    channel = _add(request, page, form)
    secret = kinds.secret_of(channel.kind, form.cleaned_data["target"])
    if secret:  # shown in this answer, and never again
        return _list(request, page, page.integration, form=_form(page, page.integration), made=channel, secret=secret)
    messages.success(request, f"“{channel.name}” is added. Send it a test.")
    return redirect(links.page(page, "channel-list") + f"#channel-{channel.pk}")


@login_required
@require_safe
def test_result(request: HttpRequest, delivery_id: int) -> HttpResponse:
    """Answer htmx how a test went, with all that it changed of its channel."""
    page = frame.of(request, now=timezone.now())
    visible = Channel.objects.visible_to(page.user)
    tests = Delivery.objects.select_related("channel__integration", "channel__fallback")
    delivery = get_object_or_404(tests, pk=delivery_id, channel__in=visible, transition=None)
    [row] = channel_rows.of(page, [delivery.channel], delivery)
    return render(request, "settings/_channel.html", {"now": page.now, "row": row})


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def channel_change(request: HttpRequest, channel_id: int) -> HttpResponse:
    """Change a channel's name, its hourly cap and its fallback."""
    page, channel = _changeable(request, channel_id)
    form = ChannelChangeForm(request.POST if request.method == "POST" else None, channel=channel)
    if form.is_valid():
        setup.change(channel, **form.cleaned_data, doer=_doer(request), now=page.now)
        messages.success(request, "Saved.")
        return redirect(links.page(page, "channel-list") + f"#channel-{channel.pk}")
    context = {"now": page.now, "channel": channel, "form": form, "back": links.page(page, "channel-list")}
    return render(request, "settings/channel.html", context, status=422 if form.errors else 200)


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


def _form(page: Frame, integration: Integration, request: HttpRequest | None = None) -> ChannelForm | None:
    """The form for a new channel, ``None`` for whoever may not add one."""
    if not page.may(Role.ENGINEER):
        return None
    data = request.POST if request is not None else None
    return ChannelForm(data, integration=integration, may_hear_all=page.user.is_superuser)


def _list(
    request: HttpRequest,
    page: Frame,
    integration: Integration,
    *,
    form: ChannelForm | None,
    made: Channel | None = None,
    secret: str = "",
    status: int = 200,
) -> HttpResponse:
    tested = request.GET.get("tested", "")[:19]  # Python refuses to read a number of thousands of digits
    context = {
        "now": page.now,
        "tabs": alert_tabs.of(page, "channel-list"),
        "integration": integration,
        "rows": channel_rows.of_page(
            page, integration.pk, tested=int(tested) if tested.isascii() and tested.isdigit() else 0
        ),
        "form": form,
        "made": made,
        "secret": secret,
        "switch": channel_rows.switch(),
    }
    return render(request, "settings/channels.html", context, status=status)


def _add(request: HttpRequest, page: Frame, form: ChannelForm) -> Channel:
    given = form.cleaned_data
    return setup.add(
        Channel.Kind(given["kind"]),
        given["target"],
        name=given["name"],
        integration=form.integration,
        hourly_cap=given["hourly_cap"],
        fallback=given["fallback"],
        doer=_doer(request),
        now=page.now,
    )


def _changeable(request: HttpRequest, channel_id: int) -> tuple[Frame, Channel]:
    """The channel of an address: 404 for whoever may not see it, 403 for whoever may not change it."""
    assert isinstance(request.user, User)
    visible = Channel.objects.visible_to(request.user).kept()
    channel = get_object_or_404(visible.select_related("integration"), pk=channel_id)
    page = frame.of(request, now=timezone.now(), about=channel.integration)
    if not channel_rows.may_change(page.user, channel):
        raise PermissionDenied
    return page, channel


def _doer(request: HttpRequest) -> Doer:
    assert isinstance(request.user, User)
    return Doer(request.user, client_address.of(request))
