"""Questions about an install's own database, asked from outside: run inside a process that has its settings."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from typing import Any

from django.apps import apps
from django.db import connection, transaction
from django.utils import timezone

from responses.exchanges import Outcome
from responses.models import (
    CallerId,
    Delivery,
    FailureBody,
    FollowUp,
    HourlyCount,
    Issue,
    IssueHour,
    Item,
    MinuteCount,
    OutcomeHour,
    Response,
    SuccessBody,
    User,
)
from responses.models.api_token import new_api_token
from responses.ordergroove import endpoints
from responses.recording import bodies


def answer(question: str) -> str:
    """The answer to one of ``QUESTIONS`` as JSON on one line."""
    return json.dumps(QUESTIONS[question]())


def _ids() -> dict[str, list[str]]:
    return {
        "responses": [str(found) for found in Response.objects.values_list("id", flat=True)],
        "callers": list(CallerId.objects.values_list("caller_id", flat=True)),
    }


def _summary() -> dict[str, int]:
    models = (Response, Issue, Delivery, User)
    sent = Delivery.objects.filter(state=Delivery.State.SENT).count()
    return {model.__name__: model.objects.count() for model in models} | {"sent": sent}


def _miscounts() -> list[str]:
    """Where the counts that are kept while recording differ from what the rows say, both at one instant."""
    with transaction.atomic():
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        return _found_miscounts()


def _found_miscounts() -> list[str]:
    wrong = []
    for name, kept, counted in (*_counts(), *_issue_counts()):
        wrong += [f"{name} {key}: kept {kept[key]}, counted {counted[key]}" for key in kept.keys() | counted.keys()
                  if kept[key] != counted[key]]  # fmt: skip
    with_bodies = [set(model.objects.values_list("pk", flat=True)) for model in (SuccessBody, FailureBody)]
    ids = Response.objects.values_list("pk", flat=True)
    wrong += [f"response {pk} has {sum(pk in some for some in with_bodies)} bodies" for pk in ids
              if sum(pk in some for some in with_bodies) != 1]  # fmt: skip
    return wrong


Counts = tuple[str, "Counter[Any]", "Counter[Any]"]


def _counts() -> list[Counts]:
    hours: Counter[Any] = Counter()
    minutes: Counter[Any] = Counter()
    outcomes: Counter[Any] = Counter()
    purchase = endpoints.match("POST", "sc", "/subscription/create").endpoint.name
    for row in Response.objects.all():
        if row.origin_word in ("poll", "lookup"):
            continue
        minute = int(row.sent_at.timestamp()) // 60
        rest = (row.integration_id, row.endpoint, row.status_code or 0, row.outcome)
        hours[minute // 60, *rest] += 1
        minutes[minute, *rest] += 1
        is_told = row.outcome == Outcome.ACCEPTED.value and row.endpoint != purchase
        outcomes[row.integration_id, minute // 60, Outcome.SUCCESS.value if is_told else row.outcome] += 1
    rest_names = ("integration_id", "endpoint", "status_code", "outcome", "responses")
    kept_hours = Counter({row[:-1]: row[-1] for row in HourlyCount.objects.values_list("hour", *rest_names)})
    kept_minutes = Counter({row[:-1]: row[-1] for row in MinuteCount.objects.values_list("minute", *rest_names)})
    kept_outcomes = Counter(
        {row[:-1]: row[-1] for row in OutcomeHour.objects.values_list("integration_id", "hour", "outcome", "responses")}
    )
    return [("hour", kept_hours, hours), ("minute", kept_minutes, minutes), ("outcome", kept_outcomes, outcomes)]


def _issue_counts() -> list[Counts]:
    """A failure is an item of a response that belongs to an issue, or a response without such items."""
    hours: Counter[Any] = Counter()
    totals: Counter[Any] = Counter()
    sent_at = dict(Response.objects.values_list("pk", "sent_at"))
    items = list(Item.objects.exclude(issue_id=None).values_list("issue_id", "response_id"))
    with_items = {response_id for _, response_id in items}
    alone = Response.objects.exclude(issue_id=None).values_list("issue_id", "pk")
    for issue_id, response_id in [*items, *(pair for pair in alone if pair[1] not in with_items)]:
        hours[issue_id, int(sent_at[response_id].timestamp()) // 3600] += 1
        totals[issue_id] += 1
    kept_hours = Counter({row[:-1]: row[-1] for row in IssueHour.objects.values_list("issue_id", "hour", "failures")})
    kept_totals = Counter(dict(Issue.objects.values_list("pk", "failures")))
    return [("issue hour", kept_hours, hours), ("issue", kept_totals, totals)]


def _everything() -> list[str]:
    """Every text and every stored byte of every table, bodies unpacked: where planted secrets are looked for."""
    found = []
    for model in apps.get_models():
        for row in model._default_manager.all().iterator():
            for field in model._meta.concrete_fields:
                value = getattr(row, field.attname)
                if isinstance(value, str | dict | list):
                    found.append(f"{model.__name__}.{field.name}: {value}")
                elif isinstance(value, bytes | memoryview):
                    found.append(f"{model.__name__}.{field.name}: {bytes(value).decode('latin-1')}")
            if isinstance(row, SuccessBody | FailureBody):
                shown = bodies.unpack(row.codec, row.data)
                found.append(f"{model.__name__}: {shown}")
    return found


def _token() -> str:
    """An API token of the first person."""
    _, secret = new_api_token(User.objects.order_by("pk")[0], name="end to end", expires_at=None, now=timezone.now())
    return secret


def _follow_ups() -> dict[str, str]:
    return dict(FollowUp.objects.values_list("order_id", "state"))


QUESTIONS: dict[str, Callable[[], Any]] = {
    "ids": _ids,
    "summary": _summary,
    "miscounts": _miscounts,
    "everything": _everything,
    "token": _token,
    "follow-ups": _follow_ups,
}
