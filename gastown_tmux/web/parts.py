"""The model as a page gets it: a head, and lists of which only what has changed is sent."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from gastown_tmux.dataclass import dataclass, values_of
from gastown_tmux.domain.needs import Need
from gastown_tmux.domain.signs import count_groups
from gastown_tmux.faces.model import Happened, Model, Saw, Troubled
from gastown_tmux.faces.rows import Panel, Row, list_rows
from gastown_tmux.faces.snapshot import Snapshot, Worker
from gastown_tmux.faces.update import update
from gastown_tmux.faces.waves import Waves, sum_up
from gastown_tmux.verbs.acts import Act, acts_on, acts_on_agent
from gastown_tmux.verbs.keys import MOVES
from gastown_tmux.verbs.text import harmless
from gastown_tmux.web.offers import Offer, Offers

#: What an event alone may change, before all is read again.
_LIVELY = (Panel.TOWN, Panel.AGENTS)
#: Of a convoy or run with more, a page gets counts.
_MOST_MEMBERS = 200
_PANELS = tuple(panel for panel in Panel if panel is not Panel.EVENTS)


Item = tuple[object, str, dict[str, Offer]]


@dataclass(frozen=True, slots=True)
class _Part:
    """``items`` by id: what each was made of, its JSON and what is offered with it; in their order."""

    items: Mapping[str, Item]


class Parts:
    """One thread takes in messages of the faces' core; each answer is the JSON of what that changes, or None."""

    def __init__(self, offers: Offers, fixed: Mapping[str, Any]) -> None:
        """``fixed`` is what the head has that never changes."""
        self._offers, self._fixed = offers, dict(fixed)
        self._model = Model(panel=Panel.EVENTS)
        self._parts: dict[str, _Part] = {}
        self._head = ""

    @property
    def model(self) -> Model:
        return self._model

    def take(self, message: Saw | Happened | Troubled) -> str | None:
        was = self._model
        self._model = now = update(was, message)[0]
        changed: list[str] = []
        if now.rows is not was.rows:
            changed += self._put("events", ((row.id, row) for row in now.rows))
        if now.seen is not None and now.seen is not was.seen:
            panels = _PANELS if isinstance(message, Saw) else _LIVELY
            for panel in panels:
                changed += self._put(panel, ((row.id, row) for row in list_rows(now.seen, now.events, panel)))
            changed += self._put("workers", ((worker.view.address, worker) for worker in now.seen.workers))
            if isinstance(message, Saw):
                changed += self._put("needs", ((f"need {need.kind} {need.id}", need) for need in now.seen.needs))
        head = json.dumps(self._describe_head(), ensure_ascii=False)
        same, self._head = head == self._head, head
        if same and not changed:
            return None
        return _message(None if same else head, changed, whole=False)

    def whole(self) -> str:
        """All there is, for a page that knows nothing."""
        parts = [_delta(name, part.items, part.items) for name, part in list(self._parts.items())]
        return _message(self._head or json.dumps(self._describe_head(), ensure_ascii=False), parts, whole=True)

    def find_item(self, part: str, id: str) -> Any:
        """As a page has it; None where it is not there."""
        found = self._parts.get(part)
        return json.loads(found.items[id][1]) if found is not None and id in found.items else None

    def find_row(self, id: str) -> Row | None:
        for part in list(self._parts.values()):
            if id in part.items and isinstance(found := part.items[id][0], Row):
                return found
        return None

    def _put(self, name: str, things: Iterable[tuple[str, Row | Worker | Need]]) -> list[str]:
        """The delta of that part; nothing where it is as it was."""
        part = self._parts.get(name)
        before: Mapping[str, Item] = part.items if part else {}
        items: dict[str, Item] = {}
        fresh: dict[str, Item] = {}
        offered: dict[str, Offer] = {}
        for id, thing in things:
            known = before.get(id)
            if known is not None and (known[0] is thing or known[0] == thing):
                items[id] = known
            else:
                text = json.dumps(self._describe(id, thing), ensure_ascii=False)
                items[id] = thing, text, self._offers.make(_acts_of(thing))
                if known is None or known[1] != text:
                    fresh[id] = items[id]
            offered |= items[id][2]
        if part is not None and not fresh and list(items) == list(before):
            self._parts[name] = _Part(items)
            return []
        self._parts[name] = _Part(items)
        self._offers.set_current(name, offered)
        return [_delta(name, items, fresh)]

    def _describe(self, id: str, thing: Row | Worker | Need) -> dict[str, Any]:
        acts = [self._offers.offer(act, digest) for act, digest in _acts_of(thing)]
        match thing:
            case Row():
                return {
                    "id": id, "section": thing.section, "state": str(thing.state), "sign": thing.sign.strip(),
                    "head": thing.head, "title": thing.title, "more": thing.more, "since": thing.since,
                    "agent": thing.agent, "bead": thing.bead, "digest": thing.digest, "acts": acts,
                    "opens": list(thing.opens), "waves": _describe_waves(thing.waves),
                }  # fmt: skip
            case Need():
                return {
                    "id": id, "kind": thing.kind, "thing": thing.id, "title": harmless(thing.title),
                    "reason": "\n".join(map(harmless, thing.reason.split("\n"))), "since": thing.since,
                    "agent": thing.agent, "bead": thing.bead, "digest": thing.digest, "urgency": thing.urgency,
                    "next": [harmless(step) for step in thing.next], "acts": acts,
                }  # fmt: skip
            case Worker(view=view):
                return {
                    "id": id, "address": view.address, "role": view.role, "rig": view.rig, "provider": view.provider,
                    "state": view.state, "health": view.health, "bead": view.bead, "title": harmless(thing.title),
                    "cost": thing.cost, "last_line": harmless(thing.last_line), "since": view.since,
                    "reason": harmless(view.reason or ""), "live": view.pane is not None, "acts": acts,
                }  # fmt: skip

    def _describe_head(self) -> dict[str, Any]:
        seen = self._model.seen or Snapshot()
        return {
            **self._fixed, "town": seen.name or self._fixed.get("town", ""), "wanted": seen.wanted,
            "alive": seen.alive, "frozen": seen.frozen, "notes": [harmless(note) for note in seen.notes],
            "more_beads": seen.more_beads, "trouble": self._model.trouble, "moves": MOVES,
            "read": self._model.seen is not None,
            "counts": count_groups(Counter(worker.view.state for worker in seen.workers)),
        }  # fmt: skip


