"""Resends that wait to be sent, made many at once, and workers that share one database."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta

from django.db import connection

from responses.exchanges import Outcome
from responses.models import FailedRequest, Integration, Resend, ids
from responses.ordergroove.policies import LEASE
from tests.factories import NOW

HOST = "sc.ordergroove.com"
State = Resend.State


def after(seconds: float) -> datetime:
    """The instant so many seconds after ``NOW``."""
    return NOW + timedelta(seconds=seconds)


def make_waiting(
    integration: Integration, number: int, *, host: str = HOST, due_at: datetime = NOW, max_sends: int = 4
) -> list[int]:
    """Make so many scheduled Resends, each of an order of its own; return their ids."""
    requests = [
        FailedRequest(
            id=ids.new(NOW),
            integration=integration,
            request_key=f"{integration.pk}-{host}-{place}"[:32],
            resource_key=f"order:{host}:{place}",
            method="POST",
            endpoint="POST /subscription/create",
            state=FailedRequest.State.RETRYING,
            outcome=Outcome.TRANSIENT,
            first_failed_at=NOW,
            last_failed_at=NOW,
            retry_by="monitor",
        )
        for place in range(number)
    ]
    FailedRequest.objects.bulk_create(requests)
    resends = [
        Resend(
            id=ids.new(NOW),
            integration=integration,
            failed_request=request,
            kind=Resend.Kind.AUTOMATIC,
            idem_key=f"auto:{request.pk}:1",
            resource_key=request.resource_key,
            endpoint=request.endpoint,
            method=request.method,
            role="sc",
            host=host,
            policy="purchase",
            state=State.SCHEDULED,
            due_at=due_at,
            first_failed_at=NOW,
            max_sends=max_sends,
        )
        for request in requests
    ]
    return [resend.pk for resend in Resend.objects.bulk_create(resends)]


def put_on_the_wire(integration: Integration, number: int, *, at: datetime, host: str = HOST) -> list[int]:
    """Make so many Resends that were claimed ``at`` and are being sent."""
    made = make_waiting(integration, number, host=host)
    rows = Resend.objects.filter(pk__in=made)
    rows.update(state=State.CLAIMED, epoch=1, lease_until=at + LEASE, leased_by="test")
    rows.update(state=State.SENDING, epoch=2)
    return made


def work_at_once(workers: int, work: Callable[[], None]) -> None:
    """Let so many threads begin ``work`` at the same moment, each on a connection of its own, and wait for them."""
    barrier = threading.Barrier(workers)
    errors: list[BaseException] = []

    def run() -> None:
        try:
            barrier.wait(10)
            work()
        except BaseException as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(workers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not errors, errors
    assert not any(thread.is_alive() for thread in threads)
