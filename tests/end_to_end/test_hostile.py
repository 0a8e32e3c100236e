"""Every address × role × hostile value: nobody sees what belongs to others, nothing answers 500, no GET writes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import quote_from_bytes

import pytest
from django.db import connection
from django.http import HttpResponseBase
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from responses.alerting import announce
from responses.models import (
    Alert,
    AlertRule,
    ApiToken,
    BulkRun,
    Channel,
    Delivery,
    FailedRequest,
    IntakeKey,
    Integration,
    Issue,
    Response,
    Role,
    User,
)
from responses.models.api_token import new_api_token
from responses.models.integration import new_intake_key
from tests.factories import (
    NOW,
    make_accepted,
    make_exchange,
    make_integration,
    make_partial,
    make_refusal,
    make_timeout,
    make_user,
    record,
)

pytestmark = [pytest.mark.django_db, pytest.mark.slow, pytest.mark.usefixtures("clock")]

SECRET_WORD = "belongs-to-others"
PARAMETERS = ("q", "outcome", "code", "endpoint", "period", "order", "customer", "after", "before", "sort", "state", "who",
              "integration", "tab", "page", "from", "to", "since", "until", "origin", "method", "release", "request",
              "live", "new", "part", "seen", "most", "all", "tested", "limit", "cursor", "issue", "next",
              "kind", "severity", "deed", "trigger")  # fmt: skip
VALUES = (
    b"", b"\0", b"a\0b", b"\xed\xa0\x80", b"\xff\xfe", b"-1", b"0", b"9" * 30, b"9" * 5_000, b"9223372036854775808", b"1e999",
    b"NaN", b"x" * 20_000, b"' OR 1=1 --", b"%", b"_", b"\\", b"%00%ff", b"{{7*7}}{% debug %}", b"../../../etc/passwd",
    b"<script>alert(1)</script>", b'"><img src=x onerror=alert(1)>', "\u202e\u2028🙂".encode() * 50, b"2026-13-45T99:99",
    b"0001-01-01T00:00:00+23:59", b"9999-12-31T23:59:59Z", b"[]", b"a,b,,c", b"//evil.example/", b"\r\nSet-Cookie: a=b",
)  # fmt: skip
WORST = (b"\xed\xa0\x80", b"9" * 5_000)
NO_OBJECTS = ("0", "9223372036854775807", "9223372036854775808", "9" * 30)
WRITES = re.compile(r"^\s*(INSERT|UPDATE|DELETE|REPLACE|CREATE|DROP|ALTER)\b", re.IGNORECASE)
NOTED = re.compile(r"django_session|last_used_at")
"""What a reading request may note: that the session, or the token, was used."""


class Owned:
    """One integration with something of every kind, and what its addresses need."""

    def __init__(self, slug: str) -> None:
        self.integration: Integration = make_integration(slug)
        self.admin: User = make_user(role=Role.ADMIN, integration=self.integration)
        self.channel = Channel.objects.create(
            kind="slack", name=f"{slug} room", integration=self.integration, target_sealed=b"", target_hint="x"
        )
        self.key, _ = new_intake_key(self.integration, name=slug)
        exchanges = (make_partial(f"{slug}-1"), make_refusal(f"{slug}-2"), make_timeout(), make_accepted(f"{slug}-3"))
        rows = record(self.integration, *exchanges, make_refusal(f"{slug}-2"), make_exchange())
        announce.announce(NOW)
        self.token, self.secret = new_api_token(self.admin, name=slug, expires_at=None, now=NOW)
        failed = FailedRequest.objects.filter(integration=self.integration).order_by("id")[0]
        issue = Issue.objects.filter(integration=self.integration).order_by("id")[0]
        self.values = {
            "issue_id": issue.pk,
            "channel_id": self.channel.pk,
            "alert_id": Alert.objects.filter(integration=self.integration)[0].pk,
            "rule_id": AlertRule.objects.create(trigger="breaker", integration=self.integration, name=slug).pk,
            "delivery_id": Delivery.objects.filter(channel=self.channel)[0].pk,
            "run_id": BulkRun.objects.create(
                id=issue.pk, integration=self.integration, name=slug, state="preview", nonce=slug, created_at=NOW
            ).pk,
            "slug": slug,
            "key_id": self.key.pk,
            "token_id": self.token.pk,
            "response_id": rows[0].pk,
            "request_id": failed.pk,
            "which": "request",
            "token": "forged",
        }


@pytest.fixture
def ours() -> Owned:
    return Owned("ours")


@pytest.fixture
def theirs() -> Owned:
    return Owned(SECRET_WORD)


def routes(patterns: list[Any] | None = None, prefix: str = "") -> Iterator[str]:
    """Every route of the URL configuration."""
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        if isinstance(pattern, URLResolver):
            yield from routes(pattern.url_patterns, prefix + str(pattern.pattern))
        elif isinstance(pattern, URLPattern):
            yield prefix + str(pattern.pattern)


def fill(route: str, values: Mapping[str, object]) -> str:
    """A path of ``route``. A name that is not known here must be added to ``Owned``."""
    noun = re.search(r"(\w+?)s/<(?:\w+:)?id>", route)
    named = {**values, "id": values[f"{noun[1]}_id"]} if noun else values
    return "/" + re.sub(r"<(?:\w+:)?(\w+)>", lambda found: str(named[found[1]]), route)


def ask(client: Client, method: str, path: str, query: bytes = b"", **options: Any) -> HttpResponseBase:
    options.setdefault("QUERY_STRING", quote_from_bytes(query, safe="=&"))
    client.raise_request_exception = False
    answer: HttpResponseBase = client.generic(method, path, **options)
    # Recording is answered before Django; what reaches it here, without the front, is told to come again.
    is_recording = (method, path) == ("POST", "/api/v1/responses")
    assert answer.status_code < 500 or is_recording, (method, path, query[:100])
    return answer


def content_of(answer: HttpResponseBase) -> bytes:
    if getattr(answer, "streaming", False):
        return b"".join(answer)
    content: bytes = answer.content  # type: ignore[attr-defined]
    return content


def client_of(user: User | None) -> Client:
    client = Client()
    if user is not None:
        client.force_login(user)
    return client


ALL = sorted(set(routes()))
WITH_OBJECTS = [route for route in ALL if re.search(r"[_:<]id>|<slug:", route)]
OPEN_TO_ALL = re.compile(r"^(login/|logout/|recorder\.py|healthz|readyz|demo/|api/v1/(docs|openapi\.json))")

TAKES_NO_QUERY = re.compile(rf"{OPEN_TO_ALL.pattern}|password|first-|preferences")


def test_the_walk_knows_every_route(ours: Owned) -> None:
    assert len(ALL) > 35
    assert len(WITH_OBJECTS) > 12
    for route in ALL:
        fill(route, ours.values)


@pytest.mark.parametrize("role", ["nobody", "stranger", "viewer", "admin"])
def test_what_belongs_to_others_is_not_there(ours: Owned, theirs: Owned, role: str) -> None:
    people: dict[str, Callable[[], User | None]] = {
        "nobody": lambda: None,
        "stranger": make_user,
        "viewer": lambda: make_user(role=Role.VIEWER, integration=ours.integration),
        "admin": lambda: ours.admin,
    }
    user = people[role]()
    client = client_of(user)
    before = _state()
    bearer: dict[str, Any] = {"HTTP_AUTHORIZATION": f"Bearer {ours.secret}"} if role == "admin" else {}
    for route in WITH_OBJECTS:
        for method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"):
            options = bearer if route.startswith("api/") else {}
            answer = ask(client, method, fill(route, theirs.values), **options)
            allowed = {"nobody": {302, 401, 405}}.get(role, {401, 403, 404, 405})
            if route.startswith("api/"):
                allowed = allowed | {422}  # the body is looked at before the object
            assert answer.status_code in allowed, (method, route, answer.status_code)
            assert answer.status_code != 302 or answer["Location"].startswith("/login/")
            assert b"forged" not in content_of(answer)
    for route in ALL:
        if "<" not in route and not OPEN_TO_ALL.search(route):
            for query in (b"", f"integration={SECRET_WORD}".encode()):
                answer = ask(client, "GET", f"/{route}", query, **(bearer if route.startswith("api/") else {}))
                content = content_of(answer).replace(f"integration={SECRET_WORD}".encode(), b"")
                at = content.find(SECRET_WORD.encode())
                assert at < 0, (route, query, content[max(at - 300, 0) : at + 100])
    assert _state() == before


def _state() -> list[Any]:
    """Whatever somebody could change who may not."""
    models = (Integration, Channel, IntakeKey, Issue, FailedRequest, Response, Alert, AlertRule)
    rows = [list(model.objects.order_by("pk").values_list()) for model in models]
    return [*rows, list(ApiToken.objects.order_by("pk").values_list("pk", "revoked_at"))]


READ_BY_POST = ("lookup/",)
"""What is looked for stands in no address: it may be a customer's."""


