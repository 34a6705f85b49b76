"""The same classes made by the library's decorator and by ours: nobody who uses one can tell which."""

import copy
import dataclasses
import pickle
import subprocess
import sys
import threading
from collections import Counter
from types import ModuleType
from typing import Any, Generic, TypeVar

import pytest

from gastown_tmux import dataclass as ours

T = TypeVar("T")
BOTH = pytest.mark.parametrize("made_by", (ours, dataclasses), ids=("ours", "the library's"))


def make_classes(made_by: Any) -> dict[str, Any]:
    dataclass, field = made_by.dataclass, made_by.field

    @dataclass(frozen=True, slots=True)
    class Bead:
        id: str
        priority: int = 2
        labels: dict[str, int] = field(default_factory=dict)

        @property
        def shown(self) -> str:
            return f"{self.id}!"

    @dataclass(frozen=True, slots=True)
    class Shown(Bead):
        gate: str | None = None

    @dataclass(frozen=True, slots=True)
    class Verb:
        words: str
        right: str = field(kw_only=True)
        own: str = field(default="", kw_only=True)
        hidden: bool = False

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Facts:
        screen: str
        idle: bool = False

    @dataclass
    class Tally:
        counts: Counter[str] = field(default_factory=Counter)
        name: str = "tally"

    @dataclass(frozen=True, slots=True)
    class Page(Generic[T]):
        items: list[T]

    @dataclass(frozen=True, slots=True)
    class Nothing:
        pass

    @dataclass(frozen=True, slots=True)
    class SaysEqual:
        name: str

        def __eq__(self, other: object) -> bool:
            return True

        def __repr__(self) -> str:
            return "<mine>"

    @dataclass(slots=True)
    class Marked(Tally):
        """Its own words."""

        mark: str = "x"

    return {name: made for name, made in locals().items() if isinstance(made, type)}


def outcome(act: Any) -> Any:
    try:
        return act()
    except Exception as error:  # noqa: BLE001 - what is compared
        return type(error).__name__


#: What is done with the classes of one maker; what comes of it must not tell who made them.
ACTS = {
    "shown": lambda c: repr(c["Bead"]("a", labels={"x": 1})),
    "nested": lambda c: repr(c["Page"]([c["Bead"]("a"), c["Nothing"]()])),
    "inherited": lambda c: repr(c["Shown"]("a", 1, {}, "red")),
    "default of one inherited": lambda c: c["Shown"]("a").gate,
    "keywords alone": lambda c: repr(c["Facts"](screen="x")),
    "keyword by place": lambda c: c["Facts"]("x"),
    "keywords behind": lambda c: repr(c["Verb"]("a", True, right="read")),
    "keyword that is missing": lambda c: c["Verb"]("a"),
    "keyword that nobody knows": lambda c: c["Bead"]("a", colour="red"),
    "one too many": lambda c: c["Nothing"](1),
    "none": lambda c: c["Bead"](),
    "equal": lambda c: c["Bead"]("a") == c["Bead"]("a"),
    "not equal": lambda c: c["Bead"]("a") == c["Bead"]("b"),
    "of another class": lambda c: c["Bead"]("a") == c["Shown"]("a"),
    "no dataclass": lambda c: c["Bead"]("a") == "a",
    "single field": lambda c: (c["Page"]([1]) == c["Page"]([1]), c["Page"]([1]) == c["Page"]([2])),
    "no field": lambda c: c["Nothing"]() == c["Nothing"](),
    "hash": lambda c: hash(c["Facts"](screen="a")) == hash(c["Facts"](screen="a")),
    "hash as the fields'": lambda c: hash(c["Facts"](screen="a")) == hash(("a", False)),
    "hash of what has none": lambda c: hash(c["Bead"]("a")),
    "hash of what changes": lambda c: hash(c["Tally"]()),
    "equality of its own": lambda c: c["SaysEqual"]("a") == 3,
    "hash beside it": lambda c: hash(c["SaysEqual"]("a")) == hash(("a",)),
    "words of its own": lambda c: repr(c["SaysEqual"]("a")),
    "set a field": lambda c: setattr(c["Bead"]("a"), "id", "b"),
    "delete a field": lambda c: delattr(c["Bead"]("a"), "id"),
    "set what may be": lambda c: (tally := c["Tally"](), setattr(tally, "name", "b"), tally.name)[-1],
    "set another that may be": lambda c: outcome(lambda: setattr(c["Marked"](), "colour", 1)),
    "factory": lambda c: c["Bead"]("a").labels is c["Bead"]("a").labels,
    "factory of a class": lambda c: c["Tally"]().counts,
    "default on the class": lambda c: c["Tally"].name,
    "no default on the class": lambda c: hasattr(c["Tally"], "counts"),
    "property": lambda c: c["Shown"]("a").shown,
    "slots": lambda c: [made.__slots__ for made in c.values() if "__slots__" in made.__dict__],
    "no dict": lambda c: hasattr(c["Shown"]("a"), "__dict__"),
    "names": lambda c: [(made.__name__, made.__qualname__, made.__module__) for made in c.values()],
    "document": lambda c: c["Marked"].__doc__,
    "match": lambda c: [made.__match_args__ for made in c.values()],
    "copy": lambda c: repr(copy.copy(c["Shown"]("a", 3))),
    "deep copy": lambda c: (a := c["Bead"]("a", 1, {"x": 1}), copy.deepcopy(a).labels is a.labels)[-1],
    "mutable default": lambda c: c["maker"].dataclass(type("Bad", (), {"__annotations__": {"a": list}, "a": []})),
    "replace": lambda c: repr(c["maker"].replace(c["Verb"]("a", right="r"), hidden=True)),
    "replace with what it has not": lambda c: c["maker"].replace(c["Bead"]("a"), colour=1),
    "as mappings": lambda c: c["maker"].asdict(c["Page"]([c["Bead"]("a"), (c["Nothing"](), 1), {"x": c["Page"]([])}])),
    "the library's fields": lambda c: [field.name for field in dataclasses.fields(c["Shown"])],
    "the library's fields of an instance": lambda c: [field.name for field in dataclasses.fields(c["Shown"]("a"))],
    "the library's replace": lambda c: repr(dataclasses.replace(c["Shown"]("a"), gate="red")),
    "the library's mappings": lambda c: dataclasses.asdict(c["Page"]([c["Verb"]("a", right="r")])),
    "the library's word for it": lambda c: list(map(dataclasses.is_dataclass, (c["Bead"], c["Bead"]("a"), 1))),
}  # fmt: skip


