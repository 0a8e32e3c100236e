"""The environment, read once and typed. Nothing else in the project reads it, and no value of a secret is ever put into
an error message."""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import environ
from cryptography.fernet import Fernet
from django.core.exceptions import ImproperlyConfigured

from ordergroove_monitor import secret_files

BASE_DIR = Path(__file__).resolve().parent.parent
BROKER_SCHEMES = ("embedded", "redis", "rediss", "sentinel", "amqp", "amqps")
EMAIL_SCHEMES = ("smtp", "smtps", "smtp+tls", "smtp+ssl", "consolemail", "filemail")
NOT_IN_A_DEMO = ("DATABASE_URL", "CELERY_BROKER_URL", "SENTRY_DSN", "HEARTBEAT_URL")
LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")


@dataclass(frozen=True, kw_only=True)
class Environment:
    """What the environment says, with every default filled in. Each field is explained in ``.env.example``."""

    debug: bool
    demo: bool
    chaos: bool
    failpoints: str
    data_dir: Path
    monitor_url: str
    is_monitor_url_given: bool
    allowed_hosts: list[str]
    proxy_count: int
    secret_key: str
    secret_key_fallbacks: list[str]
    seal_keys: list[str]
    hash_key: bytes
    generated_secrets: frozenset[str]
    """Names of the secrets that were not given and therefore live in ``data_dir``."""
    database: dict[str, Any]
    broker_url: str
    worker_concurrency: int
    web_processes: int
    email: dict[str, Any]
    default_from_email: str
    sentry_dsn: str
    sentry_environment: str
    allow_private_targets: bool
    slack_api_url: str
    heartbeat_url: str
    heartbeat_method: str
    send_budget_per_minute: int
    retention_success_body_days: int
    retention_failure_body_days: int
    retention_response_days: int
    time_zone: str
    log_level: str

    @property
    def is_loopback(self) -> bool:
        """Whether people reach the monitor on this machine only."""
        return is_loopback(urlsplit(self.monitor_url).hostname or "")


class Reader:
    """Typed readers over one mapping of variables; each raises ``ImproperlyConfigured`` naming the variable."""

    def __init__(self, source: Mapping[str, str]) -> None:
        self.source = source

    def text(self, name: str, default: str) -> str:
        """The value without surrounding space; an empty one counts as not given."""
        return self.source.get(name, "").strip() or default

    def secret(self, name: str) -> str:
        """The value, or the content of the file that ``NAME_FILE`` names; empty when neither is given."""
        given, path = self.text(name, ""), self.text(f"{name}_FILE", "")
        if given and path:
            raise ImproperlyConfigured(f"{name} and {name}_FILE are both set: keep one of them.")
        if not path:
            return given
        try:
            content = Path(path).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise ImproperlyConfigured(f"{name}_FILE: cannot read {path}: {type(error).__name__}.") from error
        if not content:
            raise ImproperlyConfigured(f"{name}_FILE: {path} is empty.")
        return content

    def flag(self, name: str, *, default: bool) -> bool:
        value = self.text(name, "yes" if default else "no").lower()
        if value in ("1", "true", "yes", "on"):
            return True
        if value in ("0", "false", "no", "off"):
            return False
        raise ImproperlyConfigured(f"{name} must be yes or no.")

    def number(self, name: str, default: int, *, least: int, most: int) -> int:
        value = self.text(name, str(default))
        if not re.fullmatch(r"[0-9]{1,9}", value) or not least <= int(value) <= most:
            raise ImproperlyConfigured(f"{name} must be a whole number from {least} to {most}.")
        return int(value)

    def choice(self, name: str, default: str, choices: tuple[str, ...]) -> str:
        value = self.text(name, default)
        if value.upper() not in choices:
            raise ImproperlyConfigured(f"{name} must be one of {', '.join(choices)}.")
        return value.upper()

    def words(self, name: str) -> list[str]:
        """Values separated by commas or white space."""
        return [word for word in re.split(r"[,\s]+", self.text(name, "")) if word]


