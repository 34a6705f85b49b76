"""Agents' screens as pages hear of them: only what changed, once for all, and nothing for nobody."""

import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from gastown_tmux.domain.addresses import Address
from gastown_tmux.edges.tmux.panes import WindowSpec, kill_pane, open_windows
from gastown_tmux.web.screens import Place, Screens
from tests.operations.quiet_town import QuietTown, make_quiet_town

TOAST, RYE = Address("demo/toast"), Address("demo/rye")


@pytest.fixture
def quiet(short_tmp: Path) -> Iterator[QuietTown]:
    made = make_quiet_town(short_tmp)
    made.town.tmux.start()
    yield made
    made.town.tmux.stop()
    made.town.close()


class Page:
    """What a page that hears all of it knows."""

    def __init__(self) -> None:
        self.lines: dict[str, dict[int, list[Any]]] = {}
        self.told: list[dict[str, Any]] = []
        self.lock = threading.Lock()

    def take(self, agent: Address, told: str) -> None:
        data = json.loads(told)
        with self.lock:
            self.told.append(data)
            if data.get("gone"):
                self.lines.pop(agent, None)
                return
            lines = {} if data["whole"] else self.lines.get(agent, {})
            lines |= {int(place): line for place, line in data["lines"].items()}
            self.lines[agent] = {place: lines[place] for place in range(data["lines_total"])}

    def text(self, agent: Address) -> str:
        with self.lock:
            lines = self.lines.get(agent, {})
            return "\n".join("".join(run[0] for run in line) for line in lines.values()).rstrip()

    def count(self) -> int:
        with self.lock:
            return len(self.told)


def test_screens_are_told_to_who_shows_them(quiet: QuietTown, tmp_path: Path, wait_for: Callable[..., Any]) -> None:
    tmux, page = quiet.town.tmux, Page()
    (tmp_path / "pipe.sh").write_text(
        "printf 'hello \\033[31mred <b>\\n'; while read line; do printf \"$line\\n\"; done\n"
    )
    specs = [
        WindowSpec("demo", name, ["sh", str(tmp_path / "pipe.sh")], tmp_path, {}, {"@gt_session": f"ses-{name}"})
        for name in ("toast", "rye")
    ]
    toast, rye = open_windows(tmux, specs)
    places = {TOAST: Place(toast, "ses-toast"), RYE: Place(rye, "ses-rye")}

    def say(pane: str, words: str) -> None:
        tmux.run("send-keys", "-t", pane, "-l", words)
        tmux.run("send-keys", "-t", pane, "Enter")

    screens = Screens(quiet.town.acting_as(quiet.town.actor), page.take, lambda: places)
    screens.start()
    try:
        assert tmux.run("list-clients") == ""  # nobody looks, nobody is attached
        screens.show(frozenset({TOAST}), frozenset({TOAST, RYE}))
        wait_for(lambda: "red <b>" in page.text(TOAST) and "red <b>" in page.text(RYE), 10, "both screens")
        assert [run for run in page.lines[TOAST][0] if "red" in run[0]] == [["red <b>", "f1"]]
        before = page.count()
        say(toast, "more")
        wait_for(lambda: "more\nmore" in page.text(TOAST), 10, "what is new")
        fresh = page.told[before:]
        assert {told["agent"] for told in fresh} == {TOAST}
        assert all(not told["whole"] and len(told["lines"]) <= 3 for told in fresh)
        # What tmux knows of a letter's columns goes before what Python does.
        say(toast, "\\U0001f44d\\U0001f3fd|日本|e\\u0301|")
        wait_for(lambda: "日本|" in page.text(TOAST), 10, "wide letters")
        # A page that comes later gets all of it at once.
        late = Page()
        late.take(TOAST, screens.whole(TOAST) or "")
        assert late.text(TOAST) == page.text(TOAST)
        # Whom nobody shows is not looked at.
        screens.show(frozenset(), frozenset({RYE}))
        say(toast, "unseen")
        say(rye, "seen")
        wait_for(lambda: "seen" in page.text(RYE), 10, "the other")
        assert "unseen" not in page.text(TOAST)
        # One that goes is told, and a server that comes back too.
        kill_pane(tmux, rye, "ses-rye")
        wait_for(lambda: page.told[-1] == {"agent": RYE, "gone": True}, 10, "its end")
        told = screens.history(quiet.town, TOAST, 100)
        assert any(run[0].startswith("unseen") for line in told["lines"] for run in line)
        screens.show(frozenset({TOAST}), frozenset({TOAST}))
        wait_for(lambda: "unseen" in page.text(TOAST), 10, "the first again")
        tmux.stop()
        wait_for(lambda: page.told[-1] == {"agent": TOAST, "gone": True}, 10, "the end of all")
        tmux.start()
        (again,) = open_windows(tmux, specs[:1])
        places[TOAST] = Place(again, "ses-toast")
        wait_for(lambda: "red <b>" in page.text(TOAST), 10, "it to come back")
    finally:
        screens.stop()
    wait_for(lambda: tmux.run("list-clients") == "", 10, "the client to be gone")
