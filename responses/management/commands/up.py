"""``manage.py up``: everything a single machine needs, in the foreground, until Ctrl-C."""

from __future__ import annotations

import socket
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.urls import reverse

from ordergroove_monitor import addresses, env, static_files, up
from ordergroove_monitor.supervisor import Child, Supervisor
from responses.management import demo_past, demo_run, first_run, words
from responses.models import User
from responses.views import demo

START_SECONDS = 90.0


class Command(BaseCommand):
    """See ``--help``."""

    help = "Start the web server, the worker and the scheduler, and keep them running until Ctrl-C."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Where to listen, and whether with real data."""
        parser.add_argument("--bind", default="127.0.0.1:8000", metavar="HOST:PORT", help="default: %(default)s")
        parser.add_argument(
            "--demo", action="store_true", help="a demonstration: own data folder, stand-in Ordergroove, simulated shop"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        """Prepare, start, say where to look, watch."""
        descriptor = self._lock()
        listener, url = self._listen(options["bind"])
        self._prepare()
        environment = env.child_environment({"MONITOR_URL": url, "DATA_DIR": str(settings.DATA_DIR)})
        children = up.children(environment, listener.fileno(), web_processes=settings.WEB_PROCESSES)
        if settings.DEMO:
            user, demo_children, sandbox = self._prepare_demo(url, environment)
            children += demo_children
        supervisor = Supervisor(
            children=children,
            log_folder=settings.DATA_DIR / "logs",
            tell=self._say,
            held_descriptors=(descriptor,),
        )
        # A connection that stays open here would only grow old, and hold the database file.
        connection.close()
        supervisor.start()
        try:
            if not up.wait_until_answering(supervisor, listener.getsockname()[:2], seconds=START_SECONDS):
                raise CommandError(self._why_not(supervisor))
            notes = (
                words.demo(url + reverse("demo-sign-in", args=[demo.new_token(user)]), sandbox)
                if settings.DEMO
                else words.after_start(first_run.prepare(), url)
            )
            connection.close()
            self._say("\n".join([words.address(url, settings.DATA_DIR), *notes]))
            while not supervisor.is_stopping:
                supervisor.tick()
            self._say("Stopping … (Ctrl-C again stops at once)")
        finally:
            supervisor.stop()
        self._say("Stopped.")

    def _lock(self) -> int:
        try:
            return up.lock(settings.DATA_DIR)
        except up.AlreadyRunning as error:
            raise CommandError(
                f"The monitor is already running on {settings.DATA_DIR}, or still stopping. Stop it first (Ctrl-C "
                "where it runs), or set another DATA_DIR."
            ) from error
        except OSError as error:
            raise CommandError(f"DATA_DIR: cannot write to {settings.DATA_DIR}: {error.strerror}.") from error

    def _listen(self, bind: str) -> tuple[socket.socket, str]:
        """The listening socket, and the address under which people reach it."""
        is_url_given = settings.ENVIRONMENT.is_monitor_url_given
        try:
            host, port = addresses.parse(bind)
            if not env.is_loopback(host) and not is_url_given:
                raise CommandError(
                    f"{host} can be reached from other machines: set MONITOR_URL to the address that people will open."
                )
            listener = addresses.listen((host, port))
        except addresses.AddressError as error:
            raise CommandError(str(error)) from error
        return listener, settings.MONITOR_URL if is_url_given else f"http://{addresses.join(host, _port(listener))}"

    def _prepare(self) -> None:
        """Bring the database and the static files up to date."""
        try:
            executor = MigrationExecutor(connection)
            if executor.migration_plan(executor.loader.graph.leaf_nodes()):
                self._say("Preparing the database …")
                call_command("migrate", interactive=False, verbosity=0)
            self.check(databases=["default"])
        except DatabaseError as error:
            raise CommandError(f"The database cannot be used: {str(error).strip().splitlines()[0]}") from error
        static_files.collect_if_changed()

    def _prepare_demo(self, url: str, environment: dict[str, str]) -> tuple[User, list[Child], str]:
        sandbox = demo_run.sandbox_address()
        try:
            user, key = demo_run.prepare(sandbox)
        except demo_run.RealData as error:
            raise CommandError(
                f"{settings.DATA_DIR} holds integrations that no demo has made: a demo needs a DATA_DIR of its own."
            ) from error
        if not demo_past.is_made():
            self._say("Making thirty days of history, once …")
            call_command("demo_history", stdout=self.stdout)
        return user, up.demo_children(environment, sandbox=sandbox, monitor=url, key=key), sandbox

    def _why_not(self, supervisor: Supervisor) -> str:
        if supervisor.is_stopping:
            return "Stopped before it had started."
        lines = "\n".join(f"  {line}" for line in supervisor.last_lines("web", 15))
        return f"The web process does not answer. The end of {settings.DATA_DIR}/logs/web.log:\n{lines}"

    def _say(self, sentence: str) -> None:
        try:
            self.stdout.write(sentence)
            self.stdout.flush()
        except OSError:
            # The terminal has gone, which is no reason to stop.
            pass


def _port(listener: socket.socket) -> int:
    port: int = listener.getsockname()[1]
    return port
