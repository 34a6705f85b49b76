"""How an agent program is made to call us: its hook file in its own format, and the guard those hooks run.

A hook's command is ``GUARD EVENT [ANSWER]``. EVENT is a word of ``gt signal``. ANSWER, where the program takes
words back from that hook, is the form it wants them in: ``text`` (plain standard output), ``context`` (a JSON
object with ``hookSpecificOutput.additionalContext``) or ``block`` (a JSON object with ``decision: block``, unless
the payload says ``stop_hook_active``). ``gt`` is told of both, as ``GT_HOOK`` and ``GT_INJECT``.
"""

import json
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import PurePosixPath
from typing import assert_never

#: How long a program waits for one of our hooks, in seconds; far more than the guard needs.
HOOK_TIMEOUT = 30


class Mechanism(StrEnum):
    CLAUDE_JSON = "claude-json"
    CODEX_JSON = "codex-json"
    GEMINI_JSON = "gemini-json"
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
    guard: PurePosixPath,
) -> HookInstallation:
    """``events`` maps the program's names to the guard's words; ``settings`` are further keys of the same file."""
    commands = {event: f"{shlex.quote(str(guard))} {words}" for event, words in events.items()}
    match mechanism:
        case Mechanism.CLAUDE_JSON:
            return _json_file(folder / "settings.json", {**settings, "hooks": _groups(commands, HOOK_TIMEOUT)})
        case Mechanism.GEMINI_JSON:
            return _json_file(folder / "settings.json", {**settings, "hooks": _groups(commands, HOOK_TIMEOUT * 1000)})
        case Mechanism.CODEX_JSON:
            return HookInstallation(arguments=_codex_arguments(commands))
        case Mechanism.COPILOT_JSON:
            return HookInstallation(files=_copilot_plugin(folder, commands))
        case Mechanism.OPENCODE_PLUGIN:
            plugin = LaunchFile(folder / "gastown.js", _call_guard(_OPENCODE_PLUGIN, guard))
            document = {**settings, "plugin": [f"file://{plugin.path}"]}
            return HookInstallation(files=(plugin, *_json_file(folder / "opencode.json", document).files))
        case Mechanism.PI_EXTENSION:
            return HookInstallation(files=(LaunchFile(folder / "gastown.ts", _call_guard(_PI_EXTENSION, guard)),))
        case Mechanism.NOTIFY_ONLY | Mechanism.OWN | Mechanism.NONE:
            return _json_file(folder / "settings.json", settings) if settings else HookInstallation()
        case _:
            assert_never(mechanism)


def toml_string(text: str) -> str:
    """``text`` as a TOML basic string: JSON's, but for DEL, and without surrogate escapes."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007F")


def guard_text(gt: str) -> str:
    """The ``sh`` script that hooks run; ``gt`` is the absolute path of the command.

    The payload, as it came, is renamed into ``$GT_TOWN/.gt/run/spool/<session>.<pid>.<event>`` (names with a leading
    dot are unfinished; order is by modification time), then the FIFO ``.gt/run/wake`` is poked. Only where words are
    wanted back, and only at a session start (``gt prime``) or with something new in the mailbox (``gt mail check
    --inject``), ``gt`` is started, with the payload on its standard input, ``GT_HOOK`` and ``GT_INJECT``. Ends with
    status 0 whatever happens: a full disk, a town that is gone.
    """
    return _GUARD.replace("@GT@", shlex.quote(gt))


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


def _call_guard(script: str, guard: PurePosixPath) -> str:
    return script.replace("@GUARD@", json.dumps(str(guard)))


# Two programs are run, `cat` and `mv`: reading by the shell's own `read` takes a system call for each byte, and
# costs more from 2 kB on. Opening the FIFO with `1<>` never blocks; writing into a full one would, so nobody waits
# for that. A redirection that fails fails only its own command, and `exec` is not used, for there it would end us.
_GUARD = r"""#!/bin/sh
event=${1-} answer=${2-}
[ -n "$event" ] && [ -n "${GT_TOWN-}" ] && [ -n "${GT_SESSION-}" ] || exit 0
run=$GT_TOWN/.gt/run
payload=$run/spool/.$GT_SESSION.$$.$event
tell() {
  [ -z "$written" ] || mv -f "$payload" "$run/spool/$GT_SESSION.$$.$event"
  [ ! -p "$run/wake" ] || printf . 1<>"$run/wake" &
}
ask() {
  tell
  GT_HOOK=$event GT_INJECT=$answer @GT@ "$@" <&3 3<&- >&4 4>&-
}
{
  written=
  cat >"$payload" && written=1
  case $answer,$event in
    ,*) set -- ;;
    *,session-start) set -- prime ;;
    *)
      address=${GT_AGENT-}
      case $address in */*) address=${address%%/*}.${address#*/} ;; esac
      set -- "$GT_TOWN/.gt/mail/$address/new/"*
      if [ -e "$1" ]; then set -- mail check --inject; else set --; fi ;;
  esac
  if [ $# -gt 0 ]; then ask "$@" 3<"$payload" || tell; else tell; fi
} 4>&1 >/dev/null 2>&1
exit 0
"""

_PI_EXTENSION = r"""import { spawnSync } from "node:child_process";

const GUARD = @GUARD@;

export default function (pi: any) {
  const call = (context: any, event: string, ...answer: string[]): string => {
    const session = context?.sessionManager;
    const payload = { session_id: session?.getSessionId?.() ?? null, transcript_path: session?.getSessionFile?.() ?? null };
    const done = spawnSync(GUARD, [event, ...answer], { input: JSON.stringify(payload), encoding: "utf8", timeout: 30000 });
    return done.stdout ?? "";
  };
  let primer = "";
  pi.on("session_start", async (_: any, context: any) => { primer = call(context, "session-start", "text"); });
  pi.on("before_agent_start", async (_: any, context: any) => {
    const words = primer + call(context, "prompt", "text");
    primer = "";
    if (words) return { message: { customType: "gastown", content: words, display: true } };
  });
  pi.on("agent_end", async (_: any, context: any) => {
    const words = call(context, "idle", "text");
    if (words) pi.sendUserMessage(words, { deliverAs: "followUp" });
  });
  pi.on("session_before_compact", async (_: any, context: any) => { call(context, "compact"); });
  pi.on("session_shutdown", async (_: any, context: any) => { call(context, "end"); });
}
"""

_OPENCODE_PLUGIN = r"""import { spawnSync } from "node:child_process";

const GUARD = @GUARD@;

function call(session, event, ...answer) {
  const payload = JSON.stringify({ session_id: session ?? null });
  return spawnSync(GUARD, [event, ...answer], { input: payload, encoding: "utf8", timeout: 30000 }).stdout ?? "";
}

export const Gastown = async ({ client }) => ({
  event: async ({ event }) => {
    const session = event.properties?.sessionID ?? event.properties?.info?.id;
    if (event.type === "session.created" && !event.properties?.info?.parentID) call(session, "session-start");
    if (event.type === "permission.asked") call(session, "waiting");
    if (event.type === "session.compacted") call(session, "compact");
    if (event.type === "session.idle") {
      const words = call(session, "idle", "text");
      if (words) await client.session.promptAsync({ path: { id: session }, body: { parts: [{ type: "text", text: words }] } });
    }
  },
  "chat.message": async (input, output) => {
    const words = call(input.sessionID, "prompt", "text");
    if (words) output.parts.push({ type: "text", text: words, synthetic: true });
  },
});
"""
