"""When what failed is sent again, as the settings show it and let it be changed."""

from __future__ import annotations

import re
from html import unescape

import pytest
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from responses.models import AuditEntry, Integration, Role, User
from responses.models.integration import new_intake_key
from responses.ordergroove.policies import Policy
from responses.ordergroove.schedules import Schedules
from responses.sending import credentials
from responses.views import retry_lines
from tests.factories import make_integration, make_user

PAGE = "/settings/integrations/shop-eu/"
TARGET = f"{PAGE}retries/"
DEFAULTS = {
    "purchase_times": "1, 3, 9",
    "purchase_after_a_day": "on",
    "locked_first": "2",
    "locked_cap": "60",
    "locked_most": "8",
    "limited_first": "5",
    "limited_cap": "300",
    "limited_most": "10",
    "safe_first": "60",
    "safe_cap": "900",
    "safe_most": "6",
    "safe_within": "60",
}

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop() -> Integration:
    return make_integration("shop-eu", name="Shop EU")


def signed_in(shop: Integration, role: Role = Role.ADMIN) -> Client:
    client = Client()
    user = make_user(role=role, integration=shop)
    client.force_login(user)
    User.objects.filter(pk=user.pk).update(last_login=timezone.now())
    return client


def words(response: object) -> str:
    assert isinstance(response, HttpResponse)
    return unescape(response.content.decode())


def fields_of(page: str) -> dict[str, str]:
    """What the form of the schedules would send back as it stands."""
    form = page[page.index(f'action="{TARGET}#retries"') :]
    form = form[: form.index("</form>")]
    found = {}
    for tag in re.findall(r"<input[^>]*>", form):
        values = dict(re.findall(r'(\w+)="([^"]*)"', tag))
        if values.get("name") in DEFAULTS and (values["type"] != "checkbox" or " checked" in tag):
            found[values["name"]] = values.get("value", "on" if values["type"] == "checkbox" else "")
    return found


# --- who retries, and for which keys --------------------------------------------------------------------------------


def test_the_page_says_that_the_callers_own_systems_send_again(shop: Integration) -> None:
    assert "Your own systems send again." in words(signed_in(shop).get(PAGE))


def test_the_page_says_which_keys_may(shop: Integration) -> None:
    credentials.keep_api_key(shop, "og-api-key-0123456789")
    shop.retry_by = Integration.Retry.MONITOR
    shop.save()
    may, _ = new_intake_key(shop, name="checkout", may_retry=True)
    new_intake_key(shop, name="reports")
    revoked, _ = new_intake_key(shop, name="old", may_retry=True)
    revoked.revoked_at = timezone.now()
    revoked.save()

    page = words(signed_in(shop, Role.VIEWER).get(PAGE))

    [sentence] = re.findall(r"<p><b>The monitor sends again</b>.*?</p>", page)
    assert str(may) in sentence
    assert "checkout" in sentence
    assert "reports" not in sentence
    assert "old" not in sentence


@pytest.mark.parametrize(
    ("has_credentials", "warning"), [(False, "but it has no credentials"), (True, "but no key allows it")]
)
def test_what_the_monitor_still_lacks_is_said(shop: Integration, *, has_credentials: bool, warning: str) -> None:
    if has_credentials:
        credentials.keep_api_key(shop, "og-api-key-0123456789")
    shop.retry_by = Integration.Retry.MONITOR
    shop.save()

    assert warning in words(signed_in(shop).get(PAGE))


# --- seeing and changing --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", [Role.VIEWER, Role.SUPPORT, Role.ENGINEER])
def test_everybody_sees_the_schedules_and_only_an_admin_changes_them(shop: Integration, role: Role) -> None:
    client = signed_in(shop, role)

    page = words(client.get(PAGE))

    assert page.count('class="time-line"') == 4
    assert "about 1 m, 3 m and 9 m after the first failure" in page
    assert "purchase_times" not in page
    assert client.post(TARGET, DEFAULTS | {"locked_most": "3"}).status_code == 403
    shop.refresh_from_db()
    assert shop.retry_policies == {}


def test_the_form_holds_the_defaults_and_saving_it_as_it_is_changes_nothing(shop: Integration) -> None:
    client = signed_in(shop)
    fields = fields_of(words(client.get(PAGE)))
    assert fields == DEFAULTS

    assert client.post(TARGET, fields).status_code == 302

    shop.refresh_from_db()
    assert shop.retry_policies == {}
    assert not AuditEntry.objects.exists()


def test_a_change_is_kept_shown_and_audited(shop: Integration) -> None:
    client = signed_in(shop)
    wanted = DEFAULTS | {"purchase_times": "1.5; 5", "locked_most": "3"}
    del wanted["purchase_after_a_day"]

    answer = client.post(TARGET, wanted)

    assert answer.headers["Location"] == f"{PAGE}#retries"
    shop.refresh_from_db()
    kept = Schedules.from_settings(shop.retry_policies)
    assert kept.purchase.times == (90, 300)
    assert not kept.purchase.after_a_day
    assert kept.locked.most == 3
    assert set(shop.retry_policies) == {"purchase", "locked"}
    page = words(client.get(PAGE))
    assert "about 1 m 30 s and 5 m after the first failure" in page
    assert fields_of(page) == wanted | {"purchase_times": "1.5, 5"}
    entry = AuditEntry.objects.get()
    assert (entry.action, set(entry.before), set(entry.after)) == (
        "schedules.changed",
        {"purchase", "locked"},
        {"purchase", "locked"},
    )
    assert (entry.before["purchase"]["times"], entry.after["purchase"]["times"]) == ([60, 180, 540], [90, 300])


