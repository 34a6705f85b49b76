import pytest

from gastown_tmux.domain.layers import Settings
from gastown_tmux.errors import MissingError, NotFoundError, UsageError
from gastown_tmux.providers.base import Instructions
from gastown_tmux.providers.documents import parse
from gastown_tmux.providers.hooks import Mechanism
from gastown_tmux.providers.registry import default, find, list_all, presets, require_program

# fmt: off
PRESETS = [
    "aider", "amp", "auggie", "claude", "codex", "command", "copilot", "cursor", "gemini", "opencode", "pi", "qwen",
    "runbook",
]
# fmt: on


def settings(**providers: dict[str, object]) -> Settings:
    return Settings([("town", {f"providers.{name}": value for name, value in providers.items()})])


def nothing(program: str) -> str | None:
    return None


def test_the_presets() -> None:
    assert list(presets()) == PRESETS
    assert [provider.name for provider in list_all(settings(mine={"command": "x"}))] == sorted([*PRESETS, "mine"])
    assert {provider.name for provider in list_all(settings()) if provider.verified is None} == {
        "amp", "auggie", "command", "cursor",
    }  # fmt: skip


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_keeps_what_it_says(name: str) -> None:
    provider = find(name, settings())
    given = " ".join([*provider.arguments, *provider.environment.values(), str(provider.settings)])
    match provider.instructions:
        case Instructions.FLAG:
            assert "{role" in given
        case Instructions.FILE:
            assert "{role}" in provider.files.values()
            assert "{files}" in given
        case Instructions.PROMPT | Instructions.NONE:
            assert "{role" not in given
    if provider.mechanism in (Mechanism.CLAUDE_JSON, Mechanism.GEMINI_JSON):
        assert "{files}/settings.json" in given
    assert provider.has_hooks or not provider.events
    assert {words.split()[0] for words in provider.events.values()} <= {
        "session-start", "prompt", "idle", "waiting", "compact", "end",
    }  # fmt: skip
    assert {words.partition(" ")[2] for words in provider.events.values()} <= {"", "text", "context", "block"}


def test_the_user_over_a_preset() -> None:
    found = find("claude", settings(claude={"args": ["--model", "opus"], "env": {"A": "1", "IS_SANDBOX": "0"}}))
    assert (found.name, found.parent, found.command) == ("claude", None, ("claude",))
    assert found.args == ("--model", "opus")
    assert (found.environment["A"], found.environment["IS_SANDBOX"]) == ("1", "0")
    assert found.environment["DISABLE_AUTOUPDATER"] == "1"


def test_from_another_of_the_users_own() -> None:
    own = settings(
        fast={"from": "claude", "args": ["--model", "haiku"]}, wrapped={"from": "fast", "command": "nice claude"}
    )
    found = find("wrapped", own)
    assert (found.name, found.parent) == ("wrapped", "fast")
    assert (found.command, found.args) == (("nice", "claude"), ("--model", "haiku"))
    assert found.mechanism is Mechanism.CLAUDE_JSON


def test_a_new_one_is_any_program() -> None:
    found = find("mine", settings(mine={"command": "my-agent --x"}))
    assert (found.parent, found.command, found.mechanism) == ("command", ("my-agent", "--x"), Mechanism.NONE)


def test_circles_and_unknown_names_are_refused() -> None:
    with pytest.raises(UsageError, match="a from b from a"):
        find("a", settings(a={"from": "b"}, b={"from": "a"}))
    with pytest.raises(NotFoundError) as unknown:
        find("cluade", settings())
    assert unknown.value.hint == "did you mean claude?"
    with pytest.raises(NotFoundError) as parent:
        find("mine", settings(mine={"from": "codx"}))
    assert parent.value.hint == "did you mean codex?"


def test_a_default_is_chosen_or_found() -> None:
    assert default(settings(), {"copilot": "/x", "gemini": "/y"}.get) == "gemini"
    assert default(Settings([("town", {"provider.default": "runbook"})]), nothing) == "runbook"
    with pytest.raises(NotFoundError):
        default(Settings([("town", {"provider.default": "nope"})]), nothing)
    with pytest.raises(MissingError) as missing:
        default(settings(), nothing)
    assert "gt config default-agent runbook" in str(missing.value.hint)
    assert default(settings(codex={"command": "/opt/codex"}), {"/opt/codex": "/opt/codex"}.get) == "codex"


def test_a_missing_program_is_named() -> None:
    with pytest.raises(MissingError, match="'codex'") as missing:
        require_program(find("codex", settings()), nothing)
    assert missing.value.hint == "npm install -g @openai/codex"
    require_program(find("codex", settings()), {"codex": "/x"}.get)
    require_program(find("runbook", settings()), nothing)
    with pytest.raises(UsageError):
        require_program(find("command", settings()), nothing)


def test_a_document_with_unknown_keys_is_refused() -> None:
    document = {"summary": "x", "command": "x", "verified": "never"}
    assert parse("x", document).command == ("x",)
    with pytest.raises(ValueError, match="comand"):
        parse("x", {**document, "comand": "y"})
    with pytest.raises(ValueError, match="settel"):
        parse("x", {**document, "typing": {"settel": 1}})
