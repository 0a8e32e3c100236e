"""Draws a vendored icon as inline SVG, so that it takes the colour of the text around it. Never fetches anything."""

from __future__ import annotations

import re
from functools import cache, lru_cache
from pathlib import Path

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

register = template.Library()

SPRITE = Path(__file__).resolve().parents[2] / "static" / "vendor" / "tabler-icons-3.51.0" / "icons.svg"
SYMBOL = re.compile(r'<symbol id="([a-z0-9-]+)"[^>]*>(.*?)</symbol>')

DECORATION = SafeString('aria-hidden="true"')


@cache
def shapes() -> dict[str, SafeString]:
    """The drawing of each vendored icon by its name. The file is our own, so its markup is trusted."""
    drawings: list[tuple[str, str]] = SYMBOL.findall(SPRITE.read_text())
    return {name: mark_safe(drawn) for name, drawn in drawings}  # noqa: S308  # checked by its sha512


@register.simple_tag
@lru_cache(maxsize=1024)  # a list draws the same few icons in every row
def icon(name: str, size: int = 18, label: str = "", css: str = "") -> SafeString:
    """The icon ``name``. Without ``label`` it is decoration, and a word must stand beside it."""
    drawn = shapes().get(name)
    if drawn is None:
        raise template.TemplateSyntaxError(f"no icon {name!r} is vendored: add it to tools/vendor.py")
    described = format_html('role="img" aria-label="{}"', label) if label else DECORATION
    return format_html(
        '<svg class="icon{}" width="{}" height="{}" viewBox="0 0 24 24" fill="none" stroke="currentColor"'
        ' stroke-width="1.75" stroke-linecap="round" stroke-linejoin="round" focusable="false" {}>{}</svg>',
        f" {css}" if css else "",
        size,
        size,
        described,
        drawn,
    )
