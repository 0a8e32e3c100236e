"""The API keeps what its document promises: thousands of made-up calls, through the web server's own front."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
import schemathesis
import uvicorn
from django.db import connections
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    positive_data_acceptance,
    response_schema_conformance,
    status_code_conformance,
)

from ordergroove_monitor import web
from responses.api import application
from responses.front.app import Front
from responses.models import FailedRequest, Issue, Response, Role
from responses.models.api_token import new_api_token
from responses.models.integration import new_intake_key
from tests.alerted import make_alert
from tests.factories import NOW, make_accepted, make_integration, make_partial, make_refusal, make_user, record

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
EXAMPLES = 40
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    negative_data_rejection,
]


@schemathesis.serializer("application/x-ndjson")
def as_lines(ctx: Any, value: Any) -> bytes:
    """Lines as they are; what is no text becomes a line of JSON."""
    return value.encode() if isinstance(value, str) else json.dumps(value).encode()


schema = schemathesis.openapi.from_dict(application.document())
# A batch of which some records are wrong is answered with 207, and each record's errors.
schema.config.checks.negative_data_rejection.expected_statuses = [
    "400",
    "401",
    "404",
    "409",
    "413",
    "415",
    "422",
    "207",
]


class Served(msgspec.Struct, frozen=True):
    """The monitor on a port of loopback, who may call it, and what there is to be found."""

    url: str
    token: str
    key: str
    ids: dict[str, int]

    def headers_for(self, path: str, method: str) -> dict[str, str]:
        """The credentials of an operation."""
        is_recording = path == "/api/v1/responses" and method.upper() == "POST"
        return {"Authorization": f"Bearer {self.key if is_recording else self.token}"}


@pytest.fixture
def served(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    # The threads of the pages outlive the test, and must not keep its database open.
    monkeypatch.setitem(connections.settings["default"], "CONN_MAX_AGE", 0)
    shop = make_integration("shop")
    record(shop, make_refusal("1"), make_partial("2"), make_accepted("3"))
    _, token = new_api_token(make_user(role=Role.SUPPORT, integration=shop), name="x", expires_at=None, now=NOW)
    _, key = new_intake_key(shop)
    ids = {
        "responses": Response.objects.values_list("pk", flat=True)[0],
        "issues": Issue.objects.values_list("pk", flat=True)[0],
        "requests": FailedRequest.objects.values_list("pk", flat=True)[0],
        "alerts": make_alert(shop, issue=Issue.objects.all()[0]).pk,
    }
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(web.config(app=Front()))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    while not server.started:
        assert thread.is_alive()
        time.sleep(0.01)
    yield Served(f"http://127.0.0.1:{listener.getsockname()[1]}", token, key, ids)
    server.should_exit = True
    thread.join(20)
    listener.close()
    connections.close_all()


@schema.parametrize()
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
def test_every_call_is_answered_as_the_document_says(case: Any, served: Served) -> None:
    noun = case.path.split("/")[3]
    if "{id}" in case.path and case.meta.generation.mode.is_positive and len(case.path_parameters["id"]) % 2:
        case.path_parameters["id"] = str(served.ids[noun])
    checks = [*CHECKS, positive_data_acceptance] if is_all_said(case) else CHECKS
    case.call_and_validate(
        base_url=served.url, headers=served.headers_for(case.path, case.method), checks=checks, timeout=20
    )


def is_all_said(case: Any) -> bool:
    """Whether a call that fits the document must be taken: not where a rule is more than a schema can say."""
    has_cursor = "after" in (case.query or {})
    return not has_cursor and not case.path.endswith("/mute") and case.media_type != "application/x-ndjson"
