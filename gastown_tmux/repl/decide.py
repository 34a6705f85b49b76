"""What waits for a person, one after the other, a key each."""

from collections.abc import Callable, Sequence
from typing import Protocol

from gastown_tmux.domain.needs import Need, NeedKind
from gastown_tmux.verbs.acts import Act, acts_on
from gastown_tmux.verbs.text import harmless

_SKIP, _QUIT = "s", "q"


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

    What is answered is answered as it was shown: where it is something else by then, the answer is refused.
    Whether it came to the end: not when the person had enough, nor, unless it ``stays``, by a visit.
    """
    items = review()
    for number, item in enumerate(items, start=1):
        place = f"{number}/{len(items)}"
        while (shown := _show(place, item, review, person, run)) is not None:
            acts = {act.key: act for act in acts_on(shown)}
            words = {**{key: act.words for key, act in acts.items()}, _SKIP: "later", _QUIT: "enough"}
            question = ", ".join(f"{key} {meaning}" for key, meaning in words.items()) + ": "
            while (key := person.ask_key(question, "".join(words))) in acts and acts[key].shows:
                run(acts[key].commands[0])
            if key is None or key == _QUIT:
                return False
            act = acts.get(key)
            went = act is not None and _carry_out(act, person, run)
            if act is None or not act.goes:
                break
            if went and not stays:
                return False
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


def _carry_out(act: Act, person: Person, run: Callable[[Sequence[str]], bool]) -> bool:
    """One command after the other, to the first that fails; whether there were any and none did."""
    if act.confirms and person.ask_key(f"{act.confirms} y yes, n no: ", "yn") != "y":
        return False
    words = person.ask_words(act.asks) if act.asks else ""
    lines = act.lines(words) if words is not None else []
    return bool(lines) and all(run(line) for line in lines)
