"""What load balancers and supervisors ask: is this process alive, and can it serve? No sign-in, and no details."""

from __future__ import annotations

from django.db import DatabaseError, connection
from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from responses.insight import health
from responses.models import Heartbeat


@require_safe
@never_cache
def alive(request: HttpRequest) -> JsonResponse:
    """Answer 200 as long as the process answers at all."""
    return JsonResponse({"status": "ok"})


@require_safe
@never_cache
def ready(request: HttpRequest) -> JsonResponse:
    """Answer 200 when the database does, else 503. Says too whether worker and beat were seen lately."""
    now = timezone.now()
    try:
        seen = dict(Heartbeat.objects.values_list("name", "seen_at"))
    except DatabaseError:
        connection.close()
        return JsonResponse({"status": "unavailable", "database": "down"}, status=503, headers={"Retry-After": "5"})
    parts = {
        name: "ok" if name in seen and now - seen[name] <= health.SILENT_AFTER else "silent"
        for name in (health.WORKER, health.BEAT)
    }
    return JsonResponse({"status": "ok", "database": "ok", **parts})
