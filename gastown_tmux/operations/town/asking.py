"""Who is asking, which is decided here alone, and what they may."""

import os
from collections.abc import Mapping

from gastown_tmux.dataclass import dataclass
from gastown_tmux.domain.addresses import DEACON, MAYOR, OVERSEER, Address
from gastown_tmux.domain.agents import Role
from gastown_tmux.domain.doors import AGENT, split_socket
from gastown_tmux.domain.ids import SessionId
from gastown_tmux.domain.rights import WORDS, Right, in_words, may
from gastown_tmux.errors import GtError, RefusedError, UsageError
from gastown_tmux.operations.town.town import Town
from gastown_tmux.reading import read_text
from gastown_tmux.store.agents import find_agent, find_session


@dataclass(frozen=True, slots=True)
class Asker:
    """``is_bound``: it is nobody else, and may not speak as another."""

    address: Address
    session: SessionId | None
    is_bound: bool


def who_asks(town: Town, environment: Mapping[str, str], needs_rows: bool = True) -> Asker:
    """Whoever's door it is that the environment leads through, whatever else that says; else the agent of a session
    that an older gt started without one, or for whom a gate or a set-up runs; else whom a person names; else the
    overseer.

    Raises RefusedError behind a door of another town, or of a session that has ended. Where rows cannot be read, the
    door's own note tells, so that an emergency stop needs none.
    """
    socket, name = environment.get("GT_SOCKET"), environment.get("GT_AGENT")
    if socket and socket != str(town.run / "gt.sock"):
        return _behind(town, socket, name, needs_rows)
    session = environment.get("GT_SESSION")
    if session and (marked := town.whose_mark(session)):
        return Asker(marked, None, is_bound=True)
    if session and needs_rows:
        try:
            found = find_session(town.db, session)
        except (GtError, OSError):
            found = None
        if found is not None:
            return Asker(found.agent, found.id, is_bound=True)
    return Asker(Address.parse(name) if name else OVERSEER, None, is_bound=bool(name))


def _behind(town: Town, socket: str, name: str | None, needs_rows: bool) -> Asker:
    door = split_socket(socket)
    if door is None:
        raise RefusedError(f"GT_SOCKET leads to no door of a town: {socket}", hint="unset GT_SOCKET")
    place, session = door
    if not needs_rows:
        return Asker(_noted(socket, name), None, is_bound=True)
    if place != str(town.path) and os.path.realpath(place) != os.path.realpath(town.path):
        import shlex  # few ask elsewhere

        where = f"gt --town {shlex.quote(place)} …"
        raise RefusedError(f"an agent of the town {place} is nobody in {town.path}", hint=where)
    try:
        found = find_session(town.db, session)
    except (GtError, OSError):
        return Asker(_noted(socket, name), SessionId(session), is_bound=True)
    if found is None or found.ended:
        whose = f" of {found.agent}" if found else ""
        raise RefusedError(
            f"the session {session}{whose} has ended: what is left of it speaks for nobody",
            hint=f"gt respawn {found.agent}" if found else "gt agents",
        )
    return Asker(found.agent, found.id, is_bound=True)


def _noted(socket: str, name: str | None) -> Address:
    """As the door's own note tells, or else the environment. Raises RefusedError where nothing does."""
    try:
        return Address.parse(read_text(f"{socket.rpartition('/')[0]}/{AGENT}", 1000).strip())
    except (OSError, UsageError):
        if name:
            return Address.parse(name)
        raise RefusedError(f"nothing tells whose door this is: {socket}", hint="gt doctor") from None


def require(town: Town, right: Right) -> None:
    """Raises RefusedError that names the right, and who has it, unless whoever asks has."""
    if town.is_person or may(right, ()):
        return
    if right is not Right.DECIDE and may(right, rights_of(town, town.actor)):
        return
    roles = [] if right is Right.DECIDE else [role for role in Role if right in _rights_of_role(town, role)]
    having = in_words(["the overseer", *roles]) if roles else "only the overseer"
    raise RefusedError(
        f"{town.actor} may not {WORDS[right]}: that takes the right {right.value!r}",
        hint=f"{having} may: gt escalate TEXT asks",
    )


def rights_of(town: Town, address: Address) -> frozenset[Right]:
    """What an agent may beside what everybody may; nothing for one whose role cannot be told."""
    if address == MAYOR:
        return _rights_of_role(town, Role.MAYOR)
    if address == DEACON:
        return frozenset((Right.SLING,))  # who gives out work anyway; the commands of orders speak as it
    try:
        agent = find_agent(town.db, address)
    except (GtError, OSError):
        return frozenset()
    return _rights_of_role(town, agent.role) if agent is not None else frozenset()


def _rights_of_role(town: Town, role: Role) -> frozenset[Right]:
    from gastown_tmux.edges.configuration.shipped import load_rights  # most verbs need no more than everybody has

    return load_rights(role, town.path)


def owns(town: Town, thing: object) -> bool:
    """Whether it is the caller's own: itself, a bead on its hook or made by it and on nobody's, its branch in the
    queue, its escalation.
    """
    from gastown_tmux.domain.escalation import Escalation  # only where somebody lacks a right
    from gastown_tmux.domain.events import EventType
    from gastown_tmux.domain.merging import MergeRequest
    from gastown_tmux.domain.work import Bead
    from gastown_tmux.store.events import last_event

    match thing:
        case Bead(assignee=None):
            made = last_event(town.db, EventType.BEAD_CREATED, thing.id)
            return made is not None and made.actor == town.actor
        case Bead():
            return thing.assignee == town.actor
        case MergeRequest():
            return thing.author == town.actor
        case Escalation():
            return thing.agent == town.actor
        case _:
            return thing == town.actor
