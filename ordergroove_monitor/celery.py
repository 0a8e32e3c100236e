"""The Celery application: how hints and sweeps reach ``responses.tasks``."""

from __future__ import annotations

import os
import warnings
from typing import Any

from celery import Celery, signals
from celery.concurrency.prefork import TaskPool
from celery.exceptions import SecurityWarning
from django.urls import reverse
from kombu.transport import TRANSPORT_ALIASES

from ordergroove_monitor import logs, pool, stopping

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ordergroove_monitor.settings")

# Celery warns of running as root because pickled messages could run code; ours are JSON. In a container root is usual.
warnings.filterwarnings("ignore", category=SecurityWarning)

TRANSPORT_ALIASES["embedded"] = "ordergroove_monitor.broker:Transport"
TaskPool.BlockingPool = pool.Pool

app = Celery("ordergroove_monitor")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["responses"])


@signals.setup_logging.connect
def _keep_our_logging(**_: Any) -> None:
    """That somebody listens keeps Celery from installing its own logging over Django's."""


@signals.worker_init.connect
def _know_the_addresses(**_: Any) -> None:
    """Messages hold links. What the first link takes, about a second of imports, must not make the first message late."""
    reverse("overview")


@signals.worker_shutting_down.connect
def _begin_nothing_new(**_: Any) -> None:
    """A task that could go on for a while ends soon, so that a stop never cuts off what is on the wire."""
    stopping.begin()


@signals.task_prerun.connect
def _name_the_task(task_id: str, task: Any, **_: Any) -> None:
    logs.bind(task=task.name, task_id=task_id)


@signals.task_postrun.connect
def _forget_the_task(**_: Any) -> None:
    logs.unbind()
