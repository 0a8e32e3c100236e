"""What the web server runs."""

from __future__ import annotations

from ordergroove_monitor import pages  # noqa: F401  sets Django up, which the next line needs
from responses.front.app import application as application
