from __future__ import annotations

import re
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from django.core.exceptions import ImproperlyConfigured

from ordergroove_monitor import env
from ordergroove_monitor.env import Environment


def load(folder: Path, **source: str) -> Environment:
    return env.load({"DATA_DIR": str(folder), **source})


def test_nothing_has_to_be_set(tmp_path: Path) -> None:
    environment = load(tmp_path)

    assert environment.monitor_url == "http://127.0.0.1:8000"
    assert environment.database["NAME"] == f"{tmp_path}/monitor.sqlite3"
    assert environment.broker_url == "embedded://"
    assert environment.generated_secrets == {"SECRET_KEY", "SEAL_KEYS", "HASH_KEY"}
    assert environment.is_loopback


def test_secrets_made_for_a_machine_stay_the_same_and_are_private(tmp_path: Path) -> None:
    first, second = load(tmp_path), load(tmp_path)

    assert (first.secret_key, first.seal_keys, first.hash_key) == (second.secret_key, second.seal_keys, second.hash_key)
    assert (tmp_path / "secrets").stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "secrets").iterdir()} == {0o600}


def test_a_secret_may_come_from_a_file(tmp_path: Path) -> None:
    key = Fernet.generate_key().decode()
    (tmp_path / "seal").write_text(f"{key}\n")

    environment = load(tmp_path, SEAL_KEYS_FILE=str(tmp_path / "seal"))

    assert environment.seal_keys == [key]
    assert "SEAL_KEYS" not in environment.generated_secrets


def test_seal_keys_are_a_list_of_which_the_first_one_seals(tmp_path: Path) -> None:
    keys = [Fernet.generate_key().decode() for _ in range(2)]

    assert load(tmp_path, SEAL_KEYS=", ".join(keys)).seal_keys == keys


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DEBUG", "perhaps"),
        ("PROXY_COUNT", "-1"),
        ("PROXY_COUNT", "11"),
        ("PROXY_COUNT", "١"),
        ("WORKER_CONCURRENCY", "0"),
        ("LOG_LEVEL", "LOUD"),
        ("TIME_ZONE", "Mars/Olympus"),
        ("TIME_ZONE", "../etc/passwd"),
        ("MONITOR_URL", "monitor.example.com"),
        ("MONITOR_URL", "ftp://monitor.example.com"),
        ("MONITOR_URL", "https://user@monitor.example.com"),
        ("MONITOR_URL", "https://monitor.example.com/monitor"),
        ("MONITOR_URL", "https://monitor.example.com:99999"),
        ("SECRET_KEY", "short-secret"),
        ("SEAL_KEYS", "not-a-fernet-key-secret"),
        ("HASH_KEY", "short-secret"),
        ("DATABASE_URL", "mysql://user:secret@host/name"),
        ("DATABASE_URL", "sqlite://:memory:"),
        ("DATABASE_URL", "sqlite://"),
        ("DATABASE_URL", "postgres://user:secret@host:5432/"),
        ("DATABASE_URL", "postgres://user:sec/ret@host:5432/name"),
        ("CELERY_BROKER_URL", "filesystem://secret"),
        ("EMAIL_URL", "dummymail://secret"),
        ("SENTRY_DSN", "secret"),
        ("SLACK_API_URL", "https://slack.com.example.org/api/"),
        ("SLACK_API_URL", "http://slack.com/api/"),
        ("SECRET_KEY_FILE", "/does/not/exist"),
    ],
)
def test_a_wrong_value_is_named_and_a_secret_is_not_repeated(tmp_path: Path, name: str, value: str) -> None:
    with pytest.raises(ImproperlyConfigured) as raised:
        load(tmp_path, **{name: value})

    assert name in str(raised.value)
    assert "secret" not in str(raised.value)


def test_a_variable_and_its_file_together_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ImproperlyConfigured, match="SECRET_KEY and SECRET_KEY_FILE"):
        load(tmp_path, SECRET_KEY="x" * 50, SECRET_KEY_FILE="/run/secrets/key")


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty").write_text("\n")

    with pytest.raises(ImproperlyConfigured, match="SECRET_KEY_FILE"):
        load(tmp_path, SECRET_KEY_FILE=str(tmp_path / "empty"))


