"""Writes the transitions that sweeps find: each condition once for its rule, subject and window. Sends nothing."""

from __future__ import annotations

from datetime import datetime

from responses.models import AlertRule, FailedRequest, Integration, Issue, Transition, ids


def once(
    kind: str,
    *,
    rule: AlertRule,
    subject: str,
    window: str,
    integration: Integration | None = None,
    issue: Issue | None = None,
    failed_request: FailedRequest | None = None,
    number: int | None = None,
    now: datetime,
) -> bool:
    """Write down that a condition of ``rule`` holds for ``subject``; ``False``: that is known for this ``window``.

    Safe with several sweeps at once, inside a transaction and outside: the database's constraint decides who was first.
    """
    transition = Transition(
        id=ids.new(now),
        kind=kind,
        rule=rule,
        subject=subject,
        window=window,
        integration=integration,
        issue=issue,
        failed_request=failed_request,
        number=number,
        at=now,
    )
    Transition.objects.bulk_create([transition], ignore_conflicts=True)
    return Transition.objects.filter(pk=transition.pk, rule=rule, subject=subject, window=window).exists()
