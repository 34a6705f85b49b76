"""How an agent program is made to call us: its hook file in its own format, and the guard those hooks run.

A hook's command is ``GUARD EVENT [ANSWER]``. EVENT is a word of ``gt signal``. ANSWER, where the program takes
words back from that hook, is the form it wants them in: ``text`` (plain standard output), ``context`` (a JSON
object with ``hookSpecificOutput.additionalContext``) or ``block`` (a JSON object with ``decision: block``, unless
the payload says ``stop_hook_active``). ``gt`` is told of both, as ``GT_HOOK`` and ``GT_INJECT``.
"""

import json
import shlex
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path, PurePosixPath
from typing import assert_never

from gastown_tmux.dataclass import dataclass

#: How long a program waits for one of our hooks, in seconds; far more than the guard needs.
HOOK_TIMEOUT = 30

_SCRIPTS = Path(__file__).parent / "scripts"


class Mechanism(StrEnum):
    CLAUDE_JSON = "claude-json"
    CODEX_JSON = "codex-json"
    GEMINI_JSON = "gemini-json"
    GEMINI_WORKSPACE = "gemini-workspace"
    COPILOT_JSON = "copilot-json"
    OPENCODE_PLUGIN = "opencode-plugin"
    PI_EXTENSION = "pi-extension"
    NOTIFY_ONLY = "notify-only"
    OWN = "own"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class LaunchFile:
    """A file of ours, to be written by rename with ``mode`` before the program starts: others may be reading it."""

    path: PurePosixPath
    content: str
    mode: int = 0o600


@dataclass(frozen=True, slots=True)
class HookInstallation:
    """``arguments`` of the program and ``files`` for it that together make its hooks call the guard."""

    arguments: tuple[str, ...] = ()
    files: tuple[LaunchFile, ...] = ()


def install(
    mechanism: Mechanism,
    events: Mapping[str, str],
    settings: Mapping[str, object],
    folder: PurePosixPath,
    worktree: PurePosixPath,
    guard: PurePosixPath,
) -> HookInstallation:
    """``events`` maps the program's names to the guard's words; ``settings`` are further keys of the same file."""
    commands = {event: f"{shlex.quote(str(guard))} {words}" for event, words in events.items()}
    match mechanism:
        case Mechanism.CLAUDE_JSON:
            return _json_file(folder / "settings.json", {**settings, "hooks": _groups(commands, HOOK_TIMEOUT)})
        case Mechanism.GEMINI_JSON:
            return _json_file(folder / "settings.json", {**settings, "hooks": _groups(commands, HOOK_TIMEOUT * 1000)})
        case Mechanism.GEMINI_WORKSPACE:
            document = {**settings, "hooks": _groups(commands, HOOK_TIMEOUT * 1000)}
            return _json_file(worktree / ".gemini" / "settings.json", document)
        case Mechanism.CODEX_JSON:
            return HookInstallation(arguments=_codex_arguments(commands))
        case Mechanism.COPILOT_JSON:
            return HookInstallation(files=_copilot_plugin(folder, commands))
        case Mechanism.OPENCODE_PLUGIN:
            plugin = LaunchFile(folder / "gastown.js", _script("opencode.js", GUARD=json.dumps(str(guard))))
            document = {**settings, "plugin": [f"file://{plugin.path}"]}
            return HookInstallation(files=(plugin, *_json_file(folder / "opencode.json", document).files))
        case Mechanism.PI_EXTENSION:
            return HookInstallation(
                files=(LaunchFile(folder / "gastown.ts", _script("pi.ts", GUARD=json.dumps(str(guard)))),)
            )
        case Mechanism.NOTIFY_ONLY | Mechanism.OWN | Mechanism.NONE:
            return HookInstallation()
        case _:
            assert_never(mechanism)


def toml_string(text: str) -> str:
    """``text`` as a TOML basic string: JSON's, but for DEL, and without surrogate escapes."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007F")


def guard_text(gt: str) -> str:
    """The ``sh`` script that hooks run; ``gt`` is the absolute path of the command.

    The payload, as it came, is renamed into the session's own ``spool/<pid>.<event>``, beside its ``$GT_SOCKET`` (names
    with a leading dot are unfinished; order is by modification time), then the FIFO ``.gt/run/wake`` is poked. Only
    where words are wanted back, and only at a session start (``gt prime --inject``) or with something new in the
    mailbox (``gt mail check --inject``), ``gt`` is started, with the payload on its standard input, ``GT_HOOK`` and
    ``GT_INJECT``. Ends with status 0 whatever happens: a full disk, a town that is gone.
    """
    return _script("guard.sh", GT=shlex.quote(gt))


def _json_file(path: PurePosixPath, document: Mapping[str, object]) -> HookInstallation:
    return HookInstallation(files=(LaunchFile(path, json.dumps(document, indent=2, ensure_ascii=False) + "\n"),))


def _groups(commands: Mapping[str, str], timeout: int) -> dict[str, object]:
    return {
        event: [{"hooks": [{"type": "command", "command": command, "timeout": timeout}]}]
        for event, command in commands.items()
    }


def _codex_arguments(commands: Mapping[str, str]) -> tuple[str, ...]:
    """Overrides for one run. A file would have to lie in the user's own CODEX_HOME."""
    arguments: list[str] = []
    for event, command in commands.items():
        hook = f'{{type="command",command={toml_string(command)},timeout={HOOK_TIMEOUT}}}'
        arguments += ["-c", f"hooks.{event}=[{{hooks=[{hook}]}}]"]
    return tuple(arguments)


def _copilot_plugin(folder: PurePosixPath, commands: Mapping[str, str]) -> tuple[LaunchFile, ...]:
    manifest = {"name": "gastown", "version": "1.0.0", "description": "Tells gt what happens", "hooks": "hooks.json"}
    hooks = {
        event: [{"type": "command", "bash": command, "timeoutSec": HOOK_TIMEOUT}] for event, command in commands.items()
    }
    return (
        *_json_file(folder / "plugin" / "plugin.json", manifest).files,
        *_json_file(folder / "plugin" / "hooks.json", {"version": 1, "hooks": hooks}).files,
    )


def _script(name: str, **values: str) -> str:
    """A script of ours with each ``@NAME@`` in it replaced."""
    text = (_SCRIPTS / name).read_text("utf-8")
    for key, value in values.items():
        text = text.replace(f"@{key}@", value)
    return text
