"""A verb carried out: its words become ids, its operation is called, its value comes back."""

import contextlib
import sys
from collections.abc import Callable, Mapping
from typing import Any

from gastown_tmux.domain.agents import Role
from gastown_tmux.domain.rights import Right, may
from gastown_tmux.errors import GtError, NotFoundError, UsageError
from gastown_tmux.operations.sessions import relocation, unwritten_stops
from gastown_tmux.operations.town import asking
from gastown_tmux.operations.town.town import NOWHERE, Town
from gastown_tmux.verbs.table import AGENT_KINDS, Kind, Parameter, Verb

#: What is looked up in the town's rows, beside agents.
_NAMED = frozenset((Kind.BEAD, Kind.CONVOY, Kind.MERGE_REQUEST, Kind.ESCALATION, Kind.RUN, Kind.ADDRESS))
#: How long the emergency exit waits for another's lock on the rows.
_EMERGENCY_SECONDS = 2.0


def find_operation(verb: Verb) -> Callable[..., Any]:
    module, _, function = verb.operation.partition(":")
    name = f"gastown_tmux.{module}"
    __import__(name)
    found: Callable[..., Any] = getattr(sys.modules[name], function)
    return found


def call(verb: Verb, town: Town, given: dict[str, Any]) -> Any:
    """The operation's value. Raises GtError of any kind, RefusedError where the caller has not the right."""
    if verb.emergency:
        town.close()
        town.patience = _EMERGENCY_SECONDS
        relocation.refuse_copy(town)
    elif town.path == NOWHERE and "rig" in given:
        raise NotFoundError("there is no town here, and so no rig", hint="gt --town PATH …")
    elif verb.town and not verb.anywhere and town.path != NOWHERE:
        unwritten_stops.write_down(town)
        relocation.settle(town)
    if not verb.own and not town.is_person:
        asking.require(town, verb.right)  # before it is told what there is
    values = {}
    rig = town.rig(given["rig"]) if _is_lookup_rig(verb, given) else None
    for parameter in verb.parameters:
        if parameter.name not in given:
            continue
        value = given[parameter.name]
        if parameter.kind is Kind.RIG and parameter.name == "rig" and rig is not None and _has_agent(verb):
            continue
        if isinstance(value, list):
            values[parameter.name] = [_resolve(town, parameter, word, rig) for word in value]
        else:
            values[parameter.name] = _resolve(town, parameter, value, rig, verb.emergency)
    _require(town, verb, values)
    return find_operation(verb)(town, **values)


def _require(town: Town, verb: Verb, values: Mapping[str, Any]) -> None:
    """What hangs on the values: whose they are, and rights of their own. Raises RefusedError."""
    if town.is_person:
        return
    if town.flags:
        asking.require(town, Right.CONFIGURE)
    needed = [verb.right] if verb.own else []
    needed += [
        parameter.right
        for parameter in verb.parameters
        if parameter.right and values.get(parameter.name) not in (None, False, parameter.free)
    ]
    for right in needed:
        is_own = verb.own and not may(right, ()) and asking.owns(town, values.get(verb.own, town.actor))
        if not is_own:
            asking.require(town, right)


def _has_agent(verb: Verb) -> bool:
    return any(parameter.kind in AGENT_KINDS for parameter in verb.parameters)


def _is_lookup_rig(verb: Verb, given: dict[str, Any]) -> bool:
    """Whether ``--rig`` only says where an agent's name is looked for."""
    return _has_agent(verb) and "rig" in given


def _resolve(town: Town, parameter: Parameter, word: Any, rig: Any, emergency: bool = False) -> Any:
    match parameter.kind:
        case Kind.RIG:
            return town.rig(word)
        case Kind.HOST:
            from gastown_tmux.store.hosts import get_host  # few verbs name one

            return get_host(town.db, word)
        case Kind.YAML:
            from gastown_tmux.edges.configuration.settings_files import parse_value  # few verbs take one

            return parse_value(word)
        case Kind.CHOICE:
            if word not in parameter.choices:
                raise UsageError(f"{word!r} is not one of {', '.join(parameter.choices)}")
            return word
        case kind if kind in AGENT_KINDS or kind in _NAMED:
            return _look_up(town, kind, word, rig, emergency)
        case _:
            return word


def _look_up(town: Town, kind: Kind, word: str, rig: Any, emergency: bool) -> Any:
    from gastown_tmux.operations.town import lookup  # 8 ms, which a verb that names nothing need not pay

    if emergency and kind in AGENT_KINDS:
        with contextlib.suppress(GtError, OSError):
            town.db.mark()
            emergency = False
        if emergency:
            return lookup.find_agent_without_rows(town, word)
    match kind:
        case Kind.BEAD:
            return lookup.resolve_bead(town, word)
        case Kind.CONVOY:
            return lookup.resolve_convoy(town, word)
        case Kind.MERGE_REQUEST:
            return lookup.resolve_merge_request(town, word)
        case Kind.RUN:
            return lookup.resolve_run(town, word)
        case Kind.ESCALATION:
            return lookup.resolve_escalation(town, word)
        case Kind.CREW:
            return lookup.resolve_agent(town, word, rig, Role.CREW)
        case Kind.POLECAT:
            return lookup.resolve_agent(town, word, rig, Role.POLECAT)
        case Kind.ADDRESS:
            return lookup.resolve_address(town, word)
        case _ if "@" in word:
            return lookup.resolve_away_agent(town, word)
        case _:
            return lookup.resolve_agent(town, word, rig)
