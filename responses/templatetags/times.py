"""Times and figures as people read them; relative ones have the exact time on hover. The script only refreshes."""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django import template
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from responses.templatetags import icons

register = template.Library()

MINUTE, HOUR, DAY = 60, 3600, 86400
URGENCIES = ((0, "over"), (HOUR, "critical"), (4 * HOUR, "soon"), (12 * HOUR, "fair"))


def now_of(context: template.Context) -> datetime:
    """The page's ``now``, so that all times of a page agree; the clock where the page gives none."""
    now = context.get("now")
    return now if isinstance(now, datetime) else timezone.now()


def exact(value: datetime) -> str:
    """The whole time in the viewer's zone: ``22 Nov 2026, 14:03:22 CET``."""
    local = timezone.localtime(value)
    return f"{local.day} {local:%b %Y, %H:%M:%S} {local.tzname()}"


def span(seconds: int) -> str:
    """A length of time in its two largest units: ``5 h 12 m``, ``3 d 4 h``, ``42 s``."""
    seconds = max(0, seconds)
    for unit, name, below, below_name in ((DAY, "d", HOUR, "h"), (HOUR, "h", MINUTE, "m")):
        if seconds >= unit:
            rest = seconds % unit // below
            return f"{seconds // unit} {name} {rest} {below_name}" if rest else f"{seconds // unit} {name}"
    return f"{seconds // MINUTE} m" if seconds >= MINUTE else f"{seconds} s"


def relative(value: datetime, now: datetime) -> str:
    """How long ago, in one unit: ``12 s ago``, ``3 h ago``; ``in 5 m`` for a time to come."""
    seconds = int((now - value).total_seconds())
    size = abs(seconds)
    for unit, name in ((DAY, "d"), (HOUR, "h"), (MINUTE, "m")):
        if size >= unit:
            words = f"{size // unit} {name}"
            break
    else:
        if size < 2:
            return "just now"
        words = f"{size} s"
    return f"{words} ago" if seconds > 0 else f"in {words}"


def urgency(seconds: int) -> str:
    """How pressing a deadline is: over, critical (1 h), soon (4 h), fair (12 h), calm."""
    for limit, name in URGENCIES:
        if seconds <= limit:
            return name
    return "calm"


@register.simple_tag(takes_context=True)
def ago(context: template.Context, value: datetime | None, empty: str = "never") -> SafeString:
    """``3 m ago``, the exact time on hover. ``empty`` stands for no time."""
    if value is None:
        return format_html('<span class="muted">{}</span>', empty)
    return format_html(
        '<time datetime="{}" title="{}" data-ago>{}</time>',
        value.isoformat(),
        exact(value),
        relative(value, now_of(context)),
    )


@register.simple_tag(takes_context=True)
def left(context: template.Context, value: datetime | None) -> SafeString:
    """The time left until a deadline, with its urgency as icon, words and tone. No deadline: nothing to hurry for."""
    if value is None:
        return format_html('<span class="muted">{}</span>', "no deadline")
    seconds = int((value - now_of(context)).total_seconds())
    level = urgency(seconds)
    words = f"expired {span(-seconds)} ago" if level == "over" else f"{span(seconds)} left"
    return format_html(
        '<time class="left left-{}" datetime="{}" title="{}" data-left>{}<span>{}</span></time>',
        level,
        value.isoformat(),
        exact(value),
        icons.icon("clock-x" if level == "over" else "clock-exclamation" if level == "critical" else "clock", 14),
        words,
    )


def counted_down(seconds: int) -> str:
    """The time until something happens, to the second where it is near: ``in 1 m 5 s``; ``due`` when it is now."""
    if seconds <= 0:
        return "due"
    if MINUTE <= seconds < 10 * MINUTE:
        return f"in {seconds // MINUTE} m {seconds % MINUTE} s"
    return f"in {span(seconds)}"


@register.simple_tag(takes_context=True)
def countdown(context: template.Context, value: datetime | None) -> SafeString:
    """``in 1 m 5 s``, counted down by the script, and beside it the time of day (with the day if it is not today)."""
    if value is None:
        return SafeString()
    now = now_of(context)
    local = timezone.localtime(value)
    is_today = local.date() == timezone.localtime(now).date()
    clock = f"{local:%H:%M:%S}" if is_today else f"{local:%a %H:%M}"
    return format_html(
        '<time class="countdown" datetime="{}" title="{}"><b data-due>{}</b> <span class="muted">{}</span></time>',
        value.isoformat(),
        exact(value),
        counted_down(math.ceil((value - now).total_seconds())),
        clock,
    )


@register.simple_tag
def at(value: datetime | None, form: str = "full") -> SafeString:
    """The exact time in the viewer's zone; ``form="time"`` only its clock time, with the whole on hover."""
    if value is None:
        return format_html('<span class="muted">{}</span>', "—")
    shown = f"{timezone.localtime(value):%H:%M:%S}" if form == "time" else exact(value)
    return format_html('<time datetime="{}" title="{}">{}</time>', value.isoformat(), exact(value), shown)


@register.filter
def duration(milliseconds: int | None) -> str:
    """A latency: ``231 ms``, ``1.24 s``, ``2 m 5 s``."""
    if milliseconds is None:
        return "—"
    if milliseconds < 1000:
        return f"{milliseconds} ms"
    if milliseconds < 60_000:
        return f"{milliseconds / 1000:.2f}".rstrip("0").rstrip(".") + " s"
    minutes, seconds = divmod(milliseconds // 1000, 60)
    return f"{minutes} m {seconds} s" if seconds else f"{minutes} m"


@register.filter
def spanned(value: timedelta | int | None) -> str:
    """A timedelta or a number of seconds as ``5 h 12 m``."""
    if value is None:
        return "—"
    return span(int(value.total_seconds()) if isinstance(value, timedelta) else int(value))


@register.filter
def grouped(value: Any) -> str:
    """A number with thousands set apart: ``31,204``; of an amount also its cents: ``1,250.00``."""
    if isinstance(value, Decimal):
        return f"{value:,.2f}"
    return f"{value:,}" if isinstance(value, int) else str(value)


@register.filter
def compact(value: int | None) -> str:
    """A number short enough for a badge: ``950``, ``12.4k``, ``3.1M``."""
    if value is None:
        return "—"
    for limit, sign in ((1_000_000, "M"), (1_000, "k")):
        if abs(value) >= 10_000 and abs(value) >= limit:
            tenths = abs(value) * 10 // limit  # cut, not rounded: 999,999 is not yet 1M
            number = f"{tenths // 10}.{tenths % 10}".removesuffix(".0") if tenths < 1000 else str(tenths // 10)
            return f"{'-' if value < 0 else ''}{number}{sign}"
    return f"{value:,}"


@register.filter
def percent(value: float | None) -> str:
    """A share between 0 and 1: ``97.2 %``. Never rounds trouble away: 0.99996 is ``99.99 %``."""
    if value is None:
        return "—"
    if 0.9995 <= value < 1:
        return "99.99 %" if value >= 0.9999 else "99.9 %"
    if 0 < value < 0.0005:
        return "< 0.01 %" if value < 0.00005 else f"{value * 100:.2f} %"
    return f"{value * 100:.1f}".removesuffix(".0") + " %"
