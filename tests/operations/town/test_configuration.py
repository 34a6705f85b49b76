"""gt config agent set: a user's own program, in as few words as they like."""

import pytest

from gastown_tmux.errors import GtError, NotFoundError
from gastown_tmux.operations.town.configuration import get, set_key, set_provider, show
from gastown_tmux.operations.town.town import Town
from gastown_tmux.providers import registry


@pytest.mark.parametrize(
    ("name", "command", "parent", "runs"),
    [
        ("claude", ["/opt/x/claude", "--model", "opus"], "claude", ("/opt/x/claude", "--model", "opus")),
        ("fast", ["/opt/x/claude", "--model", "haiku"], "claude", ("/opt/x/claude", "--model", "haiku")),
        ("cursor-2", ["cursor-agent"], "cursor", ("cursor-agent",)),
        ("mine", ["my agent", "-p", "a b"], "command", ("my agent", "-p", "a b")),
        ("mine", ["my-agent -p 'a b'"], "command", ("my-agent", "-p", "a b")),
    ],
)
def test_a_program_is_what_a_preset_says_where_one_knows_it(
    town: Town, name: str, command: list[str], parent: str, runs: tuple[str, ...]
) -> None:
    set_provider(town, name, command)
    found, base = registry.find(name, town.settings()), registry.find(parent, town.settings())
    assert found.command + found.args == runs
    assert (found.mechanism, found.arguments) == (base.mechanism, base.arguments)
    assert set_provider(town, name, command).text.splitlines()[0].endswith(" already")


@pytest.mark.parametrize(
    ("key", "value", "why"),
    [
        ("provider.default", "claud", "claud"),
        ("ssh.config", "/nowhere/config", "there is no file"),
        ("ui.events", ["bead.mergd"], "no event is of type 'bead.mergd'"),
        ("providers.x", {"from": "nowhere"}, "nowhere"),
    ],
)
def test_what_names_nothing_is_not_set(town: Town, key: str, value: object, why: str) -> None:
    with pytest.raises(GtError, match=why):
        set_key(town, key, value)
    assert key not in (town.path / "town.yaml").read_text()


@pytest.mark.parametrize(
    ("key", "value", "note"),
    [
        ("merge.gates", ["nosuchprogram --all"], "gate nosuchprogram --all: no program nosuchprogram on PATH"),
        ("merge.gates", ["sh -c true", "cd x && nosuch", "./run"], None),
        ("budget.day", "5 USD", None),
        ("budget.day", 5000, None),
        ("provider.default", "runbook", None),
        ("ui.events", ["bead", "merge.held"], None),
    ],
)
def test_what_will_be_wondered_about_is_said(town: Town, key: str, value: object, note: str | None) -> None:
    text = set_key(town, key, value).text
    assert (note in text) if note else ("note:" not in text)


def test_prices_that_ship_are_shown_as_defaults_until_they_are_turned_off(town: Town) -> None:
    set_key(town, "prices.claude-opus-5", {"input": 1, "output": 1, "cached": 1})
    shown = {setting.key: setting for setting in show(town, "prices")}
    assert shown["prices.claude-opus-5"].layer == "town"
    assert shown["prices.claude-opus-4-8"].layer == "default"
    assert "2026-" in get(town, "prices.claude-opus-4-8").text
    assert not any("opus-4-8" in setting.key for setting in show(town)), "all of it would be a page more"
    set_key(town, "prices.shipped", False)
    assert len(show(town, "prices")) == 2
    with pytest.raises(NotFoundError):
        get(town, "prices.claude-opus-4-8")
