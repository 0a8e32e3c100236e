"""Structured logs: one JSON object a line on standard error, with the id of the request or the name of the task.

No body, no header field and no secret is ever logged; what slips into a message is masked on its way out.
"""

from __future__ import annotations

import logging.config
from collections.abc import MutableMapping
from typing import Any

import structlog
from structlog.typing import Processor

from ordergroove_monitor import scrub
from responses import redaction

# What says too much, or says it for every task.
_QUIET = {
    "celery.app.trace": "WARNING",
    "celery.worker.strategy": "WARNING",
    "celery.beat": "WARNING",
    "django.request": "ERROR",
    "httpcore2": "WARNING",
    "httpx2": "WARNING",
    "urllib3": "WARNING",
    "uvicorn.access": "CRITICAL",
}


# Ours from beginning to end.
_OWN = frozenset({"timestamp", "level", "logger", "request_id", "task", "task_id"})


def config(*, level: str) -> dict[str, Any]:
    """The ``LOGGING`` setting."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "json": {
                "()": structlog.stdlib.ProcessorFormatter,
                "foreign_pre_chain": _shared(),
                "processors": [
                    structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                    structlog.processors.format_exc_info,
                    scrub_event,
                    structlog.processors.JSONRenderer(default=repr),
                ],
            }
        },
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {name: {"level": quiet} for name, quiet in _QUIET.items()}
        | {
            # Django would install handlers of its own, one of which mails tracebacks.
            "django": {"handlers": [], "level": level, "propagate": True},
            "django.server": {"handlers": [], "level": level, "propagate": True},
        },
    }


def configure(settings: dict[str, Any]) -> None:
    """Apply the ``LOGGING`` setting, and let structlog's loggers end in the same place."""
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *_shared(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    logging.captureWarnings(capture=True)
    logging.config.dictConfig(settings)


def bind(**values: str) -> None:
    """Add ``values`` to every line until ``unbind``, in this thread or task of the event loop."""
    structlog.contextvars.bind_contextvars(**values)


def unbind() -> None:
    """Forget what ``bind`` added: threads are used again for other requests."""
    structlog.contextvars.clear_contextvars()


def scrub_event(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Mask every text of a line, however deep it lies."""
    for name, value in event.items():
        if name not in _OWN:
            event[name] = _named(name, value)
    return event


def _scrubbed(value: Any) -> Any:
    if isinstance(value, (bool, int, float)) or value is None:
        return value
    if isinstance(value, dict):
        # The name stands beside the value, so that what is called a secret is masked whatever it looks like.
        return {scrub.text(str(key)): _named(str(key), item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_scrubbed(item) for item in value]
    if isinstance(value, (bytes, bytearray, memoryview)):
        return f"[{len(value)} bytes]"
    return scrub.text(value if isinstance(value, str) else repr(value))


def _named(name: str, value: Any) -> Any:
    return redaction.MASK if scrub.is_secret(name) else _scrubbed(value)


def _shared() -> list[Processor]:
    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]
