"""What sweeps find and what announcing makes of it, together: the whole life of an alert."""

from __future__ import annotations

from datetime import datetime

import pytest

from responses.alerting import announce, threads
from responses.alerting.sweeps import rounds
from responses.models import Alert, Channel, Delivery, FailedRequest, Issue, Transition
from responses.retention import expiry
from responses.triage import issues
from tests.alerting.sweeps.watching import DAY, HOUR, MINUTE, outage, refuse, rule
from tests.factories import NOW, make_integration, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def channel() -> Channel:
    return Channel.objects.create(kind="email", name="team", target_sealed=b"", target_hint="")


def look(at: datetime) -> list[str]:
    """Sweep and announce; return the kinds of what is told by that, in order."""
    known = set(Delivery.objects.values_list("pk", flat=True))
    rounds.sweep(at)
    announce.announce(at)
    new = Delivery.objects.exclude(pk__in=known).order_by("pk")
    return [delivery.transition.kind for delivery in new if delivery.transition is not None]


def say(channel: Channel, total: int, *, at: datetime) -> None:
    """The messages so far were accepted, and told so many failures."""
    Delivery.objects.update(state=Delivery.State.SENT, sent_at=at)
    for alert in Alert.objects.open():
        threads.note(alert.pk, channel.pk, total=total, now=at)


def settle() -> None:
    FailedRequest.objects.open().update(state="resolved", closed_at=NOW, resolved_by="caller")


def test_opened_grows_reminder_over_and_back(channel: Channel) -> None:
    rule("many", is_on=False)
    shop = make_integration()
    refuse(shop, 1, at=NOW)
    assert look(NOW) == ["issue_opened"]
    say(channel, 1, at=NOW)

    refuse(shop, 60, at=NOW + MINUTE)
    assert look(NOW + 2 * MINUTE) == ["issue_grew"]
    say(channel, 61, at=NOW + 2 * MINUTE)
    assert look(NOW + 3 * MINUTE) == look(NOW + HOUR) == []

    assert look(NOW + 4 * HOUR + 3 * MINUTE) == ["reminder"]
    settle()
    assert look(NOW + 5 * HOUR) == ["recovered"]
    first = Alert.objects.get()
    assert first.closed_at == NOW + 5 * HOUR
    assert "No failure came any more" in first.closed_because

    refuse(shop, 1, at=NOW + 6 * HOUR)
    assert look(NOW + 6 * HOUR) == ["issue_regressed"]
    second = Alert.objects.open().get()
    assert (second.issue_id, second.kind) == (first.issue_id, "issue_regressed")
    assert look(NOW + 6 * HOUR + MINUTE) == []


def test_a_transient_issue_is_told_at_once_when_it_lasts_and_when_it_is_over(channel: Channel) -> None:
    shop = make_integration()
    outage(shop, at=NOW)
    assert look(NOW) == ["issue_opened"]
    say(channel, 1, at=NOW)
    heard = []
    for minute in range(3, 45, 3):
        outage(shop, at=NOW + minute * MINUTE)
        heard += look(NOW + minute * MINUTE)
    assert heard == ["issue_lasts"]

    settle()
    assert look(NOW + 50 * MINUTE) == []
    assert look(NOW + 57 * MINUTE) == ["recovered"]


def test_an_acknowledged_issue_is_not_reminded_of_and_its_end_is_told(channel: Channel) -> None:
    shop = make_integration()
    issue = refuse(shop, 1, at=NOW)
    look(NOW)
    Issue.objects.update(state="acknowledged")
    assert look(NOW + DAY / 2) == []
    assert Alert.objects.get().acknowledged_at is not None
    Issue.objects.filter(pk=issue.pk).update(state="resolved", resolved_at=NOW + DAY / 2)
    assert look(NOW + DAY / 2 + MINUTE) == ["recovered"]


def test_more_requests_that_expire_within_the_hour_are_told_when_it_is_over(channel: Channel) -> None:
    rule("new_issue", is_on=False)
    rule("many", is_on=False)
    rule("growth", is_on=False)
    rule("expiring", is_on=False)
    shop = make_integration()
    for minute in (0, 10, 20):
        refuse(shop, 5, at=NOW + minute * MINUTE)
    heard = []
    for minute in range(0, 120, 5):
        at = NOW + DAY + minute * MINUTE
        expiry.expire(at)
        heard.append((minute, look(at)))
    told = [(minute, kinds) for minute, kinds in heard if kinds]
    assert told[0] == (0, ["request_expired"])
    assert told[1:] == [(60, ["reminder"])]
    assert sum(one.number or 0 for one in Transition.objects.filter(kind="request_expired")) == 15


def test_above_its_number_a_muted_issue_is_told_as_growing(channel: Channel) -> None:
    shop = make_integration()
    issue = refuse(shop, 1, at=NOW)
    look(NOW)
    admin = make_user(is_superuser=True)
    assert issues.mute(Issue.objects.get(pk=issue.pk), admin, until=None, above=10, now=NOW)
    refuse(shop, 10, at=NOW + MINUTE)
    issues.unmute(now=NOW + MINUTE)
    assert look(NOW + MINUTE) == []
    refuse(shop, 1, at=NOW + MINUTE)
    issues.unmute(now=NOW + MINUTE)
    assert look(NOW + MINUTE) == ["issue_grew"]
