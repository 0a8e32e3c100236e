"""What may be asked of the API: the types of its filters, and what every list has in common.

Whatever is not understood is refused by name: a filter that was silently ignored would answer another question.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated, Any
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest, QueryDict
from ninja import Schema
from ninja.errors import ValidationError
from pydantic import BeforeValidator, Field, ValidationInfo, WithJsonSchema, model_validator

from responses.api import refusals
from responses.insight import cursors
from responses.models import Integration, User

LARGEST_ID = 2**63 - 1
_RFC_3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:[Zz]|[+ -]\d\d:\d\d)", re.ASCII)
_EARLIEST = datetime(1, 1, 2, tzinfo=UTC)
_LATEST = datetime(9999, 12, 30, tzinfo=UTC)


def _moment(value: Any) -> datetime:
    complaint = "Must be a date and time of RFC 3339 with its zone, for example 2026-11-22T12:00:00Z."
    if not isinstance(value, str) or not _RFC_3339.fullmatch(value):
        raise ValueError(complaint)
    # A plus that nobody encoded arrives as a space.
    text = value.replace(" ", "+").upper()
    try:
        at = datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", text))
    except ValueError:
        raise ValueError(complaint) from None
    if not _EARLIEST <= at <= _LATEST:
        raise ValueError("Must be a time between the years 1 and 9999.")
    return at.astimezone(UTC)


Moment = Annotated[datetime, BeforeValidator(_moment), WithJsonSchema({"type": "string", "format": "date-time"})]
Name = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f-\x9f]+$")]
"""A short text of a person or a caller: an order, a customer, words."""
Id = Annotated[str, Field(pattern=r"^[1-9][0-9]{0,18}$", examples=["867530900112233445"])]
"""An id is a text: 64 bits are more than a JSON number keeps everywhere."""
Slug = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,60}$", description="The integration's slug.")]
Size = Annotated[int, Field(ge=1, le=200, description="How many rows at most.")]
After = Annotated[
    str,
    Field(
        pattern=r"^-?[0-9]{1,19}(_-?[0-9]{1,19}){0,3}$",
        description="Where the page begins, as `next` of the page before says it.",
    ),
]


class Asked(Schema):
    """The query of an operation. Names that it does not know, and names that come twice, are refused."""

    @model_validator(mode="before")
    @classmethod
    def _only_known(cls, values: Any, info: ValidationInfo) -> Any:
        query: QueryDict = info.context["request"].GET if info.context else QueryDict()
        known = cls.model_fields
        found = [_wrong(name, f"Unknown. Known are {', '.join(sorted(known))}.") for name in query if name not in known]
        found += [
            _wrong(name, "Must be given once.") for name in query if name in known and len(query.getlist(name)) > 1
        ]
        if found:
            raise ValidationError(found)
        return values


class Listing(Asked):
    """The query of a list."""

    integration: Slug | None = Field(
        None, description="The integration's slug. Needed by who may see more than one; a list is of one integration."
    )
    limit: Size = 50
    after: After | None = None


def _wrong(name: str, words: str) -> dict[str, Any]:
    return {"loc": ("query", name[:60].replace(".", "_")), "msg": words}


def row_id(text: str) -> int:
    """The number of an id; 0, which no row has, for one that no database can hold."""
    number = int(text)
    return number if number <= LARGEST_ID else 0


def filter_id(name: str, text: str | None) -> int:
    """The number of an id by which a list is filtered, 0 for none; one that no database can hold is refused."""
    number = row_id(text) if text else 0
    if text and not number:
        raise refusals.invalid({name: ["Must be an id of this monitor."]})
    return number


def person(request: HttpRequest) -> User:
    """Whose token came with the request."""
    assert isinstance(request.user, User)
    return request.user


def integration_of(user: User, slug: str | None) -> Integration:
    """The integration that a list is of: the one that was named, else the only one that the person may see."""
    visible = Integration.objects.visible_to(user)
    if slug is not None:
        found = visible.filter(slug=slug).first()
        if found is None:
            raise refusals.not_found("integration")
        return found
    some = list(visible.order_by("slug")[:2])
    if len(some) > 1:
        slugs = visible.order_by("slug").values_list("slug", flat=True)[:50]
        raise refusals.invalid({"integration": [f"Needed, since you may see several: {', '.join(slugs)}."]})
    if not some:
        raise refusals.Refused(404, "There is no integration that you may see.")
    return some[0]


def check_cursor(after: str | None, *, numbers: int, is_by_time: bool) -> str:
    """``after`` if it is a cursor of this list (``""`` for none): another one would begin somewhere else, unnoticed."""
    if after is None:
        return ""
    key = cursors.read(after, numbers)
    if key is None or (is_by_time and cursors.time_of(key[0]) is None):
        raise refusals.invalid({"after": ["Must be the cursor of a page of this very list, as its next says it."]})
    return after


def next_url(request: HttpRequest, after: str) -> str | None:
    """The address of the next page, with everything else that was asked; ``None`` on the last page."""
    if not after:
        return None
    query = [(name, value) for name, value in request.GET.items() if name != "after"]
    return f"{settings.MONITOR_URL.rstrip('/')}{request.path}?{urlencode([*query, ('after', after)])}"


def page_url(name: str, row_id: int) -> str:
    """The address of the page that shows a row to people."""
    return f"{settings.MONITOR_URL.rstrip('/')}/{name}/{row_id}/"
