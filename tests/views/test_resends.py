"""What a person decides about sending a failed request again, from its page and from the list."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client

from responses.exchanges import Origin
from responses.models import AuditEntry, FailedRequest, IntakeKey, Integration, Resend, Role, User
from tests.factories import NOW, PASSWORD, make_exchange, make_purchase, record
from tests.views.resending import State, add_attempt, bring, fail, make_shop, open_breaker

pytestmark = pytest.mark.django_db
SignIn = Callable[..., Client]
Shop = tuple[Integration, IntakeKey]
MINUTE = timedelta(minutes=1)


@pytest.fixture
def shop() -> Shop:
    return make_shop()


@pytest.fixture
def integration(shop: Shop) -> Integration:
    return shop[0]


@pytest.fixture
def failed(shop: Shop) -> FailedRequest:
    return fail(shop, "1001")


def text_of(client: Client, request: FailedRequest) -> str:
    response = client.get(f"/requests/{request.pk}/")
    assert response.status_code == 200
    return re.sub(r"\s+", " ", response.content.decode())


def form_of(text: str, action: str, deed: str = "") -> dict[str, str]:
    """The hidden fields of a form of the page."""
    forms = [form for form in text.split("<form ") if f"/{action}/" in form and (not deed or f'value="{deed}"' in form)]
    assert forms, f"no form for {action} {deed}"
    return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', forms[0])) | {"deed": deed}


def press(client: Client, request: FailedRequest, deed: str, **more: str) -> str:
    """Press a button of the page, and return what was said."""
    fields = form_of(text_of(client, request), "resend", deed) | more
    response = client.post(f"/requests/{request.pk}/resend/", fields, follow=True)
    assert response.status_code == 200
    return " ".join(str(message) for message in response.context["messages"])


def test_the_timeline_says_what_comes_next_when_and_why(failed: FailedRequest, sign_in: SignIn) -> None:
    text = text_of(sign_in(), failed)

    assert "Next: attempt 1 of 4" in text
    assert "About 1 minute after the first failure" in text
    assert "<b data-due>in 1 m 0 s</b>" in text
    assert "Nothing: the monitor sends it again by itself." in text


def test_the_timeline_says_of_each_attempt_why_it_was_made_then(
    failed: FailedRequest, shop: Shop, sign_in: SignIn
) -> None:
    [answer] = record(shop[0], make_exchange(make_purchase("1001"), 503, b"", origin=Origin.RETRY, sent_at=NOW))
    add_attempt(failed.resends.get(), response_id=answer.pk)

    text = text_of(sign_in(), failed)

    assert "Attempt 1: 1 of 4: about 1 minutes after the first failure" in text


def test_now_brings_the_attempt_forward_and_is_written_down(failed: FailedRequest, sign_in: SignIn) -> None:
    said = press(sign_in(), failed, "now")

    assert said == "It is sent now."
    assert failed.resends.get().due_at == NOW
    assert AuditEntry.objects.get(action="request.retried").subject_id == str(failed.pk)


def test_now_pressed_twice_plans_one_send(shop: Shop, sign_in: SignIn) -> None:
    failed = fail(shop, "1001")
    client = sign_in()
    press(client, failed, "cancel")
    fields = form_of(text_of(client, failed), "resend", "now")

    for _ in range(2):
        client.post(f"/requests/{failed.pk}/resend/", fields)

    assert Resend.objects.filter(kind=Resend.Kind.PERSON).count() == 1


def test_cancel_gives_the_request_back(failed: FailedRequest, sign_in: SignIn) -> None:
    said = press(sign_in(), failed, "cancel")

    assert said == "Cancelled: it is not sent again by itself."
    failed.refresh_from_db()
    assert failed.state == FailedRequest.State.WAITING
    assert failed.resends.get().state == State.CANCELLED


def test_a_held_one_is_released_with_a_reason_only(failed: FailedRequest, sign_in: SignIn) -> None:
    bring(failed.resends.get(), State.HELD, reason="From a restored backup.")
    client = sign_in()

    assert press(client, failed, "release", reason=" ") == "Say why: whoever looks at it next must know."
    assert press(client, failed, "release", reason="I looked.") == "Released: it is sent now."
    assert failed.resends.live().get().state == State.SCHEDULED


def test_a_forbidden_now_is_shown_with_every_reason(failed: FailedRequest, sign_in: SignIn) -> None:
    open_breaker()
    Integration.objects.update(api_key_sealed=None)

    text = text_of(sign_in(), failed)

    assert "<b>Not now.</b>" in text
    assert "The integration has no credentials to send with." in text
    assert "Breaker open: 18 of 20 calls" in text


def test_the_server_checks_again_when_the_button_is_pressed(failed: FailedRequest, sign_in: SignIn) -> None:
    client = sign_in()
    fields = form_of(text_of(client, failed), "resend", "now")
    open_breaker()

    response = client.post(f"/requests/{failed.pk}/resend/", fields, follow=True)

    assert "Breaker open" in " ".join(str(message) for message in response.context["messages"])
    assert failed.resends.get().due_at == NOW + MINUTE


def test_who_was_too_late_is_told(failed: FailedRequest, sign_in: SignIn) -> None:
    client = sign_in()
    fields = form_of(text_of(client, failed), "resend", "cancel")
    bring(failed.resends.get(), State.SENDING, sends=1)

    response = client.post(f"/requests/{failed.pk}/resend/", fields, follow=True)

    assert "changed meanwhile" in " ".join(str(message) for message in response.context["messages"])
    assert failed.resends.get().state == State.SENDING


def test_a_button_of_the_list_answers_htmx_with_the_list(failed: FailedRequest, sign_in: SignIn) -> None:
    client = sign_in()
    fields = {"deed": "cancel", "nonce": "abc", "next": "/retries/?group=later"}

    response = client.post(f"/requests/{failed.pk}/resend/", fields, headers={"HX-Request": "true"})

    text = response.content.decode()
    assert text.lstrip().startswith('<div id="retries"')
    assert "Nothing is backing off" in text
    assert "Cancelled: it is not sent again by itself." in response["HX-Trigger"]


@pytest.mark.parametrize("target", ["resend", "settle"])
def test_deeds_need_the_role_support(failed: FailedRequest, sign_in: SignIn, target: str) -> None:
    fields = {"deed": "cancel", "nonce": "abc", "decision": "happened", "reason": "Seen."}

    response = sign_in(Role.VIEWER).post(f"/requests/{failed.pk}/{target}/", fields)

    assert response.status_code == 403
    assert failed.resends.get().state == State.SCHEDULED


@pytest.mark.parametrize("fields", [{}, {"deed": "destroy", "nonce": "a"}, {"deed": "now", "nonce": "x" * 61}])
def test_a_form_that_is_not_complete_is_refused(failed: FailedRequest, sign_in: SignIn, fields: dict[str, str]) -> None:
    assert sign_in().post(f"/requests/{failed.pk}/resend/", fields).status_code == 422


def test_two_retriers_are_hinted_at(failed: FailedRequest, sign_in: SignIn) -> None:
    FailedRequest.objects.update(caller_retries_too=True)

    assert "This integration retries too" in text_of(sign_in(), failed)


@pytest.fixture
def unknown(failed: FailedRequest) -> FailedRequest:
    """It was sent, and no answer came."""
    resend = failed.resends.get()
    words = "The read operation timed out"
    add_attempt(resend, now=NOW - 10 * MINUTE, result="unknown", status_code=None, words=words)
    bring(resend, State.UNKNOWN, sends=1, lookups=1, due_at=NOW + 4 * MINUTE, reason="Looked up: nothing was found.")
    failed.refresh_from_db()
    return failed


def decide(client: Client, request: FailedRequest, decision: str, **more: str) -> str:
    fields = form_of(text_of(client, request), "settle") | {"decision": decision, "reason": "I looked."} | more
    response = client.post(f"/requests/{request.pk}/settle/", fields, follow=True)
    return re.sub(r"\s+", " ", response.content.decode())


def test_an_unknown_one_is_shown_with_what_is_known(unknown: FailedRequest, sign_in: SignIn) -> None:
    text = text_of(sign_in(), unknown)

    form = text[text.index('id="decide"') : text.index("</section>", text.index('id="decide"'))]
    assert "Attempt 1: no answer: The read operation timed out" in form
    assert "Looked up: nothing was found." in form
    assert "looked up 1 time" in form
    assert "Looked up next" in text


@pytest.mark.parametrize(
    ("decision", "state", "end"),
    [("happened", "resolved", State.SUPERSEDED), ("again", "retrying", State.SCHEDULED),
     ("leave", "unknown", State.CANCELLED)],
)  # fmt: skip
def test_a_person_decides_an_unknown_one(
    unknown: FailedRequest, sign_in: SignIn, decision: str, state: str, end: Resend.State
) -> None:
    User.objects.update(last_login=NOW)

    text = decide(sign_in(), unknown, decision)

    assert "Decided, and written down with your reason." in text
    unknown.refresh_from_db()
    assert unknown.state == state
    assert unknown.resends.get().state == end
    assert AuditEntry.objects.order_by("-id")[0].reason == "I looked."


def test_deciding_asks_for_the_password_again(unknown: FailedRequest, sign_in: SignIn) -> None:
    client = sign_in()
    User.objects.update(last_login=NOW - timedelta(hours=3))

    assert "That is not your password." in decide(client, unknown, "happened", password="wrong")
    unknown.refresh_from_db()
    assert unknown.state == "unknown"
    decide(client, unknown, "happened", password=PASSWORD)

    unknown.refresh_from_db()
    assert unknown.state == "resolved"


@pytest.mark.parametrize("missing", ["decision", "reason"])
def test_a_decision_needs_all_of_it(unknown: FailedRequest, sign_in: SignIn, missing: str) -> None:
    client = sign_in()
    User.objects.update(last_login=NOW)

    given = {"decision": "happened"} | {missing: ""}
    text = decide(client, unknown, given.pop("decision"), **given)

    assert {"decision": "Choose one.", "reason": "Say how you know it."}[missing] in text
    unknown.refresh_from_db()
    assert unknown.state == "unknown"
