"""``manage.py create_intake_key SLUG``: the secret with which a service reports. Shown once, kept as a hash."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from responses import configuring
from responses.audit import Doer
from responses.models import Integration


class Command(BaseCommand):
    help = "Make an intake key. It stands alone on the last line of standard output, and is never shown again."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slug", metavar="SLUG", help="The integration that it reports to.")
        parser.add_argument("--name", default="", help="Which service will use it: checkout.")
        parser.add_argument("--gateway", action="store_true", help="For the gateway: it stands in the base URL.")
        parser.add_argument(
            "--may-retry",
            action="store_true",
            help="What it reports may be sent again with the integration's own credentials.",
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        integration = Integration.objects.filter(slug=options["slug"]).first()
        if integration is None:
            known = ", ".join(Integration.objects.order_by("slug").values_list("slug", flat=True)) or "none yet"
            raise CommandError(f"There is no integration {options['slug']}. There are: {known}.")
        name: str = options["name"]
        if not name.isprintable() or len(name) > 120:
            raise CommandError("--name wants one line of up to 120 characters.")
        _, secret = configuring.make_key(
            integration,
            name=name,
            is_gateway=options["gateway"],
            may_retry=options["may_retry"],
            doer=Doer(),
            now=timezone.now(),
        )
        # Words go to standard error, so that KEY=$(...) holds the key and nothing else.
        self.stderr.write(f"An intake key of {integration.slug}. It is shown only now:", str)
        self.stdout.write(secret)
