"""What a verb is: its words, its parameters, the operation behind it, and how its value is shown."""

from enum import StrEnum

from gastown_tmux.dataclass import dataclass, field
from gastown_tmux.domain.rights import Right


class Kind(StrEnum):
    """What a parameter's words become before the operation sees them."""

    TEXT = "text"
    BODY = "body"  # '-' is standard input
    FILE = "file"  # the text of a file, '-' standard input
    PATH = "path"
    INTEGER = "integer"
    DURATION = "duration"
    FLAG = "flag"
    YAML = "yaml"
    CHOICE = "choice"
    BEAD = "bead"
    CONVOY = "convoy"
    MERGE_REQUEST = "merge request"
    ESCALATION = "escalation"
    RIG = "rig"
    HOST = "host"
    AGENT = "agent"
    CREW = "crew"
    POLECAT = "polecat"
    ADDRESS = "address"
    PROVIDER = "provider"
    LAYOUT = "layout"
    FORMULA = "formula"
    RUN = "run"
    ORDER = "order"
    THING = "thing"
    MAIL = "mail"
    SETTING = "key"
    EVENT = "type of event"


#: An agent, of any role or of one.
AGENT_KINDS = frozenset((Kind.AGENT, Kind.CREW, Kind.POLECAT))


_PLACEHOLDERS = {
    Kind.FILE: "FILE",
    Kind.INTEGER: "N",
    Kind.DURATION: "DURATION",
    Kind.BEAD: "BEAD",
    Kind.RIG: "RIG",
    Kind.HOST: "HOST",
    Kind.AGENT: "AGENT",
    Kind.ADDRESS: "ADDRESS",
    Kind.PROVIDER: "PROVIDER",
    Kind.FORMULA: "FORMULA",
    Kind.RUN: "RUN",
    Kind.ORDER: "ORDER",
    Kind.MAIL: "MAIL",
}


@dataclass(frozen=True, slots=True)
class Parameter:
    """``name`` is the operation's keyword. Without ``flags`` it is positional. ``placeholder`` stands for its value in
    usage lines, where its kind or its own name would say too little. ``right`` is what it needs beside its verb's,
    where it is given, and as anything but ``free``. ``becomes``: where it is given, the line is that other verb's.
    """

    name: str
    kind: Kind = Kind.TEXT
    help: str = ""
    flags: tuple[str, ...] = ()
    many: bool = False
    required: bool = False
    rest: bool = False
    choices: tuple[str, ...] = ()
    placeholder: str = ""
    right: Right | None = None
    free: str | None = None
    becomes: str = ""

    @property
    def takes_value(self) -> bool:
        """Whether it is a flag that is followed by exactly one word, whatever that is."""
        return bool(self.flags) and self.kind is not Kind.FLAG and not self.many

    @property
    def metavar(self) -> str:
        if self.placeholder:
            return self.placeholder
        if self.kind is Kind.CHOICE:
            return "|".join(self.choices)
        return self.word + ("…" if self.many else "")

    @property
    def word(self) -> str:
        """What stands for one value of it."""
        if self.flags and self.kind in _PLACEHOLDERS:
            return _PLACEHOLDERS[self.kind]
        return (self.flags[-1].lstrip("-") if self.flags else self.name).upper().replace("_", "-")


def argument(name: str, kind: Kind = Kind.TEXT, help: str = "", **more: object) -> Parameter:
    """A positional that must be given."""
    return Parameter(name, kind, help, required=True, **more)  # type: ignore[arg-type]


def optional(name: str, kind: Kind = Kind.TEXT, help: str = "", **more: object) -> Parameter:
    """A positional that may be left out."""
    return Parameter(name, kind, help, **more)  # type: ignore[arg-type]


def option(flags: str, name: str, kind: Kind = Kind.TEXT, help: str = "", **more: object) -> Parameter:
    """``flags`` as a person types them, with a space between a short and a long form."""
    return Parameter(name, kind, help, flags=tuple(flags.split()), **more)  # type: ignore[arg-type]


def flag(flags: str, name: str, help: str, **more: object) -> Parameter:
    return option(flags, name, Kind.FLAG, help, **more)


