import os
import secrets
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gastown_tmux.edges.files.waiting import wait
from gastown_tmux.edges.processes import process_table, processes
from gastown_tmux.edges.processes.processes import (
    ProcessRef,
    death_descriptor,
    descendants,
    end,
    freeze,
    is_alive,
    is_stopped,
    process,
    session_processes,
    start_time,
    thaw,
    wait_for_death,
)
from gastown_tmux.edges.processes.spawning import spawn_detached
from gastown_tmux.errors import GtError

Spawn = Callable[..., ProcessRef]


@pytest.fixture
def spawn(tmp_path: Path) -> Iterator[Spawn]:
    started: list[ProcessRef] = []

    def start(script: str, **variables: str) -> ProcessRef:
        env = {"PATH": os.environ["PATH"], "D": str(tmp_path), **variables}
        ref = spawn_detached(["/bin/sh", "-c", script], env, tmp_path, tmp_path / "log", 9999)
        started.append(ref)
        return ref

    yield start
    for ref in started:
        for each in {ref, *descendants([ref])}:
            processes.send(each, signal.SIGKILL)
    assert not wait_for_death(started, 5)


def until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        select.select([], [], [], 0.002)


def pid_in(path: Path) -> ProcessRef:
    until(lambda: path.exists() and path.read_text().endswith("\n"))
    ref = process(int(path.read_text()))
    assert ref
    return ref


def test_a_process_is_its_pid_and_its_birth() -> None:
    me = process(os.getpid())
    assert me == ProcessRef(os.getpid(), start_time(os.getpid()) or "")
    assert is_alive(me)
    assert not is_alive(ProcessRef(me.pid, me.started + "0"))
    assert start_time(2**22 + 1) is None


def test_a_zombie_is_dead() -> None:
    child = subprocess.Popen(["true"])
    ref = process(child.pid)
    assert ref
    assert wait_for_death([ref], 5) == set()
    assert start_time(child.pid) == ref.started
    assert not is_alive(ref)
    child.wait()


@pytest.mark.skipif(sys.platform != "linux", reason="compares with /proc")
def test_psutil_tells_the_same_as_proc(spawn: Spawn) -> None:
    ref = spawn("kill -STOP $$", GT_SESSION="ses-psutil")
    until(lambda: is_stopped(ref))
    one, other = process_table._look_proc(ref.pid), process_table._look_psutil(ref.pid)
    assert one and other
    assert (one.state, one.parent) == (other.state, other.parent) == ("T", os.getpid())
    assert sorted(process_table._environment_psutil(ref.pid).split(b"\0")) == sorted(
        process_table._environment_proc(ref.pid).rstrip(b"\0").split(b"\0")
    )
    assert ref.pid in process_table._pids_psutil()
    assert process_table._look_psutil(2**22 + 1) is None


def test_a_death_is_an_event(spawn: Spawn) -> None:
    ref = spawn("exec sleep 60")
    descriptor = death_descriptor(ref)
    assert select.select([descriptor], [], [], 0) == ([], [], [])
    os.kill(ref.pid, signal.SIGKILL)
    assert select.select([descriptor], [], [], 5)[0] == [descriptor]
    os.close(descriptor)
    for dead in (ref, ProcessRef(os.getpid(), "another birth")):
        descriptor = death_descriptor(dead)
        assert select.select([descriptor], [], [], 0)[0] == [descriptor]
        os.close(descriptor)


def test_a_signal_never_reaches_another_birth_of_the_pid(spawn: Spawn) -> None:
    ref = spawn("exec sleep 60")
    assert not processes.send(ProcessRef(ref.pid, "another birth"), signal.SIGKILL)
    assert not processes.send(ProcessRef(1, start_time(1) or ""), signal.SIGCONT)
    assert is_alive(ref)
    end([ProcessRef(ref.pid, "another birth")])
    assert is_alive(ref)


