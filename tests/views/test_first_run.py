"""From an empty monitor to the first response."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
import time_machine
from django.test import Client

from responses.models import AuditEntry, IntakeKey, Integration, Role
from responses.models.integration import parts_of_key
from tests.factories import PASSWORD, make_integration, make_refusal, make_user, record

pytestmark = pytest.mark.django_db
SignIn = Callable[..., Client]


def test_an_empty_monitor_shows_how_to_send_the_first_response(sign_in: SignIn) -> None:
    text = sign_in(Role.ENGINEER).get("/").content.decode()

    assert "Send the first response" in text
    assert "/api/v1/responses" in text
    assert "YOUR-KEY" in text
    assert "Make a key" in text


def test_whoever_may_make_no_key_is_told_who_may(sign_in: SignIn) -> None:
    text = sign_in(Role.SUPPORT).get("/").content.decode()

    assert "needs the role Engineer" in text
    assert "first-key" not in text


def test_an_engineer_makes_a_key_that_works(integration: Integration, sign_in: SignIn) -> None:
    response = sign_in(Role.ENGINEER).post("/first-key/", {"integration": integration.slug})

    assert response.status_code == 200
    assert "no-store" in response.headers["Cache-Control"]
    found = re.search(r"ogm_[a-z0-9]{12}_[0-9a-f]{64}", response.content.decode())
    assert found is not None
    parts = parts_of_key(found[0])
    assert parts is not None
    key = IntakeKey.objects.get(prefix=parts[0])
    assert key.integration == integration
    assert key.matches(parts[1])
    assert not key.may_retry
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.subject_id, entry.integration_id) == ("key.added", str(key.pk), integration.pk)
    assert parts[1] not in str(entry.after)


@pytest.mark.parametrize("role", [Role.VIEWER, Role.SUPPORT])
def test_others_may_not(role: Role, integration: Integration, sign_in: SignIn) -> None:
    assert sign_in(role).post("/first-key/", {"integration": integration.slug}).status_code == 403
    assert not IntakeKey.objects.exists()


def test_the_key_is_for_an_integration_that_the_person_may_see(sign_in: SignIn) -> None:
    other = make_integration("secret")

    assert sign_in(Role.ADMIN).post("/first-key/", {"integration": other.slug}).status_code == 404
    assert sign_in(Role.ADMIN).post("/first-key/").status_code == 404


def test_a_key_is_not_made_by_looking(sign_in: SignIn) -> None:
    assert sign_in(Role.ENGINEER).get("/first-key/").status_code == 405


def test_who_signed_in_long_ago_proves_it_again(
    integration: Integration, sign_in: SignIn, clock: time_machine.Traveller
) -> None:
    client = sign_in(user=make_user("ada", role=Role.ENGINEER, integration=integration))
    clock.shift(16 * 60)
    assert "Your password" in client.get("/").content.decode()

    for password in ("", "wrong"):
        refused = client.post("/first-key/", {"integration": integration.slug, "password": password})
        assert refused.status_code == 422
        assert "ogm_" not in refused.content.decode()
    assert not IntakeKey.objects.exists()

    made = client.post("/first-key/", {"integration": integration.slug, "password": PASSWORD})
    assert made.status_code == 200
    assert "ogm_" in made.content.decode()


def test_where_the_key_is_shown_only_the_waiting_is_refreshed(integration: Integration, sign_in: SignIn) -> None:
    client = sign_in(Role.ENGINEER)
    text = client.post("/first-key/", {"integration": integration.slug}).content.decode()
    assert 'hx-get="/first-wait/"' in text
    assert 'id="overview"' not in text

    assert client.get("/first-wait/").status_code == 204
    record(integration, make_refusal())
    arrived = client.get("/first-wait/").content.decode()
    assert "The first response is here" in arrived
    assert "data-live" not in arrived


def test_the_guidance_turns_into_the_overview_when_the_first_response_comes(
    integration: Integration, sign_in: SignIn
) -> None:
    client = sign_in()
    text = client.get("/").content.decode()
    url = text.split('hx-get="')[1].split('"')[0].replace("&amp;", "&")
    assert client.get(url, headers={"HX-Request": "true"}).status_code == 204

    record(integration, make_refusal("1001"))

    part = client.get(url, headers={"HX-Request": "true"}).content.decode()
    assert 'id="overview"' in part
    assert "Session id cannot be null" in part
