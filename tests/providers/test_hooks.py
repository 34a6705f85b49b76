"""The guard is run by dash and bash as programs' hooks run it; hook files are read back as their programs would."""

import json
import os
import shutil
import subprocess
import time
import tomllib
from pathlib import Path, PurePosixPath

import pytest

from gastown_tmux.providers.hooks import Mechanism, guard_text, install, toml_string

SHELLS = [shell for shell in ("dash", "bash") if shutil.which(shell)]
EVENTS = {"SessionStart": "session-start text", "Stop": "idle block", "SessionEnd": "end"}


@pytest.fixture(params=SHELLS)
def shell(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def town(tmp_path: Path) -> Path:
    town = tmp_path / "a town's"
    (town / ".gt/run/spool").mkdir(parents=True)
    (town / ".gt/run/doors/ses-door/spool").mkdir(parents=True)
    (town / ".gt/run/doors/ses-door/agent").write_text("demo/toast\n")
    (town / ".gt/mail/demo.toast/new").mkdir(parents=True)
    os.mkfifo(town / ".gt/run/wake")
    gt = town / "gt"
    gt.write_text('#!/bin/sh\nprintf "%s|%s|%s|" "$*" "$GT_HOOK" "$GT_INJECT"; cat; echo error >&2; exit 2\n')
    gt.chmod(0o755)
    guard = town / ".gt/run/guard"
    guard.write_text(guard_text(str(gt)))
    guard.chmod(0o755)
    return town


def run(shell: str, town: Path, *words: str, payload: bytes = b'{"a": 1}\n', **environment: str) -> str:
    """What the guard answers; it must end at once, with status 0, and say nothing on standard error."""
    variables = {"PATH": os.environ["PATH"], "GT_TOWN": str(town), "GT_SESSION": "ses-abcde", "GT_AGENT": "demo/toast"}
    done = subprocess.run(
        [shell, str(town / ".gt/run/guard"), *words],
        input=payload,
        capture_output=True,
        timeout=10,
        env=variables | environment,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    return done.stdout.decode()


def spooled(town: Path) -> list[tuple[str, bytes]]:
    """Session and event, and the payload, of each signal; nothing unfinished may be left."""
    found = []
    for path in (town / ".gt/run/spool").iterdir():
        pid, session, event = path.name.split(".")
        assert pid.isdigit()
        assert path.stat().st_mode & 0o777 == 0o600
        found.append((f"{session} {event}", path.read_bytes()))
    return sorted(found)


def test_an_event_is_spooled_as_it_came_and_the_deacon_woken(shell: str, town: Path) -> None:
    wake = os.open(town / ".gt/run/wake", os.O_RDONLY | os.O_NONBLOCK)
    payload = b'{"prompt": "\\u00e9 \xff\x00 $HOME `id`"}\n' * 3000
    assert run(shell, town, "end", payload=payload) == ""
    assert spooled(town) == [("ses-abcde end", payload)]
    deadline = time.monotonic() + 30
    poke = b""
    while not poke and time.monotonic() < deadline:
        try:
            poke = os.read(wake, 10)
        except BlockingIOError:
            continue
    os.close(wake)
    assert poke == b"."


def test_gt_is_asked_only_when_there_is_something_new(shell: str, town: Path) -> None:
    assert run(shell, town, "idle", "block") == ""
    (town / ".gt/mail/demo.toast/new/1.x.host").touch()
    assert run(shell, town, "idle", "block") == 'mail check --inject|idle|block|{"a": 1}\n'
    assert run(shell, town, "idle") == ""
    assert run(shell, town, "prompt", "text", GT_AGENT="mayor") == ""
    assert [name for name, _ in spooled(town)] == ["ses-abcde idle"] * 3 + ["ses-abcde prompt"]


def test_a_session_start_primes(shell: str, town: Path) -> None:
    assert run(shell, town, "session-start", "context") == 'prime --inject|session-start|context|{"a": 1}\n'
    assert spooled(town) == [("ses-abcde session-start", b'{"a": 1}\n')]


def test_a_full_fifo_keeps_nobody_waiting(shell: str, town: Path) -> None:
    reader = os.open(town / ".gt/run/wake", os.O_RDWR | os.O_NONBLOCK)
    try:
        while True:
            os.write(reader, b"." * 4096)
    except BlockingIOError:
        pass
    before = time.monotonic()
    assert run(shell, town, "idle", "block") == ""
    assert time.monotonic() - before < 30
    os.read(reader, 65536)  # lets the child that pokes go
    os.close(reader)
    assert [name for name, _ in spooled(town)] == ["ses-abcde idle"]


def test_it_never_fails_its_program(shell: str, town: Path) -> None:
    (town / ".gt/mail/demo.toast/new/1.x.host").touch()
    assert run(shell, town, "idle", "block", GT_TOWN="/nonexistent/town") == ""
    assert run(shell, town, "session-start", "text", GT_TOWN="/nonexistent/town") == ""
    assert run(shell, town, "idle", "block", GT_SESSION="") == ""
    assert run(shell, town) == ""
    (town / "gt").unlink()
    assert run(shell, town, "idle", "block") == ""
    shutil.rmtree(town / ".gt/run/spool")
    assert run(shell, town, "idle", "block") == ""
    (town / ".gt/run/wake").unlink()
    assert run(shell, town, "end") == ""
    assert not (town / ".gt/run/wake").exists()


def test_a_session_with_a_door_speaks_through_that_whatever_else_it_is_told(shell: str, town: Path) -> None:
    door = town / ".gt/run/doors/ses-door"
    known = {"GT_SOCKET": str(door / "gt.sock"), "GT_SESSION": "ses-other", "GT_AGENT": "mayor"}
    assert run(shell, town, "idle", "block", **known) == ""
    (town / ".gt/mail/demo.toast/new/1.x.host").touch()
    assert run(shell, town, "idle", "block", **known) == 'mail check --inject|idle|block|{"a": 1}\n'
    assert [path.name.partition(".")[2] for path in (door / "spool").iterdir()] == ["idle"] * 2
    # Somebody has wiped what is disposable: the folder is there again, for this user alone.
    mask = os.umask(0o022)
    shutil.rmtree(town / ".gt/run/doors")
    assert run(shell, town, "end", **known) == ""
    os.umask(mask)
    assert [path.name.partition(".")[2] for path in (door / "spool").iterdir()] == ["end"]
    assert door.stat().st_mode & 0o777 == 0o700 and spooled(town) == []
    # What is no door is not made one, nor is a town that is gone.
    shutil.rmtree(door)
    door.symlink_to("/nowhere")
    assert run(shell, town, "end", **known) == ""
    known["GT_SOCKET"] = "/nonexistent/.gt/run/doors/ses-door/gt.sock"
    assert run(shell, town, "idle", "block", **known) == "" and not Path("/nonexistent").exists()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_leaves_nothing_half_written(shell: str, town: Path) -> None:
    script = town / ".gt/run/guard"
    script.write_text(script.read_text().replace('cat >"$payload"', 'cat >"$payload" && cat "$payload" >/dev/full'))
    assert run(shell, town, "end") == ""
    assert spooled(town) == [("ses-abcde end", b"")]


def test_a_payload_without_end_fills_no_disk(shell: str, town: Path) -> None:
    """It is read to its end all the same: a pipe that nobody reads would end the program."""
    (town / ".gt/mail/demo.toast/new/1.x.host").touch()
    assert run(shell, town, "idle", "block", payload=b"x" * 5_000_000) == "mail check --inject|idle|block|"
    assert spooled(town) == [("ses-abcde idle", b"")]
    assert not list((town / ".gt/run/spool").glob(".*"))


def test_claude_and_gemini_files_differ_in_their_unit_of_time() -> None:
    for mechanism, timeout in ((Mechanism.CLAUDE_JSON, 30), (Mechanism.GEMINI_JSON, 30_000)):
        made = install(
            mechanism,
            EVENTS,
            {"x": {"y": True}},
            PurePosixPath("/f"),
            PurePosixPath("/w"),
            PurePosixPath("/a town/guard"),
        )
        (file,) = made.files
        assert (str(file.path), file.mode, made.arguments) == ("/f/settings.json", 0o600, ())
        document = json.loads(file.content)
        assert document["x"] == {"y": True}
        command = {"type": "command", "command": "'/a town/guard' idle block", "timeout": timeout}
        assert document["hooks"]["Stop"] == [{"hooks": [command]}]
        assert list(document["hooks"]) == list(EVENTS)


def test_gemini_is_told_by_a_file_in_its_worktree() -> None:
    made = install(
        Mechanism.GEMINI_WORKSPACE, EVENTS, {}, PurePosixPath("/f"), PurePosixPath("/w"), PurePosixPath("/guard")
    )
    assert [str(file.path) for file in made.files] == ["/w/.gemini/settings.json"]


def test_codex_is_told_by_arguments_that_are_toml() -> None:
    made = install(
        Mechanism.CODEX_JSON, EVENTS, {}, PurePosixPath("/f"), PurePosixPath("/w"), PurePosixPath('/a "town"/guard')
    )
    assert made.files == ()
    assert made.arguments[::2] == ("-c",) * 3
    document = tomllib.loads("\n".join(made.arguments[1::2]))
    command = {"type": "command", "command": "'/a \"town\"/guard' end", "timeout": 30}
    assert document["hooks"]["SessionEnd"] == [{"hooks": [command]}]


def test_copilot_gets_a_plugin() -> None:
    made = install(
        Mechanism.COPILOT_JSON, EVENTS, {}, PurePosixPath("/f"), PurePosixPath("/w"), PurePosixPath("/guard")
    )
    files = {str(file.path): json.loads(file.content) for file in made.files}
    assert files["/f/plugin/plugin.json"]["hooks"] == "hooks.json"
    hook = {"type": "command", "bash": "/guard end", "timeoutSec": 30}
    assert files["/f/plugin/hooks.json"]["hooks"]["SessionEnd"] == [hook]


@pytest.mark.parametrize("mechanism", [Mechanism.PI_EXTENSION, Mechanism.OPENCODE_PLUGIN])
def test_scripts_name_the_guard(mechanism: Mechanism) -> None:
    made = install(mechanism, {}, {}, PurePosixPath("/f"), PurePosixPath("/w"), PurePosixPath('/a "town"/guard'))
    assert 'const GUARD = "/a \\"town\\"/guard";' in made.files[0].content
    assert "@" not in made.files[0].content


def test_toml_strings_come_back() -> None:
    text = 'quote " back\\slash\nline\ttab \x7f \x01 é 😀 {brace}'
    assert tomllib.loads("x=" + toml_string(text)) == {"x": text}
