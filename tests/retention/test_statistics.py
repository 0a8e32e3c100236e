"""SQLite gets to know what is stored; PostgreSQL does it by itself."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection

from responses.retention import statistics
from tests.factories import NOW, make_integration, make_refusal, record

pytestmark = pytest.mark.django_db


def test_it_looks_now_and_then_and_only_where_there_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(statistics, "ENOUGH", 3)
    integration = make_integration()
    record(integration, make_refusal())
    record(integration, make_refusal())
    assert not statistics.refresh(NOW)

    record(integration, make_refusal())

    is_sqlite = connection.vendor == "sqlite"
    assert not statistics.refresh(NOW + timedelta(minutes=9))
    assert statistics.refresh(NOW + timedelta(minutes=11)) is is_sqlite
    assert not statistics.refresh(NOW + timedelta(minutes=12))
    if is_sqlite:
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM sqlite_stat1 WHERE idx = 'response_by_request'")
            assert cursor.fetchone() == (1,)
