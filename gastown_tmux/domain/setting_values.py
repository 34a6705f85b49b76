"""What a configuration value may be: each parser gives the value as code uses it, or ValueError with the rule."""

import datetime
import re
from collections.abc import Callable, Collection, Mapping
from typing import TypeVar

from gastown_tmux.dataclass import dataclass
from gastown_tmux.domain.forges import parse_repository

Parse = Callable[[object], object]
Part = TypeVar("Part")

_DURATION = r"(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)\Z"
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_HOURS = r"(\d{1,2}):(\d\d)\s*-\s*(\d{1,2}):(\d\d)\Z"
_BUDGET = r"(\d+) per (.+)\Z"
_SIZE = r"(\d+(?:\.\d+)?)\s*([kKMGT]?)i?B?\Z"
_SECRET = r"env:[A-Za-z_][A-Za-z0-9_]*\Z|file:[~/].*\Z"
#: More than any clock is asked for, and than any disk holds.
_LONGEST, _LARGEST = 36500 * 86400.0, 2.0**60
_BYTES = {"": 1, "k": 2**10, "K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}


def parse_duration(value: object) -> float:
    """Seconds of ``30s``, ``5m``, ``2h``, ``100ms``; ValueError with the rule otherwise.

    >>> parse_duration("5m"), parse_duration("0.1s")
    (300.0, 0.1)
    """
    match = re.match(_DURATION, value.strip()) if isinstance(value, str) else None
    if match is None:
        raise ValueError("a duration such as 30s, 5m or 2h")
    seconds = float(match[1]) * _SECONDS[match[2]]
    if seconds > _LONGEST:
        raise ValueError(f"a duration of at most {_LONGEST / 86400:.0f}d")
    return seconds


def parse_size(value: object) -> int:
    """Bytes of ``512M`` or ``2G``."""
    match = re.match(_SIZE, value.strip()) if isinstance(value, str) else None
    if match is None:
        raise ValueError("a size such as 512M or 2G")
    size = float(match[1]) * _BYTES[match[2]]
    if size > _LARGEST:
        raise ValueError("a size that some disk has")
    return int(size)


def parse_budget(value: object) -> tuple[int, float]:
    """How many in how many seconds, of ``10 per 10m``."""
    match = re.match(_BUDGET, value.strip()) if isinstance(value, str) else None
    if match is None:
        raise ValueError("a budget such as '10 per 10m'")
    return int(match[1]), parse_duration(match[2])


def parse_text(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError("a text")
    return value


def parse_boolean(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError("true or false")
    return value


def parse_count(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ValueError("a whole number from 1")
    return value


def parse_counts(value: object) -> Mapping[str, int]:
    """A whole number above 0 for each name."""
    if not isinstance(value, dict) or not all(isinstance(name, str) and name for name in value):
        raise ValueError("names, each with a whole number above 0")
    try:
        return {name: parse_count(number) for name, number in value.items()}
    except ValueError:
        raise ValueError("names, each with a whole number above 0") from None


def parse_number(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValueError("a whole number from 0")
    return value


def parse_port(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= 65_535:
        raise ValueError("a port: 0 to 65535")
    return value


def parse_interval(value: object) -> float:
    seconds = parse_duration(value)
    if not seconds:
        raise ValueError("a duration above 0, such as 30s")
    return seconds


def parse_load(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or value <= 0:
        raise ValueError("a number above 0")
    return float(value)


def parse_amount(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < _LARGEST:
        raise ValueError("a number from 0")
    return float(value)


def parse_date(value: object) -> str:
    try:
        return datetime.date.fromisoformat(str(value)).isoformat()
    except ValueError:
        raise ValueError("a date such as 2026-01-31") from None


def parse_hours(value: object) -> tuple[int, int]:
    """Two times of a day as minutes since midnight, of ``22:00-07:00``."""
    match = re.match(_HOURS, value.strip()) if isinstance(value, str) else None
    times = [int(part) for part in match.groups()] if match else []
    if not times or times[0] > 23 or times[2] > 23 or times[1] > 59 or times[3] > 59:
        raise ValueError("hours of the day such as 22:00-07:00")
    return times[0] * 60 + times[1], times[2] * 60 + times[3]


def parse_texts(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise ValueError("a list of texts")
    return tuple(value)


def parse_forge_repository(value: object) -> str:
    if not isinstance(value, str) or parse_repository(value) is None:
        raise ValueError("OWNER/NAME or HOST/OWNER/NAME")
    return value


def parse_secret(value: object) -> str:
    """Where a secret is, never the secret: files of settings are committed and shown."""
    if not isinstance(value, str) or not re.match(_SECRET, value):
        raise ValueError("env:NAME or file:PATH")
    return value


@dataclass(frozen=True, slots=True)
class OneOf:
    allowed: tuple[str, ...]

    def __call__(self, value: object) -> str:
        if value not in self.allowed:
            raise ValueError("one of " + ", ".join(self.allowed))
        return str(value)


def one_of(*allowed: str) -> Parse:
    return OneOf(allowed)


def rule_of(parse: Parse) -> str:
    """What a value may be, in the words in which one that is not so is refused."""
    try:
        parse(object())
    except ValueError as error:
        return str(error)
    raise AssertionError(f"{parse} takes anything")


def parse_command(value: object) -> object:
    import shlex  # in few towns

    try:
        words = shlex.split(value) if isinstance(value, str) else value
    except ValueError as error:
        raise ValueError(f"a command ({error})") from None
    if not isinstance(words, list) or not all(isinstance(word, str | int | float) for word in words):
        raise ValueError("a command, as a text or a list of words")
    return value


def parse_variables(value: object) -> Mapping[str, str]:
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


def parse_gates(value: object) -> tuple[Gate, ...]:
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
                name=_part(rule, item, "name", parse_text, item.get("run")),
                run=_part(rule, item, "run", parse_text, None),
                timeout=_part(rule, item, "timeout", parse_interval, "30m"),
                environment=_part(rule, item, "env", parse_variables, {}),
                parallel=_part(rule, item, "parallel", parse_boolean, False),
            )
        )
    if len({gate.name for gate in gates}) != len(gates):
        raise ValueError("gates with different names")
    return tuple(gates)


@dataclass(frozen=True, slots=True)
class ApprovalRule:
    """A kind of dialog, and the answer it gets without a person: approve or deny. What is None fits any.

    ``match`` is found somewhere in what the program states. ``tool`` and ``action`` match all of what it is about to
    do, as in ``action: git (status|diff)``; an action of several lines needs ``(?s)`` for its ``.*``. ``provider`` is
    the agent program, by its name or its preset's.
    """

    answer: str
    match: re.Pattern[str] | None = None
    tool: re.Pattern[str] | None = None
    action: re.Pattern[str] | None = None
    provider: str | None = None

    def fits(self, programs: Collection[str], tool: str, action: str, stated: str) -> bool:
        return (
            (self.provider is None or self.provider in programs)
            and (self.tool is None or self.tool.fullmatch(tool) is not None)
            and (self.action is None or self.action.fullmatch(action) is not None)
            and (self.match is None or self.match.search(stated) is not None)
        )

    def __str__(self) -> str:
        """Its patterns; a rule of ``match`` alone is that pattern."""
        named = {"match": self.match, "tool": self.tool, "action": self.action}
        patterns = {name: pattern.pattern for name, pattern in named.items() if pattern is not None}
        if self.provider is None and list(patterns) == ["match"]:
            return patterns["match"]
        parts = {**({"provider": self.provider} if self.provider else {}), **patterns}
        return ", ".join(f"{name}: {pattern}" for name, pattern in parts.items())


def parse_approval_rules(value: object) -> tuple[ApprovalRule, ...]:
    rule = "a list of {match, tool, action: REGULAR EXPRESSION, provider: NAME, answer: approve|deny}"
    if not isinstance(value, list):
        raise ValueError(rule)
    rules = []
    for item in value:
        if not isinstance(item, dict) or set(item) - {"match", "tool", "action", "provider", "answer"}:
            raise ValueError(rule)
        patterns = {name: str(item[name]) for name in ("match", "tool", "action") if name in item}
        if not patterns or item.get("answer") not in ("approve", "deny"):
            raise ValueError(rule)
        try:
            compiled = {name: re.compile(pattern, re.MULTILINE) for name, pattern in patterns.items()}
        except (re.error, OverflowError, RecursionError) as error:
            raise ValueError(f"{rule} ({', '.join(map(repr, patterns.values()))}: {error})") from None
        provider = str(item["provider"]) if "provider" in item else None
        rules.append(ApprovalRule(item["answer"], **compiled, provider=provider))
    return tuple(rules)


def parse_provider(value: object) -> Mapping[str, object]:
    rule = "a mapping of from, command, args, env, prompt, busy and typing"
    if not isinstance(value, dict) or set(value) - {"from", "command", "args", "env", "prompt", "busy", "typing"}:
        raise ValueError(rule)
    _part(rule, value, "from", parse_text, "command")
    _part(rule, value, "command", parse_command, [])
    _part(rule, value, "args", parse_command, [])
    _part(rule, value, "env", parse_variables, {})
    for name in ("prompt", "busy"):
        _part(rule, value, name, parse_pattern, ".")
    _part(rule, value, "typing", one_of("quiet"), "quiet")
    return value


def parse_pattern(value: object) -> str:
    """A regular expression, as Python has them."""
    try:
        if isinstance(value, str) and value:
            re.compile(value)
            return value
    except re.error as error:
        raise ValueError(f"a regular expression ({error})") from None
    raise ValueError("a regular expression")
