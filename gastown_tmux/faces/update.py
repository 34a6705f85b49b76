"""From one model and what happened to the next, and what is to be done: pure, for every face."""

from collections.abc import Iterable, Mapping, Sequence
from typing import assert_never

from gastown_tmux.dataclass import replace
from gastown_tmux.domain.agents import AgentState, SessionState
from gastown_tmux.domain.events import Event, EventType
from gastown_tmux.faces.model import (
    Began,
    Captured,
    Chose,
    Command,
    Ended,
    Happened,
    Message,
    Mode,
    Model,
    Opened,
    Pasted,
    Pointed,
    Pressed,
    Resized,
    Saw,
    Troubled,
)  # fmt: skip
from gastown_tmux.faces.pressing import open_row, press, type_text
from gastown_tmux.faces.rows import Panel, list_rows
from gastown_tmux.faces.snapshot import Snapshot
from gastown_tmux.verbs.text import harmless

MOST_EVENTS = 300
#: Of agents' and sessions' states, those that are what a person sees of an agent.
_SHOWN = {
    EventType.SESSION_CHANGED: (SessionState.WORKING, SessionState.IDLE, SessionState.WAITING, SessionState.READY),
    EventType.AGENT_CHANGED: (AgentState.FAILED, AgentState.LIMITED, AgentState.PAUSED, AgentState.BACKOFF),
}


def update(model: Model, message: Message) -> tuple[Model, tuple[Command, ...]]:
    """The selection stays on its thing, wherever that stands now; where it is gone, on what took its place."""
    match message:
        case Saw(seen=seen, at=at):
            return _arrange(replace(model, seen=seen, now=at), model), ()
        case Happened(events=(), at=at):
            return replace(model, now=at), ()
        case Happened(events=events, at=at):
            return _arrange(_take(model, events, at), model), ()
        case Troubled(reason=reason):
            return replace(model, trouble=reason), ()
        case Pressed(key=key, at=at):
            was = replace(model, now=at)
            now, commands = press(was)(key)
            return _keep_rows(was, now), commands
        case Pasted(text=text):
            typed = type_text(model, harmless(" ".join(text.split())))
            return _keep_rows(model, typed), ()
        case Pointed(id=id, at=at, twice=twice):
            if model.document is not None or model.mode is not Mode.BROWSE:
                return model, ()
            chosen = replace(model, selected={**model.selected, model.panel: id}, now=at)
            return (chosen, open_row(chosen)) if twice else (chosen, ())
        case Chose(panel=panel):
            return _keep_rows(model, replace(model, panel=panel, document=None)), ()
        case Resized(page=page):
            return replace(model, page=max(1, page)), ()
        case Captured(screen=screen):
            return replace(model, screen=screen), ()
        case Began(line=line):
            return replace(model, busy=(*model.busy, line), said="", failed=False), ()
        case Ended(line=line, text=text, failed=failed):
            return replace(_without(model, line), said=text, failed=failed), ()
        case Opened(line=line, document=document):
            return replace(_without(model, line), document=document, cursor=0, said=""), ()
        case _:
            assert_never(message)


def _without(model: Model, line: str) -> Model:
    left = list(model.busy)
    if line in left:
        left.remove(line)
    return replace(model, busy=tuple(left))


def _take(model: Model, events: Sequence[Event], at: float) -> Model:
    """The newest first, each once; what they say of agents is shown before all is read again."""
    last = model.events[0].seq if model.events else -1
    fresh = [event for event in events if event.seq > last]
    seen = model.seen and _apply(model.seen, fresh)
    return replace(model, events=(*reversed(fresh), *model.events)[:MOST_EVENTS], seen=seen, now=at)


def _apply(seen: Snapshot, events: Iterable[Event]) -> Snapshot:
    states: dict[str, str] = {}
    for event in events:
        state = event.data.get("state")
        if isinstance(state, str) and state in _SHOWN.get(event.type, ()):  # type: ignore[call-overload]
            states[event.subject] = state
    if not states:
        return seen
    workers = tuple(
        replace(worker, view=replace(worker.view, state=states.get(worker.view.address, worker.view.state)))
        for worker in seen.workers
    )
    return replace(seen, workers=workers)


def _keep_rows(was: Model, now: Model) -> Model:
    """After what a person did: what changes by that does not count as moved."""
    if (was.panel, was.filter) == (now.panel, now.filter):
        return now
    return replace(_arrange(now, now), moved=now.moved)


def _arrange(now: Model, was: Model) -> Model:
    """With the rows that it must have, and a selection among them."""
    if now.seen is None:
        return now
    rows = list_rows(now.seen, now.events, now.panel, now.filter, was.rows)
    place = was.index
    ids = [row.id for row in rows]
    selected: Mapping[Panel, str] = now.selected
    chosen = selected.get(now.panel)
    if chosen is not None and chosen not in ids:
        chosen = ids[min(place, len(ids) - 1)] if ids else None
    if chosen is None and ids and now.panel is not Panel.EVENTS:
        chosen = ids[0]
    selected = {panel: id for panel, id in selected.items() if panel is not now.panel}
    if chosen is not None:
        selected[now.panel] = chosen
    arranged = replace(now, rows=rows, selected=selected)
    return replace(arranged, moved=now.now) if _top(was) != _top(arranged) else arranged


def _top(model: Model) -> list[tuple[str, str | None]]:
    """What a person who looks at the selection sees at it and above it."""
    return [(row.id, row.digest) for row in model.rows[: model.index + 1]]
