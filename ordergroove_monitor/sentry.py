"""Our own errors, to Sentry: only with SENTRY_DSN, and without anything that came in a request or lay in a variable.

Events are rebuilt from what is known to be harmless; what is not listed here does not leave.
"""

from __future__ import annotations

from typing import Any

import sentry_sdk
from sentry_sdk.integrations.celery import CeleryIntegration
from sentry_sdk.integrations.django import DjangoIntegration
from sentry_sdk.integrations.logging import LoggingIntegration
from sentry_sdk.transport import Transport
from sentry_sdk.types import Breadcrumb, Event, Hint

from ordergroove_monitor import scrub

_KEPT = (
    "event_id",
    "timestamp",
    "platform",
    "level",
    "logger",
    "release",
    "environment",
    "type",
    "sdk",
    "fingerprint",
)
_KEPT_OF_FRAME = (
    "filename",
    "function",
    "module",
    "lineno",
    "abs_path",
    "in_app",
    "context_line",
    "pre_context",
    "post_context",
)
_KEPT_CONTEXTS = ("runtime", "trace")


def start(dsn: str, *, environment: str, transport: type[Transport] | None = None) -> None:
    """Begin to report; does nothing without ``dsn``. ``transport`` stands in for the network in tests."""
    if not dsn:
        return
    # Neither send_default_pii nor its successor data_collection is given: this is how the SDK collects least.
    sentry_sdk.init(
        dsn=dsn,
        environment=environment,
        transport=transport,
        default_integrations=True,
        auto_enabling_integrations=False,
        integrations=[
            DjangoIntegration(transaction_style="function_name", signals_spans=False),
            CeleryIntegration(propagate_traces=False),
            LoggingIntegration(event_level=None),
        ],
        include_local_variables=False,
        max_request_body_size="never",
        max_breadcrumbs=20,
        server_name="",
        traces_sample_rate=None,
        auto_session_tracking=False,
        send_client_reports=False,
        before_send=clean_event,
        before_send_transaction=lambda _event, _hint: None,
        before_breadcrumb=clean_breadcrumb,
    )


def clean_event(event: Event, _hint: Hint) -> Event | None:
    """A new event with the exception's types and places, its words masked, and nothing of the request but its route."""
    clean: dict[str, Any] = {name: event[name] for name in _KEPT if name in event}  # type: ignore[literal-required]
    contexts: dict[str, Any] = event.get("contexts") or {}
    clean["contexts"] = {name: contexts[name] for name in _KEPT_CONTEXTS if name in contexts}
    if transaction := event.get("transaction"):
        clean["transaction"] = scrub.text(str(transaction))
    exceptions = (event.get("exception") or {}).get("values") or []
    if exceptions:
        clean["exception"] = {"values": [_clean_exception(exception) for exception in exceptions]}
    if entry := event.get("logentry") or {}:
        clean["logentry"] = {"message": scrub.text(str(entry.get("message", "")))}
    elif message := event.get("message"):
        clean["message"] = scrub.text(str(message))
    breadcrumbs: Any = event.get("breadcrumbs") or {}
    clean["breadcrumbs"] = {"values": [_clean_crumb(crumb) for crumb in breadcrumbs.get("values", [])]}
    return clean  # type: ignore[return-value]


def clean_breadcrumb(crumb: Breadcrumb, _hint: dict[str, Any]) -> Breadcrumb | None:
    """A crumb says what kind of thing happened, and when."""
    return _clean_crumb(crumb)


def _clean_crumb(crumb: dict[str, Any]) -> dict[str, Any]:
    return {name: crumb[name] for name in ("timestamp", "type", "category", "level") if name in crumb}


def _clean_exception(exception: dict[str, Any]) -> dict[str, Any]:
    clean: dict[str, Any] = {name: exception[name] for name in ("type", "module", "thread_id") if name in exception}
    clean["value"] = scrub.text(str(exception.get("value") or ""))
    mechanism = exception.get("mechanism") or {}
    clean["mechanism"] = {name: mechanism[name] for name in ("type", "handled") if name in mechanism}
    frames = (exception.get("stacktrace") or {}).get("frames") or []
    clean["stacktrace"] = {
        "frames": [{name: frame[name] for name in _KEPT_OF_FRAME if name in frame} for frame in frames]
    }
    return clean
