"""``/api/v1/sending``: pauses and breakers of an integration, and stopping or resuming all that is sent again."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from ninja import Query, Router, Schema
from pydantic import ConfigDict, Field

from ordergroove_monitor import client_address
from responses.api import answers, asking, refusals, rows, shapes
from responses.api.asking import Asked, Name, Slug
from responses.models import Integration
from responses.sending import gates, pauses

router = Router(tags=["Sending"])


class SendingQuery(Asked):
    """Of which integration."""

    integration: Slug | None = Field(None, description="The integration's slug. Needed by who may see more than one.")


class Pause(Schema):
    """Why sending stops: everybody sees it."""

    model_config = ConfigDict(extra="forbid")

    reason: Name


@router.get("/sending", response=answers.of(shapes.Gates, 404, 422), operation_id="get_sending", url_name="sending")
def get_sending(request: HttpRequest, asked: Query[SendingQuery]) -> Any:
    """Show what stops or slows the sends of one integration."""
    return _shown(asking.integration_of(asking.person(request), asked.integration))


@router.post(
    "/sending/pause",
    response=answers.of(shapes.Gates, 400, 403, 404, 409, 413, 415, 422),
    operation_id="pause_sending",
    url_name="sending-pause",
)
def pause_sending(request: HttpRequest, asked: Query[SendingQuery], body: Pause) -> Any:
    """Send nothing again until somebody resumes it. What is on the wire is not called back. Needs the role Engineer."""
    user = asking.person(request)
    integration = asking.integration_of(user, asked.integration)
    scope, address = gates.account_scope(integration.pk), client_address.of(request)
    try:
        is_done = pauses.pause(scope, user, reason=body.reason, now=timezone.now(), address=address)
    except ValueError as error:
        raise refusals.invalid({"reason": [str(error)]}) from None
    if not is_done:
        raise refusals.Refused(409, "It is paused already.")
    return _shown(integration)


@router.post(
    "/sending/resume",
    response=answers.of(shapes.Gates, 403, 404, 409, 422),
    operation_id="resume_sending",
    url_name="sending-resume",
)
def resume_sending(request: HttpRequest, asked: Query[SendingQuery]) -> Any:
    """Let sends go on, slowly at first. Breakers stay as they are. Needs the role Engineer."""
    user = asking.person(request)
    integration = asking.integration_of(user, asked.integration)
    scope = gates.account_scope(integration.pk)
    if not pauses.release(scope, user, now=timezone.now(), address=client_address.of(request)):
        raise refusals.Refused(409, "It is not paused.")
    return _shown(integration)


def _shown(integration: Integration) -> shapes.Gates:
    found = gates.gates_of(integration, now=timezone.now())
    return shapes.Gates(integration=integration.slug, gates=[rows.gate(one) for one in found])
