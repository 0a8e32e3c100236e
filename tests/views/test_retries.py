"""The page of what is sent again: groups, reasons, buttons by role, pauses, and how the last ones ended."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from responses.insight import retries
from responses.models import AuditEntry, Gate, IntakeKey, Integration, Resend, Role
from responses.sending import gates
from tests.factories import NOW, make_integration, make_user
from tests.views import resending
from tests.views.resending import HOST, State, add_attempt, bring, fail, make_shop, open_breaker

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


def text_of(client: Client, target: str = "/retries/", **headers: str) -> str:
    response = client.get(target, headers=headers)
    assert response.status_code == 200
    return re.sub(r"\s+", " ", response.content.decode())


def row_of(text: str, order_id: str) -> str:
    """The row of one order."""
    return next(row for row in text.split("<tr data-row>") if f"Order {order_id}<" in row)


def make_one(shop: Shop, order_id: str, group: str) -> Resend:
    """A live Resend that belongs to ``group`` at ``NOW``."""
    resend = fail(shop, order_id, now=NOW - 5 * MINUTE).resends.get()
    if group == "later":
        Resend.objects.filter(pk=resend.pk).update(due_at=NOW + MINUTE)
    elif group == "day":
        Resend.objects.filter(pk=resend.pk).update(due_at=resend.first_failed_at + timedelta(hours=24))
    elif group == "resource":
        other = fail(shop, f"{order_id}x", now=NOW - 5 * MINUTE).resends.get()
        bring(other, State.SENDING)
        Resend.objects.filter(pk=resend.pk).update(resource_key=other.resource_key)
    elif group == "sending":
        bring(resend, State.SENDING, sends=1)
    elif group == "held":
        bring(resend, State.HELD, reason="A later change of the same object succeeded.")
    elif group == "unknown":
        bring(resend, State.UNKNOWN, sends=1, due_at=NOW + 10 * MINUTE)
    elif group == "stopped":
        open_breaker()
    elif group == "budget":
        values = {"tokens": 0.0, "refilled_at": NOW}
        Gate.objects.update_or_create(scope=gates.host_scope(HOST), defaults=values)
    return resend


def groups_of(page_text: str) -> set[str]:
    return set(re.findall(r"group=(\w+)", page_text))


@pytest.mark.parametrize("group", retries.GROUPS)
def test_each_live_one_stands_in_exactly_one_group(shop: Shop, sign_in: SignIn, group: str) -> None:
    resend = make_one(shop, "1001", group)
    client, user = sign_in(), make_user(integration=shop[0])
    doors = gates.gates_of(shop[0], now=NOW)
    stops = retries.stops_of(doors, retries.allowances(doors, now=NOW))

    found = {
        name for name in retries.GROUPS
        if retries.of_group(user, shop[0].pk, name, stops, now=NOW).filter(pk=resend.pk).exists()
    }  # fmt: skip
    listed = {row.resend.pk: row.group for row in retries.page(user, shop[0].pk, "", stops, now=NOW).rows}

    assert found == {group}
    assert listed[resend.pk] == group
    assert "Order 1001<" in text_of(client, f"/retries/?group={group}")


def test_a_row_says_what_failed_why_then_how_far_and_when(shop: Shop, sign_in: SignIn) -> None:
    resend = fail(shop, "1001").resends.get()
    add_attempt(resend)
    reason = "2nd of 4: about 3 minutes after the first failure"
    Resend.objects.filter(pk=resend.pk).update(sends=1, due_at=NOW + 3 * MINUTE, reason=reason)

    row = row_of(text_of(sign_in()), "1001")

    assert ">503<" in row
    assert "attempt 2 of 4" in row
    assert "About 3 minutes after the first failure." in row
    assert "<b data-due>in 3 m 0 s</b>" in row
    assert "12:03:00" in row


@pytest.mark.parametrize(
    ("group", "expected"),
    [("later", ["now", "cancel"]), ("due", ["cancel"]), ("day", ["now", "cancel"]), ("held", ["release", "cancel"]),
     ("sending", []), ("unknown", [])],
)  # fmt: skip
def test_the_buttons_follow_from_the_group(shop: Shop, sign_in: SignIn, group: str, expected: list[str]) -> None:
    make_one(shop, "1001", group)

    row = row_of(text_of(sign_in()), "1001")

    assert re.findall(r'name="deed" value="(\w+)"', row) == expected
    assert (">Decide<" in row) == (group == "unknown")


def test_a_viewer_sees_no_buttons(shop: Shop, sign_in: SignIn) -> None:
    make_one(shop, "1001", "later")
    make_one(shop, "1002", "unknown")

    text = text_of(sign_in(Role.VIEWER))

    assert 'name="deed"' not in text
    assert not any(">Decide<" in text_row for text_row in text.split("<tr data-row>")[1:])
    assert "Pausing needs the role Engineer" in text


def test_now_is_shown_with_its_reason_while_a_breaker_is_open(shop: Shop, sign_in: SignIn) -> None:
    make_one(shop, "1001", "later")
    open_breaker()

    row = row_of(text_of(sign_in()), "1001")

    assert 'value="now"' not in row
    assert re.search(r'disabled title="Breaker open: 18 of 20 calls', row)


def test_a_breaker_and_a_pause_are_said_on_every_page(shop: Shop, sign_in: SignIn) -> None:
    client = sign_in(Role.ENGINEER)
    open_breaker()
    Gate.objects.create(scope=gates.account_scope(shop[0].pk), is_paused=True, paused_at=NOW, pause_reason="Deploying.")

    for target in ("/issues/", "/codes/"):
        text = text_of(client, target)
        assert "Retries: Paused since 12:00: Deploying." in text
        assert f"{HOST}: Breaker open: 18 of 20 calls" in text


def test_an_engineer_pauses_all_with_a_reason_and_resumes(shop: Shop, sign_in: SignIn) -> None:
    client, scope = sign_in(Role.ENGINEER), gates.account_scope(shop[0].pk)
    fields = {"integration": "acme", "scope": scope}

    client.post("/retries/pause/", fields | {"reason": "  "})
    assert not Gate.objects.filter(is_paused=True).exists()
    client.post("/retries/pause/", fields | {"reason": "Deploying."})
    assert Gate.objects.get(pk=scope).pause_reason == "Deploying."
    text = text_of(client)
    assert "Resume" in text
    assert "Pause all" not in text
    client.post("/retries/resume/", fields)

    assert not Gate.objects.get(pk=scope).is_paused
    assert list(AuditEntry.objects.order_by("id").values_list("action", flat=True))[-2:] == [
        "sending.paused",
        "sending.released",
    ]


@pytest.mark.parametrize(
    ("role", "scope"), [(Role.SUPPORT, "account:{shop}"), (Role.ENGINEER, "account:{other}"), (Role.ENGINEER, "host:x")]
)
def test_pausing_is_refused_without_the_role_and_for_what_is_not_the_integrations(
    shop: Shop, sign_in: SignIn, role: Role, scope: str
) -> None:
    other = make_integration("other")
    scope = scope.format(shop=shop[0].pk, other=other.pk)

    response = sign_in(role).post("/retries/pause/", {"integration": "acme", "scope": scope, "reason": "Why not."})

    assert response.status_code == 403
    assert not Gate.objects.filter(is_paused=True).exists()


def test_those_that_ended_lately_are_told_with_how(shop: Shop, sign_in: SignIn) -> None:
    bring(fail(shop, "1001").resends.get(), State.EXHAUSTED, reason="All 4 attempts got 503.")
    bring(fail(shop, "1002").resends.get(), State.CANCELLED, reason="ada cancelled it.")

    text = text_of(sign_in())

    assert "Nothing is being retried" in text
    ended = text[text.index("Ended lately") :]
    assert "Used up" in ended
    assert "All 4 attempts got 503." in ended
    assert "ada cancelled it." in ended


def test_an_empty_page_says_who_retries(shop: Shop, sign_in: SignIn) -> None:
    assert "none is waiting to be sent again" in text_of(sign_in())

    Integration.objects.update(retry_by=Integration.Retry.CALLER)

    assert "your own systems retry" in text_of(sign_in())


def test_pages_follow_each_other_without_gap(shop: Shop, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retries.page, "__kwdefaults__", {"after": "", "size": 2})
    for nth in range(5):
        fail(shop, f"100{nth}", now=NOW - 5 * MINUTE)
    client, target, seen = sign_in(), "/retries/", []
    while target:
        text = text_of(client, target)
        seen += re.findall(r"data-row-link>Order (\d+)<", text)
        following = re.search(r'href="([^"]+)" rel="next"', text)
        target = following[1].replace("&amp;", "&") if following else ""

    assert sorted(seen) == ["1000", "1001", "1002", "1003", "1004"]


def test_more_rows_take_no_more_queries(shop: Shop, sign_in: SignIn) -> None:
    client = sign_in(Role.ENGINEER)

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            text_of(client)
        return len(captured)

    add_attempt(make_one(shop, "1", "later"))
    open_breaker()
    queries()
    one = queries()
    for nth, group in enumerate(["later", "held", "unknown", "sending", "day"] * 4):
        add_attempt(make_one(shop, f"2{nth:02}", group))

    assert queries() == one


def test_nothing_is_sent_to_htmx_while_nothing_changes(shop: Shop, sign_in: SignIn) -> None:
    resend, client = make_one(shop, "1001", "later"), sign_in()
    live_url = re.search(r'id="retries" hx-get="([^"]+)"', text_of(client))
    assert live_url is not None
    target, htmx = live_url[1].replace("&amp;", "&"), {"HX-Request": "true"}

    assert client.get(target, headers=htmx).status_code == 204
    bring(resend, State.HELD, reason="For a test.")
    changed = client.get(target, headers=htmx)

    assert changed.status_code == 200
    assert "For a test." in changed.content.decode()
    assert "<html" not in changed.content.decode()


def test_nobody_sees_what_another_integration_retries(shop: Shop, sign_in: SignIn) -> None:
    other = make_shop("other")
    fail(other, "9999")
    stranger = make_user(role=Role.ADMIN, integration=shop[0])

    text = text_of(sign_in(user=stranger))

    assert "9999" not in text
    assert sign_in(user=stranger).get("/retries/?integration=other").status_code == 404


def test_the_navigation_counts_what_is_live(shop: Shop, sign_in: SignIn) -> None:
    make_one(shop, "1001", "later")
    bring(make_one(shop, "1002", "later"), State.CANCELLED)

    text = text_of(sign_in(), "/issues/")

    assert re.search(r'class="count nav-count-retries"[^>]*>1<', text)


def test_every_way_of_the_helper_is_legal() -> None:
    assert set(resending.WAYS) <= set(State)
