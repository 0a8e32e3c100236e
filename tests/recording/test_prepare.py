"""No planted secret stays in the words that stand for a response, however the answer was written."""

from __future__ import annotations

import msgspec
import pytest

from responses.exchanges import Answer
from responses.recording import facts
from responses.recording.prepare import prepare
from tests.factories import NOW, make_exchange, make_integration
from tests.redaction import canaries

pytestmark = pytest.mark.django_db

LONG = {name: secret for name, secret in canaries.LABELLED.items() if name != "cvv"} | canaries.BARE


@pytest.mark.parametrize("written", sorted(canaries.WRITERS))
@pytest.mark.parametrize("status_code", [200, 207, 400, 503])
def test_messages_causes_and_items_hold_no_secret(written: str, status_code: int) -> None:
    everywhere = canaries.document({**canaries.LABELLED, "remark": " and ".join(canaries.BARE.values())})
    body = canaries.WRITERS[written](everywhere)
    exchange = msgspec.structs.replace(make_exchange(), response=Answer(status_code, {}, body))

    prepared = prepare(facts.of(make_integration()), exchange, now=NOW)

    said = [prepared.message, str(prepared.causes), str(prepared.meaning)]
    assert [canaries.surviving(LONG, text) for text in said] == [[], [], []]
