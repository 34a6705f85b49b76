"""The reference, as Markdown: of the table of verbs, the settings, the presets, the state machines and the events."""

import json
import re
from collections.abc import Iterable, Sequence

from docs.make import words
from gastown_tmux import errors
from gastown_tmux.domain.agents import AGENT, HOOK, SESSION
from gastown_tmux.domain.delivery import DELIVERY
from gastown_tmux.domain.escalation import ESCALATION
from gastown_tmux.domain.events import EventType
from gastown_tmux.domain.layers import Settings
from gastown_tmux.domain.merging import MERGE_REQUEST
from gastown_tmux.domain.prefix_keys import help_text
from gastown_tmux.domain.rights import EVERYBODY, WORDS
from gastown_tmux.domain.runs import RUN, STEP
from gastown_tmux.domain.setting_values import rule_of
from gastown_tmux.domain.settings import KEYS, Key
from gastown_tmux.domain.state_machine import Machine
from gastown_tmux.domain.work import BEAD, CONVOY
from gastown_tmux.providers import registry
from gastown_tmux.providers.base import Provider
from gastown_tmux.verbs.help import CHAPTERS, describe_parameters
from gastown_tmux.verbs.index import VERBS, children
from gastown_tmux.verbs.keys import DIFF_MOVES, MOVES
from gastown_tmux.verbs.table import Verb

MADE = "<!-- Made by `just docs`: what is written here by hand is lost. -->\n"
MACHINES: Sequence[Machine] = (  # type: ignore[type-arg]
    BEAD, AGENT, SESSION, HOOK, MERGE_REQUEST, CONVOY, RUN, STEP, DELIVERY, ESCALATION,
)  # fmt: skip
EXITS = (
    (0, "done"), (1, errors.GtError), (2, errors.UsageError), (3, errors.NotFoundError), (4, errors.RefusedError),
    (5, errors.MissingError), (130, "interrupted"),
    (137, "the server of verbs was lost while the verb ran: look what became of it"),
)  # fmt: skip


def list_verbs(name: str) -> list[Verb]:
    """Those that begin with this word and are shown."""
    return [verb for verb in VERBS if verb.words.split()[0] == name and not verb.hidden]


def verbs() -> str:
    parts = [
        "# Verbs\n",
        "Before or behind any verb: `--town PATH`, `--as ADDRESS` (a person's word only), `--json`, `--quiet`, "
        "`-c KEY=VALUE`, `--help`; before it `--host HOST`, and before some `--all`. A verb may be shortened while "
        "only "
        "one fits. `gt help VERB` says what stands here.\n",
    ]
    known = children(())
    for title, names in CHAPTERS:
        parts.append(f"## {title[0].upper()}{title[1:]}\n")
        for verb in (verb for name in names if name in known for verb in list_verbs(name)):
            parts += _verb(verb)
    return "\n".join(parts)


def _verb(verb: Verb) -> Iterable[str]:
    yield f"### gt {verb.words}\n"
    yield f"{verb.summary[0].upper()}{verb.summary[1:]}.\n"
    yield f"    {verb.usage}\n"
    if rows := describe_parameters(verb):
        yield _table(("", ""), [(f"`{left}`", right) for left, right in rows])
    if verb.right not in EVERYBODY:
        yield f"Needs the right `{verb.right}`.\n"


def settings() -> str:
    rows = [(f"`{key.name}`", key.summary, rule_of(key.parse), _default(key)) for key in KEYS]
    return "\n".join([
        "# Settings\n",
        "`gt config set KEY VALUE` writes them (`--user`, `--town`, `--rig R`), `gt config show` says what holds and "
        "why. "
        "The strongest first: a flag (`-c KEY=VALUE`), the environment (`GT_<KEY>`, `.` as `_`), a rig's "
        "`rigs/<rig>/settings/config.json`, the town's `town.yaml`, your `~/.config/gt/config.yaml`, the default.\n",
        _table(("key", "what it is for", "may be", "default"), rows),
        "A key marked ✎ counts in files only, which a person writes.\n",
    ])  # fmt: skip


def _default(key: Key) -> str:
    value = "" if key.default is None else f"`{json.dumps(key.default, ensure_ascii=False)}`"
    in_rig = f"; in a rig `{json.dumps(key.in_rig, ensure_ascii=False)}`" if key.in_rig is not None else ""
    return value + in_rig + (" ✎" if key.in_files else "")


