"""Which pairs git is asked about, and what its answers mean."""

from gastown_tmux.domain.addresses import Address
from gastown_tmux.domain.ids import BeadId, Commit
from gastown_tmux.domain.radar import Clash, WorkUnderWay, describe, list_clashes, list_unknown


def work(name: str, commit: str | None = None) -> WorkUnderWay:
    return WorkUnderWay(BeadId(name), Address(f"demo/{name}"), Commit(commit or name.upper()), Commit("0"))


A, B, C = map(work, "abc")
NAMES = {Commit("A"): {"x", "y"}, Commit("B"): {"y"}, Commit("C"): {"z"}}


def test_only_two_that_change_the_same_file_are_asked_about_and_only_once() -> None:
    assert list_unknown([A, B, C], NAMES, []) == [("A", "B")]
    assert list_unknown([A, B, C], NAMES, [(Commit("A"), Commit("B"))]) == []
    assert list_unknown([A, C], NAMES, []) == [] == list_unknown([], {}, [])


def test_one_commit_of_two_beads_is_no_clash_with_itself() -> None:
    """Of a branch on which another is built nothing was done yet."""
    assert list_unknown([A, work("b", "A")], NAMES, []) == []


def test_what_two_conflict_in_is_theirs_whichever_is_asked() -> None:
    [clash] = list_clashes([A, B, C], NAMES, {(Commit("A"), Commit("B")): ("y",), (Commit("B"), Commit("C")): ("z",)})
    assert clash == Clash(BeadId("a"), BeadId("b"), ("y",))
    assert (clash.of("a"), clash.of("b"), clash.of("c")) == ("b", "a", None)
    assert list_clashes([A, B], NAMES, {(Commit("A"), Commit("B")): ()}) == []


def test_each_of_three_with_each() -> None:
    names = {Commit(name): {"x"} for name in "ABC"}
    known = dict.fromkeys(list_unknown([A, B, C], names, []), ("x",))
    assert [(clash.one, clash.other) for clash in list_clashes([A, B, C], names, known)] == [
        ("a", "b"), ("a", "c"), ("b", "c"),
    ]  # fmt: skip


def test_two_beads_at_one_commit_both_clash_with_a_third() -> None:
    names = {Commit("A"): {"x"}, Commit("C"): {"x"}}
    twin = work("b", "A")
    found = list_clashes([A, twin, C], names, {(Commit("A"), Commit("C")): ("x",)})
    assert [(clash.one, clash.other) for clash in found] == [("a", "c"), ("b", "c")]


def test_many_files_are_told_in_a_few_words() -> None:
    clash = Clash(BeadId("a"), BeadId("b"), tuple(f"f{n}" for n in range(7)))
    assert describe(clash) == "f0, f1, f2, f3, f4 and 2 more" and describe(clash, 7).endswith("f6")
