"""How bad a change is."""

from __future__ import annotations

import pytest

from responses.alerting import severity
from responses.exchanges import Outcome
from responses.models import Alert, Integration, Issue, Transition

Kind, Severity = Transition.Kind, Alert.Severity
PRODUCTION = Integration(environment="production")
STAGING = Integration(environment="staging")


def make_issue(status_code: int | None = 400, outcome: Outcome = Outcome.NEEDS_FIX) -> Issue:
    return Issue(status_code=status_code, outcome=outcome.value)


@pytest.mark.parametrize(
    ("kind", "issue", "integration", "expected"),
    [
        (Kind.ISSUE_OPENED, make_issue(401), STAGING, Severity.CRITICAL),
        (Kind.ISSUE_OPENED, make_issue(403), PRODUCTION, Severity.CRITICAL),
        (Kind.ISSUE_OPENED, make_issue(400), PRODUCTION, Severity.HIGH),
        (Kind.ISSUE_OPENED, make_issue(400), STAGING, Severity.NORMAL),
        (Kind.ISSUE_OPENED, make_issue(503, Outcome.TRANSIENT), PRODUCTION, Severity.NORMAL),
        (Kind.ISSUE_OPENED, make_issue(None, Outcome.NO_ANSWER), PRODUCTION, Severity.NORMAL),
        (Kind.ISSUE_REGRESSED, make_issue(503, Outcome.TRANSIENT), STAGING, Severity.HIGH),
        (Kind.REQUEST_EXHAUSTED, make_issue(503, Outcome.TRANSIENT), STAGING, Severity.HIGH),
        (Kind.EXPIRING, None, PRODUCTION, Severity.HIGH),
        (Kind.UNKNOWN_OLD, None, PRODUCTION, Severity.NORMAL),
        (Kind.SILENCE, None, PRODUCTION, Severity.CRITICAL),
        (Kind.MONITOR_LAGS, None, None, Severity.CRITICAL),
        (Kind.DIGEST, None, PRODUCTION, Severity.INFO),
        (Kind.RECOVERED, make_issue(401), PRODUCTION, Severity.INFO),
    ],
)
def test_severity_comes_from_the_kind_and_from_what_the_calls_got(
    kind: Transition.Kind, issue: Issue | None, integration: Integration | None, expected: Alert.Severity
) -> None:
    assert severity.of(kind, issue=issue, integration=integration) == expected
