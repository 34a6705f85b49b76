"""Home and a host as two machines that may each be killed, cut off or restored at any step: what must hold always."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gastown_tmux.dataclass import dataclass, field
from gastown_tmux.domain.delegations import (
    Errand,
    Home,
    Outcome,
    Room,
    Stage,
    Step,
    Word,
    decide,
    find_outcome,
    place,
)
from gastown_tmux.domain.ids import BeadId, Commit
from gastown_tmux.domain.merging import MergeState
from gastown_tmux.domain.work import RETRIED, WAITING, BeadState, Reason

HEAD, NEWER, BASE = Commit("1" * 40), Commit("2" * 40), Commit("0" * 40)
WORKS = (BeadState.OPEN, BeadState.HOOKED, BeadState.WORKING)


@pytest.mark.parametrize("stage", list(Stage))
@pytest.mark.parametrize("bead", list(BeadState))
def test_every_state_has_a_step(stage: Stage, bead: BeadState) -> None:
    for named in (True, False):
        for state in BeadState:
            for word in (None, Word(state), Word(state, None, HEAD, BASE)):
                for reason in (None, *Reason):
                    assert decide(Home(stage, None, named, bead, reason), word) in Step


@pytest.mark.parametrize("stage", [Stage.GIVEN, Stage.THERE, Stage.HERE, Stage.BACK])
def test_work_that_the_row_does_not_name_is_never_queued(stage: Stage) -> None:
    for state in BeadState:
        assert decide(Home(stage), Word(state, None, HEAD, BASE)) is Step.FINISH
        assert decide(Home(Stage.OVER, Outcome.REVOKED), Word(state, None, HEAD, BASE)) in (Step.KEEP, Step.TELL)


def test_a_host_that_forgot_is_given_it_again_under_the_same_key() -> None:
    for stage in (Stage.GIVEN, Stage.THERE, Stage.BACK):
        assert decide(Home(stage, named=True), None) is Step.GIVE
    assert decide(Home(Stage.BACK, named=True), Word(BeadState.OPEN)) is Step.TELL
    # Its branch is here: nothing is to be made again.
    assert decide(Home(Stage.HERE, named=True, bead=BeadState.SUBMITTED, head=HEAD), None) is Step.WAIT


@pytest.mark.parametrize(("state", "otherwise"), [(BeadState.SUBMITTED, Step.NOTE), (BeadState.MERGED, Step.RETURN)])
def test_work_arrives_with_its_head_and_what_it_began_from(state: BeadState, otherwise: Step) -> None:
    there = Home(Stage.THERE, named=True)
    assert decide(there, Word(state, None, HEAD, BASE)) is Step.ARRIVE
    for head, base in ((None, BASE), (HEAD, None), (None, None)):
        assert decide(there, Word(state, None, head, base)) is otherwise


@pytest.mark.parametrize("reason", sorted(WAITING))
def test_what_is_given_back_there_comes_back_here(reason: Reason) -> None:
    assert decide(Home(Stage.THERE, named=True), Word(BeadState.OPEN, reason)) is Step.RETURN
    assert decide(Home(Stage.THERE, named=True), Word(BeadState.CLOSED, Reason.DONE)) is Step.CLOSE
    assert decide(Home(Stage.THERE, named=True), Word(BeadState.CLOSED, Reason.WONTDO)) is Step.RETURN


@pytest.mark.parametrize("reason", sorted(RETRIED))
def test_what_is_refused_here_goes_back_and_what_was_refused_thrice_does_not(reason: Reason) -> None:
    here = Home(Stage.HERE, named=True, bead=BeadState.OPEN, reason=reason, head=HEAD)
    assert decide(here, Word(BeadState.SUBMITTED, None, HEAD, BASE)) is Step.SEND_BACK
    asked = Home(Stage.HERE, named=True, bead=BeadState.OPEN, reason=Reason.ESCALATED, head=HEAD)
    assert decide(asked, None) is Step.FINISH
    assert find_outcome(asked) is Outcome.REVOKED


def test_a_newer_head_takes_the_place_of_one_that_waits_and_of_none_that_is_published() -> None:
    newer = Word(BeadState.SUBMITTED, None, NEWER, BASE)
    for request in MergeState:
        home = Home(Stage.HERE, named=True, bead=BeadState.SUBMITTED, request=request, head=HEAD)
        waits = request in (
            MergeState.QUEUED, MergeState.TESTING, MergeState.HELD, MergeState.GATHERED, MergeState.PROPOSED
        )  # fmt: skip
        assert decide(home, newer) is (Step.ARRIVE if waits else Step.WAIT)
        assert decide(home, Word(BeadState.WORKING, None, NEWER, BASE)) is Step.WAIT


def test_what_came_too_late_is_kept_before_and_after_the_host_is_told() -> None:
    landed = Home(Stage.OVER, Outcome.LANDED, True, BeadState.MERGED, head=HEAD)
    assert decide(landed, Word(BeadState.SUBMITTED, None, NEWER, BASE)) is Step.KEEP
    assert decide(landed, Word(BeadState.SUBMITTED, None, HEAD, BASE)) is Step.TELL
    assert decide(landed, Word(BeadState.CLOSED, Reason.DONE)) is Step.END
    revoked = Home(Stage.OVER, Outcome.REVOKED)
    assert decide(revoked, Word(BeadState.WORKING, None, HEAD, BASE)) is Step.TELL
    assert decide(revoked, Word(BeadState.CLOSED, Reason.WONTDO, HEAD, BASE)) is Step.KEEP
    assert decide(revoked, Word(BeadState.CLOSED, Reason.WONTDO)) is Step.END
    # A host that was restored from an older backup goes on with what had ended: it is told again.
    assert decide(Home(Stage.ENDED, Outcome.REVOKED), Word(BeadState.WORKING)) is Step.TELL
    assert decide(Home(Stage.ENDED, Outcome.LANDED, head=HEAD), Word(BeadState.MERGED, None, HEAD, BASE)) is Step.WAIT
    assert decide(Home(Stage.ENDED, Outcome.LANDED, head=HEAD), Word(BeadState.MERGED, None, NEWER, BASE)) is Step.KEEP


def test_what_landed_here_without_the_host_is_no_landing_of_its_own() -> None:
    assert find_outcome(Home(Stage.HERE, named=True, bead=BeadState.MERGED)) is Outcome.LANDED
    assert find_outcome(Home(Stage.HERE, named=False, bead=BeadState.MERGED)) is Outcome.REVOKED


def test_a_host_is_given_no_more_than_it_takes_and_the_emptiest_is_first() -> None:
    rooms = [Room("one", ("gpu",), ("claude",), 1, 0.9), Room("two", (), ("claude", "codex"), 2, 0.0)]
    errands = [
        Errand(BeadId("a-1"), None, ["*"]), Errand(BeadId("a-2"), "one"), Errand(BeadId("a-3"), None, ["gpu"]),
        Errand(BeadId("a-4"), None, ["*"], "codex"), Errand(BeadId("a-5"), None, ["*"]),
        Errand(BeadId("a-6"), "nowhere"), Errand(BeadId("a-7"), None),
    ]  # fmt: skip
    assert place(errands, rooms) == {"a-1": "two", "a-2": "one", "a-4": "two"}
    assert place([Errand(BeadId("a-8"), None, ["*"], "gemini")], rooms) == {}


@dataclass
class Far:
    """One bead as a host has it: by delegation."""

    state: BeadState = BeadState.OPEN
    reason: str | None = None
    head: Commit | None = None
    tries: int = 0

    def word(self) -> Word:
        return Word(self.state, self.reason, self.head, BASE if self.head else None)


@dataclass
class World:
    """One bead of home, any number of delegations of it, and what each host has. What is landed is on the target.

    ``home`` maps a delegation to its row: stage, outcome and the newest head that is here; the bead's row names one.
    """

    named: str | None = None
    bead: BeadState = BeadState.OPEN
    reason: str | None = None
    attempts: int = 0
    home: dict[str, tuple[Stage, Outcome | None, Commit | None]] = field(default_factory=dict)
    far: dict[str, Far] = field(default_factory=dict)
    request: tuple[str, Commit] | None = None
    landed: list[tuple[str, Commit]] = field(default_factory=list)
    taken_back: set[str] = field(default_factory=set)
    here: set[Commit] = field(default_factory=set)
    count: int = 0

    def view(self, id: str) -> Home:
        stage, outcome, head = self.home[id]
        request = MergeState.QUEUED if self.request is not None and self.request[0] == id else None
        return Home(stage, outcome, self.named == id, self.bead, self.reason, request, head)

    def give(self) -> None:
        if self.bead is BeadState.OPEN and self.named is None:
            self.count += 1
            self.named, self.bead, self.attempts = f"dg-{self.count}", BeadState.AWAY, 1
            self.home[self.named] = (Stage.GIVEN, None, None)

    def take_back(self) -> None:
        if self.named is not None and self.bead in (BeadState.AWAY, BeadState.SUBMITTED, BeadState.OPEN):
            self.taken_back.add(self.named)
            self.named, self.bead, self.reason, self.request = None, BeadState.OPEN, Reason.UNSLUNG, None

    def work(self, id: str) -> None:
        """An agent there goes on: it begins, commits, submits, or submits a newer head."""
        far = self.far.get(id)
        if far is None or far.state in (BeadState.MERGED, BeadState.CLOSED):
            return
        if far.state is BeadState.OPEN and far.reason not in (Reason.ESCALATED, Reason.DEFERRED):
            far.state = BeadState.HOOKED
        elif far.state is BeadState.HOOKED:
            far.state = BeadState.WORKING
        elif far.state in (BeadState.WORKING, BeadState.SUBMITTED):
            far.tries += 1
            far.state, far.reason = BeadState.SUBMITTED, None
            far.head = Commit(f"{id[3:]:0>8}{far.tries:0>32}")

    def say(self, id: str, what: BeadState, reason: Reason) -> None:
        far = self.far.get(id)
        if far is not None and far.state in (BeadState.HOOKED, BeadState.WORKING):
            far.state, far.reason = what, reason

    def refine(self, red: bool) -> None:
        """Home's refinery: it knows of its queue alone."""
        if self.request is None or self.bead is not BeadState.SUBMITTED:
            return
        (id, head), self.request = self.request, None
        if not red:
            self.landed.append((id, head))
            self.bead, self.reason = BeadState.MERGED, None
        else:
            self.bead = BeadState.OPEN
            self.reason = Reason.ESCALATED if self.attempts >= 3 else Reason.REJECTED

    def attend(self, id: str, cut: int) -> None:
        """A pass over one delegation. It is cut off before its ``cut``-th change of either side; it may be killed
        anywhere, for each change is one transaction of one side.
        """
        item = self.far[id].word() if id in self.far else None
        if id not in self.home:
            if item is None:
                return
            self.home[id] = (Stage.OVER, Outcome.REVOKED, None)
        for _ in range(6):
            step = decide(self.view(id), item)
            if cut <= 0 or step is Step.WAIT:
                return
            cut -= 1
            stage, outcome, head = self.home[id]
            match step:
                case Step.GIVE:
                    self.far.setdefault(id, Far())
                    if cut <= 0:
                        return
                    self.home[id] = (Stage.THERE, outcome, head)
                    item = self.far[id].word()
                case Step.NOTE:
                    self.home[id] = (Stage.THERE if stage is Stage.GIVEN else stage, outcome, head)
                    return
                case Step.ARRIVE:
                    assert item is not None and item.head is not None
                    self.here.add(item.head)
                    if self.named != id or self.bead not in (BeadState.AWAY, BeadState.SUBMITTED):
                        continue
                    self.request, self.bead, self.reason = (id, item.head), BeadState.SUBMITTED, None
                    self.home[id] = (Stage.HERE, outcome, item.head)
                    return
                case Step.KEEP:
                    assert item is not None and item.head is not None
                    self.here.add(item.head)
                    self.home[id] = (stage, outcome, item.head)
                case Step.CLOSE | Step.RETURN:
                    assert item is not None
                    self.here |= {item.head} if item.head else set()
                    self.home[id] = (Stage.OVER, Outcome.ANSWERED, item.head or head)
                    if step is Step.CLOSE:
                        self.bead, self.reason = BeadState.CLOSED, Reason.DONE
                    else:
                        self.bead, self.reason, self.named = BeadState.OPEN, Reason.ESCALATED, None
                case Step.SEND_BACK:
                    self.bead, self.attempts = BeadState.AWAY, self.attempts + 1
                    self.home[id] = (Stage.BACK, outcome, head)
                case Step.FINISH:
                    ended = find_outcome(self.view(id))
                    if ended is Outcome.REVOKED and self.named == id:
                        self.named = None
                    self.home[id] = (Stage.OVER, ended, head)
                case Step.TELL:
                    self._answer(id)
                    if cut <= 0:
                        return
                    if stage is Stage.BACK:
                        self.home[id] = (Stage.THERE, outcome, head)
                    item = self.far[id].word()
                case Step.END:
                    self.home[id] = (Stage.ENDED, outcome, head)
                    return

    def _answer(self, id: str) -> None:
        far, (stage, outcome, head) = self.far[id], self.home[id]
        if stage is Stage.BACK:
            if far.state is BeadState.SUBMITTED and far.head == head:
                far.state, far.reason = BeadState.OPEN, Reason.REJECTED
        elif outcome is Outcome.LANDED and far.state is BeadState.SUBMITTED:
            far.state = BeadState.MERGED
        elif far.state not in (BeadState.MERGED, BeadState.CLOSED):
            far.state, far.reason = BeadState.CLOSED, Reason.WONTDO


