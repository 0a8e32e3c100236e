"""The signed webhook: what is posted, and that others can verify it by the specification alone."""

from __future__ import annotations

import json
import re
from base64 import b64decode, b64encode
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec
import pytest
import time_machine

from responses.alerting.channels import webhook
from responses.alerting.channels.errors import ChannelError, TargetError
from responses.alerting.message import Sent
from tests.alerting.channels.receiving import ABOUT, STAMP, Call, Receiver, make_message
from tests.factories import NOW
from tests.fakes import Reply

SECRET = "whsec_" + b64encode(bytes(range(32))).decode()
BLOCK = 64


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as server:
        yield server


def hmac_sha256(key: bytes, content: bytes) -> bytes:
    """RFC 2104, written out: the product's own goes through the standard library."""
    padded = key.ljust(BLOCK, b"\0")
    inner = sha256(bytes(byte ^ 0x36 for byte in padded) + content).digest()
    return sha256(bytes(byte ^ 0x5C for byte in padded) + inner).digest()


class Consumer:
    """Somebody else's endpoint, written from the Standard Webhooks specification."""

    def __init__(self, secret: str, *, now: datetime = NOW) -> None:
        self._key, self._now = b64decode(secret.removeprefix("whsec_")), now
        self._seen: set[str] = set()

    def take(self, call: Call) -> dict[str, Any] | None:
        """The event, or ``None`` for one that is forged, too old, or known."""
        sent_id, at = call.headers["webhook-id"], call.headers["webhook-timestamp"]
        if abs(self._now.timestamp() - int(at)) > 300 or sent_id in self._seen:
            return None
        expected = b64encode(hmac_sha256(self._key, f"{sent_id}.{at}.".encode() + call.body)).decode()
        versions = [signature.split(",", 1) for signature in call.headers["webhook-signature"].split(" ")]
        if ["v1", expected] not in versions:
            return None
        self._seen.add(sent_id)
        event: dict[str, Any] = json.loads(call.body)
        return event


def test_an_event_is_verified_by_whoever_knows_the_secret(receiver: Receiver) -> None:
    assert webhook.send(f"{receiver.url()} {SECRET}", make_message(), STAMP) == Sent()

    event = Consumer(SECRET).take(receiver.calls[0])
    assert event is not None
    assert (event["type"], event["timestamp"]) == ("alert.issue_opened", "2026-11-22T12:00:00.000Z")
    data = event["data"]
    assert (data["id"], data["thread"], data["is_first"]) == ("delivery-4711", "alert-7.channel-3", True)
    assert (data["alert_id"], data["severity"], data["environment"]) == ("7", "high", "production")
    assert data["integration"] == {"slug": "shop-eu", "name": "Shop EU"}
    assert data["issue"] == {
        "id": "912311451648114979",
        "endpoint": "POST /subscription/create",
        "status_code": 400,
        "outcome": "needs_fix",
        "failure": "",
        "field": "session_id",
    }
    assert (data["failures"], data["requests"], data["orders"]) == (14, 12, 11)
    assert data["figures"][0] == {"number": "14", "words": "failures"}
    assert data["deadline_at"] == "2026-11-22T17:00:00.000Z"
    assert data["url"] == "https://monitor.example.com/issues/1/"


def test_the_signature_is_that_of_the_specifications_own_library() -> None:
    body = b'{"event_type":"ping","data":{"success":true}}'
    at = datetime.fromtimestamp(1731705121, UTC)

    headers = webhook.signed(body, "msg_loFOjxBtqrLzzYUf", at, "whsec_plJ3nmyCDGBKInavdOK15jsl")

    assert headers == {
        "webhook-id": "msg_loFOjxBtqrLzzYUf",
        "webhook-timestamp": "1731705121",
        "webhook-signature": "v1,X2NMup2Q6ZvmRUIrgFpkByqwPynI1+1kHChJuZ5wrrE=",
    }


def test_an_event_is_taken_once(receiver: Receiver) -> None:
    target = f"{receiver.url()} {SECRET}"
    webhook.send(target, make_message(), STAMP)
    webhook.send(target, make_message(), msgspec.structs.replace(STAMP, at=NOW + timedelta(seconds=30)))
    consumer = Consumer(SECRET)

    assert consumer.take(receiver.calls[0]) is not None
    assert consumer.take(receiver.calls[1]) is None


def test_an_old_or_changed_event_or_another_secret_is_not_believed(receiver: Receiver) -> None:
    webhook.send(f"{receiver.url()} {SECRET}", make_message(), STAMP)
    call = receiver.calls[0]

    assert Consumer(SECRET, now=NOW + timedelta(minutes=6)).take(call) is None
    assert Consumer(SECRET).take(msgspec.structs.replace(call, body=call.body.replace(b"400", b"200"))) is None
    assert Consumer("whsec_" + b64encode(bytes(32)).decode()).take(call) is None


