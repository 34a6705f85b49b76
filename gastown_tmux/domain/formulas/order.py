"""Which step comes when: needs as a graph, its circles, and the one order in which a single worker goes."""

from collections import deque
from collections.abc import Mapping, Sequence

from gastown_tmux.domain.formulas.model import Step


def in_order(steps: Sequence[Step]) -> tuple[Step, ...]:
    """Each behind all that it needs: first those that need nothing, then whoever is freed first, as the file has them.

    Needs outside of ``steps`` are none; steps in a circle are left out.
    """
    waits = {step.id: set(step.needs) for step in steps}
    for id, needs in waits.items():
        waits[id] = needs & waits.keys()
    dependents: dict[str, list[Step]] = {step.id: [] for step in steps}
    for step in steps:
        for needed in waits[step.id]:
            dependents[needed].append(step)
    ready = deque(step for step in steps if not waits[step.id])
    found = []
    while ready:
        step = ready.popleft()
        found.append(step)
        for dependent in dependents[step.id]:
            waits[dependent.id].discard(step.id)
            if not waits[dependent.id]:
                ready.append(dependent)
    return tuple(found)


def find_circle(needs: Mapping[str, Sequence[str]]) -> list[str] | None:
    """Steps that need one another, the first again at the end, or None."""
    done: set[str] = set()
    for start in needs:
        path: list[str] = []
        stack = [(start, False)]
        while stack:
            id, leaving = stack.pop()
            if leaving:
                done.add(path.pop())
            elif id in path:
                return [*path[path.index(id) :], id]
            elif id not in done:
                path.append(id)
                stack.append((id, True))
                stack.extend((needed, False) for needed in reversed(needs.get(id, ())))
    return None