def test_a_viewer_changes_nothing(ours: Owned) -> None:
    client = client_of(make_user(role=Role.VIEWER, integration=ours.integration))
    before = _state()
    for route in ALL:
        if re.match(r"log(in|out)/|password|preferences|settings/tokens|api/v1/responses$", route):
            continue
        for data in ({}, {"deed": "resolve", "decision": "resolve", "reason": "x", "name": "x", "state": "resolved"}):
            answer = ask(client, "POST", fill(route, ours.values), **_form(data))
            refused = {302, 400, 401, 403, 404, 405, 410, 415, 422} | ({200} if route in READ_BY_POST else set())
            assert answer.status_code in refused, (route, answer.status_code)
    assert _state() == before


@pytest.mark.parametrize("is_htmx", [False, True])
def test_no_query_makes_a_page_fail_and_no_get_writes(ours: Owned, is_htmx: bool) -> None:
    client = client_of(ours.admin)
    fields = {"HTTP_HX_REQUEST": "true", "HTTP_HX_TARGET": "<x>", "HTTP_HX_CURRENT_URL": "//x"} if is_htmx else {}
    for route in ALL:
        path = fill(route, ours.values)
        options: dict[str, Any] = fields | (
            {"HTTP_AUTHORIZATION": f"Bearer {ours.secret}"} if route.startswith("api/") else {}
        )
        with connection.execute_wrapper(_refuse_writes):
            for value in VALUES:
                query = b"&".join(name.encode() + b"=" + value.replace(b"&", b"") for name in PARAMETERS)
                if len(value) > 1_000:
                    query = b"q=" + value
                answer = ask(client, "GET", path, query, **options)
                _assert_inert(answer, path)
            if "<" not in route and not is_htmx and not TAKES_NO_QUERY.match(route):
                for name in PARAMETERS:
                    for value in WORST:
                        ask(client, "GET", path, name.encode() + b"=" + value, **options)


