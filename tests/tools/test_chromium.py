from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from django.conf import settings

SCRIPT = str(settings.BASE_DIR / "tools" / "chromium.sh")


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    """A folder that is the whole PATH."""
    for name in ("sh", "env"):
        (tmp_path / name).symlink_to(str(shutil.which(name)))
    return tmp_path


def put(programs: Path, name: str, script: str) -> None:
    (programs / name).write_text(f"#!/bin/sh\n{script}\n")
    (programs / name).chmod(0o755)


def look(programs: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["/bin/sh", SCRIPT], env={"PATH": str(programs)}, capture_output=True, text=True, timeout=30, check=False
    )


@pytest.mark.parametrize("name", ["chromium", "chromium-browser", "google-chrome"])
def test_a_browser_that_is_there_is_enough(programs: Path, name: str) -> None:
    put(programs, name, "exit 0")

    ended = look(programs)

    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")


def test_root_installs_it_after_an_update(programs: Path) -> None:
    put(programs, "id", "echo 0")
    put(programs, "apt-get", f'echo "$1" >> {programs}/log')

    assert look(programs).returncode == 0
    assert (programs / "log").read_text() == "update\ninstall\n"


def test_a_person_who_may_become_root_without_a_password_installs_it_too(programs: Path) -> None:
    put(programs, "id", "echo 1000")
    put(programs, "apt-get", f'echo "$1" >> {programs}/log')
    put(programs, "sudo", 'shift; exec "$@"')
    put(programs, "true", "exit 0")

    assert look(programs).returncode == 0
    assert (programs / "log").read_text() == "update\ninstall\n"


def test_anybody_else_is_told_the_one_command(programs: Path) -> None:
    put(programs, "id", "echo 1000")
    put(programs, "apt-get", "exit 1")

    ended = look(programs)

    assert ended.returncode == 1
    assert "sudo apt-get update && sudo apt-get install -y chromium" in ended.stderr


def test_other_systems_are_told_what_is_missing(programs: Path) -> None:
    ended = look(programs)

    assert ended.returncode == 1
    assert "Chromium" in ended.stderr
