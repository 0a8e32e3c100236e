"""Changes that nobody has handled, and what became of them; a shop and its channel to tell them to."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from responses.alerting import announce, setup, transitions
from responses.audit import Doer
from responses.models import Alert, AlertRule, Channel, Delivery, Integration, Issue, Transition, ids
from tests.factories import NOW, make_exchange, make_integration, make_purchase, record

Kind = Transition.Kind
Fate = Transition.Fate
Severity = Alert.Severity
MINUTE = timedelta(minutes=1)


@pytest.fixture
def shop() -> Integration:
    return make_integration(name="Shop EU")


@pytest.fixture
def channel(shop: Integration) -> Channel:
    return make_channel(shop)


def make_channel(integration: Integration | None = None, **values: Any) -> Channel:
    channel = setup.add(Channel.Kind.EMAIL, "team@example.com", integration=integration, doer=Doer(), now=NOW)
    Channel.objects.filter(pk=channel.pk).update(**values)
    channel.refresh_from_db()
    return channel


def make_issue(shop: Integration, *, now: datetime = NOW, status_code: int = 400) -> Issue:
    """A new issue, told."""
    answer = {"error_message": "Session id cannot be null"}
    record(shop, make_exchange(make_purchase(), status_code, answer, sent_at=now), now=now)
    announce.announce(now)
    return Issue.objects.order_by("-id")[0]


def change(kind: Kind, shop: Integration | None = None, *, now: datetime = NOW, **values: Any) -> Transition:
    """A change of state that nobody has handled."""
    return Transition.objects.create(id=ids.new(now), kind=kind, integration=shop, at=now, **values)


def found(kind: Kind, issue: Issue, shipped: str, *, now: datetime = NOW) -> Transition:
    """What a sweep has found about an issue."""
    rule = AlertRule.objects.get(shipped=shipped)
    subject, window = f"issue:{issue.pk}", f"{now:%H:%M:%S}"
    assert transitions.once(
        kind, rule=rule, subject=subject, window=window, integration=issue.integration, issue=issue, now=now
    )
    return Transition.objects.order_by("-id")[0]


def fates() -> list[str]:
    return list(Transition.objects.order_by("id").values_list("fate", flat=True))


def told() -> list[str]:
    return list(Delivery.objects.order_by("id").values_list("transition__kind", flat=True))


def accept() -> None:
    """As if the channels had taken what waits for them."""
    Delivery.objects.filter(state=Delivery.State.PENDING).update(state=Delivery.State.SENT, sent_at=NOW)
