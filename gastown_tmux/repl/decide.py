"""What waits for a person, one after the other, a key each."""

from collections.abc import Callable, Sequence
from typing import Protocol

from gastown_tmux.operations.supervision.review import ReviewItem
from gastown_tmux.verbs.text import harmless

_YES, _NO, _ATTACH, _DIFF, _SKIP, _QUIT = "y", "n", "a", "d", "s", "q"


class Person(Protocol):
    """``ask_key`` gives one of the keys, ``ask_words`` a line, which may be empty; both ``None`` for Esc or Ctrl-C."""

    def write(self, text: str) -> None: ...
    def ask_key(self, question: str, keys: str) -> str | None: ...
    def ask_words(self, question: str) -> str | None: ...


def decide(
    review: Callable[[], Sequence[ReviewItem]],
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
            key = person.ask_key(_question(item.kind), _keys(item.kind))
            while key == _DIFF:
                run(("diff", str(item.bead)))
                key = person.ask_key(_question(item.kind), _keys(item.kind))
            if key in (None, _QUIT):
                return False
            command = None if key == _SKIP else _command(shown, str(key), person)
            went = command is not None and run(command)
            if key == _ATTACH and went and not stays:
                return False
            if key != _ATTACH:
                break
    person.write("that was all" if items else "nothing waits for you")
    return True


def _show(
    place: str,
    item: ReviewItem,
    review: Callable[[], Sequence[ReviewItem]],
    person: Person,
    run: Callable[[Sequence[str]], bool],
) -> ReviewItem | None:
    """The item as it is now, which is shown; None where it waits no more."""
    now = next((found for found in review() if (found.kind, found.id) == (item.kind, item.id)), None)
    if now is None:
        person.write(f"{place} {item.kind} {item.id} waits no more")
        return None
    person.write(f"{place} {now.kind} {now.id} {now.bead or ''} {harmless(now.text)}")
    if now.kind == "merge" and now.bead:
        run(("diff", now.bead, "--stat"))
    if now.kind == "approval":
        person.write(harmless(now.reason))
    return now


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
            return ("approve" if key == _YES else "deny", item.agent, "--digest", str(item.digest))
        case "merge", "y":
            return ("mq", "approve", item.id)
        case "merge", _:
            words = person.ask_words("why? ")
            return None if words is None else ("mq", "reject", item.id, *((f"--message={words}",) if words else ()))
        case "escalation", _:
            return ("escalate", "resolve" if key == _YES else "ack", item.id)
        case _:
            return ("mail", "inbox")
