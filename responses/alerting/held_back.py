"""What a channel's hourly cap held back: how many messages, and about what. Reads only."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import msgspec
from django.conf import settings
from django.urls import reverse

from responses.alerting import wording
from responses.alerting.message import TITLE_LENGTH, Kind, Link, Listing, Message, Tone
from responses.models import Channel, Delivery, Transition

MOST_SHOWN = 10
LOOKED_AT = 1_000


class Held(msgspec.Struct, frozen=True):
    """How many messages were held back, and the alerts that most of them were about."""

    number: int
    cap: int
    alerts: tuple[Link, ...] = ()
    others: int = 0
    """How many alerts are not in the list."""


def of(channel: Channel, transition: Transition) -> Held:
    """Find what a message of the channel counts."""
    held = Delivery.objects.filter(channel=channel, counted_in__transition=transition)
    counted: dict[int, tuple[int, str]] = {}
    rows = held.order_by("id").values_list("transition__alert_id", "transition__alert__title")[:LOOKED_AT]
    for alert_id, title in rows:
        if alert_id is not None:
            counted[alert_id] = (counted.get(alert_id, (0, ""))[0] + 1, title or "")
    most = sorted(counted.items(), key=lambda row: (-row[1][0], row[0]))
    links = tuple(
        Link(
            f"{wording.count(number, 'message')}: {wording.clean(title, TITLE_LENGTH) or 'an alert'}",
            settings.MONITOR_URL + reverse("alert-detail", args=[alert_id]),
        )
        for alert_id, (number, title) in most[:MOST_SHOWN]
    )
    return Held(held.count(), channel.hourly_cap, links, len(most) - len(links))


def tell(held: Held, *, failures: int, url: str, now: datetime, zone: ZoneInfo) -> Message:
    """Say how many messages the channel did not get, of how many failures they would have told, and where they are."""
    rest = (Link(f"… and {wording.count(held.others, 'alert')} more"),) if held.others else ()
    title = f"… and {wording.more(held.number, 'message')}"
    return Message(
        kind=Kind.MORE,
        tone=Tone.INFO,
        title=title,
        topic="Messages were held back",
        figures=(wording.figure(held.number, "message"), *((wording.figure(failures, "failure"),) if failures else ())),
        meaning=f"This channel takes {held.cap:,} messages an hour; these were held back so that the worst ones are "
        "seen. Nothing is lost: each of them stands on its alert's page.",
        lists=(Listing("They were about", (*held.alerts, *rest)),) if held.alerts else (),
        url=url,
        url_label="Open the alerts",
        as_of=now,
        footer=f"Numbers as of {wording.exact(now, zone)}.",
    )
