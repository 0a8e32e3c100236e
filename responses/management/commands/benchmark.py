"""``manage.py benchmark``: runs the package ``benchmarks``, no part of the product, in a process of its own."""

from __future__ import annotations

import os
import sys
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser


class Command(BaseCommand):
    """See ``python -m benchmarks --help``."""

    help = "Measure recording and pages on data of their own, and print tables. Nothing of this install is touched."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """The same as of the package; each is handed on when it is given."""
        parser.add_argument("--postgres", metavar="URL", help="also measure on this PostgreSQL: an empty database")
        parser.add_argument("--scale", metavar="FACTOR", help="how much is recorded; default: 1")
        parser.add_argument("--responses", metavar="N", help="stored when the pages are measured; 0: no pages")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Hand over to the package."""
        words = [sys.executable, "-m", "benchmarks"]
        for name in ("postgres", "scale", "responses"):
            if options[name] is not None:
                words += [f"--{name}", options[name]]
        os.chdir(settings.BASE_DIR)
        os.execv(sys.executable, words)  # noqa: S606  our own interpreter, our own package
