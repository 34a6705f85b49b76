"""What a key of the town's tmux opens in a popup: a question or two with everything to choose from, then the verb."""

from collections.abc import Callable, Sequence
from typing import Protocol

from gastown_tmux.domain.addresses import MAYOR
from gastown_tmux.operations.sessions.daemons import DAEMONS
from gastown_tmux.operations.supervision.review import review
from gastown_tmux.operations.town.town import Town
from gastown_tmux.repl.decide import Person, decide
from gastown_tmux.store.agents import list_live_sessions
from gastown_tmux.verbs.names import list_names
from gastown_tmux.verbs.suggest import Choice
from gastown_tmux.verbs.table import Kind


class Chooser(Person, Protocol):
    """``choose`` gives one of the words, the nearest to what was typed; None for Esc, or where none is near."""

    def choose(self, question: str, choices: Sequence[Choice]) -> str | None: ...
    def await_key(self, words: str) -> None: ...


def open_popup(what: str, town: Town, person: Chooser, run: Callable[[Sequence[str]], bool]) -> None:
    """``go`` to a window, ``sling`` words, read ``mail``, or ``decide``: what waits for the person.

    ``run`` carries a command out and says whether that went well: what it prints stays until a key is pressed, a mail
    or a diff is in a pager.
    """
    match what:
        case "go":
            name = person.choose("go to: ", list_windows(town))
            if name is None or run(("attach", name)):
                return
        case "sling":
            words = person.ask_words("what is to be done? ")
            target = person.choose("by whom? ", list_workers(town)) if words else None
            if target is None:
                return
            run(("sling", f"--message={words}", target))
        case "mail":
            while mails := list_names(town, Kind.MAIL):
                id = person.choose("read: ", mails)
                if id is None:
                    return
                run(("mail", "read", id))
            person.write("no mail")
        case _:
            if not decide(lambda: review(town), person, run, stays=False):
                return
    person.await_key("(any key closes this) ")


def list_windows(town: Town) -> list[Choice]:
    """Who has a window, and how they are; who waits for a person comes first."""
    live = {str(session.agent) for session in list_live_sessions(town.db)} | {MAYOR, *DAEMONS}
    found = [choice for choice in list_names(town, Kind.ADDRESS) if choice[0] in live]
    return sorted(found, key=lambda choice: not choice[1].startswith("waiting"))


def list_workers(town: Town) -> list[Choice]:
    """Rigs, then agents: by their whole addresses."""
    rigs = [(name, f"any worker of it, on {target}") for name, target in list_names(town, Kind.RIG)]
    return rigs + [choice for choice in list_names(town, Kind.AGENT) if "/" in choice[0]]
