"""``manage.py show ID``: one response, failed request or issue with what belongs to it; or all about an order."""

from __future__ import annotations

import contextlib
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from responses.management import terminal
from responses.management.printing import Printer
from responses.models import FailedRequest, FailureBody, FollowUp, Issue, Item, Response, SuccessBody
from responses.ordergroove import codes
from responses.recording import bodies

LATEST = 20
_LONGEST_ID = 19


class Command(BaseCommand):
    help = "Show one response, failed request or issue by its id, or everything about an order by the order's id."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("id", metavar="ID")
        parser.add_argument("--integration", metavar="SLUG", help="Where more than one knows the order.")

    def handle(self, *_args: Any, **options: Any) -> None:
        wanted: str = options["id"]
        integration = terminal.integration_of(options["integration"])
        printer = terminal.printer(self.stdout)
        with contextlib.suppress(BrokenPipeError, KeyboardInterrupt):
            if wanted.isascii() and wanted.isdigit() and len(wanted) <= _LONGEST_ID and _show(printer, int(wanted)):
                return
            requests = FailedRequest.objects.select_related("integration").filter(order_id=wanted).order_by("-id")
            responses = terminal.responses_of(integration, is_failed=False).filter(order_id=wanted)
            if integration is not None:
                requests = requests.filter(integration=integration)
            for request in requests[:LATEST]:
                _request(printer, request)
            found = list(responses[:LATEST])
            if not found and not requests.exists():
                raise CommandError(f"There is no response, request, issue or order {wanted[:200]!r}.")
            printer.heading(f"Responses of order {wanted}")
            printer.table(terminal.RESPONSE_COLUMNS, [terminal.response_row(row) for row in found])


def _show(printer: Printer, row_id: int) -> bool:
    response = Response.objects.select_related("integration").filter(pk=row_id).first()
    if response is not None:
        _response(printer, response)
        return True
    request = FailedRequest.objects.select_related("integration").filter(pk=row_id).first()
    if request is not None:
        _request(printer, request)
        rows = terminal.responses_of(None, is_failed=False).filter(failed_request_id=request.pk)[:LATEST]
        printer.heading("Responses")
        printer.table(terminal.RESPONSE_COLUMNS, [terminal.response_row(row) for row in rows])
        return True
    issue = Issue.objects.select_related("integration").filter(pk=row_id).first()
    if issue is not None:
        _issue(printer, issue)
    return issue is not None


def _response(printer: Printer, row: Response) -> None:
    about = codes.about(row.status_code)
    printer.facts(
        f"Response {row.pk}",
        [
            ("outcome", row.outcome_word),
            ("answer", f"{row.status_code} {about.name}" if row.status_code else row.failure),
            ("endpoint", row.endpoint),
            ("message", row.message),
            ("integration", row.integration.slug),
            ("order", row.order_id),
            ("customer", row.customer_id),
            ("request id", row.request_id),
            ("sent", row.sent_at),
            ("recorded", row.recorded_at),
            ("duration ms", row.duration_ms),
            ("origin", row.origin_word),
            ("failed request", row.failed_request_id),
            ("issue", row.issue_id),
            ("foreign host", "yes" if row.is_foreign_host else ""),
        ],
    )
    _items(printer, row.pk)
    kept = FailureBody.objects.filter(pk=row.pk).first() or SuccessBody.objects.filter(pk=row.pk).first()
    if kept is None:
        printer.heading("The bodies are not kept any more.")
        return
    shown = bodies.unpack(kept.codec, bytes(kept.data))
    printer.facts("Request", [("url", shown.url), *sorted(shown.request_headers.items())])
    printer.block("Request body", shown.request_body.decode("utf-8", "replace"))
    if row.status_code is not None:
        printer.facts("Response", sorted(shown.response_headers.items()))
        printer.block("Response body", shown.response_body.decode("utf-8", "replace"))
    printer.block("Failure", shown.failure)


def _items(printer: Printer, response_id: int) -> None:
    items = Item.objects.filter(response_id=response_id).order_by("position")
    rows = [(item.product, item.state_word, item.subscription_id, item.field, item.message) for item in items[:1_000]]
    if rows:
        printer.table(("product", "state", "subscription", "field", "message"), rows)


def _request(printer: Printer, row: FailedRequest) -> None:
    printer.facts(
        f"Failed request {row.pk}",
        [
            ("state", row.state),
            ("reason", row.reason),
            ("endpoint", row.endpoint),
            ("message", row.message),
            ("integration", row.integration.slug),
            ("order", row.order_id),
            ("customer", row.customer_id),
            ("failures", row.failures),
            ("first failed", row.first_failed_at),
            ("last failed", row.last_failed_at),
            ("to be fixed until", row.deadline_at if row.is_open else None),
            ("closed", row.closed_at),
            ("resolved by", row.resolved_by),
            ("products", f"{row.items_created} created, {row.items_failed} failed, {row.items_unknown} unknown"),
            ("value", row.value),
            ("cannot be sent again", row.cannot_resend),
        ],
    )
    for pursuit in FollowUp.objects.filter(failed_request=row).order_by("id")[:LATEST]:
        state = pursuit.get_state_display()
        words = f"{state}; asked {pursuit.polls} times{f'; {pursuit.last_problem}' if pursuit.last_problem else ''}"
        printer.facts("Accepted", [("result", words), ("next question", pursuit.next_poll_at)])


def _issue(printer: Printer, row: Issue) -> None:
    printer.facts(
        f"Issue {row.pk}",
        [
            ("what", row.title),
            ("state", row.state),
            ("endpoint", row.endpoint),
            ("answer", row.status_code or row.failure),
            ("field", row.field),
            ("integration", row.integration.slug),
            ("failures", row.failures),
            ("requests", row.requests),
            ("orders", row.orders),
            ("first seen", row.first_seen_at),
            ("last seen", row.last_seen_at),
        ],
    )
    rows = terminal.responses_of(row.integration, is_failed=True).filter(issue_id=row.pk)[:LATEST]
    printer.heading("Latest responses")
    printer.table(terminal.RESPONSE_COLUMNS, [terminal.response_row(one) for one in rows])
