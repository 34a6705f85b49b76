"""The real agent programs that are tested, at versions that never move by themselves, and how each is made to talk to
a model server of ours: what its user would have set up before.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

#: A made-up key, in the length that programs expect.
KEY = "sk-ant-gastown-scripted-model-0123456789"
#: Newest releases of some of them want 22 at least.
NODE = "22.23.3"

Files = Callable[[int], Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class Program:
    """``packages`` of npm at exact versions; ``folders`` in which it puts programs without a link to them, with
    ``{machine}`` for such as ``linux-x64``. ``files`` in home and ``environment`` are the user's own, for a model
    on the port given; ``config`` is what the user told gt, as ``providers.NAME``.
    ``offline`` False: it starts only where it reaches npm's registry.
    """

    name: str
    packages: tuple[str, ...]
    files: Files
    environment: Callable[[int], Mapping[str, str]]
    config: Mapping[str, object] = field(default_factory=dict)
    folders: tuple[str, ...] = ()
    offline: bool = True


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


def _openai(port: int) -> dict[str, str]:
    return {"OPENAI_BASE_URL": f"{_url(port)}/v1", "OPENAI_API_KEY": KEY, "OPENAI_MODEL": "gpt-5"}


_ALL = (
    Program(
        "claude",
        ("@anthropic-ai/claude-code@2.1.330",),
        lambda port: {
            ".claude.json": _json(
                {"hasCompletedOnboarding": True, "customApiKeyResponses": {"approved": [KEY[-20:]], "rejected": []}}
            )
        },
        lambda port: {"ANTHROPIC_BASE_URL": _url(port), "ANTHROPIC_API_KEY": KEY},
        folders=("@anthropic-ai/claude-code-{machine}",),
    ),
    Program(
        "codex",
        ("@openai/codex@0.169.0",),
        lambda port: {".codex/config.toml": _codex_config(port)},
        lambda port: {},
        {"env": {"SCRIPTED_KEY": KEY}},
    ),
    Program(
        "pi",
        ("@mariozechner/pi-coding-agent@0.73.1",),
        lambda port: {".pi/agent/models.json": _pi_models(port)},
        lambda port: {"PI_OFFLINE": "1"},
        {"args": ["--provider", "scripted", "--model", "scripted"]},
    ),
    Program(
        "gemini",
        ("@google/gemini-cli@0.61.0",),
        lambda port: {
            ".gemini/settings.json": _json(
                {"security": {"auth": {"selectedType": "gemini-api-key"}}, "privacy": {"usageStatisticsEnabled": False}}
            )
        },
        lambda port: {"GOOGLE_GEMINI_BASE_URL": _url(port), "GEMINI_API_KEY": KEY},
    ),
    Program(
        "copilot",
        ("@github/copilot@1.0.102",),
        lambda port: {},
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
                {"security": {"auth": {"selectedType": "openai"}}, "privacy": {"usageStatisticsEnabled": False}}
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
        },
        lambda port: {"OPENCODE_DISABLE_MODELS_FETCH": "1"},
        folders=("opencode-{machine}/bin",),
        # It puts a package of its own beside the user's settings first, and shows nothing before it has.
        offline=False,
    ),
)
PROGRAMS = {program.name: program for program in _ALL}
