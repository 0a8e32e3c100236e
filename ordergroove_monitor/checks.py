"""System checks: a demanded setting that is off keeps the monitor from starting. They report, and change nothing.

Each has an id; its test turns the setting off and looks for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning  # noqa: A004  # Django's name for it
from django.db import connections

from responses.sending import failpoints

SQLITE = "ordergroove_monitor.sqlite"
POSTGRESQL = "django.db.backends.postgresql"
# What a connection must say of itself. 2 is FULL.
SQLITE_PRAGMAS = {
    "journal_mode": "wal",
    "synchronous": 2,
    "foreign_keys": 1,
    "secure_delete": 1,
    "busy_timeout": 20_000,
}
LONGEST_JOURNAL = 256 * 1024 * 1024
POSTGRESQL_TIMEOUTS = ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout")
STRICT_DIRECTIVES = ("default-src", "frame-ancestors", "base-uri")
FORBIDDEN_SOURCES = frozenset({"'unsafe-inline'", "'unsafe-eval'", "*", "http:", "https:"})

Check = Callable[..., list[CheckMessage]]


def check_secrets(**_: Any) -> list[CheckMessage]:
    """Secrets that a machine has made for itself are for that machine only."""
    found: list[CheckMessage] = []
    if not settings.IS_LOOPBACK:
        folder = settings.DATA_DIR / "secrets"
        found += [
            _error(
                "E001",
                f"{name} is required when MONITOR_URL is not loopback.",
                f"Set {name}, or {name}_FILE to the path of a file that holds it: {folder / name.lower()} has a new one.",
            )
            for name in ("SECRET_KEY", "SEAL_KEYS")
            if name in settings.GENERATED_SECRETS
        ]
        if "HASH_KEY" in settings.GENERATED_SECRETS:
            found.append(
                Warning(
                    "HASH_KEY was made for this machine.",
                    hint="Set HASH_KEY when the processes do not share one DATA_DIR, and never change it.",
                    id="monitor.W001",
                )
            )
    if not settings.SEAL_KEYS or not settings.HASH_KEY:
        found.append(_error("E002", "SEAL_KEYS and HASH_KEY must not be empty."))
    return found


def check_hosts(**_: Any) -> list[CheckMessage]:
    """Hosts and origins are exact, and nothing for developers shows to strangers."""
    found: list[CheckMessage] = []
    if not settings.ALLOWED_HOSTS or any("*" in host or host.startswith(".") for host in settings.ALLOWED_HOSTS):
        found.append(_error("E010", "ALLOWED_HOSTS must list exact host names."))
    if any("*" in origin for origin in settings.CSRF_TRUSTED_ORIGINS):
        found.append(_error("E011", "CSRF_TRUSTED_ORIGINS must list exact origins."))
    if settings.DEBUG and not settings.IS_LOOPBACK:
        found.append(_error("E012", "DEBUG must be off when MONITOR_URL is not loopback."))
    if settings.DEMO and not settings.IS_LOOPBACK:
        found.append(_error("E013", "DEMO must be off when MONITOR_URL is not loopback."))
    return found


def check_browser_protection(**_: Any) -> list[CheckMessage]:
    """Cookies, header fields and the content security policy."""
    wanted = {
        "SESSION_COOKIE_HTTPONLY": True,
        "SECURE_CONTENT_TYPE_NOSNIFF": True,
        "X_FRAME_OPTIONS": "DENY",
    }
    if settings.IS_HTTPS:
        wanted |= {"SESSION_COOKIE_SECURE": True, "CSRF_COOKIE_SECURE": True}
    found = [
        _error("E020", f"{name} must be {value!r}.")
        for name, value in wanted.items()
        if getattr(settings, name) != value
    ]
    found += [
        _error("E021", f"{name} must be Lax or Strict.")
        for name in ("SESSION_COOKIE_SAMESITE", "CSRF_COOKIE_SAMESITE")
        if getattr(settings, name) not in ("Lax", "Strict")
    ]
    if settings.SECURE_REFERRER_POLICY not in ("same-origin", "no-referrer"):
        found.append(_error("E022", "SECURE_REFERRER_POLICY must not tell other sites what people look at."))
    if settings.IS_HTTPS and settings.SECURE_HSTS_SECONDS < 180 * 24 * 3600:
        found.append(_error("E023", "SECURE_HSTS_SECONDS must be at least 180 days when MONITOR_URL is https."))
    found += [
        _error("E024", f"{middleware} must be in MIDDLEWARE.")
        for middleware in (
            "django.middleware.security.SecurityMiddleware",
            "csp.middleware.CSPMiddleware",
            "django.middleware.csrf.CsrfViewMiddleware",
            "django.middleware.clickjacking.XFrameOptionsMiddleware",
            "axes.middleware.AxesMiddleware",
        )
        if middleware not in settings.MIDDLEWARE
    ]
    return found + list(_content_security_policy())


def _content_security_policy() -> Iterator[CheckMessage]:
    policy = (getattr(settings, "CONTENT_SECURITY_POLICY", None) or {}).get("DIRECTIVES", {})
    for directive in STRICT_DIRECTIVES:
        if list(policy.get(directive, ())) != ["'none'"]:
            yield _error("E025", f"The content security policy must have {directive} 'none'.")
    for directive in ("script-src", "style-src", "connect-src", "form-action"):
        sources = {str(source) for source in policy.get(directive, ())}
        if not sources or sources & FORBIDDEN_SOURCES:
            yield _error("E026", f"The content security policy must restrict {directive} to this site.")
    if getattr(settings, "CONTENT_SECURITY_POLICY_REPORT_ONLY", None):
        yield _error("E027", "The content security policy must be enforced, not reported.")


def check_signing_in(**_: Any) -> list[CheckMessage]:
    """How passwords are stored, and what stops guessing them."""
    found: list[CheckMessage] = []
    if not settings.PASSWORD_HASHERS[0].endswith(".Argon2PasswordHasher"):
        found.append(_error("E030", "Argon2 must come first in PASSWORD_HASHERS."))
    if settings.AUTHENTICATION_BACKENDS[0] != "axes.backends.AxesStandaloneBackend" or not getattr(
        settings, "AXES_ENABLED", True
    ):
        found.append(_error("E031", "django-axes must come first in AUTHENTICATION_BACKENDS, and be enabled."))
    return found


def check_limits(**_: Any) -> list[CheckMessage]:
    """What a form may send is bounded."""
    limits = {
        "DATA_UPLOAD_MAX_MEMORY_SIZE": 16 * 1024 * 1024,
        "DATA_UPLOAD_MAX_NUMBER_FIELDS": 2_000,
        "DATA_UPLOAD_MAX_NUMBER_FILES": 100,
    }
    return [
        _error("E040", f"{name} must be a number up to {most}.")
        for name, most in limits.items()
        if not isinstance(getattr(settings, name), int) or getattr(settings, name) > most
    ]


def check_databases(**_: Any) -> list[CheckMessage]:
    """How the databases are configured. What the connection says is checked by ``check_connections``."""
    return [message for alias, database in settings.DATABASES.items() for message in of_database(alias, database)]


def of_database(alias: str, database: Mapping[str, Any]) -> list[CheckMessage]:
    """What is wrong with one entry of DATABASES."""
    found: list[CheckMessage] = []
    options = database.get("OPTIONS", {})
    if database.get("ATOMIC_REQUESTS"):
        found.append(_error("E050", f"ATOMIC_REQUESTS must be off ({alias})."))
    if database["ENGINE"] not in (SQLITE, POSTGRESQL):
        found.append(_error("E051", f"The database must be {SQLITE} or {POSTGRESQL} ({alias})."))
    if database["ENGINE"] == SQLITE and options.get("transaction_mode") != "IMMEDIATE":
        found.append(_error("E052", f"SQLite needs transaction_mode IMMEDIATE ({alias})."))
    if database["ENGINE"] == POSTGRESQL and not database.get("CONN_HEALTH_CHECKS"):
        found.append(_error("E053", f"PostgreSQL needs CONN_HEALTH_CHECKS ({alias})."))
    return found


def check_celery(**_: Any) -> list[CheckMessage]:
    """Messages are hints: nothing is kept in them, nothing waits in them, and sending one never blocks for long."""
    wanted: dict[str, Any] = {
        "CELERY_ACCEPT_CONTENT": ["json"],
        "CELERY_TASK_SERIALIZER": "json",
        "CELERY_RESULT_BACKEND": None,
        "CELERY_TASK_IGNORE_RESULT": True,
        "CELERY_TASK_ACKS_LATE": True,
        "CELERY_TASK_PUBLISH_RETRY": False,
        "CELERY_WORKER_PREFETCH_MULTIPLIER": 1,
        "CELERY_BEAT_SCHEDULER": "celery.beat:Scheduler",
    }
    found: list[CheckMessage] = [
        _error("E060", f"{name} must be {value!r}.")
        for name, value in wanted.items()
        if getattr(settings, name) != value
    ]
    # 30 s for a request < the hard limit < 120 s of lease.
    if not 30 < settings.CELERY_TASK_SOFT_TIME_LIMIT < settings.CELERY_TASK_TIME_LIMIT < 120:
        found.append(
            _error("E061", "The time limits of tasks must lie between the request's 30 s and the lease's 120 s.")
        )
    if not settings.CELERY_WORKER_MAX_MEMORY_PER_CHILD:
        found.append(_error("E062", "CELERY_WORKER_MAX_MEMORY_PER_CHILD must be set."))
    options = settings.CELERY_BROKER_TRANSPORT_OPTIONS
    slowest = max(
        options.get("socket_timeout", 2), options.get("socket_connect_timeout", 2), options.get("write_timeout", 2)
    )
    if not settings.IS_EMBEDDED_BROKER and (settings.CELERY_BROKER_CONNECTION_TIMEOUT > 5 or slowest > 5):
        found.append(_error("E063", "A broker that does not answer must not hold anybody up for more than 5 s."))
    return found


def check_failpoints(**_: Any) -> list[CheckMessage]:
    """Nothing that serves people dies on purpose."""
    found: list[CheckMessage] = []
    if settings.CHAOS and not settings.IS_LOOPBACK:
        found.append(_error("E070", "CHAOS must be off when MONITOR_URL is not loopback."))
    if settings.FAILPOINTS and not (settings.CHAOS and settings.IS_LOOPBACK):
        found.append(_error("E071", "FAILPOINTS is for tests: it needs CHAOS, and a MONITOR_URL on loopback."))
    try:
        failpoints.parse(settings.FAILPOINTS)
    except ValueError as error:
        found.append(_error("E072", f"FAILPOINTS: {error}"))
    return found


def check_connections(databases: Sequence[str] | None = None, **_: Any) -> list[CheckMessage]:
    """What the connections say of themselves: only ``check --database`` and ``migrate`` come here."""
    found: list[CheckMessage] = []
    for alias in databases or ():
        connection = connections[alias]
        if connection.settings_dict["ENGINE"] == SQLITE:
            found += _sqlite_connection(connection)
        elif connection.settings_dict["ENGINE"] == POSTGRESQL:
            found += _postgresql_connection(connection)
    return found


def _sqlite_connection(connection: Any) -> Iterator[CheckMessage]:
    with connection.cursor() as cursor:
        for name, value in SQLITE_PRAGMAS.items():
            actual = cursor.execute(f"PRAGMA {name}").fetchone()[0]
            if actual != value:
                yield _error("E054", f"SQLite: {name} must be {value}, and is {actual}.")
        limit = cursor.execute("PRAGMA journal_size_limit").fetchone()[0]
        if not 0 < limit <= LONGEST_JOURNAL:
            yield _error("E054", f"SQLite: journal_size_limit must be set, and is {limit}.")


def _postgresql_connection(connection: Any) -> Iterator[CheckMessage]:
    with connection.cursor() as cursor:
        for name in POSTGRESQL_TIMEOUTS:
            cursor.execute("SELECT setting::bigint FROM pg_settings WHERE name = %s", [name])
            if not cursor.fetchone()[0]:
                yield _error("E055", f"PostgreSQL: {name} must be set.")
        cursor.execute("SHOW synchronous_commit")
        level = cursor.fetchone()[0]
        if level not in ("on", "remote_apply"):
            yield _error("E056", f"PostgreSQL: synchronous_commit must be on, and is {level}.")


def _error(number: str, message: str, hint: str | None = None) -> Error:
    return Error(message, hint=hint, id=f"monitor.{number}")


SETTINGS_CHECKS: tuple[Check, ...] = (
    check_secrets,
    check_hosts,
    check_browser_protection,
    check_signing_in,
    check_limits,
    check_databases,
    check_celery,
    check_failpoints,
)