def test_back_to_the_defaults_asks_nothing_of_the_fields(shop: Integration) -> None:
    client = signed_in(shop)
    client.post(TARGET, DEFAULTS | {"locked_most": "3"})

    client.post(TARGET, DEFAULTS | {"locked_most": "nonsense", "reset": "yes"})

    shop.refresh_from_db()
    assert shop.retry_policies == {}
    entry = AuditEntry.objects.order_by("-id")[0]
    assert (entry.before["locked"]["most"], entry.after["locked"]["most"]) == (3, 8)


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ({"locked_first": "0"}, "Must be a whole number from 1 to 3,600 seconds."),
        ({"limited_first": "-5"}, "Must be a whole number from 1 to 3,600 seconds."),
        ({"limited_first": "30", "limited_cap": "20"}, "Must not be less than the first wait, 30 seconds."),
        ({"limited_most": "21"}, "Must be a whole number from 0 to 20."),
        ({"safe_first": "59"}, "Must be a whole number from 60 to 3,600 seconds."),
        ({"safe_within": "4"}, "Must be a whole number from 300 to 86,400 seconds (5 minutes to 24 hours)."),
        ({"safe_most": "many"}, "Enter a whole number."),
        ({"safe_most": ""}, "This field is required."),
        ({"locked_cap": "9" * 5000}, "Enter a whole number."),
        ({"purchase_times": "soon"}, "Write numbers of minutes"),
        ({"purchase_times": "1, -3"}, "Write numbers of minutes"),
        ({"purchase_times": "0.5, 3"}, "Each must be a whole number from 60 to 82,800 seconds (1 minute to 23 hours)"),
        ({"purchase_times": "1, 1.5"}, "Each must be at least 60 seconds later than the one before."),
        ({"purchase_times": "1, 1400"}, "Each must be a whole number from 60"),
        ({"purchase_times": "1,2,3,4,5,6,7,8,9"}, "Give a list of at most 8 times."),
        ({"purchase_times": "1," * 100}, "at most 120 characters"),
        ({"purchase_times": "1\x00"}, "Null characters are not allowed."),
    ],
)
def test_bad_input_is_explained_and_nothing_is_lost(shop: Integration, given: dict[str, str], complaint: str) -> None:
    sent = DEFAULTS | {"locked_most": "7"} | given

    answer = signed_in(shop).post(TARGET, sent)

    assert answer.status_code == 422
    page = words(answer)
    assert complaint in page
    assert "Nothing was saved" in page
    assert fields_of(page) == sent
    shop.refresh_from_db()
    assert shop.retry_policies == {}
    assert not AuditEntry.objects.exists()


def test_an_empty_form_is_refused_and_raises_nothing(shop: Integration) -> None:
    assert signed_in(shop).post(TARGET, {}).status_code == 422


@pytest.mark.parametrize("stored", [[], "x", {"locked": 3}, {"locked": {"first": -1}, "nonsense": {}}, None])
def test_what_cannot_be_read_is_shown_as_the_defaults(shop: Integration, stored: object) -> None:
    Integration.objects.update(retry_policies=stored if stored is not None else [None])

    page = words(signed_in(shop).get(PAGE))

    assert fields_of(page) == DEFAULTS


def test_no_part_of_the_drawing_needs_an_inline_style(shop: Integration) -> None:
    assert "style=" not in words(signed_in(shop).get(PAGE))


# --- the drawing ----------------------------------------------------------------------------------------------------


def test_the_24_hour_attempt_is_drawn_at_the_end_with_hours_below() -> None:
    line = retry_lines.drawn(Schedules(), Policy.PURCHASE)

    assert line is not None
    assert [one.mark.label for one in line.marks] == ["fails", "1st", "2nd", "3rd", "4th"]
    assert [one.mark.note for one in line.marks] == ["", "1 m", "3 m", "9 m", "24 h"]
    assert line.marks[-1].x == 98
    assert [tick.label for tick in line.across][-3:] == ["6 h", "12 h", "24 h"]


def test_a_class_that_is_switched_off_has_words_and_no_drawing() -> None:
    off = Schedules.from_settings({"safe": {"most": 0}, "purchase": {"times": [], "after_a_day": False}})

    for policy in (Policy.SAFE, Policy.PURCHASE):
        assert retry_lines.drawn(off, policy) is None
        assert retry_lines.in_words(off, policy) == "Never sent again by itself."


@pytest.mark.parametrize(
    ("stored", "sentence"),
    [
        ({"times": [120], "after_a_day": False}, "Sent again about 2 m after the first failure, "),
        ({"times": [], "after_a_day": True}, "Sent again once, when 24 hours are over."),
        ({"times": [60, 7200], "after_a_day": True}, "Sent again about 1 m and 2 h after the first failure, "),
    ],
)
def test_the_words_say_what_is_drawn(stored: object, sentence: str) -> None:
    assert retry_lines.in_words(Schedules.from_settings({"purchase": stored}), Policy.PURCHASE).startswith(sentence)
