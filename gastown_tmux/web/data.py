"""What a page asks for beside the model: readings in the worker's thread, answered as JSON with harmless texts."""

from collections.abc import Callable, Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from gastown_tmux.domain.addresses import OVERSEER
from gastown_tmux.domain.digest import to_text
from gastown_tmux.domain.needs import AT_REQUESTS
from gastown_tmux.edges.files import clock
from gastown_tmux.errors import NotFoundError, UsageError
from gastown_tmux.faces.model import Open
from gastown_tmux.faces.opening import open_document
from gastown_tmux.faces.pressing import LONGEST_LINE
from gastown_tmux.faces.snapshot import Snapshot
from gastown_tmux.operations.hooks.diff import find_diff
from gastown_tmux.operations.mail.inbox import inbox
from gastown_tmux.operations.supervision.costs import costs
from gastown_tmux.operations.supervision.digest import digest
from gastown_tmux.operations.supervision.health import explain
from gastown_tmux.operations.supervision.views import show_agent
from gastown_tmux.operations.town import lookup
from gastown_tmux.operations.town.events import moment
from gastown_tmux.operations.town.town import Town
from gastown_tmux.operations.work.bead_story import show_bead
from gastown_tmux.store.events import list_events
from gastown_tmux.verbs.acts import Act, acts_on_bead, for_head
from gastown_tmux.verbs.data import document, to_json
from gastown_tmux.verbs.text import harmless
from gastown_tmux.web.desk import Desk
from gastown_tmux.web.diffs import Diffs, split
from gastown_tmux.web.lines import suggest
from gastown_tmux.web.night import read_night
from gastown_tmux.web.requests import BadRequestError, read_object

Asked = Mapping[str, str]
MOST_EVENTS, MOST_HISTORY = 1000, 2000
#: What may take seconds, for it counts files or asks windows.
_SLOW = frozenset(("digest", "agent", "screen"))
#: What opening a row would change, which a page that only shows must not.
_CHANGES = (("mail", "read"),)


