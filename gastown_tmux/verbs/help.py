"""Help, made of the same table as everything else."""

from collections.abc import Sequence
from textwrap import fill, wrap

from gastown_tmux.verbs.index import VERBS, children, find_path, find_verb
from gastown_tmux.verbs.table import Kind, Verb

_INTRODUCTION = """\
gt runs a town of coding agents: each in its tmux window and its git worktree,
work slung at them, their branches landed by a merge queue.

usage: gt [--host HOST|USER@BOX | --all] [--town PATH] [--as ADDRESS] [--json] [--quiet] [-c KEY=VALUE] VERB …
"""
#: Under which heading each first word stands.
CHAPTERS = (
    (
        "the town",
        (
            "install",
            "up",
            "down",
            "status",
            "feed",
            "dashboard",
            "agents",
            "doctor",
            "demo",
            "uninstall",
            "config",
            "skill",
            "layout",
            "completion",
            "daemon",
            "service",
            "estop",
            "thaw",
        ),
    ),
    ("rigs and workers", ("rig", "crew", "polecat", "host")),
    (
        "work",
        (
            "bead",
            "sling",
            "unsling",
            "scheduler",
            "convoy",
            "formula",
            "run",
            "order",
            "diff",
            "review",
            "why",
            "digest",
            "waiting",
            "approve",
            "deny",
            "mq",
            "refinery",
        ),
    ),
    ("talk", ("mail", "nudge", "prompt", "dnd", "escalate", "notify")),
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
    ("inside an agent", ("prime", "hook", "step", "done", "handoff")),
)


def help_text(words: Sequence[str]) -> str:
    """All verbs, a group of them, or one; or a key of the configuration. Raises UsageError for words that are none."""
    if not words:
        return _overview()
    if len(words) == 1 and (about := _explain_key(words[0])):
        return about
    path, rest = find_path([word for word in words if not word.startswith("-")])
    group = [verb for verb in VERBS if tuple(verb.words.split()[: len(path)]) == path and not verb.hidden]
    if len(group) > 1 and not rest:
        rows = _rows([(f"gt {verb.words}", verb.summary) for verb in group])
        return "\n".join([*rows, "", f"gt help {group[0].words} tells more of that one, and so with the others."])
    return _manual(find_verb(path)[0])


def _explain_key(word: str) -> str | None:
    """A key of the configuration, unless a verb is called so."""
    if "." not in word and any(name.startswith(word) for name in children(())):
        return None
    from gastown_tmux.domain.setting_help import explain_key  # 5 ms, and few ask
    from gastown_tmux.domain.settings import find_key

    return explain_key(word) or ("." in word and find_key(word).summary) or None


def chapters(width: int) -> str:
    """The names of all verbs, for a screen so wide."""
    longest, known, lines = max(len(title) for title, _ in CHAPTERS), children(()), list[str]()
    for title, names in CHAPTERS:
        found = " ".join(name for name in names if name in known)
        lines += wrap(found, width, initial_indent=f"{title:<{longest}}  ", subsequent_indent=" " * (longest + 2))
    return "\n".join(lines)


def _overview() -> str:
    lines = [_INTRODUCTION]
    known = children(())
    for title, names in CHAPTERS:
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


def describe_parameters(verb: Verb) -> list[tuple[str, str]]:
    """Each with what stands for it in a line, and what it is."""
    rows = []
    for parameter in verb.parameters:
        left = ", ".join(parameter.flags) or parameter.metavar
        helps = [parameter.help] if parameter.help else []
        if parameter.flags and parameter.kind is Kind.CHOICE:
            left += f" {parameter.word}"
            helps.insert(0, ", ".join(parameter.choices))
        elif parameter.flags and parameter.kind is not Kind.FLAG:
            left += f" {parameter.metavar}"
        rows.append((left, "; ".join(helps)))
    return rows


def _manual(verb: Verb) -> str:
    usage = fill(verb.usage, 100, initial_indent="usage: ", subsequent_indent=" " * 11, break_on_hyphens=False)
    lines = [usage, "", verb.summary]
    if rows := describe_parameters(verb):
        lines += ["", *_rows(rows)]
    return "\n".join(lines)
