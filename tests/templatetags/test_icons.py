"""Vendored icons and files."""

from __future__ import annotations

import hashlib

import pytest
from django.template import TemplateSyntaxError

from responses.templatetags import icons
from tools import vendor


def test_an_icon_without_label_is_hidden_from_screen_readers() -> None:
    assert 'aria-hidden="true"' in icons.icon("tool")
    assert 'aria-label="Close &amp; go"' in icons.icon("x", label="Close & go")


def test_an_icon_that_was_not_vendored_is_refused() -> None:
    with pytest.raises(TemplateSyntaxError, match="tools/vendor"):
        icons.icon("no-such-icon")


def test_the_sprite_holds_exactly_the_icons_that_are_listed() -> None:
    assert sorted(icons.shapes()) == sorted(vendor.ICONS)


def test_vendored_files_are_those_that_were_checked() -> None:
    lines = [line.split("  ") for line in vendor.CHECKSUMS.read_text().splitlines()]
    listed = {name: checksum for checksum, name in lines}
    found = {
        str(path.relative_to(vendor.VENDOR)): hashlib.sha512(path.read_bytes()).hexdigest()
        for path in vendor.VENDOR.rglob("*")
        if path.is_file() and path != vendor.CHECKSUMS
    }

    assert found == listed


def test_no_vendored_style_names_a_source_map() -> None:
    assert b"sourceMappingURL" not in (vendor.TABLER.folder / "tabler.min.css").read_bytes()
