"""The probes answer without a sign-in."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from responses.insight import health
from responses.models import Heartbeat

pytestmark = pytest.mark.django_db


def test_a_live_process_answers(client: Client) -> None:
    assert client.get("/healthz").json() == {"status": "ok"}


def test_readiness_tells_of_the_database_and_of_silent_processes(client: Client) -> None:
    now = timezone.now()
    Heartbeat.objects.create(name=health.WORKER, seen_at=now)
    Heartbeat.objects.create(name=health.BEAT, seen_at=now - timedelta(minutes=5))
    answered = client.get("/readyz")
    assert answered.status_code == 200
    assert answered.json() == {"status": "ok", "database": "ok", "worker": "ok", "beat": "silent"}
    assert answered["Cache-Control"].startswith("max-age=0")
