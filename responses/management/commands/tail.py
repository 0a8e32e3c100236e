"""``manage.py tail [SLUG]``: the newest responses, and each new one as it is recorded, until Ctrl-C."""

from __future__ import annotations

import contextlib
import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from responses.management import terminal


class Command(BaseCommand):
    help = "Print responses as they are recorded, until Ctrl-C."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slug", nargs="?", metavar="SLUG", help="Only of this integration.")
        parser.add_argument("--failed", action="store_true", help="Only what did not succeed.")
        parser.add_argument(
            "-n", "--lines", type=int, default=10, metavar="N", help="Begin with the last N; default: 10."
        )
        parser.add_argument("--no-follow", action="store_true", help="End after those.")

    def handle(self, *_args: Any, **options: Any) -> None:
        printer = terminal.printer(self.stdout)
        rows = terminal.responses_of(terminal.integration_of(options["slug"]), is_failed=options["failed"])
        with contextlib.suppress(KeyboardInterrupt, BrokenPipeError):
            now = timezone.now()
            latest = list(rows[: max(0, min(options["lines"], 1_000))])
            printer.lines(terminal.response_row(row) for row in reversed(latest))
            if options["no_follow"]:
                return
            latest_ids = [row.pk for row in latest]
            for row in terminal.fresh(rows, latest_ids, now=now, sleep=lambda: time.sleep(1)):
                printer.lines([terminal.response_row(row)])
