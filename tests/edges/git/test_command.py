import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from gastown_tmux.edges.git import command as git_edge
from gastown_tmux.edges.git.command import GitError, Output, git, require_version, words
from gastown_tmux.edges.git.environment import environment
from gastown_tmux.errors import MissingError, NotFoundError
from tests.edges.git_world import own_home, run_git


@pytest.fixture(autouse=True)
def _home(tmp_path: Path) -> Iterator[None]:
    with own_home(tmp_path):
        yield


def make_program(directory: Path, body: str) -> None:
    directory.mkdir(exist_ok=True)
    (directory / "git").write_text(f"#!/bin/sh\n{body}\n")
    (directory / "git").chmod(0o755)


def test_foreign_git_variables_do_not_reach_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ours, other = tmp_path / "ours", tmp_path / "other"
    for path in (ours, other):
        run_git(tmp_path, "init", "-q", str(path))
    monkeypatch.setenv("GIT_DIR", str(other / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(other))
    monkeypatch.setenv("GIT_CONFIG_PARAMETERS", "'core.bare=true'")
    assert git("rev-parse", "--show-toplevel", cwd=ours).text == str(ours)


def test_a_directory_without_git_is_not_taken_for_the_repository_above(tmp_path: Path) -> None:
    run_git(tmp_path, "init", "-q")
    (tmp_path / "inner").mkdir()
    with pytest.raises(GitError, match=r"not a git repository"):
        git("status", cwd=tmp_path / "inner")


def test_the_words_of_a_failure_are_one_line() -> None:
    output = Output(1, b"", "hint: a\nremote: \x1b[31mno\x1b[0m way\nremote:\nerror: failed\nfatal: end\n")
    assert words(output) == "failed; end"
    assert words(Output(7, b"", "")) == "exit status 7"
    ssh = "ssh: no such host\r\nfatal: Could not read from remote repository.\n\nPlease make sure you are there.\n"
    assert words(Output(128, b"", ssh)) == "ssh: no such host"


def test_another_users_repository_is_distrusted_with_the_way_out(tmp_path: Path) -> None:
    run_git(tmp_path, "init", "-q")
    with pytest.raises(GitError, match="dubious ownership") as refused:
        git("rev-parse", "HEAD", cwd=tmp_path, env=environment({"GIT_TEST_ASSUME_DIFFERENT_OWNER": "1"}))
    assert refused.value.hint == f"git config --global --add safe.directory {tmp_path}"


def test_a_missing_directory_is_not_a_missing_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(NotFoundError):
        git("version", cwd=tmp_path / "none")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MissingError):
        git("version")


def test_an_old_git_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    require_version()
    make_program(tmp_path / "bin", "echo git version 2.37.9")
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    with pytest.raises(MissingError, match=r"2.37 is too old"):
        require_version()


def test_a_hanging_git_is_ended_with_its_helpers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_program(tmp_path / "bin", f"sleep 60 & echo $! > '{tmp_path}/helper'; wait")
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    begun = time.monotonic()
    with pytest.raises(GitError, match=r"git fetch was ended after 0.5 seconds"):
        git("fetch", timeout=0.5)
    assert time.monotonic() - begun < 30
    helper = (tmp_path / "helper").read_text().strip()
    state = subprocess.run(["ps", "-o", "stat=", "-p", helper], capture_output=True, text=True).stdout
    assert state.strip()[:1] in ("", "Z")


def test_output_has_a_limit(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(git_edge, "OUTPUT_LIMIT", 2**20)
    make_program(tmp_path / "bin", "exec cat /dev/zero")
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    with pytest.raises(GitError, match=r"printed more than 1 MiB"):
        git("log")


def test_much_input_and_much_output_do_not_block(tmp_path: Path) -> None:
    run_git(tmp_path, "init", "-q")
    data = os.urandom(3 * 2**20)
    blob = git("hash-object", "-w", "--stdin", cwd=tmp_path, data=data).text
    assert git("cat-file", "blob", blob, cwd=tmp_path).stdout == data
    assert git("version", data=data).code == 0
