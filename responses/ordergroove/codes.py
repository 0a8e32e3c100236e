"""Every status code of the reference: what it means, who acts, what to do next and how a retry is spaced.

Plain knowledge in our own words. It decides by the code alone; what a body adds is decided in ``meaning``.
"""

from __future__ import annotations

from enum import StrEnum
from http import HTTPStatus
from itertools import accumulate

import msgspec

from responses.exchanges import FailureKind, Outcome
from responses.ordergroove import advices
from responses.ordergroove.schedules import Policy


class Actor(StrEnum):
    """Who has to do something next, in the words of the pages."""

    YOU = "You fix"
    MONITOR = "We retry"
    ORDERGROOVE = "Ordergroove"
    KEY = "Check the key"
    NOBODY = "Nobody"


class CodeInfo(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the code reference: a status code, or a kind of failure to get an answer."""

    code: int | None = None
    failure: FailureKind | None = None
    name: str
    klass: str
    """The word of its outcome: ``success``, ``accepted``, ``partial``, ``needs_fix``, ``transient``, ``no_answer``."""
    meaning: str
    who: Actor
    next_step: str
    delays: tuple[int, ...] = ()
    """The waits between one question for a result and the next, in seconds; empty where nothing is asked."""
    policy: Policy | None = None
    """The schedule by which it is sent again; ``None`` where nothing is sent again by itself."""
    retry: str = ""
    """The default in words, with what the figures leave out."""

    @property
    def label(self) -> str:
        """The code as people write it: ``207``, or ``timeout``."""
        return str(self.code) if self.code is not None else str(self.failure or "")

    @property
    def offsets(self) -> tuple[int, ...]:
        """When the questions are asked, in seconds after the answer."""
        return tuple(accumulate(self.delays))


_SERVER_RETRY = (
    "A Purchase POST is sent again about 1, 3 and 9 minutes after the first failure and once more at 24 hours. "
    "Reads, changes that "
    "set a value and deletions are repeated at most 6 times within an hour. Other POSTs wait for a person: "
    "repeating them "
    "could create something twice."
)
_NO_ANSWER_RETRY = (
    "A Purchase POST is never repeated blindly: first it is looked up whether it arrived. Reads, changes that set "
    "a value and deletions are "
    "repeated at most 6 times within an hour. Other POSTs wait for a person."
)


def _needs_fix(code: int, name: str, meaning: str, next_step: str, who: Actor = Actor.YOU) -> CodeInfo:
    return CodeInfo(code=code, name=name, klass="needs_fix", meaning=meaning, who=who, next_step=next_step)


def _server_error(code: int, name: str, meaning: str) -> CodeInfo:
    return CodeInfo(
        code=code,
        name=name,
        klass="transient",
        meaning=meaning,
        who=Actor.MONITOR,
        next_step=(
            "Nothing is wrong with your request. Wait briefly and send it again unchanged; if it lasts, tell "
            "Ordergroove. "
            "Whether something was created is not certain: the retry keeps its order id, so that it cannot be "
            "created twice."
        ),
        policy=Policy.PURCHASE,
        retry=_SERVER_RETRY,
    )


ALL: tuple[CodeInfo, ...] = (
    CodeInfo(
        code=200,
        name="OK",
        klass="success",
        meaning="The request did what it asked for. Of a Purchase POST it says less: Ordergroove has received it, "
        "no more.",
        who=Actor.NOBODY,
        next_step="Nothing to do. The result of a Purchase POST is fetched by us and shown when it is known.",
    ),
    CodeInfo(
        code=201,
        name="Created",
        klass="success",
        meaning="What the request asked for now exists.",
        who=Actor.NOBODY,
        next_step="Nothing to do.",
    ),
    CodeInfo(
        code=202,
        name="Accepted",
        klass="accepted",
        meaning="Ordergroove is still working on it; the result is not known yet.",
        who=Actor.ORDERGROOVE,
        next_step="Ask again a little later. Where we hold credentials we do so ourselves, for up to an hour.",
        delays=(2, 3, 10, 45, 240),
        retry="The result is asked for after 2, 5, 15 and 60 seconds, then every 5 minutes, for one hour.",
    ),
    CodeInfo(
        code=204,
        name="No Content",
        klass="success",
        meaning="The request did what it asked for, and there is nothing to send back.",
        who=Actor.NOBODY,
        next_step="Nothing to do.",
    ),
    CodeInfo(
        code=206,
        name="Partial Content",
        klass="partial",
        meaning="Some of it was created and some was not, although the code looks like a success.",
        who=Actor.YOU,
        next_step=(
            "Read which products failed and why. Correct those and send only them again, within 24 hours and under a "
            "new order id: what was created must not be sent twice."
        ),
    ),
    CodeInfo(
        code=207,
        name="Partial success (multi-status)",
        klass="partial",
        meaning=(
            "At least one subscription was created and others failed, although the code looks like a success. For bulk "
            "products it is the ordinary answer, and only the items tell."
        ),
        who=Actor.YOU,
        next_step=(
            "Read which products failed and why. Correct those and send only them again, within 24 hours and under a "
            "new order id: what was created must not be sent twice."
        ),
    ),
    _needs_fix(
        400,
        "Bad Request",
        "Something in the request is missing or wrong, and the answer says what. No subscription was created; "
        "customer, "
        "address and payment records may have been.",
        "Correct the field that is named and send the request again within 24 hours, with the same order id. The "
        "same error again and again "
        "points to the integration, not to the order.",
    ),
    _needs_fix(
        401,
        "Unauthorized",
        "The API key, or the signature, is missing, wrong or too old. Nothing was created.",
        "Check that the key belongs to this merchant and environment, and that a signature is less than two hours old. "
        "Then send the request again; for an order, 24 hours count.",
        Actor.KEY,
    ),
    _needs_fix(
        403,
        "Access Denied",
        "The key is known, but may not do this or see this. Nothing was created.",
        "Have the permission added to the key, or use another key; check that the object belongs to this merchant. "
        "Then send the request again; for an order, 24 hours count.",
        Actor.KEY,
    ),
    _needs_fix(
        404,
        "Not Found",
        "The object or the path does not exist. Nothing was created.",
        "Check the id and the path, and that production and staging are not mixed up. Then send the request again.",
    ),
    _needs_fix(
        409,
        "Conflict",
        "An order with this id was received before. Nothing was created by this call.",
        "After a retry this is good news: the earlier one arrived, so look up its result. On a first call the "
        "order id was used twice: find out which order holds "
        "it before you choose a new one, since a new id is not protected against duplicates.",
    ),
    CodeInfo(
        code=423,
        name="Resource in use",
        klass="transient",
        meaning="Another request is changing the same object at this moment. Nothing was changed by this one.",
        who=Actor.MONITOR,
        next_step="Wait a few seconds and send it again unchanged, one request after the other.",
        policy=Policy.LOCKED,
        retry="After 2, 4, 8 seconds and so on up to a minute, at most 8 times, and never two at once on one object.",
    ),
    CodeInfo(
        code=429,
        name="Too Many Requests",
        klass="transient",
        meaning="More requests came from your address than Ordergroove allows in a minute. This one was not looked at.",
        who=Actor.MONITOR,
        next_step="Slow down and send it again unchanged: repeating is safe. If it happens often, spread the calls "
        "or use the bulk endpoints.",
        policy=Policy.LIMITED,
        retry=(
            "After the time that Ordergroove names; else after a random time that grows from 5 seconds to 5 "
            "minutes, at "
            "most 10 times. All calls to the host wait, since the limit counts them together."
        ),
    ),
    _server_error(500, "Internal Server Error", "Something broke on Ordergroove's side."),
    _server_error(502, "Bad Gateway", "Ordergroove's front door got no good answer from the servers behind it."),
    _server_error(
        503, "Service Unavailable", "Ordergroove cannot take requests at the moment: overload or maintenance."
    ),
)


def _no_answer(kind: FailureKind, name: str, meaning: str, next_step: str) -> CodeInfo:
    return CodeInfo(
        failure=kind,
        name=name,
        klass="no_answer",
        meaning=meaning,
        who=Actor.MONITOR,
        next_step=next_step,
        policy=Policy.SAFE,
        retry=_NO_ANSWER_RETRY,
    )


_LOOK_UP = (
    "Do not simply send an order again: look up first whether it was created. Within 24 hours it can still be saved."
)

NO_ANSWER: tuple[CodeInfo, ...] = (
    _no_answer(
        FailureKind.TIMEOUT,
        "Timeout",
        "No answer came in the time that the caller gave it. Ordergroove may have done the work all the same.",
        _LOOK_UP,
    ),
    _no_answer(
        FailureKind.CONNECTION,
        "Connection failed",
        "The connection was refused or broke off. If it broke off late, Ordergroove may have done the work all the "
        "same.",
        f"Check that your network lets the calls out. {_LOOK_UP}",
    ),
    _no_answer(
        FailureKind.TLS,
        "TLS failed",
        "No trusted connection could be made, so the request was never sent and nothing was created.",
        "Check the clock and the certificates of the calling machine, and the host name. Then send it again unchanged.",
    ),
    _no_answer(
        FailureKind.DNS,
        "Host name not found",
        "The name of the host could not be resolved, so the request was never sent and nothing was created.",
        "Check the host name in your settings and the name server of the calling machine. Then send it again "
        "unchanged.",
    ),
    _no_answer(
        FailureKind.PROTOCOL,
        "Unreadable answer",
        "Something came back that is not proper HTTP, or it was cut off. Ordergroove may have done the work all "
        "the same.",
        _LOOK_UP,
    ),
)

_BY_CODE = {info.code: info for info in ALL}
_BY_FAILURE = {info.failure: info for info in NO_ANSWER}


def outcome_of(status_code: int) -> Outcome:
    """Return what a status code means by itself: by the table, else by its hundred."""
    if status_code == 200:
        return Outcome.SUCCESS
    if status_code in (206, 207):
        return Outcome.PARTIAL
    if status_code == 202:
        return Outcome.ACCEPTED
    if 200 <= status_code < 300:
        return Outcome.SUCCESS
    if status_code in (423, 429) or 500 <= status_code < 600:
        return Outcome.TRANSIENT
    # 4xx, and what no API means to answer: 1xx, 3xx and numbers that HTTP does not have point to a wrong base URL.
    return Outcome.NEEDS_FIX


def about(status_code: int | None, failure: FailureKind | None = None) -> CodeInfo:
    """Return the row of a code, or of a failure when there was no answer; unknown codes are explained by their "
    "hundred."""
    if status_code is None:
        return _BY_FAILURE[failure or FailureKind.PROTOCOL]
    return _BY_CODE.get(status_code) or _by_hundred(status_code)


def _by_hundred(code: int) -> CodeInfo:
    name = _phrase(code)
    if 200 <= code < 300:
        success = _BY_CODE[201 if outcome_of(code) is Outcome.SUCCESS else code]
        return msgspec.structs.replace(success, code=code, name=name, meaning="The request did what it asked for.")
    if 500 <= code < 600:
        return msgspec.structs.replace(
            _BY_CODE[500], code=code, name=name, meaning="Ordergroove, or something on the way to it, failed."
        )
    if 400 <= code < 500:
        return _needs_fix(
            code,
            name,
            "Ordergroove refused the request. Nothing was created.",
            "Read the answer, correct the request and send it again; for an order, 24 hours count.",
        )
    return _needs_fix(
        code,
        name,
        "This is not an answer of the API: most likely something else answered, or the API sent the caller elsewhere. "
        "Nothing was created.",
        "Check the base URL in your settings (host, https, path) and whether a proxy answers in Ordergroove's place.",
    )


def _phrase(code: int) -> str:
    try:
        return HTTPStatus(code).phrase
    except ValueError:
        return "Unknown code"


def advice(
    endpoint_name: str,
    status_code: int | None,
    field: str,
    message: str,
    *,
    failure: FailureKind | None = None,
) -> str:
    """Return what to do next about one cause: more exact than the code's ``next_step`` where the complaint is known."""
    exact = advices.find(endpoint_name, status_code, field, message)
    return exact or about(status_code, failure).next_step
