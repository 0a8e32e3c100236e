"""What the demo needs before it starts. It works only on data that a demo has made: invented orders must never stand
among real ones."""

from __future__ import annotations

import socket
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from ordergroove_monitor import secret_files
from responses import configuring, sealing
from responses.audit import Doer
from responses.models import IntakeKey, Integration, User
from responses.models.integration import parts_of_key
from responses.ordergroove import endpoints

SLUG = "demo-shop"
ADMIN = "demo"
SANDBOX_HOST = "127.0.0.1"
SANDBOX_PORT = 9100
# What the sandbox accepts (its world's default credentials); they open nothing else.
API_KEY = b"sandbox-key"
HASH_KEY = b"sandbox-hash-key"


class RealData(Exception):
    """The database holds integrations that no demo has made."""


def sandbox_address() -> str:
    """Where the sandbox listens: its usual port, or a free one when that is taken."""
    for port in (SANDBOX_PORT, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((SANDBOX_HOST, port))
            except OSError:
                continue
            return f"{SANDBOX_HOST}:{probe.getsockname()[1]}"
    raise OSError("no port is free")


def prepare(sandbox: str) -> tuple[User, str]:
    """Make what is missing, with every host of the integration at the address ``sandbox``: the demo's user, and the
    intake key for its shop, which is kept in the demo's data folder. The monitor sends again; the shop never does."""
    with transaction.atomic():
        if Integration.objects.exclude(slug=SLUG).exists():
            raise RealData
        user = User.objects.filter(username=ADMIN).first() or User.objects.create_superuser(ADMIN, "", None)
        integration, _ = Integration.objects.get_or_create(slug=SLUG, defaults={"name": "Demo shop"})
        integration.hosts = dict.fromkeys(endpoints.ROLES, f"http://{sandbox}")
        integration.api_key_sealed, integration.api_key_last4 = sealing.seal(API_KEY), API_KEY[-4:].decode()
        integration.hash_key_sealed, integration.hash_key_last4 = sealing.seal(HASH_KEY), HASH_KEY[-4:].decode()
        integration.retry_by = Integration.Retry.MONITOR
        integration.save()
        key = _shop_key(integration, settings.DATA_DIR / "secrets" / "demo_shop_key")
    return user, key


def _shop_key(integration: Integration, path: Path) -> str:
    if path.exists():
        kept = path.read_text().strip()
        prefix, secret = parts_of_key(kept) or ("", "")
        found = IntakeKey.objects.usable().filter(integration=integration, prefix=prefix).first()
        if found is not None and found.matches(secret) and found.may_retry:
            return kept
        path.unlink()
    return secret_files.read_or_create(
        path,
        lambda: configuring.make_key(
            integration, name="The demo's shop", may_retry=True, doer=Doer(), now=timezone.now()
        )[1],
    )
