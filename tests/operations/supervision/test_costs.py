"""Spending follows transcripts; budgets pause."""

import json
import os
from pathlib import Path

import pytest

from gastown_tmux.domain.addresses import Address
from gastown_tmux.domain.agents import AgentState, Role
from gastown_tmux.domain.ids import BeadId, SessionId
from gastown_tmux.domain.waiting import Wait
from gastown_tmux.errors import RefusedError
from gastown_tmux.operations.escalation.escalations import list_escalations
from gastown_tmux.operations.mail.inbox import inbox
from gastown_tmux.operations.sessions.starting import start_sessions
from gastown_tmux.operations.supervision.costs import Collector, costs, show_costs
from gastown_tmux.operations.town import budgets
from gastown_tmux.operations.town.isolation import list_troubles
from gastown_tmux.operations.town.town import Town
from gastown_tmux.operations.work import beads, convoys
from gastown_tmux.operations.work.bead_story import show_bead
from gastown_tmux.operations.work.convoy_views import show_convoy
from gastown_tmux.operations.work.placement import give
from gastown_tmux.store import agents as rows
from gastown_tmux.store.beads import get_bead, note_target, sling_bead
from gastown_tmux.store.convoys import get_convoy


def use(path: Path, tokens: int) -> None:
    usage = {"input": tokens - 1, "output": 1, "cacheRead": 1000}
    with path.open("a") as file:
        file.write(json.dumps({"message": {"usage": usage}}) + "\n")


def talk(town: Town, address: str, transcript: Path, bead: BeadId | None = None) -> SessionId:
    with town.change() as change:
        rows.move_agent(change, address, "start")
        session = rows.insert_session(change, Address(address), "pi", (1, "1"), bead)
        rows.set_transcript(change, session, str(transcript))
    return session


def test_what_is_used_is_counted_once_and_a_budget_pauses(town: Town, tmp_path: Path) -> None:
    (town.path / "town.yaml").write_text("budget:\n  agent: 250\n")
    transcript, eyes = tmp_path / "conversation.jsonl", Collector()
    first = talk(town, "demo/ann", transcript)
    eyes.collect(town)  # there is no file yet
    use(transcript, 100)
    for collector in (eyes, eyes, Collector()):
        collector.collect(town)
    assert [(cost.name, cost.total, cost.cached) for cost in costs(town)] == [("demo/ann", 100, 1000)]

    with town.change() as change:
        rows.end_session(change, first, status=0, signal=None)
    talk(town, "demo/ann", transcript)  # resumed: the same conversation
    use(transcript, 100)
    eyes.collect(town)
    assert [(cost.name, cost.total) for cost in costs(town, "provider")] == [("pi", 200)]
    assert rows.get_agent(town.db, "demo/ann").state is AgentState.ON

    use(transcript, 100)
    eyes.collect(town)
    assert rows.get_agent(town.db, "demo/ann").state is AgentState.PAUSED
    assert rows.get_agent(town.db, "demo/ben").state is not AgentState.PAUSED
    (escalation,) = list_escalations(town)
    assert "budget.agent of demo/ann: 300 of 250 tokens, 50 over" in escalation.text
    assert "50 over" in str(rows.get_agent(town.db, "demo/ann").reason)
    assert [mail.subject for mail in inbox(town)] == ["budget.agent runs out"]


