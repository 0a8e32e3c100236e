"""Which address a request came from, as far as that can be known. Forwarding headers count only as far as our own
proxies wrote them."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest


def of(request: HttpRequest) -> str:
    """The client's address: the one that the outermost of ``PROXY_COUNT`` proxies saw."""
    seen: list[str] = [part.strip() for part in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",") if part.strip()]
    seen.append(request.META.get("REMOTE_ADDR", ""))
    # Whatever stands further left was written by the client, and is worth nothing.
    return seen[-1 - min(settings.PROXY_COUNT, len(seen) - 1)]
