"""What waits for a person, one after the other, a key each."""

from collections.abc import Callable, Sequence
from typing import Protocol

from gastown_tmux.operations.supervision.approvals import ReviewItem
from gastown_tmux.verbs.text import harmless

_YES, _NO, _ATTACH, _DIFF, _SKIP, _QUIT = "y", "n", "a", "d", "s", "q"


class Person(Protocol):
    """``ask_key`` gives one of the keys, ``ask_words`` a line, which may be empty; both ``None`` for Esc or Ctrl-C."""

    def write(self, text: str) -> None: ...
    def ask_key(self, question: str, keys: str) -> str | None: ...
    def ask_words(self, question: str) -> str | None: ...


def decide(
    items: Sequence[ReviewItem], person: Person, run: Callable[[Sequence[str]], bool], stays: bool = True
) -> bool:
    """Shows each item and carries out what the person's key says; a diff or a visit comes back to the same item.

    Whether it came to the end: not when the person had enough, nor, unless it ``stays``, by a visit.
    """
    for number, item in enumerate(items, start=1):
        person.write(f"{number}/{len(items)} {item.kind} {item.id} {item.bead or ''} {harmless(item.text)}")
        if item.kind == "merge" and item.bead:
            run(("diff", item.bead, "--stat"))
        if item.kind == "approval":
            run(("peek", item.agent))
        while True:
            key = person.ask_key(_question(item.kind), _keys(item.kind))
            if key in (None, _QUIT):
                return False
            command = None if key == _SKIP else _command(item, str(key), person)
            went = command is not None and run(command)
            if key == _ATTACH and went and not stays:
                return False
            if key not in (_ATTACH, _DIFF):
                break
    person.write("that was all" if items else "nothing waits for you")
    return True


def _keys(kind: str) -> str:
    match kind:
        case "merge":
            return _YES + _NO + _DIFF + _ATTACH + _SKIP + _QUIT
        case "mail":
            return _YES + _SKIP + _QUIT
        case _:
            return _YES + _NO + _ATTACH + _SKIP + _QUIT


def _question(kind: str) -> str:
    words = {
        "approval": "y yes, n no, a go there",
        "merge": "y land, n send back, d diff, a go to its author",
        "escalation": "y resolved, n I look after it, a go to the agent",
        "mail": "y show the inbox",
    }
    return f"{words[kind]}, s later, q enough: "


def _command(item: ReviewItem, key: str, person: Person) -> Sequence[str] | None:
    match item.kind, key:
        case _, "a":
            return ("attach", item.agent)
        case "approval", _:
            return ("approve" if key == _YES else "deny", item.agent)
        case "merge", "y":
            return ("mq", "approve", item.id)
        case "merge", "d":
            return ("diff", str(item.bead))
        case "merge", _:
            words = person.ask_words("why? ")
            return None if words is None else ("mq", "reject", item.id, *((f"--message={words}",) if words else ()))
        case "escalation", _:
            return ("escalate", "resolve" if key == _YES else "ack", item.id)
        case _:
            return ("mail", "inbox")
