"""Spending follows transcripts; budgets pause."""

import json
import os
from pathlib import Path

from gastown_tmux.domain.addresses import Address
from gastown_tmux.domain.agents import AgentState, Role
from gastown_tmux.domain.ids import BeadId, SessionId
from gastown_tmux.operations.escalation.escalations import list_escalations
from gastown_tmux.operations.supervision.costs import Collector, costs
from gastown_tmux.operations.town.isolation import list_troubles
from gastown_tmux.operations.town.town import Town
from gastown_tmux.operations.work import beads, convoys
from gastown_tmux.store import agents as rows


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
    assert "budget.agent: 300 of 250 tokens" in escalation.text


def test_a_bead_has_a_budget_and_counts_for_its_convoy(town: Town, tmp_path: Path) -> None:
    (town.path / "town.yaml").write_text("budget:\n  bead: 250\n")
    bead = beads.create_bead(town, "work", town.rig("demo")).value
    convoy = convoys.create_convoy(town, "wagon", [bead]).value.id
    talk(town, "demo/ann", tmp_path / "ann", bead.id)
    talk(town, "demo/ben", tmp_path / "ben")
    for name in ("ann", "ben"):
        use(tmp_path / name, 300)
    Collector().collect(town)
    assert [(cost.name, cost.total) for cost in costs(town, "convoy")] == [("-", 300), (convoy, 300)]
    states = [rows.get_agent(town.db, f"demo/{name}").state for name in ("ann", "ben")]
    assert states == [AgentState.PAUSED, AgentState.ON]


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
