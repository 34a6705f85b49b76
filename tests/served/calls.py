"""Random calls in two towns, with a server of verbs and without: they must say, do and leave behind the same."""

import json
import os
import random
import re
import signal
import sqlite3
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

GT = [sys.executable, "-P", "-m", "gastown_tmux"]
_TIME = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z|\b\d+[smhd] ago|\b\d+[smhd]\b|\bnow\b|\b\d\d:\d\d:\d\d\b")

#: A mail that a call has sent on the side.
_MAIL = re.compile(r"\b[a-z0-9]{12}\b")
_WORDS = ("fix it", "ünï ✓ 日本", "-starts with a dash", "two\nlines", "a" * 300, "", "tab\there", 'quote\'s "x"')
_TABLES = ("beads", "convoys", "convoy_beads", "escalations", "deliveries", "events")


@dataclass
class Side:
    """One of the towns. Ids and mails are known by the order in which they were made."""

    path: Path
    environment: dict[str, str]
    ids: list[str] = field(default_factory=list)
    mails: list[str] = field(default_factory=list)

    def call(self, words: list[str], text: str | None) -> tuple[int, str, str]:
        """The call's status and what it said, in words that do not depend on the town."""
        given = [self._own(word) for word in words]
        done = subprocess.run(
            [*GT, *given], cwd=self.path, env=self.environment, input=text, capture_output=True, text=True, timeout=60
        )
        self._learn(words, done.stdout)
        return done.returncode, self.plain(done.stdout), self.plain(done.stderr)

    def _own(self, word: str) -> str:
        kind, _, number = word.partition("#")
        known = {"id": self.ids, "mail": self.mails}.get(kind)
        return known[int(number) % len(known)] if known and number.isdigit() else word

    def _learn(self, words: list[str], said: str) -> None:
        if words[:2] in (["bead", "create"], ["convoy", "create"], ["mail", "send"], ["mail", "reply"]) or (
            words[0] == "escalate" and "-s" in words
        ):
            made = json.loads(said)["id"] if said.startswith("{") else None
            if made:
                (self.mails if words[0] == "mail" else self.ids).append(made)

    def plain(self, said: str) -> str:
        for number, name in enumerate(self.ids):
            said = said.replace(name, f"id#{number}")
        for number, name in enumerate(self.mails):
            said = said.replace(name, f"mail#{number}")
        said = said.replace(str(self.path), "TOWN")
        return re.sub(r"[ ]+", " ", _MAIL.sub("MAIL", _TIME.sub("TIME", said)))

    def rows(self) -> list[str]:
        """Every row but for what time and chance decide, sorted."""
        with sqlite3.connect(self.path / ".gt" / "town.db") as database:
            found = [
                f"{table} {self.plain(_TIME.sub('TIME', str(row)))}"
                for table in _TABLES
                if database.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (table,)).fetchone()
                for row in database.execute(f"SELECT * FROM {table}")
            ]
        return sorted(found)


def choose(chance: random.Random) -> tuple[list[str], str | None]:
    """A call, and what stands on its standard input."""
    an_id, mail = f"id#{chance.randrange(50)}", f"mail#{chance.randrange(50)}"
    words = chance.choice(_WORDS)
    calls: list[tuple[list[str], str | None]] = [
        (["bead", "create", words, "--rig", "demo", "--priority", str(chance.randrange(-1, 6)), "--json"], None),
        (["bead", "create", "x", "--rig", "demo", "--body", "-", "--needs", an_id, "--json"], words),
        (["bead", "create", "y", "--rig", "demo", "--key", str(chance.randrange(5)), "--json"], None),
        (["bead", "list", *chance.choice(([], ["--json"], ["--state", "blocked"], ["--state", "closed"]))], None),
        (["bead", "show", an_id, *chance.choice(([], ["--json"]))], None),
        (["bead", "update", an_id, "--title", words], None),
        (["bead", "update", an_id, "--needs", f"id#{chance.randrange(50)}"], None),
        (["bead", chance.choice(("close", "reopen")), an_id], None),
        (["bead", "ready", "--json"], None),
        (["convoy", "create", words, an_id, "--json"], None),
        (["convoy", chance.choice(("show", "close", "list")), an_id], None),
        (["convoy", "add", an_id, f"id#{chance.randrange(50)}"], None),
        (["mail", "send", "overseer", "-s", words, "-m", "text", "--json"], None),
        (["mail", "send", "mayor", "-s", "to the mayor", "-m", "-", "--json"], words),
        (["mail", "reply", mail, "-m", words, "--json"], None),
        (["mail", chance.choice(("read", "archive", "thread", "status")), mail], None),
        (["mail", "inbox", *chance.choice(([], ["--all"], ["--json"], ["mayor"]))], None),
        (["mail", "search", chance.choice(("text", "mayor", "ünï"))], None),
        (["escalate", words, "-s", chance.choice(("low", "high", "dire")), "--json"], None),
        (["escalate", chance.choice(("ack", "resolve", "show", "list")), an_id], None),
        (["status", "--json"], None), (["agents"], None), (["review"], None), (["mq", "list", "--json"], None),
        (["config", "get", chance.choice(("merge.batch", "ui.keys", "nonsense"))], None),
        (["--as", "mayor", "mail", "inbox"], None), (["hook"], None), (["prime", "--as", "mayor"], None),
        (["events", "--type", "bead.created"], None), (["rig", "show", "demo"], None), (["bogus"], None),
        (["bead"], None), (["--version"], None), (["mail", "send", "--help"], None), (["__complete", "bead", ""], None),
    ]  # fmt: skip
    return chance.choice(calls)


class Server:
    """The server of one side, killed and started again as chance has it."""

    def __init__(self, side: Side) -> None:
        self._side = side
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self.kill()
        command = [sys.executable, "-P", "-m", "gastown_tmux.cli.server", str(self._side.path)]
        self._process = subprocess.Popen(
            command, env=self._side.environment, stdin=subprocess.DEVNULL, start_new_session=True
        )

    def kill(self) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()
            self._process = None


def make_side(folder: Path, project: Path, served: bool) -> Side:
    environment = {**os.environ, "GT_SERVER": "true" if served else "false"}
    side = Side(folder / "town", environment)
    for words in (["install", str(side.path)], ["--town", str(side.path), "rig", "add", "demo", str(project)]):
        subprocess.run([*GT, *words], check=True, env=environment, capture_output=True)
    return side


def compare(folder: Path, project: Path, calls: int, seed: int) -> None:
    """Raises AssertionError at the first call of which the two towns do not say the same, and for rows that differ."""
    chance = random.Random(seed)
    served, alone = (make_side(folder / name, project, name == "served") for name in ("served", "alone"))
    server = Server(served)
    server.start()
    try:
        for number in range(calls):
            words, text = choose(chance)
            if chance.random() < 0.04:
                chance.choice((server.kill, server.start))()
            first, second = served.call(words, text), alone.call(words, text)
            assert first == second, f"call {number}, gt {words}:\n{first}\n{second}"
            if chance.random() < 0.02:
                server.start()
        assert served.rows() == alone.rows()
    finally:
        server.kill()
