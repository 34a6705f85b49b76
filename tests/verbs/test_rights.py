"""Each right of each role, tried by every other role, through the one place that asks."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from gastown_tmux.domain.addresses import DEACON, MAYOR, OVERSEER, Address
from gastown_tmux.domain.agents import Role
from gastown_tmux.domain.escalation import Severity
from gastown_tmux.domain.ids import BeadId, Commit
from gastown_tmux.domain.rights import BY_ROLE, EVERYBODY, Right, may
from gastown_tmux.errors import RefusedError
from gastown_tmux.operations.town.town import Town
from gastown_tmux.operations.work.beads import create_bead
from gastown_tmux.store.agents import insert_agent
from gastown_tmux.store.beads import get_bead, sling_bead
from gastown_tmux.store.escalations import insert_escalation
from gastown_tmux.store.merging import insert_merge_request, move_merge_request
from gastown_tmux.verbs.call import call
from gastown_tmux.verbs.index import VERBS, find_verb
from gastown_tmux.verbs.parser import parse

ANN, CAT, DOG = Address("demo/ann"), Address("demo/cat"), Address("demo/dog")
#: What the shipped roles may beside what everybody may; who is of no role may nothing more.
GIVEN = {
    MAYOR: {Right.SLING, Right.STOP, Right.CONFIGURE},
    ANN: {Right.SLING},
    CAT: set(),
    DEACON: {Right.SLING},
    Address("demo/refinery"): set(),
    Address("demo/nobody"): set(),
}
#: A line for each right that does no harm, nor needs anything but rows.
LINES = {
    Right.READ: "bead list",
    Right.WORK: "signal idle",
    Right.TALK: "mail inbox",
    Right.CREATE: "bead create more --rig demo",
    Right.SLING: "convoy create together",
    Right.STOP: "stop ben",
    Right.CONFIGURE: "config set ui.keys vi",
    Right.DECIDE: "mq approve MR",
}


@pytest.fixture
def folk(town: Town) -> Iterator[Town]:
    """With a mayor's agent, and a second polecat whose bead is ``submitted`` and held for a person."""
    with town.change() as change:
        insert_agent(change, MAYOR, Role.MAYOR, None)
        insert_agent(change, DOG, Role.POLECAT, None)
    yield town


def run(town: Town, speaker: Address, line: str) -> object:
    asking = town.acting_as(speaker)
    try:
        verb, words = find_verb(line.split())
        return call(verb, asking, parse(verb, words))
    finally:
        asking.close()


def new_bead(town: Town) -> BeadId:
    id = create_bead(town, "work", town.rig("demo")).value.id
    assert isinstance(id, str)
    return BeadId(id)


def submitted(town: Town, author: Address) -> str:
    bead = get_bead(town.db, new_bead(town))
    with town.change() as change:
        sling_bead(change, bead.id, author)
        request = insert_merge_request(
            change, bead=bead.id, rig=bead.rig, author=author, branch=f"bead/{bead.id}", head=Commit("1" * 40),
            base=Commit("2" * 40), target="main",
        )  # fmt: skip
        move_merge_request(change, request, "test")
        move_merge_request(change, request, "hold")
    return request


def test_every_right_by_every_role(folk: Town) -> None:
    request = submitted(folk, DOG)
    for speaker, given in {**GIVEN, OVERSEER: set(Right)}.items():
        for right, line in LINES.items():
            line = line.replace("MR", request)
            if speaker == OVERSEER or right in EVERYBODY | given:
                run(folk, speaker, line)
                continue
            with pytest.raises(RefusedError, match=f"takes the right '{right}'") as refused:
                run(folk, speaker, line)
            assert refused.value.exit_code == 4 and "\n" not in refused.value.message
            assert "the overseer" in str(refused.value.hint)
            assert ("mayor" in str(refused.value.hint)) is (right is not Right.DECIDE)


