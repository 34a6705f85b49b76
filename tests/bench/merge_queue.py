"""The merge queue, measured: processor time of this process and of all that it starts, beside the least there is."""

import contextlib
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

from harness import scratch

sys.path.insert(0, str(Path(__file__).parents[2]))

from gastown_tmux.domain.addresses import OVERSEER
from gastown_tmux.operations.merging import landing, radar
from gastown_tmux.operations.town.configuration import set_key
from gastown_tmux.operations.town.install import install
from gastown_tmux.operations.town.town import Town
from gastown_tmux.operations.workforce.rigs import add_rig
from gastown_tmux.store.clashes import list_clashes
from tests.operations.merging.many_branches import ManyBranches

SEEDS = 20
ONE_BY_ONE = 20
HUNDRED = 100
FILES = 20_000


def measure_queue() -> Iterator[str]:
    """A line for each, as it is known."""
    for measured in (_one_request, _radar, _large, _thirty, _hundred):
        with ExitStack() as cleanup:
            yield from measured(scratch(cleanup).path)


def _town(folder: Path, files: int, gates: str | None = None) -> ManyBranches:
    project = folder / "project"
    names = [f"d{number % 200}/file-{number}" for number in range(files)]
    stream = ["commit refs/heads/main", "committer a <a@localhost> 0 +0000", "data 1", "x"]
    for name in names:
        text = "".join(f"{name} {line}\n" for line in range(5))
        stream += [f"M 100644 inline {name}", f"data {len(text)}", text]
    subprocess.run(["git", "init", "-q", "-b", "main", str(project)], check=True)
    git = ["git", "-C", str(project)]
    subprocess.run([*git, "fast-import", "--quiet"], input="\n".join([*stream, ""]).encode(), check=True)
    subprocess.run([*git, "reset", "-q", "--hard"], check=True)
    town = Town(folder / "town", OVERSEER, dict(os.environ), say=lambda line: None)
    install(town, town.path)
    add_rig(town, "demo", str(project))
    set_key(town, "merge.publish", "local")
    if gates is not None:
        set_key(town, "merge.gates", [{"name": "g", "run": gates}])
    return ManyBranches(town)


def _processor(work: Callable[[], object]) -> float:
    """Milliseconds."""

    def used() -> float:
        found = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
        return sum(one.ru_utime + one.ru_stime for one in found)

    before = used()
    work()
    return (used() - before) * 1000


def _show(name: str, floor: float, ours: float, goal: str) -> str:
    return f"{name:45} {floor:8.1f} {ours:8.1f} {ours / floor:6.2f}x  goal {goal}"


def _one_request(folder: Path) -> Iterator[str]:
    """Beyond its gate, for there is none: by itself, and in batches of eight, beside the three commands of git."""
    yield f"{'milliseconds of processor':45} {'floor':>8} {'ours':>8}"
    many = _town(folder, 200)
    many.submit({f"raw-{n}": {f"raw-{n}": "x\n"} for n in range(ONE_BY_ONE)})
    repository = many.town.repository(many.town.rig("demo").name)
    heads = list(repository.list_refs("refs/heads/bead").values())
    bare = ["git", "--git-dir", str(repository.path)]

    def raw(head: str) -> None:
        def ask(*words: str) -> str:
            return subprocess.run([*bare, *words], check=True, capture_output=True, text=True).stdout.strip()

        tip = "refs/remotes/origin/main"
        tree = ask("merge-tree", "--write-tree", tip, head)
        commit = ask("-c", "user.name=a", "-c", "user.email=a", "commit-tree", tree, "-p", tip, "-m", "x")
        ask("update-ref", "refs/heads/raw", commit)

    floor = statistics.median(_processor(lambda head=head: raw(head)) for head in heads)  # type: ignore[misc]
    with many.town.change() as change:
        change.execute("DELETE FROM merge_requests")
    for most, name in ((1, "a request, beyond its gate"), (8, "the same, of a batch of eight")):
        set_key(many.town, "merge.batch", most)
        ids = many.submit({f"{most}-{n}": {f"{most}-{n}": "x\n"} for n in range(ONE_BY_ONE)})
        took = _processor(lambda: landing.run_refinery(many.town)) / len(ids)
        assert all(request.state == "merged" for request in many.show(ids))
        yield _show(name, floor, took, "2x")
    many.town.close()


def _radar(folder: Path) -> Iterator[str]:
    """Thirty heads of a project with many files, each a look at all that is new; then one where nothing is."""
    many = _town(folder, FILES)

    # Each changes fifty files, of which two are of its neighbour too.
    def files(number: int) -> dict[str, str]:
        changed = [(number * 48 + own) % FILES for own in range(50)]
        return {f"d{one % 200}/file-{one}": f"{number}\n" for one in changed}

    many.submit({f"head-{number}": files(number) for number in range(30)})
    rig, seen = many.town.rig("demo"), radar.Seen()
    first = _processor(lambda: radar.look_at_rig(many.town, rig, seen))
    again = _processor(lambda: radar.look_at_rig(many.town, rig, seen))
    clashes = len(list_clashes(many.town.db))
    # What is told of each clash is a mail to nobody here.
    yield f"{f'radar, 30 heads of {FILES} files, {clashes} clashes':54} {first:8.1f}          goal 500 ms"
    yield f"{'the same, where nothing is new':54} {again:8.1f}"
    many.town.close()


def _large(folder: Path) -> Iterator[str]:
    many = _town(folder, FILES, "true")
    for name in ("first", "next"):
        ids = many.submit({f"{name}-{n}": {f"{name}-{n}": "x\n"} for n in range(8)})
        took = _processor(lambda: landing.run_refinery(many.town)) / len(ids)
        assert all(request.state == "merged" for request in many.show(ids))
        yield f"{f'a request of {FILES} files with a gate, the {name} eight':54} {took:8.1f}"
    many.town.close()


def _thirty(folder: Path) -> Iterator[str]:
    many = _town(folder, 50)
    runs = []
    for seed in range(SEEDS):
        runs.append(many.check_thirty(seed))
        with many.town.change() as change:
            change.execute("UPDATE beads SET state = 'closed' WHERE state = 'open'")
    yield f"30 branches, 3 culprits, {SEEDS} seeds: runs of the gates {min(runs)} to {max(runs)}, all within the bound"
    many.town.close()


def _hundred(folder: Path) -> Iterator[str]:
    """By the clock: what the gates take, and the whole."""
    many = _town(folder, 50)
    ids = many.submit({f"one-{n}": {f"one-{n}": "x\n"} for n in range(HUNDRED)})
    begun = time.perf_counter()
    with contextlib.ExitStack() as within:
        within.enter_context(many.counted("sleep 1"))
        landing.run_refinery(many.town)
    took = time.perf_counter() - begun
    assert all(request.state == "merged" for request in many.show(ids))
    runs = sum(batch[2] for batch in many.batches)
    yield f"{HUNDRED} queued, a gate of one second: {runs} runs, {took:.1f} s, {took / runs:.2f}x  goal 1.2x"
    many.town.close()
