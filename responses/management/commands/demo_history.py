"""``manage.py demo_history``: thirty days for the demo to look back on. Only a demo may have an invented past."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from responses.exchanges import Exchange
from responses.management import demo_past, demo_run
from responses.models import Integration
from responses.sandbox import history

PER_DAY = 500
SEED = 20_201


class Command(BaseCommand):
    """See ``--help``."""

    help = "Make thirty days of history for the demo, once. It is called by: manage.py up --demo"

    def handle(self, *_args: Any, **_options: Any) -> None:
        """Make what is missing."""
        if not settings.DEMO:
            raise CommandError("Invented history belongs to a demo only: DEMO is not set.")
        integration = Integration.objects.filter(slug=demo_run.SLUG).first()
        if integration is None:
            raise CommandError("There is no demo yet: manage.py up --demo makes it, and its history.")
        if demo_past.is_made():
            self.stdout.write("The history is there already.")
            return
        with Progress(*_COLUMNS, console=Console(), transient=True, disable=not sys.stdout.isatty()) as progress:
            task = progress.add_task("", total=demo_past.DAYS, day="")

            def tell(at: datetime, end: datetime) -> None:
                days_left = (end - at).total_seconds() / 86_400
                progress.update(task, completed=demo_past.DAYS - days_left, day=f"{at:%d %b}")

            recorded = demo_past.make(integration, _inventor(integration), now=timezone.now(), tell=tell)
        self.stdout.write(f"{recorded:,} responses of {demo_past.DAYS} days are recorded.")


_COLUMNS = (TextColumn("{task.fields[day]}"), BarColumn(), TextColumn("{task.percentage:>3.0f} %"))


def _inventor(integration: Integration) -> demo_past.Invent:
    """Calls of the simulated shop, to the hosts that the demo's integration knows."""
    hosts = {role: integration.base_urls[role] for role in history.HOSTS}

    def invent(start: datetime, end: datetime) -> Iterator[tuple[datetime, Exchange]]:
        return history.exchanges(start, end, PER_DAY, SEED, hosts=hosts, is_followed=True)

    return invent
