"""Whether an order may be begun by itself: a person wrote what it says, or has allowed it.

A command of an order runs with the town's own rights, and agents can write the folder that it stands in. Nobody notes
who wrote a file, but what was changed last while no session ran is a person's; all else waits for a person's word.
"""

import hashlib
from enum import Enum
from pathlib import Path

from gastown_tmux.domain.orders.model import Order
from gastown_tmux.domain.orders.starts import ANYTHING, Approval
from gastown_tmux.edges.configuration.order_files import OrderFile
from gastown_tmux.edges.files import clock
from gastown_tmux.errors import GtError
from gastown_tmux.operations.town.town import Town
from gastown_tmux.operations.work.formulas import load_formula, open_shelf
from gastown_tmux.store import orders as rows
from gastown_tmux.store.agents import has_session_at

WAITS = "it was written or changed while agents ran, and waits for your word"
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
    digest = _digest_of(town, file.order, formulas)
    if known is not None and known.approved == digest:
        return Verdict.ALLOWED, digest
    if known is not None and known.asked == digest:
        return Verdict.WAITS, digest
    if known is not None and known.approved == ANYTHING:
        return Verdict.TRUSTED, digest
    changed = max((_changed(path) for path in (file.path, *formulas)), default=0.0)
    before, after = (clock.from_epoch(changed + leeway) for leeway in (-_LEEWAY_SECONDS, _LEEWAY_SECONDS))
    return (Verdict.WAITS if has_session_at(town.db, before, after) else Verdict.TRUSTED), digest


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


def _digest_of(town: Town, order: Order, formulas: list[Path]) -> str:
    said = repr(order)
    if formulas and order.formula is not None:
        try:
            shelf = open_shelf(town, town.rig(order.rig) if order.rig else None)
            said += repr(load_formula(shelf, order.formula))
        except GtError as error:
            said += error.message
    return hashlib.sha256(said.encode()).hexdigest()


def _changed(path: Path) -> float:
    """Also of a link, and of what it leads to; no program can set this back."""
    try:
        return max(path.stat().st_ctime, path.lstat().st_ctime)
    except OSError:
        return 0.0
