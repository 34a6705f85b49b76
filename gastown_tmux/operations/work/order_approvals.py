"""Whether an order may be begun by itself: a person wrote what it says, or has allowed it.

A command of an order runs with the town's own rights, and agents can write the folder that it stands in. Nobody notes
who wrote a file, but what was changed last while no session and no gate of the merge queue ran is a person's; all else
waits for a person's word. So do the formula that it goes by, and the scripts in the town's folder that it calls.
"""

import hashlib
from enum import Enum
from pathlib import Path

from gastown_tmux.domain.formulas.model import Formula
from gastown_tmux.domain.orders.model import Order, When
from gastown_tmux.domain.orders.starts import ANYTHING, Approval
from gastown_tmux.edges.configuration.order_files import OrderFile
from gastown_tmux.edges.files import clock
from gastown_tmux.errors import GtError
from gastown_tmux.operations.town.town import Town
from gastown_tmux.operations.work.formulas import load_formula, open_shelf
from gastown_tmux.operations.work.order_scripts import Script, list_scripts
from gastown_tmux.store import orders as rows
from gastown_tmux.store.agents import has_session_at
from gastown_tmux.store.events import has_test_at

WAITS = "it, or what it calls, was written or changed while agents ran, and waits for your word"
#: A file's times are those of its file system, which may count in whole seconds.
_LEEWAY_SECONDS = 2.0


class Verdict(Enum):
    """``TRUSTED``: nobody has allowed it yet, but a person alone can have written it."""

    ALLOWED = "allowed"
    TRUSTED = "trusted"
    WAITS = "waits"


def judge(town: Town, file: OrderFile, known: Approval | None) -> tuple[Verdict, str]:
    """With the digest of what it says now. Of a file without faults."""
    assert file.order is not None
    formulas = _list_formulas(town, file.order)
    formula = _load(town, file.order) if formulas else None
    scripts = [script for script in _scripts_of(town, file.order, formula) if script.is_watched]
    said = repr(file.order) + (formula if isinstance(formula, str) else repr(formula) if formula else "")
    said += "".join(f"{script.path} {script.digest}" for script in scripts)
    digest = hashlib.sha256(said.encode()).hexdigest()
    if known is not None and known.approved == digest:
        return Verdict.ALLOWED, digest
    if known is not None and known.asked == digest:
        return Verdict.WAITS, digest
    if known is not None and known.approved == ANYTHING:
        return Verdict.TRUSTED, digest
    files = (file.path, *formulas, *(script.path for script in scripts))
    changed = max((_changed(path) for path in files), default=0.0)
    before, after = (clock.from_epoch(changed + leeway) for leeway in (-_LEEWAY_SECONDS, _LEEWAY_SECONDS))
    theirs = has_session_at(town.db, before, after) or has_test_at(town.db, before, after)
    return (Verdict.WAITS if theirs else Verdict.TRUSTED), digest


def list_called(town: Town, order: Order) -> list[Script]:
    """The scripts that it calls, of which a change counts as a change of the order where they are watched."""
    return _scripts_of(town, order, _load(town, order) if order.formula else None)


def settle(town: Town, file: OrderFile, known: Approval | None) -> bool:
    """Whether it may be begun by itself; what it says is kept, as allowed or as what is asked."""
    verdict, digest = judge(town, file, known)
    if verdict is Verdict.TRUSTED:
        with town.change() as change:
            rows.approve(change, file.id, digest)
    elif verdict is Verdict.WAITS and (known is None or known.asked != digest):
        with town.change() as change:
            rows.ask(change, file.id, digest)
    return verdict is not Verdict.WAITS


def _list_formulas(town: Town, order: Order) -> list[Path]:
    """The files that can make its formula another: none where it goes by one that is shipped, which stands alone."""
    if order.formula is None:
        return []
    shelf = open_shelf(town, town.rig(order.rig) if order.rig else None)
    try:
        if shelf.file(order.formula).origin == "shipped":
            return []
    except GtError:
        return []
    found = [file.path for file in shelf.files if file.origin != "shipped"]
    return [*found, *{path.parent for path in found}]


def _load(town: Town, order: Order) -> Formula | str:
    """What its formula says now, or what is wrong with it."""
    assert order.formula is not None
    try:
        return load_formula(open_shelf(town, town.rig(order.rig) if order.rig else None), order.formula)
    except GtError as error:
        return error.message


def _scripts_of(town: Town, order: Order, formula: Formula | str | None) -> list[Script]:
    """A gate's command runs where an order's does; a ``check`` runs in a worktree, on what the agents wrote there."""
    commands = [order.run] if order.run else []
    if isinstance(order.trigger, When):
        commands.append(order.trigger.command)
    if isinstance(formula, Formula):
        commands += [step.gate.condition for step in formula.steps if step.gate and step.gate.type == "command"]
    return list_scripts(town, commands)


def _changed(path: Path) -> float:
    """Also of a link, and of what it leads to; no program can set this back."""
    try:
        return max(path.stat().st_ctime, path.lstat().st_ctime)
    except OSError:
        return 0.0
