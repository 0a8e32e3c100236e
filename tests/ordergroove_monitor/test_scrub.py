from __future__ import annotations

import pytest

from ordergroove_monitor import scrub

CANARIES = {
    "card": "4111 1111 1111 1111",
    "card without spaces": "4111111111111111",
    "token": "tok_9aZ4kQ7vX2mB8nL5",
    "intake key": "ogm_zyx4j6ocf889_2410dcb7c26fc87a1038427efb5f0b1e68d765fc3ad0877ab421d745c1661887",
    "e-mail": "ada.lovelace@example.com",
    "API key": "3f8a9c1b2d4e5f60718293a4b5c6d7e8",
    "HMAC": "q2hRr0cLJ7v0p3yAqEJmTt6Q1gW9n8u+/ZxYbVcDe4o=",
}


@pytest.mark.parametrize("canary", CANARIES.values(), ids=CANARIES.keys())
@pytest.mark.parametrize("sentence", ["{}", "it failed with {} at the end", "'{}'", "value={};", '{{"a": "{}"}}'])
def test_a_secret_does_not_stay_in_a_text(sentence: str, canary: str) -> None:
    assert canary not in scrub.text(sentence.format(canary))


@pytest.mark.parametrize(
    "sentence",
    [
        "password: hunter2",
        "Authorization: Bearer hunter2",
        "x-api-key=hunter2",
        "cvv=hunter2",
        "{'session_id': 'hunter2'}",
        "postgres://monitor:hunter2@db/monitor",
    ],
)
def test_what_is_called_a_secret_does_not_stay(sentence: str) -> None:
    assert "hunter2" not in scrub.text(sentence)


@pytest.mark.parametrize(
    "sentence",
    [
        "Task responses.tasks.poll_due[9f1c2b34-5678-4abc-9def-0123456789ab] succeeded",
        'File "/srv/monitor/.venv/lib/python3.11/site-packages/celery/platforms.py", line 893, in check',
        "migration 0002_audit_is_append_only at 2026-11-22T10:00:00.123Z",
        "order 1001 of product 0070067690",
    ],
)
def test_what_one_searches_for_stays(sentence: str) -> None:
    assert scrub.text(sentence) == sentence


def test_a_text_is_cut_to_a_length_for_people() -> None:
    assert len(scrub.text("no " * 100_000)) <= scrub.LONGEST


@pytest.mark.parametrize("name", ["password", "Authorization", "api_key", "token", "cvv", "cc_number"])
def test_some_names_say_enough(name: str) -> None:
    assert scrub.is_secret(name)
    assert not scrub.is_secret("event")
