from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from responses.exchanges import Outcome
from responses.models import (
    FailedRequest,
    FailureBody,
    FollowUp,
    Integration,
    Issue,
    OutcomeHour,
    Response,
    SuccessBody,
)
from responses.recording import bodies
from responses.sandbox import server as sandbox
from responses.sandbox.server import Running
from responses.sending import credentials
from tests.following.buying import KEY, after, asked, buy, make_shop, poll_at

pytestmark = pytest.mark.django_db

State = FollowUp.State


def test_a_pending_result_is_asked_for_on_the_schedule(box: Running) -> None:
    box.control(pending_seconds=60)
    bought = buy(make_shop(box), box, "1010")
    for at, following in ((2, 5), (5, 15), (15, 60), (60, 360), (360, 660)):
        poll_at(after(at))
        bought.refresh_from_db()
        assert (bought.state, bought.next_poll_at, bought.last_problem) == (State.PENDING, after(following), "")
    assert asked(box) == bought.polls == 5
    box.control(pending_seconds=0)
    assert Response.objects.filter(outcome=Outcome.ACCEPTED).count() == 6
    assert OutcomeHour.objects.get().responses == 1


def test_nothing_is_asked_before_its_time(box: Running) -> None:
    buy(make_shop(box), box, "1011")
    poll_at(after(1.9))
    assert asked(box) == 0


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ("404", "404 Not Found"),
        ("500-html", "500 Internal Server Error"),
        ("503-empty", "503 Service Unavailable"),
        ("302", "302"),
        ("200-html", "tells no result"),
        ("200-garbage", "tells no result"),
        ("200-broken", "tells no result"),
        ("200-type", "tells no result"),
        ("200-deep", "tells no result"),
        ("200-empty", "tells no result"),
        ("204", "204"),
        ("big", "longer than 2 MiB"),
        ("bomb", "longer than 2 MiB"),
        ("close", "closed the connection"),
        ("reset", "The connection broke"),
        ("garbage", "not HTTP"),
        ("cut", "closed the connection"),
    ],
)
def test_an_answer_that_tells_nothing_is_recorded_and_asked_for_again(box: Running, answer: str, words: str) -> None:
    bought = buy(make_shop(box), box, "1012")
    box.control(next=[{"answer": answer, "method": "GET"}])
    assert poll_at(after(2)) == frozenset()
    bought.refresh_from_db()
    assert bought.state == State.PENDING
    assert words in bought.last_problem
    assert bought.next_poll_at is not None
    assert bought.next_poll_at > after(2)
    assert Response.objects.filter(origin=6).count() == 1
    assert not FailedRequest.objects.exists()
    assert not Issue.objects.exists()
    poll_at(after(100))
    bought.refresh_from_db()
    assert bought.state == State.CREATED


@pytest.mark.slow
def test_a_server_that_hangs_costs_no_more_than_the_deadline(box: Running) -> None:
    shop = make_shop(box)
    hanging, other = buy(shop, box, "1013"), buy(shop, box, "1014")
    FollowUp.objects.filter(pk=other.pk).update(next_poll_at=after(1.5))
    box.control(next=[{"answer": "ok", "method": "GET", "path": f"/subscription/{other.subs_req_id}"},
                      {"answer": "hang", "method": "GET"}])  # fmt: skip
    poll_at(after(2), seconds=0.3)
    hanging.refresh_from_db()
    other.refresh_from_db()
    assert (hanging.state, other.state) == (State.PENDING, State.CREATED)
    assert hanging.last_problem == "No whole answer within 0.3 s."


def test_problems_in_a_row_are_asked_about_less_and_less(box: Running) -> None:
    bought = buy(make_shop(box, follow_schedule=[1]), box, "1015")
    box.control(outage="500")
    waits: list[float] = []
    for _ in range(8):
        bought.refresh_from_db()
        assert bought.next_poll_at is not None
        at = bought.next_poll_at
        poll_at(at)
        bought.refresh_from_db()
        waits.append(bought.next_poll_at.timestamp() - at.timestamp())
    assert waits == [3, 5, 10, 20, 40, 80, 150, 150]


def test_a_refused_key_is_asked_about_once_in_five_minutes(box: Running) -> None:
    shop = make_shop(box, api_key="a-revoked-key-000000")
    first = buy(shop, box, "1020")
    poll_at(after(2))
    first.refresh_from_db()
    shop.refresh_from_db()
    assert (first.state, first.last_problem) == (State.PENDING, "401 Unauthorized: check the key.")
    assert (shop.follow_paused_until, shop.follow_problem) == (after(302), "401 Unauthorized: check the key.")
    for number in range(25):
        buy(shop, box, f"10200{number}", now=after(3))
    for at in (5, 60, 200, 301):
        poll_at(after(at))
    assert asked(box) == 1
    for at in (303, 305, 306):
        poll_at(after(at))
    assert asked(box) == 2
    box.control(api_keys=["a-revoked-key-000000"])
    poll_at(after(700))
    shop.refresh_from_db()
    assert (asked(box), shop.follow_problem, shop.follow_paused_until) == (3, "", None)
    poll_at(after(702))
    assert asked(box) == 23
    poll_at(after(704))
    assert not FollowUp.objects.exclude(state=State.CREATED).exists()


