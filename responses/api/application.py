"""The API as one object: its routers, its errors, and the document that describes it."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe
from ninja import NinjaAPI

from responses.api import (
    alerts,
    answers,
    issues,
    lookup,
    recording,
    reference,
    refusals,
    requests,
    resends,
    resubmit,
    sending,
    trends,
)
from responses.api import responses as responses_router
from responses.api.reading import JsonParser
from responses.api.tokens import BearerToken

DESCRIPTION = """Reads what the monitor has recorded, decides about issues, alerts and sending again, and takes new records.

Reading and deciding need an API token of a person, recording needs an intake key of an integration: both as
`Authorization: Bearer ...`. Ids are texts. Times are RFC 3339 in UTC. Lists go on at `next` until it is null. Every
error is `application/problem+json` and carries the `request_id` under which the log has it."""

api = NinjaAPI(
    title="Ordergroove Monitor",
    version="1",
    description=DESCRIPTION,
    openapi_url=None,
    docs_url=None,
    urls_namespace="api",
    auth=BearerToken(),
    parser=JsonParser(),
)
_ROUTERS = (
    recording.router,
    responses_router.router,
    issues.router,
    requests.router,
    lookup.router,
    resends.router,
    resubmit.router,
    sending.router,
    trends.router,
    alerts.router,
)
for _router in _ROUTERS:
    api.add_router("", _router)
refusals.handle_with(api)


@cache
def document() -> dict[str, Any]:
    """The OpenAPI document."""
    made: dict[str, Any] = json.loads(json.dumps(api.get_openapi_schema()))
    answers.without_null(made)
    answers.mark_problems(made)
    made["components"]["schemas"] |= recording.SCHEMAS
    made["components"]["securitySchemes"]["IntakeKey"] = {
        "type": "http",
        "scheme": "bearer",
        "description": "An intake key of an integration: `ogm_...`",
    }
    return made


@require_safe
def openapi(request: HttpRequest) -> HttpResponse:  # noqa: ARG001
    """Show the OpenAPI document."""
    return HttpResponse(json.dumps(document()), content_type="application/json")


@require_safe
def docs(request: HttpRequest) -> HttpResponse:
    """Show the document as a page to browse. It needs no script, and all of it comes from this server."""
    context = {
        "description": DESCRIPTION.replace("`", "").split("\n\n"),
        "groups": reference.groups(document(), url=settings.MONITOR_URL.rstrip("/")),
        "shapes": reference.shapes(document()),
    }
    return render(request, "api/docs.html", context)
