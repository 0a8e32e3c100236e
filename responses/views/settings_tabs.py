"""The tabs of the settings."""

from __future__ import annotations

import msgspec

from responses.views import links
from responses.views.frame import Frame

TABS = (("Integrations", "integration-list"), ("API tokens", "token-list"))


class Tab(msgspec.Struct, frozen=True):
    """One tab, as ``shared/_tabs.html`` shows it."""

    label: str
    url: str
    is_current: bool
    count: int | None = None


def of(page: Frame, current: str) -> list[Tab]:
    """The tabs, the one of the URL name ``current`` chosen."""
    return [Tab(label, links.page(page, name), name == current) for label, name in TABS]
