"""Launch plans of every shipped program, as data."""

import dataclasses
import json
import tomllib
from pathlib import PurePosixPath

import pytest

from gastown_tmux.domain.addresses import Address
from gastown_tmux.domain.agents import Role
from gastown_tmux.domain.ids import SessionId
from gastown_tmux.domain.layers import Settings
from gastown_tmux.providers.base import Instructions, LaunchContext, LaunchPlan, PromptPassing
from gastown_tmux.providers.registry import find, list_all

ROLE = 'You are "demo/toast" {not a placeholder}\nand {prompt} stays'
CONTEXT = LaunchContext(
    address=Address("demo/toast"),
    role=Role.POLECAT,
    role_text=ROLE,
    session=SessionId("ses-abcde"),
    town=PurePosixPath("/home/u/gt"),
    worktree=PurePosixPath("/home/u/gt/.gt/hooks/demo.toast/work"),
    repository=PurePosixPath("/home/u/gt/rigs/demo/repo.git"),
    folder=PurePosixPath("/home/u/gt/.gt/hooks/demo.toast"),
    first_prompt="Work on your hook.",
    resume=None,
    gt="/opt/gt/bin/gt",
    python="/opt/gt/bin/python",
    environment={
        "HOME": "/home/u",
        "PATH": "/usr/bin:/opt/gt/bin:/bin",
        "LC_ALL": "C.UTF-8",
        "TERM": "xterm-kitty",
        "TMUX": "/tmp/tmux-0/default,1,0",
        "ANTHROPIC_API_KEY": "sk-1",
        "OPENAI_API_KEY": "sk-2",
        "GITHUB_TOKEN": "ghp",
        "DATABASE_URL": "postgres://secret",
        "GIT_DIR": "/elsewhere",
        "GT_AGENT": "mayor",
        "HTTPS_PROXY": "http://proxy",
    },
)
ALL = [provider for provider in list_all(Settings([])) if provider.name != "command"]
NAMES = [provider.name for provider in ALL]


def plan(name: str, **changes: object) -> LaunchPlan:
    return find(name, Settings([])).launch(dataclasses.replace(CONTEXT, **changes))  # type: ignore[arg-type]


def after(command: tuple[str, ...], flag: str) -> str:
    return command[command.index(flag) + 1]


@pytest.mark.parametrize("name", NAMES)
def test_the_environment_is_an_allow_list(name: str) -> None:
    environment = plan(name).environment
    assert not set(environment) & {"DATABASE_URL", "GIT_DIR", "TERM", "TMUX", "TMUX_PANE"}
    assert environment["PATH"] == "/opt/gt/bin:/usr/bin:/bin"
    assert environment["HTTPS_PROXY"] == "http://proxy"
    ours = {key: value for key, value in environment.items() if key.startswith("GT_")}
    assert ours == {
        "GT_TOWN": "/home/u/gt",
        "GT_AGENT": "demo/toast",
        "GT_ROLE": "polecat",
        "GT_RIG": "demo",
        "GT_SESSION": "ses-abcde",
    }


def test_a_key_goes_only_to_the_program_it_is_for() -> None:
    got = {name: {key for key in plan(name).environment if key.endswith(("_KEY", "_TOKEN"))} for name in NAMES}
    assert got["claude"] == {"ANTHROPIC_API_KEY"}
    assert got["codex"] == {"OPENAI_API_KEY"}
    assert got["copilot"] == {"GITHUB_TOKEN"}
    assert got["runbook"] == got["gemini"] == set()


@pytest.mark.parametrize("name", NAMES)
def test_files_are_ours_alone(name: str) -> None:
    for file in plan(name).files:
        hook = "/home/u/gt/.gt/hooks/demo.toast"
        alone = ("/home/u/gt/.gt/run/guard", f"{hook}/work/.gemini/settings.json")
        assert str(file.path).startswith(f"{hook}/provider/") or str(file.path) in alone
        assert file.mode == (0o755 if file.path.name == "guard" else 0o600)


@pytest.mark.parametrize("name", NAMES)
def test_the_role_and_the_first_words_get_in_as_they_are(name: str) -> None:
    provider, made = find(name, Settings([])), plan(name)
    words = [*made.command, *(file.content for file in made.files), made.typed_prompt or ""]
    if provider.instructions is not Instructions.NONE and name not in ("codex", "runbook"):
        assert any(ROLE in word for word in words)
    if provider.prompt is not PromptPassing.NONE:
        assert any(word.endswith("Work on your hook.") for word in words)
    assert (made.typed_prompt is None) == (provider.prompt is not PromptPassing.TYPED)
    assert not any("{" in word for word in made.command if word not in (ROLE, *words[-1:]) and ROLE not in word
                   and "=" not in word)  # fmt: skip


def test_claude() -> None:
    made = plan("claude")
    assert made.command[0] == "claude"
    assert made.provider_session == after(made.command, "--session-id")
    assert after(made.command, "--append-system-prompt") == ROLE
    assert made.command[-1] == "Work on your hook."
    settings = next(file for file in made.files if str(file.path) == after(made.command, "--settings"))
    document = json.loads(settings.content)
    assert document["skipDangerousModePermissionPrompt"] is True
    assert document["hooks"]["Stop"][0]["hooks"][0]["command"] == "/home/u/gt/.gt/run/guard idle block"
    assert plan("claude").provider_session == made.provider_session
    assert plan("claude", session=SessionId("ses-fghij")).provider_session != made.provider_session


def test_claude_resumed() -> None:
    made = plan("claude", resume="1234", first_prompt=None)
    assert made.command[:3] == ("claude", "--resume", "1234")
    assert "--session-id" not in made.command
    assert made.provider_session == "1234"
    assert made.command[-1] == ROLE


def test_codex_is_configured_by_arguments_that_are_toml() -> None:
    made = plan("codex", resume="1234")
    assert made.command[:3] == ("codex", "resume", "1234")
    assert "--no-daemon" in made.command
    overrides = [made.command[n + 1] for n, word in enumerate(made.command) if word == "-c"]
    document = tomllib.loads("\n".join(overrides))
    assert document["developer_instructions"] == ROLE
    assert document["allow_login_shell"] is False
    assert document["projects"] == {
        str(CONTEXT.worktree): {"trust_level": "trusted"},
        str(CONTEXT.repository): {"trust_level": "trusted"},
    }
    assert document["hooks"]["Stop"][0]["hooks"][0]["command"] == "/home/u/gt/.gt/run/guard idle block"
    assert plan("codex").provider_session is None


def test_programs_without_a_place_for_the_role_get_it_with_the_first_words() -> None:
    assert plan("cursor").command[-1] == f"{ROLE}\n\nWork on your hook."
    assert plan("cursor", resume="1").command[-1] == "Work on your hook."
    assert plan("amp").typed_prompt == f"{ROLE}\n\nWork on your hook."


def test_the_built_in_agent_needs_nothing() -> None:
    made = plan("runbook")
    assert made.command == ("/opt/gt/bin/python", "-I", "-m", "gastown_tmux.agents.runbook")
    assert (made.typed_prompt, made.provider_session) == (None, None)


def test_any_program() -> None:
    settings = Settings([("town", {"providers.mine": {"command": "my-agent --fast 'two words'", "args": ["{x}"]}})])
    made = find("mine", settings).launch(CONTEXT)
    assert made.command == ("my-agent", "--fast", "two words", "{x}")
    assert made.files == ()


def test_the_mayor_has_no_rig() -> None:
    assert "GT_RIG" not in plan("claude", address=Address("mayor"), role=Role.MAYOR).environment
