"""The filters of the list of responses: read from an address, written into one, and said as chips."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec
from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils import timezone

from responses.exchanges import Origin, Outcome
from responses.insight import periods
from responses.insight.periods import Period
from responses.insight.responses import Wanted
from responses.ordergroove import endpoints
from responses.templatetags import badges
from responses.views import links
from responses.views.frame import Frame

OUTCOMES = {outcome.word: outcome for outcome in Outcome}
ORIGINS = {origin.word: origin for origin in Origin}
OUTCOME_CHOICES = [(word, badges.OUTCOMES[word].word) for word in OUTCOMES]
ORIGIN_CHOICES = [(word, badges.ORIGINS[word].word) for word in ORIGINS]
LABELS = {
    "q": "Search",
    "outcome": "Outcome",
    "code": "Code",
    "endpoint": "Endpoint",
    "method": "Method",
    "order": "Order",
    "customer": "Customer",
    "request": "Request id",
    "origin": "Origin",
    "release": "Release",
    "issue": "Issue",
    "period": "Period",
    "since": "From",
    "until": "Until",
}
_OLDEST, _LATEST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)


class MomentField(forms.CharField):
    """An instant as ISO 8601 writes it; without a zone it is in the viewer's."""

    def clean(self, value: Any) -> Any:
        """Return an aware instant, ``None`` for none."""
        text = super().clean(value)
        if not text:
            return None
        try:
            read = datetime.fromisoformat(text)
            at = read if read.tzinfo else read.replace(tzinfo=timezone.get_current_timezone())
            is_sane = _OLDEST <= at <= _LATEST
        except (ValueError, OverflowError):
            is_sane = False
        if not is_sane:
            raise ValidationError("This is no date and time, such as 2026-11-22T14:00Z.")
        return at.astimezone(UTC)


class ResponseFilter(forms.Form):
    """What the list shows. A value that is not understood is said, and counts as not given."""

    q = forms.CharField(max_length=200, required=False)
    outcome = forms.ChoiceField(choices=OUTCOME_CHOICES, required=False)
    code = forms.RegexField(r"^(?:[1-9][0-9]{2}|[1-5]xx)$", max_length=3, required=False)
    endpoint = forms.CharField(max_length=120, required=False)
    method = forms.ChoiceField(choices=[(name, name) for name in (*endpoints.METHODS, "OTHER")], required=False)
    order = forms.CharField(max_length=200, required=False)
    customer = forms.CharField(max_length=200, required=False)
    request = forms.CharField(max_length=200, required=False)
    origin = forms.ChoiceField(choices=ORIGIN_CHOICES, required=False)
    release = forms.CharField(max_length=100, required=False)
    issue = forms.IntegerField(min_value=1, max_value=2**63 - 1, required=False)
    period = forms.ChoiceField(choices=[(one.key, one.words) for one in periods.ALL], required=False)
    since = MomentField(max_length=40, required=False)
    until = MomentField(max_length=40, required=False)


class Chosen(msgspec.Struct, frozen=True):
    """The filters in force, as they stand in the address (``texts``) and as values."""

    texts: dict[str, str]
    wanted: Wanted
    period: Period
    """What the bars show: also where no period limits the list."""
    misunderstood: tuple[str, ...]

    def url(self, page: Frame, **changes: object) -> str:
        """Return the address of the list with some values changed, from its first page."""
        return links.page(page, "response-list", **(self.texts | changes))

    @property
    def shown(self) -> dict[str, str]:
        """Every filter with its text, empty where it is not in force: what the fields of the form hold."""
        return dict.fromkeys(LABELS, "") | self.texts

    @property
    def has_span(self) -> bool:
        """Whether a stretch of time was chosen, as by a bar."""
        return "since" in self.texts or "until" in self.texts

    @property
    def carried(self) -> list[tuple[str, str]]:
        """The filters that have no field of their own in the form."""
        names = ("issue", "since", "until", "period") if self.has_span else ("issue",)
        return [(name, self.texts[name]) for name in names if name in self.texts]

    @property
    def complaint(self) -> str:
        """What was not understood, in words."""
        names = " and ".join(name.lower() for name in self.misunderstood)
        return f"Not understood, and left out: {names}." if names else ""

    def chips(self, page: Frame) -> list[dict[str, str]]:
        """Return the filters in force, each with the address of the list without it."""
        return [
            {"label": LABELS[name], "value": self._said(name, page), "url": self.url(page, **{name: ""})}
            for name in self.texts
            if name != "period" or not self.has_span
        ]

    def _said(self, name: str, page: Frame) -> str:
        text = self.texts[name]
        if name == "outcome":
            return badges.OUTCOMES[text].word
        if name == "origin":
            return badges.ORIGINS[text].word
        if name == "period":
            return periods.BY_KEY[text].words.removeprefix("in the ")
        at = {"since": self.wanted.since, "until": self.wanted.until}.get(name)
        return f"{at.astimezone(page.zone):%a} {at.astimezone(page.zone):%-d %b, %H:%M}" if at else text


def read(query: QueryDict, page: Frame) -> Chosen:
    """Read the filters of an address. A period counts back from now; a stretch of time (``since``) goes before it."""
    form = ResponseFilter(query)
    form.is_valid()
    values = {name: value for name, value in form.cleaned_data.items() if value}
    texts = {
        name: links.moment(value) if isinstance(value, datetime) else str(value)
        for name, value in ((name, values.get(name)) for name in LABELS)
        if value
    }
    period = periods.BY_KEY.get(values.get("period", ""))
    code = values.get("code", "")
    since, until = values.get("since"), values.get("until")
    if period and not (since or until):
        since = periods.slots(period, now=page.now, zone=page.zone)[0].counted_from
    wanted = Wanted(
        outcome=OUTCOMES.get(values.get("outcome", "")),
        code=int(code) if code.isdigit() else 0,
        hundred=int(code[0]) if code.endswith("xx") else 0,
        endpoint=values.get("endpoint", ""),
        method=values.get("method", ""),
        order=values.get("order", ""),
        customer=values.get("customer", ""),
        request_id=values.get("request", ""),
        origin=ORIGINS.get(values.get("origin", "")),
        release=values.get("release", ""),
        issue=values.get("issue", 0),
        since=since,
        until=until,
        words=values.get("q", ""),
    )
    return Chosen(texts, wanted, period or periods.DEFAULT, tuple(LABELS.get(name, name) for name in form.errors))
