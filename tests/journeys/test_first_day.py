"""A new user's whole day, from an empty home: each step by what was printed before, each printed command as printed."""

import contextlib
import os
import re
import shlex
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.journeys.town_world import chore, git

pytestmark = pytest.mark.with_mayor

#: A command in what gt says: at the end of a hint, behind ``next:``, in a table's cell, in brackets.
PRINTED = re.compile(r"\bgt [a-z][a-z-]*(?: [^\s,)]+)*")


@dataclass
class Newcomer:
    """Somebody at a shell, who has no address in git, and whose PATH has no agent program."""

    home: Path
    environment: dict[str, str]
    wait_for: Callable[..., Any]
    said: str = ""
    ran: list[str] = field(default_factory=list)
    known: dict[str, int] = field(default_factory=dict)

    def type(self, line: str, code: int = 0) -> str:
        """What the shell's line prints, all of it; its exit status must be ``code``."""
        done = subprocess.run(
            ["sh", "-c", line], cwd=self.home, env=self.environment, text=True, timeout=60, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        self.said, self.ran = done.stdout, [*self.ran, line]
        assert done.returncode == code, f"{line}: {done.returncode}: {self.said}"
        assert "Traceback" not in self.said
        assert not code or "hint: " in self.said, f"{line}: no way out: {self.said}"
        return self.said

    def follow(self, begin: str, code: int = 0, **filled: str) -> str:
        """Types the printed command that begins so, as it stands; ``filled``: what stands for a word in capitals."""
        printed = [match[0] for match in PRINTED.finditer(self.said)]
        line = next((line for line in printed if line.startswith(begin)), "")
        assert line, f"{self.ran[-1]} prints no {begin!r}: {self.said}"
        for word, value in filled.items():
            line = line.replace(word, value)
        return self.type(line, code)

    def wait(self, happened: str, line: str, words: str) -> None:
        """Once such an event is there: a line that is typed again and again would take what it waits for."""
        self.wait_for(lambda: self._is_told(happened), 20, happened)
        assert words in self.type(line), self.said

    def _is_told(self, event: str) -> bool:
        with contextlib.closing(sqlite3.connect(self.home / "gt" / ".gt" / "town.db", timeout=10)) as rows:
            newest = rows.execute("SELECT max(seq) FROM events WHERE type = ?", (event,)).fetchone()[0]
        known, self.known[event] = self.known.get(event, 0), newest or 0
        return self.known[event] > known

    def bead(self, title: str, script: str) -> str:
        (self.home / "plan.md").write_text(f"As the plan says.\n\n{chore(script)}")
        return self.type(f"gt bead create '{title}' --body-file plan.md").split()[0]


@pytest.fixture
def newcomer(short_tmp: Path, wait_for: Callable[..., Any]) -> Iterator[Newcomer]:
    home = short_tmp / "home"
    project = home / "app"
    project.mkdir()
    (project / "greet.sh").write_text("echo hello\n")
    for words in (["init", "-q", "-b", "trunk"], ["add", "-A"], ["-c", "commit.gpgsign=false", "commit", "-qm", "one"]):
        subprocess.run(["git", *words], cwd=project, check=True)
    (short_tmp / "nobody").write_text("")
    programs = short_tmp / "programs"
    programs.mkdir()
    (programs / "gt").write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m gastown_tmux "$@"\n')
    (programs / "gt").chmod(0o755)
    path = f"{programs}:{Path(sys.executable).parent}:/usr/bin:/bin"
    day = Newcomer(home, {**os.environ, "PATH": path, "GIT_CONFIG_GLOBAL": str(short_tmp / "nobody")}, wait_for)
    yield day
    if (home / "gt" / "town.yaml").exists():
        day.type("gt down --agents")


def test_from_nothing_to_the_digest_and_out_again(newcomer: Newcomer) -> None:
    make_a_town(newcomer)
    land_the_first_work(newcomer)
    mend_what_turned_red(newcomer)
    talk(newcomer)
    end_the_day(newcomer)


def make_a_town(day: Newcomer) -> None:
    day.type("gt status", code=3)
    day.follow("gt install")
    day.follow("gt rig add", NAME="app", URL=str(day.home / "app"))
    assert "work lands on trunk" in day.said and "git knows no user.email" in day.said
    day.follow("gt sling", WORDS="Greet", code=5)
    day.follow("gt config default-agent runbook")
    # No gates were named yet, and status says how they are.
    day.type("gt status")
    day.follow("gt help merge.gates")
    day.type("""gt config set merge.gates '[{name: test, run: "sh greet.sh", timeout: 1m}]' --rig app""")
    day.type("gt config set merge.review true --rig app")
    day.type("gt crew add me --rig app")
    day.follow("gt crew start app/me")


def land_the_first_work(day: Newcomer) -> None:
    bead = day.bead("Greet the world", "echo 'echo hello world' > greet.sh")
    day.type("gt bead ready")
    day.type(f"gt why {bead}")
    day.follow(f"gt sling {bead}")
    day.wait("merge.held", "gt review", "test ✓")
    review = day.said
    assert "+echo hello world" in day.follow("gt diff")
    day.said = review
    day.follow("gt mq approve")
    day.wait("bead.merged", "gt mq list", "merged")
    assert "hello world" in (day.home / "app" / "greet.sh").read_text(), "the checked-out project follows"
    assert "nobody" not in git(day.home / "app", "log", "-1", "--format=%ae")


def mend_what_turned_red(day: Newcomer) -> None:
    bead = day.bead("Break it", "echo 'exit 1' > greet.sh")
    day.type(f"gt sling {bead}")
    day.wait("escalation.raised", "gt review", "came back 3 times: gate test failed")
    day.follow("gt escalate show")
    asked = day.said.split()[1]
    day.type(f"gt why {bead}")
    assert "escalated after 3 attempts" in day.said
    day.follow("gt mq show")
    (log,) = (line.split()[1] for line in day.said.splitlines() if line.startswith("log "))
    assert "gate test: status 1" in Path(log).read_text()
    (day.home / "better.md").write_text(chore("echo 'echo better' > greet.sh"))
    day.type(f"gt bead update {bead} --body-file better.md")
    day.type(f"gt escalate resolve {asked}")
    day.follow(f"gt sling {bead}")
    day.wait("merge.held", "gt review", "test ✓")
    day.follow("gt mq approve")
    day.wait("bead.merged", f"gt bead show {bead}", "merged as")
    day.follow("gt diff")


def talk(day: Newcomer) -> None:
    day.type("gt mail send app/you -s hello -m 'how far?'", code=3)
    assert "did you mean app/" in day.said
    mail = day.type("gt mail send app/me -s hello -m 'how far?'").split()[0]
    day.type(f"gt mail status {mail}")
    day.type("gt mail inbox")
    first = day.said.splitlines()[1].split()[0]
    day.type(f"gt mail read {first}")
    assert "attach-session" in day.type("gt attach app/me", code=2)
    assert "how far?" in day.type("gt peek app/me")


def end_the_day(day: Newcomer) -> None:
    day.type("gt down")
    assert "down" in day.type("gt status")
    assert "the town is up" in day.type("gt up")
    digest = day.type("gt digest")
    assert "2 merged" in digest and "Greet the world" in digest, digest
    assert "rejected 3 times, work of app/" in digest, digest
    day.type("gt uninstall", code=4)
    day.follow("gt uninstall --yes")
    assert f"left: {day.home / 'app'}" in day.said
    day.type("gt status", code=3)
    assert not (day.home / "gt").exists() and len(git(day.home / "app", "log", "--format=%h").split()) == 3
