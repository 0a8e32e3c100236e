"""System checks: a demanded setting that is off keeps the monitor from starting. They report and change nothing."""

from __future__ import annotations

SETTINGS_CHECKS: list = []


def check_database(databases=None, **kwargs):
    return []
