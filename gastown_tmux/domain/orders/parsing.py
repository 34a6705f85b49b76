"""A file of an order, as texts, taken apart: what it says, and all that is wrong with it."""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import time
from typing import TypeVar

from gastown_tmux.dataclass import dataclass, field
from gastown_tmux.domain.events import EventType
from gastown_tmux.domain.formulas.keys import nearest
from gastown_tmux.domain.formulas.model import Path
from gastown_tmux.domain.ids import RigName, is_name
from gastown_tmux.domain.orders.model import DAYS, At, Every, On, Order, Trigger, When
from gastown_tmux.domain.setting_values import parse_duration, parse_interval

#: How often a condition is asked, how soon it may be true again, and how long a command may take, unless said.
ASK_SECONDS, COOLDOWN_SECONDS, RUN_SECONDS = 60.0, 600.0, 600.0
#: Asked more often than this, a machine would do little else.
LEAST_SECONDS = 1.0
_TRIGGERS = ("every", "at", "on", "when")
_KEYS = (
    "description", *_TRIGGERS, "days", "late", "formula", "run", "rig", "vars", "preset", "spread", "cooldown",
    "timeout",
)  # fmt: skip
#: What others call it.
_INSTEAD = {
    **dict.fromkeys(("cron", "schedule"), 'write at: "03:00", or every: 1h'),
    "interval": "write every: 1h",
    **dict.fromkeys(("command", "exec", "cmd", "script"), "write run: COMMAND"),
    **dict.fromkeys(("trigger", "gate", "event"), "write one of every, at, on, when"),
    **dict.fromkeys(("enabled", "paused", "disabled"), "gt order pause NAME and gt order resume NAME"),
    "name": "an order has the name of its file",
    "variables": "write vars",
}
_TIME = re.compile(r"(\d{1,2}):(\d{2})\Z")
Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong at the key of this path, and the way out."""

    path: Path
    text: str
    hint: str | None = None


def parse_order(name: str, home: RigName | None, document: object) -> tuple[Order | None, list[Fault]]:
    """The order, or None and what is wrong with it. ``document`` holds texts, lists and tables alone."""
    reader = _Reader(document if isinstance(document, Mapping) else {})
    if not isinstance(document, Mapping):
        reader.fail((), "an order is keys and values", "every: 1h, and formula: NAME")
        return None, reader.faults
    if not is_name(name):
        reader.fail((), f"{name!r} is no name of an order", "a-z, 0-9 and -, from a letter on, 32 at most")
    for key in document:
        if key in _INSTEAD:
            reader.fail((key,), f"unknown key {key!r} in an order", _INSTEAD[key])
        elif key not in _KEYS:
            reader.fail((key,), f"unknown key {key!r} in an order", nearest(key, list(_KEYS)))
    trigger = _read_trigger(reader)
    formula, run = reader.text("formula"), reader.text("run")
    is_strange = any(key not in _KEYS for key in document)  # it would have been what is missing
    if not reader.has("formula") and not reader.has("run") and not is_strange:
        reader.fail((), "it says nothing to do", "formula: NAME, or run: COMMAND")
    if reader.has("formula") and reader.has("run"):
        reader.fail(("run",), "formula and run: one of them", "write two orders")
    for key in ("vars", "preset", "spread"):
        if reader.has(key) and not reader.has("formula"):
            reader.fail((key,), f"{key} belongs to a formula", "formula: NAME")
    if reader.has("timeout") and not reader.has("run"):
        reader.fail(("timeout",), "timeout belongs to a command", "steps of a formula have their own")
    rig = reader.text("rig")
    if home is not None and rig not in (None, home):
        reader.fail(
            ("rig",), f"it stands in the folder of rig {home}", f"leave rig out, or move it to orders/{name}.yaml"
        )
    cooldown = reader.value("cooldown", parse_duration)
    order = Order(
        name=name, home=home, rig=RigName(rig) if rig else home, trigger=trigger or Every(1.0, ""),
        description=reader.text("description") or "", formula=formula, run=run, vars=reader.texts("vars"),
        preset=reader.text("preset"), spread=reader.value("spread", _flag) or False,
        cooldown=_cooldown_of(trigger) if cooldown is None else cooldown,
        timeout=reader.value("timeout", parse_interval) or RUN_SECONDS,
    )  # fmt: skip
    return (None if reader.faults else order), reader.faults


def _cooldown_of(trigger: Trigger | None) -> float:
    return COOLDOWN_SECONDS if isinstance(trigger, When) else 0.0


@dataclass
class _Reader:
    document: Mapping[str, object]
    faults: list[Fault] = field(default_factory=list)

    def fail(self, path: Path, text: str, hint: str | None = None) -> None:
        self.faults.append(Fault(path, text, hint))

    def has(self, key: str) -> bool:
        return key in self.document

    def text(self, key: str) -> str | None:
        return self.value(key, _text)

    def value(self, key: str, parse: Callable[[object], Value]) -> Value | None:
        """What ``parse`` makes of it; None where it is not said, or wrong."""
        if key not in self.document:
            return None
        try:
            return parse(self.document[key])
        except ValueError as error:
            self.fail((key,), f"{key} must be {error}, not {_shown(self.document[key])}")
            return None

    def texts(self, key: str) -> dict[str, str]:
        found = self.document.get(key, {})
        if not isinstance(found, Mapping):
            self.fail((key,), f"{key} must be a table, not {_shown(found)}", f"{key}: {{NAME: VALUE}}")
            return {}
        for name, value in found.items():
            if not isinstance(value, str):
                self.fail((key, name), f"{key}.{name} must be a text, not {_shown(value)}")
        return {name: value for name, value in found.items() if isinstance(value, str)}


def _read_trigger(reader: _Reader) -> Trigger | None:
    said = [key for key in _TRIGGERS if reader.has(key)]
    if said == ["every", "when"]:
        said = ["when"]
    if len(said) != 1 and (said or all(key in _KEYS for key in reader.document)):
        text = f"{' and '.join(said)}: one of them" if said else "it says no time"
        hint = 'every: 1h, at: "03:00", on: bead.merged, or when: COMMAND'
        reader.fail((said[1],) if said else (), text, "write two orders" if said else hint)
    for key in ("days", "late"):
        if reader.has(key) and not reader.has("at"):
            reader.fail((key,), f"{key} belongs to a time of day", 'at: "03:00"')
    if len(said) != 1:
        return None
    words = f"{said[0]} {' '.join(_listed(reader.document[said[0]]))}"
    match said[0]:
        case "every":
            seconds = reader.value("every", _interval)
            return Every(seconds, words) if seconds else None
        case "at":
            times = reader.value("at", _times)
            days, late = reader.value("days", _days), reader.value("late", parse_interval)
            if reader.has("days"):
                words += f" on {' '.join(_listed(reader.document['days']))}"
            return At(times, days or frozenset(range(7)), late, words) if times else None
        case "on":
            types = reader.value("on", lambda value: tuple(_listed(value)) or _none("types of events"))
            known = {str(type) for type in EventType} | {type.partition(".")[0] for type in EventType}
            for type in types or ():
                if type not in known:
                    reader.fail(("on",), f"there is no event {type!r}", nearest(type, sorted(known)))
            return On(types, words) if types else None
        case _:
            command = reader.text("when")
            seconds = reader.value("every", _interval) if reader.has("every") else ASK_SECONDS
            return When(command, seconds, words) if command and seconds else None


def _listed(value: object) -> list[str]:
    """One text, or a list of them."""
    return [value] if isinstance(value, str) else [str(each) for each in value] if isinstance(value, Sequence) else []


def _none(what: str) -> tuple[str, ...]:
    raise ValueError(what)


def _text(value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError("a text")
    return value.strip()


def _flag(value: object) -> bool:
    if value not in ("true", "false"):
        raise ValueError("true or false")
    return value == "true"


def _interval(value: object) -> float:
    seconds = parse_interval(value)
    if seconds < LEAST_SECONDS:
        raise ValueError(f"at least {LEAST_SECONDS:.0f}s")
    return seconds


def _times(value: object) -> tuple[time, ...]:
    found = set()
    for word in _listed(value):
        match = _TIME.match(word.strip())
        if match is None or int(match[1]) > 23 or int(match[2]) > 59:
            raise ValueError('a time of day such as "03:00", or a list of them')
        found.add(time(int(match[1]), int(match[2])))
    if not found:
        raise ValueError('a time of day such as "03:00", or a list of them')
    return tuple(sorted(found))


def _days(value: object) -> frozenset[int]:
    words = [word.strip().lower()[:3] for word in _listed(value)]
    if not words or not set(words) <= set(DAYS):
        raise ValueError(f"some of {', '.join(DAYS)}")
    return frozenset(map(DAYS.index, words))


def _shown(value: object) -> str:
    if isinstance(value, Mapping):
        return "a table"
    if isinstance(value, str):
        return f"{value!r:.60}"
    return f"the list {', '.join(_listed(value)):.60}" if value else "an empty list"
