#!/usr/bin/env python
"""Django's command line for this project."""

from __future__ import annotations

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ordergroove_monitor.settings")
    if sys.argv[1:2] == ["up"] and "--demo" in sys.argv:
        # The settings, which are read before any command is, put a demo's data into a folder of its own.
        os.environ["DEMO"] = "yes"
    if sys.version_info < (3, 11):  # noqa: UP036  # whoever has an older one learns it here
        sys.exit(f"Python 3.11 or newer is needed; this is {sys.version.split()[0]}.")
    try:
        from django.core.exceptions import ImproperlyConfigured
        from django.core.management import execute_from_command_line

        execute_from_command_line(sys.argv)
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] in ("ordergroove_monitor", "responses", "tests"):
            raise
        sys.exit(f"The package {error.name} is missing: run `make setup`, then use .venv/bin/python.")
    except ImproperlyConfigured as error:
        sys.exit(f"Configuration: {error}")


if __name__ == "__main__":
    main()