class Data:
    def __init__(self, desk: Desk) -> None:
        self._desk, self._diffs = desk, Diffs()
        self.readings: Mapping[str, Callable[[Town, Asked], Any]] = {
            "agent": self._agent, "bead": self._bead, "queue": self._queue, "digest": _digest, "night": _night,
            "mail": _mail, "events": _events, "costs": lambda town, asked: costs(town),
            "screen": self._screen,
        }  # fmt: skip

    def reading(self, name: str) -> Callable[[Request], Any]:
        """The route that answers with it."""
        ask = self.readings[name]

        async def read(request: Request) -> Response:
            asked = dict(request.query_params)
            wait = self._desk.compare if name in _SLOW else self._desk.read
            return _json(await wait(lambda town: _encode(ask(town, asked))))

        return read

    async def diff(self, request: Request) -> Response:
        """Not for who just looks on: it saves a snapshot of a worktree before, as gt diff does."""
        given = await read_object(request)
        what = _needed(given, "of")

        def compare(town: Town) -> bytes:
            found = find_diff(town, what)
            head, files, cut = split(found.text)
            id = self._diffs.add(found, files)
            acts = self._acts_for(found.bead, found.head)
            self._desk.offers.add_document(id, acts)
            return _encode(
                {
                    "diff": id, "of": what, "title": self._title(found.bead), "tree": found.head, "bead": found.bead,
                    "author": found.author, "head_lines": head, "files": files, "cut": cut,
                    "acts": [self._desk.offers.offer(act) for act in acts],
                }
            )  # fmt: skip

        return _json(await self._desk.compare(compare))

    def _acts_for(self, bead: str | None, head: str) -> tuple[Act, ...]:
        """What answers the request that waits with this work: for just this head."""
        rows = self._desk.parts.model.seen or Snapshot()
        need = next((need for need in rows.needs if need.bead == bead and need.kind in AT_REQUESTS), None)
        row = self._desk.parts.find_row(f"need {need.kind} {need.id}") if need else None
        acts = row.acts if row else ()
        return tuple(for_head(act, head) for act in acts if not act.shows and not act.goes)

    def _title(self, bead: str | None) -> str:
        seen = self._desk.parts.model.seen or Snapshot()
        return next((each.title for each in (*seen.beads, *seen.landed) if each.id == bead), "")

    def comment_act(self, given: Mapping[str, Any]) -> Act:
        return self._diffs.comment(given)

    async def suggest(self, request: Request) -> Response:
        given = await read_object(request)
        text = str(given.get("line") or "")[:LONGEST_LINE]
        return _json(_encode(suggest(self._desk.parts.model, text, self._desk.read_only)))

    async def show_line(self, words: tuple[str, ...]) -> Response:
        """What a verb that reads says."""

        def read(town: Town) -> bytes:
            shown = open_document(town, Open(words))
            return _encode({"reach": "shown", "title": shown.title, "lines": shown.lines})

        return _json(await self._desk.compare(read))

    async def open(self, request: Request) -> Response:
        """What the feed shows at enter, or for an act that shows something."""
        given = await read_object(request)
        asked = self._find_open(given)
        if self._desk.read_only and asked.line[:2] in _CHANGES:
            raise BadRequestError("this dashboard only shows: that would be read then", 403)

        def read(town: Town) -> bytes:
            shown = open_document(town, asked)
            id = f"{shown.title} {shown.tree}"
            self._desk.offers.add_document(id, shown.acts)
            acts = [self._desk.offers.offer(act) for act in shown.acts]
            return _encode({"title": shown.title, "lines": shown.lines, "acts": acts})

        return _json(await self._desk.compare(read))

    def _find_open(self, given: Mapping[str, Any]) -> Open:
        if "act" in given:
            act = self._desk.offers.find(str(given["act"]))
            if act is None or not act.shows:
                raise BadRequestError("it changed: look again", 409)
            return Open(act.lines()[0])
        row = self._desk.parts.find_row(str(given.get("row") or ""))
        if row is None or not row.opens:
            raise NotFoundError("there is nothing more to show of it")
        return Open(row.opens, row.acts, row.agent, row.bead)

    def _agent(self, town: Town, asked: Asked) -> Any:
        address = lookup.resolve_agent(town, _needed(asked, "address"))
        told = [harmless(line.strip()) for line in explain(town, address).reasons()]
        return {
            "agent": show_agent(town, address), "attach": f"gt attach {address}", "health": told,
            "worker": self._desk.parts.find_item("workers", address),
        }  # fmt: skip

    def _screen(self, town: Town, asked: Asked) -> Any:
        address = lookup.resolve_agent(town, _needed(asked, "agent"))
        return self._desk.screens.history(town, address, min(_count(asked.get("lines", "500")), MOST_HISTORY))

    def _bead(self, town: Town, asked: Asked) -> Any:
        bead = lookup.resolve_bead(town, _needed(asked, "id"))
        row = self._desk.parts.find_row(f"bead {bead.id}")
        acts = row.acts if row else acts_on_bead(bead.id, bead.assignee)
        self._desk.offers.add_document(f"bead {bead.id}", acts)
        return {"bead": show_bead(town, bead), "acts": [self._desk.offers.offer(act) for act in acts]}

    def _queue(self, town: Town, asked: Asked) -> Any:
        seen = self._desk.parts.model.seen or Snapshot()
        return {"rigs": seen.refineries, "requests": seen.requests, "gates": seen.gates}


def _digest(town: Town, asked: Asked) -> Any:
    """Never moves the mark of who has read how far: that is done by whoever reads it to its end."""
    value = digest(town, asked.get("since") or None).value
    return {**document(value), "text": to_text(value, clock.local_time(value.since))}


def _night(town: Town, asked: Asked) -> Any:
    zone = asked.get("zone", "0")
    minutes = int(zone) if zone.removeprefix("-").isdecimal() and zone.isascii() and len(zone) < 6 else 0
    return read_night(town, asked.get("since") or "12h", minutes)


def _mail(town: Town, asked: Asked) -> Any:
    return inbox(town, OVERSEER)


def _events(town: Town, asked: Asked) -> Any:
    limit = _count(asked.get("limit", "300"))
    found = list_events(town.db, since=moment(asked.get("since") or "1h"), type=asked.get("type") or None, titled=True)
    return list(reversed(found))[: min(limit, MOST_EVENTS)]


def _count(word: str) -> int:
    if not (word.isascii() and word.isdecimal() and len(word) < 10):
        raise UsageError(f"{word!r} is no whole number")
    return int(word)


def _needed(given: Mapping[str, Any], name: str) -> str:
    value = given.get(name)
    if not isinstance(value, str) or not value:
        raise UsageError(f"{name} is missing")
    return value


def _encode(value: Any) -> bytes:
    return to_json(tame(document(value)), indent=None).encode(errors="replace")


def tame(data: Any) -> Any:
    """The same with texts that can reorder and hide nothing; lines stay lines."""
    match data:
        case str():
            return data if data.isascii() and data.isprintable() else "\n".join(map(harmless, data.split("\n")))
        case dict():
            return {tame(key): tame(inner) for key, inner in data.items()}
        case list():
            return [tame(inner) for inner in data]
        case _:
            return data


def _json(body: bytes) -> Response:
    return Response(body, media_type="application/json")
