"""Agents that wait for a person: what they ask, the answer with their program's own keys, and all else that waits."""

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass

from gastown_tmux.domain.addresses import OVERSEER, Address
from gastown_tmux.domain.agents import Session, SessionState
from gastown_tmux.domain.events import EventType
from gastown_tmux.domain.ids import BeadId, Time
from gastown_tmux.domain.merging import MergeState
from gastown_tmux.edges.tmux import typing
from gastown_tmux.edges.tmux.server import ServerGoneError
from gastown_tmux.errors import MissingError, RefusedError, UsageError
from gastown_tmux.operations.mail.delivering import find_provider, program_of
from gastown_tmux.operations.town.town import Answer, Town
from gastown_tmux.store.agents import find_agent, find_live_session, list_live_sessions
from gastown_tmux.store.beads import list_held_beads
from gastown_tmux.store.escalations import list_escalations
from gastown_tmux.store.mailbox import Mailbox
from gastown_tmux.store.merging import list_merge_requests

_QUESTION_LINES = 12


@dataclass(frozen=True, slots=True)
class Waiting:
    """``question`` is the line of its screen that asks, ``screen`` the end of what it shows."""

    agent: Address
    bead: BeadId | None
    question: str
    since: Time
    screen: str


@dataclass(frozen=True, slots=True)
class ReviewItem:
    """``kind`` is approval, merge, escalation or mail; ``id`` the agent's, merge request's, escalation's."""

    kind: str
    id: str
    agent: Address
    bead: BeadId | None
    text: str
    since: Time | None
    next: str


def list_waiting(town: Town) -> list[Waiting]:
    """Who has waited longest comes first."""
    held = list_held_beads(town.db)
    found = []
    for session in list_live_sessions(town.db):
        if session.state is not SessionState.WAITING or session.pane is None:
            continue
        with contextlib.suppress(ServerGoneError):
            seen = typing.look(town.tmux, session.pane, session.id)
            if seen is not None and not seen.dead:
                bead = held.get(session.agent)
                lines = [line.rstrip() for line in seen.screen.splitlines() if line.strip()][-_QUESTION_LINES:]
                found.append(
                    Waiting(session.agent, bead.id if bead else None, _question(lines), session.since, "\n".join(lines))
                )
    return sorted(found, key=lambda waiting: waiting.since)


def _question(lines: Sequence[str]) -> str:
    asking = [line for line in lines if line.rstrip(" │┃|").endswith("?")]
    return " ".join((asking or lines or ("",))[-1].strip(" │┃|").split())


def approve(town: Town, agents: Sequence[Address] = (), alike: bool = False, all: bool = False) -> Answer:
    """Says yes to what agents ask, each in its program's own way. Raises RefusedError where none took it."""
    return _answer(town, agents, alike, all, "approve")


def deny(town: Town, agents: Sequence[Address] = (), alike: bool = False, all: bool = False) -> Answer:
    """Says no, as ``approve`` says yes."""
    return _answer(town, agents, alike, all, "deny")


def _answer(town: Town, agents: Sequence[Address], alike: bool, all: bool, answer: str) -> Answer:
    if not town.is_person:
        raise RefusedError("only a person answers what an agent asks a person", hint="gt escalate TEXT")
    waiting = list_waiting(town)
    if not agents and not all:
        raise UsageError("whose question?", hint="gt waiting" if waiting else "nobody waits: gt agents")
    named = [*agents, *(each.agent for each in waiting if all)]
    if alike:
        asked = {each.question for each in waiting if each.agent in agents}
        named += [each.agent for each in waiting if each.question in asked]
    questions = {each.agent: each.question for each in waiting}
    said, failed = [], []
    for agent in dict.fromkeys(named):
        match _press(town, agent, questions.get(agent, ""), answer):
            case typing.Typed(evidence=evidence):
                said.append(f"{agent}: {'approved' if answer == 'approve' else 'denied'} ({evidence})")
            case typing.Refused(reason=reason) | typing.Unsure(reason=reason):
                failed.append(f"{agent}: {reason}")
    if failed and not said:
        raise RefusedError("; ".join(failed), hint="gt waiting")
    return Answer({"answered": said, "failed": failed}, "\n".join([*said, *failed]) or "nobody waits")


def answer_by_rule(town: Town) -> list[str]:
    """Answers the questions that a rule of the configuration answers, and says which. Without a rule, none is."""
    said = []
    for waiting in list_waiting(town):
        rules = town.settings(waiting.agent.rig).approval_rules()
        rule = next((rule for rule in rules if rule.match.search(waiting.question)), None)
        if rule is not None:
            outcome = _press(town, waiting.agent, waiting.question, rule.answer, rule.match.pattern)
            if isinstance(outcome, typing.Typed):
                said.append(f"{waiting.agent}: {rule.answer} of {waiting.question!r} by rule")
    return said


def answer_after_limit(town: Town, session: Session) -> None:
    """Its program asks whether to go on, now that its provider's limit is over. It is recorded like a rule's answer;
    somebody who is at the window answers for themselves.
    """
    seen = typing.look(town.tmux, session.pane, session.id) if session.pane is not None else None
    if seen is not None and not seen.is_attended:
        _press(town, session.agent, "go on after the limit?", "approve", "the limit is over")


def _press(town: Town, agent: Address, question: str, answer: str, rule: str | None = None) -> typing.Outcome:
    session = find_live_session(town.db, agent)
    if session is None or session.pane is None:
        return typing.Refused("the agent is not running")
    if town.is_frozen(agent):
        return typing.Refused("it stands still: gt thaw, or gt resume")
    provider = find_provider(town, session, find_agent(town.db, agent))
    keys = provider.typing.approve if answer == "approve" else provider.typing.deny
    if not keys:
        raise MissingError(f"how to {answer} in {provider.name} is not known", hint=f"gt attach {agent}")
    lock = town.run / f"typing.{agent.folder}.lock"
    outcome = typing.press_answer(town.tmux, session.pane, session.id, keys, program_of(provider), lock)
    if not isinstance(outcome, typing.Refused):
        with town.change() as change:
            told = {"answer": answer, "question": question, "session": session.id, "rule": rule}
            change.event(EventType.APPROVAL_ANSWERED, agent, **told)
    return outcome


def review(town: Town) -> list[ReviewItem]:
    """Everything that waits for a person, and the command that is the next step for each."""
    items = [
        ReviewItem("approval", each.agent, each.agent, each.bead, each.question, each.since, f"approve {each.agent}")
        for each in list_waiting(town)
    ]
    items += [
        ReviewItem(
            "merge",
            held.id,
            held.author,
            held.bead,
            held.branch,
            held.updated,
            f"diff {held.bead}, mq approve {held.id}",
        )
        for held in list_merge_requests(town.db, state=MergeState.HELD)
    ]
    for asked in list_escalations(town.db, state="open"):
        step = f"escalate resolve {asked.id}"
        items.append(ReviewItem("escalation", asked.id, asked.agent, asked.bead, asked.text, asked.created, step))
    unread = len(Mailbox(town.mail / OVERSEER).list_new())
    if unread:
        items.append(ReviewItem("mail", "inbox", OVERSEER, None, f"{unread} unread", None, "mail inbox"))
    return items
