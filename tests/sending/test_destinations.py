from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from responses.sending import destinations
from responses.sending.destinations import DestinationError


@pytest.mark.parametrize(
    ("base_url", "url"),
    [
        ("https://sc.ordergroove.com", "https://sc.ordergroove.com"),
        ("https://sc.ordergroove.com/", "https://sc.ordergroove.com"),
        ("https://SC.Ordergroove.com:443", "https://sc.ordergroove.com"),
        ("https://sc.ordergroove.com:8443", "https://sc.ordergroove.com:8443"),
        ("http://127.0.0.1:9100", "http://127.0.0.1:9100"),
        ("http://localhost:9100/", "http://localhost:9100"),
        ("http://[::1]:9100", "http://[::1]:9100"),
        ("https://10.0.0.7", "https://10.0.0.7"),
    ],
)
def test_a_base_url_is_https_or_on_this_machine(base_url: str, url: str) -> None:
    assert destinations.origin_of(base_url).url == url


@pytest.mark.parametrize(
    "base_url",
    [
        "",
        "sc.ordergroove.com",
        "ftp://sc.ordergroove.com",
        "http://sc.ordergroove.com",
        "http://10.0.0.7",
        "http://localhost.example.com",
        "https://",
        "https://:443",
        "https://user@sc.ordergroove.com",
        "https://user:word@sc.ordergroove.com",
        "https://@sc.ordergroove.com",
        "https://sc.ordergroove.com/prefix",
        "https://sc.ordergroove.com?",
        "https://sc.ordergroove.com/?a=1",
        "https://sc.ordergroove.com/#",
        "https://sc.ordergroove.com:0",
        "https://sc.ordergroove.com:99999",
        "https://sc.ordergroove.com:port",
        "https://sc ordergroove.com",
        "https://sc.ordergroove.com\r\nhost: evil.example",
        "https://-sc.ordergroove.com",
        "https://örder.example",
        "https://[::1",
        "https://[fe80::1%25eth0]",
        "https://a" + "a" * 300,
    ],
)
def test_any_other_base_url_is_refused(base_url: str) -> None:
    with pytest.raises(DestinationError):
        destinations.origin_of(base_url)


def test_each_segment_of_a_path_is_encoded() -> None:
    path = destinations.path_of("subscription", "a/b c?d#é", "response")
    assert path == "/subscription/a%2Fb%20c%3Fd%23%C3%A9/response"


@pytest.mark.parametrize("segment", ["", ".", "..", "\ud800", "x" * 8_000])
def test_a_segment_that_no_encoding_makes_safe_is_refused(segment: str) -> None:
    with pytest.raises(DestinationError):
        destinations.path_of("subscription", segment, "response")


@pytest.mark.parametrize(
    "path",
    ["", "x", "//evil.example/", "/a b", "/a\r\nhost: evil", "/a#b", "/a\\b", "/é", "https://evil.example/", "/a\x00"],
)
def test_a_path_that_could_be_read_as_more_is_refused(path: str) -> None:
    with pytest.raises(DestinationError):
        destinations.checked_path(path)


@given(st.text(max_size=60))
def test_no_id_leaves_its_place_in_the_path(text: str) -> None:
    try:
        path = destinations.path_of("subscription", text, "response")
    except DestinationError:
        return
    parts = urlsplit("https://sc.ordergroove.com" + path)
    assert parts.netloc == "sc.ordergroove.com"
    assert parts.path == path
    assert path.count("/") == 3
