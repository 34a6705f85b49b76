"""A town that was moved is put right; a copy of one is refused until it is made a town of its own."""

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gastown_tmux.domain.addresses import OVERSEER, Address
from gastown_tmux.edges.files.memory import Memory
from gastown_tmux.edges.processes.processes import process
from gastown_tmux.operations.hooks.snapshots import restore, take
from gastown_tmux.operations.maintenance import doctor
from gastown_tmux.operations.sessions import relocation
from gastown_tmux.operations.town.town import Town
from gastown_tmux.store.agents import find_live_session, insert_session
from gastown_tmux.store.meta import get_meta, is_wanted, set_wanted
from tests.journeys.town_world import git
from tests.operations.quiet_town import QuietTown

ANN = Address("demo/ann")


def opened(path: Path, said: list[str]) -> Town:
    return Town(path, OVERSEER, {}, say=said.append)


def test_a_moved_town_is_put_right_and_says_so_once(quiet: QuietTown) -> None:
    _, work = quiet.crew()
    (work / "draft.txt").write_text("d\n")
    take(quiet.town, ANN)
    quiet.town.close()
    there = quiet.town.path.rename(quiet.town.path.with_name("moved towñ"))
    town = opened(there, quiet.said)
    relocation.settle(town)
    relocation.settle(town)
    assert len(quiet.said) == 1 and f"moved here from {quiet.town.path}" in quiet.said[0]
    assert git(town.worktree(ANN), "status", "--porcelain") == "?? draft.txt"
    assert get_meta(town.db, "path") == str(there)
    assert restore(town, ANN).value.seq == 1
    town.close()


def test_a_link_to_a_town_is_no_move(quiet: QuietTown, short_tmp: Path) -> None:
    (short_tmp / "link").symlink_to(quiet.town.path)
    town = opened(short_tmp / "link", quiet.said)
    relocation.settle(town)
    assert quiet.said == [] and get_meta(town.db, "path") == str(quiet.town.path)
    town.close()


def test_a_copy_is_refused_until_doctor_makes_it_a_town_of_its_own(quiet: QuietTown, short_tmp: Path) -> None:
    _, work = quiet.crew()
    (work / "draft.txt").write_text("d\n")
    with quiet.town.change() as change:
        set_wanted(change, True)
        insert_session(change, ANN, "runbook", (1, "then"))
    quiet.town.close()
    copy = short_tmp / "copy"
    shutil.copytree(quiet.town.path, copy, symlinks=True, ignore=shutil.ignore_patterns("wake"))
    town = opened(copy, quiet.said)
    with pytest.raises(relocation.CopiedError, match="is a copy of the town") as refused:
        relocation.settle(town)
    assert refused.value.hint == f"gt --town {copy} doctor --fix makes it a town of its own"
    links = {path: path.read_text() for path in quiet.town.path.glob("rigs/demo/repo.git/worktrees/*/gitdir")}
    town.tmux_memory.write_text("1 the other town's server\n")
    [finding] = [found for found in doctor.examine(town, fix=True) if "is a copy" in found.what]
    assert finding.fixed
    relocation.settle(town)
    assert not town.tmux_memory.exists()
    assert get_meta(town.db, "id") != get_meta(quiet.town.db, "id") and not is_wanted(town.db)
    assert find_live_session(town.db, ANN) is None and find_live_session(quiet.town.db, ANN) is not None
    # Each has its own worktree, and the first one was not touched.
    git(town.worktree(ANN), "add", "-A")
    assert git(town.worktree(ANN), "status", "--porcelain") == "A  draft.txt"
    assert git(work, "status", "--porcelain") == "?? draft.txt"
    assert links and all(path.read_text() == text for path, text in links.items())
    assert git(town.worktree(ANN), "rev-parse", "--git-common-dir") == str(copy / "rigs/demo/repo.git")
    town.close()


@pytest.mark.parametrize("damaged", [False, True])
def test_the_emergency_exit_of_a_copy_ends_nothing_of_the_original(
    quiet: QuietTown, short_tmp: Path, run_gt: Callable[..., Any], damaged: bool
) -> None:
    quiet.crew()
    with quiet.town.change() as change:
        session = insert_session(change, ANN, "runbook", (1, "then"))
    environment = {**os.environ, "GT_SESSION": session, "GT_AGENT": ANN, "GT_TOWN": str(quiet.town.path)}
    with (
        subprocess.Popen(["sleep", "60"], env=environment) as agent,
        subprocess.Popen(["sleep", "60"]) as daemon,
        subprocess.Popen(["sleep", "60"]) as tmux,
    ):
        for note, other in ((quiet.town.run / "deacon.lock", daemon), (quiet.town.tmux_memory, tmux)):
            ref = process(other.pid)
            assert ref
            note.write_text(f"{ref.pid} {ref.started}\n")
        quiet.town.close()
        copy = short_tmp / "copy"
        shutil.copytree(quiet.town.path, copy, symlinks=True, ignore=shutil.ignore_patterns("wake"))
        if damaged:
            (copy / ".gt" / "town.db").write_text("no database")
        for words in (("stop", ANN), ("pause", ANN), ("down", "--agents")):
            said = run_gt("--town", copy, *words)
            assert damaged or (said.code == 4 and "is a copy of the town" in said.err), said
        assert [one.poll() for one in (agent, daemon, tmux)] == [None, None, None]
        for one in (agent, daemon, tmux):
            one.kill()
    memory = Memory(copy)
    for name in memory.names():
        memory.remove(name)