def load(source: Mapping[str, str] | None = None) -> Environment:
    """Read ``source``; by default the process's environment, whose gaps a ``.env`` beside ``manage.py`` fills."""
    if source is None:
        source = {**_read_env_file(), **os.environ}
    read = Reader(source)
    demo = read.flag("DEMO", default=False)
    if demo:
        # A demo keeps to its folder: invented history must never reach a real database, nor its reports a real project.
        read = Reader({name: value for name, value in source.items() if not name.startswith(NOT_IN_A_DEMO)})
    data_dir = (BASE_DIR / read.text("DATA_DIR", "demo-data" if demo else "data")).resolve()
    monitor_url = _monitor_url(read)
    secrets = _Secrets(read, data_dir / "secrets")
    https = monitor_url.startswith("https://")
    return Environment(
        debug=read.flag("DEBUG", default=False),
        demo=demo,
        chaos=read.flag("CHAOS", default=False),
        failpoints=read.text("FAILPOINTS", ""),
        data_dir=data_dir,
        monitor_url=monitor_url,
        is_monitor_url_given=bool(read.text("MONITOR_URL", "")),
        allowed_hosts=_allowed_hosts(read, monitor_url),
        # The server speaks plain HTTP, so a https address means that a proxy stands before it.
        proxy_count=read.number("PROXY_COUNT", 1 if https else 0, least=0, most=10),
        secret_key=secrets.secret_key(),
        secret_key_fallbacks=read.secret("SECRET_KEY_FALLBACKS").split(),
        seal_keys=secrets.seal_keys(),
        hash_key=secrets.hash_key(),
        generated_secrets=frozenset(secrets.generated),
        database=_database(read, data_dir),
        broker_url=_broker_url(read),
        worker_concurrency=read.number("WORKER_CONCURRENCY", 2, least=1, most=64),
        web_processes=read.number("WEB_PROCESSES", min(2, os.cpu_count() or 1), least=1, most=16),
        email=_email(read),
        default_from_email=read.text("DEFAULT_FROM_EMAIL", "Ordergroove Monitor <monitor@localhost>"),
        sentry_dsn=_sentry_dsn(read),
        sentry_environment=read.text("SENTRY_ENVIRONMENT", "production"),
        allow_private_targets=read.flag("ALLOW_PRIVATE_TARGETS", default=False),
        slack_api_url=_slack_api_url(read),
        heartbeat_url=_heartbeat_url(read),
        heartbeat_method=read.choice("HEARTBEAT_METHOD", "GET", ("GET", "POST")),
        send_budget_per_minute=read.number("SEND_BUDGET_PER_MINUTE", 600, least=12, most=6000),
        retention_success_body_days=read.number("RETENTION_SUCCESS_BODY_DAYS", 7, least=1, most=3650),
        retention_failure_body_days=read.number("RETENTION_FAILURE_BODY_DAYS", 30, least=2, most=3650),
        retention_response_days=read.number("RETENTION_RESPONSE_DAYS", 90, least=7, most=3650),
        time_zone=_time_zone(read),
        log_level=read.choice("LOG_LEVEL", "INFO", LOG_LEVELS),
    )


def tell_celery(url: str) -> None:
    """Celery reads CELERY_BROKER_URL by itself and prefers it to the settings: let it say what we made of it."""
    os.environ.pop("CELERY_BROKER_URL_FILE", None)
    os.environ["CELERY_BROKER_URL"] = url


def named_secret(name: str) -> str:
    """A secret from the variable that a command was told to read; empty when it is not set."""
    return Reader(os.environ).secret(name)


def child_environment(overrides: Mapping[str, str]) -> dict[str, str]:
    """The environment for a process that this one starts."""
    return {**os.environ, **overrides}