ENDS = [(BeadState.OPEN, Reason.ESCALATED), (BeadState.CLOSED, Reason.DONE)]
ids = st.integers(1, 3).map(lambda number: f"dg-{number}")
acts = st.one_of(
    st.just(("give",)),
    st.just(("take back",)),
    st.tuples(st.just("work"), ids),
    st.tuples(st.just("work"), ids),
    st.tuples(st.just("say"), ids, st.sampled_from(ENDS)),
    st.tuples(st.just("refine"), st.booleans()),
    st.tuples(st.just("attend"), ids, st.integers(0, 8)),
    st.tuples(st.just("attend"), ids, st.integers(0, 8)),
    st.tuples(st.just("box restored"), ids),
)  # fmt: skip


def play(world: World, act: tuple[object, ...]) -> None:
    match act:
        case ("give",):
            world.give()
        case ("take back",):
            world.take_back()
        case ("work", str(id)):
            world.work(id)
        case ("say", str(id), (BeadState() as state, Reason() as reason)):
            world.say(id, state, reason)
        case ("refine", bool(red)):
            world.refine(red)
        case ("attend", str(id), int(cut)):
            world.attend(id, cut)
        case ("box restored", str(id)):
            # From before it was given the bead, if work on it had not begun; what it had done is its backup's to keep.
            if id in world.far and world.far[id].head is None:
                del world.far[id]


@settings(max_examples=150)
@given(st.lists(acts, max_size=60))
def test_landed_once_and_nothing_lost(script: list[tuple[object, ...]]) -> None:
    world = World()
    for act in script:
        before = set(world.taken_back)
        landed = len(world.landed)
        play(world, act)
        assert len(world.landed) <= 1
        for id, _ in world.landed[landed:]:
            assert id not in before, "it was taken back before it landed"
        assert (world.bead is BeadState.AWAY) <= (world.named is not None)
    # The link holds, and nobody changes anything any more but those who were told to.
    for _ in range(12):
        for id in {*world.home, *world.far}:
            world.attend(id, 99)
        world.refine(red=False)
    for id, (stage, _, _) in world.home.items():
        far = world.far.get(id)
        if id == world.named and world.bead is BeadState.AWAY:
            continue  # it is worked at there
        assert stage is Stage.ENDED, (id, stage)
        assert far is None or far.state in (BeadState.MERGED, BeadState.CLOSED), (id, far)
    for id, far in world.far.items():
        if far.head is not None and id != world.named:
            assert far.head in world.here, "a branch is unaccounted for"
    assert len(world.landed) <= 1
    assert (world.bead is BeadState.MERGED) == bool(world.landed)
