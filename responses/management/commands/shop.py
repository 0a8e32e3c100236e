"""``manage.py shop``: run the simulated shop against the sandbox, reporting to the monitor."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from argparse import ArgumentParser
from typing import Any
from urllib.parse import urlsplit

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from responses.intake.recorder import Recorder
from responses.sandbox import shop
from responses.sandbox.shop import Plan


class Command(BaseCommand):
    """See ``--help``."""

    help = "Run a simulated shop that calls the sandbox and reports every exchange to the monitor."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Where to, how often, and how long."""
        parser.add_argument("--sandbox", default="http://127.0.0.1:9100", metavar="URL", help="default: %(default)s")
        parser.add_argument("--monitor", default="http://127.0.0.1:8000", metavar="URL", help="default: %(default)s")
        parser.add_argument("--key", default="", help="intake key of the monitor; without one nothing is reported")
        parser.add_argument(
            "--rate", type=float, default=30.0, metavar="N", help="calls a minute, default: %(default)s"
        )
        parser.add_argument("--seed", type=int, help="repeat the same story")
        parser.add_argument("--once", type=int, default=0, metavar="N", help="make N calls without waiting, and end")
        parser.add_argument("--calm", action="store_true", help="no outages and no waves")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Open the shop until Ctrl-C, SIGTERM or the end of ``--once``."""
        for name in ("sandbox", "monitor"):
            if urlsplit(options[name]).scheme not in ("http", "https"):
                raise CommandError(f"--{name} wants an http or https URL, not {options[name]!r}.")
        if options["rate"] <= 0 or options["once"] < 0:
            raise CommandError("--rate is more than 0, and --once not less.")
        plan = Plan(options["sandbox"], options["rate"], options["seed"], options["once"], options["calm"],
                    clock=timezone.now, say=self._say)  # fmt: skip
        monitor = options["monitor"] if options["key"] else ""
        with Recorder(monitor, options["key"], tags={"shop": "demo"}, exit_timeout=2.0) as recorder:
            made = asyncio.run(self._run(plan, recorder))
            if options["once"]:
                recorder.flush(10.0)
        counts = recorder.stats()
        self._say(f"shop: {made} calls, {counts['delivered']} reported, {counts['undelivered']} not delivered")

    async def _run(self, plan: Plan, recorder: Recorder) -> int:
        task = asyncio.ensure_future(shop.run(plan, recorder))
        for name in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(name, task.cancel)
        with contextlib.suppress(asyncio.CancelledError):  # before the first call
            return await task
        return 0

    def _say(self, text: str) -> None:
        self.stdout.write(text)
        self.stdout.flush()
