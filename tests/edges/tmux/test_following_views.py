"""A window that shows agents has the panes of those that run, and whoever looks at it stays where they are."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from gastown_tmux.domain.addresses import Address
from gastown_tmux.domain.layouts import Window, expand, parse_layout
from gastown_tmux.edges.tmux.panes import panes
from gastown_tmux.edges.tmux.server import Server
from gastown_tmux.edges.tmux.views import VIEW, arrange, follow

GT = Path("/nowhere/gt")
GRID = {"windows": [{"window_name": "grid", "layout": "tiled", "panes": [
    {"shell_command": "exec tail -f /dev/null {agent}", "for_each": "agent"}]}]}  # fmt: skip


@pytest.fixture
def server(short_tmp: Path) -> Iterator[Server]:
    made = Server(short_tmp / "tmux.sock", short_tmp / "tmux.conf")
    made.start()
    yield made
    made.stop()


def grid(*agents: str) -> Sequence[Window]:
    return expand(parse_layout("grid", GRID), [Address(agent) for agent in agents], [])


def shown(server: Server) -> dict[str, str]:
    """The agents by their panes."""
    found = [pane.pane for pane in panes(server) if pane.kind == VIEW]
    commands = {pane: server.run("display-message", "-p", "-t", pane, "#{@gt_command}").strip() for pane in found}
    return {pane: command.rpartition(" ")[2] for pane, command in commands.items()}


def test_panes_come_and_go_with_agents(server: Server, short_tmp: Path) -> None:
    arrange(server, grid("web/toast", "web/nux"), short_tmp, GT)
    before = shown(server)
    server.run("select-window", "-t", "=hq:=grid")
    (window,) = {pane.window for pane in panes(server) if pane.kind == VIEW}
    stays = next(pane for pane, agent in before.items() if agent == "web/nux")
    server.run("select-pane", "-t", stays)

    assert follow(server, grid("web/nux", "web/slit", "web/ace"), short_tmp, GT)
    after = shown(server)
    assert sorted(after.values()) == ["web/ace", "web/nux", "web/slit"] and after[stays] == "web/nux"
    assert {pane.window for pane in panes(server) if pane.kind == VIEW} == {window}, "it is the window it was"
    here = server.run("display-message", "-p", "-t", "=hq:", "#{window_id} #{pane_id}").split()
    assert here == [window, stays], "and who looks at one stays there"

    # Who has made a pane large looks at that one.
    server.run("resize-pane", "-Z", "-t", stays)
    assert not follow(server, grid("web/nux"), short_tmp, GT) and len(shown(server)) == 3
    server.run("resize-pane", "-Z", "-t", stays)
    assert follow(server, grid("web/nux"), short_tmp, GT) and list(shown(server)) == [stays]

    # A window that a person has closed is not made again, nor is one closed because nobody runs.
    assert follow(server, grid(), short_tmp, GT) and list(shown(server)) == [stays]
    server.run("kill-window", "-t", window)
    assert follow(server, grid("web/nux"), short_tmp, GT) and not shown(server)
    made, closed = arrange(server, grid("web/nux"), short_tmp, GT)
    assert (made, closed) == (["grid"], [])
    assert arrange(server, grid("web/ace"), short_tmp, GT) == ([], []) and list(shown(server).values()) == ["web/ace"]
