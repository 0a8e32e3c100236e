"""Planted secrets, in every encoding and at every place of an exchange, are found nowhere afterwards."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest

from tests.end_to_end import browsing
from tests.end_to_end.stack import Stack, own_database, wait_for
from tests.fakes import FakeMail, FakeSlack
from tests.redaction import canaries

pytestmark = [pytest.mark.processes, pytest.mark.slow]

API_KEY, HASH_KEY = "own-api-key-CANARY-91x7", "own-hash-key-CANARY-3f8z"
SHORT = "739"
"""The security code: too short to look for among all digits."""
LABELLED = {name: secret for name, secret in canaries.LABELLED.items() if secret != SHORT}
SECRETS = {**{f"labelled {name}": secret for name, secret in LABELLED.items()}, **canaries.BARE}
_CODE = re.compile(rf"(?i)(?:cvv|cvc|code|csc)\W{{1,12}}{SHORT}\b")


class Ordergroove:
    """Knows one accepted purchase, and says everything that it knows of it, to anybody."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        ours = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                ours.asked.append(self.path)
                said = f"Card {canaries.CARD} of {canaries.LABELLED['email']} at {canaries.LABELLED['address']}"
                complaint = {"product": "77", "subscription": {"payment": [said]}, **canaries.LABELLED}
                content = json.dumps(
                    {"subscriptions": [], "errors": {"subscriptions": [complaint]}, "user": canaries.LABELLED}
                ).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Set-Cookie", f"session={canaries.LABELLED['sig']}")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_words: object) -> None:
                """A test's output is its own."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def ordergroove() -> Iterator[Ordergroove]:
    made = Ordergroove()
    yield made
    made.close()


def records(host: str) -> Iterator[dict[str, Any]]:
    """Secrets in bodies of both directions, header fields, the query, messages and tags."""
    everywhere = canaries.document({**canaries.LABELLED, "remark": " and ".join(canaries.BARE.values())})
    for nth, (name, write) in enumerate(canaries.WRITERS.items()):
        body = base64.b64encode(write(everywhere)).decode()
        encoded = {"body": body, "body_encoding": "base64"}
        content_type = {"content-type": "application/json" if "json" in name else "text/html"}
        target = "/subscription/create" if "create_request" in name else f"/subscriptions/{nth}a/update/"
        request = {"method": "POST", "url": host + target, "headers": content_type, **encoded}
        yield {"request": request, "response": {"status_code": 400, "headers": content_type, **encoded}}
        yield {"request": request, "response": {"status_code": 200, "headers": content_type, **encoded}}
    query = "&".join(f"{name}={secret}" for name, secret in canaries.LABELLED.items() if " " not in secret)
    told = "; ".join(f"{name}: {secret}" for name, secret in canaries.LABELLED.items())
    seen = " / ".join(f"we saw {secret} there" for secret in canaries.BARE.values())
    get = {"method": "GET", "url": f"{host}/orders/?{query}", "headers": dict(canaries.LABELLED)}
    answered = {"status_code": 503, "headers": dict(canaries.LABELLED), "body": seen}
    yield {"request": get, "response": answered, "tags": {"note": canaries.LABELLED["email"]}}
    for message in (told, seen, f"could not reach {host}/x?{query}"):
        yield {"request": get, "failure": {"kind": "connection", "message": message[:2000]}}
    for secret in canaries.BARE.values():
        errors = {"error_message": f"Value {secret} is not valid", "detail": [f"{secret} was refused"]}
        answer = {"status_code": 400, "headers": {"content-type": "application/json"}, "body": json.dumps(errors)}
        yield {"request": {"method": "POST", "url": f"{host}/customers/create/", "body": "{}"}, "response": answer}


def purchase(host: str) -> dict[str, Any]:
    """An accepted one, whose result will be asked for."""
    body = canaries.document({name: LABELLED[name] for name in ("email", "phone_number", "first_name")})
    accepted = {"result": "Subscription request received", "subs_req_id": "abc123"}
    return {
        "request": {"method": "POST", "url": f"{host}/subscription/create", "body": json.dumps(body)},
        "response": {"status_code": 200, "body": json.dumps(accepted)},
    }


def found_in(texts: Iterable[tuple[str, str]], secrets: dict[str, str]) -> list[str]:
    """Where which secrets can still be read, by a person who tries."""
    found = []
    for where, text in texts:
        for name in canaries.surviving(secrets, text):
            at = text.find(secrets[name])
            found.append(f"{name} in {where}: {text[max(at - 150, 0) : at + 150]}")
        if _CODE.search(text):
            found.append(f"security code in {where}: {text[:200]}")
    return found


def test_planted_secrets_are_found_nowhere(tmp_path_factory: pytest.TempPathFactory, ordergroove: Ordergroove) -> None:
    with own_database() as database_url, FakeMail() as mail, FakeSlack() as slack:
        stack = Stack(
            tmp_path_factory.mktemp("secrets") / "data",
            database_url,
            EMAIL_URL=f"smtp://127.0.0.1:{mail.port}",
            LOG_LEVEL="DEBUG",
            OWN_API_KEY=API_KEY,
            OWN_HASH_KEY=HASH_KEY,
        )
        stack.start()
        try:
            hosts = [f"--host={role}={ordergroove.url}" for role in ("sc", "restapi", "api")]
            stack.manage("create_integration", "my-shop", "--update", "--api-key-env", "OWN_API_KEY", *hosts)
            stack.manage("create_channel", "email", "team@example.com")
            stack.manage("create_channel", "slack", slack.url)

            answers = _report(stack, ordergroove)

            wait_for(lambda: len(mail.accepted) > 10, "mail", seconds=60)
            wait_for(lambda: len(slack.accepted) > 10, "Slack messages", seconds=60)
            secrets = {
                **SECRETS,
                "our API key": API_KEY,
                "our hash key": HASH_KEY,
                "the intake key": stack.key.rpartition("_")[2],
                "the password": stack.password,
                "the webhook": "verysecret1234",
            }
            pages = _pages(stack)
            rows = stack.look("everything")
            letters = [
                str(part.get_content()) for letter in mail.accepted for part in letter.walk() if not part.is_multipart()
            ]
            letters += [str(value) for letter in mail.accepted for value in letter.values()]
            assert len(pages) > 40
            assert len(rows) > 500
        finally:
            stack.close()
        assert found_in(_joined("an answer", answers), secrets) == []
        assert found_in(_joined("a mail", letters), secrets) == []
        assert found_in(_joined("Slack", [json.dumps(one) for one in slack.accepted]), secrets) == []
        assert found_in(pages, secrets) == []
        assert found_in(((row[:60], row) for row in rows if "token:" not in row[:40]), secrets) == []
        assert _found_in_files(stack, secrets) == []


def _report(stack: Stack, ordergroove: Ordergroove) -> list[str]:
    answers = []
    for record in [*records("https://restapi.ordergroove.com"), *records(ordergroove.url)]:
        answer = stack.post(record)
        assert answer.status_code in (202, 422), answer.text
        answers.append(answer.text)
    answers.append(stack.post({"responses": [{"request": canaries.LABELLED, **canaries.LABELLED}]}).text)
    assert stack.post(purchase(ordergroove.url)).status_code == 202
    wait_for(lambda: ordergroove.asked, "a poll", seconds=60)
    wait_for(lambda: "pending" not in stack.look("follow-ups").values(), "a result", seconds=60)
    return answers


def _pages(stack: Stack) -> list[tuple[str, str]]:
    """Every page, and every answer of the API."""
    pages = []
    with closing(browsing.sign_in(stack)) as client:
        for target, answer in browsing.walk(client):
            assert answer.status_code < 500, target
            pages.append((target, answer.text))
        fields = {"authorization": f"Bearer {stack.look('token')}"}
        document = client.get("/api/v1/openapi.json").json()
        for path, methods in document["paths"].items():
            if "get" not in methods:
                continue
            answer = client.get(path, headers=fields)
            assert answer.status_code < 500, path
            pages.append((path, answer.text))
            for row in _rows(answer):
                detail = client.get(f"{path}/{row['id']}", headers=fields)
                pages.append((str(detail.url), detail.text))
    return pages


def _rows(answer: Any) -> list[dict[str, Any]]:
    if answer.status_code != 200:
        return []
    data = answer.json()
    lists = [value for value in data.values() if isinstance(value, list)] if isinstance(data, dict) else []
    return [row for rows in lists for row in rows[:5] if isinstance(row, dict) and "id" in row]


def _joined(where: str, texts: Iterable[str]) -> list[tuple[str, str]]:
    return [(where, text) for text in texts]


def _found_in_files(stack: Stack, secrets: dict[str, str]) -> list[str]:
    """Every byte that is left in the data folder: the database with what was deleted from it, logs, the broker."""
    found = []
    for path in stack.data_dir.rglob("*"):
        if not path.is_file() or "secrets" in path.parts:
            continue
        content = path.read_bytes()
        found += [f"{name} in {path.name}" for name, secret in secrets.items() if secret.encode() in content]
    return found
