"""Nothing that was masked in a request stands in what is kept of its answer, or in an id."""

from __future__ import annotations

import pytest

from responses.exchanges import Failure, FailureKind
from responses.models import FailedRequest, FailureBody, Item, Response
from responses.recording import bodies
from tests.factories import make_exchange, make_integration, make_partial, make_purchase, make_rest, record

pytestmark = pytest.mark.django_db

USER = {"user_id": "00026001", "first_name": "Zaphodius", "last_name": "Beeblebrox", "email": "zaphodius@example.com"}
PAYMENT = {"token_id": "tokcanary8842", "cc_type": "1"}
ECHO = "no customer Zaphodius Beeblebrox with token tokcanary8842 (zaphodius@example.com)"
SECRETS = ("Zaphodius", "Beeblebrox", "tokcanary8842", "zaphodius@example.com")


def stored(response: Response) -> str:
    """Everything that was stored of a response, as one text."""
    row = FailureBody.objects.get(pk=response.pk)
    shown = bodies.unpack(row.codec, row.data)
    texts = [repr(shown), repr(response.__dict__)]
    texts += [repr(row.__dict__) for row in (*FailedRequest.objects.all(), *Item.objects.all())]
    texts += [repr(issue.__dict__) for failed in FailedRequest.objects.all() for issue in failed.issues.all()]
    return "\n".join(texts)


@pytest.mark.parametrize(
    ("answer", "headers"),
    [
        ({"error_message": ECHO}, {"content-type": "application/json"}),
        ({"user": [ECHO], "payment": {"token_id": [ECHO]}}, {"content-type": "application/json"}),
        (ECHO.encode(), {"content-type": "text/plain"}),
        (f"<html><title>{ECHO}</title><body>{ECHO}</body></html>".encode(), {"content-type": "text/html"}),
    ],
)
def test_what_an_answer_quotes_of_its_request_is_masked(answer: object, headers: dict[str, str]) -> None:
    request = make_purchase("1001", user=USER, payment=PAYMENT)
    [response] = record(make_integration(), make_exchange(request, 400, answer))
    assert not [secret for secret in SECRETS if secret in stored(response)]
    assert "1001" in stored(response)


def test_what_a_failure_quotes_is_masked() -> None:
    request = make_purchase("1001", user=USER, payment=PAYMENT)
    failure = Failure(FailureKind.TIMEOUT, ECHO)
    [response] = record(make_integration(), make_exchange(request, response=None, failure=failure))
    assert not [secret for secret in SECRETS if secret in stored(response)]


def test_an_address_used_as_an_id_is_stored_nowhere() -> None:
    mail = "ford.prefect@example.com"
    shop = make_integration()
    exchanges = [
        make_exchange(make_purchase(mail, user={"user_id": mail}), 400, request_id=mail),
        make_exchange(make_rest(f"/customers/{mail}/"), 404),
        make_exchange(make_rest(f"/nowhere/{mail}/"), 404),
    ]
    responses = record(shop, *exchanges)
    assert not [response for response in responses if mail in stored(response)]
    assert len({response.request_key for response in responses}) == 3


def test_ids_that_are_nobodys_stay_as_they_are() -> None:
    [response] = record(make_integration(), make_partial("100045"))
    assert (response.order_id, response.customer_id, response.resource_key) == ("100045", "00026001", "order:100045")
    assert {item.product for item in Item.objects.all()} == {"77", "88"}
