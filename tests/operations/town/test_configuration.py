"""gt config agent set: a user's own program, in as few words as they like."""

import pytest

from gastown_tmux.operations.town.configuration import set_provider
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
    assert set_provider(town, name, command).text.endswith(" already")