def test_a_403_is_asked_about_again_after_five_minutes(box: Running) -> None:
    shop = make_shop(box)
    bought = buy(shop, box, "1021")
    box.control(next=[{"answer": "403", "method": "GET"}])
    poll_at(after(2))
    bought.refresh_from_db()
    shop.refresh_from_db()
    assert (bought.next_poll_at, shop.follow_problem) == (after(360), "")


def test_a_429_is_heeded_by_everybody_on_the_host(box: Running) -> None:
    shop, other, elsewhere = make_shop(box), make_shop(box), make_shop(box)
    Integration.objects.filter(pk=elsewhere.pk).update(hosts={"sc": "http://127.0.0.1:1"})
    bought = buy(shop, box, "1022")
    box.control(retry_after=90, next=[{"answer": "429-seconds", "method": "GET"}])
    poll_at(after(2))
    paused = Integration.objects.filter(follow_paused_until=after(92))
    assert set(paused.values_list("pk", flat=True)) == {shop.pk, other.pk}
    buy(other, box, "1023")
    poll_at(after(80))
    assert asked(box) == 1
    bought.refresh_from_db()
    assert bought.next_poll_at == after(360)


def test_the_older_scheme_asks_for_the_customer(box: Running) -> None:
    shop = make_shop(box, api_key="")
    credentials.keep_hash_key(shop, "sandbox-hash-key")
    shop.save()
    box.control(credentials="optional")
    bought = buy(shop, box, "1024")
    # The signature holds for two hours, and the sandbox looks at the real time.
    FollowUp.objects.update(give_up_at=datetime.now(UTC) + timedelta(hours=1))
    poll_at(datetime.now(UTC))
    bought.refresh_from_db()
    assert bought.state == State.CREATED
    assert box.ledger("/subscription/")[-1].key.startswith("hmac ")


def test_what_cannot_be_signed_is_put_aside(box: Running) -> None:
    shop = make_shop(box, api_key="")
    credentials.keep_hash_key(shop, "sandbox-hash-key")
    shop.save()
    bought = buy(shop, box, "1025")
    FollowUp.objects.update(customer_id="")
    poll_at(after(2))
    bought.refresh_from_db()
    assert (bought.state, bought.next_poll_at) == (State.UNCONFIRMED, None)
    assert "names none" in bought.last_problem


@pytest.mark.parametrize("subs_req_id", ["..", ".", "a/b", "a%2fb", "../../customers", "a\\b", "a\x01b"])
def test_an_id_that_could_change_the_path_is_never_asked_for(box: Running, subs_req_id: str) -> None:
    shop = make_shop(box)
    bought = buy(shop, box, "1026")
    FollowUp.objects.update(subs_req_id=subs_req_id)
    poll_at(after(2))
    bought.refresh_from_db()
    assert bought.state == State.UNCONFIRMED
    assert asked(box) == 0


def test_credentials_that_cannot_be_opened_pause_the_asking(box: Running) -> None:
    shop = make_shop(box)
    bought = buy(shop, box, "1027")
    Integration.objects.update(api_key_sealed=b"of a key that has gone")
    poll_at(after(2))
    shop.refresh_from_db()
    bought.refresh_from_db()
    assert shop.follow_paused_until == after(302)
    assert "SEAL_KEYS" in shop.follow_problem
    assert (bought.state, bought.polls) == (State.PENDING, 0)


def test_the_question_goes_to_the_integrations_own_host(box: Running) -> None:
    """Wherever the recorded purchase went."""
    with sandbox.running() as elsewhere:
        shop = make_shop(box)
        bought = buy(shop, box, "1028")
        Integration.objects.filter(pk=shop.pk).update(hosts={"sc": elsewhere.url})
        poll_at(after(2))
        assert (asked(box), asked(elsewhere)) == (0, 1)
    bought.refresh_from_db()
    assert bought.state == State.PENDING


def test_no_key_gets_into_what_is_stored(box: Running) -> None:
    shop = make_shop(box)
    buy(shop, box, "1029", "tea", "fail-quantity")
    poll_at(after(2))
    kept = [*SuccessBody.objects.values_list("codec", "data"), *FailureBody.objects.values_list("codec", "data")]
    assert len(kept) == 2
    for codec, data in kept:
        assert KEY not in repr(bodies.unpack(codec, bytes(data)))
