"""Who is asking, whatever else the environment says."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gastown_tmux.domain.addresses import DEACON, MAYOR, OVERSEER, Address
from gastown_tmux.domain.agents import Role
from gastown_tmux.domain.ids import SessionId
from gastown_tmux.edges.processes.commands import run_logged
from gastown_tmux.errors import GtError, RefusedError
from gastown_tmux.operations.town.asking import Asker, who_asks
from gastown_tmux.operations.town.town import Town
from gastown_tmux.store import agents as rows
from gastown_tmux.verbs.flags import Globals
from gastown_tmux.verbs.opening import open_town

ANN, CAT = Address("demo/ann"), Address("demo/cat")


@pytest.fixture
def session(town: Town) -> SessionId:
    """Of the polecat ``cat``."""
    town.prepare_run()
    with town.change() as change:
        made = rows.insert_session(change, CAT, "pi", (1, "1"))
    town.open_door(made, CAT)
    return made


def ask(town: Town, **environment: str) -> Asker:
    return who_asks(town, environment)


def test_nobody_else_than_whose_door_it_is(town: Town, session: SessionId) -> None:
    cat = Asker(CAT, session, is_bound=True)
    socket = str(town.socket(session))
    assert ask(town, GT_SOCKET=socket) == cat
    for name in ("mayor", "overseer", "demo/ann", "no address at all"):
        assert ask(town, GT_SOCKET=socket, GT_AGENT=name, GT_SESSION="ses-other") == cat
    # Its folder may be gone for a moment, and its note may say what it likes.
    (town.doors / session / "agent").write_text("mayor\n")
    assert ask(town, GT_SOCKET=socket) == cat
    shutil.rmtree(town.run)
    assert ask(town, GT_SOCKET=socket) == cat


def test_without_a_door_it_is_whom_an_older_gt_or_a_person_named(town: Town, session: SessionId) -> None:
    assert ask(town) == ask(town, GT_SESSION="ses-unknown") == Asker(OVERSEER, None, is_bound=False)
    assert ask(town, GT_SOCKET=str(town.run / "gt.sock")) == Asker(OVERSEER, None, is_bound=False)
    assert ask(town, GT_AGENT="demo/ann", GT_SESSION="ses-unknown") == Asker(ANN, None, is_bound=True)
    for name in ("mayor", "overseer", "demo/cat", ""):
        assert ask(town, GT_AGENT=name, GT_SESSION=session) == Asker(CAT, session, is_bound=True)


def test_what_a_gate_or_a_set_up_runs_is_not_the_overseer(town: Town, tmp_path: Path) -> None:
    """Agents wrote it, and it stands below the town."""
    (town.path / "rigs/demo/repo.git").mkdir(parents=True)
    gate, setup = town.gate_mark("demo"), town.mark("setup.demo/ann")
    assert ask(town, GT_SESSION=gate) == Asker(Address("demo/refinery"), None, is_bound=True)
    assert ask(town, GT_SESSION=setup, GT_AGENT="mayor") == Asker(ANN, None, is_bound=True)
    for other in ("gate.run-abcde", "check.run-abcde"):  # of a formula's run
        assert ask(town, GT_SESSION=town.mark(other)) == Asker(DEACON, None, is_bound=True)
    for other in ("gate.demo@/elsewhere", f"x@{town.path}", f"@{town.path}", ""):
        assert ask(town, GT_SESSION=other) == Asker(OVERSEER, None, is_bound=False)
    log = tmp_path / "log"
    known = {"PATH": os.environ["PATH"], "GT_SOCKET": "/s", "GT_AGENT": "mayor", "GT_TOWN": "/t"}
    assert run_logged(["sh", "-c", "env"], tmp_path, known, log, 60, gate, 10_000) == 0
    assert {line for line in log.read_text().splitlines() if line.startswith("GT_")} == {
        f"GT_SESSION={gate}", "GT_TOWN=/t",
    }  # fmt: skip


def test_behind_a_door_that_is_none_here_is_nobody(town: Town, session: SessionId, tmp_path: Path) -> None:
    for socket, words in (
        ("/elsewhere/.gt/run/doors/ses-a/gt.sock", "an agent of the town /elsewhere is nobody in"),
        ("/elsewhere/gt.sock", "leads to no door"),
        (f"{town.doors}/../{session}/gt.sock", "leads to no door"),
        (f"{town.doors}/{session}/other.sock", "leads to no door"),
        (str(town.socket("ses-unknown")), "ses-unknown has ended"),
    ):
        with pytest.raises(RefusedError, match=words):
            ask(town, GT_SOCKET=socket, GT_AGENT="overseer")
    (tmp_path / "link").symlink_to(town.path)
    assert ask(town, GT_SOCKET=f"{tmp_path}/link/.gt/run/doors/{session}/gt.sock").address == CAT
    with town.change() as change:
        rows.end_session(change, session, status=0, signal=None)
    with pytest.raises(RefusedError, match="of demo/cat has ended") as refused:
        ask(town, GT_SOCKET=str(town.socket(session)))
    assert refused.value.hint == "gt respawn demo/cat"


def test_where_no_row_can_be_read_the_doors_own_note_tells(town: Town, session: SessionId) -> None:
    town.close()
    town.db_path.write_bytes(b"no database" * 1000)
    for name in (town.db_path.with_name("town.db-wal"), town.db_path.with_name("town.db-shm")):
        name.unlink(missing_ok=True)
    with pytest.raises(GtError):
        rows.find_agent(town.db, CAT)
    socket = str(town.socket(session))
    assert ask(town, GT_SOCKET=socket, GT_AGENT="mayor").address == CAT
    assert ask(town, GT_AGENT="demo/ann", GT_SESSION=session).address == ANN
    (town.doors / session / "agent").write_text("\0../..")
    assert ask(town, GT_SOCKET=socket, GT_AGENT="demo/ann").address == ANN
    with pytest.raises(RefusedError, match="nothing tells whose door"):
        ask(town, GT_SOCKET=socket)


def test_the_command_line_in_an_agents_window(
    town: Town, session: SessionId, run_gt: Callable[..., Any], tmp_path: Path
) -> None:
    with town.change() as change:
        rows.insert_agent(change, MAYOR, Role.MAYOR, None)
    env = {"GT_TOWN": str(town.path), "GT_SOCKET": str(town.socket(session)), "GT_AGENT": "mayor"}

    def gt(*words: str, code: int, **more: str) -> tuple[str, str]:
        done = run_gt(*words, env=env | more)
        assert done.code == code, done
        return done.out, done.err

    assert gt("config", "set", "ui.keys", "vi", code=4)[1].splitlines() == [
        "gt: demo/cat may not change settings, rigs and daemons: that takes the right 'configure'",
        "hint: the overseer and mayor may: gt escalate TEXT asks",
    ]
    assert "takes the right 'decide'" in gt("mq", "approve", "mr-nosuch", code=4)[1], "before it is told what there is"
    assert "cannot speak as overseer" in gt("--as", "overseer", "bead", "list", code=4)[1]
    assert "is nobody in" in gt("status", code=4, GT_SOCKET="/elsewhere/.gt/run/doors/ses-a/gt.sock")[1]
    assert "only the overseer" in gt("--host", "me@box", "approve", "ann", code=4)[1]
    # What a program's hooks call is answered all the same; what is left of an ended session speaks for nobody.
    with town.change() as change:
        rows.end_session(change, session, status=0, signal=None)
    for words in (["signal", "idle"], ["mail", "check", "--inject"], ["prime", "--inject"]):
        assert gt(*words, code=0) == ("", "")
    assert "has ended" in gt("mail", "inbox", code=4)[1]
    copy = tmp_path / "copy"
    shutil.copytree(town.path, copy, symlinks=True, ignore=lambda folder, names: [n for n in names if n == "wake"])
    assert "is nobody in" in gt("--town", str(copy), "status", code=4)[1]
    assert os.path.isdir(copy / ".gt/run/doors" / session)  # noqa: PTH112


def test_an_agents_environment_sets_nothing(town: Town, session: SessionId) -> None:
    """It may write into it what its role may not set, and would be beyond its limits."""
    chosen = {"GT_LIMITS_AGENTS": "99", "GT_TOWN": str(town.path)}
    for asker, agents in (({}, 99), ({"GT_SOCKET": str(town.socket(session))}, 30)):
        asked = open_town(Globals(), chosen | asker, lambda line: None)
        assert (asked.settings().count("limits.agents"), asked.is_bound) == (agents, bool(asker))
        assert asked.acting_as(DEACON).settings().count("limits.agents") == agents
        asked.close()
