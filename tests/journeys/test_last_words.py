"""When another program fails, its telling words are shown, the whole is in a log, and the way out is another one."""

from pathlib import Path

from tests.journeys.terminals import GT, Terminal
from tests.journeys.town_world import TownWorld, chore, git, make_repository


def sling(world: TownWorld, script: str) -> str:
    bead = world.bead("a change", script)
    world.gt("sling", bead)
    return bead


def why(world: TownWorld, bead: str) -> str:
    """The reason of its merge request, once there is one."""
    sql = "SELECT reason FROM merge_requests WHERE bead = ? AND reason IS NOT NULL"
    return str(world.wait_for(lambda: world.ask(sql, bead), 30, f"what becomes of {bead}"))


def test_a_remote_that_cannot_be_reached(quick_town: TownWorld) -> None:
    town = quick_town
    refused = town.gt("rig", "add", "far", "ssh://git@127.0.0.1:1/x.git", code=1).err.splitlines()
    assert refused[0].startswith("gt: ssh://git@127.0.0.1:1/x.git cannot be read: ssh: connect to host 127.0.0.1")
    assert refused[0].endswith("Connection refused") and refused[1:] == ["hint: gt log errors"]
    whole = town.gt("log", "errors").out
    assert "rig add: " in whole and "Please make sure you have the correct access rights" in whole
    assert (town.path / ".gt" / "logs" / "errors.log").stat().st_mode & 0o777 == 0o600


def test_a_remote_that_says_forty_lines_and_gates_and_setup(town: TownWorld) -> None:
    remote = town.project.with_name("remote.git")
    git(town.project, "clone", "-q", "--bare", str(town.project), str(remote))
    hook = remote / "hooks" / "pre-receive"
    lines = "for i in $(seq 40); do echo line $i of the policy; done; echo 'error: no ticket number'; echo bye; exit 1"
    hook.write_text(f"#!/bin/sh\n{lines}\n")
    hook.chmod(0o755)
    town.gt("rig", "add", "shut", remote)
    bead = town.json("bead", "create", "t", "--rig", "shut", "--body", chore("echo x > x"))["id"]
    town.gt("sling", bead)
    reason = why(town, bead)
    assert reason == "the remote refuses: pre-receive hook declined; no ticket number"
    log = Path(town.json("mq", "show", bead)["log"]).read_text()
    assert "line 1 of the policy" in log and "line 40 of the policy" in log and "bye" in log
    hook.unlink()
    town.gt("mq", "retry", bead)
    town.wait_state(bead, "merged")

    program = "all:\\n\\tno-such-compiler x.c\\n"
    town.gt("config", "set", "merge.gates", "[{name: t, run: 'make all'}]")
    failing = sling(town, f"printf '{program}' > Makefile")
    assert why(town, failing) == "gate t failed with status 2: make: no-such-compiler: No such file or directory"
    assert "Error 127" in Path(town.json("mq", "show", failing)["log"]).read_text()

    town.gt("config", "set", "worktree.setup", "['echo fine', 'no-such-installer --all; echo; exit 3']")
    refused = town.gt("crew", "add", "ann", "--rig", "demo", code=1).err.splitlines()
    assert refused[-2].endswith("failed with status 3: sh: 1: no-such-installer: not found"), refused
    log = refused[-1].removeprefix("hint: less ")
    assert "$ no-such-installer" in Path(log).read_text()


def test_setup_and_gates_have_the_users_git_and_not_the_callers_place(town: TownWorld) -> None:
    """Called by a hook of git's, we have its GIT_DIR; a project's commands must not work there."""
    other = make_repository(town.project.with_name("other"))
    told = "git rev-parse --show-toplevel > where && git config --get user.name >> where && echo where >> .git-ignored"
    town.gt("config", "set", "worktree.setup", f"['{told}']")
    place = {"GIT_DIR": str(other / ".git"), "GIT_WORK_TREE": str(other), "GIT_INDEX_FILE": "elsewhere"}
    town.gt("crew", "add", "ann", "--rig", "demo", env={**place, "GIT_PREFIX": "x/"})
    work = town.path / ".gt" / "hooks" / "demo.ann" / "work"
    assert (work / "where").read_text() == f"{work}\nTest Person\n"
    (work / "new.txt").write_text("new\n")
    for words in (("diff", "ann", "--stat"), ("diff", "ann")):
        assert "new.txt" in town.gt(*words, env={**place, "GIT_NAMESPACE": "x"}).out


def test_a_terminal_that_tmux_cannot_use(town: TownWorld, terminal: Terminal) -> None:
    town.gt("config", "agent", "set", "quiet", "sleep", "600")
    town.gt("crew", "add", "ann", "--rig", "demo", "--agent", "quiet")
    terminal.run("env", "TERM=nonsense", GT, "--town", town.path, "attach", "ann")
    terminal.sees("gt: tmux: missing or unsuitable terminal: nonsense")
    terminal.sees("hint: gt peek demo/ann")


def test_an_agent_program_that_ends_at_once(town: TownWorld) -> None:
    script = "import sys; sys.argv[1:] == ['--version'] or __import__('no_such_module')"
    town.gt("config", "agent", "set", "broken", "python3", "-c", script)
    found = town.gt("config", "agent", "check", "broken", code=1, seconds=120)
    assert "ModuleNotFoundError: No module named 'no_such_module'" in found.err, found
