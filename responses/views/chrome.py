"""What stands around every page: navigation, switches, our own health, as ``base.html`` needs it. Asks no database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec
from django.http import HttpRequest, QueryDict
from django.urls import NoReverseMatch, reverse

from responses.insight import periods
from responses.insight.periods import Period

MOST_SHOWN = 99
"""Numbers of the navigation are counted a little further than this, and shown as ``99+``."""


class NavItem(msgspec.Struct, frozen=True):
    """One entry of the navigation. ``count`` is shown when it is more than 0; ``is_urgent`` makes it stand out."""

    key: str
    label: str
    icon: str
    url: str
    count: int = 0
    is_urgent: bool = False
    is_current: bool = False

    @property
    def shown(self) -> str:
        """The number as the navigation writes it."""
        return f"{MOST_SHOWN}+" if self.count > MOST_SHOWN else str(self.count)


class Choice(msgspec.Struct, frozen=True):
    """One entry of a switch: a link to the same page with another value."""

    key: str
    label: str
    url: str
    is_current: bool
    environment: str = ""
    open_issues: int = 0


class Banner(msgspec.Struct, frozen=True):
    """Something of ours is wrong: said on every page, in words, with where to go."""

    text: str
    tone: str = "warning"
    url: str = ""
    link: str = ""


class Health(msgspec.Struct, frozen=True):
    """The dot: ``ok``, ``warning`` or ``down``, and why."""

    state: str = "ok"
    words: str = "All parts are working"


class Chrome(msgspec.Struct, frozen=True):
    """All that ``base.html`` reads, as ``chrome`` in the context. Made by ``build``."""

    nav: tuple[NavItem, ...]
    integrations: tuple[Choice, ...]
    """Empty when the person can see none; one entry needs no switch."""
    selected: str
    """The slug that links and forms must carry, empty where there is nothing to choose between."""
    integration_label: str
    environment: str
    """Of the selected integration; empty when there is none."""
    periods: tuple[Choice, ...]
    """Empty on pages without a period."""
    health: Health
    banners: tuple[Banner, ...]
    now: datetime
    search_url: str
    search_text: str
    preferences_url: str
    password_url: str


class Seen(msgspec.Struct, frozen=True):
    """An integration as the switch shows it."""

    slug: str
    name: str
    environment: str
    open_issues: int = 0


NAVIGATION = (
    ("overview", "Overview", "layout-dashboard", "overview"),
    ("lookup", "Order lookup", "list-search", "order-lookup"),
    ("issues", "Issues", "alert-circle", "issue-list"),
    ("fix", "To fix", "tool", "fix-list"),
    ("repeated", "Repeated", "repeat", "repeated-list"),
    ("partial", "Partial", "circle-half-2", "partial-list"),
    ("retries", "Retries", "refresh", "retry-list"),
    ("responses", "Responses", "list-details", "response-list"),
    ("alerts", "Alerts", "bell", "alert-list"),
    ("codes", "Codes", "book-2", "code-list"),
    ("settings", "Settings", "settings", "integration-list"),
)
ALSO_CURRENT = {
    "issue-detail": "issues",
    "request-detail": "fix",
    "bulk-list": "fix",
    "bulk-new": "fix",
    "bulk-detail": "fix",
    "response-detail": "responses",
    "alert-detail": "alerts",
    "alert-decide": "alerts",
    "rule-list": "alerts",
    "rule-create": "alerts",
    "rule-detail": "alerts",
    "channel-list": "alerts",
    "channel-change": "alerts",
    "token-list": "settings",
    "integration-create": "settings",
    "integration-detail": "settings",
    "integration-change": "settings",
    "credentials-change": "settings",
    "key-create": "settings",
}


def url_of(name: str) -> str:
    """The address of a page, empty when this installation does not have it: then it is not shown either."""
    try:
        return reverse(name)
    except NoReverseMatch:
        return ""


def with_query(path: str, query: QueryDict, **changes: str) -> str:
    """``path`` with ``query`` in which ``changes`` are made (an empty value removes one) and paging starts anew."""
    changed = query.copy()
    for name in ("cursor", "before", "after", "seen"):
        changed.pop(name, None)
    for name, value in changes.items():
        changed.pop(name, None)
        if value:
            changed[name] = value
    return f"{path}?{changed.urlencode()}" if changed else path


def navigation(
    request: HttpRequest, counts: Mapping[str, int], urgent: Sequence[str], *, kept: Mapping[str, str]
) -> tuple[NavItem, ...]:
    """The entries that exist here; ``kept`` are the parameters that follow a person from page to page."""
    query = QueryDict(mutable=True)
    query.update({name: value for name, value in kept.items() if value})
    match = request.resolver_match
    name_now = (match.url_name if match else "") or ""
    current = ALSO_CURRENT.get(name_now)
    return tuple(
        NavItem(
            key=key,
            label=label,
            icon=icon,
            url=with_query(url, query),
            count=counts.get(key, 0),
            is_urgent=key in urgent,
            is_current=current == key or name_now == name,
        )
        for key, label, icon, name in NAVIGATION
        if (url := url_of(name))
    )


def build(
    request: HttpRequest,
    *,
    now: datetime,
    integrations: Sequence[Seen],
    selected: Seen | None,
    counts: Mapping[str, int],
    urgent: Sequence[str] = (),
    period: Period = periods.DEFAULT,
    has_period: bool = True,
    health: Health | None = None,
    banners: Sequence[Banner] = (),
) -> Chrome:
    """Put the frame of a page together. ``counts`` and ``urgent`` go by the keys of ``NAVIGATION``.

    Pages show one integration at a time: ``selected`` is ``None`` only for who can see none.
    """
    slug = selected.slug if selected and len(integrations) > 1 else ""
    kept = {"integration": slug, "period": request.GET.get("period", "")}
    return Chrome(
        nav=navigation(request, counts, urgent, kept=kept),
        integrations=tuple(
            Choice(
                key=one.slug,
                label=one.name,
                url=_switch_url(request, one.slug),
                is_current=selected is not None and selected.slug == one.slug,
                environment=one.environment,
                open_issues=one.open_issues,
            )
            for one in integrations
        ),
        selected=slug,
        integration_label=selected.name if selected else "No integration yet",
        environment=selected.environment if selected else "",
        periods=tuple(
            Choice(
                key=one.key,
                label=one.label,
                url=with_query(request.path, request.GET, period="" if one is periods.DEFAULT else one.key),
                is_current=one is period,
            )
            for one in (periods.ALL if has_period else ())
        ),
        health=health or Health(),
        banners=tuple(banners),
        now=now,
        search_url=url_of("response-list"),
        search_text=request.GET.get("q", ""),
        preferences_url=url_of("preferences"),
        password_url=url_of("password-change"),
    )


def _switch_url(request: HttpRequest, slug: str) -> str:
    """Where the switch leads: to the same page, but from the page of one thing to the list of such things."""
    match = request.resolver_match
    name = (match.url_name if match else "") or ""
    key = ALSO_CURRENT.get(name, "") if name.endswith("-detail") else ""
    listed = next((url_of(page) for other, _, _, page in NAVIGATION if other == key), "")
    if listed:
        return with_query(listed, QueryDict(), integration=slug)
    return with_query(request.path, request.GET, integration=slug)
