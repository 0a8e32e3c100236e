"""Migrations are not bound by the limit that holds for every other statement."""

from __future__ import annotations

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import connection
from django.db.models.signals import pre_migrate

pytestmark = pytest.mark.django_db


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has no such limit")
def test_the_limit_is_lifted_for_migrations_only() -> None:
    seen = [limit()]

    def look(**_: object) -> None:
        seen.append(limit())

    config = apps.get_app_config("responses")
    pre_migrate.connect(look, sender=config)
    try:
        call_command("migrate", verbosity=0)
    finally:
        pre_migrate.disconnect(look, sender=config)

    assert [*seen, limit()] == ["30s", "0", "30s"]


def limit() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SHOW statement_timeout")
        found: str = cursor.fetchone()[0]
        return found
