"""What a new install needs before anybody can use it: a person who may sign in, an integration, and its intake key."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone

from responses import configuring
from responses.audit import Doer
from responses.models import Integration, User

ADMIN = "admin"
SLUG = "my-shop"


@dataclass(frozen=True, kw_only=True)
class FirstRun:
    """What was made. The secrets are never seen again: whoever holds this shows them."""

    password: str = ""
    """Of the new admin; empty when somebody could sign in already."""
    intake_key: str = ""
    """Of the new integration; empty when there was one already."""


def prepare() -> FirstRun:
    """Make what is missing."""
    with transaction.atomic():
        password = "" if User.objects.exists() else _make_admin()
        intake_key = ""
        if not Integration.objects.exists():
            integration = Integration.objects.create(slug=SLUG, name="My shop")
            intake_key = configuring.make_key(
                integration, name="Made on the first run", doer=Doer(), now=timezone.now()
            )[1]
    return FirstRun(password=password, intake_key=intake_key)


def _make_admin() -> str:
    password = secrets.token_urlsafe(15)
    User.objects.create_superuser(ADMIN, "", password)
    return password
