"""A rule as a sentence: when, to whom, how. Reads nothing from the database but what the rule already holds."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from responses.alerting import wording
from responses.models import AlertRule, Channel

Trigger = AlertRule.Trigger

_WHEN = {
    Trigger.NEW_ISSUE: "a new {what}issue appears",
    Trigger.PARTIAL: "calls succeed only in part for a new reason",
    Trigger.REGRESSION: "a resolved {what}issue is back",
    Trigger.GROWTH: "{an}{what}issue grows {number}-fold within {window}",
    Trigger.LASTING: "a transient issue lasts longer than {window}",
    Trigger.EXHAUSTED: "the automatic attempts of a request are used up",
    Trigger.REPEATED: "the same request gets the same {what}error {times} within {window}",
    Trigger.MANY: "the same {what}cause hits {requests} within {window}",
    Trigger.AUTH: "401 or 403 come {times} within {window}",
    Trigger.BREAKER: "sending again is stopped, or goes on",
    Trigger.UNKNOWN: "an outcome stays unknown for {window}",
    Trigger.EXPIRING: "{what}requests expire within {window}",
    Trigger.EXPIRED: "{what}requests have expired",
    Trigger.SILENCE: "no purchase arrives for {window} where there usually are some",
    Trigger.DIGEST: "a day is over, at {clock}",
    Trigger.MONITOR: "the monitor’s own worker, timer or database lags for {window}",
}
_ONCE_A_WINDOW = (Trigger.EXHAUSTED, Trigger.EXPIRED)
ALL_CHANNELS = "all channels"
NOBODY = "nobody, since no channel is chosen"


class Sentence(msgspec.Struct, frozen=True):
    """The parts of a rule's sentence, so that a page may set them apart."""

    when: str
    """``a new needs-fix issue appears in Production``."""
    to: str
    """``Slack #oncall and Email team``."""
    how: str
    """``at once; remind every 4 h until acknowledged; say when it is over``."""

    def __str__(self) -> str:
        return f"When {self.when} → {self.to}, {self.how}."


def of(rule: AlertRule, *, channels: Sequence[str] = ()) -> Sentence:
    """Return the sentence of a rule, stored or not. ``channels``: the names of those chosen, as ``name_of`` says them."""
    to = ALL_CHANNELS if rule.every_channel else _listed(channels, "and") or NOBODY
    return Sentence(when(rule), to, how(rule))


def name_of(channel: Channel) -> str:
    """Return what a sentence calls a channel: ``Slack #oncall``."""
    return f"{channel.get_kind_display()} {channel.name}"


def when(rule: AlertRule) -> str:
    """Return what must happen, and where."""
    trigger = Trigger(rule.trigger)
    outcomes = [str(word).replace("_", "-") for word in rule.outcomes]
    what = f"{_listed(outcomes, 'or')} " if outcomes else ""
    number, words = rule.threshold or 0, _WHEN[trigger]
    said = words.format(
        what=what,
        an="an " if what[:1] in ("", "a", "e", "i", "o", "u") else "a ",
        number=number,
        times=wording.count(number, "time"),
        requests=wording.count(number, "request"),
        clock=f"{number % 24:02}:00",
        window=wording.span((rule.window_minutes or 0) * 60),
    )
    by_outcome = f"with the outcome {what.rstrip()}" if what and "{what}" not in words else ""
    return " ".join(filter(None, (said, by_outcome, *_where(rule))))


def how(rule: AlertRule) -> str:
    """Return how it is told: when, how often, until when."""
    if rule.trigger == Trigger.DIGEST:
        return "once a day"
    parts = ["at once"]
    if rule.trigger in _ONCE_A_WINDOW and rule.window_minutes:
        parts = [f"at once, then at most every {wording.span(rule.window_minutes * 60)}"]
    if rule.quiet_from is not None and rule.quiet_until is not None:
        parts.append(f"from {rule.quiet_from:%H:%M} to {rule.quiet_until:%H:%M} only in the digest, unless critical")
    if rule.remind_minutes:
        parts.append(f"remind every {wording.span(rule.remind_minutes * 60)} until acknowledged")
    if rule.tells_end:
        parts.append("say when it is over")
    return "; ".join(parts)


def _where(rule: AlertRule) -> list[str]:
    """Return the conditions about integration, environment, endpoint and code."""
    found = []
    if rule.endpoint:
        found.append(f"on {rule.endpoint}")
    if codes := [word.strip() for word in rule.codes.split(",") if word.strip()]:
        found.append(f"with {_listed(['no answer' if code == 'none' else code for code in codes], 'or')}")
    if rule.integration is not None:
        found.append(f"in {rule.integration.name}")
    elif rule.environment:
        found.append(f"in {rule.environment.capitalize()}")
    return found


def _listed(words: Sequence[str], last: str) -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    return f" {last} ".join(filter(None, (", ".join(words[:-1]), *words[-1:])))
