"""The pages of integrations: settings, credentials that are only written, intake keys that are shown once."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from responses.models import AuditEntry, IntakeKey, Integration, Membership, Role, User
from responses.models.integration import new_intake_key, parts_of_key
from responses.sending import credentials
from tests.factories import PASSWORD, make_integration, make_user

pytestmark = pytest.mark.django_db
LIST = "/settings/integrations/"
NEW = "/settings/new-integration/"
SECRET = "og-api-key-verysecret-0123456789abcd"


@pytest.fixture
def shop() -> Integration:
    return make_integration("shop-eu", name="Shop EU")


def signed_in(user: User, *, minutes_ago: int = 0) -> Client:
    client = Client()
    client.force_login(user)
    User.objects.filter(pk=user.pk).update(last_login=timezone.now() - timedelta(minutes=minutes_ago))
    return client


def admin(shop: Integration, *, minutes_ago: int = 0) -> Client:
    return signed_in(make_user("ada", role=Role.ADMIN, integration=shop), minutes_ago=minutes_ago)


def words(response: object) -> str:
    assert isinstance(response, HttpResponse)
    return response.content.decode()


def general(**overrides: str) -> dict[str, str]:
    return {"name": "Shop EU", "merchant_id": "m1", "follow_schedule": "2, 5, 15", "follow_minutes": "30"} | overrides


def detail(shop: Integration) -> str:
    return f"{LIST}{shop.slug}/"


# --- seeing ---------------------------------------------------------------------------------------------------------


def test_the_list_shows_only_what_the_person_may_see(shop: Integration) -> None:
    make_integration("other", name="Foreign shop")

    page = words(admin(shop).get(LIST))

    assert "Shop EU" in page
    assert "Foreign shop" not in page


def test_another_integration_does_not_exist(shop: Integration) -> None:
    other = make_integration("other")
    key, _ = new_intake_key(other)
    client = admin(shop)

    assert client.get(detail(other)).status_code == 404
    for path in ("general/", "credentials/", "keys/", "retries/"):
        assert client.post(detail(other) + path).status_code == 404
    assert client.post(f"/settings/keys/{key.pk}/revoke/").status_code == 404


@pytest.mark.parametrize("role", [Role.VIEWER, Role.SUPPORT])
def test_who_may_not_change_sees_why_and_is_refused(shop: Integration, role: Role) -> None:
    key, _ = new_intake_key(shop)
    client = signed_in(make_user(role=role, integration=shop))

    page = words(client.get(detail(shop)))

    assert "needs the role Admin" in page
    assert "needs the role Engineer" in page
    assert 'name="api_key"' not in page
    for path in ("general/", "credentials/", "keys/", "retries/"):
        assert client.post(detail(shop) + path).status_code == 403
    assert client.post(f"/settings/keys/{key.pk}/revoke/").status_code == 403
    assert client.get(NEW).status_code == 403


def test_an_engineer_makes_keys_and_changes_nothing_else(shop: Integration) -> None:
    client = signed_in(make_user(role=Role.ENGINEER, integration=shop))

    assert client.post(detail(shop) + "keys/", {"name": "checkout"}).status_code == 200
    assert client.post(detail(shop) + "general/", general()).status_code == 403
    assert client.post(detail(shop) + "credentials/", {"retry_by": "never"}).status_code == 403
    assert client.post(detail(shop) + "retries/", {"reset": "yes"}).status_code == 403


@pytest.mark.parametrize("path", [LIST, NEW, LIST + "shop-eu/"])
def test_nobody_gets_in_without_signing_in(shop: Integration, path: str) -> None:
    assert Client().get(path).headers["Location"].startswith("/login/")


# --- making and changing --------------------------------------------------------------------------------------------


def test_an_integration_is_made_and_its_maker_is_its_admin(shop: Integration) -> None:
    client = admin(shop)

    answer = client.post(
        NEW, general(name="Shop US", slug="Shop-US", environment="staging", host_sc="https://sc.example/")
    )

    made = Integration.objects.get(slug="shop-us")
    assert answer.headers["Location"] == f"{LIST}shop-us/"
    assert (made.name, made.environment, made.merchant_id) == ("Shop US", "staging", "m1")
    assert made.hosts == {"sc": "https://sc.example"}
    assert (made.follow_schedule, made.follow_for_seconds) == ([2, 5, 15], 1800)
    assert Membership.objects.get(integration=made).role == Role.ADMIN
    assert AuditEntry.objects.get().action == "integration.added"


def test_nothing_is_preselected_for_a_new_integration(shop: Integration) -> None:
    page = words(admin(shop).get(NEW))

    assert 'value="production"' in page
    assert " checked" not in page


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ({"name": ""}, "This field is required."),
        ({"name": "Shop\x07"}, "Leave out control characters."),
        ({"name": "x" * 121}, "at most 120 characters"),
        ({"slug": "shop-eu"}, "already"),
        ({"slug": "a b"}, "valid"),
        ({"environment": ""}, "This field is required."),
        ({"environment": "moon"}, "Select a valid choice"),
        ({"follow_schedule": "soon"}, "whole numbers"),
        ({"follow_schedule": "5, 2"}, "later than the one before"),
        ({"follow_schedule": "0, 5"}, "between 1 and"),
        ({"follow_schedule": "1" * 99}, "whole numbers"),
        ({"follow_schedule": ", ".join(str(n) for n in range(1, 14))}, "1 to 12 times"),
        ({"follow_minutes": "0"}, "greater than or equal to 1"),
        ({"follow_minutes": "99999"}, "less than or equal to 1440"),
        ({"host_sc": "http://sc.example"}, "use https://"),
        ({"host_sc": "https://user:word@sc.example"}, "user name or password"),
        ({"host_restapi": "https://sc.example/path"}, "no path"),
        ({"host_om": "ftp://sc.example"}, "must begin with https://"),
    ],
)
def test_what_cannot_be_made_is_said_in_words(shop: Integration, given: dict[str, str], complaint: str) -> None:
    data = general(slug="shop-us", environment="production") | given

    answer = admin(shop).post(NEW, data)

    assert answer.status_code == 422
    assert complaint in words(answer)
    assert Integration.objects.count() == 1


def test_settings_are_changed_and_audited_with_before_and_after(shop: Integration) -> None:
    client = admin(shop)

    client.post(detail(shop) + "general/", general(name="Shop Europe"))

    shop.refresh_from_db()
    entry = AuditEntry.objects.get()
    assert (shop.name, shop.follow_for_seconds) == ("Shop Europe", 1800)
    assert (entry.action, entry.before["name"], entry.after["name"]) == (
        "integration.changed",
        "Shop EU",
        "Shop Europe",
    )
    assert "hosts" not in entry.after


def test_environment_and_short_name_stay(shop: Integration) -> None:
    admin(shop).post(detail(shop) + "general/", general(environment="staging", slug="other"))

    shop.refresh_from_db()
    assert (shop.environment, shop.slug) == ("production", "shop-eu")


def test_a_wrong_host_opens_its_fields_again(shop: Integration) -> None:
    answer = admin(shop).post(detail(shop) + "general/", general(host_sc="nowhere"))

    assert answer.status_code == 422
    assert '<details class="more-fields" open>' in words(answer)


# --- credentials ----------------------------------------------------------------------------------------------------


def test_credentials_are_sealed_audited_and_never_shown(shop: Integration) -> None:
    client = admin(shop)

    client.post(detail(shop) + "credentials/", {"api_key": SECRET, "retry_by": "never"})

    shop.refresh_from_db()
    assert credentials.account_of(shop).api_key == SECRET
    assert (shop.api_key_last4, shop.retry_by, shop.has_credentials) == ("abcd", "never", True)
    page = words(client.get(detail(shop)))
    assert "ends in abcd" in page
    assert "verysecret" not in page
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.after["given"], entry.after["retry_by"]) == (
        "credentials.changed",
        ["api_key"],
        "never",
    )
    assert "verysecret" not in str(entry.after)


def test_an_empty_field_keeps_what_is_there(shop: Integration) -> None:
    client = admin(shop)
    client.post(detail(shop) + "credentials/", {"api_key": SECRET, "retry_by": "never"})

    client.post(detail(shop) + "credentials/", {"hash_key": SECRET[::-1], "retry_by": "caller"})

    shop.refresh_from_db()
    kept = credentials.account_of(shop)
    assert (kept.api_key, kept.hash_key, shop.retry_by) == (SECRET, SECRET[::-1], "caller")


def test_who_retries_must_be_chosen_with_the_first_credentials_in_production(shop: Integration) -> None:
    client = admin(shop)
    choices = re.findall(r'<input type="radio" name="retry_by"[^>]*>', words(client.get(detail(shop))))
    assert len(choices) == 3
    assert not [choice for choice in choices if " checked" in choice]

    answer = client.post(detail(shop) + "credentials/", {"api_key": SECRET})

    assert answer.status_code == 422
    assert "verysecret" not in words(answer)
    shop.refresh_from_db()
    assert shop.has_credentials is False


def test_the_monitor_is_chosen_with_a_warning_about_two_that_retry(shop: Integration) -> None:
    client = admin(shop)
    assert "the commonest way to create it twice" in words(client.get(detail(shop)))

    answer = client.post(detail(shop) + "credentials/", {"api_key": SECRET, "retry_by": "monitor"})

    assert answer.status_code == 302
    shop.refresh_from_db()
    assert shop.retry_by == "monitor"
    assert AuditEntry.objects.get().after["retry_by"] == "monitor"


def test_the_monitor_is_not_chosen_without_credentials(shop: Integration) -> None:
    client = admin(shop)

    answer = client.post(detail(shop) + "credentials/", {"retry_by": "monitor"})

    assert answer.status_code == 422
    assert "give a key as well" in words(answer)
    shop.refresh_from_db()
    assert shop.retry_by == "caller"


def test_kept_credentials_are_enough_to_choose_the_monitor(shop: Integration) -> None:
    client = admin(shop)
    client.post(detail(shop) + "credentials/", {"api_key": SECRET, "retry_by": "never"})

    client.post(detail(shop) + "credentials/", {"retry_by": "monitor"})

    shop.refresh_from_db()
    assert shop.retry_by == "monitor"


@pytest.mark.parametrize("key", ["ünï", "x" * 513, "tab\tbed"])
def test_what_cannot_be_a_key_is_refused_without_being_quoted(shop: Integration, key: str) -> None:
    answer = admin(shop).post(detail(shop) + "credentials/", {"api_key": key, "retry_by": "never"})

    assert answer.status_code == 422
    assert key not in words(answer)


def test_credentials_can_be_removed(shop: Integration) -> None:
    client = admin(shop)
    client.post(detail(shop) + "credentials/", {"api_key": SECRET, "retry_by": "never"})

    client.post(detail(shop) + "credentials/", {"forget": "yes"})

    shop.refresh_from_db()
    assert (shop.has_credentials, shop.api_key_last4) == (False, "")
    assert AuditEntry.objects.order_by("-id")[0].action == "credentials.removed"


def test_whoever_signed_in_long_ago_proves_who_they_are(shop: Integration) -> None:
    client = admin(shop, minutes_ago=60)
    assert "Your password" in words(client.get(detail(shop)))
    for password in ("", "wrong"):
        data = {"api_key": SECRET, "retry_by": "never", "password": password}
        assert client.post(detail(shop) + "credentials/", data).status_code == 422
        assert client.post(detail(shop) + "keys/", {"name": "x", "password": password}).status_code == 422
    shop.refresh_from_db()
    assert (shop.has_credentials, IntakeKey.objects.count()) == (False, 0)

    data = {"api_key": SECRET, "retry_by": "never", "password": PASSWORD}
    assert client.post(detail(shop) + "credentials/", data).status_code == 302
    assert client.post(detail(shop) + "keys/", {"name": "x", "password": PASSWORD}).status_code == 200


# --- keys -----------------------------------------------------------------------------------------------------------


def test_a_key_is_shown_once(shop: Integration) -> None:
    client = admin(shop)

    answer = client.post(detail(shop) + "keys/", {"name": "checkout", "may_retry": "on"})

    key = IntakeKey.objects.get()
    shown = next(word for word in words(answer).replace("<", " ").replace(">", " ").split() if parts_of_key(word))
    parts = parts_of_key(shown)
    assert parts is not None
    assert (parts[0], key.matches(parts[1]), key.may_retry) == (key.prefix, True, True)
    assert "no-store" in answer.headers["Cache-Control"]
    page = words(client.get(detail(shop)))
    assert parts[1] not in page
    assert f"ogm_{key.prefix}_…" in page
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.after["prefix"]) == ("key.added", key.prefix)
    assert parts[1] not in str(entry.after)


def test_a_revoked_key_stays_in_the_list_and_cannot_be_used(shop: Integration) -> None:
    key, _ = new_intake_key(shop, name="checkout")
    client = admin(shop)

    client.post(f"/settings/keys/{key.pk}/revoke/")
    client.post(f"/settings/keys/{key.pk}/revoke/")

    assert not IntakeKey.objects.usable().exists()
    page = words(client.get(detail(shop)))
    assert "revoked" in page
    assert AuditEntry.objects.count() == 1


def test_looking_changes_nothing(shop: Integration) -> None:
    key, _ = new_intake_key(shop)
    client = admin(shop)

    for path in (
        f"{detail(shop)}general/",
        f"{detail(shop)}credentials/",
        f"{detail(shop)}keys/",
        f"{detail(shop)}retries/",
    ):
        assert client.get(path).status_code == 405
    assert client.get(f"/settings/keys/{key.pk}/revoke/").status_code == 405
