"""Whether something that was sent may have taken effect without our knowing. Then a new order id would be no guard.

In doubt there is doubt: only an answer that was read, and says what became of it, ends one.
"""

from __future__ import annotations

from django.db.models import Q

from responses.exchanges import Origin, Outcome
from responses.models import Attempt, FailedRequest, Item, Response

_LOOKED_AT = 50
_SAY_NOTHING = (423, 429)
"""Nothing was done, and what was doubtful before stays so."""


def in_history(request: FailedRequest) -> bool:
    """Whether any send of this request, ever, may have taken effect without our knowing."""
    sent = Response.objects.filter(failed_request_id=request.pk, origin__lt=Origin.POLL)
    doubtful = Q(status_code=None) | Q(status_code__gte=500) | Q(outcome=Outcome.ACCEPTED)
    return sent.filter(doubtful).exists() or _unread(request, since=0)


def about_last(request: FailedRequest) -> bool:
    """Whether the last send may have taken effect: no answer that tells came after it."""
    rows = Response.objects.filter(failed_request_id=request.pk).order_by("-id")
    for response_id, origin, status_code, outcome in rows.values_list("pk", "origin", "status_code", "outcome")[
        :_LOOKED_AT
    ]:
        if origin >= Origin.POLL:
            if Item.objects.filter(response_id=response_id, failed_request_id=request.pk).exists():
                return _unread(request, since=response_id)
        elif status_code not in _SAY_NOTHING:
            is_doubtful = status_code is None or status_code >= 500 or outcome == Outcome.ACCEPTED
            return is_doubtful or _unread(request, since=response_id)
    return True


def _unread(request: FailedRequest, *, since: int) -> bool:
    """Whether the answer to a send of our own, made after the row ``since``, was never read."""
    unread = Attempt.objects.filter(resend__failed_request_id=request.pk, pk__gt=since, response_id=None)
    return unread.filter(Q(result=Attempt.Result.UNKNOWN) | Q(ended_at=None)).exists()
