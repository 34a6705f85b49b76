"""gt bead import, gt bead export: beads from files, and into them."""

from collections.abc import Iterable, Sequence

from gastown_tmux.dataclass import dataclass, field, replace
from gastown_tmux.domain.bead_files import Record, format_bead, is_list, parse_beads, parse_plan
from gastown_tmux.domain.forge_issues import parse_issues
from gastown_tmux.domain.formulas.keys import nearest
from gastown_tmux.domain.ids import BeadId, is_bead_id
from gastown_tmux.domain.pages import Page
from gastown_tmux.domain.rigs import Rig
from gastown_tmux.domain.work import Bead, BeadState, Reason
from gastown_tmux.edges.configuration.documents import parse_yaml
from gastown_tmux.errors import UsageError
from gastown_tmux.operations.town.forge import forge_of
from gastown_tmux.operations.town.lookup import guess_rig
from gastown_tmux.operations.town.town import Answer, Town
from gastown_tmux.operations.work import bead_story
from gastown_tmux.operations.work.bead_story import BeadLine
from gastown_tmux.store import beads as rows
from gastown_tmux.store.bead_origins import bring_in, find_origin, insert_origin, keep_time, set_parent
from gastown_tmux.store.db import Change

#: Of issues, those that changed last.
MOST_ISSUES = 1000


@dataclass(frozen=True, slots=True)
class Imported:
    """Ids; ``same`` were there already, as new as in the file or newer. ``unknown`` needs and parents name nothing.
    ``beads`` are all of them, in the order of the file.
    """

    made: list[BeadId] = field(default_factory=list)
    changed: list[BeadId] = field(default_factory=list)
    same: list[BeadId] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    beads: list[BeadId] = field(default_factory=list)


def import_beads(town: Town, text: str, rig: Rig | None = None) -> Answer:
    """All of the file in one transaction, or nothing. Twice makes nothing twice, and nothing newer is overwritten.

    A bead that was there is only changed while it is open. Raises UsageError with the line.
    """
    with town.change() as change:
        done = take_in(town, change, text, rig)
    return Answer(done, "; ".join(filter(None, (_describe(done), tell_left_out(done)))))


def tell_left_out(done: Imported) -> str:
    """Empty where every need and parent is known."""
    unknown = ", ".join(dict.fromkeys(done.unknown))
    return f"left out, for nothing is known of them: {unknown}" if unknown else ""


def take_in(town: Town, change: Change, text: str, rig: Rig | None, name: str = "") -> Imported:
    """Beads of a file, in a change that is under way. ``name`` tells what comes from this file from the same elsewhere,
    where it has no ids of its own.
    """
    return _take_records(town, change, [_named(record, name) for record in parse_file(text)], rig, name)


def import_issues(town: Town, rig: Rig | None = None, repository: str | None = None) -> Answer:
    """Issues of the rig's project on GitHub, or of ``repository``. Twice makes nothing twice, nothing newer is
    overwritten; of closed ones only those count that are beads already: they are closed, while they are open.
    """
    rig = rig or guess_rig(town)
    forge, where = forge_of(town, rig, repository)
    items = forge.list_all(f"{where.path}/issues", {"state": "all", "sort": "updated"}, MOST_ISSUES)
    with town.change() as change:
        known = (
            record
            for record in parse_issues(items, str(where))
            if not record.done or find_origin(change, rig.name, record.source) is not None
        )
        done = _take_records(town, change, list(known), rig)
    return Answer(done, f"{where}: {_describe(done)}")


def _describe(done: Imported) -> str:
    return f"{len(done.made)} made, {len(done.changed)} changed, {len(done.same)} as they were"


def _take_records(town: Town, change: Change, records: Sequence[Record], rig: Rig | None, name: str = "") -> Imported:
    default = rig or (guess_rig(town) if any(record.rig is None for record in records) else None)
    done = Imported()
    rigs, ids = dict[str, Rig](), dict[str, BeadId]()
    for record in records:
        where = town.rig(record.rig) if record.rig else default
        assert where is not None
        rigs[record.source] = where
        ids[record.source] = _take(change, where, record, done)
    done.beads.extend(dict.fromkeys(ids.values()))
    fresh = {*done.made, *done.changed}
    for record in records:
        if ids[record.source] in fresh:
            _relate(change, rigs[record.source], record, ids, done, name)
    for record in records:
        id = ids[record.source]
        if id in fresh and record.done and rows.get_bead(change, id).state is BeadState.OPEN:
            rows.close_bead(change, id, Reason.DONE)
    return done


