"""The way into the audit log."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import DatabaseError, transaction

from responses import audit
from responses.models import AuditEntry
from tests.factories import NOW, make_integration, make_user

pytestmark = pytest.mark.django_db


def test_an_entry_says_who_what_when_where_and_why() -> None:
    shop, person = make_integration(), make_user("ada")

    audit.log(
        person,
        "issue.resolved",
        integration_id=shop.pk,
        subject="issue",
        subject_id=7,
        before={"state": "open"},
        after={"state": "resolved"},
        reason="fixed",
        address="192.0.2.7",
        now=NOW,
    )

    entry = AuditEntry.objects.get()
    assert (entry.at, entry.user_id, entry.actor, entry.action) == (NOW, person.pk, "ada", "issue.resolved")
    assert (entry.integration_id, entry.subject, entry.subject_id) == (shop.pk, "issue", "7")
    assert (entry.before, entry.after, entry.reason, entry.address) == (
        {"state": "open"},
        {"state": "resolved"},
        "fixed",
        "192.0.2.7",
    )


def test_without_a_person_it_was_the_command_line() -> None:
    assert audit.log(None, "channel.added", now=NOW).actor == "command"


def test_what_is_too_long_is_cut_and_not_refused() -> None:
    audit.log(None, "x" * 99, subject="x" * 99, subject_id="x" * 999, reason="x" * 9999, address="x" * 99, now=NOW)

    assert AuditEntry.objects.get().reason == "x" * 500


@pytest.mark.parametrize(
    "deed",
    [lambda entry: AuditEntry.objects.filter(pk=entry.pk).update(actor="somebody else"), AuditEntry.delete],
    ids=["change", "removal"],
)
def test_an_entry_can_neither_be_changed_nor_removed(deed: Callable[[AuditEntry], object]) -> None:
    entry = audit.log(None, "channel.added", now=NOW)

    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        deed(entry)
