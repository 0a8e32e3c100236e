"""What the list of issues shows, and how its address says which. It answers no request itself."""

from __future__ import annotations

from typing import Any

import msgspec
from django import forms
from django.db.models import Q
from django.http import QueryDict

from responses.insight import issues, overview
from responses.models import Integration, Issue, Role
from responses.models.issue import IssueQuerySet
from responses.templatetags.times import span
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
            (row, links.page(page, "issue-detail", row.issue.pk), deeds.of(row.issue, page, hours=row.hours))
            for row in shown.rows
        ],
        "is_more": shown.is_more,
        "older_url": chosen.url(page, after=shown.after) if shown.after else "",
        "first_url": chosen.url(page) if chosen.after else "",
        "empty": None if shown.rows else why_empty(page, integration, chosen, has_any=any(counts.values())),
        "undo": undoable(page, chosen.undo),
        "kept": page.kept,
        "here": here,
        "live_url": parts.live_url(here, seen=seen, undo=chosen.undo),
        "live_every": REFRESH_SECONDS,
    }


class Empty(msgspec.Struct, frozen=True, kw_only=True):
    """What stands in place of rows, as ``shared/_empty.html`` shows it."""

    title: str
    icon: str = "circle-dotted"
    tone: str = ""
    text: str = ""
    url: str = ""
    action: str = ""


def why_empty(page: Frame, integration: Integration, chosen: Chosen, *, has_any: bool) -> Empty:
    """Say what was looked for, and where to go."""
    if chosen.q:
        text = "Searched were code, endpoint, field and cause of the issues in this tab."
        url = chosen.url(page, q="")
        return Empty(icon="zoom-question", title="Nothing here has these words", text=text, url=url, action="Show all")
    if chosen.after:
        return Empty(title="There are no more", url=chosen.url(page), action="To the first page")
    if chosen.state != "open":
        return Empty(title="No issue is in this state")
    last_at = overview.last_recorded_at(page.user, integration.pk)
    if last_at is None:
        return Empty(title="No issue is open", text="Nothing has been reported yet, so nothing has failed.")
    since = span(int((page.now - last_at).total_seconds()))
    known = "what failed is acknowledged, muted or resolved" if has_any else "no call has failed"
    text = f"The last response came {since} ago, and {known}."
    return Empty(icon="circle-check", tone="good", title="No issue is open", text=text)


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