#: Of a list that has a limit, a terminal shows so many where none is given; elsewhere it is whole.
SHOWN = 50
#: What a list of agents shows, whichever verb lists them.
AGENT_COLUMNS = ("address", "state", "bead", "title", "provider", "health", "since", "reason")
KEY = option("--key", "key", help="the same key gives the first result back")
SINCE = option("--since", "since", help="an age such as 2h, 8:00, yesterday, monday, a date or a time")
SEARCH = option("--search", "search", help="only those with all these words")
LIMIT = option("--limit", "limit", Kind.INTEGER, f"so many at most, 0: all; {SHOWN} on a terminal unless given")


#: Of a verb that has a whole screen; JSON is always that.
ONCE = flag("--once", "once", "what it shows now, and no more")


@dataclass(frozen=True, slots=True)
class Listing:
    """A list is shown as a table of these fields; ``empty`` says what to do when there is nothing.

    ``below``: the column of commands, which a terminal shows whole, in lines of their own under each row.
    """

    columns: tuple[str, ...]
    empty: str
    below: str | None = None


@dataclass(frozen=True, slots=True)
class Record:
    """A thing is shown as these fields, a line each, then the long text of ``body``, and what of it is told at last."""

    fields: tuple[str, ...]
    body: str | None = None
    tail: str | None = None


@dataclass(frozen=True, slots=True)
class Tables:
    """A thing with lists in it: its own fields, where ``head`` names any, then a table for each list that holds
    anything, under its heading. ``parts`` are heading, field and columns; ``empty`` is said where all are empty.
    """

    parts: tuple[tuple[str, str, tuple[str, ...]], ...]
    empty: str
    head: Record | None = None


class Special(StrEnum):
    """Values that a face draws in a way of its own."""

    STATUS = "status"
    PRIME = "prime"
    TEXT = "text"  # exactly, unless a terminal is to show it
    SCREEN = "screen"  # as it is, for tmux has drawn it
    PATCH = "patch"  # as it is; a person at a terminal sees it in colours, page by page
    LINES = "lines"  # printed while they come
    SCREENS = "screens"  # as it is too, each in the place of the one before


Show = Listing | Record | Tables | Special | None


@dataclass(frozen=True, slots=True)
class Verb:
    """``operation`` is ``module:function`` below the package. ``town`` False: it needs none.

    ``show`` None: the operation gives an Answer, whose sentence is shown. ``terminal``: it may take the terminal.
    ``right`` is what whoever asks needs; what the parameter ``own`` names needs none, where it is the caller's own.
    ``anywhere``: it looks itself whether the town was moved or copied. ``emergency``: it stops things, whatever is
    broken: an agent is found without rows too, and no lock is waited for long. ``served``: the server of verbs may
    carry it out, for it reads, or writes a little, and starts, stops, shows page by page and asks nothing. ``either``:
    where there is no town it may be asked too, of what is the user's own. ``written``: where none of these parameters
    is given, a person at a terminal writes in an editor.
    """

    words: str
    summary: str
    operation: str
    parameters: tuple[Parameter, ...] = ()
    show: Show = None
    town: bool = True
    hidden: bool = False
    terminal: bool = False
    anywhere: bool = False
    emergency: bool = False
    written: tuple[str, ...] = field(default=(), kw_only=True)
    either: bool = field(default=False, kw_only=True)
    right: Right = field(kw_only=True)
    own: str = field(default="", kw_only=True)
    served: bool = field(default=False, kw_only=True)

    @property
    def usage(self) -> str:
        """One line, as a manual would have it."""
        words = ["gt", self.words]
        # What comes behind a command of one's own is that command's.
        takes_rest = any(parameter.rest for parameter in self.parameters)
        for parameter in sorted(self.parameters, key=lambda each: takes_rest and not each.flags):
            word = parameter.metavar
            if parameter.flags:
                word = parameter.flags[0] if parameter.kind is Kind.FLAG else f"{parameter.flags[0]} {word}"
            words.append(word if parameter.required or parameter.placeholder.startswith("[") else f"[{word}]")
        return " ".join(words)
