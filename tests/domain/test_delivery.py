from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gastown_tmux.domain.delivery import (
    ATTEMPTS,
    DELIVERY,
    MOST_HOPS,
    PAIR_LIMIT,
    Abilities,
    Allowed,
    Availability,
    Dead,
    Decision,
    DeliveryState,
    Expire,
    Interrupt,
    Limited,
    Offer,
    PendingMail,
    Reader,
    Steer,
    Type,
    Wait,
    allow,
    backoff,
    decide,
)
from gastown_tmux.domain.mail import Priority

NOW = 1_000.0
NORMAL = PendingMail(priority=Priority.NORMAL)
URGENT = PendingMail(priority=Priority.URGENT)
NONE = Abilities(hooks=False, steers=False, interrupts=False)
HOOKS = replace(NONE, hooks=True)
ALL = Abilities(hooks=True, steers=True, interrupts=True)
IDLE = Reader(availability=Availability.IDLE)
WORKING = Reader(availability=Availability.WORKING)


@pytest.mark.parametrize(
    ("pending", "reader", "abilities", "decision"),
    [
        (NORMAL, IDLE, NONE, Type()),
        (NORMAL, IDLE, ALL, Type()),
        (NORMAL, WORKING, ALL, Offer()),
        (NORMAL, WORKING, NONE, Wait(1.0, "the agent is at work")),
        (URGENT, WORKING, ALL, Steer()),
        (URGENT, WORKING, replace(ALL, steers=False), Interrupt()),
        (URGENT, WORKING, HOOKS, Offer()),
        (URGENT, WORKING, NONE, Wait(1.0, "the agent is at work")),
        (URGENT, replace(WORKING, person_typing=True), ALL, Offer()),
        (URGENT, replace(IDLE, person_typing=True), ALL, Wait(3.0, "a person is typing in the agent's window")),
        (NORMAL, replace(IDLE, do_not_disturb=True), ALL, Wait(60.0, "the agent is not to be disturbed")),
        (URGENT, replace(IDLE, do_not_disturb=True), ALL, Type()),
        (URGENT, Reader(availability=Availability.WAITING), ALL, Wait(5.0, "the agent waits for a person")),
        (URGENT, Reader(availability=Availability.UNKNOWN), ALL, Wait(5.0, "the agent's screen is not understood")),
        (NORMAL, Reader(availability=Availability.STARTING), ALL, Wait(1.0, "the agent is starting")),
        (NORMAL, Reader(availability=Availability.ABSENT), ALL, Wait(60.0, "the agent is absent")),
        (NORMAL, Reader(availability=Availability.PAUSED), ALL, Wait(60.0, "the agent is paused")),
        (NORMAL, Reader(availability=Availability.REMOVED), ALL, Dead("the agent was removed")),
        (
            NORMAL,
            Reader(availability=Availability.LIMITED, limited_until=NOW + 500),
            ALL,
            Wait(500.0, "the agent's account is at its limit"),
        ),
        (replace(NORMAL, attempts=ATTEMPTS), IDLE, ALL, Dead(f"not taken after {ATTEMPTS} tries")),
        (
            replace(NORMAL, attempts=ATTEMPTS),
            Reader(availability=Availability.ABSENT),
            ALL,
            Wait(60.0, "the agent is absent"),
        ),
        (replace(NORMAL, attempts=3, last_attempt=NOW - 1), IDLE, ALL, Wait(3.0, "try 3 was not taken")),
        (replace(NORMAL, attempts=3, last_attempt=NOW - 4), IDLE, ALL, Type()),
        (replace(NORMAL, attempts=3, last_attempt=NOW + 9_000), IDLE, ALL, Type()),
        (replace(NORMAL, expires_at=NOW), IDLE, ALL, Expire()),
        (replace(NORMAL, expires_at=NOW + 0.1), IDLE, ALL, Type()),
        (replace(NORMAL, expires_at=NOW, attempts=ATTEMPTS), Reader(availability=Availability.REMOVED), ALL, Expire()),
    ],
)
def test_the_table(pending: PendingMail, reader: Reader, abilities: Abilities, decision: Decision) -> None:
    assert decide(pending, reader, abilities, NOW) == decision


SECONDS = st.floats(0, 2_000)
LETTERS = st.builds(
    PendingMail,
    priority=st.sampled_from(Priority),
    expires_at=st.none() | SECONDS,
    attempts=st.integers(0, 12),
    last_attempt=st.none() | SECONDS,
)
READERS = st.builds(
    Reader,
    availability=st.sampled_from(Availability),
    person_typing=st.booleans(),
    do_not_disturb=st.booleans(),
    limited_until=st.none() | SECONDS,
)
ABILITIES = st.builds(Abilities, hooks=st.booleans(), steers=st.booleans(), interrupts=st.booleans())


@given(LETTERS, READERS, ABILITIES)
def test_words_enter_only_windows_that_may_take_them(
    pending: PendingMail, reader: Reader, abilities: Abilities
) -> None:
    match decide(pending, reader, abilities, NOW):
        case Type():
            assert reader.availability is Availability.IDLE and not reader.person_typing
        case Steer() | Interrupt():
            assert reader.availability is Availability.WORKING and not reader.person_typing
            assert pending.priority is Priority.URGENT
        case Offer():
            assert reader.availability is Availability.WORKING and abilities.hooks
        case Wait(seconds, reason):
            assert 0 < seconds < NOW * 2 and reason
        case Dead(reason):
            assert pending.attempts >= ATTEMPTS or reader.availability is Availability.REMOVED
        case Expire():
            assert pending.expires_at is not None


@given(LETTERS, ABILITIES)
@example(  # whose pause rounding never lets come to its end
    PendingMail(priority=Priority.URGENT, attempts=6, last_attempt=968.1614565919646),
    Abilities(hooks=False, steers=False, interrupts=False),
)
def test_every_letter_to_an_idle_agent_ends(pending: PendingMail, abilities: Abilities) -> None:
    now, pending = NOW, replace(pending, expires_at=None)
    for _ in range(100):
        match decide(pending, IDLE, abilities, now):
            case Wait(seconds, _):
                now += seconds
            case Type():
                pending = replace(pending, attempts=pending.attempts + 1, last_attempt=now)
            case decision:
                assert isinstance(decision, Dead)
                return
    raise AssertionError("never given up")


def test_the_backoff_doubles_to_a_minute() -> None:
    assert [backoff(n) for n in range(9)] == [0, 1, 2, 4, 8, 16, 32, 60, 60]


def test_a_delivery_that_ended_moves_only_when_its_mail_is_back() -> None:
    moves = set(DELIVERY.moves) - {"restore"}
    ended = {state for state in DeliveryState if not any(DELIVERY.can(state, move) for move in moves)}
    assert ended == {DeliveryState.ACCEPTED, DeliveryState.EXPIRED, DeliveryState.DEAD}
    assert DELIVERY.next_state(DeliveryState.OFFERED, "requeue") is DeliveryState.QUEUED
    assert not DELIVERY.can(DeliveryState.QUEUED, "requeue")


def test_agents_are_limited_and_people_never() -> None:
    assert allow(MOST_HOPS, PAIR_LIMIT - 1, sender_is_agent=True) == Allowed()
    assert isinstance(allow(MOST_HOPS + 1, 0, sender_is_agent=True), Limited)
    assert isinstance(allow(0, PAIR_LIMIT, sender_is_agent=True), Limited)
    assert allow(10**6, 10**6, sender_is_agent=False) == Allowed()
