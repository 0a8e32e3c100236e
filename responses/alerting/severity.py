"""How bad a change is: from its kind, and from what its issue's calls got. Reads no table."""

from __future__ import annotations

from responses.exchanges import Outcome
from responses.models import Alert, Integration, Issue, Transition

Kind = Transition.Kind
Severity = Alert.Severity

KEY_REFUSED = (401, 403)
_FIXED: dict[str, Alert.Severity] = {
    Kind.AUTH_BURST: Severity.CRITICAL,
    Kind.BREAKER_OPENED: Severity.CRITICAL,
    Kind.SILENCE: Severity.CRITICAL,
    Kind.MONITOR_LAGS: Severity.CRITICAL,
    Kind.EXPIRING: Severity.HIGH,
    Kind.BREAKER_CLOSED: Severity.INFO,
    Kind.DIGEST: Severity.INFO,
    Kind.RECOVERED: Severity.INFO,
}
_WORSE = (Kind.REQUEST_EXHAUSTED, Kind.ISSUE_REGRESSED)


def of(kind: str, *, issue: Issue | None = None, integration: Integration | None = None) -> Alert.Severity:
    """Return how bad a transition of ``kind`` is, about ``issue`` where it is about one."""
    if kind in _FIXED:
        return _FIXED[kind]
    if issue is not None and issue.status_code in KEY_REFUSED:
        return Severity.CRITICAL
    if kind in _WORSE or _is_to_fix_in_production(issue, integration):
        return Severity.HIGH
    return Severity.NORMAL


def _is_to_fix_in_production(issue: Issue | None, integration: Integration | None) -> bool:
    return (
        issue is not None
        and integration is not None
        and integration.is_production
        and issue.outcome == Outcome.NEEDS_FIX.value
    )
