"""Help, made of the same table as everything else."""

from collections.abc import Sequence

from gastown_tmux.verbs.index import VERBS, children, find_path, find_verb
from gastown_tmux.verbs.table import Kind, Verb

_INTRODUCTION = """\
gt runs a town of coding agents: each in its tmux window and its git worktree,
work slung at them, their branches landed by a merge queue.

usage: gt [--host USER@BOX] [--town PATH] [--as ADDRESS] [--json] [--quiet] [-c KEY=VALUE] VERB …
"""
_CHAPTERS = (
    (
        "the town",
        (
            "install",
            "up",
            "down",
            "status",
            "agents",
            "doctor",
            "demo",
            "config",
            "layout",
            "completion",
            "daemon",
            "service",
            "estop",
            "thaw",
        ),
    ),
    ("rigs and workers", ("rig", "crew", "polecat")),
    ("work", ("bead", "sling", "unsling", "convoy", "diff", "review", "waiting", "approve", "deny", "mq", "refinery")),
    ("talk", ("mail", "nudge", "dnd", "escalate")),
    (
        "windows",
        (
            "mayor",
            "attach",
            "detach",
            "peek",
            "log",
            "events",
            "costs",
            "respawn",
            "stop",
            "pause",
            "resume",
            "snapshot",
        ),
    ),
    ("inside an agent", ("prime", "hook", "done", "handoff")),
)


def help_text(words: Sequence[str]) -> str:
    """All verbs, a group of them, or one. Raises UsageError for words that are none."""
    if not words:
        return _overview()
    path, rest = find_path([word for word in words if not word.startswith("-")])
    group = [verb for verb in VERBS if tuple(verb.words.split()[: len(path)]) == path and not verb.hidden]
    if len(group) > 1 and not rest:
        return "\n".join(_rows([(verb.usage, verb.summary) for verb in group]))
    return _manual(find_verb(path)[0])


def _overview() -> str:
    lines = [_INTRODUCTION]
    known = children(())
    for title, names in _CHAPTERS:
        rows = []
        for name in names:
            if name not in known:
                continue
            group = [verb for verb in VERBS if verb.words.split()[0] == name and not verb.hidden]
            below = [verb.words.partition(" ")[2] for verb in group if " " in verb.words]
            summary = (
                group[0].summary if len(group) == 1 else " · ".join(dict.fromkeys(word.split()[0] for word in below))
            )
            rows.append((name, summary))
        if rows:
            lines += [f"{title}", *_rows(rows), ""]
    return "\n".join([*lines, "gt help VERB tells more of one; every verb may be shortened while only one fits."])


def _rows(rows: Sequence[tuple[str, str]]) -> list[str]:
    width = min(max(len(left) for left, _ in rows), 40)
    return [f"  {left:<{width}}  {right}".rstrip() for left, right in rows]


def _manual(verb: Verb) -> str:
    lines = [f"usage: {verb.usage}", "", verb.summary]
    rows = []
    for parameter in verb.parameters:
        left = ", ".join(parameter.flags) or parameter.metavar
        if parameter.flags and parameter.kind is not Kind.FLAG:
            left += f" {parameter.metavar}"
        rows.append((left, parameter.help or ""))
    if rows:
        lines += ["", *_rows(rows)]
    return "\n".join(lines)
