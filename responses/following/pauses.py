"""When nobody asks for results: Ordergroove refused the credentials, or asked to wait. A pause is an integration's."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from responses.following.verdicts import Verdict
from responses.models import Integration
from responses.sending import destinations

LONG = timedelta(minutes=5)
_PROBE = timedelta(seconds=30)
"""How long others wait for the one question that finds out whether the pause may end."""


def allowance(integration: Integration, share: int, *, now: datetime) -> int:
    """Return how many questions may be asked now: ``share``, none in a pause, one where a pause has just run out."""
    if not integration.follow_problem or integration.follow_paused_until is None:
        return share
    if integration.follow_paused_until > now:
        return 0
    # Of several workers the one that moves the pause forward asks.
    mine = Integration.objects.filter(pk=integration.pk, follow_paused_until=integration.follow_paused_until)
    return mine.update(follow_paused_until=now + _PROBE)


def heed(integration: Integration, verdict: Verdict, *, now: datetime) -> None:
    """Begin a pause where the answer asks for one; end one where Ordergroove answers again."""
    if verdict.pause:
        integration_ids = _on_the_same_host(integration) if verdict.is_limited else [integration.pk]
        begin(integration_ids, verdict.problem, until=now + timedelta(seconds=verdict.pause))
    elif integration.follow_problem and verdict.is_heard:
        end(integration.pk)


def begin(integration_ids: Sequence[int], problem: str, *, until: datetime) -> None:
    """Let nobody ask on these accounts until then."""
    paused = Integration.objects.filter(pk__in=integration_ids)
    paused.update(follow_paused_until=until, follow_problem=problem[:200])


def end(integration_id: int) -> None:
    """Ask as before. Also for whoever gives an integration new credentials."""
    Integration.objects.filter(pk=integration_id).update(follow_paused_until=None, follow_problem="")


def _on_the_same_host(integration: Integration) -> list[int]:
    """Return the integrations that share the host: Ordergroove limits by our address, not by account."""
    host = _host(integration)
    return [other.pk for other in Integration.objects.all() if _host(other) == host]


def _host(integration: Integration) -> str:
    try:
        return destinations.origin_of(integration.base_urls.get("sc", "")).netloc
    except destinations.DestinationError:
        return f"none of {integration.pk}"
