from __future__ import annotations

import pytest

from responses.exchanges import Answer, Exchange, Failure, FailureKind, Request
from responses.following import verdicts
from responses.following.verdicts import Verdict
from tests.factories import NOW


def verdict(status_code: int, **headers: str) -> Verdict:
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    return verdicts.of(Exchange(request=Request("GET", ""), response=Answer(status_code, named)), now=NOW)


def test_a_pending_result_is_no_problem() -> None:
    assert verdict(202) == Verdict(is_heard=True)
    assert verdict(202, retry_after="7") == Verdict(is_heard=True, wait=7)


def test_refused_credentials_pause_the_account() -> None:
    found = verdict(401)
    assert (found.pause, found.is_refused, found.is_limited, found.is_heard) == (300, True, False, False)
    assert found.problem == "401 Unauthorized: check the key."


def test_a_403_lets_only_this_one_wait() -> None:
    found = verdict(403)
    assert (found.pause, found.wait, found.is_refused) == (0, 300, True)


@pytest.mark.parametrize(
    ("retry_after", "seconds"),
    [("30", 30), ("0", 1), ("86400", 3600), ("Sun, 22 Nov 2026 12:02:00 GMT", 120), ("shortly", 60), ("", 60)],
)
def test_a_429_pauses_the_host_for_as_long_as_it_asks(retry_after: str, seconds: float) -> None:
    found = verdict(429, retry_after=retry_after)
    assert (found.pause, found.is_limited, found.is_heard) == (seconds, True, False)


@pytest.mark.parametrize("status_code", [200, 206, 207])
def test_a_result_code_without_a_result_is_a_problem(status_code: int) -> None:
    assert verdict(status_code).problem.endswith("but the answer tells no result.")


@pytest.mark.parametrize("status_code", [100, 204, 302, 404, 500, 502, 503, 599, 999])
def test_any_other_code_is_a_problem_in_words(status_code: int) -> None:
    found = verdict(status_code)
    assert found.problem.startswith(str(status_code))
    assert (found.pause, found.is_refused) == (0, False)


def test_a_503_may_ask_to_wait() -> None:
    assert verdict(503, retry_after="90").wait == 90


def test_no_answer_is_a_problem_in_its_own_words() -> None:
    failure = Failure(FailureKind.TIMEOUT, "No whole answer within 10 s.")
    assert verdicts.of(Exchange(request=Request("GET", ""), failure=failure), now=NOW).problem == failure.message
    assert verdicts.of(Exchange(request=Request("GET", ""), failure=Failure(FailureKind.DNS)), now=NOW).problem