def _describe_waves(waves: Waves) -> list[list[dict[str, Any]]] | str:
    """Of more than can be looked at, the sum."""
    if sum(map(len, waves)) > _MOST_MEMBERS:
        return "".join(text for text, _ in sum_up(waves))
    return [[{**values_of(member), "sign": member.sign} for member in wave] for wave in waves]


def _acts_of(thing: object) -> Iterable[tuple[Act, str | None]]:
    match thing:
        case Row():
            return [(act, thing.digest) for act in thing.acts]
        case Need():
            return [(act, thing.digest) for act in acts_on(thing)]
        case Worker(view=view):
            return [(act, None) for act in acts_on_agent(view.address, view.bead, view.state)]
        case _:
            return []


def _delta(name: str, items: Mapping[str, Item], fresh: Mapping[str, Item]) -> str:
    order = json.dumps(list(items), ensure_ascii=False)
    told = ",".join(f"{json.dumps(id, ensure_ascii=False)}:{text}" for id, (_, text, _) in fresh.items())
    return f'"{name}":{{"order":{order},"items":{{{told}}}}}'


def _message(head: str | None, parts: Iterable[str], whole: bool) -> str:
    told = f'"head":{head},' if head is not None else ""
    return f'{{"whole":{"true" if whole else "false"},{told}"parts":{{{",".join(parts)}}}}}'
