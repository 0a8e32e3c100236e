"""``manage.py sandbox``: run the stand-in Ordergroove on a port, until Ctrl-C or SIGTERM."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from argparse import ArgumentParser
from datetime import UTC, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from responses.sandbox import answers, control, scripts, server
from responses.sandbox.server import Sandbox


class Command(BaseCommand):
    """See ``--help``."""

    help = "Run a stand-in Ordergroove over HTTP, for trying and for tests. GET /_answers says what it can answer."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Where to listen, and how it behaves at first; POST /_control changes that while it runs."""
        parser.add_argument("--bind", default="127.0.0.1:9100", metavar="HOST:PORT", help="default: %(default)s")
        parser.add_argument("--seed", type=int, help="repeat the same ids and dice")
        parser.add_argument(
            "--weights", default="", metavar="NAME=SHARE,...", help="random answers: 503=0.02,423@/subscriptions/=0.05"
        )
        parser.add_argument("--pending", type=float, metavar="SECONDS", help="how long an accepted purchase is pending")
        parser.add_argument("--credentials", choices=["open", "optional", "required"], help="default: optional")
        parser.add_argument("--synchronous", action="store_true", help="answer purchases with 200, 207 and 400 at once")
        parser.add_argument("--no-duplicate-guard", action="store_true", help="never answer 409")
        parser.add_argument("--ledger", type=int, default=server.LEDGER_SIZE, metavar="N", help="requests to remember")
        parser.add_argument("--list", action="store_true", help="print the named answers and product ids, and end")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Listen, or print the tables."""
        if options["list"]:
            self._print_tables()
            return
        host, port = _address(options["bind"])
        box = Sandbox(options["seed"], ledger_size=max(options["ledger"], 1))
        try:
            control.change(box.world, box.book, _modes(options), datetime.now(UTC))
        except control.ControlError as error:
            raise CommandError(str(error)) from error
        try:
            asyncio.run(self._run(box, host, port))
        except OSError as error:
            raise CommandError(f"Cannot listen on {host}:{port}: {error.strerror or error}.") from error

    async def _run(self, box: Sandbox, host: str, port: int) -> None:
        task = asyncio.ensure_future(server.serve(box, host, port, ready=lambda bound: self._say(host, bound)))
        for name in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(name, task.cancel)
        with contextlib.suppress(asyncio.CancelledError):
            await task

    def _say(self, host: str, port: int) -> None:
        shown = f"[{host}]" if ":" in host else host
        self.stdout.write(f"sandbox: http://{shown}:{port} (every host of Ordergroove; GET /_answers, POST /_control)")
        self.stdout.flush()

    def _print_tables(self) -> None:
        rows = [
            (f"{named.name}", named.note + (" (takes effect)" if named.takes_effect else "")) for named in answers.ALL
        ]
        self.stdout.write(
            "Answers (header x-sandbox-answer, product id answer-NAME or answer-NAME-xN, weights, control):"
        )
        self.stdout.writelines(f"  {name:<20} {note}\n" for name, note in rows)
        self.stdout.write("Product ids (or what begins so):")
        products = [(script.prefix, script.note) for script in scripts.ALL] + list(scripts.TIMING)
        self.stdout.writelines(f"  {name:<20} {note}\n" for name, note in products)


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not port.isdigit() or int(port) > 65_535:
        raise CommandError(f"--bind wants HOST:PORT, not {text!r}.")
    return host.strip("[]") or "127.0.0.1", int(port)


def _modes(options: dict[str, Any]) -> dict[str, Any]:
    changes: dict[str, Any] = {"synchronous": options["synchronous"]}
    changes["duplicate_guard"] = not options["no_duplicate_guard"]
    if options["pending"] is not None:
        changes["pending_seconds"] = options["pending"]
    if options["credentials"]:
        changes["credentials"] = options["credentials"]
    weights = {}
    for part in filter(None, options["weights"].split(",")):
        name, _, share = part.rpartition("=")
        try:
            weights[name.strip()] = float(share)
        except ValueError:
            raise CommandError(f"--weights wants NAME=SHARE, not {part!r}.") from None
    return {**changes, "weights": weights}