def is_loopback(host: str) -> bool:
    """Whether ``host`` (a name or an address, without port) can only mean this machine."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


class _Secrets:
    """Secrets as given, or else as kept in the data folder. Remembers which were not given."""

    def __init__(self, read: Reader, folder: Path) -> None:
        self.read = read
        self.folder = folder
        self.generated: set[str] = set()

    def secret_key(self) -> str:
        key = self._given_or_kept("SECRET_KEY", secret_files.new_text)
        if len(key) < 50:
            raise ImproperlyConfigured("SECRET_KEY must have at least 50 characters.")
        return key

    def seal_keys(self) -> list[str]:
        keys = re.split(r"[,\s]+", self._given_or_kept("SEAL_KEYS", secret_files.new_seal_key))
        for key in keys:
            try:
                Fernet(key)
            except ValueError as error:
                raise ImproperlyConfigured(
                    "SEAL_KEYS must be Fernet keys separated by commas: 32 bytes each, in URL-safe base64."
                ) from error
        return keys

    def hash_key(self) -> bytes:
        key = self._given_or_kept("HASH_KEY", secret_files.new_text).encode()
        if len(key) < 32:
            raise ImproperlyConfigured("HASH_KEY must have at least 32 characters.")
        return key

    def _given_or_kept(self, name: str, make: Callable[[], str]) -> str:
        given = self.read.secret(name)
        if given:
            return given
        self.generated.add(name)
        path = self.folder / name.lower()
        try:
            return secret_files.read_or_create(path, make)
        except OSError as error:
            raise ImproperlyConfigured(
                f"{name} is not set and cannot be kept in {path} ({error.strerror}): set it, or make DATA_DIR writable."
            ) from error


def _read_env_file() -> dict[str, str]:
    path = BASE_DIR / os.environ.get("ENV_FILE", ".env")
    if not path.is_file() or Reader(os.environ).flag("DEMO", default=False):
        return {}
    values: dict[str, str] = {}

    class IntoValues(environ.Env):  # type: ignore[misc]  # django-environ is untyped
        ENVIRON = values

    IntoValues.read_env(path)
    return values


def _split_url(name: str, value: str) -> SplitResult:
    try:
        parts = urlsplit(value)
        _ = parts.port
    except ValueError as error:
        raise ImproperlyConfigured(f"{name} is not a URL.") from error
    return parts


def _monitor_url(read: Reader) -> str:
    value = read.text("MONITOR_URL", "http://127.0.0.1:8000").rstrip("/")
    parts = _split_url("MONITOR_URL", value)
    bare = not (parts.path or parts.query or parts.fragment or "@" in parts.netloc)
    if parts.scheme not in ("http", "https") or not parts.hostname or not bare:
        raise ImproperlyConfigured("MONITOR_URL must look like https://monitor.example.com, without a path.")
    return value


def _allowed_hosts(read: Reader, monitor_url: str) -> list[str]:
    host = urlsplit(monitor_url).hostname or ""
    hosts = [f"[{host}]" if ":" in host else host, *read.words("ALLOWED_HOSTS")]
    if is_loopback(host):
        hosts += ["localhost", "127.0.0.1", "[::1]"]
    return list(dict.fromkeys(hosts))


def _database(read: Reader, data_dir: Path) -> dict[str, Any]:
    """django-environ's reading of DATABASE_URL, for the two databases that we support."""
    value = read.secret("DATABASE_URL") or f"sqlite:///{data_dir}/monitor.sqlite3"
    scheme = _split_url("DATABASE_URL", value).scheme
    if scheme not in ("sqlite", "postgres", "postgresql", "pgsql"):
        raise ImproperlyConfigured("DATABASE_URL must start with sqlite:/// or postgres://.")
    try:
        config: dict[str, Any] = environ.Env.db_url_config(value)
    except Exception as error:
        raise ImproperlyConfigured("DATABASE_URL cannot be read: percent-encode special characters in it.") from error
    if scheme == "sqlite":
        if config["NAME"] in ("", ":memory:"):
            raise ImproperlyConfigured("DATABASE_URL must name a file: a database in memory would lose every response.")
        config["NAME"] = str(BASE_DIR / config["NAME"])
    elif not config["NAME"]:
        raise ImproperlyConfigured("DATABASE_URL must name a database: postgres://user:password@host:5432/name.")
    return config


def _broker_url(read: Reader) -> str:
    value = read.secret("CELERY_BROKER_URL") or "embedded://"
    if _split_url("CELERY_BROKER_URL", value).scheme not in BROKER_SCHEMES:
        raise ImproperlyConfigured(f"CELERY_BROKER_URL must start with one of: {', '.join(BROKER_SCHEMES)}.")
    return value


def _email(read: Reader) -> dict[str, Any]:
    # The default is a server that may not be there: a message that cannot be sent is then seen as not sent. A backend
    # that swallows messages would report success.
    value = read.secret("EMAIL_URL") or "smtp://127.0.0.1:25"
    if _split_url("EMAIL_URL", value).scheme not in EMAIL_SCHEMES:
        raise ImproperlyConfigured(f"EMAIL_URL must start with one of: {', '.join(EMAIL_SCHEMES)}.")
    config: dict[str, Any] = environ.Env.email_url_config(value)
    return {name: setting for name, setting in config.items() if setting is not None and name != "OPTIONS"}


def _sentry_dsn(read: Reader) -> str:
    value = read.secret("SENTRY_DSN")
    if value and not _split_url("SENTRY_DSN", value).scheme.startswith("http"):
        raise ImproperlyConfigured("SENTRY_DSN must be the https address that Sentry shows as the project's DSN.")
    return value


def _slack_api_url(read: Reader) -> str:
    """Where a bot's token is shown: Slack's own host, or a test's on a private network."""
    value = read.text("SLACK_API_URL", "https://slack.com/api/").rstrip("/") + "/"
    parts = _split_url("SLACK_API_URL", value)
    host = parts.hostname or ""
    is_slack = parts.scheme == "https" and (host == "slack.com" or host.endswith(".slack.com"))
    if not is_slack and not read.flag("ALLOW_PRIVATE_TARGETS", default=False):
        raise ImproperlyConfigured("SLACK_API_URL must be an https address of slack.com.")
    return value


def _heartbeat_url(read: Reader) -> str:
    value = read.secret("HEARTBEAT_URL")
    parts = _split_url("HEARTBEAT_URL", value)
    if value and (parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc):
        raise ImproperlyConfigured("HEARTBEAT_URL must be an https address without a user name.")
    return value


def _time_zone(read: Reader) -> str:
    value = read.text("TIME_ZONE", "UTC")
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ImproperlyConfigured("TIME_ZONE must be a name such as Europe/Berlin.") from error
    return value
