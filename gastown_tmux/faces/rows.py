"""The rows of each panel, made of a snapshot: what stands in a list, and what it is about."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from enum import StrEnum

from gastown_tmux.dataclass import dataclass
from gastown_tmux.domain.addresses import OVERSEER, Address
from gastown_tmux.domain.events import Event
from gastown_tmux.domain.ids import BeadId
from gastown_tmux.domain.needs import AT_REQUESTS, Need, NeedKind
from gastown_tmux.domain.runs import RunState
from gastown_tmux.domain.signs import SIGNS
from gastown_tmux.domain.work import OVER, Bead, ConvoyState
from gastown_tmux.faces.snapshot import Snapshot, Worker
from gastown_tmux.faces.waves import Waves, convoy_waves, run_waves
from gastown_tmux.verbs.acts import Act, acts_on, acts_on_agent, acts_on_bead, acts_on_mail, acts_on_run
from gastown_tmux.verbs.text import harmless


class Panel(StrEnum):
    """In the order of their numbers."""

    TOWN = "town"
    AGENTS = "agents"
    BEADS = "beads"
    CONVOYS = "convoys"
    QUEUE = "queue"
    MAIL = "mail"
    EVENTS = "events"


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a list. ``id`` is its own among all rows there ever were; ``section`` the heading it stands under;
    ``state`` the word whose colour and sign it has; ``head`` names it, ``title`` says what it is, ``more`` what
    there is beside it, ``since`` a time whose age is shown. Nothing in it can harm a terminal.

    ``agent``, ``bead``, ``digest``: what acts and views of it are about. ``opens`` is the line that shows all of it.
    ``waves``: of what is made of many that is not over.
    """

    id: str
    section: str
    state: str
    head: str
    title: str
    more: str = ""
    since: str = ""
    acts: tuple[Act, ...] = ()
    agent: Address | None = None
    bead: BeadId | None = None
    digest: str | None = None
    opens: tuple[str, ...] = ()
    waves: Waves = ()

    @property
    def sign(self) -> str:
        return SIGNS.get(self.state, " ")


def list_rows(
    seen: Snapshot, events: Sequence[Event], panel: Panel, words: str = "", known: Sequence[Row] = ()
) -> tuple[Row, ...]:
    """Those that have every one of the words, in their order. ``known`` rows of events are not made again."""
    rows = _events(events, known) if panel is Panel.EVENTS else _PANELS[panel](seen, events)
    wanted = words.lower().split()
    return tuple(row for row in rows if all(word in _text(row) for word in wanted)) if wanted else tuple(rows)


def _text(row: Row) -> str:
    return f"{row.section} {row.state} {row.head} {row.title} {row.more} {row.agent} {row.bead}".lower()


def _town(seen: Snapshot, events: Sequence[Event]) -> Iterator[Row]:
    """First what needs a person, then who works, then what waits and why, then what landed."""
    needs = {need.agent: need for need in reversed(seen.needs) if need.kind not in AT_REQUESTS}
    for need in seen.needs:
        yield _need(need, seen)
    asking = {need.id for need in seen.needs}
    for worker in seen.workers:
        if worker.view.address not in asking and (worker.view.state not in ("off", "dead") or worker.view.bead):
            yield _worker(worker, needs, "at work")
    own = {need.bead for need in seen.needs}
    for bead in seen.beads:
        if bead.id in seen.waits and bead.id not in own:
            yield _bead(bead, seen, "waiting")
    for request in seen.requests:
        if request.state != "held":
            yield _request(request, seen, "in the queue")
    for bead in seen.landed:
        yield _bead(bead, seen, "landed")


def _need(need: Need, seen: Snapshot) -> Row:
    acts = list(acts_on(need))
    worker = next((worker for worker in seen.workers if worker.view.address == need.agent), None)
    if worker is not None and need.agent == need.id:
        keys = {act.key for act in acts}
        acts += [act for act in acts_on_agent(need.agent, need.bead, worker.view.state) if act.key not in keys]
    opens = next((tuple(step.split()[1:]) for step in need.next if step.split()[1:2] != ["attach"]), ())
    shows = next((act.commands[0] for act in acts if act.shows), opens if opens[1:2] in (("show",), ("inbox",)) else ())
    return Row(
        id=f"need {need.kind} {need.id}",
        section="needs you",
        state="waiting",
        head=f"{need.kind} {need.id}",
        title=_line(need.title),
        more=_line(need.reason) if need.kind is not NeedKind.APPROVAL else "",
        since=need.since or "",
        acts=tuple(acts),
        agent=need.agent if need.agent != OVERSEER else None,
        bead=need.bead,
        digest=need.digest,
        opens=shows,
    )


def _worker(worker: Worker, needs: Mapping[Address, Need], section: str) -> Row:
    view = worker.view
    acts = acts_on_agent(view.address, view.bead, view.state)
    digest = None
    if (need := needs.get(view.address)) is not None:
        own = acts_on(need)
        acts, digest = (*own, *(act for act in acts if act.key not in {one.key for one in own})), need.digest
    told = [worker.last_line, view.reason if view.state not in ("working", "idle", "ready") else None]
    return Row(
        id=f"agent {view.address}",
        section=section,
        state=view.state,
        head=str(view.address),
        title=_line(worker.title) or view.state,
        more=" · ".join(filter(None, (view.provider, worker.cost, *(_line(words or "") for words in told)))),
        since=view.since,
        acts=acts,
        agent=view.address,
        bead=view.bead,
        digest=digest,
        opens=("log", view.address),
    )


