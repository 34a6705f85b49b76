"""A rig's queue without git: commits are words, and a refinery that may be killed between any two of its steps."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from gastown_tmux.domain.addresses import Address
from gastown_tmux.domain.ids import BeadId, Commit, MergeRequestId, RigName, Time
from gastown_tmux.domain.merging import LIVE, MERGE_REQUEST, MergeRequest, MergeRequestMove, MergeState
from gastown_tmux.domain.queue_plan import (
    Choice,
    Probe,
    Search,
    Waiting,
    choose,
    count_intact,
    find_holds,
    take_up,
)

ROOT = Commit("0")


def make_request(number: int) -> MergeRequest:
    id, head = MergeRequestId(f"r{number}"), Commit(f"head-r{number}")
    now = Time("2026-11-28T00:00:00.000Z")
    return MergeRequest(
        id=id, bead=BeadId(f"b{number}"), title="", priority=2, rig=RigName("demo"), author=Address("demo/a"),
        branch="", head=head, base=ROOT, target="main", state=MergeState.QUEUED, position=None, attempts=0, reason=None,
        candidate=None, tested_in=None, retries=0, overtaken=0, approved=False, merged_commit=None, not_before=None,
        log=None, created=now, updated=now, url=None,
    )  # fmt: skip


def parent_of(commit: Commit) -> Commit:
    return Commit(commit.rpartition("+")[0])


def is_on(commit: Commit, tip: Commit) -> bool:
    return tip == commit or tip.startswith(f"{commit}+")


def parts(commit: Commit) -> list[str]:
    return commit.split("+")[1:]


@dataclass
class QueueWorld:
    """``culprits`` fail by themselves, ``pairs`` together; ``clashes`` conflict. ``stacks``: what a branch begins with.

    A commit names all that is in it. ``runs`` counts gates; ``orphans`` are pushes that outlived their refinery.
    """

    rows: dict[str, MergeRequest]
    most: int = 8
    target: Commit = ROOT
    culprits: set[str] = field(default_factory=set)
    pairs: list[set[str]] = field(default_factory=list)
    clashes: list[set[str]] = field(default_factory=list)
    stacks: dict[str, set[str]] = field(default_factory=dict)
    needs: dict[str, set[str]] = field(default_factory=dict)
    published: dict[MergeRequestId, list[Commit]] = field(default_factory=dict)
    orphans: list[tuple[Commit, Commit]] = field(default_factory=list)
    runs: int = 0
    told_pairs: list[str] = field(default_factory=list)
    batches: list[list[str]] = field(default_factory=list)

    @classmethod
    def of(cls, count: int, most: int = 8) -> "QueueWorld":
        return cls({f"r{number}": make_request(number) for number in range(count)}, most)

    def states(self, state: MergeState) -> list[str]:
        return [id for id, row in self.rows.items() if row.state is state]

    def is_red(self, commit: Commit) -> bool:
        have = set(parts(commit))
        return bool(have & self.culprits) or any(pair <= have for pair in self.pairs)

    def clash(self, commit: Commit, id: str) -> bool:
        have = set(parts(commit)) | {id}
        return any(id in pair and pair <= have for pair in self.clashes)

    def move(self, id: str, move: MergeRequestMove, **more: object) -> None:
        row = self.rows[id]
        state = MERGE_REQUEST.next_state(row.state, move)
        self.rows[id] = replace(row, state=state, **more)  # type: ignore[arg-type]

    def push(self, old: Commit, new: Commit) -> bool:
        if self.target != old:
            return False
        self.target = new
        return True

    def plan(self) -> Choice:
        listed = [row for row in self.rows.values() if row.state in LIVE]
        # The history of a stacked branch has the heads that it begins with.
        parents = {
            row.head: [*(self.rows[under].head for under in self.stacks.get(row.id, ())), ROOT]
            for row in self.rows.values()
        }
        holds = find_holds(parents, [(row.id, row.head) for row in listed])
        entries = [
            Waiting(
                row.id,
                row.bead,
                frozenset(BeadId(f"b{id[1:]}") for id in self.needs.get(row.id, ()) if not self.has_landed(id)),
                holds[row.id],
                alone=row.reason == "died",
            )
            for row in listed
            if row.state is MergeState.QUEUED
        ]
        return choose(entries, self.most)

    def has_landed(self, id: str) -> bool:
        return self.rows[id].state is MergeState.MERGED

    def kill(self, orphan: bool) -> None:
        """What was at work is remembered; a push may still be on its way."""
        publishing = [row for row in self.rows.values() if row.state is MergeState.PUBLISHING]
        if orphan and publishing:
            chain = sorted((row.candidate for row in publishing if row.candidate), key=len)
            self.orphans.append((parent_of(chain[0]), chain[-1]))
        for id, row in self.rows.items():
            if row.state in (MergeState.TESTING, MergeState.PUBLISHING):
                self.rows[id] = replace(row, reason="died")

    def refinery(self) -> Iterator[None]:
        """Each ``yield`` is a moment at which it may be killed, or another may do something."""
        while True:
            yield
            tip = self.target
            landed = {commit for commits in self.published.values() for commit in commits if is_on(commit, tip)}
            listed = [row for row in self.rows.values() if row.state in LIVE and row.state is not MergeState.HELD]
            taken = take_up(listed, self.published, landed, "main", tip, parent_of)
            for row, commit in taken.landed:
                yield
                if self.rows[row.id].state in LIVE:
                    if self.rows[row.id].state is not MergeState.PUBLISHING:
                        self.move(row.id, "publish", candidate=commit)
                    self.move(row.id, "merge", merged_commit=commit)
            for row in taken.back:
                yield
                if self.rows[row.id].state in (MergeState.TESTING, MergeState.PUBLISHING):
                    self.move(row.id, "requeue")
            if taken.again:
                assert taken.again[-1].candidate is not None
                yield from self._finish([row.id for row in taken.again], tip, taken.again[-1].candidate)
            if taken.again or taken.landed:
                continue
            choice = self.plan()
            if not choice.members:
                return
            self.batches.append([*choice.members])
            for id in choice.members:
                self.move(id, "test")
            yield from self._work_off([*choice.members], tip)

    def _finish(self, ids: list[str], tip: Commit, last: Commit) -> Iterator[None]:
        yield
        pushed = self.push(tip, last)
        yield
        for id in ids:
            if pushed:
                self.move(id, "merge", merged_commit=self.rows[id].candidate)
            else:
                self.move(id, "requeue")
            yield

    def _work_off(self, rest: list[str], tip: Commit) -> Iterator[None]:
        while rest:
            chain: list[tuple[str, Commit]] = []
            later: list[str] = []
            for id in rest:
                yield
                if self.rows[id].state is not MergeState.TESTING:
                    continue
                base = chain[-1][1] if chain else tip
                if not self._may_follow(id, [other for other, _ in chain]):
                    self.move(id, "requeue")
                elif not self.clash(base, id):
                    commit = Commit(f"{base}+{id}")
                    self.rows[id] = replace(self.rows[id], candidate=commit)
                    chain.append((id, commit))
                elif self.clash(tip, id):
                    self.move(id, "conflict")
                else:
                    later.append(id)
            if not chain:
                return
            search = Search(len(chain))
            while isinstance(step := search.step(), Probe):
                self.runs += 1
                yield
                search = search.judged(step.prefix, not self.is_red(chain[step.prefix - 1][1]))
            green, before, all_of_it = chain[: step.green], tip, [*(id for id, _ in chain), *later]
            if green:
                yield
                if count_intact([self.rows[id] for id, _ in green], [commit for _, commit in green]) < len(green):
                    rest = all_of_it
                    continue
                for id, commit in green:
                    self.move(id, "publish")
                    self.published.setdefault(MergeRequestId(id), []).append(commit)
                yield from self._finish([id for id, _ in green], tip, green[-1][1])
                if not all(self.has_landed(id) for id, _ in green):
                    for id in all_of_it:
                        if self.rows[id].state is MergeState.TESTING:
                            self.move(id, "requeue")
                    return
                tip = green[-1][1]
            rest = later
            if step.culprit is not None:
                id, commit = chain[step.culprit]
                if green:
                    self.runs += 1
                    if not self.is_red(Commit(f"{before}+{id}")):
                        self.told_pairs.append(id)
                yield
                row = self.rows[id]
                if row.state is MergeState.TESTING and row.candidate == commit:
                    self.move(id, "reject")
                rest = [*(id for id, _ in chain[step.culprit + 1 :]), *later]

    def _may_follow(self, id: str, before: list[str]) -> bool:
        held = [under for under in self.stacks.get(id, ()) if self.rows[under].state in LIVE]
        needs = [other for other in self.needs.get(id, ()) if not self.has_landed(other)]
        return set(held) | set(needs) <= set(before)

    def run(self, chance: random.Random | None = None, disturb: float = 0.0) -> None:
        """Until nothing is to be done. With ``disturb`` it is killed, and others push and reject, so often a step."""
        refinery = self.refinery()
        for turn in range(20_000):
            disturbed = chance is not None and turn < 400 and chance.random() < disturb
            if chance is not None and disturbed:
                match chance.randrange(4):
                    case 0 | 1:
                        refinery.close()
                        self.kill(orphan=chance.random() < 0.5)
                        refinery = self.refinery()
                    case 2:
                        self.target = Commit(f"{self.target}+other{turn}")
                    case _:
                        id = chance.choice(list(self.rows))
                        if MERGE_REQUEST.can(self.rows[id].state, "reject"):
                            self.move(id, "reject", reason="person")
            if self.orphans and (chance is None or chance.random() < 0.3):
                self.push(*self.orphans.pop())
            try:
                next(refinery)
            except StopIteration:
                if not self.orphans:
                    return
                refinery = self.refinery()
        raise AssertionError("it does not come to rest")
