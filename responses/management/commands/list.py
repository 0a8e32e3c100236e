"""``manage.py list responses|requests|issues``: the newest, as a table, or tab-separated for a pipe."""

from __future__ import annotations

import contextlib
from argparse import ArgumentParser
from collections.abc import Callable
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db.models import QuerySet

from responses.exchanges import Outcome
from responses.management import terminal
from responses.models import FailedRequest, Integration, Issue

MOST = 10_000


class Command(BaseCommand):
    help = "List responses, failed requests or issues, the newest first."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("what", choices=["responses", "requests", "issues"])
        parser.add_argument("slug", nargs="?", metavar="SLUG", help="Only of this integration.")
        parser.add_argument("--failed", action="store_true", help="Responses: only what did not succeed.")
        parser.add_argument(
            "--outcome", choices=[outcome.word for outcome in Outcome], help="Responses: only with this outcome."
        )
        parser.add_argument("--state", help="Requests and issues: only in this state; open is all that is not closed.")
        parser.add_argument("--order", metavar="ID", help="Responses and requests: only of this order.")
        parser.add_argument(
            "--limit", type=int, default=20, metavar="N", help=f"How many; default: 20, at most {MOST}."
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        integration = terminal.integration_of(options["slug"])
        limit = max(1, min(options["limit"], MOST))
        columns, rows, row_of = _SOURCES[options["what"]](integration, options)
        with contextlib.suppress(BrokenPipeError, KeyboardInterrupt):
            terminal.printer(self.stdout).table(columns, [row_of(row) for row in rows[:limit]])


Source = tuple[tuple[str, ...], QuerySet[Any], Callable[[Any], tuple[Any, ...]]]


def _responses(integration: Integration | None, options: dict[str, Any]) -> Source:
    outcome = Outcome[options["outcome"].upper()] if options["outcome"] else None
    rows = terminal.responses_of(integration, is_failed=options["failed"] or bool(outcome and outcome.is_failure))
    if outcome is not None:
        rows = rows.filter(outcome=outcome)
    if options["order"]:
        rows = rows.filter(order_id=options["order"])
    return terminal.RESPONSE_COLUMNS, rows, terminal.response_row


def _requests(integration: Integration | None, options: dict[str, Any]) -> Source:
    rows = FailedRequest.objects.select_related("integration").order_by("-id")
    if integration is not None:
        rows = rows.filter(integration=integration)
    if options["order"]:
        rows = rows.filter(order_id=options["order"])
    state = options["state"]
    if state == "open":
        rows = rows.open()
    elif state:
        rows = rows.filter(state=_known(state, FailedRequest.State.values))
    return terminal.REQUEST_COLUMNS, rows, terminal.request_row


def _issues(integration: Integration | None, options: dict[str, Any]) -> Source:
    rows = Issue.objects.select_related("integration").order_by("-last_seen_at", "-id")
    if integration is not None:
        rows = rows.filter(integration=integration)
    if options["state"]:
        rows = rows.filter(state=_known(options["state"], Issue.State.values))
    return terminal.ISSUE_COLUMNS, rows, terminal.issue_row


def _known(state: str, states: list[str]) -> str:
    if state not in states:
        raise CommandError(f"--state {state}: there are {', '.join(states)}.")
    return state


_SOURCES: dict[str, Callable[[Integration | None, dict[str, Any]], Source]] = {
    "responses": _responses,
    "requests": _requests,
    "issues": _issues,
}
