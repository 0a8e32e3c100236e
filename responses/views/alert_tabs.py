"""The tabs of alerts: what was told, what is to be told, and where to."""

from __future__ import annotations

from responses.views import links
from responses.views.frame import Frame
from responses.views.settings_tabs import Tab

TABS = (("Alerts", "alert-list"), ("Rules", "rule-list"), ("Channels", "channel-list"))


def of(page: Frame, current: str) -> list[Tab]:
    """The tabs, the one of the URL name ``current`` chosen."""
    return [Tab(label, links.page(page, name), name == current) for label, name in TABS]
