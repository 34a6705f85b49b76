import os
import select
import shutil
import signal
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from gastown_tmux.edges.tmux.panes import (
    Pane,
    WindowSpec,
    capture,
    capture_many,
    kill_pane,
    kill_panes,
    mark_panes,
    open_windows,
    panes,
    respawn,
)
from gastown_tmux.edges.tmux.server import Server, ServerGoneError
from gastown_tmux.errors import GtError, NotFoundError, RefusedError

WAIT = ["tail", "-f", "/dev/null"]


@pytest.fixture
def server() -> Iterator[Server]:
    folder = Path(tempfile.mkdtemp(prefix="gt-tmux-"))
    made = Server(folder / "tmux.sock", folder / "tmux.conf")
    made.start()
    yield made
    made.stop()
    shutil.rmtree(folder)


def spec(tmp_path: Path, *command: str, name: str = "toast", session: str = "ses-1") -> WindowSpec:
    return WindowSpec("rig", name, command or WAIT, tmp_path, {}, {"@gt_session": session})


def until(look: Callable[[], object]) -> Any:
    deadline = time.monotonic() + 30
    while not (seen := look()):
        assert time.monotonic() < deadline
        select.select([], [], [], 0.005)
    return seen


def of(server: Server, pane: str) -> Pane:
    return next(each for each in panes(server) if each.pane == pane)


def test_thirty_windows_in_one_call(server: Server, tmp_path: Path) -> None:
    specs = [
        WindowSpec(
            session=f"rig{number % 3}",
            name=f"agent-{number}",
            command=WAIT,
            cwd=tmp_path,
            options={
                "@gt_agent": f"rig{number % 3}/agent-{number}",
                "@gt_session": f"ses-{number}",
                "@gt_kind": "agent",
            },
        )
        for number in range(30)
    ]
    made = open_windows(server, specs)
    assert len(set(made)) == 30
    seen = {pane.pane: pane for pane in panes(server)}
    assert len(seen) == 31
    for number, (pane, wanted) in enumerate(zip(made, specs, strict=True)):
        found = seen[pane]
        assert (found.session, found.window_name) == (wanted.session, wanted.name)
        assert (found.agent, found.gt_session, found.kind) == (*list(wanted.options.values())[:2], "agent")
        assert found.gt_session == f"ses-{number}"
        assert os.getsid(found.pid) == found.pid
        assert not found.dead and not found.in_mode and found.dead_status is found.dead_signal is None
        assert abs(found.activity - time.time()) < 60


def test_concurrent_openers_do_not_mix_identities(server: Server, tmp_path: Path) -> None:
    made: dict[str, str] = {}

    def open_some(first: int) -> None:
        specs = [spec(tmp_path, name=f"a{n}", session=f"ses-{n}") for n in range(first, first + 5)]
        made.update(zip((f"ses-{n}" for n in range(first, first + 5)), open_windows(server, specs), strict=True))

    openers = [threading.Thread(target=open_some, args=(first,)) for first in range(0, 40, 5)]
    for each in openers:
        each.start()
    for each in openers:
        each.join()
    assert {pane.gt_session: pane.pane for pane in panes(server) if pane.session == "rig"} == made
    assert {pane.window_name.replace("a", "ses-") for pane in panes(server) if pane.session == "rig"} == set(made)


def test_odd_environments_arrive_unchanged(server: Server, tmp_path: Path) -> None:
    folder = tmp_path / "a #{pid} #[b] ##[c ##d %H ünï $x ;"
    folder.mkdir()
    environment = {
        "QUOTES": 'it\'s "x" `y` $HOME ${HOME} ~ \\ \\n',
        "FORMAT": "#{pid} #S #[fg=red] ## %H",
        "LINES": "one\n  # two\n\tthree\n",
        "SEMI": "a;",
        "UTF": "Grüße ␞ 👩‍🚀",
        "LONG": "x" * 50_000,
        "EMPTY": "",
        "PATH": f"/odd place:{os.environ['PATH']}",
    }
    command = [
        "/bin/sh",
        "-c",
        'env -0 > "$0.new"; pwd > out; mv "$0.new" "$0"; sleep 60',
        str(tmp_path / "e n;v"),
    ]
    open_windows(server, [WindowSpec("rig", "odd", command, folder, environment)])
    written = until(lambda: (tmp_path / "e n;v").exists() and (tmp_path / "e n;v").read_text())
    entries = dict(entry.split("=", 1) for entry in written.split("\0") if entry)
    assert {name: entries[name] for name in environment} == environment
    assert (folder / "out").read_text() == f"{folder}\n"


def test_one_windows_environment_is_not_the_next_ones(server: Server, tmp_path: Path) -> None:
    env = ["sh", "-c", "env; sleep 60"]
    first = WindowSpec("rig", "a", env, tmp_path, {"SECRET": "x"})
    made = open_windows(server, [first, WindowSpec("rig", "b", env, tmp_path, {"OTHER": "y"})])
    text = until(lambda: (seen := capture(server, made[1], 200)).count("OTHER=y") and seen)
    assert "SECRET" not in text


