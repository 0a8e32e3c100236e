"""Which addresses a webhook may lead to."""

from __future__ import annotations

import ipaddress

import pytest

from responses.alerting.channels import targets
from responses.alerting.channels.errors import TargetError
from responses.alerting.channels.targets import Target

HOOK = "https://hooks.slack.com/services/T/B/x"


def test_a_webhook_is_taken_apart() -> None:
    assert targets.parse(HOOK + "?a=b", allow_private=False) == Target(
        "https", "hooks.slack.com", 443, "/services/T/B/x?a=b"
    )


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://hooks.slack.com/x", "https://"),
        ("ftp://hooks.slack.com/x", "https://"),
        ("javascript:alert(1)", "https://"),
        ("hooks.slack.com/x", "https://"),
        ("https://", "name a host"),
        ("https:///x", "name a host"),
        ("https://user:word@hooks.slack.com/x", "user name"),
        ("https://user@hooks.slack.com/x", "user name"),
        ("https://hooks.slack.com/x#part", "fragment"),
        ("https://hooks.slack.com/x#", "fragment"),
        ("https://hooks.slack.com/a b", "spaces"),
        ("https://hooks.slack.com/a\r\nX: 1", "spaces"),
        ("https://hooks.slack.com\\@evil.example/x", "spaces"),
        ("https://hööks.example/x", "spaces"),
        ("https://hooks.slack.com:99999/x", "not a URL"),
        ("https://[::1/x", "not a URL"),
        ("https://hooks.slack.com/" + "x" * 2_000, "longer than"),
        ("https://localhost/x", "private network"),
        ("https://localhost./x", "private network"),
        ("https://monitor.internal/x", "private network"),
        ("https://127.0.0.1/x", "private network"),
        ("https://127.1/x", "private network"),
        ("https://0x7f.1/x", "private network"),
        ("https://2130706433/x", "private network"),
        ("https://0177.0.0.1/x", "private network"),
        ("https://10.0.0.1/x", "private network"),
        ("https://172.16.3.4/x", "private network"),
        ("https://192.168.1.1/x", "private network"),
        ("https://169.254.169.254/latest/meta-data/", "private network"),
        ("https://100.64.0.1/x", "private network"),
        ("https://[::1]/x", "private network"),
        ("https://[::ffff:127.0.0.1]/x", "private network"),
        ("https://[64:ff9b::7f00:1]/x", "private network"),
        ("https://[64:ff9b:1::1]/x", "private network"),
        ("https://[2002:7f00:1::]/x", "private network"),
        ("https://[fe80::1]/x", "private network"),
        ("https://[fec0::1]/x", "private network"),
        ("https://[fd00::1]/x", "private network"),
        ("https://0.0.0.0/x", "no single host"),
        ("https://[::]/x", "no single host"),
        ("https://224.0.0.1/x", "no single host"),
        ("https://255.255.255.255/x", "no single host"),
    ],
)
def test_a_target_that_must_not_be_used_is_refused_in_words(url: str, words: str) -> None:
    with pytest.raises(TargetError, match=words):
        targets.parse(url, allow_private=False)


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:8080/x", "https://10.1.2.3/x", "http://localhost/x", "https://[::1]/x"]
)
def test_private_targets_may_be_allowed(url: str) -> None:
    assert targets.parse(url, allow_private=True).host


@pytest.mark.parametrize(
    "url", ["http://0.0.0.0/x", "http://224.0.0.1/x", "https://user@10.0.0.1/x", "http://10.0.0.1/#x"]
)
def test_what_is_never_a_target_stays_refused_where_private_ones_are_allowed(url: str) -> None:
    with pytest.raises(TargetError):
        targets.parse(url, allow_private=True)


def test_plain_http_is_for_private_networks_only() -> None:
    with pytest.raises(TargetError, match="https"):
        targets.resolve(targets.parse("http://93.184.215.14/x", allow_private=True), allow_private=True)


def test_a_name_is_judged_by_the_addresses_that_it_resolves_to() -> None:
    target = Target("https", "localhost", 443, "/")

    with pytest.raises(TargetError, match="private network"):
        targets.resolve(target, allow_private=False)
    assert set(targets.resolve(target, allow_private=True)) <= {"127.0.0.1", "::1"}


def test_at_save_a_private_name_is_refused_and_an_unknown_one_may_pass() -> None:
    targets.check_soon(Target("https", "no-such-host.invalid", 443, "/"), allow_private=False)
    with pytest.raises(TargetError, match="private network"):
        targets.check_soon(Target("https", "localhost", 443, "/"), allow_private=False)


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"])
def test_public_addresses_are_allowed(address: str) -> None:
    targets.check([ipaddress.ip_address(address)], allow_private=False)
