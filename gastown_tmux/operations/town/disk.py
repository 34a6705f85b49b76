"""How much of its disk budget a town takes: measured now and then, for to look at every file takes its time."""

import json
from contextlib import suppress

from gastown_tmux.dataclass import dataclass
from gastown_tmux.domain.escalation import EscalationState, Severity
from gastown_tmux.edges.files import clock
from gastown_tmux.edges.files.usage import measure_folder
from gastown_tmux.operations.town.town import Town
from gastown_tmux.store.db import Change
from gastown_tmux.store.escalations import insert_escalation, list_escalations, move_escalation
from gastown_tmux.store.meta import get_meta, set_meta

_USED = "disk.used"
#: From this share of the budget on somebody is warned.
_NEAR = 0.9
#: How what is asked about it begins.
_ASKED = "the town takes"
#: An older figure speaks of another time: nothing is refused for it.
_STALE_SECONDS = 3600.0


@dataclass(frozen=True, slots=True)
class DiskUse:
    used: int
    budget: int

    @property
    def is_near(self) -> bool:
        return self.used >= self.budget * _NEAR

    @property
    def is_over(self) -> bool:
        return self.used >= self.budget

    @property
    def words(self) -> str:
        return f"{_ASKED} {_size(self.used)} of disk, and disk.budget is {_size(self.budget)}"


def find_use(town: Town) -> DiskUse | None:
    """As measured last; None where there is no budget, or nothing was measured lately."""
    budget = town.settings().get("disk.budget")
    if not isinstance(budget, int):
        return None
    with suppress(ValueError, KeyError, TypeError):
        found = json.loads(get_meta(town.db, _USED) or "")
        if clock.epoch() - float(found["time"]) < _STALE_SECONDS:
            return DiskUse(int(found["bytes"]), budget)
    return None


def measure(town: Town) -> None:
    """Looks at every file, where there is a budget. Near it somebody is asked, once until it is well again."""
    if not isinstance(town.settings().get("disk.budget"), int):
        return
    used = measure_folder(town.path)
    if used is None:
        return
    with town.change() as change:
        set_meta(change, _USED, json.dumps({"bytes": used, "time": clock.epoch()}))
    use = find_use(town)
    if use is not None:
        with town.change() as change:
            _ask(change, use)


def notes(town: Town) -> list[str]:
    """For a person who looks at the town; what is over the budget is told where nothing starts."""
    use = find_use(town)
    return (
        [f"{use.words}: beyond it no agent is started"] if use is not None and use.is_near and not use.is_over else []
    )


def _ask(change: Change, use: DiskUse) -> None:
    asked = [
        one for one in list_escalations(change)
        if one.text.startswith(f"{_ASKED} ") and one.state != EscalationState.RESOLVED
    ]  # fmt: skip
    if use.is_near and not asked:
        text = f"{use.words}: {'no agent is started' if use.is_over else 'beyond it no agent is started'}"
        insert_escalation(change, severity=Severity.MEDIUM, text=text, bead=None, about=None)
    for one in asked if not use.is_near else ():
        move_escalation(change, one.id, "resolve")


def _size(count: int) -> str:
    for unit, power in (("G", 30), ("M", 20)):
        if count >= 1 << power:
            return f"{count / (1 << power):.1f}".removesuffix(".0") + unit
    return f"{count >> 10}K"
