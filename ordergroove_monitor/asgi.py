"""What the web server runs."""

from __future__ import annotations

from ordergroove_monitor import pages

application = pages.application
