"""Which integrations use a host, and what their own traffic to it was in the last minute. Reads only.

The minute counts know endpoints, not hosts: a call whose endpoint is unknown is left out, for it may have gone anywhere.
"""

from __future__ import annotations

from datetime import datetime

import msgspec

from responses.models import Integration, MinuteCount
from responses.ordergroove import endpoints
from responses.recording.facts import netloc_of

_MINUTE = 60
_LIMITED = "restapi"
"""The role of the host for which Ordergroove states a limit."""


class Traffic(msgspec.Struct, frozen=True):
    """Calls in the last minute, how many of these tell something of the host's health, and how many were bad."""

    calls: float = 0.0
    good: float = 0.0
    bad: float = 0.0


class Users(msgspec.Struct, frozen=True):
    """Who uses a host: the roles in which it serves, by integration id."""

    roles: dict[int, frozenset[str]]

    @property
    def has_limit(self) -> bool:
        """Whether Ordergroove states a limit for the host."""
        return any(_LIMITED in roles for roles in self.roles.values())


def of(integration: Integration, role: str) -> str:
    """Return the host with this role as gates are named for it: in lower case, without the scheme's own port.

    ``""`` where the integration has no such host.
    """
    return netloc_of(integration.base_urls.get(role, ""))


def all_of(integration: Integration) -> list[str]:
    """Return every host of an integration, in the order of their roles."""
    return list(dict.fromkeys(filter(None, (of(integration, role) for role in integration.base_urls))))


def users_of(host: str) -> Users:
    """Find the integrations that use a host."""
    found = {}
    for integration in Integration.objects.all():
        roles = frozenset(role for role in integration.base_urls if of(integration, role) == host)
        if roles:
            found[integration.pk] = roles
    return Users(found)


def traffic(users: Users, *, since: datetime | None, now: datetime) -> Traffic:
    """Add up the minute counts of the last sixty seconds: the present minute, and the share of the one before.

    Minutes that began before ``since`` tell nothing of the host's health.
    """
    second = int(now.timestamp())
    minute, passed = divmod(second, _MINUTE)
    weights = {minute: 1.0, minute - 1: 1.0 - passed / _MINUTE}
    templates = {
        integration_id: frozenset().union(*(endpoints.templates(role) for role in roles))
        for integration_id, roles in users.roles.items()
    }
    calls = good = bad = 0.0
    rows = MinuteCount.objects.filter(integration_id__in=list(templates), minute__in=list(weights))
    for integration_id, at, endpoint, status_code, responses in rows.values_list(
        "integration_id", "minute", "endpoint", "status_code", "responses"
    ):
        if endpoint.partition(" ")[2] not in templates[integration_id]:
            continue
        number = responses * weights[at]
        calls += number
        if status_code == 429 or (since is not None and at * _MINUTE < since.timestamp()):
            continue
        if status_code == 0 or status_code >= 500:
            bad += number
        else:
            good += number
    return Traffic(calls, good, bad)
