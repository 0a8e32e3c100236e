from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings
from django.core.checks import CheckMessage, run_checks
from django.db import connection
from pytest_django import Settings

from ordergroove_monitor import checks

Change = Callable[[Settings], None]


def ids(found: list[CheckMessage]) -> set[str]:
    return {str(message.id) for message in found}


def found_by_settings_checks() -> set[str]:
    return ids([message for check in checks.SETTINGS_CHECKS for message in check()])


def setting(**values: Any) -> Change:
    def change(settings: Settings) -> None:
        for name, value in values.items():
            setattr(settings, name, value)

    return change


def without_middleware(name: str) -> Change:
    def change(settings: Settings) -> None:
        settings.MIDDLEWARE = [middleware for middleware in settings.MIDDLEWARE if middleware != name]

    return change


def policy(**directives: list[str]) -> Change:
    def change(settings: Settings) -> None:
        changed = {name.replace("_", "-"): sources for name, sources in directives.items()}
        settings.CONTENT_SECURITY_POLICY = {
            "DIRECTIVES": settings.CONTENT_SECURITY_POLICY["DIRECTIVES"] | changed,
        }

    return change


PUBLIC = {"IS_LOOPBACK": False, "GENERATED_SECRETS": frozenset()}
# The tests hash passwords fast; the real setting is looked at by `check --deploy` in CI, and here.
ARGON2 = "django.contrib.auth.hashers.Argon2PasswordHasher"


@pytest.fixture(autouse=True)
def _as_in_production(settings: Settings) -> None:
    settings.PASSWORD_HASHERS = [ARGON2]


def test_the_settings_pass() -> None:
    assert found_by_settings_checks() == set()