def test_a_folder_that_cannot_be_written_says_which_variable_helps(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")

    with pytest.raises(ImproperlyConfigured, match="SECRET_KEY is not set and cannot be kept"):
        load(tmp_path / "file")


@pytest.mark.parametrize(
    ("url", "hosts"),
    [
        ("https://monitor.example.com", ["monitor.example.com", "other"]),
        ("http://localhost:8000", ["localhost", "other", "127.0.0.1", "[::1]"]),
        ("http://[::1]:8000", ["[::1]", "other", "localhost", "127.0.0.1"]),
    ],
)
def test_the_monitors_own_host_is_always_allowed(tmp_path: Path, url: str, hosts: list[str]) -> None:
    assert load(tmp_path, MONITOR_URL=url, ALLOWED_HOSTS="other").allowed_hosts == hosts


@pytest.mark.parametrize(("url", "count"), [("http://127.0.0.1:8000", 0), ("https://monitor.example.com", 1)])
def test_https_means_that_a_proxy_stands_in_front(tmp_path: Path, url: str, count: int) -> None:
    assert load(tmp_path, MONITOR_URL=url).proxy_count == count


@pytest.mark.parametrize(
    ("host", "is_loopback"),
    [
        ("localhost", True),
        ("monitor.localhost", True),
        ("127.8.8.8", True),
        ("[::1]", True),
        ("0.0.0.0", False),
        ("10.0.0.1", False),
        ("127.0.0.1.example.com", False),
        ("", False),
    ],
)
def test_loopback_means_this_machine_only(host: str, is_loopback: bool) -> None:
    assert env.is_loopback(host) is is_loopback


def test_a_postgresql_address_keeps_its_options(tmp_path: Path) -> None:
    database = load(tmp_path, DATABASE_URL="postgres://me:p%40ss@db:5433/monitor?sslmode=require").database

    assert database["ENGINE"] == "django.db.backends.postgresql"
    assert (database["USER"], database["PASSWORD"], database["PORT"]) == ("me", "p@ss", 5433)
    assert database["OPTIONS"] == {"sslmode": "require"}


def test_a_demo_keeps_to_its_own_data(tmp_path: Path) -> None:
    environment = load(
        tmp_path,
        DEMO="yes",
        DATABASE_URL="postgres://production/monitor",
        CELERY_BROKER_URL="redis://production",
        SENTRY_DSN="https://key@sentry.example.com/1",
    )

    assert environment.database["NAME"] == f"{tmp_path}/monitor.sqlite3"
    assert environment.broker_url == "embedded://"
    assert environment.sentry_dsn == ""


def test_the_mail_server_is_read_from_one_address(tmp_path: Path) -> None:
    email = load(tmp_path, EMAIL_URL="smtp+tls://me:p%40ss@mail.example.com:587").email

    assert email["EMAIL_HOST"] == "mail.example.com"
    assert email["EMAIL_HOST_PASSWORD"] == "p@ss"
    assert email["EMAIL_USE_TLS"] is True


def test_every_variable_is_explained_in_the_example() -> None:
    source = (env.BASE_DIR / "ordergroove_monitor" / "env.py").read_text()
    read = set(re.findall(r'(?:read|self\.read)\.\w+\(\s*"([A-Z_]+)"', source))
    read |= set(re.findall(r'_given_or_kept\("([A-Z_]+)"', source)) | set(
        re.findall(r'environ\.get\("([A-Z_]+)"', source)
    )

    explained = dict(re.findall(r"(?m)^((?:# .+\n)+)# ([A-Z_]+)=", (env.BASE_DIR / ".env.example").read_text()))

    assert set(explained.values()) == read
    assert all(sentence.rstrip().endswith((".", ")")) for sentence in explained)


def test_nothing_else_reads_the_environment() -> None:
    allowed = {"ordergroove_monitor/env.py", "manage.py"}
    starts_django = re.compile(r'os\.environ\.setdefault\("DJANGO_SETTINGS_MODULE", "[a-z_.]+"\)')
    for path in [
        env.BASE_DIR / "manage.py",
        *env.BASE_DIR.glob("ordergroove_monitor/**/*.py"),
        *env.BASE_DIR.glob("responses/**/*.py"),
    ]:
        name = str(path.relative_to(env.BASE_DIR))
        source = starts_django.sub("", path.read_text())
        if name not in allowed and name != "responses/intake/recorder.py":
            assert not re.search(r"os\.environ|os\.getenv|getenv\(", source), name


@pytest.mark.parametrize(
    "address",
    ["ftp://example.com/x", "example.com/x", "https://user:word@example.com/x", "https:///x", "https://[::1/x"],
)
def test_a_heartbeat_goes_to_an_address_without_a_user_name(tmp_path: Path, address: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="HEARTBEAT_URL") as raised:
        load(tmp_path, HEARTBEAT_URL=address)

    assert "word" not in str(raised.value)


def test_a_heartbeat_is_asked_for_with_get_or_post_and_never_by_a_demo(tmp_path: Path) -> None:
    url = "https://hc-ping.example/id"

    assert load(tmp_path).heartbeat_url == ""
    assert load(tmp_path, HEARTBEAT_URL=url, HEARTBEAT_METHOD="post").heartbeat_method == "POST"
    assert load(tmp_path, HEARTBEAT_URL=url, DEMO="yes").heartbeat_url == ""
    with pytest.raises(ImproperlyConfigured, match="HEARTBEAT_METHOD must be one of GET, POST"):
        load(tmp_path, HEARTBEAT_URL=url, HEARTBEAT_METHOD="PUT")
