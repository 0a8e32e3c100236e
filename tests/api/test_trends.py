"""``/api/v1/trends``: outcomes over time, and by kind."""

from __future__ import annotations

import pytest
import time_machine

from responses.models import Integration
from tests.api.conftest import Caller
from tests.factories import (
    NOW,
    make_exchange,
    make_integration,
    make_partial,
    make_refusal,
    make_rest,
    make_timeout,
    record,
)

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(("period", "buckets"), [("1h", 60), ("24h", 24), ("7d", 56), ("30d", 30)])
def test_a_trend_counts_by_outcome_in_utc(caller: Caller, shop: Integration, period: str, buckets: int) -> None:
    caller.user.time_zone = "Asia/Kathmandu"
    caller.user.save()
    record(shop, make_exchange(make_rest()), make_refusal("1"), make_refusal("2"), make_partial("3"), make_timeout())
    record(make_integration("other"), make_refusal("1"))

    with time_machine.travel(NOW, tick=False):
        found = caller.get("trends", period=period).json()

    assert found["integration"] == "shop"
    assert found["total"] == 5
    assert len(found["buckets"]) == buckets
    assert found["buckets"][-1]["starts_at"].endswith(":00.000Z")
    last = found["buckets"][-1]["counts"]
    assert (last["success"], last["needs_fix"], last["partial"], last["no_answer"]) == (1, 2, 1, 1)
    kinds = {(kind["status_code"], kind["outcome"]): kind["responses"] for kind in found["kinds"]}
    assert kinds[400, "needs_fix"] == 2
    assert kinds[None, "no_answer"] == 1
    assert found["kinds"][0]["mean_ms"] == 231
