"""Which rules want to hear of a transition. Reads rules and rows, decides nothing else."""

from __future__ import annotations

import re
from collections.abc import Sequence

from responses.exchanges import Outcome
from responses.models import AlertRule, FailedRequest, Integration, Issue, Transition

Trigger = AlertRule.Trigger
Kind = Transition.Kind

TRIGGERS: dict[str, AlertRule.Trigger] = {
    Kind.ISSUE_OPENED: Trigger.NEW_ISSUE,
    Kind.ISSUE_REGRESSED: Trigger.REGRESSION,
    Kind.BREAKER_OPENED: Trigger.BREAKER,
    Kind.BREAKER_CLOSED: Trigger.BREAKER,
    Kind.REQUEST_EXHAUSTED: Trigger.EXHAUSTED,
    Kind.REQUEST_EXPIRED: Trigger.EXPIRED,
    Kind.ISSUE_GREW: Trigger.GROWTH,
    Kind.ISSUE_LASTS: Trigger.LASTING,
    Kind.ISSUE_MANY: Trigger.MANY,
    Kind.REQUEST_REPEATED: Trigger.REPEATED,
    Kind.AUTH_BURST: Trigger.AUTH,
    Kind.UNKNOWN_OLD: Trigger.UNKNOWN,
    Kind.EXPIRING: Trigger.EXPIRING,
    Kind.SILENCE: Trigger.SILENCE,
    Kind.DIGEST: Trigger.DIGEST,
    Kind.MONITOR_LAGS: Trigger.MONITOR,
}
"""The trigger whose rules a transition belongs to; a reminder and an end belong to the rule of their alert."""
NO_ANSWER = "none"
_CODE = re.compile(r"[1-5][0-9][0-9]|[1-5]xx")


def rules_for(transition: Transition, among: Sequence[AlertRule] | None = None) -> list[AlertRule]:
    """The rules that ask for a transition, oldest first; ``among`` saves the query for those that are on.

    What a sweep has found for a rule is that rule's alone, if it is still on. A growth without a rule, which is what ends
    a mute, is told as something new where no rule looks for growth.
    """
    active = list(AlertRule.objects.active().order_by("id")) if among is None else among
    if transition.rule_id is not None:
        return [rule for rule in active if rule.pk == transition.rule_id]
    found = [rule for rule in active if rule.trigger == _trigger(transition) and _fits(rule, transition)]
    if not found and transition.kind == Kind.ISSUE_GREW:
        return [rule for rule in active if rule.trigger == Trigger.NEW_ISSUE and _fits(rule, transition)]
    return found


def covers(rule: AlertRule, *, integration: Integration | None) -> bool:
    """Whether a rule looks at an integration; at the monitor itself (``None``) only one without conditions does."""
    if integration is None:
        return rule.integration_id is None and not rule.environment
    if rule.integration_id is not None and rule.integration_id != integration.pk:
        return False
    return rule.environment in ("", integration.environment)


def fits_issue(rule: AlertRule, issue: Issue) -> bool:
    """Whether an issue meets all of a rule's conditions: integration, environment, endpoint, code and outcome."""
    return covers(rule, integration=issue.integration) and _fits_call(rule, issue)


def codes_of(text: str) -> list[str]:
    """``400, 5xx, none`` as a list, each once; ``ValueError`` names what is no code."""
    found = [word.strip().lower() for word in text.split(",") if word.strip()]
    for word in found:
        if word != NO_ANSWER and not _CODE.fullmatch(word):
            raise ValueError(f"“{word[:20]}” is no code: write 400, 5xx or none, with commas between them.")
    return list(dict.fromkeys(found))


def _trigger(transition: Transition) -> AlertRule.Trigger | None:
    issue = transition.issue
    if transition.kind == Kind.ISSUE_OPENED and issue is not None and issue.outcome == Outcome.PARTIAL.value:
        return Trigger.PARTIAL
    return TRIGGERS.get(transition.kind)


def _fits(rule: AlertRule, transition: Transition) -> bool:
    if not covers(rule, integration=transition.integration):
        return False
    call = transition.issue or transition.failed_request
    if call is None:
        return not (rule.endpoint or rule.codes or rule.outcomes)
    return _fits_call(rule, call)


def _fits_call(rule: AlertRule, call: Issue | FailedRequest) -> bool:
    if rule.endpoint and rule.endpoint != call.endpoint:
        return False
    if rule.outcomes and Outcome(call.outcome).word not in rule.outcomes:
        return False
    return not rule.codes or _has_code(rule, call.status_code)


def _has_code(rule: AlertRule, status_code: int | None) -> bool:
    words = {word.strip().lower() for word in rule.codes.split(",")}
    if status_code is None:
        return NO_ANSWER in words
    return bool(words & {str(status_code), f"{status_code // 100}xx"})
