"""The editor: correct a failed request, see what would be sent, and send it. Works as a plain form; script makes it live."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, cast

import msgspec
from csp.constants import NONCE
from csp.decorators import csp_update
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods, require_safe

from ordergroove_monitor import client_address
from responses import tasks
from responses.correcting import approve, drafts, editing, trials
from responses.correcting.editing import CannotEdit, Editable
from responses.forms.correction import CorrectionForm
from responses.models import FailedRequest, Role
from responses.recording import batch
from responses.sending import wishes
from responses.sending.guard import Reason
from responses.views import frame, links, request_words, requests, resubmit_page
from responses.views.frame import Frame
from responses.views.resubmit_page import Typed

View = Callable[[HttpRequest, int], HttpResponse]
_with_editor_styles: Callable[[View], View] = cast("Any", csp_update({"style-src": [NONCE]}))
"""The editor brings its styles along, under the nonce of its script."""
_TOO_LARGE = "What you sent is too large to be a request of yours: at most {} MB. Your last draft is kept, and shown."
_BROKEN = "This form is not complete: your last draft is shown."
_ERRORS = "It was not sent: something in it is wrong. Everything that you typed is kept."
_UNCHANGED = (
    "It was not sent: nothing in it was changed. To send it as it was, use “Send again” on the page of the request."
)
_TRIED = "It is sent to staging now: its answer appears beside the form."


def _said_when_too_large(view: View) -> View:
    """Answer a body beyond Django's limit with the draft and a clear word, instead of a page that has lost both.

    Django reads the body to check the token in it: so the check is left out here, and made within.
    """
    protected = csrf_protect(view)

    @csrf_exempt
    @wraps(view)
    def sized(request: HttpRequest, request_id: int) -> HttpResponse:
        most: int = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        length = request.headers.get("Content-Length", "")
        if request.method == "POST" and length.isdecimal() and int(length) > most:
            return _refuse_size(request, request_id, most // 2**20)
        return protected(request, request_id)

    return sized


@_said_when_too_large
@login_required
@never_cache
@_with_editor_styles
@require_http_methods(["GET", "HEAD", "POST"])
def request_resubmit(request: HttpRequest, request_id: int) -> HttpResponse:
    """Show the editor, or take what was typed in it."""
    page, row = _asked(request, request_id)
    try:
        editable = editing.open_original(row, only_failed=resubmit_page.is_only_failed(row))
    except CannotEdit as why:
        return _cannot(request, page, row, why.reasons)
    if request.method != "POST":
        return _page(request, page, row, editable, resubmit_page.begun(page, row, editable))
    form = CorrectionForm(request.POST)
    if not form.is_valid():
        messages.warning(request, _BROKEN)
        return _page(request, page, row, editable, resubmit_page.begun(page, row, editable), status=422)
    sent = form.cleaned_data
    typed = Typed(**{name: sent[name] for name in ("text", "saw", "reason", "overrides", "nonce")})
    return _DEEDS[sent["deed"]](request, page, row, editable, typed, sent)


@login_required
@require_safe
def request_trials(request: HttpRequest, request_id: int) -> HttpResponse:
    """Show what staging answered; 404 as the request itself."""
    page, row = _asked(request, request_id)
    context = resubmit_page.trials_of(page, row) | {"now": page.now}
    return render(request, "resubmit/_trials.html", context)


def _asked(request: HttpRequest, request_id: int) -> tuple[Frame, FailedRequest]:
    row = requests.visible(request, request_id)
    page = frame.of(request, now=timezone.now(), about=row.integration)
    if not page.user.has_role(row.integration_id, Role.SUPPORT):
        raise PermissionDenied
    return page, row


def _page(
    request: HttpRequest, page: Frame, row: FailedRequest, editable: Editable, typed: Typed, *, status: int = 200,
    reasons: tuple[Reason, ...] = (),
) -> HttpResponse:  # fmt: skip
    verdict = msgspec.structs.replace(resubmit_page.judged(page, row, editable, typed), reasons=reasons)
    context = resubmit_page.shown(page, row, editable, typed, verdict)
    return render(request, "resubmit/page.html", context, status=status)


def _cannot(request: HttpRequest, page: Frame, row: FailedRequest, reasons: tuple[Reason, ...]) -> HttpResponse:
    """Say why it cannot be corrected here, and what can be done instead."""
    context = {
        "now": page.now,
        "request_row": row,
        "name": request_words.name_of(row),
        "reasons": reasons,
        "request_url": links.page(page, "request-detail", row.pk),
        "list_url": links.page(page, "fix-list"),
    }
    return render(request, "resubmit/cannot.html", context, status=200 if request.method != "POST" else 409)


def _check(
    request: HttpRequest, page: Frame, row: FailedRequest, editable: Editable, typed: Typed, sent: dict[str, Any]
) -> HttpResponse:
    """Say what is to be said of it, and keep it as a draft."""
    _keep(page, row, typed)
    if request.headers.get("HX-Request") != "true":
        return _page(request, page, row, editable, typed)
    verdict = resubmit_page.judged(page, row, editable, typed)
    context = resubmit_page.verdict_of(page, row, editable, typed, verdict)
    return render(request, "resubmit/_verdict.html", context | {"is_renewed": True})


def _send(
    request: HttpRequest, page: Frame, row: FailedRequest, editable: Editable, typed: Typed, sent: dict[str, Any]
) -> HttpResponse:
    """Approve it. Whatever keeps it from being sent is said, and what was typed is kept."""
    corrected = editing.corrected(editable, typed.text)
    if corrected.has_errors or not corrected.changes:
        _keep(page, row, typed)
        messages.warning(request, _ERRORS if corrected.has_errors else _UNCHANGED)
        return _page(request, page, row, editable, typed, status=422)
    done = approve.approve(
        row,
        page.user,
        text=typed.text,
        only_failed=resubmit_page.is_only_failed(row),
        order_id=None,
        reason=typed.reason,
        overrides=typed.overrides,
        nonce=typed.nonce,
        saw=typed.saw,
        now=page.now,
        address=client_address.of(request),
    )
    if done.is_done:
        tasks.nudge({batch.RETRYING})
        messages.success(request, "Approved: it is sent now, and its answer appears here.")
        return redirect(links.page(page, "request-detail", row.pk))
    _keep(page, row, typed)
    # What the page shows now is what the next press is about.
    typed = msgspec.structs.replace(typed, saw=wishes.seen(row), nonce="")
    return _page(request, page, row, editable, typed, status=409, reasons=tuple(done.reasons))


def _try(
    request: HttpRequest, page: Frame, row: FailedRequest, editable: Editable, typed: Typed, sent: dict[str, Any]
) -> HttpResponse:
    """Send it to a staging integration; nothing of the request itself changes."""
    _keep(page, row, typed)
    staging = next((one for one in trials.stagings(row, page.user) if one.pk == sent["staging"]), None)
    if staging is None:
        messages.warning(request, "Choose a staging integration.")
        return _page(request, page, row, editable, typed, status=422)
    done = trials.ask(
        row,
        page.user,
        staging=staging,
        text=typed.text,
        only_failed=resubmit_page.is_only_failed(row),
        nonce=typed.nonce,
        now=page.now,
        address=client_address.of(request),
    )
    if not done.is_done:
        return _page(request, page, row, editable, typed, status=409, reasons=tuple(done.reasons))
    tasks.nudge({tasks.TRYING})
    messages.success(request, _TRIED)
    return redirect(links.page(page, "request-resubmit", row.pk))


def _drop(
    request: HttpRequest, page: Frame, row: FailedRequest, editable: Editable, typed: Typed, sent: dict[str, Any]
) -> HttpResponse:
    """Begin anew: the draft goes."""
    drafts.drop(row, page.user, only_failed=resubmit_page.is_only_failed(row))
    return redirect(links.page(page, "request-resubmit", row.pk))


def _keep(page: Frame, row: FailedRequest, typed: Typed) -> None:
    drafts.keep(
        row,
        page.user,
        only_failed=resubmit_page.is_only_failed(row),
        text=typed.text,
        reason=typed.reason,
        saw=typed.saw,
        now=page.now,
    )


def _refuse_size(request: HttpRequest, request_id: int, megabytes: int) -> HttpResponse:
    """Show the editor with the last draft and a word; nothing of the body was read."""
    if not request.user.is_authenticated:
        return redirect(settings.LOGIN_URL)
    page, row = _asked(request, request_id)
    messages.warning(request, _TOO_LARGE.format(megabytes))
    return redirect(links.page(page, "request-resubmit", row.pk))


_DEEDS: dict[str, Callable[..., HttpResponse]] = {"check": _check, "send": _send, "try": _try, "drop": _drop}
