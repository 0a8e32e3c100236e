"""What is known of an accepted purchase's result, in words. It reads nothing from the database."""

from __future__ import annotations

import msgspec

from responses.models import FollowUp, Response
from responses.views import links
from responses.views.frame import Frame

State = FollowUp.State


class Follow(msgspec.Struct, frozen=True):
    """One sentence, its tone, and where it leads."""

    text: str
    key: str
    icon: str
    url: str = ""
    link: str = ""


_ENDS = {
    State.CREATED: ("Its result: everything was created.", "success", "circle-check"),
    State.PARTIAL: ("Its result: only a part was created.", "partial", "circle-half-2"),
    State.FAILED: ("Its result: nothing was created.", "needs_fix", "alert-circle"),
    State.UNKNOWN: ("Its result never came: nobody knows what became of it.", "unknown", "help-circle"),
}


def of(follow_up: FollowUp, response: Response, page: Frame) -> Follow:
    """Say what is known, seen from the acceptance or from an answer about it."""
    if follow_up.response_id != response.pk:
        url = links.page(page, "response-detail", follow_up.response_id)
        text = "This answer is about an accepted purchase."
        return Follow(text, "accepted", "progress-check", url, "See the purchase")
    return about(follow_up, page)


def about(follow_up: FollowUp, page: Frame) -> Follow:
    """Say what is known of the result."""
    if follow_up.state == State.PENDING:
        asked = f"asked {follow_up.polls} times" if follow_up.polls != 1 else "asked once"
        problem = f" Last time: {follow_up.last_problem}" if follow_up.last_problem else ""
        text = f"Waiting for Ordergroove's result, {asked if follow_up.polls else 'not asked yet'}.{problem}"
        return Follow(text, "accepted", "hourglass-high")
    if follow_up.state == State.UNCONFIRMED:
        text = "Accepted, not confirmed: nobody asks for the result, because there are no credentials to ask with."
        return Follow(text, "accepted", "progress-check")
    text, key, icon = _ENDS[State(follow_up.state)]
    result = follow_up.result_response_id
    url = links.page(page, "response-detail", result) if result else ""
    return Follow(text, key, icon, url, "See the result" if url else "")
