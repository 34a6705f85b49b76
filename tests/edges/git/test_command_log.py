import os
import subprocess
from pathlib import Path

from gastown_tmux.edges.git import command_log
from gastown_tmux.edges.git.command_log import has_set, read_commands


def run_logged(admin: Path, *command: str) -> None:
    env = {**os.environ, **command_log.environment(admin)}
    subprocess.run(command, cwd=admin, env=env, capture_output=True, timeout=30)


def test_git_writes_its_commands_down(tmp_path: Path) -> None:
    assert read_commands(tmp_path) == []
    run_logged(tmp_path, "git", "init", "-q", "a b")
    run_logged(tmp_path, "sh", "-c", "git -C 'a b' config user.name 'it'\"'\"'s\ntwo lines'; git -C 'a b' status -s")
    assert read_commands(tmp_path) == [
        ("init", "-q", "a b"),
        ("-C", "a b", "config", "user.name", "it's\ntwo lines"),
        ("-C", "a b", "status", "-s"),
    ]


def test_what_cannot_be_written_hinders_nothing(tmp_path: Path) -> None:
    done = subprocess.run(
        ["git", "init", "-q", str(tmp_path / "a")],
        env={**os.environ, **command_log.environment(tmp_path / "gone")},
        capture_output=True,
    )
    assert (done.returncode, done.stderr) == (0, b"")


def test_who_can_have_written_what(tmp_path: Path) -> None:
    asked = [("config", "--get", "user.name"), ("remote", "-v"), ("log", "fork")]
    assert not has_set(asked, "user.name", "Ann")
    assert not has_set(asked, "remote.fork.url", "/far")
    assert not has_set(asked, "submodule.sub.url", "/far")
    assert has_set([*asked, ("config", "--local", "User.Name", "Ann")], "user.name", "Ann")
    assert has_set([("config", "set", "a.Sub.b", "c")], "a.Sub.b", "c")
    assert has_set([("remote", "add", "fork", "/far")], "remote.fork.url", "/far")
    assert has_set([("submodule--helper", "add", "/far", "sub")], "submodule.sub.url", "/far")


def test_a_long_log_begins_anew(tmp_path: Path) -> None:
    log = tmp_path / command_log.LOG
    command_log.trim(tmp_path)
    log.write_text("version 2\nstart git status\ncmd_name status\n")
    command_log.trim(tmp_path)
    assert read_commands(tmp_path) == [("status",)]
    with log.open("ab") as file:
        file.truncate(command_log.LONGEST + 1)
    command_log.trim(tmp_path)
    assert log.stat().st_size == 0
