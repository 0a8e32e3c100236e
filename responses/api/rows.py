"""Rows as the API shows them. Asks the database for nothing: what a shape needs is handed in."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from datetime import datetime
from typing import Any, Literal, cast

from responses import models
from responses.api import asking, shapes
from responses.exchanges import ItemState, Outcome
from responses.insight import issues as insight_issues
from responses.insight import response as insight_response
from responses.insight.issues import Row
from responses.insight.request import Attempt
from responses.insight.sendings import Sending, Sendings
from responses.models import AuditEntry, FailedRequest, FollowUp, Integration, Issue, Item, Response
from responses.ordergroove.codes import CodeInfo
from responses.recording.bodies import Shown
from responses.sending import gates
from responses.sending.gates import GateView
from responses.sending.guard import Reason


def response(row: Response, integration: Integration) -> shapes.ResponseRow:
    """One response."""
    return shapes.ResponseRow(**_response(row, integration))


def response_detail(row: Response, integration: Integration, one: insight_response.One) -> shapes.ResponseDetail:
    """One response with what stands around it."""
    return shapes.ResponseDetail(
        **_response(row, integration),
        meaning=one.meaning,
        advice=one.advice,
        item_list=[item(each, row) for each in one.items],
        follow_up=_follow_up(one.follow_up) if one.follow_up else None,
        exchange=_exchanged(one.shown, has_answer=row.status_code is not None) if one.shown else None,
    )


def _response(row: Response, integration: Integration) -> dict[str, Any]:
    return {
        "id": str(row.pk),
        "integration": integration.slug,
        "origin": row.origin_word,
        "sent_at": row.sent_at,
        "recorded_at": row.recorded_at,
        "duration_ms": row.duration_ms,
        "method": row.method,
        "endpoint": row.endpoint,
        "status_code": row.status_code,
        "failure": row.failure or None,
        "outcome": row.outcome_word,
        "message": row.message or None,
        "items": _counts(row),
        "request_id": row.request_id or None,
        "order_id": row.order_id or None,
        "customer_id": row.customer_id or None,
        "release": row.release or None,
        "issue": _id(row.issue_id),
        "request": _id(row.failed_request_id),
        "is_foreign_host": row.is_foreign_host,
        "is_truncated": row.is_truncated,
        "url": asking.page_url("responses", row.pk),
    }


def item(row: Item, of: Response | None) -> shapes.ItemRow:
    """One item of a response; without the response there is no advice."""
    return shapes.ItemRow(
        product=row.product or None,
        state=cast("shapes.ItemWord", ItemState(row.state).word),
        subscription_id=row.subscription_id or None,
        field=row.field or None,
        message=row.message or None,
        advice=(insight_response.item_advice(of, row) or None) if of else None,
        issue=_id(row.issue_id),
    )


def _exchanged(shown: Shown, *, has_answer: bool) -> shapes.Exchanged:
    return shapes.Exchanged(
        request=_message(
            shown.request_headers, shown.request_body, shown.request_bytes, url=shown.url, is_cut="request" in shown.cut
        ),
        response=_message(
            shown.response_headers, shown.response_body, shown.response_bytes, is_cut="response" in shown.cut
        )
        if has_answer
        else None,
        failure_message=shown.failure or None,
        tags=shown.tags,
    )


def _message(
    headers: dict[str, str], body: bytes, size: int, *, is_cut: bool, url: str | None = None
) -> shapes.Message:
    encoding: Literal["text", "base64"] = "text"
    try:
        text = body.decode()
    except UnicodeDecodeError:
        text, encoding = base64.b64encode(body).decode("ascii"), "base64"
    return shapes.Message(url=url, headers=headers, body=text, body_encoding=encoding, bytes=size, is_cut=is_cut)


def _follow_up(row: FollowUp) -> shapes.FollowUpRow:
    return shapes.FollowUpRow(
        subs_req_id=row.subs_req_id,
        state=row.state,  # type: ignore[arg-type]  # its choices are these words
        accepted_at=row.accepted_at,
        polls=row.polls,
        next_poll_at=row.next_poll_at,
        settled_at=row.settled_at,
        problem=row.last_problem or None,
    )


def issue(row: Row, integration: Integration, *, now: datetime) -> shapes.IssueRow:
    """One issue of a list."""
    return shapes.IssueRow(**_issue(row, integration, now=now))


def issue_detail(
    row: Row, integration: Integration, about: CodeInfo, advice: str, *, now: datetime
) -> shapes.IssueDetail:
    """One issue in depth."""
    found = _issue(row, integration, now=now)
    return shapes.IssueDetail(**found, meaning=about.meaning, advice=advice, hours=list(row.hours))


def _issue(row: Row, integration: Integration, *, now: datetime) -> dict[str, Any]:
    found: Issue = row.issue
    return {
        "id": str(found.pk),
        "integration": integration.slug,
        "fingerprint": found.fingerprint,
        "title": found.title,
        "endpoint": found.endpoint,
        "outcome": found.outcome_word,
        "status_code": found.status_code,
        "failure": found.failure or None,
        "field": found.field or None,
        "message": found.message or None,
        "state": found.state,
        "muted_until": found.muted_until,
        "assignee": found.assignee.get_username() if found.assignee else None,
        "first_seen_at": found.first_seen_at,
        "last_seen_at": found.last_seen_at,
        "regressed_at": found.regressed_at,
        "regressions": found.regressions,
        "failures": found.failures,
        "requests": found.requests,
        "orders": found.orders,
        "mark": insight_issues.mark_of(found, now=now) or None,
        "who": row.actor,
        "at_stake": shapes.Stake(requests=row.stake.requests, value=row.stake.value, deadline_at=row.stake.deadline_at),
        "url": asking.page_url("issues", found.pk),
    }


def request(row: FailedRequest, integration: Integration) -> shapes.RequestRow:
    """One failed request."""
    return shapes.RequestRow(**_request(row, integration))


def request_detail(
    row: FailedRequest,
    integration: Integration,
    *,
    advice: str,
    timeline: list[shapes.Event],
    items: list[shapes.ItemRow],
    issue_ids: list[int],
    sendings: Sendings,
    reasons: Iterable[Reason],
) -> shapes.RequestDetail:
    """One failed request with what happened to it."""
    return shapes.RequestDetail(
        **_request(row, integration),
        advice=advice,
        timeline=timeline,
        item_list=items,
        issues=[str(each) for each in issue_ids],
        caller_retries_too=row.caller_retries_too,
        why_not=[shapes.Reason(code=reason.code, detail=reason.words) for reason in reasons],
        resends=[_resend(one) for one in sendings.rows],
    )


def _resend(one: Sending) -> shapes.ResendRow:
    row = one.resend
    return shapes.ResendRow(
        id=str(row.pk),
        kind=row.kind,  # type: ignore[arg-type]  # its choices are these words
        state=row.state,  # type: ignore[arg-type]  # like these
        reason=row.reason or None,
        due_at=row.due_at,
        expires_at=row.expires_at,
        sends=row.sends,
        max_sends=row.max_sends,
        not_sent=row.not_sent,
        lookups=row.lookups,
        asked_by=row.asked_by.get_username() if row.asked_by else None,
        ended_at=row.ended_at,
        attempts=[_attempt(attempt) for attempt in one.attempts],
    )


def _attempt(row: models.Attempt) -> shapes.AttemptRow:
    return shapes.AttemptRow(
        number=row.number,
        why=row.why or None,
        intent_at=row.intent_at,
        ended_at=row.ended_at,
        result=row.result or None,  # type: ignore[arg-type]  # its choices are these words
        status_code=row.status_code,
        failure=row.failure or None,  # type: ignore[arg-type]  # like these
        words=row.words or None,
        response=_id(row.response_id),
    )


def gate(view: GateView) -> shapes.GateRow:
    """One gate."""
    return shapes.GateRow(
        scope="host" if gates.host_in(view.scope) else "integration",
        name=view.name,
        state=view.kind,  # type: ignore[arg-type]  # its kinds are these words
        words=view.words,
        is_stopped=view.is_stopped,
        since=view.since,
        until=view.until,
        by=view.by or None,
    )


def _request(row: FailedRequest, integration: Integration) -> dict[str, Any]:
    return {
        "id": str(row.pk),
        "integration": integration.slug,
        "state": row.state,
        "reason": row.reason or None,
        "method": row.method,
        "endpoint": row.endpoint,
        "order_id": row.order_id or None,
        "customer_id": row.customer_id or None,
        "request_id": row.request_id or None,
        "outcome": row.outcome_word,
        "status_code": row.status_code,
        "failure": row.failure or None,
        "message": row.message or None,
        "items": _counts(row),
        "failures": row.failures,
        "same_cause": row.same_cause,
        "first_failed_at": row.first_failed_at,
        "last_failed_at": row.last_failed_at,
        "deadline_at": row.deadline_at,
        "value": row.value,
        "retry_by": row.retry_by,
        "cannot_resend": row.cannot_resend or None,
        "resolved_by": row.resolved_by or None,
        "closed_at": row.closed_at,
        "url": asking.page_url("requests", row.pk),
    }


def event_of_attempt(attempt: Attempt) -> shapes.Event:
    """A call that was made for a request, or a question about it."""
    row = attempt.response
    return shapes.Event(
        at=row.sent_at,
        kind="response",
        text=row.message or Outcome(row.outcome).word.replace("_", " ").capitalize(),
        by=row.origin_word,
        response=str(row.pk),
        status_code=row.status_code,
        outcome=cast("shapes.OutcomeWord", row.outcome_word),
        duration_ms=row.duration_ms,
        changes=list(attempt.changes),
    )


def event_of_deed(deed: AuditEntry) -> shapes.Event:
    """What a person did."""
    text = f"{deed.action}: {deed.reason}" if deed.reason else deed.action
    return shapes.Event(at=deed.at, kind="deed", text=text, by=deed.actor)


def _counts(row: Response | FailedRequest) -> shapes.ItemCounts:
    return shapes.ItemCounts(created=row.items_created, failed=row.items_failed, unknown=row.items_unknown)


def _id(number: int | None) -> str | None:
    return str(number) if number is not None else None
