"""The alarm about the monitor itself: which of its parts is silent, and how that is told when the usual way is dead.

Called by threads of the web processes and by a worker's task, never by a request.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec
from django.conf import settings

from responses import sealing
from responses.alerting import announce, deliver, pulse, transitions, wording
from responses.alerting.about import About
from responses.alerting.channels import kinds
from responses.alerting.channels.errors import ChannelError
from responses.alerting.message import Kind, Message, Stamp, Tone
from responses.models import Alert, AlertRule, Channel, Transition

SUBJECT = "monitor:"
DEFAULT_MINUTES = 2
MOST_SENDS = 50
"""So many messages a stand-in sends at a time; it comes again in a moment."""

logger = logging.getLogger(__name__)


class Speaking(msgspec.Struct, frozen=True):
    """A channel as it is remembered for the time when the database cannot be asked. Its target stays sealed."""

    channel_id: int
    kind: str
    target_sealed: bytes


def look(parts: Iterable[str], *, since: datetime, now: datetime) -> list[str]:
    """Write down which of ``parts`` has been silent for longer than a rule allows, once for each silence; return them.

    Nothing that was before ``since``, when this process began to look, is held against a part, nor that it was not seen
    while the database was away.
    """
    seen = pulse.last_seen()
    until = pulse.well_until(seen, since=max(since, pulse.database_since() or since))
    told = set(Alert.objects.open().filter(subject__startswith=SUBJECT).values_list("subject", flat=True))
    silent = set()
    for rule in AlertRule.objects.active().filter(trigger=AlertRule.Trigger.MONITOR):
        allowed = timedelta(minutes=rule.window_minutes or DEFAULT_MINUTES)
        for name in parts:
            # The scheduler is seen only by what a worker does for it: a dead worker tells nothing about it.
            silence = (until[pulse.WORKER] if name == pulse.BEAT else now) - until[name]
            if silence <= allowed:
                continue
            silent.add(name)
            if SUBJECT + name not in told:
                transitions.once(
                    Transition.Kind.MONITOR_LAGS,
                    rule=rule,
                    subject=SUBJECT + name,
                    window=f"{until[name]:%Y-%m-%dT%H:%M:%S}" if name in seen else "never",
                    number=int(silence.total_seconds()),
                    now=now,
                )
    return sorted(silent)


def stand_in(*, clock: Callable[[], datetime]) -> int:
    """Do the worker's part for messages: announce what waits, send what is due. Returns how many were tried.

    Safe beside a worker that lives after all: whatever is done twice is claimed once.
    """
    announce.announce(clock())
    tried = 0
    waiting = deliver.due(clock())
    while waiting and tried < MOST_SENDS:
        tried += 1
        waiting = [*waiting[1:], *deliver.send(waiting[0], clock())]
        waiting = list(dict.fromkeys(waiting))
    return tried


def remember() -> tuple[Speaking, ...]:
    """The channels that are on, for the time when the database cannot be asked."""
    rows = Channel.objects.kept().filter(is_on=True).order_by("id").values_list("id", "kind", "target_sealed")
    return tuple(Speaking(pk, kind, bytes(target)) for pk, kind, target in rows)


def tell_directly(channels: Iterable[Speaking], message: Message, *, message_id: str, now: datetime) -> int:
    """Hand a message to each channel without the database; return how many took it."""
    taken = 0
    for channel in channels:
        stamp = Stamp(message_id=f"{message_id}-{channel.channel_id}", thread_id=f"{message_id}-thread", at=now)
        try:
            kinds.of(channel.kind).send(sealing.unseal(channel.target_sealed).decode(), message, stamp)
        except (ChannelError, sealing.SealError) as error:
            logger.warning("the database is away, and a channel does not take the message about it: %s", error)
        else:
            taken += 1
    return taken


def no_database(*, since: datetime, now: datetime) -> Message:
    """Say that the database does not answer, or cannot be written."""
    zone = ZoneInfo(settings.DISPLAY_TIME_ZONE)
    return _message(
        title="The monitor's database does not answer",
        news=f"It was last well {wording.when(since, zone, now=now)}.",
        meaning="Calls cannot be recorded: services that report them are asked to try again. Nothing is sent again, and no "
        "alert goes out but this one.",
        advice="Look whether the database runs, can be reached, and has room on its disk.",
        kind="monitor_lags",
        tone=Tone.CRITICAL,
        now=now,
    )


def database_again(*, since: datetime, now: datetime) -> Message:
    """Say that the database answers again."""
    lasted = wording.span((now - since).total_seconds())
    return _message(
        title="The monitor's database answers again",
        news=f"It was away for {lasted}.",
        meaning="Calls are recorded and alerts go out as before.",
        advice="",
        kind="recovered",
        tone=Tone.GOOD,
        now=now,
    )


def _message(*, title: str, news: str, meaning: str, advice: str, kind: str, tone: Tone, now: datetime) -> Message:
    sent_at = wording.exact(now, ZoneInfo(settings.DISPLAY_TIME_ZONE))
    return Message(
        kind=Kind.OVER if tone is Tone.GOOD else Kind.MONITOR,
        tone=tone,
        title=title,
        topic="The monitor's database does not answer",
        news=news,
        meaning=meaning,
        who="You: whoever runs the monitor" if advice else "",
        advice=advice,
        url=settings.MONITOR_URL,
        url_label="Open the monitor",
        as_of=now,
        footer=f"Sent by a web process of Ordergroove Monitor at {sent_at}, without its database.",
        about=About(kind=kind, severity="info" if tone is Tone.GOOD else "critical"),
    )
