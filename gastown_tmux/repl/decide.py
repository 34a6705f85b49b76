"""What waits for a person, one after the other, a key each."""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from gastown_tmux.domain.addresses import OVERSEER
from gastown_tmux.domain.needs import Need, NeedKind
from gastown_tmux.verbs.text import harmless

_ATTACH, _SKIP, _QUIT = "a", "s", "q"
#: What only shows something: the same item is asked about again.
_SHOWING = "dl"

#: Of each kind of need, the keys and what each does. An act that ends the cause of an escalation resolves it too.
_KEYS: Mapping[NeedKind, Mapping[str, str]] = {
    NeedKind.APPROVAL: {"y": "yes", "n": "no", "a": "go there"},
    NeedKind.MERGE: {"y": "land", "n": "send back", "d": "diff", "a": "go to its author"},
    NeedKind.ESCALATION: {"y": "resolved", "n": "I look after it", "a": "go to the agent"},
    NeedKind.BEAD: {},
    NeedKind.SETUP: {"a": "go there", "r": "start its program again"},
    NeedKind.START: {"y": "try again now"},
    NeedKind.FAILED: {"r": "start it again", "l": "its log"},
    NeedKind.STALLED: {"a": "go there", "r": "start it again", "l": "its log"},
    NeedKind.LIMIT: {"a": "go there", "r": "start it again"},
    NeedKind.BUDGET: {},
    NeedKind.STOPPED: {"r": "start it again", "u": "take the bead off its hook"},
    NeedKind.RUN: {},
    NeedKind.RIG: {},
    NeedKind.QUEUE: {"y": "let it go on"},
    NeedKind.MAIL: {"y": "show the inbox"},
}
#: What there is besides where it is about a bead that nobody is at.
_WITH_BEAD = {"l": "log", "w": "again with words", "g": "give it out again", "c": "close it"}


class Person(Protocol):
    """``ask_key`` gives one of the keys, ``ask_words`` a line, which may be empty; both ``None`` for Esc or Ctrl-C."""

    def write(self, text: str) -> None: ...
    def ask_key(self, question: str, keys: str) -> str | None: ...
    def ask_words(self, question: str) -> str | None: ...


def decide(
    review: Callable[[], Sequence[Need]],
    person: Person,
    run: Callable[[Sequence[str]], bool],
    stays: bool = True,
) -> bool:
    """Shows each item and carries out what the person's key says; a diff or a visit comes back to the same item.

    What an agent asks is answered as it was shown: where it asks something else by then, the answer is refused.
    Whether it came to the end: not when the person had enough, nor, unless it ``stays``, by a visit.
    """
    items = review()
    for number, item in enumerate(items, start=1):
        place = f"{number}/{len(items)}"
        while (shown := _show(place, item, review, person, run)) is not None:
            keys = _keys_of(shown)
            question = ", ".join(f"{key} {words}" for key, words in keys.items()) + ": "
            while (key := person.ask_key(question, "".join(keys))) is not None and key in _SHOWING:
                run(_commands(shown, key, person)[0])
            if key is None or key == _QUIT:
                return False
            went = key != _SKIP and _run_all(_commands(shown, key, person), run)
            if key == _ATTACH and went and not stays:
                return False
            if key != _ATTACH:
                break
    person.write("that was all" if items else "nothing waits for you")
    return True


def _show(
    place: str,
    item: Need,
    review: Callable[[], Sequence[Need]],
    person: Person,
    run: Callable[[Sequence[str]], bool],
) -> Need | None:
    """The item as it is now, which is shown; None where it waits no more."""
    now = next((found for found in review() if (found.kind, found.id) == (item.kind, item.id)), None)
    if now is None:
        person.write(f"{place} {item.kind} {item.id} waits no more")
        return None
    person.write(f"{place} {now.kind} {now.id} {now.bead or ''} {harmless(now.title)}")
    match now.kind:
        case NeedKind.MERGE if now.bead:
            run(("diff", now.bead, "--stat"))
        case NeedKind.MAIL:
            pass
        case _:
            person.write(harmless(now.reason))
    return now


def _keys_of(need: Need) -> Mapping[str, str]:
    """The keys for this one, each with what it does."""
    keys = dict(_KEYS[need.kind])
    if need.bead is not None and need.kind in (NeedKind.ESCALATION, NeedKind.BEAD):
        keys |= {key: words for key, words in _WITH_BEAD.items() if key not in "lw" or need.agent != OVERSEER}
    return keys | {_SKIP: "later", _QUIT: "enough"}


def _run_all(commands: Sequence[Sequence[str]], run: Callable[[Sequence[str]], bool]) -> bool:
    """One after the other, to the first that fails; whether there were any and none did."""
    return bool(commands) and all(run(command) for command in commands)


def _commands(need: Need, key: str, person: Person) -> Sequence[Sequence[str]]:
    """What the key means for it; nothing where the person thought better of it."""
    bead = str(need.bead)
    if key in _WITH_BEAD and need.kind in (NeedKind.ESCALATION, NeedKind.BEAD):
        acts = _with_bead(need, bead, key, person)
        ends = need.kind is NeedKind.ESCALATION and key != "l"
        return [*acts, ("escalate", "resolve", need.id)] if acts and ends else acts
    match need.kind, key:
        case _, "a":
            return [("attach", need.agent)]
        case _, "l":
            return [("log", need.agent)]
        case _, "r":
            return [("respawn", need.agent)]
        case NeedKind.APPROVAL, _:
            return [("approve" if key == "y" else "deny", need.agent, "--digest", str(need.digest))]
        case NeedKind.MERGE, "d":
            return [("diff", bead)]
        case NeedKind.MERGE, "y":
            return [("mq", "approve", need.id)]
        case NeedKind.MERGE, _:
            words = person.ask_words("why? ")
            return [] if words is None else [("mq", "reject", need.id, *((f"--message={words}",) if words else ()))]
        case NeedKind.ESCALATION, _:
            return [("escalate", "resolve" if key == "y" else "ack", need.id)]
        case NeedKind.STOPPED, _:
            return [("unsling", bead)]
        case NeedKind.START, _:
            return [("respawn", need.agent)]
        case NeedKind.QUEUE, _:
            return [("mq", "resume", "--rig", need.id)]
        case _:
            return [("mail", "inbox")]


def _with_bead(need: Need, bead: str, key: str, person: Person) -> Sequence[Sequence[str]]:
    """What goes on with the work that an escalation is about, or that came back."""
    match key:
        case "l":
            return [("log", need.agent)]
        case "w":
            words = person.ask_words("what shall it do? ")
            said = ("mail", "send", need.agent, f"--subject=about {bead}", f"--message={words}", f"--bead={bead}")
            return [said, ("sling", bead)] if words else []
        case "g":
            return [("sling", bead)]
        case _:
            return [("bead", "close", bead, "--reason=wontdo")]