@pytest.mark.parametrize(
    ("change", "id_"),
    [
        (setting(IS_LOOPBACK=False, GENERATED_SECRETS=frozenset({"SECRET_KEY"})), "monitor.E001"),
        (setting(IS_LOOPBACK=False, GENERATED_SECRETS=frozenset({"SEAL_KEYS"})), "monitor.E001"),
        (setting(IS_LOOPBACK=False, GENERATED_SECRETS=frozenset({"HASH_KEY"})), "monitor.W001"),
        (setting(SEAL_KEYS=[]), "monitor.E002"),
        (setting(HASH_KEY=b""), "monitor.E002"),
        (setting(ALLOWED_HOSTS=["*"]), "monitor.E010"),
        (setting(ALLOWED_HOSTS=[".example.com"]), "monitor.E010"),
        (setting(ALLOWED_HOSTS=[]), "monitor.E010"),
        (setting(CSRF_TRUSTED_ORIGINS=["https://*.example.com"]), "monitor.E011"),
        (setting(**PUBLIC, DEBUG=True), "monitor.E012"),
        (setting(**PUBLIC, DEMO=True), "monitor.E013"),
        (setting(SESSION_COOKIE_HTTPONLY=False), "monitor.E020"),
        (setting(SECURE_CONTENT_TYPE_NOSNIFF=False), "monitor.E020"),
        (setting(X_FRAME_OPTIONS="SAMEORIGIN"), "monitor.E020"),
        (setting(IS_HTTPS=True, SESSION_COOKIE_SECURE=False), "monitor.E020"),
        (setting(IS_HTTPS=True, CSRF_COOKIE_SECURE=False), "monitor.E020"),
        (setting(SESSION_COOKIE_SAMESITE="None"), "monitor.E021"),
        (setting(CSRF_COOKIE_SAMESITE=None), "monitor.E021"),
        (setting(SECURE_REFERRER_POLICY="unsafe-url"), "monitor.E022"),
        (setting(IS_HTTPS=True, SECURE_HSTS_SECONDS=0), "monitor.E023"),
        (without_middleware("django.middleware.security.SecurityMiddleware"), "monitor.E024"),
        (without_middleware("csp.middleware.CSPMiddleware"), "monitor.E024"),
        (without_middleware("django.middleware.csrf.CsrfViewMiddleware"), "monitor.E024"),
        (without_middleware("django.middleware.clickjacking.XFrameOptionsMiddleware"), "monitor.E024"),
        (without_middleware("axes.middleware.AxesMiddleware"), "monitor.E024"),
        (policy(default_src=["'self'"]), "monitor.E025"),
        (policy(frame_ancestors=["'self'"]), "monitor.E025"),
        (policy(base_uri=[]), "monitor.E025"),
        (policy(script_src=["'self'", "'unsafe-inline'"]), "monitor.E026"),
        (policy(script_src=["'self'", "'unsafe-eval'"]), "monitor.E026"),
        (policy(style_src=["*"]), "monitor.E026"),
        (policy(form_action=[]), "monitor.E026"),
        (setting(CONTENT_SECURITY_POLICY=None), "monitor.E025"),
        (setting(CONTENT_SECURITY_POLICY_REPORT_ONLY={"DIRECTIVES": {}}), "monitor.E027"),
        (setting(PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher", ARGON2]), "monitor.E030"),
        (setting(AUTHENTICATION_BACKENDS=["django.contrib.auth.backends.ModelBackend"]), "monitor.E031"),
        (setting(AXES_ENABLED=False), "monitor.E031"),
        (setting(DATA_UPLOAD_MAX_MEMORY_SIZE=None), "monitor.E040"),
        (setting(DATA_UPLOAD_MAX_NUMBER_FIELDS=1_000_000), "monitor.E040"),
        (setting(DATA_UPLOAD_MAX_NUMBER_FILES=None), "monitor.E040"),
        (setting(CELERY_ACCEPT_CONTENT=["json", "pickle"]), "monitor.E060"),
        (setting(CELERY_TASK_SERIALIZER="pickle"), "monitor.E060"),
        (setting(CELERY_RESULT_BACKEND="redis://"), "monitor.E060"),
        (setting(CELERY_TASK_IGNORE_RESULT=False), "monitor.E060"),
        (setting(CELERY_TASK_ACKS_LATE=False), "monitor.E060"),
        (setting(CELERY_TASK_PUBLISH_RETRY=True), "monitor.E060"),
        (setting(CELERY_WORKER_PREFETCH_MULTIPLIER=4), "monitor.E060"),
        (setting(CELERY_BEAT_SCHEDULER="celery.beat:PersistentScheduler"), "monitor.E060"),
        (setting(CELERY_TASK_TIME_LIMIT=120), "monitor.E061"),
        (setting(CELERY_TASK_SOFT_TIME_LIMIT=30), "monitor.E061"),
        (setting(CELERY_WORKER_MAX_MEMORY_PER_CHILD=None), "monitor.E062"),
        (setting(IS_EMBEDDED_BROKER=False, CELERY_BROKER_CONNECTION_TIMEOUT=30), "monitor.E063"),
        (
            setting(IS_EMBEDDED_BROKER=False, CELERY_BROKER_TRANSPORT_OPTIONS={"socket_timeout": 120}),
            "monitor.E063",
        ),
        (setting(IS_LOOPBACK=False, CHAOS=True), "monitor.E070"),
        (setting(FAILPOINTS="send.after:kill"), "monitor.E071"),
        (setting(FAILPOINTS="send.after:kill", CHAOS=True, IS_LOOPBACK=False), "monitor.E071"),
        (setting(FAILPOINTS="send.afterwards:kill", CHAOS=True), "monitor.E072"),
    ],
)
def test_a_demanded_setting_that_is_off_is_found(settings: Settings, change: Change, id_: str) -> None:
    change(settings)

    assert id_ in found_by_settings_checks()


@pytest.mark.parametrize(
    ("values", "id_"),
    [
        ({"ATOMIC_REQUESTS": True}, "monitor.E050"),
        ({"ENGINE": "django.db.backends.sqlite3"}, "monitor.E051"),
        ({"ENGINE": checks.SQLITE, "OPTIONS": {}}, "monitor.E052"),
        ({"ENGINE": checks.POSTGRESQL, "CONN_HEALTH_CHECKS": False}, "monitor.E053"),
    ],
)
def test_a_database_that_is_configured_otherwise_is_found(values: dict[str, Any], id_: str) -> None:
    assert ids(checks.of_database("default", settings.DATABASES["default"] | values)) == {id_}


def test_every_check_is_registered_and_is_an_error(settings: Settings) -> None:
    settings.ALLOWED_HOSTS = ["*"]
    settings.CELERY_TASK_ACKS_LATE = False

    found = {message.id: message for message in run_checks()}

    assert found["monitor.E010"].is_serious()
    assert found["monitor.E060"].is_serious()


@pytest.mark.django_db
def test_the_connection_says_what_is_demanded() -> None:
    assert checks.check_connections(databases=["default"]) == []


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(settings.DATABASES["default"]["ENGINE"] != checks.SQLITE, reason="SQLite only")
@pytest.mark.parametrize(
    "pragma",
    [
        "synchronous = NORMAL",
        "secure_delete = OFF",
        "foreign_keys = OFF",
        "busy_timeout = 5000",
        "journal_size_limit = -1",
    ],
)
def test_a_sqlite_connection_that_says_otherwise_is_found(pragma: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"PRAGMA {pragma}")

    assert ids(checks.check_connections(databases=["default"])) == {"monitor.E054"}
    connection.close()


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(settings.DATABASES["default"]["ENGINE"] == checks.SQLITE, reason="PostgreSQL only")
@pytest.mark.parametrize(
    ("name", "value", "id_"),
    [
        ("statement_timeout", "0", "monitor.E055"),
        ("lock_timeout", "0", "monitor.E055"),
        ("idle_in_transaction_session_timeout", "0", "monitor.E055"),
        ("synchronous_commit", "off", "monitor.E056"),
    ],
)
def test_a_postgresql_connection_that_says_otherwise_is_found(name: str, value: str, id_: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"SET {name} = '{value}'")

    assert ids(checks.check_connections(databases=["default"])) == {id_}
    connection.close()


def test_the_settings_under_test_differ_only_where_they_must() -> None:
    assert not settings.DEBUG
    assert settings.MIDDLEWARE[0] == "ordergroove_monitor.request_ids.middleware"
