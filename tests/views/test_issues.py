"""Issues: the list, one in depth, and deciding."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.messages import get_messages
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from responses.models import AuditEntry, FailedRequest, Integration, Issue, Role, User
from tests.factories import (
    NOW,
    make_exchange,
    make_integration,
    make_partial,
    make_refusal,
    make_rest,
    make_timeout,
    make_user,
    record,
)

pytestmark = pytest.mark.django_db
SignIn = Callable[..., Client]
HTMX = {"HX-Request": "true"}


@pytest.fixture
def issue(integration: Integration) -> Issue:
    record(integration, make_refusal("1001"))
    return Issue.objects.get()


@pytest.fixture
def ada(integration: Integration) -> User:
    return make_user("ada", role=Role.SUPPORT, integration=integration)


def text_of(client: Client, target: str, **headers: str) -> str:
    response = client.get(target, headers=headers)
    assert response.status_code == 200
    return response.content.decode()


def decide(client: Client, issue: Issue, deed: str, *, headers: dict[str, str] | None = None, **sent: str) -> Any:
    data = {"deed": deed, "seen": issue.state, "next": "/issues/", "part": "list"} | sent
    return client.post(f"/issues/{issue.pk}/decide/", data, headers=headers or {})


# --- the list


@pytest.mark.parametrize("target", ["/issues/", "/issues/7/"])
def test_a_stranger_is_asked_to_sign_in(target: str, client: Client) -> None:
    assert client.get(target).headers["Location"] == f"/login/?next={target}"


def test_a_row_says_what_who_and_until_when(integration: Integration, sign_in: SignIn) -> None:
    record(integration, make_refusal("1001", sent_at=NOW - timedelta(hours=23)))

    text = text_of(sign_in(), "/issues/")

    for words in ("400", "Session id cannot be null", "create", "You fix", "New", "1 order", "12.50"):
        assert words in text
    assert "1 h left" in text


def test_tabs_hold_the_issues_of_their_state(integration: Integration, sign_in: SignIn) -> None:
    record(integration, make_refusal(message="Apples"), make_refusal(message="Pears"))
    Issue.objects.filter(title="Pears").update(state="muted", muted_until=NOW + timedelta(hours=1))
    client = sign_in()

    assert ("Apples" in text_of(client, "/issues/"), "Pears" in text_of(client, "/issues/")) == (True, False)
    muted = text_of(client, "/issues/?state=muted")
    assert ("Apples" in muted, "Pears" in muted) == (False, True)
    every = text_of(client, "/issues/?state=all")
    assert ("Apples" in every, "Pears" in every) == (True, True)
    assert "No issue is in this state" in text_of(client, "/issues/?state=resolved")


@pytest.mark.parametrize(("words", "is_found"), [("apples", True), ("400", True), ("create", True), ("404", False)])
def test_issues_are_found_by_their_words(words: str, is_found: bool, integration: Integration, sign_in: SignIn) -> None:
    record(integration, make_refusal(message="Apples are missing"))

    assert ("Apples are missing" in text_of(sign_in(), f"/issues/?q={words}")) is is_found


@pytest.mark.parametrize(
    "query",
    ["state=nonsense", "sort=nonsense", "after=nonsense", "undo=x", "undo=99999999999999999999", "q=%00", "q=%FF"],
)
def test_what_is_not_understood_counts_as_not_said(query: str, issue: Issue, sign_in: SignIn) -> None:
    assert "Issues" in text_of(sign_in(), f"/issues/?{query}")


def test_the_list_is_paged(integration: Integration, sign_in: SignIn) -> None:
    names = [f"{chr(65 + nth // 10)}{chr(75 + nth % 10)}" for nth in range(35)]
    record(integration, *(make_refusal(message=f"Trouble {name}") for name in names))
    client = sign_in()

    first = text_of(client, "/issues/?sort=newest")
    target = first[first.index('rel="next" href="') + 17 :].split('"')[0].replace("&amp;", "&")
    second = text_of(client, target)

    assert (first.count("data-row-link"), second.count("data-row-link")) == (30, 5)
    assert "sort=newest" in target
    assert "First page" in second


def test_an_empty_list_says_what_was_checked(
    integration: Integration, sign_in: SignIn, clock: time_machine.Traveller
) -> None:
    client = sign_in()
    assert "Nothing has been reported yet" in text_of(client, "/issues/")

    record(integration, make_exchange(make_rest(), 204), now=NOW)
    clock.shift(12)
    assert "The last response came 12 s ago, and no call has failed." in text_of(client, "/issues/")


def test_an_open_list_is_told_when_nothing_has_changed(integration: Integration, issue: Issue, sign_in: SignIn) -> None:
    client = sign_in()
    text = text_of(client, "/issues/?sort=orders")
    url = text.split('hx-get="')[1].split('"')[0].replace("&amp;", "&")

    assert "sort=orders" in url
    assert client.get(url, headers=HTMX).status_code == 204
    record(integration, make_timeout())
    part = text_of(client, url, **HTMX)
    assert part.lstrip().startswith('<div id="issues"')
    assert "Timeout" in part


def test_the_issues_of_others_are_not_listed(sign_in: SignIn) -> None:
    record(make_integration(), make_refusal(message="Secret trouble"))

    assert "Secret trouble" not in text_of(sign_in(), "/issues/?state=all")


# --- one issue


def test_an_issue_says_what_happened_what_to_do_and_what_is_at_stake(integration: Integration, sign_in: SignIn) -> None:
    record(integration, make_refusal("1001", tags={"release": "2.4.1"}, sent_at=NOW - timedelta(hours=20)))

    text = text_of(sign_in(), f"/issues/{Issue.objects.get().pk}/")

    for words in (
        "Session id cannot be null",
        "session_id",
        "worth 12.50",
        "in 4 h",
        "Order 1001",
        "2.4.1",
        "First seen",
    ):
        assert words in text


def test_an_issue_of_items_shows_their_products_and_what_was_created(integration: Integration, sign_in: SignIn) -> None:
    record(integration, make_partial("1001"))

    text = text_of(sign_in(), f"/issues/{Issue.objects.get().pk}/")

    assert "<dt>Products</dt>" in text
    assert "1 created, 1 failed" in text


@pytest.mark.parametrize(
    "exchange",
    [
        make_timeout(),
        make_exchange(make_rest("/orders/", method="GET"), 503, b"<html>Bad <b>gateway</b></html>"),
        make_exchange(None, 418, b""),
        make_exchange(make_rest("/never/heard/of"), 301, b""),
    ],
    ids=["timeout", "html", "empty", "foreign"],
)
def test_every_kind_of_issue_has_its_page(exchange: object, integration: Integration, sign_in: SignIn) -> None:
    record(integration, exchange)  # type: ignore[arg-type]

    text = text_of(sign_in(), f"/issues/{Issue.objects.get().pk}/")

    assert "What to do" in text
    assert "<b>gateway</b>" not in text


def test_requests_without_a_clock_stand_under_all(integration: Integration, sign_in: SignIn) -> None:
    record(integration, make_refusal("open"), make_refusal("gone"))
    FailedRequest.objects.filter(order_id="gone").update(state="dismissed", closed_at=NOW)
    client, target = sign_in(), f"/issues/{Issue.objects.get().pk}/"

    assert "Order gone" not in text_of(client, target)
    every = text_of(client, f"{target}?requests=all")
    assert "Order gone" in every
    assert "Order open" in every


@pytest.mark.slow
def test_the_requests_are_paged(integration: Integration, sign_in: SignIn) -> None:
    record(integration, *(make_refusal(sent_at=NOW - timedelta(minutes=nth)) for nth in range(30)))
    client, target = sign_in(), f"/issues/{Issue.objects.get().pk}/"

    for tab in ("open", "all"):
        first = text_of(client, f"{target}?requests={tab}")
        following = first[first.index('rel="next" href="') + 17 :].split('"')[0].replace("&amp;", "&")
        assert first.count("Order order-") == 25
        assert text_of(client, following).count("Order order-") == 5


def test_the_page_of_an_issue_belongs_to_its_integration(integration: Integration, sign_in: SignIn) -> None:
    other = make_integration("zebra", name="Zebra")
    record(other, make_refusal())
    user = make_user(integration=integration)
    user.memberships.create(integration=other)

    text = text_of(sign_in(user=user), f"/issues/{Issue.objects.get().pk}/")

    assert 'aria-label="Integration: Zebra, production"' in text


def test_the_issue_of_another_integration_does_not_exist(sign_in: SignIn) -> None:
    record(make_integration(), make_refusal())
    client, issue = sign_in(Role.ADMIN), Issue.objects.get()

    assert client.get(f"/issues/{issue.pk}/").status_code == 404
    assert client.get("/issues/4711/").status_code == 404
    assert client.get(f"/issues/{2**63}/").status_code == 404
    assert client.post(f"/issues/{issue.pk}/decide/", {"deed": "resolve", "seen": "open"}).status_code == 404
    assert Issue.objects.get().state == "open"


# --- deciding


@pytest.mark.parametrize(
    ("before", "deed", "after"),
    [
        ("open", "acknowledge", "acknowledged"),
        ("open", "mute-hour", "muted"),
        ("open", "mute-night", "muted"),
        ("open", "resolve", "resolved"),
        ("muted", "reopen", "open"),
        ("resolved", "reopen", "open"),
    ],
)
def test_a_browser_decides_and_goes_back(before: str, deed: str, after: str, issue: Issue, sign_in: SignIn) -> None:
    Issue.objects.update(state=before)
    issue.refresh_from_db()
    client = sign_in()

    response = decide(client, issue, deed, next="/issues/?sort=orders", part="detail")

    assert response.status_code == 302
    assert response.headers["Location"] == "/issues/?sort=orders"
    assert Issue.objects.get().state == after
    assert AuditEntry.objects.get().address == "127.0.0.1"


def test_an_issue_is_muted_for_an_hour_or_until_morning(issue: Issue, ada: User, sign_in: SignIn) -> None:
    User.objects.update(time_zone="Europe/Berlin")
    client = sign_in(user=User.objects.get(pk=ada.pk))
    decide(client, issue, "mute-hour")
    assert Issue.objects.get().muted_until == NOW + timedelta(hours=1)

    decide(client, Issue.objects.get(), "mute-night")
    assert Issue.objects.get().muted_until == NOW + timedelta(hours=19)


def test_htmx_gets_the_list_as_it_is_now(issue: Issue, sign_in: SignIn) -> None:
    client = sign_in()

    response = decide(client, issue, "acknowledge", headers=HTMX, next="/issues/?sort=orders")

    text = response.content.decode()
    assert text.lstrip().startswith('<div id="issues"')
    assert "No issue is open" in text
    assert "Acknowledged." in response.headers["HX-Trigger"]
    assert "sort=orders" in text


def test_htmx_gets_the_issue_as_it_is_now(issue: Issue, sign_in: SignIn) -> None:
    response = decide(sign_in(), issue, "take", headers=HTMX, next=f"/issues/{issue.pk}/", part="detail")

    text = response.content.decode()
    assert text.lstrip().startswith('<div class="stack" id="issue"')
    assert "Give it back" in text


def test_a_resolution_can_be_undone_at_once(issue: Issue, sign_in: SignIn) -> None:
    client = sign_in()
    response = decide(client, issue, "resolve")
    target = response.headers["Location"]
    assert target == f"/issues/?undo={issue.pk}"

    text = text_of(client, target)
    assert "Resolved:" in text
    assert 'value="reopen"' in text
    issue.refresh_from_db()
    decide(client, issue, "reopen")

    assert Issue.objects.get().state == "open"
    assert "Resolved:" not in text_of(client, target)


def test_a_decision_about_what_has_changed_meanwhile_is_not_made(issue: Issue, sign_in: SignIn) -> None:
    Issue.objects.update(state="acknowledged")

    for headers in ({}, HTMX):
        response = decide(sign_in(), issue, "resolve", headers=headers)
        said = [str(message) for message in get_messages(response.wsgi_request)]
        words = response.headers.get("HX-Trigger", "") + "".join(said)
        assert "Somebody else was faster" in words

    assert Issue.objects.get().state == "acknowledged"
    assert not AuditEntry.objects.exists()


def test_a_viewer_sees_no_buttons_and_may_not_press_them(issue: Issue, sign_in: SignIn) -> None:
    client = sign_in(Role.VIEWER)

    assert "/decide/" not in text_of(client, "/issues/")
    assert "/decide/" not in text_of(client, f"/issues/{issue.pk}/")
    assert "/decide/" not in text_of(client, f"/issues/?undo={issue.pk}")
    for deed in ("acknowledge", "mute-hour", "mute-night", "resolve", "take", "release"):
        assert decide(client, issue, deed).status_code == 403
    assert Issue.objects.get().state == "open"


@pytest.mark.parametrize(
    "sent", [{"deed": ""}, {"deed": "explode"}, {"deed": "__init__"}, {"seen": "nonsense"}, {"part": "nonsense"}]
)
def test_what_no_button_sends_is_refused(sent: dict[str, str], issue: Issue, sign_in: SignIn) -> None:
    values = {"deed": "resolve"} | sent

    response = decide(sign_in(), issue, values.pop("deed"), headers={}, **values)

    assert response.status_code == 422
    assert Issue.objects.get().state == "open"


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example/", "javascript:alert(1)", ""])
def test_nobody_is_sent_elsewhere(target: str, issue: Issue, sign_in: SignIn) -> None:
    response = decide(sign_in(), issue, "acknowledge", next=target)

    assert response.headers["Location"] == f"/issues/{issue.pk}/"


def test_deciding_needs_a_form_of_ours(issue: Issue, ada: User, clock: time_machine.Traveller) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(ada)

    assert decide(client, issue, "resolve").status_code == 403
    assert client.get(f"/issues/{issue.pk}/decide/").status_code == 405
    assert Issue.objects.get().state == "open"


def test_who_did_what_stands_in_the_activity(issue: Issue, ada: User, sign_in: SignIn) -> None:
    client = sign_in(user=ada)
    decide(client, issue, "take")
    decide(client, issue, "acknowledge")

    text = text_of(client, f"/issues/{issue.pk}/")

    assert "ada takes care of it" in text
    assert "ada acknowledged it" in text


# --- speed


@pytest.mark.slow
@pytest.mark.parametrize(
    "target", ["/issues/", "/issues/?sort=orders&state=all", "/issues/{}/", "/issues/{}/?requests=all"]
)
def test_the_number_of_queries_does_not_grow(target: str, integration: Integration, sign_in: SignIn) -> None:
    client = sign_in()
    found = []
    for count in (1, 20):
        record(integration, *(make_refusal(message=f"Trouble {chr(65 + nth)}") for nth in range(count)))
        record(integration, *(make_partial() for _ in range(count)))
        with CaptureQueriesContext(connection) as queries:
            text_of(client, target.format(Issue.objects.get(status_code=207).pk))
        found.append(len(queries))
    assert found[0] == found[1]
