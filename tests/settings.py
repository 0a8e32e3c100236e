"""The project's settings under test: the real ones, read from an environment that no developer's machine can change.

Only DATABASE_URL and CELERY_BROKER_URL may come from outside, so that the same suite runs on the other databases.
"""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from pathlib import Path

from cryptography.fernet import Fernet

KEPT = ("DATABASE_URL", "CELERY_BROKER_URL")
NAMES = (Path(__file__).resolve().parent.parent / ".env.example").read_text(encoding="utf-8")
for line in NAMES.splitlines():
    name = line.lstrip("# ").partition("=")[0]
    if name.isupper() and name not in KEPT:
        os.environ.pop(name, None)
        os.environ.pop(f"{name}_FILE", None)

_folder = tempfile.mkdtemp(prefix="monitor-tests-")
_owner = os.getpid()


@atexit.register
def _remove_folder() -> None:
    # A forked child runs this too, and must leave its parent's folder alone.
    if os.getpid() == _owner:
        shutil.rmtree(_folder, ignore_errors=True)


os.environ |= {
    "ENV_FILE": os.devnull,
    "DATA_DIR": _folder,
    "MONITOR_URL": "http://127.0.0.1:8000",
    "SECRET_KEY": "only-for-tests-" * 4,
    "SEAL_KEYS": Fernet.generate_key().decode(),
    "HASH_KEY": "only-for-tests-" * 4,
    "EMAIL_URL": "smtp://127.0.0.1:1",
    "ALLOW_PRIVATE_TARGETS": "yes",
    "LOG_LEVEL": "WARNING",
}

from ordergroove_monitor.settings import *  # noqa: E402, F403
from ordergroove_monitor.settings import ALLOWED_HOSTS, DATABASES, STORAGES  # noqa: E402

ALLOWED_HOSTS += ["testserver"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # hundreds of users are made
# Whitenoise warns of a folder that is not there, as in a fresh clone.
STATIC_ROOT = Path(_folder) / "static"
STATIC_ROOT.mkdir()
STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
# A file, also for SQLite: locks and WAL are then the real thing.
if DATABASES["default"]["ENGINE"].endswith("sqlite"):
    DATABASES["default"]["TEST"] = {"NAME": f"{_folder}/test.sqlite3"}
