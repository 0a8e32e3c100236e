"""What the page of one issue shows, and how its address says which requests. It answers no request itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms

from responses.exchanges import FailureKind, Outcome
from responses.insight import issue as insight
from responses.insight import issues, stakes
from responses.insight.stakes import Stake
from responses.models import Issue, Role
from responses.ordergroove import codes
from responses.templatetags.times import grouped, span
from responses.views import bars, deeds, links, parts, stories
from responses.views.frame import Frame
from responses.views.stats import Stat

REFRESH_SECONDS = 10


class RequestFilter(forms.Form):
    """Which affected requests one issue shows."""

    requests = forms.ChoiceField(choices=(("open", "open"), ("all", "all")), required=False)
    after = forms.CharField(max_length=80, required=False)

    def read(self) -> Mapping[str, str]:
        """Return the valid values."""
        self.is_valid()
        return {name: self.cleaned_data.get(name, "") for name in ("requests", "after")}


def shown(page: Frame, issue: Issue, chosen: Mapping[str, str], *, seen: str) -> dict[str, Any]:
    """Return what the page of one issue shows."""
    staked = stakes.of_integration(issue.integration_id, now=page.now)
    stake = staked.of(issue.pk)
    example, impact = insight.sample(page.user, issue)
    failure = FailureKind(issue.failure) if issue.failure else None
    return {
        "now": page.now,
        "issue": issue,
        "mark": issues.mark_of(issue, now=page.now),
        "actor": issues.actor_of(issue, issue.integration),
        "about": codes.about(issue.status_code, failure),
        "advice": codes.advice(issue.endpoint, issue.status_code, issue.field, issue.message, failure=failure),
        "example": example,
        "example_url": links.page(page, "response-detail", example.response_id) if example else "",
        "impact": impact,
        "stats": figures(page, issue, stake, is_more=staked.is_more),
        "responses_url": links.responses(page, issue=issue.pk),
        "list_url": links.page(page, "issue-list"),
        "bulk_url": links.page(page, "bulk-new", issue=issue.pk) if page.may(Role.SUPPORT) and stake.requests else "",
        "story": stories.of_issue(insight.activity(page.user, issue)),
        "deeds": deeds.of(issue, page, hours=issues.hours([issue.pk], now=page.now, count=24)[issue.pk]),
        "here": address(page, issue, **chosen),
        "live_url": parts.live_url(address(page, issue, **chosen), seen=seen),
        "live_every": REFRESH_SECONDS,
        **charts_of(page, issue),
        **affected(page, issue, stake, chosen),
    }


def charts_of(page: Frame, issue: Issue) -> dict[str, Any]:
    """Return when it happened."""
    day, month = insight.bars(issue, now=page.now, zone=page.zone)
    outcome = Outcome(issue.outcome)
    return {
        "day": bars.failures(page, day, issue_id=issue.pk, outcome=outcome, words="Failures, last 24 hours"),
        "month": bars.failures(page, month, issue_id=issue.pk, outcome=outcome, words="Failures, last 28 days"),
    }


def affected(page: Frame, issue: Issue, stake: Stake, chosen: Mapping[str, str]) -> dict[str, Any]:
    """Return a page of its requests: those that can still be saved, as long as there are any, or all."""
    which = chosen["requests"] or ("open" if stake.requests else "all")
    found = (
        insight.open_requests(page.user, issue, after=chosen["after"], now=page.now)
        if which == "open"
        else insight.all_requests(issue, after=chosen["after"])
    )
    labels = {"open": ("With time left", stake.requests), "all": ("All", issue.requests)}
    return {
        "which": which,
        "request_tabs": [
            {"label": label, "url": address(page, issue, requests=key), "is_current": key == which, "count": count}
            for key, (label, count) in labels.items()
        ],
        "has_items": any(one.items_created or one.items_failed or one.items_unknown for one in found.rows),
        "requests": [(one, links.page(page, "request-detail", one.pk)) for one in found.rows],
        "older_url": address(page, issue, requests=which, after=found.after) if found.after else "",
        "first_url": address(page, issue, requests=which) if chosen["after"] else "",
    }


def figures(page: Frame, issue: Issue, stake: Stake, *, is_more: bool) -> list[Stat]:
    """Return how much is touched, and how much of it can still be saved."""
    least = "at least " if is_more else ""
    orders = f"{issue.orders:,} with an order" if issue.orders else "none with an order"
    found = [
        Stat(label="Failures", value=f"{issue.failures:,}", icon="alert-circle", note="since it was first seen"),
        Stat(label="Requests", value=f"{issue.requests:,}", icon="list-details", note=orders),
    ]
    if stake.deadline_at is None:
        note = "what failed is over, or was only a question"
        return [*found, Stat(label="Can still be saved", value="0", icon="clock-x", key="neutral", note=note)]
    worth = f"worth {least}{grouped(stake.value)}" if stake.value is not None else "their worth is not known"
    left = int((stake.deadline_at - page.now).total_seconds())
    return [
        *found,
        Stat(
            label="Can still be saved",
            value=f"{'≥ ' if is_more else ''}{stake.requests:,}",
            icon="tool",
            key="partial",
            note=worth,
        ),
        Stat(
            label="First runs out",
            value=f"in {span(left)}",
            icon="clock-exclamation" if left < 3600 else "clock",
            key="needs_fix" if left < 3600 else "partial",
            note="24 hours after its first failure",
        ),
    ]


def address(page: Frame, issue: Issue, **chosen: str) -> str:
    """Return the address of an issue's page."""
    return links.page(page, "issue-detail", issue.pk, **chosen)
