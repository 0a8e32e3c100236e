"""``manage.py create_channel email|slack|webhook|sentry|other TARGET``: where messages go."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from responses.alerting import setup
from responses.alerting.channels import kinds
from responses.alerting.channels.errors import TargetError
from responses.audit import Doer
from responses.models import Channel, Integration

TARGETS = (
    "email: up to 20 addresses separated by commas. slack: the address of an incoming webhook, or a bot's token and a "
    "channel. webhook: an https address, and a secret (whsec_...) unless one is to be made. sentry: a DSN. other: an "
    "address of the library Apprise."
)


class Command(BaseCommand):
    help = "Add a channel: a place where messages go."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("kind", choices=Channel.Kind.values, help="What kind of channel.")
        parser.add_argument("target", help=TARGETS)
        parser.add_argument(
            "--integration", metavar="SLUG", help="Only what is about this integration; without it, about all."
        )
        parser.add_argument("--name", default="", help="What the pages call it; without it, its address in short.")

    def handle(self, *_args: Any, **options: Any) -> None:
        integration = None
        if options["integration"]:
            integration = Integration.objects.filter(slug=options["integration"]).first()
            if integration is None:
                known = ", ".join(Integration.objects.order_by("slug").values_list("slug", flat=True)) or "none yet"
                raise CommandError(f"There is no integration {options['integration']}. There are: {known}.")
        try:
            target = kinds.of(options["kind"]).validate(options["target"])
            channel = setup.add(
                Channel.Kind(options["kind"]),
                target,
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
        secret = kinds.secret_of(channel.kind, target)
        if secret:
            self.stdout.write(f"The secret that signs its events, shown only now: {secret}")