def parse_file(text: str) -> list[Record]:
    """JSON Lines and checklists by their look, anything else as YAML. Raises UsageError with the line."""
    if is_list(text):
        return parse_beads(text)
    try:
        document = parse_yaml(text)
    except ValueError as error:
        raise UsageError(f"it is no list of beads: {error}", hint="a Markdown list with - [ ] items, or YAML") from None
    return parse_plan(document)


def _named(record: Record, name: str) -> Record:
    def named(source: str) -> str:
        kind, _, words = source.partition(":")
        return f"{kind}:{name}{words}" if name and kind in ("md", "yaml") else source

    parent = named(record.parent) if record.parent else None
    needs = tuple(map(named, record.needs))
    return replace(record, source=named(record.source), parent=parent, needs=needs)


def _take(change: Change, rig: Rig, record: Record, done: Imported) -> BeadId:
    was = _find(change, rig, record)
    if was is not None:
        is_newer = record.updated is not None and record.updated > was.updated
        if was.state is BeadState.OPEN and is_newer:
            rows.update_bead(
                change, was.id, title=record.title, body=record.body, priority=record.priority, labels=record.labels
            )
            keep_time(change, was.id, record.updated)
            done.changed.append(was.id)
        else:
            done.same.append(was.id)
        return was.id
    if record.own_id is not None and is_bead_id(record.own_id, rig.prefix):
        id = BeadId(record.own_id)
        bring_in(change, id, rig.name, record)
    else:
        id = rows.insert_bead(
            change, rig.name, rig.prefix, title=record.title, body=record.body, priority=record.priority,
            labels=record.labels, needs=(),
        )  # fmt: skip
        insert_origin(change, rig.name, record.source, id)
        keep_time(change, id, record.updated)
    done.made.append(id)
    return id


def _find(change: Change, rig: Rig, record: Record) -> Bead | None:
    """The one that it is here, if it was ever brought in."""
    if record.own_id is not None and (own := rows.find_bead(change, record.own_id)) is not None:
        return own if own.rig == rig.name else None
    known = find_origin(change, rig.name, record.source)
    return rows.find_bead(change, known) if known else None


def _relate(change: Change, rig: Rig, record: Record, ids: dict[str, BeadId], done: Imported, name: str) -> None:
    def known(source: str) -> BeadId | None:
        id = ids.get(source) or find_origin(change, rig.name, source)
        if id is None and source.startswith(("gt:", "yaml:")):
            own = rows.find_bead(change, source.rpartition(":")[2].strip())
            id = own.id if own else None
        if id is None and source.startswith("yaml:"):
            raise _unknown_need(record, source, ids, name)
        if id is None:
            done.unknown.append(source.partition(":")[2])
        return id

    needs = [id for source in record.needs if (id := known(source)) is not None]
    rows.set_needs(change, ids[record.source], needs)
    set_parent(change, ids[record.source], known(record.parent) if record.parent else None)


def _unknown_need(record: Record, source: str, sources: Iterable[str], name: str) -> UsageError:
    """In a plan that a person wrote it is a slip, and without it the waves would be others; what programs wrote may be
    a part of more.
    """
    word, *others = (each.removeprefix(f"yaml:{name}") for each in (source, *sources))
    words = f"bead {record.line} ({record.title}): {word!r} is neither in the file nor a bead that is there"
    return UsageError(words, hint=nearest(word, others))


def export_beads(town: Town, rig: Rig | None = None) -> Answer:
    """Every bead as a line of JSON, which ``gt bead import`` takes, here or in another town."""
    found = rows.list_beads(town.db, rows.BeadFilter(rig.name if rig else None))
    return Answer(found, "\n".join(map(format_bead, found)))


def search_beads(
    town: Town, words: Sequence[str], rig: Rig | None = None, limit: int | None = None
) -> list[BeadLine] | Page[BeadLine]:
    """Those with all of the words in title or body."""
    return bead_story.list_beads(town, rig, search=" ".join(words), limit=limit)