def test_the_command_is_the_panes_own_process_without_a_shell(server: Server, tmp_path: Path) -> None:
    odd = tmp_path / "my $(program); x"
    odd.symlink_to("/bin/sleep")
    script = tmp_path / "one word; $(true)"
    script.write_text("#!/bin/sh\nexec sleep 60\n")
    script.chmod(0o755)
    several, single = open_windows(
        server,
        [WindowSpec("rig", "a", [str(odd), "60"], tmp_path), WindowSpec("rig", "b", [str(script)], tmp_path)],
    )
    for pane, words in ((several, [str(odd), "60"]), (single, ["sleep", "60"])):
        cmdline = Path(f"/proc/{of(server, pane).pid}/cmdline")
        until(lambda cmdline=cmdline, words=words: cmdline.read_text().split("\0")[:-1] == words)


def test_a_missing_directory_opens_nothing(server: Server, tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match=r"no such directory: .*/gone"):
        open_windows(server, [spec(tmp_path), spec(tmp_path / "gone")])
    assert [pane.window_name for pane in panes(server)] == ["keeper"]


def test_all_windows_or_none(server: Server, tmp_path: Path) -> None:
    open_windows(server, [WindowSpec("old", "stays", WAIT, tmp_path)])
    specs = [WindowSpec(session, "new", WAIT, tmp_path) for session in ("old", "rig", "old")]
    server.run("set-hook", "-g", "after-new-session", "kill-session -t =rig")
    with pytest.raises(GtError, match=r"cannot open the windows: tmux: .*can't find session: rig"):
        open_windows(server, specs)
    assert sorted(pane.window_name for pane in panes(server)) == ["keeper", "stays"]
    server.run("set-hook", "-gu", "after-new-session")
    assert len(open_windows(server, specs)) == 3


def test_names_tmux_would_change_are_refused(server: Server, tmp_path: Path) -> None:
    for wrong in ("a.b", "a:b", "", "a b"):
        with pytest.raises(ValueError, match="not a name"):
            open_windows(server, [spec(tmp_path, name=wrong)])
    with pytest.raises(ValueError, match="not a pane option"):
        open_windows(server, [WindowSpec("rig", "a", WAIT, tmp_path, {}, {"@gt_agent": "a:b"})])
    with pytest.raises(ValueError, match="not a pane id"):
        capture(server, "toast")


def test_nobodys_current_window_changes(server: Server, tmp_path: Path) -> None:
    open_windows(server, [spec(tmp_path, name="first")])
    open_windows(server, [spec(tmp_path, name="second"), WindowSpec("hq", "mayor", WAIT, tmp_path)])
    assert server.run("list-windows", "-a", "-F", "#{window_active}#{window_name}").split() == [
        "1keeper",
        "0mayor",
        "1first",
        "0second",
    ]


@pytest.mark.parametrize(
    ("command", "status", "number"), [("exit 7", 7, None), ("exit 0", 0, None), ("kill -TERM $$", None, 15)]
)
def test_a_dead_pane_keeps_how_it_ended(
    server: Server, tmp_path: Path, command: str, status: int | None, number: int | None
) -> None:
    (made,) = open_windows(server, [spec(tmp_path, "sh", "-c", command)])
    until(lambda: of(server, made).dead)
    server.nudge_reaper()
    until(lambda: (dead := of(server, made)).dead_status is not None or dead.dead_signal is not None)
    assert (of(server, made).dead_status, of(server, made).dead_signal) == (status, number)


def test_killed_panes_all_get_their_signal_after_a_nudge(server: Server, tmp_path: Path) -> None:
    made = open_windows(server, [spec(tmp_path, name=f"a{n}", session=f"ses-{n}") for n in range(10)])
    for pane in panes(server):
        if pane.pane in made:
            os.kill(pane.pid, signal.SIGKILL)
            until(lambda pane=pane: of(server, pane.pane).dead)
    server.nudge_reaper()
    until(lambda: [pane.dead_signal for pane in panes(server) if pane.pane in made] == [9] * 10)


def test_free_text_cannot_break_the_look(server: Server, tmp_path: Path) -> None:
    script = "printf '\\033]2;a:b ␞ c|d\\033\\\\'; printf '\\033kwicked\\033\\\\'; echo done; sleep 60"
    (made,) = open_windows(server, [spec(tmp_path, "sh", "-c", script)])
    until(lambda: "done" in capture(server, made))
    server.run("rename-window", "-t", made, "x:y:z ␞ \t é")
    server.run("set-option", "-p", "-t", made, "@gt_kind", "by:hand\n%1:@1:1")
    seen = of(server, made)
    assert (seen.gt_session, seen.kind) == ("ses-1", "by_hand__1_@1_1")
    assert seen.window_name.startswith("x:y:z ␞")
    assert len(panes(server)) == 2


