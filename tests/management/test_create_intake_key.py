from __future__ import annotations

import pytest
from django.core.management.base import CommandError

from responses.models import AuditEntry, IntakeKey
from responses.models.integration import parts_of_key
from tests.factories import make_integration
from tests.management.running import run

pytestmark = pytest.mark.django_db


def test_the_key_stands_alone_on_the_last_line() -> None:
    shop = make_integration("my-shop")
    printed = run("create_intake_key", "my-shop", "--name", "checkout")
    secret = printed.out.splitlines()[-1]
    parts = parts_of_key(secret)
    assert parts is not None
    key = IntakeKey.objects.get(prefix=parts[0])
    assert key.matches(parts[1])
    assert (key.integration, key.name, key.is_gateway, key.may_retry) == (shop, "checkout", False, False)
    assert printed.out == secret + "\n"
    assert "shown only now" in printed.err


def test_a_key_says_what_it_may() -> None:
    make_integration("my-shop")
    run("create_intake_key", "my-shop", "--gateway", "--may-retry")
    key = IntakeKey.objects.get()
    assert (key.is_gateway, key.may_retry) == (True, True)


def test_the_secret_is_kept_nowhere() -> None:
    make_integration("my-shop")
    parts = parts_of_key(run("create_intake_key", "my-shop").out.strip())
    assert parts is not None
    entry = AuditEntry.objects.get()
    assert entry.action == "key.added"
    assert parts[1] not in str([entry.after, entry.before, IntakeKey.objects.values()])


def test_an_unknown_integration_is_named_with_those_that_there_are() -> None:
    with pytest.raises(CommandError, match=r"There is no integration shop\. There are: none yet\."):
        run("create_intake_key", "shop")
    make_integration("eu")
    with pytest.raises(CommandError, match=r"There are: eu\."):
        run("create_intake_key", "shop")
    assert not IntakeKey.objects.exists()


def test_a_name_of_two_lines_is_refused() -> None:
    make_integration("my-shop")
    with pytest.raises(CommandError, match="--name"):
        run("create_intake_key", "my-shop", "--name", "a\nb")