@pytest.mark.parametrize("act", ACTS.values(), ids=ACTS)
def test_the_same_comes_of_it(act: Any) -> None:
    theirs, mine = (outcome(lambda by=by: act({"maker": by, **make_classes(by)})) for by in (dataclasses, ours))
    assert mine == theirs


@pytest.mark.parametrize("act", ACTS.values(), ids=ACTS)
def test_the_same_comes_of_it_the_second_time(act: Any) -> None:
    """When ``__init__`` has been compiled."""
    outcomes = []
    for by in (dataclasses, ours):
        classes = {"maker": by, **make_classes(by)}
        outcome(lambda classes=classes: act(classes))
        outcomes.append(outcome(lambda classes=classes: act(classes)))
    assert outcomes[1] == outcomes[0]


@ours.dataclass(frozen=True, slots=True)
class Sent:
    """Pickle finds a class by its name in a module."""

    name: str
    many: tuple[int, ...] = ()


def test_what_is_frozen_can_be_sent_to_another_process() -> None:
    assert pickle.loads(pickle.dumps(Sent("a", (1, 2)))) == Sent("a", (1, 2))


def test_what_is_frozen_takes_nothing_else_either() -> None:
    """The library's own raises TypeError here, where the class has slots."""
    with pytest.raises(dataclasses.FrozenInstanceError, match="colour of a Sent cannot"):
        Sent("a").colour = 1  # type: ignore[attr-defined]


@BOTH
def test_a_default_that_is_no_literal_is_the_very_one(made_by: ModuleType) -> None:
    marker = object()

    @made_by.dataclass(frozen=True)
    class Given:
        value: object = marker
        of: type = dict

    assert Given().value is marker
    assert Given().of is dict


def test_a_field_may_have_any_name() -> None:
    """Also one that the compiled method uses itself."""

    @ours.dataclass(frozen=True, slots=True)
    class Odd:
        _put: int
        _missing: int
        put: int
        missing: int
        object: int = 3
        made: list[int] = ours.field(default_factory=list)

    assert list(ours.values_of(Odd(1, 2, 3, 4)).values()) == [1, 2, 3, 4, 3, []]


def test_the_first_instances_may_be_made_by_many_threads_at_once() -> None:
    for _ in range(50):
        made, start = list[Any](), threading.Barrier(4)
        bead = make_classes(ours)["Bead"]

        def make(bead: Any = bead, start: threading.Barrier = start, made: list[Any] = made) -> None:
            start.wait()
            made.append(bead("a", 1, {}))

        threads = [threading.Thread(target=make) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert made == [bead("a", 1, {})] * 4


def test_nothing_slow_is_imported() -> None:
    code = (
        "import sys; from gastown_tmux.dataclass import dataclass; a = dataclass(frozen=True)(type('A', (), {}))();"
        "print({'dataclasses', 'inspect', 're', 'typing', 'enum'} & set(sys.modules))"
    )
    assert subprocess.check_output([sys.executable, "-c", code], text=True) == "set()\n"


@BOTH
def test_the_librarys_fields_are_made_once(made_by: ModuleType) -> None:
    """Whoever calls the library's ``replace`` a thousand times does not make a thousand classes."""
    bead = make_classes(made_by)["Bead"]
    assert bead.__dataclass_fields__ is bead.__dataclass_fields__
    assert dataclasses.fields(bead)[0] is dataclasses.fields(bead("a"))[0]
