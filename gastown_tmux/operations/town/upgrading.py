"""Which gt a town is run by: the newest that ever opened it. An older one is refused, and daemons make room for it."""

import contextlib
import json
from functools import lru_cache
from pathlib import Path

from gastown_tmux.dataclass import dataclass
from gastown_tmux.domain.addresses import Address
from gastown_tmux.domain.events import EventType
from gastown_tmux.domain.ids import Time
from gastown_tmux.domain.versions import order
from gastown_tmux.edges.hosts.installation import find_version, gt_command, version_on_disk
from gastown_tmux.errors import GtError
from gastown_tmux.reading import json_object
from gastown_tmux.store.db import SCHEMA, Database, LockedError, NewerError, UnwritableError
from gastown_tmux.store.meta import MAKER, get_meta, set_meta
from gastown_tmux.store.rows import Reader


@dataclass(frozen=True, slots=True)
class Maker:
    """A gt: its version, the schema that it knows, and its command."""

    version: str
    schema: int
    command: str

    @property
    def age(self) -> tuple[int, tuple[tuple[int, ...], int, str]]:
        """The newer, the greater: rows decide first, for an older one cannot read those of a newer."""
        return self.schema, order(self.version)


@lru_cache(maxsize=1)
def own() -> Maker:
    """What this process is, as it was when it began: an installer may have changed the files since."""
    try:
        command = str(gt_command())
    except GtError:
        command = ""
    return Maker(find_version(), SCHEMA, command)


def settle(database: Database, actor: Address, now: Time) -> None:
    """The town is run by this gt from now on, if it is newer than any before. Raises NewerError if it is older."""
    known = _recorded(database)
    if known is not None and (known.version, known.schema) == (own().version, own().schema):
        return
    if known is not None and known.age == own().age:
        return
    if known is not None and known.age > own().age:
        command = Path(known.command) if known.command and Path(known.command).exists() else None
        raise NewerError(f"a newer gt ({known.version}) runs this town; this is {own().version}", command)
    # Who only reads says what it was asked for, also where nothing can be written.
    with contextlib.suppress(LockedError, UnwritableError), database.change(actor, now) as change:
        known = _recorded(change)
        if known is None or known.age < own().age:
            mine = own()
            text = json.dumps({"version": mine.version, "schema": mine.schema, "command": mine.command})
            set_meta(change, MAKER, text)
            if known is not None:
                change.event(EventType.TOWN_UPGRADED, "town", before=known.version, version=mine.version)


def find_successor(reader: Reader) -> Path | None:
    """The command of a newer gt that runs the town, or has been installed in the place of this process's own."""
    known = _recorded(reader)
    if known is not None and known.age > own().age:
        return Path(known.command) if known.command and Path(known.command).exists() else None
    there = version_on_disk()
    if there is not None and order(there) > order(own().version) and own().command:
        return Path(own().command)
    return None


def require_newest(reader: Reader) -> None:
    """For what goes on for hours, a face say. Raises NewerError once a newer gt than this process runs the town."""
    if (command := find_successor(reader)) is not None:
        raise NewerError("a newer gt runs the town: leave this, and begin it anew", command)


def _recorded(reader: Reader) -> Maker | None:
    """None too for what nobody of us wrote."""
    match json_object(get_meta(reader, MAKER) or ""):
        case {"version": str() as version, "schema": int() as schema, "command": str() as command}:
            return Maker(version, schema, command)
    return None
