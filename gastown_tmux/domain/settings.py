"""Every configuration key, and how six layers become one value that knows where it came from."""

import difflib
import re
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from gastown_tmux.errors import UsageError

LAYERS = ("flag", "environment", "project", "town", "user", "default")

Parse = Callable[[object], object]
Part = TypeVar("Part")

_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)\Z")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_BUDGET = re.compile(r"(\d+) per (.+)\Z")
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([kKMGT]?)i?B?\Z")
_BYTES = {"": 1, "k": 2**10, "K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}


def parse_duration(value: object) -> float:
    """Seconds of ``30s``, ``5m``, ``2h``, ``100ms``; ValueError with the rule otherwise.

    >>> parse_duration("5m"), parse_duration("0.1s")
    (300.0, 0.1)
    """
    match = _DURATION.match(value.strip()) if isinstance(value, str) else None
    if match is None:
        raise ValueError("a duration such as 30s, 5m or 2h")
    return float(match[1]) * _SECONDS[match[2]]


def parse_size(value: object) -> int:
    """Bytes of ``512M`` or ``2G``."""
    match = _SIZE.match(value.strip()) if isinstance(value, str) else None
    if match is None:
        raise ValueError("a size such as 512M or 2G")
    return int(float(match[1]) * _BYTES[match[2]])


def parse_budget(value: object) -> tuple[int, float]:
    """How many in how many seconds, of ``10 per 10m``."""
    match = _BUDGET.match(value.strip()) if isinstance(value, str) else None
    if match is None:
        raise ValueError("a budget such as '10 per 10m'")
    return int(match[1]), parse_duration(match[2])


def _text(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError("a text")
    return value


def _boolean(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError("true or false")
    return value


def _count(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ValueError("a whole number from 1")
    return value


def _interval(value: object) -> float:
    seconds = parse_duration(value)
    if not seconds:
        raise ValueError("a duration above 0, such as 30s")
    return seconds


def _load(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or value <= 0:
        raise ValueError("a number above 0")
    return float(value)


def _texts(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise ValueError("a list of texts")
    return tuple(value)


def _choice(*allowed: str) -> Parse:
    def parse(value: object) -> str:
        if value not in allowed:
            raise ValueError("one of " + ", ".join(allowed))
        return str(value)

    return parse


def _command(value: object) -> object:
    try:
        words = shlex.split(value) if isinstance(value, str) else value
    except ValueError as error:
        raise ValueError(f"a command ({error})") from None
    if not isinstance(words, list) or not all(isinstance(word, str | int | float) for word in words):
        raise ValueError("a command, as a text or a list of words")
    return value


def _variables(value: object) -> Mapping[str, str]:
    if not isinstance(value, dict) or not all(isinstance(text, str | int | float) for text in value.values()):
        raise ValueError("a mapping of texts")
    return {str(name): str(text) for name, text in value.items()}


def _part(rule: str, whole: Mapping[str, object], name: str, parse: Callable[[object], Part], default: object) -> Part:
    """One value of a mapping, or what goes for it where it is left out."""
    value = whole.get(name)
    try:
        return parse(default if value is None else value)
    except ValueError as error:
        raise ValueError(f"{rule}, with {name} as {error}") from None


@dataclass(frozen=True, slots=True)
class Gate:
    """A command that must pass on the candidate. ``timeout`` in seconds."""

    name: str
    run: str
    timeout: float
    environment: Mapping[str, str]
    parallel: bool


def _gates(value: object) -> tuple[Gate, ...]:
    rule = "a list of {name, run, timeout, env, parallel}"
    if not isinstance(value, list):
        raise ValueError(rule)
    gates = []
    for item in value:
        if isinstance(item, str):
            item = {"run": item}
        if not isinstance(item, dict) or set(item) - {"name", "run", "timeout", "env", "parallel"}:
            raise ValueError(rule)
        gates.append(
            Gate(
                name=_part(rule, item, "name", _text, item.get("run")),
                run=_part(rule, item, "run", _text, None),
                timeout=_part(rule, item, "timeout", _interval, "30m"),
                environment=_part(rule, item, "env", _variables, {}),
                parallel=_part(rule, item, "parallel", _boolean, False),
            )
        )
    if len({gate.name for gate in gates}) != len(gates):
        raise ValueError("gates with different names")
    return tuple(gates)


@dataclass(frozen=True, slots=True)
class ApprovalRule:
    """What an agent asks, as a regular expression, and the answer it gets without a person: approve or deny."""

    match: re.Pattern[str]
    answer: str


def _approval_rules(value: object) -> tuple[ApprovalRule, ...]:
    rule = "a list of {match: REGULAR EXPRESSION, answer: approve|deny}"
    if not isinstance(value, list):
        raise ValueError(rule)
    rules = []
    for item in value:
        if not isinstance(item, dict) or set(item) != {"match", "answer"} or item["answer"] not in ("approve", "deny"):
            raise ValueError(rule)
        try:
            rules.append(ApprovalRule(re.compile(str(item["match"])), item["answer"]))
        except re.error as error:
            raise ValueError(f"{rule} ({item['match']!r}: {error})") from None
    return tuple(rules)


def _provider(value: object) -> Mapping[str, object]:
    rule = "a mapping of from, command, args and env"
    if not isinstance(value, dict) or set(value) - {"from", "command", "args", "env"}:
        raise ValueError(rule)
    _part(rule, value, "from", _text, "command")
    _part(rule, value, "command", _command, [])
    _part(rule, value, "args", _command, [])
    _part(rule, value, "env", _variables, {})
    return value


@dataclass(frozen=True, slots=True)
class Key:
    """``default`` is in the form a file would hold; ``<name>`` in ``name`` stands for any one word.

    ``in_rig`` is the default as a rig sees it, where that is another.
    """

    name: str
    parse: Parse
    default: object
    summary: str
    in_rig: object = None


#: Events that a person is told of while they work, unless ``ui.events`` says otherwise.
NEWS = (
    "bead.merged", "bead.reported", "bead.returned", "merge.held", "merge.rejected", "merge.conflicted",
    "convoy.landed", "escalation.raised", "agent.changed", "session.changed",
)  # fmt: skip

KEYS = (
    Key("provider.default", _text, None, "agent program of new agents; unset: the first one found"),
    Key("providers.<name>", _provider, None, "a user's own agent program, or changes to a preset"),
    Key("merge.strategy", _choice("squash", "merge"), "squash", "how a branch becomes a commit on the target"),
    Key("merge.gates", _gates, [], "commands that must pass before anything is published"),
    Key(
        "merge.publish",
        _choice("push", "local"),
        "push",
        "push to the remote, or keep the target in repo.git",
    ),
    Key("merge.review", _boolean, False, "hold merge requests for 'gt mq approve'"),
    Key("worktree.copy", _texts, [], "unversioned files copied from the source checkout into new worktrees"),
    Key("worktree.setup", _texts, [], "commands run in a worktree before its agent starts"),
    Key("worktree.timeout", _interval, "10m", "time limit of each setup command"),
    Key("limits.agents", _count, 30, "agents at once: in a rig, and in the town", in_rig=8),
    Key("limits.memory", parse_size, "256M", "memory that must be free before an agent is started"),
    Key("limits.load", _load, None, "load a core above which no agent is started; unset: no such gate"),
    Key("budget.bead", _count, None, "tokens (input and output) for one bead, then its agent is paused; unset: any"),
    Key("budget.agent", _count, None, "tokens of one agent in a day, then it is paused; unset: any"),
    Key("budget.town", _count, None, "tokens of all agents in a day, then all are paused; unset: any"),
    Key("mail.rescan", _interval, "1s", "how often every mailbox is looked at without any event"),
    Key("snapshot.every", _interval, "5m", "how often the work of a running agent is saved"),
    Key("snapshot.file", parse_size, "10M", "the largest unsaved file that a snapshot takes in"),
    Key("snapshot.total", parse_size, "200M", "how much of unsaved files a snapshot takes in at most"),
    Key("snapshot.remote", _text, None, "a repository that snapshots are pushed to as a backup"),
    Key("escalation.low", _interval, "24h", "how long mayor and human each have before the next is asked"),
    Key("escalation.medium", _interval, "4h", "the same, by severity"),
    Key("escalation.high", _interval, "1h", "the same, by severity"),
    Key("escalation.critical", _interval, "10m", "the same, by severity"),
    Key("respawn.budget", parse_budget, "10 per 10m", "starts after a death before an agent counts as failed"),
    Key("approvals.rules", _approval_rules, [], "questions of agents that are answered without a person, in order"),
    Key("ssh.config", _text, None, "the file that 'gt --host' has ssh read instead of your own"),
    Key("ui.keys", _choice("emacs", "vi"), "emacs", "how lines are edited in the REPL"),
    Key("ui.notify", _text, None, "a command for each new mail to the overseer; it gets $GT_MAIL_LINE"),
    Key("ui.events", _texts, list(NEWS), "types of events that the REPL prints as they come"),
    Key("respawn.delay", parse_duration, "0.1s", "wait before the first start after a death; doubles to 60s"),
)
_BY_NAME = {key.name: key for key in KEYS}

Layer = tuple[str, Mapping[str, object]]


def find_key(name: str) -> Key:
    """Raises UsageError that names the nearest key."""
    if name in _BY_NAME:
        return _BY_NAME[name]
    if name.startswith("providers.") and name.count(".") == 1:
        return _BY_NAME["providers.<name>"]
    near = difflib.get_close_matches(name, _BY_NAME, n=1)
    raise UsageError(
        f"unknown configuration key {name!r}",
        hint=f"did you mean {near[0]}?" if near else "gt config show lists them all",
    )


def check_value(name: str, value: object, where: str) -> object:
    """The value as code uses it. Raises UsageError that names the key and the place it was read from."""
    key = find_key(name)
    try:
        return key.parse(value)
    except ValueError as error:
        raise UsageError(f"{where}: {name} must be {error}, not {value!r}") from None


def flatten(document: object, where: str) -> dict[str, object]:
    """Dotted keys of a nested or dotted document, each checked. Raises UsageError.

    >>> flatten({"merge": {"review": True}, "mail.rescan": "2s"}, "town.yaml")
    {'merge.review': True, 'mail.rescan': '2s'}
    """
    flat = spread(document, where)
    for name, value in flat.items():
        try:
            check_value(name, value, where)
        except UsageError as error:
            hint = error.hint or "mend that line, or take it out with gt config unset"
            raise UsageError(f"{where}: {error.message.removeprefix(where + ': ')}", hint) from None
    return flat


def spread(document: object, where: str) -> dict[str, object]:
    """Dotted keys of a nested or dotted document, right or wrong. Raises UsageError where it is no mapping."""
    if document is None:
        return {}
    if not isinstance(document, dict):
        raise UsageError(f"{where}: not a mapping of configuration keys")
    flat: dict[str, object] = {}
    pending = [(str(name), value) for name, value in reversed(document.items())]
    while pending:
        name, value = pending.pop()
        is_section = any(key.name.startswith(name + ".") for key in KEYS)
        if is_section and isinstance(value, dict):
            pending += [(f"{name}.{inner}", below) for inner, below in reversed(value.items())]
        elif not (is_section and value is None):
            flat[name] = value
    return flat


@dataclass(frozen=True, slots=True)
class Setting:
    """A value in the form a file would hold, and the layer it came from."""

    key: str
    value: object
    layer: str


class Settings:
    """Layers, strongest first, each ``(name, {dotted key: value})``."""

    def __init__(self, layers: Sequence[Layer]) -> None:
        self.layers = layers

    def find(self, name: str) -> Setting:
        for layer, values in self.layers:
            if name in values:
                return Setting(name, values[name], layer)
        key = find_key(name)
        is_rig = key.in_rig is not None and any(layer == "project" for layer, _ in self.layers)
        return Setting(name, key.in_rig if is_rig else key.default, "default")

    def get(self, name: str) -> object:
        """The value as code uses it; None where there is neither value nor default."""
        value = self.find(name).value
        return None if value is None else find_key(name).parse(value)

    def count(self, name: str) -> int:
        value = self.get(name)
        assert isinstance(value, int)
        return value

    def show(self) -> list[Setting]:
        """Every key that has a value or a default, in the order of the schema."""
        names = [key.name for key in KEYS if "<" not in key.name]
        names += sorted({name for _, values in self.layers for name in values} - set(names))
        return [self.find(name) for name in names]

    def seconds(self, name: str) -> float:
        value = self.get(name)
        assert isinstance(value, float)
        return value

    def size(self, name: str) -> int:
        value = self.get(name)
        assert isinstance(value, int)
        return value

    def text(self, name: str) -> str | None:
        value = self.get(name)
        assert value is None or isinstance(value, str)
        return value

    def budget(self) -> tuple[int, float]:
        """How many starts after deaths, in how many seconds."""
        value = self.get("respawn.budget")
        assert isinstance(value, tuple)
        most, seconds = value
        return most, seconds

    def texts(self, name: str) -> tuple[str, ...]:
        value = self.get(name)
        assert isinstance(value, tuple)
        return value

    def approval_rules(self) -> tuple[ApprovalRule, ...]:
        value = self.get("approvals.rules")
        assert isinstance(value, tuple)
        return value

    def gates(self) -> tuple[Gate, ...]:
        value = self.get("merge.gates")
        assert isinstance(value, tuple)
        return value


def environment_layer(environment: Mapping[str, str], parse_yaml: Callable[[str], object]) -> dict[str, object]:
    """The layer of ``GT_<KEY>`` variables, ``.`` written as ``_``; values are YAML, and an empty one is none."""
    names = {"GT_" + key.name.upper().replace(".", "_"): key.name for key in KEYS if "<" not in key.name}
    own = "GT_PROVIDERS_"
    names |= {name: f"providers.{name.removeprefix(own).lower()}" for name in environment if name.startswith(own)}
    layer = {}
    for variable, name in names.items():
        if environment.get(variable):
            value = parse_yaml(environment[variable])
            check_value(name, value, f"environment {variable}")
            layer[name] = value
    return layer