def states() -> str:
    parts = ["# States\n", "A state changes by these moves and no other way. The first named is the first.\n"]
    for machine in MACHINES:
        parts += [f"## {machine.thing[0].upper()}{machine.thing[1:]}\n", words.MACHINES.get(machine.thing, "") + "\n"]
        kind = type(machine.initial)
        rows = []
        for state in sorted(kind, key=lambda each: each is not machine.initial):
            ways = [(move, ways[state]) for move, ways in machine.moves.items() if state in ways]
            rows.append((f"`{state}`", ", ".join(f"{move} → `{to}`" for move, to in ways) or "the end"))
        parts.append(_table(("state", "moves"), rows))
    return "\n".join(parts)


def events() -> str:
    rows = [(f"`{type}`", words.EVENTS.get(type, "")) for type in EventType]
    return "\n".join([
        "# Events\n",
        "`gt events [--follow] [--type TYPE]` shows them, and `.gt/ledger` keeps them, a JSON object a line: `seq`, "
        "`time`, "
        "`type`, `actor`, `subject`, `data`. A type or what stands before its dot may be asked for; `ui.events` says "
        "which "
        "of them you are told while you work.\n",
        _table(("type", "what it tells"), rows),
    ])  # fmt: skip


def keys() -> str:
    moves = [(f"`{key}`", does) for key, does in MOVES]
    diff = [(f"`{key}`", does) for key, does in DIFF_MOVES]
    return "\n".join([
        "# Keys\n",
        "## In every list (`gt feed`, `decide`)\n",
        _table(("key", "what it does"), moves),
        "What acts on the chosen thing stands at the bottom of the screen: `y` yes, `n` no, `a` go there, `d` its "
        "diff, `t` "
        "type words, `m` mail, `p` pause or go on, `r` start again, `l` its log.\n",
        "## In a diff, beside those\n",
        _table(("key", "what it does"), diff),
        "## In the town's tmux\n",
        "".join(f"    {line}".rstrip() + "\n" for line in help_text().splitlines()),
    ])  # fmt: skip


def machine_words() -> str:
    """Exit codes, the environment, rights."""
    exits = [(str(code), meaning(what)) for code, what in EXITS]
    rights = [(f"`{right}`", does, "every agent" if right in EVERYBODY else "") for right, does in WORDS.items()]
    return "\n".join([
        "# For scripts and agents\n",
        "## Exit codes\n",
        _table(("code", "what it says"), exits),
        "Errors are `gt: what is wrong` on standard error, and `hint: the way out` where there is one. `--json` "
        "gives one "
        'document on standard output: lists as `{"items": […]}`, a thing as its object.\n',
        "## Environment\n",
        "What you may set:\n",
        _table(("variable", "what it does"), [(f"`{name}`", does) for name, does in words.FOR_PEOPLE.items()]),
        "What an agent finds:\n",
        _table(("variable", "what it is"), [(f"`{name}`", does) for name, does in words.FOR_AGENTS.items()]),
        "What commands of the town's own find:\n",
        _table(("variable", "where"), [(f"`{name}`", does) for name, does in words.FOR_COMMANDS.items()]),
        "## Rights\n",
        "A person may do everything. A role's file (`roles/*.md`) gives its agents rights by `may`.\n",
        _table(("right", "who has it may", "who has it always"), rights),
    ])  # fmt: skip


def meaning(what: object) -> str:
    """Of an exit code: words, or an error whose docstring says it."""
    if isinstance(what, str):
        return what
    text = re.sub(r"\s+", " ", str(getattr(what, "__doc__", "")))
    return text.split(" Exit status")[0].rstrip(".")


def providers() -> str:
    rows = [_provider(provider) for provider in registry.list_all(Settings([]))]
    head = ("name", "program", "seen to work", "turns told by", "tokens", "goes on after a restart", "skills")
    return "\n".join([
        "# Agent programs\n",
        "`gt config default-agent NAME` chooses one, `gt config agent set NAME COMMAND…` adds any other, `gt config "
        "agent "
        "check NAME` tries it. What can keep it from working and was never seen is named by `gt config agent show "
        "NAME`.\n",
        _table(head, rows),
        "Install them by:\n",
        _table(("name", "command"), [
            (f"`{provider.name}`", f"`{provider.install}`")
            for provider in registry.list_all(Settings([])) if provider.install
        ]),
    ])  # fmt: skip


def _provider(provider: Provider) -> tuple[str, ...]:
    verified = f"{provider.verified.version}, {provider.verified.date}" if provider.verified else "never"
    return (
        f"`{provider.name}`", provider.summary, verified, "its own hooks" if provider.has_hooks else "its screen",
        "" if provider.transcript == "none" else "yes", "yes" if provider.can_resume else "",
        f"`{provider.skills.home[-1]}`" if provider.skills else "",
    )  # fmt: skip


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    def line(cells: Sequence[str]) -> str:
        return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |\n"

    return line(head) + line(["---"] * len(head)) + "".join(map(line, rows))
