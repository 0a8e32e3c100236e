"""``manage.py create_integration SLUG``: an Ordergroove merchant in one environment, or a change of one."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.db import IntegrityError, transaction
from django.utils import timezone

from ordergroove_monitor import env
from responses import configuring
from responses.audit import Doer
from responses.exchanges import RetryBy
from responses.models import Integration
from responses.ordergroove import endpoints
from responses.sending.destinations import DestinationError

PRODUCTION = Integration.Environment.PRODUCTION.value


class Command(BaseCommand):
    help = "Add an integration: one Ordergroove merchant in one environment. With --update, change it if it exists."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slug", metavar="SLUG", help="Its short name, as it stands in addresses: my-shop.")
        parser.add_argument(
            "--environment", choices=Integration.Environment.values, help=f"default: {PRODUCTION}; it never changes"
        )
        parser.add_argument("--name", help="What the pages call it; default: made from the short name.")
        parser.add_argument("--merchant", metavar="ID", help="The merchant's public id at Ordergroove.")
        parser.add_argument(
            "--host",
            action="append",
            default=[],
            metavar="NAME=URL",
            help=f"Point a host ({', '.join(endpoints.ROLES)}) elsewhere: a sandbox, a test server. Nothing after the"
            " = sets it back.",
        )
        parser.add_argument(
            "--api-key-env", metavar="VARIABLE", help="The environment variable that holds the API key."
        )
        parser.add_argument("--hash-key-env", metavar="VARIABLE", help="The one that holds the hash key (HMAC).")
        parser.add_argument(
            "--retry", choices=[who.value for who in RetryBy], help="Who sends a failed request again; default: caller."
        )
        parser.add_argument("--update", action="store_true", help="Change the integration if there is one already.")

    def handle(self, *_args: Any, **options: Any) -> None:
        slug: str = options["slug"]
        try:
            Integration._meta.get_field("slug").run_validators(slug)
        except ValidationError:
            raise CommandError(f"{slug!r} is no short name: use up to 60 letters, digits, - and _.") from None
        known = Integration.objects.filter(slug=slug).first()
        if known is not None and not options["update"]:
            raise CommandError(f"There is an integration {slug} already. Add --update to change it.")
        if known is not None and options["environment"] not in (None, known.environment):
            raise CommandError(f"{slug} belongs to {known.environment}, which never changes: add another integration.")
        keys = {name: _key(options[f"{name}_env"]) for name in ("api_key", "hash_key")}
        wanted = _settings(known, slug, options)
        if keys["hash_key"] and not wanted.merchant_id:
            raise CommandError("A hash key signs in the merchant's name: give --merchant as well.")
        with transaction.atomic():
            integration = _keep(known, wanted, keys, options)
        self._say(integration, is_new=known is None)

    def _say(self, integration: Integration, *, is_new: bool) -> None:
        self.stdout.write(
            f"{'Added' if is_new else 'Updated'} {integration.slug} ({integration.name}), {integration.environment}."
        )
        if integration.merchant_id:
            self.stdout.write(f"  merchant: {integration.merchant_id}")
        for role, url in integration.base_urls.items():
            self.stdout.write(f"  {role}: {url}{' (own)' if role in integration.hosts else ''}")
        self.stdout.write(f"  sent again by: {integration.get_retry_by_display().lower()}")
        if integration.has_credentials:
            kept = [
                f"{what}{f' ending in {last4}' if last4 else ''}"
                for what, token, last4 in (
                    ("API key", integration.api_key_sealed, integration.api_key_last4),
                    ("hash key", integration.hash_key_sealed, integration.hash_key_last4),
                )
                if token
            ]
            self.stdout.write(f"  credentials: {', '.join(kept)} (kept encrypted)")
        else:
            self.stdout.write("  no credentials: accepted purchases are recorded, but nobody can ask for their results")
            if integration.retry_by == Integration.Retry.MONITOR:
                self.stdout.write("  and what the monitor is to send again is held until it has some")
        if integration.retry_by == Integration.Retry.MONITOR:
            self.stdout.write(
                "  Your own systems must not repeat the same calls: two that retry are how an order is created twice."
            )
        if is_new:
            may_retry = " --may-retry" if integration.retry_by == Integration.Retry.MONITOR else ""
            self.stdout.write(f"Next: manage.py create_intake_key {integration.slug}{may_retry}")


def _keep(
    known: Integration | None, wanted: configuring.Settings, keys: dict[str, str], options: dict[str, Any]
) -> Integration:
    doer, now = Doer(), timezone.now()
    if known is None:
        environment = Integration.Environment(options["environment"] or PRODUCTION)
        try:
            integration = configuring.create(options["slug"], environment, wanted, doer=doer, now=now)
        except IntegrityError:
            raise CommandError(f"Somebody has just added an integration {options['slug']}.") from None
    else:
        integration = known
        configuring.change(integration, wanted, doer=doer, now=now)
    retry_by = RetryBy(options["retry"] or integration.retry_by)
    if any(keys.values()) or retry_by.value != integration.retry_by:
        try:
            configuring.give_credentials(integration, **keys, retry_by=retry_by, doer=doer, now=now)
        except ValueError as error:
            raise CommandError(f"What the variable holds is no key. {error}") from None
    return integration


def _settings(known: Integration | None, slug: str, options: dict[str, Any]) -> configuring.Settings:
    """Return the settings that are wanted: those that are kept, changed by what was given."""
    name = options["name"] or (known.name if known else slug.replace("-", " ").replace("_", " ").capitalize())
    if not name.isprintable() or len(name) > 120:
        raise CommandError("--name wants one line of up to 120 characters.")
    merchant_id = options["merchant"] if options["merchant"] is not None else (known.merchant_id if known else "")
    if not merchant_id.isprintable() or len(merchant_id) > 200:
        raise CommandError("--merchant wants an id of up to 200 characters.")
    hosts = dict(known.hosts) if known else {}
    for given in options["host"]:
        role, url = _host(given)
        hosts.pop(role, None)
        if url:
            hosts[role] = url
    if known is None:
        return configuring.Settings(name=name, merchant_id=merchant_id, hosts=hosts)
    return configuring.Settings(
        name=name,
        merchant_id=merchant_id,
        hosts=hosts,
        follow_schedule=known.follow_schedule,
        follow_for_seconds=known.follow_for_seconds,
    )


def _host(given: str) -> tuple[str, str]:
    role, separator, url = given.partition("=")
    if not separator or role not in endpoints.ROLES:
        raise CommandError(f"--host wants NAME=URL with a name out of {', '.join(endpoints.ROLES)}, not {given!r}.")
    try:
        return role, configuring.checked_host(url) if url else ""
    except DestinationError as error:
        raise CommandError(f"--host {role}: {error}") from None


def _key(variable: str | None) -> str:
    """Return the key that a variable holds. It is never given on the command line, where everybody could read it."""
    if variable is None:
        return ""
    key = env.named_secret(variable)
    if not key:
        raise CommandError(f"The environment variable {variable} is not set, or empty.")
    return key
