"""Being signed in to a stack without a browser, and walking all of its pages."""

from __future__ import annotations

import html
import re
from collections import Counter
from collections.abc import Iterator
from urllib.parse import urldefrag, urljoin, urlsplit

import httpx2

from tests.end_to_end.stack import Stack

_LINKS = re.compile(r"""(?:href|hx-get|src)=["']([^"']*)["']""")
_NUMBERS = re.compile(r"\d+")
_OF_A_KIND = 4
"""So many pages whose addresses differ only in numbers and in values of the query."""


def sign_in(stack: Stack) -> httpx2.Client:
    """A client with a session of the admin."""
    client = httpx2.Client(base_url=stack.url, timeout=30, trust_env=False, follow_redirects=True)
    form = client.get("/login/").text
    token = re.findall(r'name="csrfmiddlewaretoken" value="([^"]+)"', form)[0]
    answer = client.post(
        "/login/",
        data={"username": stack.username, "password": stack.password, "csrfmiddlewaretoken": token, "next": "/"},
        headers={"referer": f"{stack.url}/login/"},
    )
    assert answer.status_code == 200
    assert answer.url.path == "/"
    return client


def walk(client: httpx2.Client, start: str = "/") -> Iterator[tuple[str, httpx2.Response]]:
    """Follow every link, and everything that htmx would load, to a few pages of each kind."""
    waiting, seen, kinds = [start], {start}, Counter[str]()
    host = client.base_url.host
    while waiting:
        target = waiting.pop(0)
        answer = client.get(target)
        yield target, answer
        if "html" not in answer.headers.get("content-type", ""):
            continue
        for link in _LINKS.findall(answer.text):
            url = urldefrag(urljoin(str(client.base_url.join(target)), html.unescape(link))).url
            parts = urlsplit(url)
            names = sorted(pair.partition("=")[0] for pair in parts.query.split("&"))
            kind = f"{_NUMBERS.sub('#', parts.path)}?{names}"
            if parts.hostname != host or url in seen or kinds[kind] >= _OF_A_KIND or "logout" in parts.path:
                continue
            seen.add(url)
            kinds[kind] += 1
            waiting.append(f"{parts.path}?{parts.query}" if parts.query else parts.path)
