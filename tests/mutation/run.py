"""Public functions of operations that changed are emptied, one after the other: a test must fail for each.

``python -m tests.mutation.run [--base REV] [--only WORD]``. It works on a worktree of what is committed, never on the
checkout itself: a run that is killed leaves nothing mutated.
"""

import argparse
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import parso
from cosmic_ray.mutating import use_mutation
from cosmic_ray.operators.operator import Operator

TOP = Path(__file__).parents[2]
OPERATIONS = "gastown_tmux/operations"
#: What a mutant may take to be found; one that stands still is found too.
SECONDS = 1500


class Empty(Operator):  # type: ignore[misc]  # cosmic-ray is not typed
    """In the place of the body of one function: ``return None``."""

    def __init__(self, name: str) -> None:
        self.name = name

    def mutation_positions(self, node: Any) -> Iterator[tuple[tuple[int, int], tuple[int, int]]]:
        if node.type == "funcdef" and is_public(node) and node.name.value == self.name:
            yield node.start_pos, node.end_pos

    def mutate(self, node: Any, index: int) -> Any:
        node.children[-1] = parso.parse("def f():\n    return None\n").children[0].children[-1]
        return node

    @classmethod
    def examples(cls) -> Iterable[object]:
        return ()


@dataclass(frozen=True, slots=True)
class Function:
    file: str
    name: str

    def __str__(self) -> str:
        return f"{self.file.removeprefix(f'{OPERATIONS}/')}:{self.name}"


def main() -> int:
    parser = argparse.ArgumentParser(description="Empties public functions of operations; a test must fail for each.")
    parser.add_argument("--base", default="HEAD~1", help="since when they changed (HEAD~1)")
    parser.add_argument("--only", default="", metavar="WORD", help="those whose file and name hold this")
    options = parser.parse_args()
    # As an interrupt: what was made for this run goes with it.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    functions = [function for function in changed(options.base) if options.only in str(function)]
    print(f"{len(functions)} functions")
    with tempfile.TemporaryDirectory(prefix="gt-mutate-") as folder:
        copy = Path(folder) / "copy"
        git("worktree", "add", "--quiet", "--detach", str(copy), "HEAD")
        try:
            survivors = [function for function in functions if not is_found(copy, function)]
        finally:
            git("worktree", "remove", "--force", str(copy))
    print(f"{len(survivors)} survived", *survivors, sep="\n  ")
    return 1 if survivors else 0


def changed(base: str) -> list[Function]:
    """The public functions at the top of their modules that have a changed line."""
    found = []
    for file in git("diff", "--name-only", "--diff-filter=d", base, "HEAD", "--", OPERATIONS).splitlines():
        hunks = re.findall(r"^@@ .*\+(\d+)(?:,(\d+))?", git("diff", "-U0", base, "HEAD", "--", file), re.M)
        lines = {int(start) + each for start, count in hunks for each in range(int(count or 1))}
        for node in parso.parse(git("show", f"HEAD:{file}")).iter_funcdefs():
            if is_public(node) and lines & set(range(node.start_pos[0], node.end_pos[0])):
                found.append(Function(file, node.name.value))
    return found


def is_public(node: Any) -> bool:
    outer = node.parent if node.parent.type != "decorated" else node.parent.parent
    return outer.type == "file_input" and not node.name.value.startswith("_")


def is_found(copy: Path, function: Function) -> bool:
    """Says which test failed, and how soon."""
    started = time.monotonic()
    with use_mutation(copy / function.file, Empty(function.name), 0) as (_, mutated):
        assert mutated is not None, function
        for paths in stages(copy, function):
            words = find_failure(copy, paths, SECONDS - (time.monotonic() - started))
            if words is not None:
                print(f"{function}: {words}, {time.monotonic() - started:.0f} s", flush=True)
                return True
    print(f"{function}: SURVIVED, {time.monotonic() - started:.0f} s", flush=True)
    return False


def stages(copy: Path, function: Function) -> Iterator[list[str]]:
    """First the tests that name it or stand beside it, then all that are left: most are found at once."""
    name = re.compile(rf"\b{function.name}\b")
    near = [path for path in sorted((copy / "tests").rglob("test_*.py")) if name.search(path.read_text())]
    room = copy / "tests" / "operations" / Path(function.file).parent.name
    yield [str(path) for path in near] + [str(room)] * room.is_dir()
    yield ["tests/operations"]
    yield ["tests/journeys"]
    yield ["tests"]


def find_failure(copy: Path, paths: list[str], seconds: float) -> str | None:
    """The first test that fails; None where all pass, or there is none."""
    if not paths:
        return None
    command = (sys.executable, "-m", "pytest", "-q", "-x", "-n", "auto", "-p", "no:cacheprovider", *paths)
    with subprocess.Popen(
        command, cwd=copy, env={**os.environ, "PYTHONPATH": str(copy)}, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True,
    ) as run:  # fmt: skip
        try:
            said, _ = run.communicate(timeout=max(seconds, 1.0))
        except subprocess.TimeoutExpired:
            return "out of time"
        finally:
            if run.poll() is None:
                # Interrupted, it ends what its tests have started.
                run.send_signal(signal.SIGINT)
    if run.returncode in (0, 5):
        return None
    failed = re.search(r"^(?:FAILED|ERROR) (\S+)", said, re.M)
    return failed[1] if failed else said[-300:]


def git(*words: str) -> str:
    return subprocess.run(["git", "-C", str(TOP), *words], check=True, capture_output=True, text=True).stdout


if __name__ == "__main__":
    sys.exit(main())