STRAGGLER = """setsid sh -c '
echo $$ > "$D/new"; mv "$D/new" "$D/straggler"; trap "" TERM HUP; sleep 61 & wait; sleep 61
' &"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux shows an empty environment in an exec")
def test_a_process_that_becomes_another_program_keeps_its_environment(spawn: Spawn) -> None:
    ref = spawn('exec /bin/sh -c "$AGAIN"', AGAIN='exec /bin/sh -c "$AGAIN"', GT_SESSION="ses-again")
    for _ in range(2000):
        assert b"GT_SESSION=ses-again" in process_table.environment(ref.pid).split(b"\0")


def test_nobody_waits_for_an_environment_that_is_empty(spawn: Spawn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process_table, "_EXEC_SECONDS", 10_000)
    ref = spawn("exec env -i sleep 60")
    while process_table.command_line(ref.pid) != [b"sleep", b"60"]:
        wait(0.001)
    assert process_table.environment(ref.pid) == b""


def test_the_environment_finds_a_reparented_straggler(spawn: Spawn, tmp_path: Path) -> None:
    session = f"ses-{secrets.token_hex(4)}"
    ref = spawn(f"{STRAGGLER}\nexec sleep 60", GT_SESSION=session)
    straggler = pid_in(tmp_path / "straggler")
    other = spawn("exec sleep 60", GT_SESSION=f"{session}2")
    os.kill(ref.pid, signal.SIGKILL)
    assert not wait_for_death([ref], 5)
    until(lambda: len(session_processes(session)) == 2)
    assert straggler in session_processes(session)
    assert straggler not in descendants([ref])
    end([], term_seconds=0.2, sessions=[session])
    assert not is_alive(straggler)
    assert session_processes(session) == set()
    assert is_alive(other)


def test_the_caller_is_not_of_its_own_session(tmp_path: Path) -> None:
    session = f"ses-{secrets.token_hex(4)}"
    program = (
        "from gastown_tmux.edges.processes.processes import end, session_processes;"
        "import subprocess; subprocess.Popen(['sleep', '60']);"
        f"end([], 5, sessions=['{session}']); print(session_processes('{session}'))"
    )
    env = {**os.environ, "GT_SESSION": session}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=env, timeout=20)
    assert done.stdout == "set()\n"


def test_a_tree_that_ignores_term_is_ended(spawn: Spawn, tmp_path: Path) -> None:
    tree = "trap '' TERM; (sh -c 'sleep 62; sleep 62' & sleep 62); sleep 62"
    ref = spawn(tree)
    until(lambda: len(descendants([ref])) >= 3)
    everyone = {ref, *descendants([ref])}
    began = time.monotonic()
    end([ref], term_seconds=0.3)
    assert time.monotonic() - began > 0.25
    assert not [each for each in everyone if is_alive(each)]


def test_a_stopped_tree_is_ended_politely(spawn: Spawn, tmp_path: Path) -> None:
    ref = spawn("trap 'echo bye; exit' TERM; echo hi; while :; do sleep 0.01; done")
    until(lambda: "hi" in (tmp_path / "log").read_text())
    freeze([ref])
    end([ref], term_seconds=5)
    until(lambda: (tmp_path / "log").read_text().endswith("bye\n"))


@pytest.mark.skipif(sys.platform != "linux", reason="pidfd")
def test_what_survives_is_an_error(spawn: Spawn, monkeypatch: pytest.MonkeyPatch) -> None:
    ref = spawn("exec sleep 60")
    # A process in uninterruptible sleep cannot be made at will: signals get lost instead.
    with monkeypatch.context() as patch:
        patch.setattr(signal, "pidfd_send_signal", lambda descriptor, number: None)
        with pytest.raises(GtError, match=f"cannot end process {ref.pid}"):
            end([ref], term_seconds=0.01, kill_seconds=0.01)


def test_the_mother_of_all_processes_is_no_target() -> None:
    with pytest.raises(ValueError, match="not a process of ours"):
        end([ProcessRef(1, start_time(1) or "")])


def test_freezing_stops_a_forking_tree_whole(spawn: Spawn) -> None:
    ref = spawn("while :; do sh -c 'sleep 0.02; :' & sh -c 'sleep 0.01'; done")
    until(lambda: descendants([ref]))
    frozen = freeze([ref])
    assert ref in frozen
    assert {ref, *(each for each in descendants([ref]) if is_alive(each))} == frozen
    # A shell in vfork waits in the kernel for its stopped child, with its own stop pending.
    assert {processes._state(each) for each in frozen} <= {"T", "D"}
    before = descendants([ref])
    select.select([], [], [], 0.05)
    assert descendants([ref]) == before
    thaw(frozen)
    until(lambda: not {each for each in before if is_alive(each)})
    end([ref], term_seconds=5)


def test_waiting_for_deaths_has_a_limit(spawn: Spawn) -> None:
    lasting, brief = spawn("exec sleep 60"), spawn("exec sleep 0.05")
    assert wait_for_death([lasting, brief], 0.3) == {lasting}
