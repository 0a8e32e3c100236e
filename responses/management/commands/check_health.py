"""``manage.py check_health``: whether the monitor can be trusted now. Ends with 1 when something is wrong."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from responses.management import health_checks, terminal


class Command(BaseCommand):
    help = "Check database, broker, worker, beat, messages and results; the exit code says whether all is well."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--quiet", action="store_true", help="Print only what is wrong.")

    def handle(self, *_args: Any, **options: Any) -> None:
        checks = health_checks.run(timezone.now())
        shown = [check for check in checks if not (options["quiet"] and check.is_well)]
        if shown:
            rows = [("ok" if check.is_well else "BAD", check.name, check.words) for check in shown]
            terminal.printer(self.stdout).table(("", "part", "what was seen"), rows)
        if not all(check.is_well for check in checks):
            sys.exit(1)
