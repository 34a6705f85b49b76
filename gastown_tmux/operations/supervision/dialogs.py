"""What agents ask a person: the dialog in each one's window, and the digest that tells it from any other."""

from collections.abc import Callable

from gastown_tmux.dataclass import dataclass
from gastown_tmux.domain.addresses import Address
from gastown_tmux.domain.agents import Session, SessionState
from gastown_tmux.domain.ids import BeadId, Time
from gastown_tmux.domain.observation import Trouble
from gastown_tmux.edges.tmux import typing
from gastown_tmux.edges.tmux.server import ServerGoneError
from gastown_tmux.operations.mail.delivering import find_provider
from gastown_tmux.operations.town.isolation import each
from gastown_tmux.operations.town.town import Town
from gastown_tmux.providers import questions, screens
from gastown_tmux.providers.base import Provider
from gastown_tmux.providers.questions import Question
from gastown_tmux.store.agents import find_agent, list_live_sessions
from gastown_tmux.store.beads import list_held_beads

_LAST_LINES = 12


@dataclass(frozen=True, slots=True)
class Dialog:
    """What a session's window shows. ``question`` None: it asks nothing, or what it asks is not known, or not seen
    whole. ``asks`` says which. ``cause``: what keeps the program from working at all, where its screen tells.
    """

    session: Session
    provider: Provider
    state: str
    asks: bool
    question: Question | None
    digest: str
    screen: str
    cause: Trouble | None = None

    @property
    def headline(self) -> str:
        """One line for a person."""
        if self.question is not None:
            return self.question.headline
        asking = [line for line in self._last_lines if line.rstrip(" │┃|").endswith("?")]
        return " ".join((asking or self._last_lines or [""])[-1].strip(" │┃|").split())

    @property
    def text(self) -> str:
        """All of it; of one that is not known, the end of what is shown."""
        return self.question.text if self.question is not None else "\n".join(self._last_lines)

    def is_like(self, other: "Dialog") -> bool:
        """Whether two agents of one kind ask the same, whatever each says about it."""
        known = self.question is not None and other.question is not None
        return known and (self.provider.name, self._stated) == (other.provider.name, other._stated)

    @property
    def _stated(self) -> str | None:
        return self.question.stated if self.question is not None else None

    @property
    def _last_lines(self) -> list[str]:
        return [line.rstrip() for line in self.screen.splitlines() if line.strip()][-_LAST_LINES:]


@dataclass(frozen=True, slots=True)
class Waiting:
    """``question`` is one line of the dialog, ``screen`` all of it. ``tool`` and ``action`` are what the program is
    about to do, empty where that is not known. ``digest`` goes with the answer. ``cause``: it asks nothing, and cannot
    work until a person has put that right.
    """

    agent: Address
    bead: BeadId | None
    question: str
    since: Time
    screen: str
    digest: str
    tool: str
    action: str
    options: tuple[str, ...]
    cause: Trouble | None = None


def list_waiting(town: Town) -> list[Waiting]:
    """Who has waited longest comes first."""
    held = list_held_beads(town.db)
    found = []
    for dialog in list_dialogs(town):
        bead, question = held.get(dialog.session.agent), dialog.question
        found.append(
            Waiting(
                agent=dialog.session.agent,
                bead=bead.id if bead else None,
                question=dialog.cause or dialog.headline,
                since=dialog.session.since,
                screen=dialog.text,
                digest=dialog.digest,
                tool=question.tool if question else "",
                action=question.action if question else "",
                options=question.options if question else (),
                cause=dialog.cause,
            )
        )
    return found


def list_dialogs(town: Town) -> list[Dialog]:
    """Of the sessions that wait, the longest first."""
    waiting = [session for session in list_live_sessions(town.db) if session.state is SessionState.WAITING]
    waiting.sort(key=lambda session: session.since)
    found = each(
        town, "look at what is asked by", waiting, lambda session: find_dialog(town, session), lambda one: one.agent
    )
    return [dialog for dialog in found if dialog is not None]


def find_dialog(town: Town, session: Session) -> Dialog | None:
    """What a session's window shows now; None where there is no window, or its program has ended."""
    if session.pane is None:
        return None
    try:
        seen = typing.look(town.tmux, session.pane, session.id)
    except ServerGoneError:
        return None
    return dialog_of(town, session, seen) if seen is not None and not seen.dead else None


def dialog_of(town: Town, session: Session, seen: typing.Capture) -> Dialog:
    """What a session's window showed."""
    provider = find_provider(town, session, find_agent(town.db, session.agent))
    judged = screens.judge(provider.screen, seen.screen, seen.title)
    question = questions.find_question(provider.questions, seen.screen)
    digest = questions.digest_of(question, session.id, seen.screen)
    return Dialog(session, provider, judged.state, judged.asks, question, digest, seen.screen, judged.cause)


def digest_by(dialog: Dialog) -> Callable[[str], str]:
    """The digest of what that session's window shows."""

    def digest(screen: str) -> str:
        question = questions.find_question(dialog.provider.questions, screen)
        return questions.digest_of(question, dialog.session.id, screen)

    return digest
