from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.management.base import CommandError

from responses.models import AuditEntry, Integration
from responses.sending import credentials
from tests.factories import NOW
from tests.management.running import run

pytestmark = pytest.mark.django_db

KEY = "sk-planted-canary-0042"


def test_a_slug_is_enough() -> None:
    printed = run("create_integration", "my-shop")
    shop = Integration.objects.get()
    assert (shop.slug, shop.name, shop.environment, shop.retry_by) == ("my-shop", "My shop", "production", "caller")
    assert shop.base_urls["sc"] == "https://sc.ordergroove.com"
    assert "Added my-shop (My shop), production." in printed.out
    assert "no credentials" in printed.out
    assert "create_intake_key my-shop" in printed.out


def test_every_option_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_API_KEY", KEY)
    monkeypatch.setenv("MY_HASH_KEY", "hash-key-of-the-shop-0007")
    printed = run(
        "create_integration", "eu", "--environment", "staging", "--name", "Shop EU", "--merchant", "m-1",
        "--host", "sc=http://127.0.0.1:9100/", "--host", "restapi=https://test.example:8443",
        "--api-key-env", "MY_API_KEY", "--hash-key-env", "MY_HASH_KEY", "--retry", "never",
    )  # fmt: skip
    shop = Integration.objects.get()
    assert (shop.name, shop.environment, shop.merchant_id, shop.retry_by) == ("Shop EU", "staging", "m-1", "never")
    assert shop.hosts == {"sc": "http://127.0.0.1:9100", "restapi": "https://test.example:8443"}
    assert credentials.account_of(shop).api_key == KEY
    assert credentials.account_of(shop).hash_key == "hash-key-of-the-shop-0007"
    assert KEY not in printed.out + printed.err
    assert "API key ending in 0042" in printed.out
    assert set(AuditEntry.objects.values_list("action", "actor")) == {
        ("integration.added", "command"),
        ("credentials.changed", "command"),
    }
    assert not any(KEY in str(entry.before) + str(entry.after) for entry in AuditEntry.objects.all())


def test_a_second_one_with_the_same_name_is_refused() -> None:
    run("create_integration", "shop")
    with pytest.raises(CommandError, match=r"There is an integration shop already\. Add --update to change it\."):
        run("create_integration", "shop", "--retry", "never")
    assert Integration.objects.get().retry_by == "caller"


def test_an_update_changes_only_what_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_API_KEY", KEY)
    run(
        "create_integration",
        "shop",
        "--merchant",
        "m-1",
        "--host",
        "sc=http://localhost:9100",
        "--api-key-env",
        "MY_API_KEY",
    )
    Integration.objects.update(follow_schedule=[7], follow_for_seconds=120, name="By hand")
    printed = run("create_integration", "shop", "--update", "--retry", "monitor")
    shop = Integration.objects.get()
    assert (shop.name, shop.merchant_id, shop.retry_by) == ("By hand", "m-1", "monitor")
    assert (shop.follow_schedule, shop.follow_for_seconds) == ([7], 120)
    assert shop.hosts == {"sc": "http://localhost:9100"}
    assert credentials.account_of(shop).api_key == KEY
    assert "Updated shop (By hand), production." in printed.out
    assert "create_intake_key" not in printed.out


def test_the_monitor_may_retry_from_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_API_KEY", KEY)

    printed = run("create_integration", "shop", "--retry", "monitor", "--api-key-env", "MY_API_KEY")

    assert Integration.objects.get().retry_by == "monitor"
    assert "sent again by: the monitor" in printed.out
    assert "must not repeat the same calls" in printed.out
    assert "create_intake_key shop --may-retry" in printed.out


def test_a_monitor_without_credentials_is_told_what_it_lacks() -> None:
    printed = run("create_integration", "shop", "--retry", "monitor")

    assert "held until it has some" in printed.out


def test_an_update_can_set_a_host_back() -> None:
    run("create_integration", "shop", "--host", "sc=http://localhost:9100")
    run("create_integration", "shop", "--update", "--host", "sc=")
    assert Integration.objects.get().hosts == {}


def test_an_update_of_what_is_not_there_adds_it() -> None:
    assert "Added shop" in run("create_integration", "shop", "--update").out


def test_an_update_that_changes_nothing_leaves_no_entry() -> None:
    run("create_integration", "shop")
    run("create_integration", "shop", "--update")
    assert AuditEntry.objects.count() == 1


def test_new_credentials_end_a_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    run("create_integration", "shop")
    Integration.objects.update(follow_paused_until=NOW + timedelta(days=900), follow_problem="401 Unauthorized")
    monkeypatch.setenv("MY_API_KEY", KEY)
    run("create_integration", "shop", "--update", "--api-key-env", "MY_API_KEY")
    shop = Integration.objects.get()
    assert (shop.follow_paused_until, shop.follow_problem) == (None, "")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["my shop"], "is no short name"),
        (["shöp"], "is no short name"),
        (["x" * 61], "is no short name"),
        (["shop", "--host", "sc"], "NAME=URL"),
        (["shop", "--host", "elsewhere=https://a.example"], "sc, restapi, api, om, webhooks"),
        (["shop", "--host", "sc=http://10.0.0.1"], "use https://"),
        (["shop", "--host", "sc=http://sandbox:9100"], "use https://"),
        (["shop", "--host", "sc=https://user:word@a.example"], "user name"),
        (["shop", "--host", "sc=https://a.example/path"], "no path"),
        (["shop", "--host", "sc=javascript:alert(1)"], "https://"),
        (["shop", "--api-key-env", "NOT_SET_ANYWHERE"], "NOT_SET_ANYWHERE is not set, or empty"),
        (["shop", "--api-key-env", "EMPTY"], "EMPTY is not set, or empty"),
        (["shop", "--api-key-env", "BROKEN"], "is no key"),
        (["shop", "--hash-key-env", "GOOD"], "--merchant"),
        (["shop", "--name", "a\nb"], "--name"),
        (["shop", "--name", "x" * 121], "--name"),
        (["shop", "--merchant", "x" * 201], "--merchant"),
        (["shop", "--environment", "sandbox"], "invalid choice"),
        (["shop", "--retry", "always"], "invalid choice"),
    ],
)
def test_nonsense_is_refused_in_words(arguments: list[str], words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMPTY", "")
    monkeypatch.setenv("GOOD", "a-good-hash-key")
    monkeypatch.setenv("BROKEN", "a key\nwith a line")
    with pytest.raises(CommandError) as raised:
        run("create_integration", *arguments)
    assert words in str(raised.value)
    assert "with a line" not in str(raised.value)
    assert not Integration.objects.exists()


def test_the_environment_never_changes() -> None:
    run("create_integration", "shop", "--environment", "staging")
    with pytest.raises(CommandError, match="never changes"):
        run("create_integration", "shop", "--update", "--environment", "production")
    assert Integration.objects.get().environment == "staging"
