"""``manage.py create_channel email|slack TARGET``: where new and returning issues are announced."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from responses.alerting import setup
from responses.alerting.channels.errors import TargetError
from responses.audit import Doer
from responses.models import Channel, Integration

LATER = ("sentry", "webhook")


class Command(BaseCommand):
    help = "Add a channel to which new and returning issues are announced."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("kind", choices=[*Channel.Kind.values, *LATER], help="What kind of channel.")
        parser.add_argument(
            "target", help="email: up to 20 addresses separated by commas. slack: the address of an incoming webhook."
        )
        parser.add_argument(
            "--integration", metavar="SLUG", help="Only issues of this integration; without it, of all."
        )
        parser.add_argument("--name", default="", help="What the pages call it; without it, its address in short.")

    def handle(self, *_args: Any, **options: Any) -> None:
        if options["kind"] in LATER:
            raise CommandError(f"Channels of the kind {options['kind']} come with a later version: use email or slack.")
        integration = None
        if options["integration"]:
            integration = Integration.objects.filter(slug=options["integration"]).first()
            if integration is None:
                known = ", ".join(Integration.objects.order_by("slug").values_list("slug", flat=True)) or "none yet"
                raise CommandError(f"There is no integration {options['integration']}. There are: {known}.")
        try:
            channel = setup.add(
                Channel.Kind(options["kind"]),
                options["target"],
                name=options["name"],
                integration=integration,
                doer=Doer(),
                now=timezone.now(),
            )
        except TargetError as error:
            raise CommandError(str(error)) from None
        place = f"issues of {integration.name}" if integration else "issues of every integration"
        hint = "" if channel.name == channel.target_hint else f" ({channel.target_hint})"
        self.stdout.write(f"{channel.get_kind_display()} channel “{channel.name}”{hint} hears about {place}.")
