"""The picture in the README: ``gt feed`` in a town at work, as its terminal has it. ``python -m docs.make.picture``.

The town is real, made for this and taken down again: runbook agents at work, one that asks, one tested and held, some
landed. What stands in the picture is what tmux captured, drawn by rich as SVG.
"""

import io
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import MONOKAI
from rich.text import Text

from docs.make.run import ROOT

COLUMNS, LINES = 118, 32
PLACE = ROOT / "docs" / "feed.svg"
#: What is landed before, what is held, and what is at work: title and the ``sh`` of its bead.
LANDED = ("Greet who comes in", "Take what is owed", "Say the price in the notes")
HELD = "Refuse prices below zero"
WORKING = ("Load the stock once", "Print a receipt", "Round as the bank does")
ASKED = "Run 'python3 -m pip install mailer'?"
#: By which it is known that all of it is drawn; the rest of a title may be cut off.
_SEEN = ("Greet", "Refuse", "Round", "approve", "Enter to confirm")
#: rich's own picture, without the fonts that it would fetch.
_SVG = """\
<svg class="rich-terminal" viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg" role="img">
<title>gt feed: what needs you, who works, what waits, what landed</title>
<style>
.{unique_id}-matrix {{ font-family: ui-monospace, Menlo, Consolas, monospace; font-size: {char_height}px;
  line-height: {line_height}px; white-space: pre; }}
.{unique_id}-title {{ font-size: 18px; font-family: sans-serif; }}
{styles}
</style>
<defs><clipPath id="{unique_id}-clip-terminal">
<rect x="0" y="0" width="{terminal_width}" height="{terminal_height}"/></clipPath>{lines}</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">{matrix}</g>
</g>
</svg>
"""


class Stage:
    """A home of its own, with a town in it."""

    def __init__(self, home: Path) -> None:
        self.home = home
        kept = {
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "LANG": "C.UTF-8",
            "TERM": "xterm-256color",
        }
        self.environment = {**kept, "HOME": str(home), "COLORTERM": "truecolor", "SHELL": "/bin/sh"}
        (home / ".gitconfig").write_text("[user]\nname = you\nemail = you@localhost\n[init]\ndefaultBranch = main\n")

    def run(self, *words: str) -> str:
        done = subprocess.run(words, cwd=self.home, env=self.environment, capture_output=True, text=True, timeout=60)
        if done.returncode:
            raise SystemExit(f"{' '.join(words)}: {done.stderr}")
        return done.stdout

    def bead(self, title: str, script: str) -> str:
        body = f"~~~sh\n{script}\n~~~\n"
        made = json.loads(self.run("gt", "bead", "create", title, "--rig", "shop", "--body", body, "--json"))
        self.run("gt", "sling", made["id"], "shop")
        return str(made["id"])

    def state(self, bead: str) -> str:
        return str(json.loads(self.run("gt", "bead", "show", bead, "--json"))["state"])

    def agent(self, address: str) -> str:
        agents = json.loads(self.run("gt", "agents", "--json"))["items"]
        return str(next(agent["state"] for agent in agents if agent["address"] == address))


def wait(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + 90
    while not condition():
        if time.monotonic() > deadline:
            raise SystemExit(f"waited in vain for {what}")
        time.sleep(0.3)


def set_up(stage: Stage) -> None:
    """Until everything that is to be seen is so."""
    stage.run("git", "init", "-q", "shop")
    (stage.home / "shop" / "shop.py").write_text("price = 7\n")
    stage.run("git", "-C", "shop", "add", ".")
    stage.run("git", "-C", "shop", "commit", "-qm", "a shop")
    stage.run("gt", "install")
    stage.run("gt", "rig", "add", "shop", "shop")
    stage.run("gt", "config", "default-agent", "runbook")
    stage.run(
        "gt",
        "config",
        "set",
        "merge.gates",
        '[{name: compiles, run: "python3 -m py_compile shop.py"}]',
        "--rig",
        "shop",
    )
    landed = [stage.bead(title, f"echo '# {title}' > note-{number}.txt") for number, title in enumerate(LANDED)]
    for bead in landed:
        wait(lambda bead=bead: stage.state(bead) == "merged", bead)  # type: ignore[misc]
    stage.run("gt", "config", "set", "merge.review", "true", "--rig", "shop")
    stage.bead(HELD, "echo 'assert price >= 0' >> shop.py")
    wait(lambda: HELD in stage.run("gt", "review"), HELD)
    for number, title in enumerate(WORKING):
        stage.bead(title, f'for n in 1 2 3 4; do echo "case $n of 9 passes"; sleep 1; done; sleep 600; touch w{number}')
    stage.run("gt", "crew", "add", "ann", "--rig", "shop")
    stage.run("gt", "crew", "start", "ann")
    wait(lambda: stage.agent("shop/ann") in ("ready", "idle"), "ann")
    stage.run("gt", "nudge", "ann", f"/dialog {ASKED}", "--mode", "now")
    wait(lambda: stage.agent("shop/ann") == "waiting", "her question")


def capture(stage: Stage) -> str:
    """The feed's screen with its colours."""
    tmux = ("tmux", "-u", "-f", "/dev/null", "-S", str(stage.home / "s"))
    stage.run(*tmux, "new-session", "-d", "-x", str(COLUMNS), "-y", str(LINES), "gt feed")
    try:

        def screen() -> str:
            return stage.run(*tmux, "capture-pane", "-e", "-p", "-t", "0")

        wait(lambda: all(word in screen() for word in _SEEN), "the feed")
        return screen()
    finally:
        stage.run(*tmux, "kill-server")


def draw(screen: str) -> str:
    console = Console(width=COLUMNS, record=True, file=io.StringIO(), force_terminal=True, color_system="truecolor")
    console.print(Text.from_ansi(screen.rstrip("\n")), soft_wrap=True)
    svg = console.export_svg(title="gt feed", theme=MONOKAI, code_format=_SVG, unique_id="gt")
    return "\n".join(line.rstrip() for line in svg.splitlines()) + "\n"


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="gt-", dir="/tmp") as folder:
        stage = Stage(Path(folder).resolve())
        try:
            set_up(stage)
            PLACE.write_text(draw(capture(stage)), "utf-8")
        finally:
            subprocess.run(["gt", "down", "--agents"], cwd=stage.home, env=stage.environment, capture_output=True)
    print(PLACE.relative_to(ROOT))


if __name__ == "__main__":
    main()
