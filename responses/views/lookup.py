"""Order lookup: one box for an id or an e-mail address, and the answer in plain words. Changes nothing.

The form is posted, so that no customer's address stands in an address line or a log; an id leads on to a page that can be
shared.
"""

from __future__ import annotations

from typing import Any

import msgspec
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from responses.insight import explaining, lookup, safest
from responses.insight.lookup import Found
from responses.insight.safest import Safest
from responses.models import FailedRequest, Integration
from responses.recording import people
from responses.views import corrections, frame, links, resend_deeds
from responses.views.frame import Frame
from responses.views.resend_deeds import Buttons

_BY = {
    "order": "found by its order id",
    "customer": "found by its customer",
    "subscription": "found by its subscription",
    "address": "found by the customer's address",
}
_LABELS = {"decide": "Decide what became of it", "release": "Read why it is held", "send_again": "Send again"}


class Card(msgspec.Struct, frozen=True):
    """The answer about one request."""

    found: Found
    words: str
    on_it: tuple[str, ...]
    for_customer: str
    by: str
    url: str
    safest: Safest
    deed_url: str
    """Where the button leads; empty where it is a form, or there is none."""
    label: str
    buttons: Buttons | None
    """What the form of *Send again* must carry."""
    is_open: bool


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def order_lookup(request: HttpRequest) -> HttpResponse:
    """Answer what became of an order, or ask which."""
    page = frame.of(request, now=timezone.now())
    if page.integration is None:
        return render(request, "overview/nothing.html", {"now": page.now})
    words = (request.POST if request.method == "POST" else request.GET).get("q", "").strip()[: lookup.LONGEST + 1]
    if request.method == "POST" and words and not people.is_address(words):
        return redirect(links.page(page, "order-lookup", q=words))
    return render(request, "lookup/page.html", shown(page, page.integration, words))


def shown(page: Frame, integration: Integration, words: str) -> dict[str, Any]:
    """Return what the page shows."""
    answer = lookup.read(page.user, integration.pk, words, now=page.now)
    return {
        "now": page.now,
        "words": words,
        "is_address": answer.is_address,
        "cards": [card(page, found) for found in answer.found],
        "is_more": answer.is_more,
        "all_url": "" if answer.is_address else links.responses(page, q=words),
        "target": links.page(page, "order-lookup"),
        # An address is written into no link: whoever acts from there comes back to the request.
        "here": "" if answer.is_address else links.page(page, "order-lookup", q=words),
    }


def card(page: Frame, found: Found) -> Card:
    """Return the answer about one request, with the one thing to do."""
    row = found.request
    url = links.page(page, "request-detail", row.pk) if row is not None else ""
    if row is None and found.latest is not None:
        url = links.page(page, "response-detail", found.latest.pk)
    chosen = safest.of(page.user, row, now=page.now) if row is not None and not found.is_over else Safest()
    buttons = resend_deeds.buttons(page, row, found.sendings) if row is not None and chosen.is_allowed else None
    label, deed_url = _deed(page, row, chosen, url)
    return Card(
        found=found,
        words=explaining.answer(found, now=page.now, zone=page.zone),
        on_it=tuple(explaining.on_it(found, now=page.now, zone=page.zone)),
        for_customer=explaining.for_customer(found),
        by=_BY[found.by],
        url=url,
        safest=chosen,
        deed_url=deed_url,
        label=label,
        buttons=buttons if chosen.deed == "send_again" else None,
        is_open=row is not None and row.is_open and not found.is_over,
    )


def _deed(page: Frame, row: FailedRequest | None, chosen: Safest, url: str) -> tuple[str, str]:
    """Return the words of the button and where it leads."""
    if chosen.deed == "correct" and row is not None:
        label = "Send only the failed" if row.items_created else "Correct and send again"
        way = corrections.button(page, row)
        return label, way.url if way is not None and chosen.is_allowed else ""
    leads = {"decide": f"{url}#decide", "release": url}
    return _LABELS.get(chosen.deed, ""), leads.get(chosen.deed, "") if chosen.is_allowed else ""
