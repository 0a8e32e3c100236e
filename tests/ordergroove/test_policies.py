"""When what failed is sent again: the table of the API's document, and what must hold for any schedule and chance."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from responses.ordergroove import endpoints, policies
from responses.ordergroove.policies import Next, Policy, Schedules
from responses.ordergroove.schedules import Growing, Lasting, Timed

FIRST = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
DEADLINE = FIRST + timedelta(hours=24)
PURCHASE = endpoints.match("POST", "sc", "/subscription/create").endpoint
CANCEL = endpoints.match("PATCH", "restapi", "/subscriptions/1/cancel/").endpoint
READ = endpoints.match("GET", "restapi", "/subscriptions/").endpoint
UPSERT = endpoints.match("POST", "restapi", "/items/iu/").endpoint
UNKNOWN = endpoints.match("GET", "restapi", "/never-heard-of/").endpoint

GROWING = [Policy.LOCKED, Policy.LIMITED, Policy.SAFE]
AUTOMATIC = [*GROWING, Policy.PURCHASE]
chance = st.floats(0, 1)


@st.composite
def some_schedules(draw: st.DrawFn) -> Schedules:
    """Any schedules that the form would accept."""

    def growing(least: int) -> tuple[int, int, int]:
        first = draw(st.integers(least, 3600))
        return first, draw(st.integers(first, 3600)), draw(st.integers(0, 20))

    times = [draw(st.integers(60, 7200))]
    for _ in range(draw(st.integers(0, 7))):
        times.append(times[-1] + draw(st.integers(60, 7200)))
    schedules = Schedules(
        locked=Growing(*growing(1)),
        limited=Growing(*growing(1)),
        purchase=Timed(tuple(times), draw(st.booleans())),
        safe=Lasting(*growing(60), within=draw(st.integers(300, 86_400))),
    )
    assert Schedules.problems(schedules.changes()) == []
    return schedules


def plan(
    policy: Policy,
    sends: int = 0,
    *,
    schedules: Schedules | None = None,
    now: datetime | None = None,
    deadline_at: datetime | None = DEADLINE,
    retry_after: float | None = None,
    random: float = 0.0,
    most: int | None = None,
) -> Next | None:
    return policies.next_send(
        schedules or Schedules(),
        policy,
        sends=sends,
        first_failed_at=FIRST,
        now=now or FIRST,
        deadline_at=deadline_at,
        retry_after=retry_after,
        random=random,
        most=most,
    )


def sure(found: Next | None) -> Next:
    assert found is not None
    return found


def waits(policy: Policy, *, random: float = 0.0) -> list[float]:
    """The seconds between the sends of a series whose every answer comes at once."""
    found: list[float] = []
    now = FIRST
    while (following := plan(policy, len(found), now=now, random=random)) is not None:
        found.append((following.due_at - now).total_seconds())
        now = following.due_at
    return found


# --- which class ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("endpoint", "status_code", "policy"),
    [
        (PURCHASE, 423, Policy.LOCKED),
        (PURCHASE, 429, Policy.LIMITED),
        (PURCHASE, 500, Policy.PURCHASE),
        (PURCHASE, 503, Policy.PURCHASE),
        (PURCHASE, 599, Policy.PURCHASE),
        (PURCHASE, None, Policy.PURCHASE),
        (CANCEL, 423, Policy.LOCKED),
        (CANCEL, 502, Policy.SAFE),
        (CANCEL, None, Policy.SAFE),
        (READ, 429, Policy.LIMITED),
        (READ, 504, Policy.SAFE),
    ],
)
def test_a_transient_failure_has_the_class_of_the_table(
    endpoint: endpoints.Endpoint, status_code: int | None, policy: Policy
) -> None:
    found = policies.policy_for(
        status_code=status_code, never_left=False, endpoint=endpoint, method=endpoint.method.lower()
    )

    assert found is policy


@pytest.mark.parametrize("status_code", [100, 200, 202, 207, 301, 400, 401, 403, 404, 408, 409, 422, 451, 600, 999])
def test_what_somebody_must_change_is_never_sent_again_by_itself(status_code: int) -> None:
    for endpoint in (PURCHASE, CANCEL, READ, UPSERT, UNKNOWN):
        found = policies.policy_for(
            status_code=status_code, never_left=False, endpoint=endpoint, method=endpoint.method
        )
        assert found is None


@pytest.mark.parametrize("status_code", [423, 429, 500, 503, None])
@pytest.mark.parametrize("never_left", [False, True])
def test_what_is_not_safe_to_repeat_waits_for_a_person(status_code: int | None, never_left: bool) -> None:
    for endpoint in (UPSERT, UNKNOWN):
        found = policies.policy_for(
            status_code=status_code, never_left=never_left, endpoint=endpoint, method=endpoint.method
        )
        assert found is None


def test_what_never_left_follows_the_same_schedule_and_has_no_code() -> None:
    def policy(status_code: int | None) -> Policy | None:
        return policies.policy_for(status_code=status_code, never_left=True, endpoint=PURCHASE, method="POST")

    assert policy(None) is Policy.PURCHASE
    assert policy(503) is None


def test_a_method_that_is_not_the_endpoints_is_never_sent_again() -> None:
    assert policies.policy_for(status_code=503, never_left=False, endpoint=CANCEL, method="POST") is None


def test_only_endpoints_that_are_safe_to_repeat_have_a_class() -> None:
    for endpoint in endpoints.known():
        found = policies.policy_for(status_code=503, never_left=False, endpoint=endpoint, method=endpoint.method)
        assert (found is not None) == endpoint.safe_to_repeat


# --- the table ------------------------------------------------------------------------------------------------------


def test_a_locked_object_is_asked_after_2_4_8_up_to_60_seconds_at_most_8_times() -> None:
    assert waits(Policy.LOCKED) == [2, 4, 8, 16, 32, 60, 60, 60]
    assert waits(Policy.LOCKED, random=1.0) == waits(Policy.LOCKED)


def test_too_many_requests_wait_from_5_seconds_up_to_5_minutes_at_most_10_times() -> None:
    assert waits(Policy.LIMITED) == [5] * 10
    assert waits(Policy.LIMITED, random=1.0) == [10, 20, 40, 80, 160, 300, 300, 300, 300, 300]


def test_a_purchase_is_sent_after_1_3_and_9_minutes_and_once_at_24_hours() -> None:
    times = [timedelta(minutes=1), timedelta(minutes=3), timedelta(minutes=9), timedelta(hours=24)]
    now = FIRST
    for sends, time in enumerate(times):
        found = sure(plan(Policy.PURCHASE, sends, now=now))
        assert found.due_at == FIRST + time
        now = found.due_at
    assert plan(Policy.PURCHASE, 4, now=now) is None


def test_a_read_or_a_setter_is_sent_at_most_6_times_within_an_hour() -> None:
    assert waits(Policy.SAFE) == [60, 120, 240, 480, 900, 900]
    assert len(waits(Policy.SAFE, random=1.0)) == 6
    assert sum(waits(Policy.SAFE, random=1.0)) <= 3600


def test_the_last_attempt_has_a_quarter_of_an_hour_after_the_deadline_and_the_others_none() -> None:
    last = sure(plan(Policy.PURCHASE, 3, now=FIRST + timedelta(minutes=10)))

    assert last.expires_at == DEADLINE + timedelta(minutes=15)
    assert sure(plan(Policy.PURCHASE, 0)).expires_at == DEADLINE
    assert sure(plan(Policy.LOCKED, 0)).expires_at == DEADLINE
    assert sure(plan(Policy.SAFE, 0, deadline_at=None)).expires_at is None


def test_what_failed_together_does_not_come_back_together() -> None:
    for policy in (Policy.PURCHASE, Policy.LIMITED, Policy.SAFE):
        dues = {sure(plan(policy, random=nth / 10)).due_at for nth in range(10)}
        assert len(dues) == 10


def test_nine_minutes_stay_within_the_ten_that_are_advised() -> None:
    found = sure(plan(Policy.PURCHASE, 2, now=FIRST + timedelta(minutes=3), random=1.0))

    assert found.due_at - FIRST <= timedelta(minutes=10)


def test_a_late_answer_moves_the_next_purchase_a_minute_away() -> None:
    now = FIRST + timedelta(seconds=175)

    assert sure(plan(Policy.PURCHASE, 1, now=now)).due_at == now + timedelta(seconds=60)


def test_after_the_time_before_the_deadline_has_passed_only_the_last_attempt_is_left() -> None:
    found = sure(plan(Policy.PURCHASE, 1, now=DEADLINE - timedelta(seconds=30)))

    assert found.due_at == DEADLINE


def test_the_24_hour_attempt_happens_once() -> None:
    for sends in range(4):
        for after in (0, 30, 600, 86_400):
            assert plan(Policy.PURCHASE, sends, now=DEADLINE + timedelta(seconds=after)) is None


def test_a_lock_met_by_the_24_hour_attempt_ends_the_series() -> None:
    assert plan(Policy.LOCKED, 4, now=DEADLINE + timedelta(seconds=5), most=8) is None


def test_in_a_mixed_series_the_sends_count_together_and_the_largest_number_holds() -> None:
    now = FIRST + timedelta(minutes=4)

    assert sure(plan(Policy.LOCKED, 3, now=now, most=8)).due_at == now + timedelta(seconds=16)
    assert sure(plan(Policy.PURCHASE, 6, now=now, most=8)).due_at == DEADLINE
    assert plan(Policy.PURCHASE, 8, now=now, most=8) is None


def test_a_persons_own_retry_is_one_send_at_once() -> None:
    assert sure(plan(Policy.PERSON)).due_at == FIRST
    assert plan(Policy.PERSON, 1) is None
    assert policies.max_sends(Schedules(), Policy.PERSON) == 1


def test_the_numbers_that_must_fit_together_fit() -> None:
    assert policies.LEASE.total_seconds() == 120
    assert policies.STALL < policies.LEASE < policies.SETTLE


# --- the reasons ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("found", "why"),
    [
        (plan(Policy.PURCHASE, 0), "1st of 4: about 1 minute after the first failure"),
        (plan(Policy.PURCHASE, 1, random=0.5), "2nd of 4: about 3 minutes after the first failure"),
        (plan(Policy.PURCHASE, 3), "4th of 4: 24 hours after the first failure, and then no more"),
        (plan(Policy.LOCKED, 2), "3rd of 8: after 8 seconds, because the object was in use"),
        (plan(Policy.LOCKED, 5), "6th of 8: after 1 minute, because the object was in use"),
        (plan(Policy.LIMITED, 0, retry_after=30), "1st of 10: Ordergroove asked to wait 30 seconds"),
        (plan(Policy.LIMITED, 1, retry_after=3600), "2nd of 10: Ordergroove asked to wait 1 hour"),
        (plan(Policy.SAFE, 0, retry_after=200), "1st of 6: Ordergroove asked to wait about 3 minutes"),
        (plan(Policy.PERSON), "A person asked for it."),
    ],
)
def test_the_reason_is_said_in_plain_words(found: Next, why: str) -> None:
    assert found.why == why


@pytest.mark.parametrize(
    ("number", "words"), [(1, "1st"), (2, "2nd"), (3, "3rd"), (4, "4th"), (11, "11th"), (13, "13th"), (21, "21st")]
)
def test_an_ordinal_is_spelled_right(number: int, words: str) -> None:
    assert policies.ordinal(number) == words


@given(st.sampled_from(AUTOMATIC), st.integers(0, 20), some_schedules(), chance, st.floats(0, 1e9))
def test_a_reason_fits_its_column(
    policy: Policy, sends: int, schedules: Schedules, random: float, retry_after: float
) -> None:
    found = plan(policy, sends, schedules=schedules, random=random, retry_after=retry_after)

    assert found is None or 0 < len(found.why) <= 300


# --- Retry-After ----------------------------------------------------------------------------------------------------


@given(st.floats(1, 3600), chance)
def test_retry_after_is_honoured_from_a_second_to_an_hour(seconds: float, random: float) -> None:
    for policy in AUTOMATIC:
        found = sure(plan(policy, retry_after=seconds, random=random))
        waited = (found.due_at - FIRST).total_seconds()
        assert waited >= seconds - 1e-5
        assert waited <= max(3600, sure(plan(policy, random=random)).due_at.timestamp() - FIRST.timestamp())


def test_a_429_waits_no_longer_than_it_was_asked_to() -> None:
    assert sure(plan(Policy.LIMITED, 9, retry_after=1, random=0.0)).due_at == FIRST + timedelta(seconds=1)


def test_other_classes_are_never_hurried_by_retry_after() -> None:
    for policy in (Policy.PURCHASE, Policy.SAFE, Policy.LOCKED):
        assert plan(policy, retry_after=1) == plan(policy)


@pytest.mark.parametrize("nonsense", [-1.0, -1e300, float("nan"), float("inf"), float("-inf"), None])
def test_a_wait_that_is_none_is_ignored(nonsense: float | None) -> None:
    for policy in AUTOMATIC:
        assert plan(policy, retry_after=nonsense, random=0.3) == plan(policy, random=0.3)


@pytest.mark.parametrize(("asked", "waited"), [(0.0, 1.0), (0.2, 1.0), (7200.0, 3600.0), (1e300, 3600.0)])
def test_a_wait_out_of_bounds_is_cut(asked: float, waited: float) -> None:
    assert sure(plan(Policy.LIMITED, retry_after=asked)).due_at == FIRST + timedelta(seconds=waited)


# --- what must always hold ------------------------------------------------------------------------------------------

LEAST_GAP = {Policy.LOCKED: 1.0, Policy.LIMITED: 1.0, Policy.PURCHASE: 60.0, Policy.SAFE: 60.0}


@given(
    policy=st.sampled_from(AUTOMATIC),
    schedules=some_schedules(),
    sends=st.integers(-1, 9),
    seconds=st.floats(0, 1200) | st.floats(0, 2 * 86_400),
    deadline=st.none() | st.floats(0, 86_400),
    retry_after=st.none() | st.floats(),
    random=chance,
)
@example(Policy.PURCHASE, Schedules(), 3, 600.0, 86_400.0, None, 1.0)
@example(Policy.PURCHASE, Schedules(), 1, 86_390.0, 86_400.0, 3600.0, 1.0)
def test_a_time_is_far_enough_and_not_too_late(
    policy: Policy,
    schedules: Schedules,
    sends: int,
    seconds: float,
    deadline: float | None,
    retry_after: float | None,
    random: float,
) -> None:
    now = FIRST + timedelta(seconds=seconds)
    deadline_at = None if deadline is None else FIRST + timedelta(seconds=deadline)
    found = plan(
        policy, sends, schedules=schedules, now=now, deadline_at=deadline_at, retry_after=retry_after, random=random
    )
    if found is None:
        return

    is_last = policy is Policy.PURCHASE and found.due_at >= FIRST + timedelta(hours=24)
    assert 0 <= sends < policies.max_sends(schedules, policy)
    if is_last:
        # The day was not over when it was planned, so it cannot be planned twice.
        assert now < FIRST + timedelta(hours=24)
        assert schedules.purchase.after_a_day
    else:
        assert (found.due_at - now).total_seconds() >= LEAST_GAP[policy] - 1e-5
        assert deadline_at is None or found.due_at <= deadline_at
    assert found.due_at > now
    assert found.expires_at is None or found.due_at <= found.expires_at
    if found.expires_at is not None and deadline_at is not None:
        assert found.expires_at - deadline_at == (timedelta(minutes=15) if is_last else timedelta(0))


@given(st.sampled_from(AUTOMATIC), some_schedules(), st.lists(chance, min_size=25, max_size=25))
def test_every_series_ends(policy: Policy, schedules: Schedules, chances: list[float]) -> None:
    now, dues = FIRST, []
    for sends, random in enumerate(chances):
        found = plan(policy, sends, schedules=schedules, now=now, random=random)
        if found is None:
            break
        dues.append(found.due_at)
        now = found.due_at

    assert len(dues) <= policies.max_sends(schedules, policy) <= 20
    assert sum(due > DEADLINE for due in dues) <= (policy is Policy.PURCHASE)
    assert all(due <= DEADLINE + timedelta(minutes=15) for due in dues)


@given(
    st.lists(st.sampled_from(AUTOMATIC), min_size=30, max_size=30),
    some_schedules(),
    st.lists(chance, min_size=30, max_size=30),
)
def test_a_series_of_mixed_answers_ends_and_has_one_attempt_after_the_deadline(
    answers: list[Policy], schedules: Schedules, chances: list[float]
) -> None:
    now, dues, most = FIRST, [], 0
    for sends, (policy, random) in enumerate(zip(answers, chances, strict=True)):
        most = max(most, policies.max_sends(schedules, policy))
        found = plan(policy, sends, schedules=schedules, now=now, random=random, most=most)
        if found is None:
            break
        dues.append(found.due_at)
        now = found.due_at

    assert len(dues) <= most <= 20
    assert sum(due > DEADLINE for due in dues) <= 1
    assert dues == sorted(dues)


@given(st.sampled_from(AUTOMATIC), some_schedules(), st.integers(0, 19), chance, chance)
def test_a_later_send_and_a_higher_throw_never_come_sooner(
    policy: Policy, schedules: Schedules, sends: int, one: float, other: float
) -> None:
    lower, higher = sorted((one, other))
    at_lower = plan(policy, sends, schedules=schedules, random=lower)
    at_higher = plan(policy, sends, schedules=schedules, random=higher)
    following = plan(policy, sends + 1, schedules=schedules, random=lower)

    if at_lower is not None and at_higher is not None:
        assert at_lower.due_at <= at_higher.due_at
    if at_lower is not None and following is not None and policy is not Policy.PURCHASE:
        assert at_lower.due_at <= following.due_at


def test_times_of_purchases_follow_each_other() -> None:
    dues = [sure(plan(Policy.PURCHASE, sends, random=0.9)).due_at for sends in range(4)]

    assert dues == sorted(dues)


def test_a_throw_beyond_its_range_is_a_mistake() -> None:
    for policy in AUTOMATIC:
        with pytest.raises(ValueError, match="between 0 and 1"):
            plan(policy, random=1.5)


def test_a_class_that_is_switched_off_is_never_planned() -> None:
    off = Schedules.from_settings({"locked": {"most": 0}, "purchase": {"times": [], "after_a_day": False}})

    assert plan(Policy.LOCKED, schedules=off) is None
    assert plan(Policy.PURCHASE, schedules=off) is None


@given(st.integers(-5, 10_000), chance)
def test_what_never_left_waits_from_5_seconds_to_5_minutes(count: int, random: float) -> None:
    wait = policies.wait_after_not_sent(count, random=random)

    assert 5 <= wait <= 300


def test_what_never_left_again_and_again_waits_longer_and_longer() -> None:
    assert [policies.wait_after_not_sent(count, random=1.0) for count in range(1, 8)] == [10, 20, 40, 80, 160, 300, 300]


@given(some_schedules(), st.sampled_from(AUTOMATIC))
def test_the_drawn_times_are_those_of_an_unkind_chance(schedules: Schedules, policy: Policy) -> None:
    drawn = policies.longest_waits(schedules, policy)

    assert len(drawn) <= policies.max_sends(schedules, policy)
    assert list(drawn) == sorted(drawn)
    if drawn and policy is not Policy.PURCHASE:
        first = sure(plan(policy, schedules=schedules, random=1.0, deadline_at=None))
        assert (first.due_at - FIRST).total_seconds() == pytest.approx(drawn[0])
