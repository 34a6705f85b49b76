"""Many submitted branches at once, made without a checkout: for what is asked of a whole queue."""

import math
import random
import shlex
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from gastown_tmux.domain.addresses import Address
from gastown_tmux.domain.ids import BeadId, Commit, MergeRequestId
from gastown_tmux.domain.merging import MergeRequest
from gastown_tmux.edges.files import clock
from gastown_tmux.operations.hooks.worktrees import find_base
from gastown_tmux.operations.merging import landing
from gastown_tmux.operations.merging.queue_state import pause_queue, resume_queue
from gastown_tmux.operations.town.configuration import set_key
from gastown_tmux.operations.town.town import Town
from gastown_tmux.store.beads import insert_bead, submit_bead
from gastown_tmux.store.merging import get_merge_request, insert_merge_request

CULPRIT = "bad"


@dataclass
class ManyBranches:
    """Of the rig ``demo``. ``batches``: how many were tried together, how many of them came back, and how often the
    gates ran for that.
    """

    town: Town
    batches: list[tuple[int, int, int]] = field(default_factory=list)

    def submit(self, branches: Mapping[str, Mapping[str, str]]) -> list[MergeRequestId]:
        """A request for each title, with these files on the target as it is now."""
        rig = self.town.rig("demo")
        repository, base = self.town.repository(rig.name), find_base(self.town, rig)
        stream, made = [], dict[str, BeadId]()
        with self.town.change() as change:
            for title, files in branches.items():
                id = insert_bead(change, rig.name, rig.prefix, title=title, body="", priority=2, labels=(), needs=())
                made[title] = id
                stream += [f"commit refs/heads/bead/{id}", "committer a <a@localhost> 0 +0000"]
                stream += [f"data {len(title)}", title, f"from {base}"]
                for name, text in files.items():
                    stream += [f"M 100644 inline {name}", f"data {len(text)}", text]
        git = ["git", "--git-dir", str(repository.path), "fast-import", "--quiet"]
        subprocess.run(git, input="\n".join([*stream, ""]).encode(), check=True)
        heads, ids = repository.list_refs("refs/heads/bead"), list[MergeRequestId]()
        with self.town.change() as change:
            for id in made.values():
                change.execute("UPDATE beads SET state = 'working', branch = ? WHERE id = ?", f"bead/{id}", id)
                request = insert_merge_request(
                    change, bead=id, rig=rig.name, author=Address("demo/nobody"), branch=f"bead/{id}",
                    head=Commit(heads[f"refs/heads/bead/{id}"]), base=Commit(base), target=rig.target,
                )  # fmt: skip
                submit_bead(change, id, request)
                ids.append(request)
        return ids

    def show(self, ids: Sequence[MergeRequestId]) -> list[MergeRequest]:
        return [get_merge_request(self.town.db, id) for id in ids]

    @contextmanager
    def counted(self, check: str) -> Iterator[None]:
        """Within, the gates run ``check``, and each batch is written down."""
        runs, work_off = self.town.path.with_name(f"runs-{clock.epoch()}"), landing.work_off
        runs.touch()
        set_key(self.town, "merge.gates", [{"name": "g", "run": f"echo x >> {shlex.quote(str(runs))}; {check}"}])

        def count(*words: object) -> object:
            before = len(runs.read_text().split())
            found = work_off(*words)  # type: ignore[arg-type]
            members = self.show([member.id for member in words[1]])  # type: ignore[attr-defined]
            back = sum(member.state == "rejected" for member in members)
            self.batches.append((len(members), back, len(runs.read_text().split()) - before))
            return found

        landing.work_off = count  # type: ignore[assignment]
        try:
            yield
        finally:
            landing.work_off = work_off
            runs.unlink()

    def check_thirty(self, seed: int) -> int:
        """Thirty branches, three culprits at random, queued while the queue is paused: 27 land, three come back with
        their logs, and no batch takes more runs of the gates than was promised. How often the gates ran.
        """
        drawn = random.Random(seed)
        culprits = set(drawn.sample(range(30), 3))
        titles = [f"{CULPRIT if number in culprits else 'good'}-{seed}-{number}" for number in range(30)]
        pause_queue(self.town)
        ids = self.submit({title: {title: f"{title}\n"} for title in titles})
        self.batches.clear()
        with self.counted(f"! ls | grep {CULPRIT}-"):
            landing.run_refinery(self.town)
            assert not self.batches, "a paused queue landed something"
            resume_queue(self.town)
            landing.run_refinery(self.town)
        found = self.show(ids)
        states = ["rejected" if CULPRIT in request.title else "merged" for request in found]
        assert [request.state for request in found] == states, (seed, found)
        for request in found:
            if request.state == "rejected":
                assert request.log is not None and f"{CULPRIT}-" in Path(request.log).read_text(), (seed, request)
        for size, back, runs in self.batches:
            assert runs <= back * math.ceil(math.log2(size or 1)) + 2 * back + 1, (seed, self.batches)
        return sum(runs for _, _, runs in self.batches)
