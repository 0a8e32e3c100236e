"""Every error of the API as a problem document (RFC 9457), whoever found it: we, django-ninja, or Django itself.

``middleware`` stands outermost: whatever a stage below answers, no error under ``/api/`` leaves as HTML.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError

from responses.intake import problems
from responses.intake.problems import Pointed
from responses.sending.guard import Reason

PREFIX = "/api/"
_NOT_KEPT = ("content-type", "content-length", "content-encoding")
_DETAILS = {
    400: "The request cannot be read.",
    403: "You may not do this.",
    404: "There is nothing here that you may see.",
    405: "This resource does not take this method.",
    413: "The body is too large.",
    500: "The monitor failed to answer. The failure is in its log, under this request_id.",
    503: "The database does not answer now. Nothing was changed: try again.",
}
_STATUSES: dict[type[Exception], int] = {
    Http404: 404,
    PermissionDenied: 403,
    RequestDataTooBig: 413,
    OperationalError: 503,
    InterfaceError: 503,
}


class Refused(Exception):
    """The request cannot be answered as asked. ``errors`` names fields (dotted) and what is wrong with each;
    ``reasons`` say, each with a word for programs, why something may not be done now.
    """

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        errors: Mapping[str, Sequence[str]] | None = None,
        reasons: Sequence[Reason] = (),
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.errors = errors or {}
        self.reasons = reasons


def not_found(what: str) -> Refused:
    """The refusal for what does not exist, or belongs to an integration that the person may not see."""
    return Refused(404, f"There is no such {what}, or you may not see it.")


def invalid(errors: Mapping[str, Sequence[str]]) -> Refused:
    """The refusal for values that do not fit."""
    return Refused(422, "The request has values that do not fit.", errors=errors)


def answer(
    request: HttpRequest,
    status: int,
    *,
    detail: str = "",
    errors: Mapping[str, Sequence[str]] | None = None,
    reasons: Sequence[Reason] = (),
) -> HttpResponse:
    """The problem document as an answer."""
    detail = detail or _DETAILS.get(status) or _DETAILS[400 if status < 500 else 500]
    request_id = request.META.get("HTTP_X_REQUEST_ID", "")
    pointed = [Pointed("", reason.words, reason.code) for reason in reasons]
    body = problems.render(status, detail=detail, errors=errors, pointed=pointed, request_id=request_id)
    made = HttpResponse(body, status=status, content_type=problems.MEDIA_TYPE)
    if status == 503:
        made["Retry-After"] = "2"
    return made


def middleware(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Put a problem document in the place of any other error page, and answer HEAD as GET without its body."""

    def respond(request: HttpRequest) -> HttpResponse:
        if not request.path_info.startswith(PREFIX):
            return get_response(request)
        is_head = request.method == "HEAD"
        if is_head:
            request.method = "GET"
        found = get_response(request)
        if found.status_code >= 400 and found.get("Content-Type", "") != problems.MEDIA_TYPE:
            found = _in_place_of(found, request)
        if found.status_code >= 400 or "Cache-Control" not in found:
            found["Cache-Control"] = "no-store"
        if is_head:
            request.method = "HEAD"
            found["Content-Length"] = str(len(found.content))
            found.content = b""
        return found

    return respond


def _in_place_of(found: HttpResponse, request: HttpRequest) -> HttpResponse:
    made = answer(request, found.status_code)
    for name, value in found.items():
        if name.lower() not in _NOT_KEPT:
            made[name] = value
    return made


def handle_with(api: NinjaAPI) -> None:
    """Make ``api`` answer its errors so. What nobody foresaw is raised: Django logs it, the middleware words it."""
    api.add_exception_handler(Exception, _raise)
    api.add_exception_handler(Refused, _refused)
    for error, status in _STATUSES.items():
        api.add_exception_handler(error, _answering(status))
    api.add_exception_handler(AuthenticationError, _unauthorized)
    api.add_exception_handler(HttpError, _http_error)
    api.add_exception_handler(ValidationError, _not_valid)


def _answering(status: int) -> Callable[[HttpRequest, Any], HttpResponse]:
    def handle(request: HttpRequest, exc: Any) -> HttpResponse:  # noqa: ARG001
        return answer(request, status)

    return handle


def _raise(request: HttpRequest, exc: Any) -> HttpResponse:  # noqa: ARG001
    raise exc


def _refused(request: HttpRequest, exc: Any) -> HttpResponse:
    return answer(request, exc.status, detail=exc.detail, errors=exc.errors, reasons=exc.reasons)


def _unauthorized(request: HttpRequest, exc: Any) -> HttpResponse:  # noqa: ARG001
    detail = "Send the header field Authorization: Bearer <API token>, with a token of this monitor that is in use."
    made = answer(request, 401, detail=detail)
    made["WWW-Authenticate"] = 'Bearer realm="api"'
    return made


def _http_error(request: HttpRequest, exc: Any) -> HttpResponse:
    if isinstance(exc.__cause__, Refused):
        return _refused(request, exc.__cause__)
    return answer(request, exc.status_code)


def _not_valid(request: HttpRequest, exc: Any) -> HttpResponse:
    errors: dict[str, list[str]] = {}
    for error in exc.errors:
        # The first part says where it stood (query, path, body), the second is the name of our own argument.
        names = [str(part) for part in error["loc"][1:] if part not in ("asked", "body")]
        errors.setdefault(".".join(names), []).append(_sentence(error["msg"]))
    refused = invalid(errors)
    return answer(request, refused.status, detail=refused.detail, errors=refused.errors)


def _sentence(words: str) -> str:
    words = words.removeprefix("Value error, ")
    return words if words.endswith(".") else f"{words}."