def test_identity_survives_rename_move_and_respawn(server: Server, tmp_path: Path) -> None:
    (made,) = open_windows(server, [spec(tmp_path, "sh", "-c", "exit 3")])
    until(lambda: of(server, made).dead)
    server.run("rename-window", "-t", made, "other")
    server.run("move-window", "-s", made, "-t", "=hq:")
    assert of(server, made).gt_session == "ses-1"
    again = WindowSpec(
        "rig",
        "toast",
        ["sh", "-c", "echo again $NEW; sleep 60"],
        tmp_path,
        {"NEW": "one two"},
        {"@gt_session": "ses-2"},
    )
    respawn(server, made, "ses-1", again)
    seen = of(server, made)
    assert (seen.dead, seen.gt_session, seen.session, seen.window_name) == (False, "ses-2", "hq", "other")
    until(lambda: "again one two" in capture(server, made))


def test_a_pane_of_another_session_is_left_alone(server: Server, tmp_path: Path) -> None:
    (made,) = open_windows(server, [spec(tmp_path)])
    pid = of(server, made).pid
    for pane, session in ((made, "ses-0"), (made, "ses-11"), ("%999", "ses-1")):
        assert not kill_pane(server, pane, session)
        mark_panes(server, {pane: (session, {"@gt_kind": "wrong"})})
        with pytest.raises(RefusedError, match=f"pane {pane} is not of session {session}"):
            respawn(server, pane, session, spec(tmp_path))
    with pytest.raises(ValueError, match="not a session id"):
        kill_pane(server, made, "")
    # For a missing target tmux would ask its current pane.
    server.run("set-option", "-g", "@gt_session", "ses-gone")
    assert not kill_pane(server, "%999", "ses-gone")
    kill_panes(server, {made: "ses-0", "%999": "ses-gone"})
    assert (of(server, made).pid, of(server, made).kind) == (pid, "")
    mark_panes(server, {made: ("ses-1", {"@gt_kind": "agent", "@gt_agent": "rig/toast"})})
    assert (of(server, made).kind, of(server, made).agent) == ("agent", "rig/toast")
    assert kill_pane(server, made, "ses-1")
    assert not kill_pane(server, made, "ses-1")
    assert len(panes(server)) == 1
    first, second = open_windows(server, [spec(tmp_path), spec(tmp_path)])
    kill_panes(server, {first: "ses-1", "%999": "ses-1", second: "ses-1"})
    assert len(panes(server)) == 1


def test_capture_has_the_screen_or_the_last_lines(server: Server, tmp_path: Path) -> None:
    script = "for n in $(seq 1 300); do echo line $n; done; printf '\\033[31mred\\033[0m\\n'; sleep 60"
    (made,) = open_windows(server, [spec(tmp_path, "sh", "-c", script)])
    until(lambda: "red" in capture(server, made))
    assert capture(server, made, 3) == "line 299\nline 300\nred\n"
    assert capture(server, made, 302).startswith("line 1\n")
    assert "line 250\n" not in capture(server, made)
    assert "\033[31mred" in capture(server, made, 1, ansi=True)
    wide = "y" * 300
    (long,) = open_windows(server, [spec(tmp_path, "sh", "-c", f"echo {wide}; sleep 60")])
    until(lambda: "y" in capture(server, long))
    assert capture(server, long, 5, joined=True).strip() == wide
    with pytest.raises(NotFoundError):
        capture(server, "%999")


def test_many_screens_by_one_call(server: Server, tmp_path: Path) -> None:
    one, other, gone = open_windows(
        server,
        [
            spec(tmp_path, "sh", "-c", f"echo 'the {name} screen'; echo gt-not-yours; sleep 60", session=f"ses-{name}")
            for name in ("first", "second", "third")
        ],
    )
    until(lambda: all("not-yours" in capture(server, pane) for pane in (one, other)))
    kill_pane(server, gone, "ses-third")
    asked = {one: "ses-first", other: "ses-another", gone: "ses-third", "%999": "ses-first"}
    assert {pane: screen.split("\n")[:2] for pane, screen in capture_many(server, asked).items()} == {
        one: ["the first screen", "gt-not-yours"]
    }
    assert capture_many(server, {}) == {}


def test_a_server_killed_under_our_feet(server: Server, tmp_path: Path) -> None:
    (made,) = open_windows(server, [spec(tmp_path)])
    os.kill(server.pid(), signal.SIGKILL)
    for call in (
        lambda: panes(server),
        lambda: open_windows(server, [spec(tmp_path)]),
        lambda: kill_pane(server, made, "ses-1"),
        lambda: capture(server, made),
        server.nudge_reaper,
    ):
        with pytest.raises(ServerGoneError):
            call()


def test_a_persons_own_session_of_the_same_windows_lists_nothing_twice(server: Server, tmp_path: Path) -> None:
    (pane,) = open_windows(server, [spec(tmp_path)])
    server.run("new-session", "-d", "-t", "=rig:", "-s", "aside")
    assert [(found.pane, found.session) for found in panes(server) if found.pane == pane] == [(pane, "rig")]
