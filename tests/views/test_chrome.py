"""The frame of every page."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from django.http import HttpRequest, QueryDict
from django.test import RequestFactory
from django.urls import resolve
from pytest_django import Settings

from responses.insight import periods
from responses.views import chrome

NOW = datetime(2026, 11, 22, 15, 20, tzinfo=UTC)
SHOP = chrome.Seen("shop", "Acme", "production")
STAGING = chrome.Seen("shop-staging", "Acme (staging)", "staging")


@pytest.fixture(autouse=True)
def _addresses(settings: Settings) -> None:
    settings.ROOT_URLCONF = "tests.views.look.pages"


def asked(target: str) -> HttpRequest:
    request = RequestFactory().get(target)
    request.resolver_match = resolve(request.path)
    return request


def frame(target: str = "/", **overrides: Any) -> chrome.Chrome:
    given: dict[str, Any] = {"now": NOW, "integrations": [SHOP, STAGING], "selected": SHOP, "counts": {}}
    return chrome.build(asked(target), **given | overrides)


def test_the_page_one_is_on_is_marked() -> None:
    current = [item.key for item in frame("/issues/").nav if item.is_current]

    assert current == ["issues"]


def test_integration_and_period_follow_from_page_to_page_but_filters_do_not() -> None:
    nav = {item.key: item.url for item in frame("/responses/?integration=shop&period=7d&code=5xx&cursor=9").nav}

    assert nav["issues"] == "/issues/?integration=shop&period=7d"


def test_the_switch_keeps_filters_and_starts_paging_anew() -> None:
    shown = frame("/responses/?integration=shop&code=5xx&cursor=9")

    urls = {choice.key: choice.url for choice in shown.integrations}
    assert urls == {
        "shop": "/responses/?code=5xx&integration=shop",
        "shop-staging": "/responses/?code=5xx&integration=shop-staging",
    }


def test_the_switch_leads_from_one_thing_to_the_list_of_such_things() -> None:
    shown = frame("/issues/7/?tab=all")

    assert shown.integrations[1].url == "/issues/?integration=shop-staging"


def test_the_switch_shows_how_many_issues_the_others_have() -> None:
    other = msgspec.structs.replace(STAGING, open_issues=3)

    assert frame(integrations=[SHOP, other]).integrations[1].open_issues == 3


def test_the_selected_integration_follows_also_where_only_the_session_knows_it() -> None:
    nav = {item.key: item.url for item in frame("/issues/", selected=STAGING).nav}

    assert nav["responses"] == "/responses/?integration=shop-staging"
    assert frame(integrations=[SHOP]).nav[1].url == "/issues/"


def test_the_selected_integration_names_its_environment() -> None:
    assert frame(selected=STAGING).environment == "staging"


def test_a_single_integration_needs_no_switch() -> None:
    shown = frame(integrations=[SHOP])

    assert len(shown.integrations) == 1
    assert (shown.integration_label, shown.environment) == ("Acme", "production")


def test_who_may_see_nothing_is_told_so() -> None:
    assert frame(integrations=[], selected=None).integration_label == "No integration yet"


def test_the_period_is_marked_and_the_usual_one_needs_no_parameter() -> None:
    shown = {choice.key: choice for choice in frame("/?period=7d", period=periods.BY_KEY["7d"]).periods}

    assert shown["7d"].is_current
    assert shown["24h"].url == "/"
    assert frame(has_period=False).periods == ()


def test_a_page_that_does_not_exist_is_not_offered(settings: Settings) -> None:
    request = RequestFactory().get("/")
    settings.ROOT_URLCONF = "tests.views.look.empty"

    shown = chrome.build(request, now=NOW, integrations=[], selected=None, counts={})

    assert shown.nav == ()
    assert shown.search_url == ""


def test_counts_stand_at_their_entries() -> None:
    nav = {item.key: item for item in frame(counts={"fix": 14, "issues": 6}, urgent=("fix",)).nav}

    assert (nav["fix"].count, nav["fix"].is_urgent) == (14, True)
    assert (nav["issues"].count, nav["issues"].is_urgent) == (6, False)


def test_a_number_is_not_counted_further_than_it_is_shown() -> None:
    nav = {item.key: item.shown for item in frame(counts={"fix": 100, "issues": 99}).nav}

    assert (nav["fix"], nav["issues"]) == ("99+", "99")


def test_a_changed_query_keeps_values_given_twice() -> None:
    assert chrome.with_query("/x", QueryDict("a=1&a=2&before=7"), b="3") == "/x?a=1&a=2&b=3"
    assert chrome.with_query("/x", QueryDict("b=3"), b="") == "/x"
