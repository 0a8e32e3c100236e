"""Starts one process of the monitor for a run: the product as it is, but for shorter times and perhaps one mutant.

Usage: python -m chaos.process MUTANT web|worker|beat [ARGUMENTS]. ``none`` leaves the product as it is. The product
itself knows neither of the times nor of the mutants.
"""

from __future__ import annotations

import os
import sys

os.environ["DJANGO_SETTINGS_MODULE"] = "chaos.settings"

import django

django.setup()

from celery.__main__ import main as celery  # noqa: E402

from chaos import mutants, shortening  # noqa: E402
from ordergroove_monitor import web  # noqa: E402

CELERY = ("celery", "-q", "-A", "ordergroove_monitor")
WORDS = {
    "worker": (*CELERY, "worker", "--without-gossip", "--without-mingle", "--without-heartbeat"),
    "beat": (*CELERY, "beat", "--pidfile="),
}


def main(mutant: str, role: str, *words: str) -> None:
    """Become the process."""
    shortening.after_setup()
    if mutant != "none":
        mutants.ALL[mutant].apply()
    if role == "web":
        sys.argv = ["web", *words]
        web.main()
    else:
        sys.argv = [*WORDS[role], *words]
        celery()


if __name__ == "__main__":
    main(*sys.argv[1:])