def _agents(seen: Snapshot, events: Sequence[Event]) -> Iterator[Row]:
    needs = {need.agent: need for need in reversed(seen.needs) if need.kind not in AT_REQUESTS}
    for worker in seen.workers:
        yield _worker(worker, needs, worker.view.rig or "town")


def _bead(bead: Bead, seen: Snapshot, section: str = "") -> Row:
    waits = seen.waits.get(bead.id, ())
    worker = bead.assignee or (f"@{bead.host}" if bead.host else "")
    landed = f"{(bead.merged_commit or '')[:10]} {worker}".strip()
    more = landed if bead.merged_commit else "; ".join(wait.reason for wait in waits) or bead.reason or ""
    return Row(
        id=f"bead {bead.id}",
        section=section or ("over" if bead.state in OVER else "to do"),
        state=bead.state,
        head=bead.id,
        title=_line(bead.title),
        more=_line(more),
        since=bead.updated,
        acts=acts_on_bead(bead.id, bead.assignee),
        agent=bead.assignee,
        bead=bead.id,
        opens=("bead", "show", bead.id),
    )


def _beads(seen: Snapshot, events: Sequence[Event]) -> Iterator[Row]:
    for bead in seen.beads:
        yield _bead(bead, seen)
    known = {bead.id for bead in seen.beads}
    for bead in seen.landed:
        if bead.id not in known:
            yield _bead(bead, seen)


def _convoys(seen: Snapshot, events: Sequence[Event]) -> Iterator[Row]:
    for convoy in seen.convoys:
        done = f"{convoy.done} of {convoy.total}"
        yield Row(
            f"convoy {convoy.id}", "convoys", convoy.state, convoy.id, _line(convoy.name), done,
            convoy.landed or convoy.created, opens=("convoy", "show", convoy.id),
            waves=convoy_waves(convoy, seen) if convoy.state == ConvoyState.OPEN else (),
        )  # fmt: skip
    for run in seen.runs:
        now = next((step.title for step in run.steps if step.state == "working"), "")
        more = " · ".join(filter(None, (f"{run.done} of {run.total}", _line(now), _line(run.reason or ""))))
        yield Row(
            f"run {run.id}", "runs", run.state, run.id, _line(run.title), more, run.updated,
            acts_on_run(run.id, run.state), bead=run.bead, opens=("run", "show", run.id),
            waves=() if run.state == RunState.DONE else run_waves(run),
        )  # fmt: skip


def _request(request, seen: Snapshot, section: str) -> Row:  # type: ignore[no-untyped-def]
    gate = next((line for line in reversed(seen.gates.get(request.id, "").splitlines()) if line.strip()), "")
    need = next((need for need in seen.needs if need.kind in AT_REQUESTS and need.id == request.id), None)
    acts = acts_on(need) if need else acts_on_bead(request.bead, request.author)
    place = f"#{request.position}" if request.position else ""
    more = " · ".join(filter(None, (place, str(request.author), _line(request.reason or ""), _line(gate))))
    return Row(
        f"request {request.id}", section, request.state, request.id, _line(request.title), more, request.updated, acts,
        request.author, request.bead, request.head, opens=("mq", "show", request.id),
    )  # fmt: skip


def _queue(seen: Snapshot, events: Sequence[Event]) -> Iterator[Row]:
    for rig in seen.refineries:
        state = "paused" if rig.queue == "paused" else "working" if rig.running else "idle"
        words = f"lands in {rig.target}"
        resume = Act("p", "go on", (("mq", "resume", "--rig", rig.rig),))
        pause = Act("p", "pause", (("mq", "pause", "--rig", rig.rig),))
        yield Row(
            f"rig {rig.rig}", f"queue of {rig.rig}", state, rig.rig, words, _line(rig.reason or ""),
            acts=(resume if rig.queue == "paused" else pause,), opens=("rig", "show", rig.rig),
        )  # fmt: skip
        for request in seen.requests:
            if request.rig == rig.rig:
                yield _request(request, seen, f"queue of {rig.rig}")


def _mail(seen: Snapshot, events: Sequence[Event]) -> Iterator[Row]:
    for mail in seen.mails:
        yield Row(
            f"mail {mail.id}", "read" if mail.read else "unread", "closed" if mail.read else "waiting",
            _line(mail.from_), _line(mail.subject), mail.type, mail.date, acts_on_mail(mail.id), bead=mail.bead,
            opens=("mail", "read", mail.id),
        )  # fmt: skip


def _events(events: Iterable[Event], known: Sequence[Row]) -> Iterator[Row]:
    made = {row.id: row for row in known}
    for event in events:
        row = made.get(f"event {event.seq}")
        yield row if row is not None else _event(event)


def _event(event: Event) -> Row:
    told = " ".join(f"{key}={value}" for key, value in event.data.items() if value not in (None, "", []))
    return Row(
        f"event {event.seq}", "events", event.type.partition(".")[2], event.type, _line(event.subject),
        _line(f"{told} by {event.actor}"), event.time,
    )  # fmt: skip


def _line(text: str) -> str:
    return harmless(" ".join(text.split()))


_PANELS: Mapping[Panel, Callable[[Snapshot, Sequence[Event]], Iterable[Row]]] = {
    Panel.TOWN: _town,
    Panel.AGENTS: _agents,
    Panel.BEADS: _beads,
    Panel.CONVOYS: _convoys,
    Panel.QUEUE: _queue,
    Panel.MAIL: _mail,
}