def test_a_secret_is_made_where_none_is_given_and_each_is_another() -> None:
    first, second = (webhook.validate("https://127.0.0.1/hook") for _ in range(2))

    assert first.startswith("https://127.0.0.1/hook whsec_")
    assert len(b64decode(webhook.secret_of(first).removeprefix("whsec_"))) == 32
    assert first != second


def test_what_was_kept_is_taken_again_as_it_is() -> None:
    kept = webhook.validate(f" https://127.0.0.1/hook {SECRET} ")

    assert kept == f"https://127.0.0.1/hook {SECRET}"
    assert webhook.validate(kept) == kept
    assert webhook.hint(kept) == "127.0.0.1 …hook"


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("http://example.com:99999/", "not a URL"),
        ("https://user:word@example.com/hook", "user name"),
        ("https://example.com/#here", "fragment"),
        ("https://example.com/\nhttps://evil.example/", "spaces"),
        ("https://127.0.0.1/hook secret", "whsec_"),
        ("https://127.0.0.1/hook whsec_c2hvcnQ=", "24 to 64 bytes"),
        ("https://127.0.0.1/hook whsec_!!!", "whsec_"),
        ("https://127.0.0.1/hook whsec_ä", "whsec_"),
        (f"https://127.0.0.1/hook {SECRET} more", "whsec_"),
        ("", "https://"),
    ],
)
def test_a_target_that_cannot_be_is_refused_in_words(target: str, words: str) -> None:
    with pytest.raises(TargetError, match=words):
        webhook.validate(target)


def test_an_error_holds_neither_address_nor_secret(receiver: Receiver) -> None:
    receiver.always = Reply(400, SECRET)

    with pytest.raises(ChannelError, match="The webhook answered 400") as raised:
        webhook.send(f"{receiver.url('/verysecret')} {SECRET}", make_message(), STAMP)

    assert "verysecret" not in str(raised.value)
    assert "whsec_" not in str(raised.value)
    assert raised.value.permanent is True


def test_a_hostile_message_still_arrives_and_stays_text(receiver: Receiver) -> None:
    title = "x\r\nwebhook-id: forged \ud800 <script> \u202e " + "y" * 1_000_000

    webhook.send(f"{receiver.url()} {SECRET}", make_message(title=title), STAMP)

    event = Consumer(SECRET).take(receiver.calls[0])
    assert event is not None
    assert event["data"]["title"] == title


def test_what_is_about_no_issue_says_so(receiver: Receiver) -> None:
    about = msgspec.structs.replace(ABOUT, kind="monitor_lags", issue_id=None, integration="", deadline_at=None)

    webhook.send(f"{receiver.url()} {SECRET}", make_message(about=about), STAMP)

    event = json.loads(receiver.calls[0].body)
    assert event["type"] == "alert.monitor_lags"
    assert (event["data"]["issue"], event["data"]["integration"], event["data"]["deadline_at"]) == (None, None, None)


def test_the_example_in_the_documentation_verifies_an_event(receiver: Receiver) -> None:
    text = (Path(__file__).resolve().parents[3] / "docs" / "alerts.md").read_text(encoding="utf-8")
    [example] = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    known: dict[str, Any] = {}
    exec(example, known)  # our own documentation
    webhook.send(f"{receiver.url()} {SECRET}", make_message(), STAMP)
    call = receiver.calls[0]

    with time_machine.travel(NOW + timedelta(seconds=30), tick=False):
        assert known["is_genuine"](SECRET, call.headers, call.body)
        assert not known["is_genuine"](SECRET, call.headers, call.body + b" ")
        assert not known["is_genuine"]("whsec_" + b64encode(bytes(32)).decode(), call.headers, call.body)
    with time_machine.travel(NOW + timedelta(minutes=6), tick=False):
        assert not known["is_genuine"](SECRET, call.headers, call.body)


def test_the_example_event_in_the_documentation_has_the_fields_of_a_real_one() -> None:
    text = (Path(__file__).resolve().parents[3] / "docs" / "alerts.md").read_text(encoding="utf-8")
    [example] = re.findall(r"```json\n(.*?)```", text, re.DOTALL)

    assert shape_of(json.loads(example)) == shape_of(webhook.event(make_message(), STAMP))


def shape_of(value: Any) -> Any:
    """The names in a document, without its values and the contents of its lists."""
    return {name: shape_of(inner) for name, inner in value.items()} if isinstance(value, dict) else None
