"""What people do: words of a command, keys at any moment, names, and what they set in tmux."""

import contextlib
import threading
from typing import Any

from hypothesis import strategies as st

from gastown_tmux.domain.worker_names import POLECATS, next_name
from gastown_tmux.edges.configuration.documents import parse_yaml
from gastown_tmux.edges.tmux import typing
from gastown_tmux.edges.tmux.panes import WindowSpec, kill_pane, open_windows, panes
from gastown_tmux.edges.tmux.server import quote
from gastown_tmux.errors import GtError
from gastown_tmux.operations.sessions.layouts import save_layout
from gastown_tmux.reading import is_text
from gastown_tmux.repl.jobs import Job, Jobs
from tests.fuzz.garbage import words
from tests.fuzz.world import Rim, World

VERBS = [
    ["mail", "inbox"], ["mail", "read"], ["mail", "status"], ["mail", "search"], ["bead", "show"], ["bead", "list"],
    ["events", "--type"], ["events", "--since"], ["config", "get"], ["config", "show"], ["layout", "show"], ["agents"],
    ["log"], ["costs", "--by"], ["mq", "list"], ["convoy", "show"], ["escalate", "list"], ["status"], ["rig", "show"],
    ["bead", "create", "--rig", "demo"], ["mail", "send", "ben", "-s"], ["snapshot", "list"], ["review"],
    ["why"], ["order", "show"], ["order", "run"], ["order", "pause"],
]  # fmt: skip
COMMANDS = st.builds(lambda verb, more: [*verb, *more], st.sampled_from(VERBS), st.lists(words(), max_size=2))


def _names(world: World, count: int) -> None:
    """No worker is called as a window that the status line hides, or that is another's."""
    assert next_name(set(POLECATS[:count])) not in ("keeper", "mayor", "deacon", "witness", "refinery")


def _interrupts(world: World, moments: list[float]) -> None:
    """Ctrl-C at any moment of a job, its end included: every job leaves the list, and no thread dies of it."""
    pause, failed = threading.Event(), list[Any]()
    hook, threading.excepthook = threading.excepthook, failed.append
    try:
        jobs, started = Jobs(lambda: _spin(200)), list[Job]()
        for moment in moments:
            started.append(jobs.start("job", lambda: _spin(100)))
            pause.wait(moment)
            started[-1].interrupt()
        for job in started:
            assert job.wait(5), "a job does not end"
        assert jobs.running() == [], "a job that has ended is still in the list"
    finally:
        threading.excepthook = hook
    assert failed == [], failed


def _spin(count: int) -> None:
    for _ in range(count):
        len(str(count))


def _command_line(world: World, arguments: list[str]) -> None:
    """What a script says by mistake: one clear line."""
    with world.look():
        world.gt(*arguments)


def _views(world: World, given: tuple[str, str, str]) -> None:
    """What was saved of a view is what a person made of it, whatever the pane's options, name and title are."""
    command, name, title = (text.replace("\0", "") if is_text(text) else "x" for text in given)
    server = world.town.tmux
    if not server.seems_alive():
        server.start()
    options = {"@gt_kind": "view", "@gt_session": "view.x"}
    [pane] = open_windows(server, [WindowSpec("demo", "odd", ["tail", "-f", "/dev/null"], world.folder, {}, options)])
    words_ = [
        ["set-option", "-p", "-t", pane, "@gt_command", command],
        ["set-option", "-p", "-t", pane, "@gt_agent", name],
    ]
    words_ += [["rename-window", "-t", pane, name or "x"], ["select-pane", "-t", pane, "-T", title]]
    for line in words_:
        with contextlib.suppress(GtError):  # what tmux itself does not take
            server.run("source-file", "-", stdin=" ".join(map(quote, line)) + "\n")
    kept = server.run("display-message", "-p", "-t", pane, "#{@gt_command}")
    try:
        with world.look():
            assert pane in {found.pane for found in panes(server)}
            assert typing.look(server, pane, "view.x") is not None
            save_layout(world.town, "saved")
            saved = parse_yaml((world.town.path / "layouts" / "saved.yaml").read_text())
        shown = [view["panes"][0]["shell_command"] for view in saved["windows"]]  # type: ignore[index,call-overload]
        assert shown == [kept.removesuffix("\n") or "blank"], (shown, kept)
    finally:
        kill_pane(server, pane, "view.x")


OF_PEOPLE = (
    Rim("names", st.integers(0, len(POLECATS)), _names, (10,)),
    Rim("interrupts", st.lists(st.floats(0, 0.001), min_size=5, max_size=20), _interrupts, ([0.0] * 20,)),
    Rim("command line", COMMANDS, _command_line, (["events", "--since", "0001-01-01"],)),
    Rim("views", st.tuples(words(), words(), words()), _views, (("a\nb", "x", "x"), ("a\x85b", "x", "x"))),
)
