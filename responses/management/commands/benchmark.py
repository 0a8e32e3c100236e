"""``manage.py benchmark``: see the package ``benchmarks``."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from benchmarks import run


class Command(BaseCommand):
    """See ``--help``."""

    help = "Measure recording and pages on data of their own, and print tables. Nothing of this install is touched."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """What to measure."""
        parser.add_argument("--postgres", metavar="URL", help="also measure on this PostgreSQL: an empty database")
        parser.add_argument("--scale", type=float, default=1.0, help="how much is recorded; default: %(default)s")
        parser.add_argument(
            "--responses",
            type=int,
            default=run.MANY,
            help="how many responses are stored when the pages are measured; 0 leaves them out; default: %(default)s",
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        """Measure and print."""
        run.run(postgres_url=options["postgres"], scale=options["scale"], most_responses=options["responses"])