def test_a_turn_goes_to_its_end_unless_the_budget_is_hard(town: Town, tmp_path: Path) -> None:
    (town.path / "town.yaml").write_text("budget: {day: 10}\n")
    sessions = {name: talk(town, f"demo/{name}", tmp_path / name) for name in ("ann", "ben")}
    with town.change() as change:
        for session in sessions.values():
            rows.move_session(change, session, "work")
    use(tmp_path / "ann", 12)
    eyes = Collector()
    for _ in range(2):
        eyes.collect(town)

    def states() -> list[AgentState]:
        return [rows.get_agent(town.db, f"demo/{name}").state for name in ("ann", "ben")]

    assert states() == [AgentState.ON, AgentState.ON]
    with town.change() as change:
        rows.move_session(change, sessions["ann"], "idle")
    eyes.collect(town)
    assert states() == [AgentState.PAUSED, AgentState.ON]
    # A turn that ended and a new one that began between two looks.
    with town.change() as change:
        rows.move_session(change, sessions["ben"], "idle")
    with town.change() as change:
        rows.move_session(change, sessions["ben"], "work")
    eyes.collect(town)
    assert states() == [AgentState.PAUSED, AgentState.PAUSED]
    assert len(list_escalations(town)) == 1, "one for all"

    (town.path / "town.yaml").write_text("budget: {day: 1000}\n")
    town.reload_settings()
    eyes.collect(town)
    assert states() == [AgentState.ON, AgentState.ON], "a raised budget is enough to go on"

    (town.path / "town.yaml").write_text("budget: {day: 11, hard: true}\n")
    town.reload_settings()
    eyes.collect(town)
    assert states() == [AgentState.PAUSED, AgentState.PAUSED]


def test_who_was_paused_by_a_person_stays_so(town: Town) -> None:
    with town.change() as change:
        rows.move_agent(change, "demo/ann", "start")
        rows.move_agent(change, "demo/ann", "pause", reason="paused by overseer")
    Collector().collect(town)
    assert rows.get_agent(town.db, "demo/ann").state is AgentState.PAUSED


def test_what_a_model_costs_counts_for_budgets_in_money(town: Town, tmp_path: Path) -> None:
    price = "{input: 1000000, output: 0, cached: 0, date: 2026-01-31}"
    (town.path / "town.yaml").write_text(f"budget: {{agent: 5 USD}}\nprices: {{m-1.5: {price}}}\n")
    talk(town, "demo/ann", tmp_path / "ann")
    message = {"usage": {"input": 6, "output": 0}, "model": "m-1.5"}
    (tmp_path / "ann").write_text(json.dumps({"message": message}) + "\n")
    Collector().collect(town)
    (cost,) = costs(town, "model")
    assert (cost.name, cost.cost, cost.priced, cost.unpriced) == ("m-1.5", 6.0, "2026-01-31", ())
    assert "6.00 of 5.00 USD, 1.00 over" in str(rows.get_agent(town.db, "demo/ann").reason)
    town.db.mark()
    (town.path / "town.yaml").write_text("budget: {day: 5 USD}\n")
    town.reload_settings()
    assert costs(town)[0].cost is None
    assert any("cannot count m-1.5: gt config set prices.m-1.5" in note for note in budgets.notes(town))


def test_money_is_counted_without_a_price_of_ones_own(town: Town, tmp_path: Path) -> None:
    (town.path / "town.yaml").write_text("budget: {agent: 5 USD}\n")
    talk(town, "demo/ann", tmp_path / "ann")
    message = {"usage": {"input": 1_000_000, "output": 0}, "model": "claude-opus-4-8[1m]"}
    (tmp_path / "ann").write_text(json.dumps({"message": message}) + "\n")
    Collector().collect(town)
    (cost,) = costs(town, "model")
    assert (cost.name, cost.cost, cost.unpriced) == ("claude-opus-4-8", 5.0, ())
    assert "5.00 of 5.00 USD" in str(rows.get_agent(town.db, "demo/ann").reason)
    assert show_costs(town).note is None
    town.db.mark()
    prices = "{shipped: false, claude-opus-4-8: {input: 1, output: 1, cached: 1, date: 2020-01-31}}"
    (town.path / "town.yaml").write_text(f"prices: {prices}\n")
    town.reload_settings()
    page = show_costs(town, "model")
    assert page.items[0].cost == 1.0 and "2020-01-31" in str(page.note)
    (town.path / "town.yaml").write_text("prices: {shipped: false}\n")
    town.reload_settings()
    assert costs(town)[0].cost is None and show_costs(town).note is None


