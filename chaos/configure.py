"""Gives the integration of a run its short schedules, as a person would in the settings.

Usage: python -m chaos.configure SLUG.
"""

from __future__ import annotations

import sys

import django

django.setup()

from chaos import numbers  # noqa: E402
from responses.models import Integration  # noqa: E402
from responses.ordergroove.policies import Schedules  # noqa: E402


def main(slug: str) -> None:
    """Change the integration. What its settings would refuse, a run must not use either."""
    problems = Schedules.problems(numbers.POLICIES)
    if problems:
        raise SystemExit("\n".join(problems))
    Integration.objects.filter(slug=slug).update(
        retry_policies=numbers.POLICIES, follow_schedule=numbers.FOLLOW_SCHEDULE
    )


if __name__ == "__main__":
    main(sys.argv[1])
