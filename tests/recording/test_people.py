"""A customer's e-mail address is stored as a keyed hash only."""

from __future__ import annotations

import pytest
from django.db import connection

from responses.models import FailedRequest, FollowUp, Integration
from responses.recording import people
from tests.factories import make_accepted, make_exchange, make_integration, make_purchase, make_refusal, record

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop() -> Integration:
    return make_integration("shop")


def test_one_address_has_one_hash_however_it_is_written() -> None:
    plain = people.email_hash(1, "ada@example.com")

    assert len(plain) == 32
    assert people.email_hash(1, "  Ada@Example.COM ") == plain
    assert people.email_hash(1, "bob@example.com") != plain


def test_an_address_has_another_hash_in_another_integration() -> None:
    assert people.email_hash(1, "ada@example.com") != people.email_hash(2, "ada@example.com")


@pytest.mark.parametrize(
    "text", ["", "@", "ada@", "@example.com", "ada example@example.com", "a" * 300 + "@b.c", "1001"]
)
def test_what_is_no_address_has_no_hash(text: str) -> None:
    assert people.email_hash(1, text) == ""


def test_a_lone_surrogate_is_hashed_like_any_other_letter() -> None:
    assert len(people.email_hash(1, "\ud800@example.com")) == 32


def test_a_failed_purchase_keeps_the_hash_of_its_customers_address(shop: Integration) -> None:
    record(shop, make_refusal("1001"))

    found = FailedRequest.objects.get()
    assert found.email_hash == people.email_hash(shop.pk, "ada@example.com")


def test_an_accepted_purchase_keeps_it_too(shop: Integration) -> None:
    record(shop, make_accepted("1001"))

    assert FollowUp.objects.get().email_hash == people.email_hash(shop.pk, "ada@example.com")


def test_a_customer_who_is_known_by_an_address_is_found_by_it(shop: Integration) -> None:
    record(
        shop, make_exchange(make_purchase("1001", user={"user_id": "Bob@example.com"}), 400, {"error_message": "No"})
    )

    assert FailedRequest.objects.get().email_hash == people.email_hash(shop.pk, "bob@example.com")


@pytest.mark.parametrize("email", [None, 7, ["ada@example.com"], {"a": "b"}, "no address"])
def test_an_address_of_another_type_is_none(shop: Integration, email: object) -> None:
    record(
        shop, make_exchange(make_purchase("1001", user={"user_id": "7", "email": email}), 400, {"error_message": "No"})
    )

    assert FailedRequest.objects.get().email_hash == ""


def test_no_table_holds_the_address(shop: Integration) -> None:
    record(shop, make_refusal("1001"), make_accepted("1002"))

    with connection.cursor() as cursor:
        for table in ("responses_failedrequest", "responses_followup", "responses_response"):
            cursor.execute(f"SELECT * FROM {table}")
            assert "ada@example" not in str(cursor.fetchall())