def test_what_was_counted_before_models_were_is_not_counted_again(town: Town, tmp_path: Path) -> None:
    talk(town, "demo/ann", tmp_path / "ann")
    use(tmp_path / "ann", 100)
    Collector().collect(town)
    with (tmp_path / "ann").open() as file:
        told = json.loads(file.read())
    told["message"]["model"] = "m"
    (tmp_path / "ann").write_text(json.dumps(told) + "\n\n")
    Collector().collect(town)
    assert [(cost.name, cost.total) for cost in costs(town, "model")] == [("m", 100)]


def test_nothing_is_started_over_a_budget_and_the_bead_says_so(town: Town, tmp_path: Path) -> None:
    (town.path / "town.yaml").write_text("budget: {bead: 250, town: 2k}\n")
    bead = beads.create_bead(town, "work", town.rig("demo")).value
    talk(town, "demo/ann", tmp_path / "ann", bead.id)
    use(tmp_path / "ann", 300)
    Collector().collect(town)

    def give_out() -> Address | Wait:
        with town.change() as change:
            note_target(change, bead.id, "demo", "pi")
            return give(town, change, get_bead(change, bead.id))

    given = give_out()
    assert isinstance(given, Wait)
    assert given.reason == f"over budget: budget.bead of {bead.id}: 300 of 250 tokens, 50 over"
    assert get_bead(town.db, bead.id).reason == "over budget"

    use(tmp_path / "ann", 2000)
    Collector().collect(town)
    with pytest.raises(RefusedError, match=r"nothing is started: over budget: budget.town: 2,300 of 2,000 tokens"):
        start_sessions(town, [Address("demo/ben")])
    (town.path / "town.yaml").write_text("budget: {town: 1M}\n")
    town.reload_settings()
    Collector().collect(town)  # lets it go on
    (town.path / "town.yaml").write_text("budget: {agent: 100}\n")
    town.reload_settings()
    with pytest.raises(RefusedError, match=r"demo/ann is not started: over budget: budget\.agent of demo/ann"):
        start_sessions(town, [Address("demo/ann")])

    (town.path / "town.yaml").write_text("providers: {pi: {command: 'true'}}\n")
    town.reload_settings()
    assert isinstance(give_out(), str)
    assert get_bead(town.db, bead.id).reason is None


def test_a_bead_has_a_budget_and_counts_for_its_convoy(town: Town, tmp_path: Path) -> None:
    (town.path / "town.yaml").write_text("budget:\n  bead: 250\n")
    bead = beads.create_bead(town, "work", town.rig("demo")).value
    convoy = convoys.create_convoy(town, "wagon", [bead]).value.id
    with town.change() as change:
        sling_bead(change, bead.id, Address("demo/ann"))
    talk(town, "demo/ann", tmp_path / "ann", bead.id)
    talk(town, "demo/ben", tmp_path / "ben")
    for name in ("ann", "ben"):
        use(tmp_path / name, 300)
    Collector().collect(town)
    assert [(cost.name, cost.total) for cost in costs(town, "convoy")] == [("-", 300), (convoy, 300)]
    states = [rows.get_agent(town.db, f"demo/{name}").state for name in ("ann", "ben")]
    assert states == [AgentState.PAUSED, AgentState.ON]
    assert show_convoy(town, get_convoy(town.db, convoy)).tokens == 300
    assert show_bead(town, get_bead(town.db, bead.id)).tokens == 300


def test_a_transcript_that_never_ends_is_set_aside_alone(town: Town, tmp_path: Path) -> None:
    pipe, good = tmp_path / "pipe", tmp_path / "good.jsonl"
    os.mkfifo(pipe)
    use(good, 12)
    for name, place in (("ann", Path("/dev/zero")), ("ben", pipe), ("cat", good)):
        if rows.find_agent(town.db, f"demo/{name}") is None:
            with town.change() as change:
                rows.insert_agent(change, Address(f"demo/{name}"), Role.CREW, "pi")
        talk(town, f"demo/{name}", place)
    Collector().collect(town)
    assert [(cost.name, cost.total) for cost in costs(town)] == [("demo/cat", 12)]
    assert sorted(trouble.item for _, trouble in list_troubles(town)) == ["demo/ann", "demo/ben"]