def test_no_object_that_is_not_there_makes_a_page_fail(ours: Owned) -> None:
    client = client_of(ours.admin)
    for route in WITH_OBJECTS:
        for number in NO_OBJECTS:
            values = {name: number if name.endswith("_id") else f"x{number[:9]}" for name in ours.values}
            for method in ("GET", "POST"):
                options: dict[str, Any] = (
                    {"HTTP_AUTHORIZATION": f"Bearer {ours.secret}"} if route.startswith("api/") else {}
                )
                answer = ask(client, method, fill(route, values), **options)
                assert answer.status_code in (404, 405, 422), (method, route, number, answer.status_code)


def test_no_form_makes_a_page_fail(ours: Owned) -> None:
    client = client_of(ours.admin)
    names = (*PARAMETERS, "deed", "decision", "action", "reason", "name", "until", "assignee", "kind", "target", "slug",
             "environment", "merchant_id", "retry_by", "api_key", "hash_key", "hosts", "expires", "theme", "time_zone",
             "password", "old_password", "new_password1", "new_password2", "username", "back")  # fmt: skip
    for route in ALL:
        if route.startswith(("logout", "api/")):
            continue
        for value in VALUES:
            body = b"&".join(name.encode() + b"=" + quote_from_bytes(value).encode() for name in names)
            ask(client, "POST", fill(route, ours.values), data=body, content_type="application/x-www-form-urlencoded")


@pytest.mark.parametrize(
    "body", [b"", b"{", b"null", b"[]", b'{"a":' * 2_000, b"\xff", b'{"state": "\\ud800", "until": 1e400}']
)
def test_no_body_makes_the_api_fail(ours: Owned, body: bytes) -> None:
    client = Client(headers={"authorization": f"Bearer {ours.secret}"})
    for route in ALL:
        for method in ("POST", "PATCH", "PUT", "DELETE"):
            if route.startswith("api/"):
                ask(client, method, fill(route, ours.values), data=body, content_type="application/json")


def _form(data: dict[str, str]) -> dict[str, Any]:
    body = "&".join(f"{name}={value}" for name, value in data.items())
    return {"data": body.encode(), "content_type": "application/x-www-form-urlencoded"}


def _refuse_writes(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
    assert not WRITES.match(sql) or NOTED.search(sql), sql
    return execute(sql, params, many, context)


def _assert_inert(answer: HttpResponseBase, path: str) -> None:
    content = content_of(answer)
    if "html" in answer.get("Content-Type", ""):
        assert b"<script>alert" not in content, path
        assert b"<img src=x" not in content, path
        assert b"}}49{" not in content
    assert "Set-Cookie: a=b" not in str(answer.headers.get("Location", ""))
    assert not answer.get("Location", "").startswith(("//evil", "http://evil"))
