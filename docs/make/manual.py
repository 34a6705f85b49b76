"""Manual pages: gt.1 with the verbs of one word, and one for each group of verbs; in ASCII."""

from collections.abc import Iterable

from docs.make.reference import EXITS, list_verbs, meaning
from docs.make.words import FOR_PEOPLE
from gastown_tmux.verbs.help import CHAPTERS, describe_parameters
from gastown_tmux.verbs.index import children
from gastown_tmux.verbs.table import Verb


def pages(version: str) -> dict[str, str]:
    """Each page's text by its file name."""
    known = children(())
    names = [name for _, chapter in CHAPTERS for name in chapter if name in known]
    groups = [name for name in names if len(list_verbs(name)) > 1]
    made = {f"gt-{name}.1": _group(name, version) for name in groups}
    return {"gt.1": _main([name for name in names if name not in groups], groups, version), **made}


def _main(singles: list[str], groups: list[str], version: str) -> str:
    lines = [
        *_head("gt", "a town of coding agents in tmux windows and git worktrees", version),
        ".SH SYNOPSIS",
        r".B gt",
        escape("[--host HOST | --all] [--town PATH] [--as ADDRESS] [--json] [--quiet] [-c KEY=VALUE] VERB …"),
        ".SH DESCRIPTION",
        escape(
            "gt runs a town of coding agents: each in its tmux window and its git worktree, work slung at them, their "
            "branches landed by a merge queue. Bare gt opens the Mayor's prompt on a terminal. A verb may be shortened "
            "while only one fits."
        ),
        ".SH GROUPS",
    ]
    for name in groups:
        below = dict.fromkeys(verb.words.partition(" ")[2] for verb in list_verbs(name))
        lines += [".TP", rf".BR gt\-{escape(name)} (1)", escape(", ".join(filter(None, below)))]
    lines.append(".SH VERBS")
    for name in singles:
        for verb in list_verbs(name):
            lines += _verb(verb)
    lines.append(".SH EXIT STATUS")
    for code, what in EXITS:
        lines += [".TP", f".B {code}", escape(meaning(what))]
    lines.append(".SH ENVIRONMENT")
    for variable, does in FOR_PEOPLE.items():
        lines += [".TP", f".B {escape(variable)}", escape(does.replace("`", ""))]
    lines += [
        ".SH FILES",
        ".TP", ".I ~/gt", escape("the town, where nothing else is named; a git repository"),
        ".TP", ".I ~/.config/gt/config.yaml", escape("your own settings, for every town"),
        ".SH SEE ALSO",
        ", ".join(rf"\fBgt\-{escape(name)}\fR(1)" for name in groups) + r", \fBtmux\fR(1), \fBgit\fR(1)",
    ]  # fmt: skip
    return "\n".join(lines) + "\n"


def _group(name: str, version: str) -> str:
    found = list_verbs(name)
    lines = [*_head(f"gt-{name}", f"verbs of gt that begin with {name}", version), ".SH SYNOPSIS"]
    for number, verb in enumerate(found):
        lines += [".br"] * (number > 0) + [escape(verb.usage)]
    lines.append(".SH VERBS")
    for verb in found:
        lines += _verb(verb)
    return "\n".join([*lines, ".SH SEE ALSO", r"\fBgt\fR(1)"]) + "\n"


def _head(name: str, summary: str, version: str) -> list[str]:
    return [
        r'.\" Made by "just docs".',
        f'.TH {escape(name.upper())} 1 "" "gastown_tmux {escape(version)}" "gt"',
        ".nh",
        ".ad l",
        ".SH NAME",
        rf"{escape(name)} \- {escape(summary)}",
    ]


def _verb(verb: Verb) -> Iterable[str]:
    yield f".SS gt {escape(verb.words)}"
    yield escape(verb.usage)
    yield ".PP"
    yield escape(f"{verb.summary[0].upper()}{verb.summary[1:]}.")
    for left, right in describe_parameters(verb):
        yield from (".TP", f".B {escape(left)}", escape(right) if right else r"\&")


def escape(text: str) -> str:
    """As roff shows it unchanged."""
    escaped = "".join(_letter(letter) for letter in " ".join(text.split()))
    return rf"\&{escaped}" if escaped.startswith((".", "'")) else escaped


def _letter(letter: str) -> str:
    if letter in _SPECIAL:
        return _SPECIAL[letter]
    return letter if letter.isascii() else rf"\[u{ord(letter):04X}]"


_SPECIAL = {"|": r"|\:", "\\": r"\e", "-": r"\-", "'": r"\(aq", "`": r"\(ga", "~": r"\(ti", "^": r"\(ha", '"': r"\(dq"}
