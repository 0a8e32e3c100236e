from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from django.conf import settings

# Answers the questions that the script asks of a Python, and writes down what it is asked to do.
FAKE = """#!/bin/sh
echo "$*" >> "{log}"
case "$*" in
    *version_info*) exit {too_old} ;;
    *"import ensurepip"*) exit {lacks_venv} ;;
    --version) echo "Python 3.99" ;;
    "-m venv .venv") mkdir -p .venv/bin && cp "$0" .venv/bin/python ;;
    *"pip install"*) exit {pip_fails} ;;
esac
"""


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """A clone with nothing but what the script needs, and a folder of programs for its PATH."""
    (tmp_path / "tools").mkdir()
    (tmp_path / "programs").mkdir()
    shutil.copy(settings.BASE_DIR / "tools" / "setup.sh", tmp_path / "tools" / "setup.sh")
    for name in ("sh", "dirname", "cat", "cksum", "tr", "rm", "mkdir", "cp", "flock", "printf"):
        if (program := shutil.which(name)) is not None:
            (tmp_path / "programs" / name).symlink_to(program)
    (tmp_path / "requirements.txt").write_text("a==1\n")
    return tmp_path


def put_python(house: Path, *, too_old: bool = False, lacks_venv: bool = False, pip_fails: bool = False) -> None:
    fake = house / "programs" / "python3"
    fake.write_text(
        FAKE.format(log=house / "log", too_old=int(too_old), lacks_venv=int(lacks_venv), pip_fails=int(pip_fails))
    )
    fake.chmod(0o755)


def set_up(house: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(house / "tools" / "setup.sh"), "requirements.txt"],
        env={"PATH": str(house / "programs")},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def installs(house: Path) -> int:
    return (house / "log").read_text().count("pip install")


def test_packages_are_installed_once_for_each_state_of_the_requirements(house: Path) -> None:
    put_python(house)

    assert set_up(house).returncode == 0
    assert installs(house) == 1
    second = set_up(house)
    assert (second.returncode, second.stdout, second.stderr) == (0, "", "")
    assert installs(house) == 1
    (house / "requirements.txt").write_text("a==2\n")
    assert set_up(house).returncode == 0
    assert installs(house) == 2
    assert "--require-hashes" in (house / "log").read_text()


def test_an_old_python_is_named(house: Path) -> None:
    put_python(house, too_old=True)

    ended = set_up(house)

    assert ended.returncode == 1
    assert "Python 3.11 or newer is needed; found: Python 3.99." in ended.stderr
    assert not (house / ".venv").exists()


def test_no_python_at_all_is_said(house: Path) -> None:
    ended = set_up(house)

    assert ended.returncode == 1
    assert "apt-get install -y python3 python3-venv" in ended.stderr


def test_a_missing_venv_module_is_named_with_its_package(house: Path) -> None:
    put_python(house, lacks_venv=True)

    ended = set_up(house)

    assert ended.returncode == 1
    assert "apt-get install -y python3-venv" in ended.stderr
    assert not (house / ".venv").exists()


def test_a_failed_installation_is_tried_again(house: Path) -> None:
    put_python(house, pip_fails=True)
    assert "could not be installed" in set_up(house).stderr

    shutil.rmtree(house / ".venv")
    put_python(house)

    assert set_up(house).returncode == 0


def test_a_venv_whose_python_has_gone_is_made_anew(house: Path) -> None:
    put_python(house)
    set_up(house)
    (house / ".venv" / "bin" / "python").unlink()

    ended = set_up(house)

    assert ended.returncode == 0
    assert "making .venv anew" in ended.stdout
    assert installs(house) == 2
