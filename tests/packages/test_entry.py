"""The ``sh`` script that stands before the packed interpreter, with a program in the interpreter's place that tells
how it was called.
"""

import os
import subprocess
from pathlib import Path

import pytest

from packages.entry import write_entry

HOME = "a home"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A bundle whose interpreter prints its own path and its arguments."""
    home = tmp_path / HOME
    interpreter = home / "runtime" / "bin" / "python3.11"
    interpreter.parent.mkdir(parents=True)
    interpreter.write_text('#!/bin/sh\nprintf "%s\\n" "$0" "$@"\n')
    interpreter.chmod(0o755)
    write_entry(home / "bin" / "gt", "python3.11", 31, [])
    return home


def run(
    *command: object, libc: str = "glibc 2.36", cwd: Path | None = None, **more: str
) -> subprocess.CompletedProcess[str]:
    """With a machine's C library of that name."""
    folder = Path(str(command[0])).absolute().parent / "machine"
    folder.mkdir(exist_ok=True)
    asked = folder / "getconf"
    asked.write_text(f"#!/bin/sh\n: >>'{folder}/asked'\n[ -n '{libc}' ] || exit 1\necho '{libc}'\n")
    asked.chmod(0o755)
    environment = {"PATH": f"{folder}:/usr/bin:/bin", **more}
    return subprocess.run(
        [str(word) for word in command], env=environment, capture_output=True, text=True, timeout=20, cwd=cwd
    )


def called(home: Path, *words: str) -> str:
    return "\n".join((f"{home}/runtime/bin/python3.11", "-I", f"{home}/runtime/gt.py", *words)) + "\n"


def test_words_arrive_as_they_are(home: Path) -> None:
    done = run(home / "bin" / "gt", "mail", "send", "two words", "*", "")
    assert done.stdout == called(home, "mail", "send", "two words", "*", "")


def test_a_link_leads_there_however_often(home: Path, tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "one").symlink_to(f"../{HOME}/bin/gt")
    (tmp_path / "bin" / "gt").symlink_to("one")
    assert run(tmp_path / "bin" / "gt", "status").stdout == called(home, "status")


@pytest.mark.parametrize("path", ["bin/gt", "./bin/gt", "bin/../bin/gt"])
def test_a_path_from_here_becomes_a_whole_one(home: Path, path: str) -> None:
    """The interpreter's path is a part of who may use the server of verbs."""
    done = run("/bin/sh", "-c", f'PATH="$PATH:."; {path} status', cwd=home)
    assert done.stdout == called(home, "status")


def test_an_older_machine_is_told(home: Path) -> None:
    done = run(home / "bin" / "gt", "status", libc="glibc 2.28")
    assert (done.returncode, done.stdout) == (5, "")
    assert done.stderr.splitlines() == [
        "gt: this package needs glibc 2.31; this machine has 2.28",
        "hint: with Python 3.11 or newer: pipx install gastown-tmux",
    ]


@pytest.mark.parametrize("libc", ["", "musl libc"])
def test_another_c_library_is_told(home: Path, libc: str) -> None:
    done = run(home / "bin" / "gt", "status", libc=libc)
    assert (done.returncode, done.stdout) == (5, "") and "another C library" in done.stderr


def test_an_agents_call_asks_nothing_of_the_machine(home: Path) -> None:
    done = run(home / "bin" / "gt", "hook", libc="", GT_SOCKET="/t/.gt/run/doors/ses-a/gt.sock")
    assert done.returncode == 0 and not (home / "bin" / "machine" / "asked").exists()


@pytest.mark.parametrize("where", ["beside", "within"])
def test_npm_puts_the_machines_package_in_two_places(home: Path, tmp_path: Path, where: str) -> None:
    modules = tmp_path / "lib" / "node_modules"
    main = modules / "gastown-tmux"
    write_entry(main / "bin" / "gt", "python3.11", 31, ["../node_modules/for-this", "../../for-this"])
    place = modules / "for-this" if where == "beside" else main / "node_modules" / "for-this"
    place.parent.mkdir(exist_ok=True)
    home.rename(place)
    (tmp_path / "gt").symlink_to(main / "bin" / "gt")
    done = run(tmp_path / "gt", "status")
    assert os.path.realpath(done.stdout.splitlines()[0]) == f"{place}/runtime/bin/python3.11"


def test_the_main_package_alone_says_what_helps(tmp_path: Path) -> None:
    write_entry(tmp_path / "main" / "bin" / "gt", "python3.11", 31, ["../../for-this"])
    done = run(tmp_path / "main" / "bin" / "gt", "status")
    assert (done.returncode, done.stdout) == (5, "")
    assert done.stderr.startswith("gt: there is no package of gastown-tmux for this machine (Linux ")
    assert "hint: npm install -g gastown-tmux@" in done.stderr
