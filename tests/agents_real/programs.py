"""The real agent programs that are tested, at versions that never move by themselves, and how each is made to talk to
a model server of ours: what its user would have set up before.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

#: A made-up key, in the length that programs expect.
KEY = "sk-ant-gastown-scripted-model-0123456789"
#: Newest releases of some of them want 22 at least.
NODE = "22.23.3"

Files = Callable[[int], Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class Program:
    """``packages`` of npm, or of PyPI, at exact versions, the program's own first; ``folders`` in which npm puts
    programs without a link to them, with ``{machine}`` for such as ``linux-x64``. ``files`` in home and
    ``environment`` are the user's own, for a model on the port given; ``config`` is what the user told gt, as
    ``providers.NAME``. ``short``: the words of a script that do its whole work, of a program that can only do a part
    of the chain. ``subscription``: the environment besides in which its screen shows when a limit of its provider's
    ends; an empty value takes a variable away. ``login``: the files and variables without which it is not logged in.
    """

    name: str
    packages: tuple[str, ...]
    files: Files
    environment: Callable[[int], Mapping[str, str]]
    config: Callable[[int], Mapping[str, object]] = lambda port: {}
    folders: tuple[str, ...] = ()
    short: tuple[str, ...] = ()
    subscription: Mapping[str, str] | None = None
    login: tuple[str, ...] = ()

    @property
    def from_pypi(self) -> bool:
        return "==" in self.packages[0]

    @property
    def version(self) -> str:
        return re.split("==|@", self.packages[0])[-1]


#: A hook of the user's own, which is to run beside ours: it leaves a file in home.
_MINE = {"type": "command", "command": "echo mine >> $HOME/mine"}

#: What else lies in the user's home, whichever program is used.
USERS_OWN = {
    ".bashrc": "# mine\n", ".profile": "# mine\n", ".tmux.conf": "set -g status off\n",
    ".claude/CLAUDE.md": "Be brief.\n", ".codex/AGENTS.md": "Be brief.\n", ".gemini/GEMINI.md": "Be brief.\n",
    ".qwen/QWEN.md": "Be brief.\n", ".pi/agent/AGENTS.md": "Be brief.\n", ".config/opencode/AGENTS.md": "Be brief.\n",
}  # fmt: skip


def _json(document: object) -> str:
    return json.dumps(document, indent=2) + "\n"


def _url(port: int) -> str:
    return f"http://127.0.0.1:{port}"


def _codex_config(port: int) -> str:
    return (
        'model = "gpt-5"\nmodel_provider = "scripted"\n\n[model_providers.scripted]\nname = "scripted"\n'
        f'base_url = "{_url(port)}/v1"\nenv_key = "SCRIPTED_KEY"\nwire_api = "responses"\n'
    )


def _pi_models(port: int) -> str:
    provider = {"baseUrl": _url(port), "api": "anthropic-messages", "apiKey": KEY, "models": [{"id": "scripted"}]}
    return _json({"providers": {"scripted": provider}})


_PI_EXTENSION = """import { appendFileSync } from "node:fs";
export default function (pi: any) {
  pi.on("agent_end", async () => { appendFileSync(`${process.env.HOME}/mine`, "mine\\n"); });
}
"""


def _openai(port: int) -> dict[str, str]:
    return {"OPENAI_BASE_URL": f"{_url(port)}/v1", "OPENAI_API_KEY": KEY, "OPENAI_MODEL": "gpt-5"}


_ALL = (
    Program(
        "claude",
        ("@anthropic-ai/claude-code@2.1.330",),
        lambda port: {
            ".claude.json": _json(
                {"hasCompletedOnboarding": True, "customApiKeyResponses": {"approved": [KEY[-20:]], "rejected": []}}
            ),
            ".claude/settings.json": _json({"hooks": {"Stop": [{"hooks": [_MINE]}]}}),
        },
        lambda port: {"ANTHROPIC_BASE_URL": _url(port), "ANTHROPIC_API_KEY": KEY},
        folders=("@anthropic-ai/claude-code-{machine}",),
        subscription={"CLAUDE_CODE_OAUTH_TOKEN": KEY, "ANTHROPIC_API_KEY": ""},
        login=("ANTHROPIC_API_KEY",),
    ),
    Program(
        "codex",
        ("@openai/codex@0.169.0",),
        lambda port: {
            ".codex/config.toml": _codex_config(port),
            ".codex/hooks.json": _json({"hooks": {"Stop": [{"hooks": [_MINE]}]}}),
        },
        lambda port: {},
        lambda port: {"env": {"SCRIPTED_KEY": KEY}},
        subscription={},
        login=(".codex/config.toml",),
    ),
    Program(
        "pi",
        ("@mariozechner/pi-coding-agent@0.73.1",),
        lambda port: {
            ".pi/agent/models.json": _pi_models(port),
            ".pi/agent/extensions/mine.ts": _PI_EXTENSION,
        },
        lambda port: {"PI_OFFLINE": "1"},
        lambda port: {"args": ["--provider", "scripted", "--model", "scripted"]},
    ),
    Program(
        "gemini",
        ("@google/gemini-cli@0.61.0",),
        lambda port: {
            ".gemini/settings.json": _json(
                {
                    "security": {"auth": {"selectedType": "gemini-api-key"}},
                    "privacy": {"usageStatisticsEnabled": False},
                    "hooks": {"AfterAgent": [{"hooks": [_MINE]}]},
                }
            )
        },
        lambda port: {"GOOGLE_GEMINI_BASE_URL": _url(port), "GEMINI_API_KEY": KEY},
        subscription={},
        login=("GEMINI_API_KEY",),
    ),
    Program(
        "copilot",
        ("@github/copilot@1.0.102",),
        lambda port: {
            ".copilot/hooks/mine.json": _json(
                {"version": 1, "hooks": {"agentStop": [{"type": "command", "bash": _MINE["command"]}]}}
            )
        },
        lambda port: {
            "COPILOT_PROVIDER_BASE_URL": f"{_url(port)}/v1",
            "COPILOT_PROVIDER_TYPE": "openai",
            "COPILOT_PROVIDER_API_KEY": KEY,
            "COPILOT_MODEL": "gpt-5",
            "COPILOT_OFFLINE": "true",
        },
    ),
    Program(
        "qwen",
        ("@qwen-code/qwen-code@0.24.4",),
        lambda port: {
            ".qwen/settings.json": _json(
                {
                    "security": {"auth": {"selectedType": "openai"}},
                    "privacy": {"usageStatisticsEnabled": False},
                    "hooks": {"Stop": [{"hooks": [_MINE]}]},
                }
            )
        },
        _openai,
    ),
    Program(
        "opencode",
        ("opencode-ai@1.18.33",),
        lambda port: {
            ".config/opencode/opencode.json": _json(
                {
                    # It adds this line itself where it is missing.
                    "$schema": "https://opencode.ai/config.json",
                    "model": "scripted/gpt-5",
                    "provider": {
                        "scripted": {
                            "npm": "@ai-sdk/openai-compatible",
                            "options": {"baseURL": f"{_url(port)}/v1", "apiKey": KEY},
                            "models": {"gpt-5": {}},
                        }
                    },
                }
            ),
            # At its first start it fetches a package for plugins from npm, and nothing is shown before: this says
            # that it has been fetched.
            ".config/opencode/package-lock.json": _json(
                {"packages": {"": {"dependencies": {"@opencode-ai/plugin": "1.18.33"}}}}
            ),
            ".config/opencode/node_modules/.package-lock.json": "{}\n",
        },
        lambda port: {"OPENCODE_DISABLE_MODELS_FETCH": "1"},
        folders=("opencode-{machine}/bin",),
    ),
    # It edits and commits; somebody else says that the work is done.
    Program(
        "aider",
        ("aider-chat==0.86.2",),
        lambda port: {".aider.conf.yml": "analytics-disable: true\nmodel: openai/gpt-5\n"},
        lambda port: {"OPENAI_API_BASE": f"{_url(port)}/v1", "OPENAI_API_KEY": KEY},
        lambda port: {"env": {"LITELLM_LOCAL_MODEL_COST_MAP": "true"}},
        short=("edit greeting.txt hello",),
    ),
    # It does one task with a shell, and ends: no hooks, no mail, no conversation to go on with.
    Program(
        "mini",
        ("mini-swe-agent==2.4.6", "mcp==2.3.0"),
        lambda port: {},
        lambda port: {},
        lambda port: {
            "command": "mini",
            "args": ["-y", "--exit-immediately", "-m", "openai/gpt-5", "-t", "Run `gt prime`, then do your work."],
            "env": {
                "OPENAI_API_BASE": f"{_url(port)}/v1", "OPENAI_API_KEY": KEY, "MSWEA_CONFIGURED": "true",
                "MSWEA_COST_TRACKING": "ignore_errors", "LITELLM_LOCAL_MODEL_COST_MAP": "true",
            },
        },
        short=(
            "run echo hello > greeting.txt && git add -A && git commit -qm greet", "run gt done",
            "run echo COMPLETE_TASK_AND_SUBMIT_FINAL_OUTPUT",
        ),
    ),
)  # fmt: skip
PROGRAMS = {program.name: program for program in _ALL}
