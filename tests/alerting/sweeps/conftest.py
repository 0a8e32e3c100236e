from __future__ import annotations

import pytest

from responses.models import AlertRule
from tests.alerting.sweeps.watching import DAY
from tests.factories import NOW


@pytest.fixture(autouse=True)
def _shipped_rules_are_old(db: None) -> None:
    """The shipped rules are as old as the real clock says; the digest, which looks at that, is off but for its own tests."""
    AlertRule.objects.update(created_at=NOW - 60 * DAY)
    AlertRule.objects.filter(trigger="digest").update(is_on=False)
