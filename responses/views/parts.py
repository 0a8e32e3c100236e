"""Parts of pages that keep themselves fresh: how one is asked for, and when there is nothing new to answer."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode, urlsplit

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.http import url_has_allowed_host_and_scheme
from django_htmx.http import trigger_client_event


def is_wanted(request: HttpRequest) -> bool:
    """Whether htmx asks for the living part alone. A browser that has the same address gets the whole page."""
    return request.headers.get("HX-Request") == "true" and request.GET.get("part") == "live"


def is_unchanged(request: HttpRequest, seen: str) -> bool:
    """Whether the page that asks already shows what ``seen`` marks: then 204 says so."""
    return is_wanted(request) and request.GET.get("seen") == seen


def respond(request: HttpRequest, context: dict[str, Any], *, page: str, part: str) -> HttpResponse:
    """Answer with the whole page, or with the living part of it."""
    return render_part(request, part, context) if is_wanted(request) else render(request, page, context)


def render_part(request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
    """Render a part for htmx, and with it the numbers around it: they must not disagree with what the part says."""
    response = render(request, template, context)
    response.write(render_to_string("shared/_around.html", context, request))
    return response


def live_url(here: str, *, seen: str, **more: object) -> str:
    """Return where the part at ``here`` asks for itself."""
    values = {name: value for name, value in more.items() if value}
    query = urlencode({"part": "live", "seen": seen} | values)
    return f"{here}{'&' if '?' in here else '?'}{query}"


def query_of(address: str) -> QueryDict:
    """Return the query of an address of ours."""
    return QueryDict(urlsplit(address).query)


def local(request: HttpRequest, address: str) -> str:
    """Return an address if it leads to a page of this monitor, else nothing."""
    return address if url_has_allowed_host_and_scheme(address, allowed_hosts={request.get_host()}) else ""


def with_value(address: str, **values: object) -> str:
    """Return an address of ours with some values set."""
    path, _, _ = address.partition("?")
    query = query_of(address).copy()
    for name, value in values.items():
        query[name] = str(value)
    return f"{path}?{query.urlencode()}"


def with_toast(response: HttpResponse, words: str, *, is_good: bool) -> HttpResponse:
    """Let htmx say something to the person."""
    return trigger_client_event(response, "toast", {"text": words, "tone": "success" if is_good else "warning"})
