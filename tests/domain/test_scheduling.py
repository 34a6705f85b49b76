"""Which bead goes to whom next: never above what is allowed, nobody waits for ever, the same for the same reading."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from gastown_tmux.domain import waiting
from gastown_tmux.domain.addresses import Address
from gastown_tmux.domain.agents import AgentState, Role
from gastown_tmux.domain.ids import BeadId, ConvoyId, RigName
from gastown_tmux.domain.outages import Death, Outage, find_outages
from gastown_tmux.domain.scheduling import AGE_SECONDS, Candidate, Plan, Reading, Worker, choose, level

RIGS = ("demo", "docs")
NOW = 1_000_000.0
PROGRAMS = {(rig, asked): (asked or "claude",) for rig in RIGS for asked in (None, "claude", "codex")}


def candidate(number: int, rig: str = "demo", convoy: str | None = None, **more: object) -> Candidate:
    made = Candidate(BeadId(f"de-{number:05}"), RigName(rig), 2, NOW - 1, "", convoy and ConvoyId(convoy))
    return made._replace(**more)


def worker(address: str, **more: object) -> Worker:
    return replace(Worker(Address(address), Role.POLECAT, AgentState.OFF), **more)  # type: ignore[arg-type]


def busy(address: str, convoy: str | None = None, runs: str = "claude") -> Worker:
    return worker(address, state=AgentState.ON, holds=BeadId("de-zzzzz"), convoy=convoy, runs=runs, has_session=True)


def reading(waits: Sequence[Candidate], workers: Sequence[Worker] = (), limit: int = 4, **more: object) -> Reading:
    made = Reading(NOW, waits, workers, PROGRAMS, limit, dict.fromkeys(RIGS, 3))
    return replace(made, **more)  # type: ignore[arg-type]


def names(plan: Plan) -> list[str]:
    return [str(choice.bead)[3:].lstrip("0") for choice in plan.given]


def test_the_most_urgent_first_then_who_waits_longest() -> None:
    waits = [candidate(1), candidate(2, since=NOW - 60), candidate(3, priority=0), candidate(4, priority=4)]
    assert names(choose(reading(waits))) == ["3", "2", "1"]


def test_an_hour_of_waiting_is_one_step_of_priority() -> None:
    old, fresh = candidate(1, priority=3, since=NOW - AGE_SECONDS), candidate(2, since=NOW - AGE_SECONDS + 1)
    assert level(old, NOW) == level(fresh, NOW) == 2
    assert names(choose(reading([fresh, old], limit=1))) == ["1"]
    assert level(candidate(1, since=NOW + 86_400), NOW) == 2, "a clock that was put back takes nothing"


def test_a_small_convoy_does_not_wait_behind_a_large_one() -> None:
    waits = [candidate(number, convoy="cv-large", since=NOW - 100 + number) for number in range(1, 9)]
    waits += [candidate(number, convoy="cv-small") for number in (10, 11)]
    assert names(choose(reading(waits, limit=3))) == ["1", "10", "2"]
    at_work = [busy("demo/a", "cv-large"), busy("demo/b", "cv-large")]
    assert names(choose(reading(waits, at_work, limit=3))) == ["10"]


def test_a_rig_with_little_does_not_wait_behind_one_with_much() -> None:
    waits = [candidate(number) for number in range(1, 9)] + [candidate(10, rig="docs")]
    assert names(choose(reading(waits, limit=2))) == ["1", "10"]
    assert names(choose(reading(waits, [busy("docs/a")], limit=2))) == ["1"]


def test_limits_of_town_rig_and_provider_say_which_of_them_it_was() -> None:
    waits = [candidate(number) for number in range(1, 6)]
    assert choose(reading(waits, limit=1)).waits[waits[1].id] == waiting.town_full(1)
    assert choose(reading(waits)).waits[waits[4].id] == waiting.rig_full("demo", 3)
    plan = choose(reading(waits, provider_limits={"claude": 2}))
    assert names(plan) == ["1", "2"]
    assert plan.waits[waits[2].id] == waiting.provider_full("claude", 2)
    mixed = [*waits, candidate(9, provider="codex")]
    assert names(choose(reading(mixed, provider_limits={"claude": 1}))) == ["1", "9"]


def test_what_a_provider_cannot_do_another_of_the_role_does() -> None:
    out = {"claude": waiting.provider_limited("claude", None)}
    plan = choose(reading([candidate(1), candidate(2, provider="claude")], [worker("demo/idle")], out=out))
    assert not plan.given
    assert set(plan.waits.values()) == {out["claude"]}
    programs: Mapping[tuple[str, str | None], Sequence[str]] = PROGRAMS | {("demo", None): ("claude", "codex")}
    both = reading([candidate(1), candidate(2, provider="claude")], [worker("demo/idle")], out=out, programs=programs)
    [choice] = choose(both).given
    assert (choice.worker, choice.is_new, choice.provider) == ("demo/toast", True, "codex")
    full = choose(replace(both, provider_limits={"codex": 1}, workers=[busy("demo/x", runs="codex")]), ahead=1)
    assert (full.ahead, full.waits[candidate(1).id]) == ((candidate(1).id,), waiting.provider_full("codex", 1))
    fits = worker("demo/other", provider="codex")
    assert choose(replace(both, workers=[worker("demo/idle"), fits])).given[0].worker == "demo/other"


def test_who_had_it_before_gets_it_again_and_who_runs_takes_no_place() -> None:
    idle = [worker("demo/ace"), worker("demo/bob")]
    assert choose(reading([candidate(1, author="demo/bob")], idle)).given[0].worker == "demo/bob"
    crew = worker("demo/ann", role=Role.CREW, state=AgentState.ON, has_session=True, runs="claude")
    plan = choose(reading([candidate(1, target="demo/ann"), candidate(2, target="demo/ann")], [crew], limit=1))
    assert names(plan) == ["1"]
    assert plan.waits[candidate(2).id] == waiting.agent_holds(Address("demo/ann"), "de-00001")
    off = replace(crew, has_session=False, runs=None, state=AgentState.OFF)
    full = reading([candidate(1, target="demo/ann")], [off, busy("docs/x")], limit=1)
    assert not choose(full).given, "one that does not run needs a place"
    assert choose(replace(full, person=True)).given, "unless a person says so"


def test_two_for_one_agent_that_is_off_hold_up_nobody_else() -> None:
    off = worker("demo/ann", role=Role.CREW)
    plan = choose(reading([candidate(1, target="demo/ann"), candidate(2, target="demo/ann"), candidate(3)], [off]))
    assert names(plan) == ["1", "3"]
    assert plan.waits[candidate(2).id].id == "demo/ann"


def test_a_rig_that_is_closed_holds_up_no_other() -> None:
    closed = {"demo": waiting.STANDS_STILL}
    plan = choose(reading([candidate(1), candidate(2, rig="docs")], closed=closed))
    assert names(plan) == ["2"]
    assert plan.waits[candidate(1).id] == waiting.STANDS_STILL


def test_what_goes_next_when_a_place_is_free() -> None:
    waits = [candidate(number, convoy="cv-a") for number in (1, 2)] + [
        candidate(3, convoy="cv-b"),
        candidate(4, rig="docs"),
    ]
    plan = choose(reading(waits, [busy("demo/x"), busy("docs/y")], limit=2), ahead=3)
    assert plan.given == ()
    assert [id[-1] for id in plan.ahead] == ["1", "4", "3"]


RIG = st.sampled_from(RIGS)
CANDIDATES = st.lists(
    st.builds(
        lambda rig, priority, age, convoy, target, provider, retried: (
            rig, priority, age, convoy and f"cv-{rig}{convoy}", target and f"{rig}/{target}", provider, retried
        ),
        RIG, st.integers(0, 4), st.floats(-1e5, 1e5), st.sampled_from((None, "a", "b")),
        st.sampled_from((None, None, "ann", "a", "b", "gone")), st.sampled_from((None, None, "codex")), st.booleans(),
    ),
    max_size=25,
)  # fmt: skip
WORKERS = st.dictionaries(
    st.builds("{}/{}".format, RIG, st.sampled_from(("ann", "a", "b", "c", "toast"))),
    st.tuples(
        st.sampled_from(tuple(AgentState)), st.booleans(), st.booleans(), st.sampled_from((None, "claude", "codex"))
    ),
    max_size=8,
)  # fmt: skip


def make(waits: Sequence[tuple[str, int, float, str | None, str | None, str | None, bool]]) -> list[Candidate]:
    return [
        candidate(
            number, rig, convoy, priority=priority, since=NOW - age, target=target, provider=provider, retried=retried
        )
        for number, (rig, priority, age, convoy, target, provider, retried) in enumerate(waits)
    ]


@settings(max_examples=150, deadline=None)
@given(CANDIDATES, WORKERS, st.integers(1, 6), st.integers(1, 4), st.sampled_from((None, 1, 2)))
def test_never_above_what_is_allowed_and_the_same_for_the_same_reading(
    waits: list[tuple[str, int, float, str | None, str | None, str | None, bool]],
    known: dict[str, tuple[AgentState, bool, bool, str | None]],
    in_town: int,
    in_rig: int,
    of_claude: int | None,
) -> None:
    workers = [
        worker(
            address, role=Role.CREW if address.endswith("ann") else Role.POLECAT, state=state, provider=provider,
            holds=BeadId("de-zzzzz") if holds else None, has_session=runs,
            runs=provider or "claude" if holds or runs else None,
        )
        for address, (state, holds, runs, provider) in known.items()
    ]  # fmt: skip
    limits = {"claude": of_claude} if of_claude else {}
    seen = reading(make(waits), workers, in_town, limits=dict.fromkeys(RIGS, in_rig), provider_limits=limits)
    plan = choose(seen, ahead=2)
    assert choose(replace(seen, waiting=list(reversed(seen.waiting))), ahead=2) == plan
    given_to = Counter(choice.worker for choice in plan.given)
    assert set(given_to.values()) <= {1}
    assert {choice.bead for choice in plan.given} | plan.waits.keys() == {each.id for each in seen.waiting}
    assert not {choice.bead for choice in plan.given} & plan.waits.keys()
    was = {each.address: each for each in workers}
    assert not [name for name in given_to if name in was and was[name].holds]
    before = [each for each in workers if each.is_busy]
    fresh = [choice for choice in plan.given if not (choice.worker in was and was[choice.worker].is_busy)]
    assert not fresh or len(before) + len(fresh) <= in_town
    for rig in RIGS:
        new = [choice for choice in fresh if choice.worker.rig == rig]
        assert not new or sum(each.address.rig == rig for each in before) + len(new) <= in_rig
    if of_claude:
        asked = {each.id: each.provider for each in seen.waiting}
        of = [
            asked[each.bead] or each.provider or (was[each.worker].provider if each.worker in was else None)
            for each in fresh
        ]
        new_claudes = sum((program or "claude") == "claude" for program in of)
        assert not new_claudes or sum(each.runs == "claude" for each in before) + new_claudes <= of_claude


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 4), st.lists(st.integers(0, 4), min_size=1, max_size=4), st.integers(1, 3))
def test_nothing_waits_for_ever_while_more_urgent_work_keeps_coming(own: int, urgent: list[int], places: int) -> None:
    """One bead at a time is done in half an hour, and others come faster than they are done."""
    patient = candidate(0, priority=own, convoy="cv-big", since=NOW)
    waits, number = [patient], 0
    for step in range(60):
        now = NOW + step * 1800
        for priority in urgent * places:
            number += 1
            waits.append(candidate(number, priority=priority, convoy=f"cv-{number}", since=now))
        plan = choose(reading(waits, limit=places, now=now))
        done = {choice.bead for choice in plan.given}
        if patient.id in done:
            return
        waits = [each for each in waits if each.id not in done]
    raise AssertionError("it still waits after thirty hours")


def test_a_program_that_does_not_come_up() -> None:
    dead = [Death("claude", f"demo/{name}", 100.0 - place, 1.0, True) for place, name in enumerate("abc")]
    assert find_outages(dead, []) == {"claude": Outage(3, 160.0)}
    assert find_outages(dead, ["claude"]) == {}, "one of them has come up since"
    assert find_outages([replace(dead[0], agent="demo/b"), *dead[1:]], []) == {}, "one agent alone is not its program"
    assert find_outages([replace(dead[0], charged=False), *dead], []) == {}, "one has ended as it should"
    assert find_outages([replace(dead[0], seconds=90.0), *dead], []) == {}, "one lived long enough"
    assert find_outages([replace(dead[0], provider="codex"), *dead], []) == {"claude": Outage(3, 160.0)}


def test_what_has_used_up_its_budget_is_held_back_and_no_other() -> None:
    over = waiting.over_budget("over budget: budget.bead")
    spent = {candidate(1).id: over, "demo/ace": over, "demo/ann": over}
    crew = worker("demo/ann", role=Role.CREW, state=AgentState.ON, has_session=True, runs="claude")
    waits = [candidate(1), candidate(2), candidate(3, target="demo/ann")]
    plan = choose(reading(waits, [worker("demo/ace"), crew], spent=spent))
    assert [(choice.bead, choice.worker) for choice in plan.given] == [(candidate(2).id, "demo/toast")]
    assert plan.waits == {candidate(1).id: over, candidate(3).id: over}