def test_every_verb_asks_for_its_right(folk: Town) -> None:
    """Nothing is given to it, so that nothing but the right can keep it from running."""
    for verb in VERBS:
        for speaker, given in GIVEN.items():
            if not may(verb.right, given) and not verb.own:
                asking = folk.acting_as(speaker)
                with pytest.raises(RefusedError, match=f"takes the right '{verb.right}'"):
                    call(verb, asking, {})
                asking.close()
    assert {verb.right for verb in VERBS} == set(Right)


def test_no_role_has_what_is_the_overseers_own() -> None:
    assert EVERYBODY.isdisjoint(BY_ROLE) and {Right.DECIDE} == set(Right) - EVERYBODY - BY_ROLE
    assert not any(may(Right.DECIDE, given) for given in ((), BY_ROLE, frozenset(Right)))


def test_a_parameter_may_need_more_than_its_verb(folk: Town) -> None:
    for speaker, line in ((CAT, "doctor --fix"), (ANN, "config default-agent pi"), (CAT, "dnd ben on")):
        with pytest.raises(RefusedError, match="takes the right"):
            run(folk, speaker, line)
    run(folk, MAYOR, "config default-agent runbook")
    for line in ("config default-agent", "dnd ben", "dnd ben status", "dnd cat on"):
        run(folk, CAT, line)
    asking = folk.acting_as(CAT)
    asking.flags = {"merge.gates": []}
    verb, words = find_verb(["bead", "list"])
    with pytest.raises(RefusedError, match="takes the right 'configure'"):
        call(verb, asking, parse(verb, words))
    asking.close()


def test_what_is_ones_own_needs_no_right(folk: Town) -> None:
    """A bead on one's hook, or made by oneself and on nobody's; one's branch in the queue; one's escalation."""
    cat = folk.acting_as(CAT)
    held, (made, lent) = new_bead(folk), (new_bead(cat), new_bead(cat))
    with folk.change() as change:
        sling_bead(change, held, CAT)
    with cat.change() as change:
        raised = insert_escalation(change, severity=Severity.LOW, text="?", bead=None, about=None)
    cat.close()
    request = submitted(folk, DOG)
    for line in (f"bead update {held} --title mine", f"bead close {made}", f"escalate resolve {raised}"):
        with pytest.raises(RefusedError, match="'sling'"):
            run(folk, DOG, line)
        run(folk, CAT, line)
    for line in (f"mq retry {request}", f"unsling {held}", "respawn dog", "snapshot now dog"):
        with pytest.raises(RefusedError, match="takes the right"):
            run(folk, CAT, line)
    with pytest.raises(RefusedError, match="waits for a person"):
        run(folk, DOG, f"mq retry {request}")
    # Once it is on another's hook, it is that one's.
    with folk.change() as change:
        sling_bead(change, lent, ANN)
    with pytest.raises(RefusedError, match="'sling'"):
        run(folk, CAT, f"bead update {lent} --title mine")


def test_a_towns_own_role_says_what_it_may_or_may_what_the_shipped_one_may(folk: Town) -> None:
    own = folk.path / "roles"
    (own / "mayor.md").write_text("---\nrestart: always\n---\nOlder than rights.\n")
    (own / "crew.md").write_text("---\nmay: []\n---\n")
    (own / "polecat.md").write_text("---\nmay: [stop, configure]\n---\n")
    run(folk, MAYOR, LINES[Right.CONFIGURE])
    run(folk, CAT, LINES[Right.STOP])
    with pytest.raises(RefusedError, match="'sling'") as refused:
        run(folk, ANN, LINES[Right.SLING])
    assert refused.value.hint == "the overseer and mayor may: gt escalate TEXT asks"


@pytest.mark.parametrize("words", ["[decide]", "sling", "[read]", "7", "{a: 1}"])
def test_a_role_cannot_be_given_what_no_role_may_have(folk: Town, words: str) -> None:
    path = Path(folk.path / "roles" / "crew.md")
    path.write_text(f"---\nmay: {words}\n---\n")
    with pytest.raises(Exception, match=r"crew\.md: may must be a list of configure, sling, stop"):
        run(folk, ANN, LINES[Right.SLING])
    run(folk, ANN, LINES[Right.TALK])
