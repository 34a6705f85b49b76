"""What a layout's file means."""

from pathlib import Path

import pytest
import yaml

from gastown_tmux.domain.addresses import Address
from gastown_tmux.domain.layouts import MOST_PANES, Pane, Window, expand, parse_layout
from gastown_tmux.edges.configuration.shipped import shipped
from gastown_tmux.errors import UsageError

AGENTS = [Address("demo/toast"), Address("demo/nux"), Address("other/max")]


@pytest.mark.parametrize("path", sorted(shipped("layouts").glob("*.yaml")), ids=lambda path: path.stem)
def test_shipped_layouts_are_understood_and_give_windows(path: Path) -> None:
    layout = parse_layout(path.stem, yaml.safe_load(path.read_text()))
    assert layout.summary
    for window in expand(layout, AGENTS, ["demo", "other"]):
        assert window.panes
        assert "{" not in window.name + window.session
        assert not any("{agent}" in pane.command or "{rig}" in pane.command for pane in window.panes)


def test_tmuxp_words() -> None:
    document = {
        "session_name": "hq",
        "windows": [
            {
                "window_name": "dev",
                "layout": "tiled",
                "start_directory": "/tmp",
                "options": {"synchronize-panes": True},
                "panes": ["top", {"shell_command": ["cd /", "ls"], "focus": True}, "blank", None],
            }
        ],
    }
    (window,) = expand(parse_layout("mine", document), [], [])
    assert window == Window(
        name="dev",
        arrangement="tiled",
        options={"synchronize-panes": "on"},
        panes=(Pane("top", "/tmp"), Pane("cd /; ls", "/tmp", focus=True), Pane("", "/tmp"), Pane("", "/tmp")),
    )


def test_a_window_for_each_rig_has_its_agents() -> None:
    document = {
        "windows": [
            {
                "window_name": "all-{rig}",
                "session_name": "{rig}",
                "for_each": "rig",
                "panes": [{"shell_command": "gt peek {agent}", "for_each": "agent"}],
            }
        ]
    }
    windows = expand(parse_layout("mine", document), AGENTS, ["demo", "other", "empty"])
    assert [(window.session, window.name, len(window.panes)) for window in windows] == [
        ("demo", "all-demo", 2),
        ("other", "all-other", 1),
    ]


def test_a_layout_string_of_tmux_is_taken_as_it_is() -> None:
    saved = "caa8,200x50,0,0{119x50,0,0,11,80x50,120,0,12}"
    assert parse_layout("mine", {"windows": [{"layout": saved}]}).windows[0].arrangement == saved


def test_many_agents_are_spread_over_windows() -> None:
    agents = [Address(f"demo/a{number}") for number in range(MOST_PANES * 2 + 1)]
    document = {"windows": [{"window_name": "grid", "panes": [{"shell_command": "x {agent}", "for_each": "agent"}]}]}
    windows = expand(parse_layout("grid", document), agents, [])
    assert [(window.name, len(window.panes)) for window in windows] == [("grid", 16), ("grid-2", 16), ("grid-3", 1)]


@pytest.mark.parametrize(
    "document",
    [
        None,
        [],
        "x",
        {},
        {"windows": 3},
        {"windows": [3]},
        {"windows": [{"pane": []}]},
        {"windows": [{"for_each": "x"}]},
        {"windows": [{"layout": "nosuch"}]},  # of these tmux 3.3 dies
        {"windows": [{"layout": ""}]},
        {"windows": [{"layout": 7}]},
    ],
)
def test_nonsense_is_refused_in_words(document: object) -> None:
    with pytest.raises(UsageError, match="layout mine"):
        parse_layout("mine", document)
