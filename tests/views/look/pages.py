"""A page that wears every part of the look once, for the browser tests and for those who change the look."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from typing import Any

from django.contrib.auth.forms import AuthenticationForm, PasswordChangeForm
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path

from responses import charts
from responses.insight import periods
from responses.models import User
from responses.templatetags import badges
from responses.views import chrome

NOW = datetime(2026, 11, 22, 15, 20, tzinfo=UTC)
SERIES = tuple(
    charts.Series(key, badges.OUTCOMES[key].word)
    for key in ("needs_fix", "no_answer", "transient", "partial", "accepted", "success")
)
SEEN = (
    chrome.Seen("shop", "Acme Coffee", "production"),
    chrome.Seen("shop-staging", "Acme Coffee (staging)", "staging"),
    chrome.Seen("tea", "Acme Tea", "production"),
)
BODY = {
    "merchant_id": "9f1c2d",
    "merchant_order_id": "1001",
    "user": {"user_id": "4711", "email": "[e-mail]", "first_name": "[masked]"},
    "payment": {"label": "Visa", "cc_number": "[card]", "cc_exp_date": "[masked]"},
    "shipping_address": {"city": "Boston", "country_code": "USA", "lines": []},
    "products": [{"product": "SKU-77", "quantity": 2, "price": 19.99, "tracking": None, "auto": True}],
    "note": "<script>alert(1)</script>",
}


def buckets(count: int, width: timedelta) -> list[charts.Bucket]:
    """A day of a living shop, with an hour of trouble."""
    first = NOW.replace(minute=0) - width * (count - 1)
    starts = [first + width * nth for nth in range(count)]
    labels = charts.ticks(starts)
    found = []
    for nth, start in enumerate(starts):
        calls = int(420 + 380 * math.sin((nth - count / 4) * 2 * math.pi / count))
        trouble = calls // 4 if 0.72 < nth / count < 0.8 else 0
        values = (calls // 60 + trouble // 3, 1 if nth % 9 == 4 else 0, trouble, calls // 70, calls // 12, calls)
        title = f"{start:%d %b, %H:%M} to {start + width:%H:%M}"
        urls = tuple(f"/?from={start:%H%M}&outcome={series.key}" for series in SERIES)
        found.append(charts.Bucket(title, values, tick=labels[nth], url=f"/?from={start:%H%M}", urls=urls))
    return found


CREATE = "POST /subscription/create"
ISSUES = (
    (400, "needs_fix", "country_code: “USA” is not a valid country code", CREATE, "new", 214, 5.2),
    (423, "transient", "Resource in use", "PATCH /subscriptions/{id}/change_next_order_date/", "", 131, None),
    (207, "partial", "product: unknown offer, 1 of 3 was not created", CREATE, "regressed", 96, 0.6),
    (503, "transient", "Service Unavailable", CREATE, "", 88, 2.4),
    (401, "needs_fix", "Invalid API key", "GET /subscriptions/", "", 37, None),
    (None, "no_answer", "No answer within 3 s", CREATE, "new", 9, -1.5),
)
SHARES = (268, 9, 219, 96, 1402, 29_210)
TABS = (("Open", 6), ("Acknowledged", 2), ("Muted", 0), ("Resolved", 1204), ("All", None))
CHIPS = (("Code", "5xx"), ("Endpoint", CREATE))
STORY = (
    ("shopping-cart", "transient", "Caller: 503 Service Unavailable", -120, "Nothing is wrong with the request."),
    ("progress-check", "accepted", "Accepted", -20, "Ordergroove has it; the result is being followed."),
    ("circle-half-2", "partial", "2 of 3 subscriptions created", -19, "SKU-77: unknown offer."),
)


def issue_rows() -> list[dict[str, Any]]:
    """Rows as an issue list shows them."""
    return [
        {
            "code": code,
            "outcome": outcome,
            "title": title,
            "endpoint": endpoint,
            "mark": mark,
            "requests": count,
            "spark": [(nth * count) % 23 if nth > 9 or code else 0 for nth in range(24)],
            "last": NOW - timedelta(minutes=count % 50),
            "deadline": None if hours is None else NOW + timedelta(hours=hours, seconds=20),
            "who": {"needs_fix": "you", "partial": "you"}.get(outcome, "monitor"),
            "state": ("open", "acknowledged", "muted", "resolved")[count % 4],
        }
        for code, outcome, title, endpoint, mark, count, hours in ISSUES
    ]


def frame(request: HttpRequest, selected: str) -> chrome.Chrome:
    """The frame, with something to see in every corner."""
    return chrome.build(
        request,
        now=NOW,
        integrations=SEEN,
        selected=next((seen for seen in SEEN if seen.slug == selected), SEEN[0]),
        counts={"issues": 6, "fix": 14, "partial": 3, "repeated": 0},
        urgent=("fix",),
        period=periods.BY_KEY.get(request.GET.get("period", ""), periods.DEFAULT),
        health=chrome.Health("warning", "1 channel failing") if selected == "shop-staging" else None,
        banners=[chrome.Banner("Slack #oncall has not taken a message for 12 minutes.", url="/", link="See why")]
        if selected == "shop-staging"
        else [],
    )


def styleguide(request: HttpRequest) -> HttpResponse:
    """Every part once."""
    theme = request.GET.get("theme", "light")
    steps = ((0, "503", "first failure"), (60, "1st retry", "after 1 m"), (180, "2nd", "3 m"), (540, "3rd", "9 m"))
    marks = [charts.Mark(s, what, when, key="transient" if s else "needs_fix") for s, what, when in steps]
    context = {
        "user": User(username="sam", email="sam@example.org", theme=theme),
        "now": NOW,
        "chrome": frame(request, request.GET.get("integration", "shop")),
        "trend": charts.trend(SERIES, buckets(48, timedelta(minutes=30))),
        "issues": issue_rows(),
        "outcomes": list(badges.OUTCOMES),
        "request_states": list(badges.REQUEST_STATES),
        "issue_states": list(badges.ISSUE_STATES),
        "item_states": list(badges.ITEM_STATES),
        "origins": list(badges.ORIGINS),
        "whos": list(badges.WHO),
        "codes": [200, 201, 202, 204, 206, 207, 400, 401, 403, 404, 409, 423, 429, 500, 502, 503],
        "body": BODY,
        "fields": ("country_code",),
        "line": charts.time_line([*marks, charts.Mark(86400, "Last", "24 h", key="accepted")], end=86400, is_log=True),
        "split": [
            charts.Row("200", (charts.Part("success", "Success", 28_140),), "/?code=200", "OK"),
            charts.Row("400", (charts.Part("needs_fix", "Needs a fix", 2214),), "/?code=400", "Bad Request"),
            charts.Row("207", (charts.Part("partial", "Partial", 960), charts.Part("success", "Success", 800)), "/"),
            charts.Row("503", (charts.Part("transient", "Transient", 88),), "/?code=503", "Service Unavailable"),
        ],
        "donut": [charts.Part(one.key, one.label, value) for one, value in zip(SERIES, SHARES, strict=True)],
        "points": [4, 5, 4, 6, 8, 7, 9, 12, 11, 13, 12, 15],
        "tabs": [
            {"label": label, "url": f"/?state={label}", "is_current": label == "Open", "count": count}
            for label, count in TABS
        ],
        "chips": [{"label": label, "value": value, "url": "/?"} for label, value in CHIPS],
        "story": [
            {"icon": name, "key": key, "title": title, "at": NOW + timedelta(minutes=minutes), "text": text}
            for name, key, title, minutes, text in STORY
        ]
        + [
            {
                "icon": "clock",
                "key": "neutral",
                "title": "Expires",
                "at": NOW + timedelta(hours=22, minutes=1),
                "is_next": True,
            }
        ],
    }
    return render(request, "look.html", context)


def part(request: HttpRequest) -> HttpResponse:
    """What a drawer, or a live region, asks for."""
    if request.GET.get("nothing"):
        return HttpResponse(status=204)
    if request.GET.get("broken"):
        return HttpResponse(status=500)
    return render(request, "look_part.html", {"now": NOW, "row": request.GET.get("row", ""), "body": BODY})


def page_of(name: str) -> Any:
    """A page that needs no context: signing in, errors."""

    def view(request: HttpRequest) -> HttpResponse:
        form = AuthenticationForm(request, {"username": "", "password": ""}) if "login" in name else None
        return render(request, name, {"user": AnonymousUser(), "next": "", "form": form})

    return view


def password(request: HttpRequest) -> HttpResponse:
    """A form with help and errors."""
    user = User(username="sam", theme=request.GET.get("theme", "light"))
    form = PasswordChangeForm(user, {"old_password": "", "new_password1": "a", "new_password2": "b"})
    context = {"user": user, "chrome": frame(request, "shop"), "now": NOW, "form": form}
    return render(request, "registration/password_change_form.html", context)


def accept(request: HttpRequest) -> HttpResponse:
    """Where forms go."""
    return HttpResponse(status=204)


urlpatterns = [
    path("", styleguide, name="overview"),
    path("issues/", styleguide, name="issue-list"),
    path("issues/<int:issue_id>/", styleguide, name="issue-detail"),
    path("fix/", styleguide, name="fix-list"),
    path("repeated/", styleguide, name="repeated-list"),
    path("partial/", styleguide, name="partial-list"),
    path("responses/", styleguide, name="response-list"),
    path("codes/", styleguide, name="code-list"),
    path("settings/", styleguide, name="integration-list"),
    path("part/", part),
    path("login/", page_of("registration/login.html"), name="login"),
    path("404/", page_of("404.html")),
    path("500/", page_of("500.html")),
    path("lockout/", page_of("lockout.html")),
    path("logout/", accept, name="logout"),
    path("preferences/", accept, name="preferences"),
    path("password/", password, name="password-change"),
]
