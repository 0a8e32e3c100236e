"""What is handed to Ordergroove: corrections are in it, people and personal data are not."""

from __future__ import annotations

import pytest
from django.test import Client

from responses.insight import exhibits
from responses.models import Attempt, Resend, Resubmission, Role
from responses.recording.bodies import Shown
from tests.correcting import mending
from tests.factories import NOW, make_user
from tests.following.buying import after
from tests.retrying import again


@pytest.mark.django_db
def test_a_correction_and_its_attempts_are_in_the_evidence(client: Client) -> None:
    shop = again.make_shop("http://127.0.0.1:9", created_at=NOW)
    failed, ida = mending.partial(shop), make_user("ida-support", role=Role.SUPPORT, integration=shop.integration)

    def other(data: object) -> None:
        data["products"][0]["product"] = "mate"  # type: ignore[index]

    assert mending.approved(failed, ida, other, only_failed=True).is_done
    resend = Resend.objects.get()
    Attempt.objects.create(
        id=7, resend=resend, number=1, epoch=1, intent_at=after(6), ended_at=after(7), result="unknown"
    )
    client.force_login(ida)

    text = client.get(f"/requests/{failed.pk}/evidence/").content.decode()

    corrected = Resubmission.objects.get()
    assert f"order id 1001-r1, 2 kept, 1 sent, scheduled, body SHA-256 {corrected.body_hash}" in text
    assert "/products/0/product: 88 → mate" in text
    assert "| corrected | 1 | no answer was read |" in text
    assert "- Customer: 00026001" in text
    assert "ida-support" not in text
    assert "ada@example.com" not in text


def test_a_command_reads_no_file_of_whoever_runs_it() -> None:
    headers = {"@/etc/hosts": "x"}
    shown = Shown(url="https://x.example/a[1-9]", request_headers=headers, request_body=b"@/etc/passwd")

    command = exhibits.command(shown, method="POST")

    assert "--data-raw @/etc/passwd" in command
    assert "/etc/hosts" not in command
    assert "--globoff" in command
