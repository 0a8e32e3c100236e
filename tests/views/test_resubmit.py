"""The editor as a plain form: what it shows, what it refuses, and that one press is one send."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from responses.models import (
    AuditEntry,
    Draft,
    FailedRequest,
    IntakeKey,
    Integration,
    Membership,
    Resubmission,
    Role,
    Trial,
    User,
)
from tests.factories import NOW, make_exchange, make_partial, make_purchase, make_refusal, make_user
from tests.views.resending import fail, make_shop, open_breaker

pytestmark = pytest.mark.django_db

SignIn = Callable[..., Client]
Shop = tuple[Integration, IntakeKey]
HTMX = {"HX-Request": "true"}


@pytest.fixture
def shop(clock: time_machine.Traveller) -> Shop:
    return make_shop("shop")


@pytest.fixture
def ada(shop: Shop, sign_in: SignIn) -> Client:
    return sign_in(user=make_user("ida", role=Role.SUPPORT, integration=shop[0]))


@pytest.fixture
def failed(shop: Shop) -> FailedRequest:
    return fail(shop, "1001", make_refusal("1001"))


def url_of(failed: FailedRequest) -> str:
    return f"/requests/{failed.pk}/resubmit/"


def shown(client: Client, failed: FailedRequest) -> str:
    response = client.get(url_of(failed))
    assert response.status_code == 200
    return response.content.decode()


def form_of(text: str) -> dict[str, Any]:
    """What a browser would send of the form, when nothing was typed."""
    form = text[text.index('id="correction"') :]
    found: dict[str, Any] = {"path": [], "was": [], "value": []}
    for tag in re.findall(r"<input [^>]*>|<select [^>]*>", form[: form.index("</form>")]):
        if tag.startswith("<select"):
            found["value"].append(found["was"][-1])
            continue
        name = re.search(r' name="([^"]+)"', tag)
        value = re.search(r' value="([^"]*)"', tag)
        if name is None or 'type="checkbox"' in tag:
            continue
        held = unescaped(value[1]) if value else ""
        if name[1] in found and isinstance(found[name[1]], list):
            found[name[1]].append(held)
        else:
            found[name[1]] = held
    body = form[form.index('name="text"') :]
    found["text"] = unescaped(body[body.index(">") + 1 : body.index("</textarea>")]).removeprefix("\n")
    return found


def unescaped(text: str) -> str:
    return (
        text.replace("&quot;", '"')
        .replace("&#x27;", "'")
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&amp;", "&")
    )


def typed(form: dict[str, Any], path: str, value: str) -> dict[str, Any]:
    """The form with one value typed."""
    at = form["path"].index(path)
    return form | {"value": [*form["value"][:at], value, *form["value"][at + 1 :]]}


def test_the_field_that_was_complained_about_comes_first_with_ordergroove_s_words(
    ada: Client, failed: FailedRequest
) -> None:
    text = shown(ada, failed)

    assert "Session id cannot be null" in text
    field = next(tag for tag in re.findall(r"<input [^>]*>", text) if 'data-pointer="/session_id"' in tag)
    assert "autofocus" in field
    assert "data-missing" in field


def test_what_nobody_may_see_is_not_on_the_page(ada: Client, failed: FailedRequest) -> None:
    text = shown(ada, failed)

    assert "ada@example.com" not in text
    assert "7654321" not in text
    assert "‹locked: payment token›" in text
    assert "hidden: type to replace it" in text


def test_a_value_that_was_typed_is_sent_without_script(ada: Client, failed: FailedRequest) -> None:
    form = typed(form_of(shown(ada, failed)), "/session_id", "m.1.2")

    response = ada.post(url_of(failed), form | {"deed": "send"}, follow=True)

    assert response.redirect_chain == [(f"/requests/{failed.pk}/", 302)]
    assert "Approved: it is sent now" in response.content.decode()
    sent = Resubmission.objects.get()
    assert sent.asked_by is not None
    assert sent.asked_by.username == "ida"
    assert sent.changes == [{"path": "/session_id", "before": None, "after": "m.1.2"}] or len(sent.changes) == 1
    assert "ida corrected it" in response.content.decode()
    failed.refresh_from_db()
    assert failed.state == FailedRequest.State.RETRYING


def test_the_same_form_twice_is_one_send(ada: Client, failed: FailedRequest) -> None:
    form = typed(form_of(shown(ada, failed)), "/session_id", "m.1.2") | {"deed": "send"}

    answers = [ada.post(url_of(failed), form) for _ in range(3)]

    assert {answer.status_code for answer in answers} == {302}
    assert Resubmission.objects.count() == 1


def test_the_second_of_two_people_sees_who_was_first(
    ada: Client, failed: FailedRequest, shop: Shop, sign_in: SignIn
) -> None:
    bea = sign_in(user=make_user("bea", role=Role.SUPPORT, integration=shop[0]))
    hers = typed(form_of(shown(bea, failed)), "/session_id", "m.9.9")
    ada.post(url_of(failed), typed(form_of(shown(ada, failed)), "/session_id", "m.1.2") | {"deed": "send"})

    response = bea.post(url_of(failed), hers | {"deed": "send"})

    assert response.status_code == 409
    text = response.content.decode()
    assert "It was not sent." in text
    assert "<b>ida</b> sent a correction" in text
    assert "m.9.9" in text
    assert Resubmission.objects.count() == 1


def test_who_else_is_typing_is_named(ada: Client, failed: FailedRequest, shop: Shop, sign_in: SignIn) -> None:
    bea = sign_in(user=make_user("bea", role=Role.SUPPORT, integration=shop[0]))
    bea.post(url_of(failed), form_of(shown(bea, failed)) | {"deed": "check"})

    assert "<b>bea</b> is correcting it too" in shown(ada, failed)


@pytest.mark.parametrize(
    ("typed_text", "words"),
    [
        ("{", "errorlist|JSON"),
        ("[]", "must stay an object"),
        ('{"merchant_id": "x", "merchant_id": "y"}', ""),
        ("[" * 5000, ""),
        ("", ""),
        ('{"a": "\ud83d"}', ""),
    ],
)
def test_what_cannot_be_sent_is_said_and_kept(ada: Client, failed: FailedRequest, typed_text: str, words: str) -> None:
    form = form_of(shown(ada, failed)) | {"text": typed_text.encode("utf-8", "replace").decode(), "deed": "send"}

    response = ada.post(url_of(failed), form)

    assert response.status_code == 422
    text = response.content.decode()
    assert "Everything that you typed is kept." in text
    assert re.search(words, text)
    assert not Resubmission.objects.exists()
    assert Draft.objects.count() == 1
    assert "This is your draft" in shown(ada, failed)


def test_what_was_not_changed_is_not_sent(ada: Client, failed: FailedRequest) -> None:
    response = ada.post(url_of(failed), form_of(shown(ada, failed)) | {"deed": "send"})

    assert response.status_code == 422
    assert "nothing in it was changed" in response.content.decode()
    assert not Resubmission.objects.exists()


def test_a_locked_value_that_was_changed_by_hand_is_refused(ada: Client, failed: FailedRequest) -> None:
    form = form_of(shown(ada, failed))
    document = json.loads(form["text"])
    document["payment"]["token_id"] = "mine"

    response = ada.post(url_of(failed), form | {"text": json.dumps(document), "deed": "send"})

    assert response.status_code == 422
    assert "is locked" in response.content.decode()


def test_a_value_beside_the_form_cannot_reach_what_is_locked(ada: Client, failed: FailedRequest) -> None:
    form = form_of(shown(ada, failed))
    form |= {"path": ["/payment/token_id"], "was": ["x"], "value": ["mine"]}

    assert ada.post(url_of(failed), form | {"deed": "send"}).status_code == 422


def test_a_change_of_the_order_asks_for_a_reason(ada: Client, failed: FailedRequest) -> None:
    form = typed(form_of(shown(ada, failed)), "/merchant_order_id", "1001-b")

    response = ada.post(url_of(failed), form | {"deed": "send"})

    assert response.status_code == 409
    assert "Say why the order or the customer is changed." in response.content.decode()
    form = typed(form_of(response.content.decode()), "/merchant_order_id", "1001-b")
    assert ada.post(url_of(failed), form | {"deed": "send", "reason": "The shop gave it twice."}).status_code == 302
    assert Resubmission.objects.get().reason == "The shop gave it twice."


def test_checking_says_what_would_change_and_sends_nothing(ada: Client, failed: FailedRequest) -> None:
    form = typed(form_of(shown(ada, failed)), "/session_id", "m.1.2")

    whole = ada.post(url_of(failed), form | {"deed": "check"}).content.decode()
    part = ada.post(url_of(failed), form | {"deed": "check"}, headers=HTMX).content.decode()

    assert "<ins>what was typed (hidden in all records)</ins>" in whole
    assert '<div id="verdict"' in part
    assert "<html" not in part
    assert part.count("hx-swap-oob") == 3
    assert not Resubmission.objects.exists()


def test_a_draft_goes_when_it_is_begun_anew(ada: Client, failed: FailedRequest) -> None:
    form = typed(form_of(shown(ada, failed)), "/session_id", "m.1.2")
    ada.post(url_of(failed), form | {"deed": "check"})
    assert 'value="m.1.2"' in shown(ada, failed)

    ada.post(url_of(failed), {"deed": "drop", "nonce": form["nonce"]})

    assert not Draft.objects.exists()
    assert 'value="m.1.2"' not in shown(ada, failed)


def test_only_the_failed_of_a_partial_goes_out_under_a_new_id(ada: Client, shop: Shop) -> None:
    partial = fail(shop, "1002", make_partial("1002"))

    text = shown(ada, partial)
    assert "1 kept" in text
    assert "1 sent" in text
    form = form_of(text)
    assert form["value"][form["path"].index("/merchant_order_id")] == "1002-r1"
    assert [line["product"] for line in json.loads(form["text"])["products"]] == ["88"]

    response = ada.post(url_of(partial), form | {"deed": "send"}, follow=True)

    sent = Resubmission.objects.get()
    assert (sent.order_id, sent.kept, sent.sent) == ("1002-r1", 1, 1)
    assert "1 kept, 1 sent" in response.content.decode()


def test_a_check_that_fails_takes_the_button_away_and_says_why(ada: Client, failed: FailedRequest) -> None:
    open_breaker()

    text = shown(ada, failed)

    assert re.search(r'<button class="btn btn-primary" type="button" disabled', text)
    assert "18 of 20 calls" in text
    form = typed(form_of(text), "/session_id", "m.1.2")
    assert ada.post(url_of(failed), form | {"deed": "send"}).status_code == 409


def test_what_has_expired_an_admin_sends_with_a_reason(
    ada: Client, failed: FailedRequest, shop: Shop, sign_in: SignIn, clock: time_machine.Traveller
) -> None:
    clock.shift(timedelta(hours=24, minutes=1))
    bea = sign_in(user=make_user("bea", role=Role.ADMIN, integration=shop[0]))

    assert 'name="override"' not in shown(ada, failed)
    text = shown(bea, failed)
    assert 'id="override-deadline"' in text
    form = typed(form_of(text), "/session_id", "m.1.2") | {"deed": "send", "override": ["deadline"]}
    assert bea.post(url_of(failed), form).status_code == 409
    assert bea.post(url_of(failed), form | {"reason": "The customer waits on the phone."}).status_code == 302
    assert AuditEntry.objects.filter(action="request.correction_approved").count() == 1


def test_what_is_no_longer_kept_cannot_be_corrected(ada: Client, shop: Shop) -> None:
    failed = fail((shop[0], shop[1]), "1003", make_refusal("1003"))
    FailedRequest.objects.update(seal_id=None)

    response = ada.get(url_of(failed))

    assert response.status_code == 200
    assert "It cannot be corrected here" in response.content.decode()
    assert "Place the order anew" in response.content.decode()


def test_more_than_a_form_may_hold_is_refused_with_a_word(ada: Client, failed: FailedRequest) -> None:
    ada.post(url_of(failed), form_of(shown(ada, failed)) | {"deed": "check"})
    too_large = {"deed": "send", "nonce": "n", "text": "x" * (settings.DATA_UPLOAD_MAX_MEMORY_SIZE + 1)}

    response = ada.post(url_of(failed), too_large, follow=True)

    assert "too large to be a request of yours" in response.content.decode()
    assert "This is your draft" in response.content.decode()


def test_a_form_without_its_token_is_refused(shop: Shop, failed: FailedRequest) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(make_user("cy", role=Role.SUPPORT, integration=shop[0]))

    assert client.post(url_of(failed), {"deed": "check", "nonce": "n", "text": "{}"}).status_code == 403


def test_a_viewer_may_not_and_a_stranger_sees_nothing(failed: FailedRequest, shop: Shop, sign_in: SignIn) -> None:
    viewer = sign_in(user=make_user(role=Role.VIEWER, integration=shop[0]))
    stranger = sign_in()

    assert viewer.get(url_of(failed)).status_code == 403
    assert viewer.post(url_of(failed), {"deed": "send", "nonce": "n"}).status_code == 403
    assert stranger.get(url_of(failed)).status_code == 404
    assert stranger.post(url_of(failed), {"deed": "send", "nonce": "n"}).status_code == 404
    assert Client().get(url_of(failed)).status_code == 302
    assert "Correct and send again" not in viewer.get(f"/requests/{failed.pk}/").content.decode()


def test_the_page_of_a_request_leads_to_the_editor(ada: Client, failed: FailedRequest) -> None:
    text = ada.get(f"/requests/{failed.pk}/").content.decode()

    assert f'<a class="btn btn-primary" href="/requests/{failed.pk}/resubmit/">' in text


def test_a_hostile_value_stays_a_text(ada: Client, shop: Shop) -> None:
    purchase = make_purchase("1004", note="</textarea><script>alert(1)</script>\u202e")
    failed = fail(shop, "1004", make_exchange(purchase, 400, {"note": ['<img src=x onerror="alert(1)">']}))

    text = shown(ada, failed)

    assert "<script>alert" not in text
    assert "<img src=x" not in text


def test_it_can_be_tried_on_staging_first(ada: Client, failed: FailedRequest) -> None:
    staging = make_shop("staging", environment=Integration.Environment.STAGING)[0]
    Membership.objects.create(user=User.objects.get(username="ida"), integration=staging, role=Role.SUPPORT)
    form = typed(form_of(shown(ada, failed)), "/session_id", "m.1.2")

    response = ada.post(url_of(failed), form | {"deed": "try", "staging": staging.pk}, follow=True)

    assert "Waiting for staging" in response.content.decode()
    assert Trial.objects.get().staging == staging
    assert not Resubmission.objects.exists()
    values = {"state": "answered", "ended_at": NOW, "status_code": 200, "words": "Accepted.", "answer": "<b>fine</b>"}
    Trial.objects.update(**values)
    text = ada.get(f"/requests/{failed.pk}/trials/", headers=HTMX).content.decode()
    assert "&lt;b&gt;fine" in text
    assert "hx-get" not in text


def test_nothing_is_tried_on_what_is_no_staging(ada: Client, failed: FailedRequest, shop: Shop) -> None:
    form = form_of(shown(ada, failed))

    assert ada.post(url_of(failed), form | {"deed": "try", "staging": shop[0].pk}).status_code == 422
    assert not Trial.objects.exists()


def test_a_period_is_chosen_by_its_word(ada: Client, failed: FailedRequest) -> None:
    text = shown(ada, failed)

    assert '<option value="2" selected>weeks</option>' in text
    form = typed(form_of(text), "/products/0/subscription_info/tracking_override/every_period", "3")
    part = ada.post(url_of(failed), form | {"deed": "check"}, headers=HTMX).content.decode()
    assert "<del>2</del>" in part
    assert "<ins>3</ins>" in part


def test_the_same_fix_is_offered_for_the_others(ada: Client, shop: Shop) -> None:
    answer = {"shipping_address": {"country_code": ["USA is not a valid country code."]}}
    user = {"user_id": "7", "shipping_address": {"country_code": "USA"}}
    alike = [fail(shop, n, make_exchange(make_purchase(n, user=user), 400, answer)) for n in ("1", "2", "3")]
    form = typed(form_of(shown(ada, alike[0])), "/user/shipping_address/country_code", "US")

    text = ada.post(url_of(alike[0]), form | {"deed": "send"}, follow=True).content.decode()

    assert "Apply the same fix to the 2 others" in text
    assert f'href="/bulk/new/?from={Resubmission.objects.get().pk}"' in text


def test_no_product_costs_a_query(ada: Client, shop: Shop) -> None:
    one = fail(shop, "1", make_exchange(make_purchase("1", products=["1"]), 400, {"error": "no"}))
    many = fail(
        shop, "2", make_exchange(make_purchase("2", products=[str(n) for n in range(20)]), 400, {"error": "no"})
    )
    shown(ada, one)
    with CaptureQueriesContext(connection) as few:
        shown(ada, one)
    with CaptureQueriesContext(connection) as more:
        shown(ada, many)

    assert len(few) == len(more)
