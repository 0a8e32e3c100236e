"""Approving a correction: exactly these bytes, once, by who may, and never what was created already."""

from __future__ import annotations

import hashlib
import json

import pytest

from responses.models import Resend, Resubmission, User
from tests.correcting.mending import approved, refused
from tests.following.buying import after
from tests.retrying import again
from tests.retrying.again import Shop, Upstream

pytestmark = pytest.mark.django_db


def test_what_was_approved_is_what_arrives(shop: Shop, ada: User, upstream: Upstream) -> None:
    request = refused(shop)
    deed = approved(request, ada)
    assert deed.is_done, deed.reasons
    assert again.states(request) == ("retrying", "scheduled")
    again.send_one(after(6))
    [got] = upstream.received
    sent = json.loads(got.body)
    assert (sent["session_id"], sent["merchant_order_id"]) == ("shop.1.1700000000", "1001")
    assert (sent["user"]["email"], sent["payment"]["token_id"]) == ("ada@example.com", "7654321")
    resubmission = Resubmission.objects.get()
    assert hashlib.sha256(got.body).hexdigest() == resubmission.body_hash == Resend.objects.get().body_hash
    assert again.states(request) == ("confirming", "succeeded")
