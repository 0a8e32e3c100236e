"""What became of a request, in plain words: for the person who looks it up, and for the customer. Asks no database.

The words for the customer hold nothing but the order's own id and counts: no names, no codes, nothing that others said.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from responses.exchanges import ItemState, Outcome
from responses.insight import exhibits
from responses.insight.lookup import Found
from responses.models import FailedRequest, FollowUp, Item, Resend

State = FailedRequest.State
By = FailedRequest.ResolvedBy
_MOST_ITEMS = 3
_BY = {
    By.RETRY: "It was sent again, and succeeded.",
    By.RESUBMISSION: "A corrected request succeeded.",
    By.CALLER: "A later call of the shop succeeded.",
    By.LOOKUP: "It was looked up at Ordergroove, and is there.",
    By.PERSON: "A person handled it elsewhere.",
}
_RESULTS = {
    FollowUp.State.PENDING: "accepted. Ordergroove's result is awaited.",
    FollowUp.State.UNCONFIRMED: "accepted. Nobody asks for the result, since there are no credentials to ask with.",
    FollowUp.State.CREATED: "everything was created.",
    FollowUp.State.PARTIAL: "only a part was created.",
    FollowUp.State.FAILED: "nothing was created.",
    FollowUp.State.UNKNOWN: "accepted, but the result never came: nobody knows what became of it.",
}


def name_of(found: Found) -> str:
    """Name it: ``Order 1001``, or the call and what it is about."""
    if found.order_id:
        return f"Order {found.order_id}"
    about = found.request or found.latest
    if about is None:
        return "Request"
    kind, colon, name = about.resource_key.partition(":")
    return f"{kind.removesuffix('s').capitalize()} {name}" if colon and " " not in kind else about.endpoint


def answer(found: Found, *, now: datetime, zone: ZoneInfo) -> str:
    """Say what became of it, and until when something can be done."""
    return f"{name_of(found)}: {' '.join(_sentences(found, now=now, zone=zone))}"


def _sentences(found: Found, *, now: datetime, zone: ZoneInfo) -> Iterator[str]:
    request = found.request
    if found.is_over and (request is None or request.state != State.RESOLVED):
        yield _succeeded(found)
    elif request is None:
        yield _without_failure(found)
    elif request.state == State.RESOLVED:
        yield f"done. {_BY[By(request.resolved_by)] if request.resolved_by else ''}".strip()
        if found.correction is not None and found.correction.kept and request.resolved_by == By.RESUBMISSION:
            yield f"{found.correction.kept} kept, {found.correction.sent} sent."
    else:
        yield _what(request)
        if request.state != State.CONFIRMING:
            yield from _complaints(request, found.items)
        yield _next(found, request, now=now, zone=zone)


def _succeeded(found: Found) -> str:
    if not _is_purchase(found):
        return "done."
    count = found.latest.items_created if found.latest is not None else 0
    return f"created, with {count} subscription{'s' * (count != 1)}." if count else "created. Nothing failed."


def _without_failure(found: Found) -> str:
    if found.follow_up is not None:
        return _RESULTS[FollowUp.State(found.follow_up.state)]
    if found.latest is None:
        return "nothing more is kept of it."
    return _closed(found.latest.message or Outcome(found.latest.outcome).word.replace("_", " "))


def _what(request: FailedRequest) -> str:
    """Say what was done of it, in a clause."""
    total = request.items_created + request.items_failed + request.items_unknown
    is_purchase = request.endpoint == exhibits.PURCHASE
    if total:
        noun = "subscription" if is_purchase else "item"
        return f"{request.items_created} of {total} {noun}{'s' * (total != 1)} {'created' if is_purchase else 'done'}."
    done = "created" if is_purchase else "done"
    if request.state == State.UNKNOWN:
        return f"nobody knows whether it was {done}."
    if request.state == State.CONFIRMING:
        return "accepted."
    got = f"Ordergroove answered {request.status_code}" if request.status_code else "no answer came"
    return f"not {done}, {got}."


def _complaints(request: FailedRequest, items: tuple[Item, ...]) -> Iterator[str]:
    yield from _of_items(items)
    if request.message and not any(item.message for item in items):
        yield f"Ordergroove said: {_closed(request.message)}"


def _of_items(items: tuple[Item, ...]) -> Iterator[str]:
    bad = [item for item in items if item.state != ItemState.CREATED]
    for item in bad[:_MOST_ITEMS]:
        name = f"Product {item.product}" if item.product else f"Item {item.position + 1}"
        if item.state == ItemState.UNKNOWN:
            yield f"{name}: nobody knows whether it was created."
        else:
            yield f"{name} was rejected{f': {_closed(item.message)}' if item.message else '.'}"
    if len(bad) > _MOST_ITEMS:
        yield f"So were {len(bad) - _MOST_ITEMS} more."


def _next(found: Found, request: FailedRequest, *, now: datetime, zone: ZoneInfo) -> str:
    """Say what happens next, and until when there is time."""
    at = clock(request.deadline_at, now=now, zone=zone) if request.deadline_at else ""
    live = found.sendings.live
    if request.state == State.RETRYING:
        is_planned = live is not None and live.resend.state == Resend.State.SCHEDULED
        when = f", next at {clock(live.resend.due_at, now=now, zone=zone)}" if live is not None and is_planned else ""
        return f"It is sent again by itself{when}."
    if request.state == State.EXPIRED:
        return "Its 24 hours are over: it must be ordered anew."
    if request.state == State.DISMISSED:
        return f"It was dismissed{f': {_closed(request.reason)}' if request.reason else '.'}"
    if request.state == State.CONFIRMING:
        return "Ordergroove's result is awaited."
    if request.deadline_at is None:
        return "There is no clock."
    if request.deadline_at <= now:
        return f"Its 24 hours ended at {at}."
    words = {
        State.NEEDS_FIX: "Can be fixed until",
        State.UNKNOWN: "Can be decided until",
        State.HELD: "Waits for a person until",
    }
    return f"{words.get(State(request.state), 'Can be sent again until')} {at}."


def on_it(found: Found, *, now: datetime, zone: ZoneInfo) -> list[str]:
    """Say who or what is at it; nothing where nobody is."""
    said: list[str] = []
    request = found.request
    if request is None:
        return said
    if request.assignee is not None:
        said.append(f"It is assigned to {request.assignee.get_username()}.")
    if found.sendings.live is not None and request.is_open:
        said.append(_of_resend(found.sendings.live.resend, now=now, zone=zone))
    if found.correction is not None:
        one = found.correction
        who = one.asked_by.get_username() if one.asked_by else "Somebody"
        what = "sent only the failed" if one.kept else "corrected it"
        said.append(f"{who} {what} at {clock(one.created_at, now=now, zone=zone)}.")
    said += [f"{name} is correcting it now." for name in found.typing]
    if request.state == State.WAITING and request.retry_by == "caller":
        said.append("The shop sends it again by itself.")
    return said


def _of_resend(resend: Resend, *, now: datetime, zone: ZoneInfo) -> str:
    who = f" {resend.asked_by.get_username()} asked for it." if resend.asked_by else ""
    at = clock(resend.due_at, now=now, zone=zone)
    if resend.state == Resend.State.SCHEDULED:
        return f"The monitor sends it again at {at}.{who}"
    if resend.state == Resend.State.HELD:
        return f"Sending it again is held until a person releases it.{who}"
    if resend.state == Resend.State.UNKNOWN:
        return f"It was sent again without an answer. The monitor looks it up at {at}.{who}"
    return f"The monitor is at it at this moment.{who}"


def for_customer(found: Found) -> str:
    """Return sentences that may be sent to the customer as they are."""
    name = "your request" if not _is_purchase(found) else "your order"
    is_shown = found.order_id.isprintable() and "[" not in found.order_id
    name += f" {found.order_id}" if found.order_id and is_shown else ""
    request = found.request
    if _is_done(found):
        return f"Everything is set up for {name}. There is nothing left for you to do."
    if request is None or request.state == State.CONFIRMING:
        return f"We have received {name}, and it is being processed. There is nothing for you to do now."
    total = request.items_created + request.items_failed + request.items_unknown
    if request.items_created and _is_purchase(found):
        told = f"{request.items_created} of {total} subscriptions of {name} are set up. The rest is not yet."
    else:
        told = f"We have received {name}, but it could not be completed yet."
    return f"{told} {_promise(request)}"


def _promise(request: FailedRequest) -> str:
    if request.state == State.EXPIRED:
        return "It has to be ordered once more. We are sorry for the trouble, and help you with it."
    if request.state == State.DISMISSED:
        return "Please write to us if you miss something."
    if request.state == State.UNKNOWN:
        return "We are checking whether it went through. Please do not order it a second time until we know."
    return "We are working on it. Please do not order it a second time."


def _is_done(found: Found) -> bool:
    if found.is_over or (found.request is not None and found.request.state == State.RESOLVED):
        return True
    return found.request is None and found.follow_up is not None and found.follow_up.state == FollowUp.State.CREATED


def _is_purchase(found: Found) -> bool:
    about = found.request or found.latest
    return about.endpoint == exhibits.PURCHASE if about is not None else found.follow_up is not None


def clock(at: datetime, *, now: datetime, zone: ZoneInfo) -> str:
    """The time of day in the viewer's zone, with the day where it is another: ``16:04``, ``Mon 23 Nov, 16:04``."""
    local, today = at.astimezone(zone), now.astimezone(zone).date()
    return f"{local:%H:%M}" if local.date() == today else f"{local:%a} {local.day} {local:%b, %H:%M}"


def _closed(words: str) -> str:
    """One line that ends like a sentence."""
    line = " ".join(words.split())
    return line if line.endswith((".", "!", "?")) else f"{line}."
