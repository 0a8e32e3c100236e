"""What the list of issues shows, and how its address says which. It answers no request itself."""

from __future__ import annotations

from typing import Any

import msgspec
from django import forms
from django.db.models import Q
from django.http import QueryDict

from responses.insight import issues
from responses.models import Integration, Issue, Role
from responses.models.issue import IssueQuerySet
from responses.views import deeds, links, parts
from responses.views.frame import Frame

REFRESH_SECONDS = 10
TABS = {"open": "Open", "acknowledged": "Acknowledged", "muted": "Muted", "resolved": "Resolved", "all": "All"}
SORTS = {"time-left": "Time left", "last-seen": "Last seen", "orders": "Most orders", "newest": "Newest"}


class IssueFilter(forms.Form):
    """What the list shows. What is not understood counts as not said."""

    state = forms.ChoiceField(choices=tuple(TABS.items()), required=False)
    sort = forms.ChoiceField(choices=tuple(SORTS.items()), required=False)
    q = forms.CharField(max_length=200, required=False)
    after = forms.CharField(max_length=80, required=False)
    undo = forms.IntegerField(required=False, min_value=0, max_value=2**63 - 1)


class Chosen(msgspec.Struct, frozen=True):
    """The filter, read."""

    state: str = "open"
    sort: str = "time-left"
    q: str = ""
    after: str = ""
    undo: int = 0
    """The issue that was resolved a moment ago, which one click reopens."""

    def url(self, page: Frame, **changes: str) -> str:
        """Return the address of the list with some values changed, from its first page on unless told otherwise."""
        values = {"state": self.state, "sort": self.sort, "q": self.q} | changes
        usual = {"state": "open", "sort": "time-left"}
        return links.page(
            page, "issue-list", **{name: text for name, text in values.items() if usual.get(name) != text}
        )


def chosen_by(query: QueryDict) -> Chosen:
    """Read the filter from an address."""
    form = IssueFilter(query)
    form.is_valid()
    return Chosen(**{name: value for name, value in form.cleaned_data.items() if value})


def listed(page: Frame, integration: Integration, chosen: Chosen, *, seen: str) -> dict[str, Any]:
    """Return what the list shows."""
    counts = issues.tabs(page.user, integration.pk)
    found = issues.of_state(page.user, integration.pk, "" if chosen.state == "all" else chosen.state)
    shown = issues.page(matching(found, chosen.q), integration, sort=chosen.sort, after=chosen.after, now=page.now)
    here = chosen.url(page, after=chosen.after)
    return {
        "now": page.now,
        "chosen": chosen,
        "sorts": SORTS,
        "tabs": [
            {
                "label": label,
                "url": chosen.url(page, state=key),
                "is_current": key == chosen.state,
                "count": sum(counts.values()) if key == "all" else counts[key],
            }
            for key, label in TABS.items()
        ],
        "rows": [
            (row, links.page(page, "issue-detail", row.issue.pk), deeds.of(row.issue, page)) for row in shown.rows
        ],
        "is_more": shown.is_more,
        "older_url": chosen.url(page, after=shown.after) if shown.after else "",
        "first_url": chosen.url(page) if chosen.after else "",
        "clear_url": chosen.url(page, q=""),
        "has_any": any(counts.values()),
        "undo": undoable(page, chosen.undo),
        "here": here,
        "live_url": parts.live_url(here, seen=seen, undo=chosen.undo),
        "live_every": REFRESH_SECONDS,
    }


def matching(found: IssueQuerySet, words: str) -> IssueQuerySet:
    """Keep the issues that have ``words`` in what a person reads of them."""
    if not words:
        return found
    texts = ("title", "message", "field", "endpoint")
    any_of = Q(status_code=int(words)) if words.isascii() and words.isdigit() and len(words) == 3 else Q()
    for name in texts:
        any_of |= Q(**{f"{name}__icontains": words})
    return found.filter(any_of)


def undoable(page: Frame, issue_id: int) -> Issue | None:
    """Return the issue that was resolved a moment ago, if it still is and the person may reopen it."""
    if not issue_id or not page.may(Role.SUPPORT):
        return None
    return Issue.objects.visible_to(page.user).filter(pk=issue_id, state=Issue.State.RESOLVED).first()
