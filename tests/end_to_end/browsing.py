"""Being signed in to a stack without a browser, and walking all of its pages."""

from __future__ import annotations

import html
import re
from collections import Counter
from collections.abc import Callable, Iterator
from urllib.parse import urldefrag, urljoin, urlsplit

import httpx2

from tests.end_to_end.stack import Stack

_LINKS = re.compile(r"""(?:href|hx-get|src)=["']([^"']*)["']""")
_NUMBERS = re.compile(r"\d+")


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


def kind_by_filters(path: str, query: str) -> str:
    """Pages are of a kind when only numbers in the path and the values of the query are different."""
    names = sorted(pair.partition("=")[0] for pair in query.split("&"))
    return f"{_NUMBERS.sub('#', path)}?{names}"


def kind_by_tab(path: str, query: str) -> str:
    """Fewer kinds: whatever is filtered, it is the same page; only its tabs are others."""
    tabs = [pair for pair in query.split("&") if pair.startswith("tab=")]
    return f"{_NUMBERS.sub('#', path)}?{tabs}"


def walk(
    client: httpx2.Client, *, kind_of: Callable[[str, str], str] = kind_by_filters, most: int = 4
) -> Iterator[tuple[str, httpx2.Response]]:
    """Follow every link, and everything that htmx would load, to at most ``most`` pages of each kind."""
    waiting, seen, kinds = ["/"], {"/"}, Counter({kind_of("/", ""): 1})
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
            kind = kind_of(parts.path, parts.query)
            if parts.hostname != host or url in seen or kinds[kind] >= most or "logout" in parts.path:
                continue
            seen.add(url)
            kinds[kind] += 1
            waiting.append(f"{parts.path}?{parts.query}" if parts.query else parts.path)
