"""The one settings module. What may differ between installs comes from ``env``; what must never differ is asserted in
``checks``."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from csp.constants import NONE, SELF

from ordergroove_monitor import env, logs

ENVIRONMENT = env.load()

BASE_DIR = env.BASE_DIR
DATA_DIR = ENVIRONMENT.data_dir
MONITOR_URL = ENVIRONMENT.monitor_url
IS_LOOPBACK = ENVIRONMENT.is_loopback
IS_HTTPS = MONITOR_URL.startswith("https://")
DEMO = ENVIRONMENT.demo
CHAOS = ENVIRONMENT.chaos
FAILPOINTS = ENVIRONMENT.failpoints
ALLOW_PRIVATE_TARGETS = ENVIRONMENT.allow_private_targets
SLACK_API_URL = ENVIRONMENT.slack_api_url
HEARTBEAT_URL = ENVIRONMENT.heartbeat_url
HEARTBEAT_METHOD = ENVIRONMENT.heartbeat_method
SEND_BUDGET_PER_MINUTE = ENVIRONMENT.send_budget_per_minute
DISPLAY_TIME_ZONE = ENVIRONMENT.time_zone
PROXY_COUNT = ENVIRONMENT.proxy_count

DEBUG = ENVIRONMENT.debug
SECRET_KEY = ENVIRONMENT.secret_key
SECRET_KEY_FALLBACKS = ENVIRONMENT.secret_key_fallbacks
SEAL_KEYS = ENVIRONMENT.seal_keys
HASH_KEY = ENVIRONMENT.hash_key
GENERATED_SECRETS = ENVIRONMENT.generated_secrets

INSTALLED_APPS = [
    "ordergroove_monitor.apps.ProjectConfig",
    "responses",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django_htmx",
    "axes",
    "csp",
]
MIDDLEWARE = [
    "ordergroove_monitor.request_ids.middleware",
    "responses.api.refusals.middleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "responses.views.zones.middleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "axes.middleware.AxesMiddleware",
]
ROOT_URLCONF = "ordergroove_monitor.urls"
WSGI_APPLICATION = "ordergroove_monitor.wsgi.application"
ASGI_APPLICATION = "ordergroove_monitor.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "responses.views.frame.context",
            ],
        },
    }
]

# Database. Never ATOMIC_REQUESTS: a transaction opens in the function that needs it, and never spans an HTTP call.
SQLITE_OPTIONS: dict[str, Any] = {
    "transaction_mode": "IMMEDIATE",
    "timeout": 20,
    # The backend switches to WAL and Django turns foreign_keys on; these hold for one connection only.
    "init_command": "PRAGMA synchronous = FULL; PRAGMA secure_delete = ON; PRAGMA journal_size_limit = 67108864",
}
POSTGRESQL_OPTIONS: dict[str, Any] = {
    "connect_timeout": 5,
    "options": "-c statement_timeout=30000 -c lock_timeout=10000 -c idle_in_transaction_session_timeout=60000"
    " -c synchronous_commit=on",
}
_database = ENVIRONMENT.database
_is_sqlite = _database["ENGINE"].endswith("sqlite3")
DATABASES = {
    "default": {
        **_database,
        "ENGINE": "ordergroove_monitor.sqlite" if _is_sqlite else "django.db.backends.postgresql",
        "OPTIONS": (SQLITE_OPTIONS if _is_sqlite else POSTGRESQL_OPTIONS) | _database.get("OPTIONS", {}),
        "ATOMIC_REQUESTS": False,
        "CONN_MAX_AGE": None if _is_sqlite else 600,
        "CONN_HEALTH_CHECKS": True,
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Signing in
AUTH_USER_MODEL = "responses.User"
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "django.contrib.auth.backends.ModelBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "overview"
LOGOUT_REDIRECT_URL = "login"
AXES_FAILURE_LIMIT = 10
AXES_COOLOFF_TIME = timedelta(minutes=15)
# A name from one address: a colleague's wrong passwords must not lock the office out, nor a stranger's the colleague.
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_LOCKOUT_TEMPLATE = "lockout.html"
AXES_RESET_ON_SUCCESS = True
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_CLIENT_IP_CALLABLE = "ordergroove_monitor.client_address.of"
AXES_ENABLE_ADMIN = False
AXES_VERBOSE = False
AXES_ALLOWED_CORS_ORIGINS = MONITOR_URL

# What a browser may do
ALLOWED_HOSTS = ENVIRONMENT.allowed_hosts
CSRF_TRUSTED_ORIGINS = [MONITOR_URL]
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
    }
}
SESSION_COOKIE_NAME = "__Host-monitor-session" if IS_HTTPS else "monitor-session"
SESSION_COOKIE_SECURE = IS_HTTPS
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 7 * 24 * 3600
CSRF_COOKIE_NAME = "__Host-monitor-csrf" if IS_HTTPS else "monitor-csrf"
CSRF_COOKIE_SECURE = IS_HTTPS
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Lax"
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if IS_HTTPS else 0
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if PROXY_COUNT else None
SECURE_SSL_REDIRECT = IS_HTTPS and PROXY_COUNT > 0
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
X_FRAME_OPTIONS = "DENY"
SILENCED_SYSTEM_CHECKS = [
    "security.W005",  # HSTS for subdomains: what lies below the monitor's name is not ours to decide
    "security.W021",  # nor is the preload list
]

# What a form may send. The recording path reads its own bodies, with its own limits.
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 500
DATA_UPLOAD_MAX_NUMBER_FILES = 10
FILE_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
FILE_UPLOAD_PERMISSIONS = 0o600

# Static files
STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = BASE_DIR / "staticfiles"
STORAGES: dict[str, dict[str, Any]] = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage",
        # Not as private as uploads: the server may run as somebody else than who collected them.
        "OPTIONS": {"file_permissions_mode": 0o644},
    },
}

# Time and words
LANGUAGE_CODE = "en"
USE_I18N = False
USE_TZ = True
TIME_ZONE = "UTC"

# Mail
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = ENVIRONMENT.default_from_email
SERVER_EMAIL = DEFAULT_FROM_EMAIL
globals().update(ENVIRONMENT.email)

# Celery carries hints: the database is the queue. Nothing here may use eta, countdown or retries.
IS_EMBEDDED_BROKER = ENVIRONMENT.broker_url.startswith("embedded:")
# kombu wants a host name, also where there is none.
CELERY_BROKER_URL = "embedded://localhost" if IS_EMBEDDED_BROKER else ENVIRONMENT.broker_url
env.tell_celery(CELERY_BROKER_URL)
CELERY_BROKER_CONNECTION_TIMEOUT = 2
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS: dict[str, Any] = (
    {"folder": str(DATA_DIR / "broker")}
    if IS_EMBEDDED_BROKER
    else {
        "socket_timeout": 2,
        "socket_connect_timeout": 2,
        "max_retries": 0,
        # A hint whose worker was killed comes back after this long; far above the hard time limit.
        "visibility_timeout": 300,
    }
    if not ENVIRONMENT.broker_url.startswith("amqp")
    else {"max_retries": 0, "write_timeout": 2}
)
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_SERIALIZER = "json"
CELERY_RESULT_BACKEND = None
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = False
CELERY_TASK_PUBLISH_RETRY = False
CELERY_TASK_SOFT_TIME_LIMIT = 60
CELERY_TASK_TIME_LIMIT = 90
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_CONCURRENCY = ENVIRONMENT.worker_concurrency
WEB_PROCESSES = ENVIRONMENT.web_processes
CELERY_WORKER_MAX_MEMORY_PER_CHILD = 250_000
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_ENABLE_REMOTE_CONTROL = not IS_EMBEDDED_BROKER
CELERY_WORKER_SEND_TASK_EVENTS = False
CELERY_BEAT_SCHEDULER = "celery.beat:Scheduler"
# The sweeps find what a lost hint left behind. A message that nobody took in time is dropped: the next does its work.
CELERY_BEAT_SCHEDULE: dict[str, dict[str, Any]] = {
    name: {"task": f"responses.tasks.{name}", "schedule": seconds, "options": {"expires": max(2 * seconds, 15)}}
    for name, seconds in {
        "poll_due": 2,
        "send_due": 2,
        "bulk_due": 2,
        "try_due": 2,
        "look_up_due": 15,
        "heartbeat": 10,
        "send_heartbeat": 60,
        "deliver_due": 15,
        "sweep_alerts": 15,
        "end_overdue": 30,
        "expire_overdue": 60,
        "retain": 60,
    }.items()
}
CELERY_TIMEZONE = "UTC"

# What is kept, and how long. The rest is decided in retention.
RETENTION_SUCCESS_BODY_DAYS = ENVIRONMENT.retention_success_body_days
RETENTION_FAILURE_BODY_DAYS = ENVIRONMENT.retention_failure_body_days
RETENTION_RESPONSE_DAYS = ENVIRONMENT.retention_response_days

# Our own errors and logs
SENTRY_DSN = ENVIRONMENT.sentry_dsn
SENTRY_ENVIRONMENT = ENVIRONMENT.sentry_environment
LOGGING_CONFIG = "ordergroove_monitor.logs.configure"
LOGGING = logs.config(level=ENVIRONMENT.log_level)
