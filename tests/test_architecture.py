"""The written order of the house: a stage imports only from rows above its own, and nothing hides in a function.

The rows are those of the design. ``broken_rules`` reads a tree, so it can be shown to fail on a made-up one.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parent.parent
FIRST_PARTY = ("responses", "ordergroove_monitor", "tests", "benchmarks", "chaos", "tools")
ROWS: dict[str, int] = {
    "exchanges": 1,
    "backoff": 1,
    "ordergroove": 2,
    "meaning": 3,
    "fingerprints": 3,
    "redaction": 3,
    "models": 4,
    "sealing": 4,
    "migrations": 4,
    "audit": 4,
    "recording": 5,
    "intake": 6,
    "sending": 7,
    "retrying": 8,
    "following": 8,
    "correcting": 8,
    "retention": 8,
    "triage": 8,
    "configuring": 8,
    "alerting": 9,
    "insight": 10,
    "front": 11,
    "tasks": 11,
    "management": 11,
    "api": 11,
    "forms": 11,
    "views": 11,
    "urls": 11,
    "templatetags": 11,
    "charts": 11,
    "apps": 11,
}
LAST_PURE_ROW = 3
EDGE_ROW = 11
# The stages of row 8 know nothing of each other; elsewhere siblings of a row may.
STRANGERS_IN_ROW = 8
DJANGO = ("django", "axes", "csp", "ninja", "celery", "kombu", "structlog", "sentry_sdk")
SENDS = (
    "httpx2",
    "httpcore2",
    "requests",
    "urllib3",
    "http.client",
    "smtplib",
    "slack_sdk",
    "django.core.mail",
    "urllib.request",
)
MAY_SEND = ("sending", "alerting", "front", "management", "sandbox")
MAY_NOT: dict[str, tuple[str, ...]] = {
    "intake": (
        "responses.recording.issues",
        "responses.models.issue",
        "responses.models.alert",
        "responses.models.transition",
        "responses.models.delivery",
        "responses.models.channel",
        "responses.alerting",
    ),
    "alerting": ("responses.intake", "responses.sending"),
    "models": ("celery", "kombu"),
    "recording": ("celery", "kombu"),
}
MAY_NOT_NAME: dict[str, frozenset[str]] = {
    "intake": frozenset({"Issue", "IssueHour", "Alert", "AlertRule", "Channel", "Delivery", "Transition"}),
}
MAY_IMPORT_SANDBOX = frozenset(
    f"responses.management.{name}"
    for name in ("commands.sandbox", "commands.shop", "commands.up", "commands.demo_history", "demo_past", "demo_run")
)
STAND_ALONE = "responses.intake.recorder"


class Import(NamedTuple):
    """One imported module, and the names taken from it."""

    line: int
    module: str
    names: frozenset[str]
    is_hidden: bool


def broken_rules(root: Path) -> list[str]:
    """One sentence for each import that breaks a rule."""
    found = []
    for path in sorted(root.glob("**/*.py")):
        parts = path.relative_to(root).with_suffix("").parts
        if parts[0] not in ("responses", "ordergroove_monitor"):
            continue
        module = ".".join(parts).removesuffix(".__init__")
        for imported in imports_of(path, module):
            found += [f"{path.relative_to(root)}:{imported.line}: {why}" for why in reasons(module, imported)]
    return list(dict.fromkeys(found))


def imports_of(path: Path, module: str) -> Iterator[Import]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    yield from _walk(tree, package, is_hidden=False)


def _walk(node: ast.AST, package: str, *, is_hidden: bool) -> Iterator[Import]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            for alias in child.names:
                yield Import(child.lineno, alias.name, frozenset(), is_hidden)
        elif isinstance(child, ast.ImportFrom):
            module = _absolute(child, package)
            names = frozenset(alias.name for alias in child.names)
            yield Import(child.lineno, module, names, is_hidden)
            for name in sorted(names):
                # It may be a module of the package, or a name in it.
                yield Import(child.lineno, f"{module}.{name}", frozenset(), is_hidden)
        hides = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) or _is_type_checking(child)
        yield from _walk(child, package, is_hidden=is_hidden or hides)


def _absolute(node: ast.ImportFrom, package: str) -> str:
    if not node.level:
        return node.module or ""
    base = package.split(".")
    base = base[: len(base) - node.level + 1]
    return ".".join([*base, *([node.module] if node.module else [])])


def _is_type_checking(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)


def stage_of(module: str) -> str:
    """The folder or file right below ``responses``, ``""`` for what lies elsewhere."""
    parts = module.split(".")
    return parts[1] if parts[0] == "responses" and len(parts) > 1 else ""


def _is_within(module: str, *packages: str) -> bool:
    return any(module == package or module.startswith(f"{package}.") for package in packages)


def reasons(module: str, imported: Import) -> Iterator[str]:
    """Why ``module`` may not import that."""
    target = imported.module
    if imported.is_hidden and _is_within(target, *FIRST_PARTY):
        yield f"{target} is imported out of sight (in a function, or for type checking only)"
    if _is_within(target, "tests", "benchmarks", "chaos", "tools"):
        yield f"{target} is not part of the product"
    is_insider = _is_within(module, "responses.sandbox") or module in MAY_IMPORT_SANDBOX
    if _is_within(target, "responses.sandbox") and not is_insider:
        yield f"{target} belongs to the sandbox, which only its commands and the tests import"
    if module == STAND_ALONE and _is_within(target, *FIRST_PARTY, "django"):
        yield f"{target} is imported by the recorder, which must stand alone"
    if not _is_within(module, "responses"):
        return
    yield from _reasons_by_row(module, imported)


def _reasons_by_row(module: str, imported: Import) -> Iterator[str]:
    stage, target = stage_of(module), imported.module
    if stage in ("", "sandbox"):
        return
    if stage not in ROWS:
        yield f"{stage} stands in no row: write down where it belongs"
        return
    row, target_stage = ROWS[stage], stage_of(target)
    if target_stage in ROWS and target_stage != stage:
        target_row = ROWS[target_stage]
        if target_row > row or (target_row == row == STRANGERS_IN_ROW):
            yield f"{stage} (row {row}) imports {target} (row {target_row})"
    if _is_within(target, "ordergroove_monitor") and row < EDGE_ROW:
        yield f"{stage} (row {row}) imports the project: {target}"
    if row <= LAST_PURE_ROW and _is_within(target, *DJANGO):
        yield f"{stage} (row {row}) is pure and imports {target}"
    if _is_within(target, *SENDS) and stage not in MAY_SEND and module != STAND_ALONE:
        yield f"{stage} must not send anything and imports {target}"
    if _is_within(target, *MAY_NOT.get(stage, ())):
        yield f"{stage} must not know {target}"
    if target == "responses.models" and (names := imported.names & MAY_NOT_NAME.get(stage, frozenset())):
        yield f"{stage} must not know {', '.join(sorted(names))}"


def test_the_house_is_in_order() -> None:
    assert broken_rules(ROOT) == []


def test_every_stage_of_the_house_has_a_row() -> None:
    folder = ROOT / "responses"
    stages = {path.stem for path in folder.iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()}

    assert stages - {"__init__", "sandbox"} <= set(ROWS)


def test_initialisers_are_empty_but_for_reexports() -> None:
    allowed = {
        "responses/models/__init__.py",
        "ordergroove_monitor/__init__.py",
        # One module to its callers, and a dozen for its readers.
        "responses/redaction/__init__.py",
    }
    full = {
        str(path.relative_to(ROOT))
        for package in ("responses", "ordergroove_monitor")
        for path in (ROOT / package).glob("**/__init__.py")
        if path.read_text().strip()
    }

    assert full <= allowed


def make_tree(root: Path, name: str, source: str) -> None:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(source)


@pytest.mark.parametrize(
    ("name", "source", "why"),
    [
        ("responses/recording/record.py", "from responses.views import issues", "recording (row 5) imports"),
        ("responses/recording/record.py", "import responses.alerting.rules", "recording (row 5) imports"),
        ("responses/recording/record.py", "from ..sending import client", "recording (row 5) imports"),
        ("responses/following/polls.py", "from responses.retention import sweep", "following (row 8) imports"),
        ("responses/exchanges.py", "from responses.ordergroove import codes", "exchanges (row 1) imports"),
        ("responses/meaning.py", "from django.utils import timezone", "is pure and imports"),
        ("responses/redaction/text.py", "import django", "is pure and imports"),
        ("responses/ordergroove/codes.py", "from celery import shared_task", "is pure and imports"),
        ("responses/models/issue.py", "from ordergroove_monitor import settings", "imports the project"),
        ("responses/recording/record.py", "import httpx2", "must not send anything"),
        ("responses/models/issue.py", "from django.core import mail", "must not send anything"),
        ("responses/models/issue.py", "from celery import shared_task", "must not know celery"),
        ("responses/intake/payload.py", "from responses.models import Response, Issue", "must not know Issue"),
        ("responses/intake/payload.py", "from responses.recording import issues", "must not know responses.recording"),
        ("responses/alerting/rules.py", "from responses.sending import client", "must not know responses.sending"),
        ("responses/views/x.py", "from responses.sandbox import server", "belongs to the sandbox"),
        ("ordergroove_monitor/up.py", "import responses.sandbox.server", "belongs to the sandbox"),
        ("responses/intake/recorder.py", "from responses import exchanges", "must stand alone"),
        ("responses/views/x.py", "def f():\n    from responses import exchanges", "out of sight"),
        (
            "responses/views/x.py",
            "f = lambda: 0\nasync def g():\n    if 1:\n        import responses.tasks",
            "out of sight",
        ),
        (
            "responses/views/x.py",
            "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from responses import exchanges",
            "out of sight",
        ),
        ("responses/views/x.py", "from tests import factories", "is not part of the product"),
        ("responses/helpers.py", "import os", "stands in no row"),
    ],
)
def test_a_broken_rule_is_found(tmp_path: Path, name: str, source: str, why: str) -> None:
    make_tree(tmp_path, name, source)

    found = broken_rules(tmp_path)

    assert found
    assert any(why in sentence and sentence.startswith(name) for sentence in found)


@pytest.mark.parametrize(
    ("name", "source"),
    [
        (
            "responses/recording/record.py",
            "from responses import exchanges, meaning\nfrom responses.models import Issue",
        ),
        ("responses/recording/record.py", "from responses.recording import issues\nfrom . import counts"),
        ("responses/fingerprints.py", "from responses import meaning"),
        ("responses/sending/client.py", "import httpx2"),
        ("responses/views/x.py", "def f():\n    import json"),
        ("responses/front/app.py", "from ordergroove_monitor import request_ids"),
        ("responses/management/commands/sandbox.py", "from responses.sandbox import server"),
        ("responses/sandbox/server.py", "from responses.sandbox import world"),
        ("responses/intake/recorder.py", "import json\nimport urllib.request"),
        ("tests/test_x.py", "def f():\n    from responses import tasks"),
    ],
)
def test_what_is_allowed_is_not_found(tmp_path: Path, name: str, source: str) -> None:
    make_tree(tmp_path, name, source)

    assert broken_rules(tmp_path) == []
