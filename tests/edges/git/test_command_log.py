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


def test_a_long_log_is_cut_down_to_its_newest_commands(tmp_path: Path) -> None:
    log = tmp_path / command_log.LOG
    command_log.trim(tmp_path)
    run_logged(tmp_path, "git", "init", "-q", "old")
    kept = read_commands(tmp_path)
    command_log.trim(tmp_path)
    assert read_commands(tmp_path) == kept
    with log.open("ab") as file:
        file.write(b"x\n" * command_log.LONGEST)
    run_logged(tmp_path, "git", "init", "-q", "new")
    # Not read to its beginning, however long it has become since somebody looked after it.
    assert read_commands(tmp_path) == [("init", "-q", "new")]
    command_log.trim(tmp_path)
    assert log.stat().st_size < command_log.LONGEST
    run_logged(tmp_path, "git", "init", "-q", "newer")
    assert read_commands(tmp_path) == [("init", "-q", "new"), ("init", "-q", "newer")]


def test_a_password_in_a_command_is_its_owners_alone(tmp_path: Path) -> None:
    log = tmp_path / command_log.LOG
    for _ in range(2):
        run_logged(tmp_path, "git", "version", "--https://user:secret@host/")
        assert log.stat().st_mode & 0o777 == 0o600
        log.chmod(0o644)
    assert len(read_commands(tmp_path)) == 2


def test_what_is_no_log_is_left_alone(tmp_path: Path) -> None:
    log, other = tmp_path / command_log.LOG, tmp_path / "other"
    other.write_bytes(b"x" * (command_log.LONGEST + 1))
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    for kind in ("other", "pipe", "folder"):
        log.symlink_to(kind)
        command_log.environment(tmp_path)
        assert read_commands(tmp_path) == []
        log.unlink()
    (tmp_path / "pipe").rename(log)
    command_log.environment(tmp_path)
    assert read_commands(tmp_path) == []
    assert other.stat().st_size == command_log.LONGEST + 1
    assert other.stat().st_mode & 0o044
