"""What a person means by few words."""

from pathlib import Path

import pytest

from gastown_tmux.dataclass import replace
from gastown_tmux.domain.addresses import Address
from gastown_tmux.domain.agents import Role
from gastown_tmux.domain.ids import RigName
from gastown_tmux.errors import NotFoundError, RefusedError, UsageError
from gastown_tmux.operations.town.lookup import guess_rig, resolve_agent
from gastown_tmux.operations.town.town import Town
from gastown_tmux.operations.work.beads import create_bead
from gastown_tmux.operations.work.placement import give
from gastown_tmux.operations.work.sling import sling
from gastown_tmux.operations.workforce.workers import add_polecat
from gastown_tmux.store.agents import insert_agent, insert_session, move_agent
from gastown_tmux.store.beads import get_bead, note_target
from gastown_tmux.store.rigs import insert_rig


@pytest.fixture
def two_rigs(town: Town, tmp_path: Path) -> Town:
    with town.change() as change:
        insert_rig(change, replace(town.rig("demo"), name=RigName("web"), prefix="we", source=str(tmp_path / "web")))
    return town


def test_the_only_rig_is_meant(town: Town) -> None:
    assert guess_rig(town).name == "demo"
    assert create_bead(town, "work").value.rig == "demo"
    assert add_polecat(town, "dag").value.address == "demo/dag"


def test_the_folder_tells_which_rig_is_meant(two_rigs: Town, tmp_path: Path) -> None:
    (tmp_path / "web" / "src").mkdir(parents=True)
    assert guess_rig(two_rigs, tmp_path / "web" / "src").name == "web"
    worktree = two_rigs.worktree(Address("web/dag"))
    worktree.mkdir(parents=True)
    assert guess_rig(two_rigs, worktree).name == "web"
    assert guess_rig(two_rigs.acting_as(Address("demo/ann")), tmp_path / "web").name == "demo", "an agent's is its own"
    with pytest.raises(UsageError, match="which rig is meant") as raised:
        guess_rig(two_rigs, tmp_path)
    assert raised.value.hint == "--rig demo or web"


def test_a_bead_belongs_where_its_parent_does(two_rigs: Town) -> None:
    parent = create_bead(two_rigs, "all", two_rigs.rig("web")).value
    assert create_bead(two_rigs, "a part", parent=parent).value.rig == "web"
    assert create_bead(two_rigs, "later", needs=[parent]).value.rig == "web"


def test_a_short_name_is_that_of_who_runs(two_rigs: Town) -> None:
    with two_rigs.change() as change:
        insert_agent(change, Address("web/cat"), Role.POLECAT, None)
    with pytest.raises(RefusedError, match="may be demo/cat or web/cat"):
        resolve_agent(two_rigs, "cat")
    with two_rigs.change() as change:
        move_agent(change, "web/cat", "start")
        insert_session(change, Address("web/cat"), "runbook", (1, "1"))
    assert resolve_agent(two_rigs, "cat") == "web/cat"


def test_new_workers_have_names_of_their_own_in_the_town(two_rigs: Town) -> None:
    (two_rigs.path / "town.yaml").write_text("provider.default: runbook\n")
    found = []
    for rig in ("demo", "web", "demo", "web"):
        bead = create_bead(two_rigs, "work", two_rigs.rig(rig)).value
        with two_rigs.change() as change:
            note_target(change, bead.id, rig, None)
            found.append(give(two_rigs, change, get_bead(change, bead.id)))
    assert found == ["demo/cat", "web/toast", "demo/nux", "web/slit"]


@pytest.mark.parametrize(
    ("words", "message", "rig", "why", "hint"),
    [
        (["the", "bug", "web"], "fix", None, "-m took 'fix' alone: quote its words", "gt sling -m 'fix the bug' web"),
        (["wbe"], "fix the bug", None, "no rig or agent 'wbe'", "did you mean web?"),
        (["de-abcde", "wbe"], None, None, "no bead, rig or agent", "did you mean web?"),
        (["web"], "fix it", "demo", "--rig demo and web contradict each other", "name one of them"),
        (["web/dag"], "fix it", "demo", "--rig demo and web/dag contradict each other", "name one of them"),
        (["de-abcde", "web"], "fix it", None, "-m makes the bead: name no other", "gt sling -m WORDS RIG"),
        ([], " ", None, "-m needs words", "gt sling -m WORDS RIG"),
        ([], "fix it", None, "which rig is meant?", "--rig demo or web"),
    ],
)
def test_what_is_wrong_with_a_target_is_told_as_what_it_is(
    two_rigs: Town, words: list[str], message: str | None, rig: str | None, why: str, hint: str
) -> None:
    with two_rigs.change() as change:
        insert_agent(change, Address("web/dag"), Role.POLECAT, None)
    if "de-abcde" in words and message is None:
        bead = create_bead(two_rigs, "work", two_rigs.rig("demo")).value
        words = [bead.id, *words[1:]]
    with pytest.raises((UsageError, NotFoundError)) as raised:
        sling(two_rigs, words, message, rig=two_rigs.rig(rig) if rig else None)
    assert why in raised.value.message and raised.value.hint == hint


def test_a_mistyped_rig_is_named(two_rigs: Town) -> None:
    with pytest.raises(NotFoundError) as raised:
        two_rigs.rig("dmeo")
    assert raised.value.hint == "did you mean demo?"
