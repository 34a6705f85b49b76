"""Hosts: other machines, each with a town of its own, that beads are given to."""

from collections.abc import Sequence
from typing import Any

from gastown_tmux.dataclass import dataclass
from gastown_tmux.domain.delegations import Stage, count_by_host
from gastown_tmux.domain.following import clock_words
from gastown_tmux.domain.hosts import PROTOCOL, Facts, Host, HostState, find_misfit
from gastown_tmux.domain.ids import Time, parse_name
from gastown_tmux.domain.post import is_home_name
from gastown_tmux.domain.quoting import one_line
from gastown_tmux.edges.hosts.prefix import AwayError, Prefix, Ran
from gastown_tmux.edges.hosts.ssh import Host as SshHost
from gastown_tmux.errors import GtError, MissingError, NotFoundError, RefusedError, UsageError
from gastown_tmux.operations.town.town import Answer, Town
from gastown_tmux.operations.workforce.remote_gt import find_gt, put_gt
from gastown_tmux.reading import json_value
from gastown_tmux.store import hosts as rows
from gastown_tmux.store.db import TakenError
from gastown_tmux.store.delegations import get_bead_host, list_open, move_delegation
from gastown_tmux.store.following import find_followed
from gastown_tmux.store.meta import get_meta

#: Of one question that changes little there.
ASK_SECONDS = 30.0
#: A first start there compiles what it imports.
FIRST_SECONDS = 120.0
_NO_TOWN = 3
_USAGE = 2


class UnfitError(RefusedError):
    """The gt there is of a version that ours cannot use."""


@dataclass(frozen=True, slots=True)
class HostView:
    """A host as people see it. ``since``: when its trouble began; ``beads``: how many it has of ours. ``clock``: how
    far it is off, where it is; ``restored``: when the town there was found to have gone back to an older backup.
    ``allowed``: the providers that a person lets it have work for, where that is not all.
    """

    name: str
    prefix: tuple[str, ...]
    state: str
    version: str
    agents: int
    capacity: int
    beads: int
    last_heard: Time | None
    trouble: str | None
    since: Time | None
    providers: tuple[str, ...]
    allowed: tuple[str, ...]
    labels: tuple[str, ...]
    town: str
    gt: str
    clock: str | None
    restored: Time | None


def view(town: Town, host: Host) -> HostView:
    has = count_by_host(list_open(town.db, host.name)).get(host.name, 0)
    seen = find_followed(town.db, host.name, host.key)
    return HostView(
        host.name, host.prefix, host.state, host.version, host.agents, host.capacity, has, host.last_heard,
        host.trouble, host.trouble_since,
        host.providers, host.allowed, host.labels, host.town, host.gt, clock_words(seen.ahead), seen.restored,
    )  # fmt: skip


def list_hosts(town: Town) -> list[HostView]:
    """As they were heard last: nobody is asked now."""
    return [view(town, host) for host in rows.list_hosts(town.db)]


def show_host(town: Town, host: Host) -> HostView:
    return view(town, host)


def reach(town: Town, host: Host, *, asks: bool = True) -> Prefix:
    """The way there, with the shared connection of ssh where that is the way. ``asks``: for that a person may be asked
    for a password. Raises AwayError, MissingError.
    """
    return _prefix(town, host.name, host.prefix, host.target, asks=asks)


def _prefix(town: Town, name: str, prefix: Sequence[str], target: str | None, *, asks: bool = True) -> Prefix:
    if target is None:
        return Prefix(name, prefix, town.environment)
    ssh = _open_ssh(town, target)
    try:
        ssh.connect(asks=asks and town.is_person)
    except MissingError:
        raise
    except GtError as error:
        raise AwayError(error.message, error.hint, whole=error.whole) from None
    return Prefix(name, ssh.words, town.environment)


def is_connected(town: Town, target: str) -> bool:
    """Whether ssh has its shared connection there."""
    return _open_ssh(town, target).is_connected()


def _open_ssh(town: Town, target: str) -> SshHost:
    config = town.settings().get("ssh.config")
    return SshHost(target, str(config) if config else None, town.environment)


def ask(
    town: Town, host: Host, words: Sequence[str], *, data: bytes = b"", seconds: float = ASK_SECONDS, asks: bool = True
) -> Any:  # fmt: skip
    """The JSON document that the gt there answers such a line with; what was heard of it is noted.

    Raises AwayError where it is not known whether it was carried out, and GtError with the words of the gt there.
    """
    return _read(host.name, run_there(town, host, [*words, "--json"], data=data, seconds=seconds, asks=asks))


def run_there(
    town: Town, host: Host, words: Sequence[str], *, data: bytes = b"", seconds: float = ASK_SECONDS, asks: bool = True
) -> Ran:  # fmt: skip
    """What ``gt WORDS`` gave there; what was heard of the host is noted. Raises AwayError."""
    try:
        ran = reach(town, host, asks=asks).run([host.gt, "--town", host.town, *words], seconds=seconds, data=data)
    except AwayError as error:
        with town.change() as change:
            rows.note_trouble(change, host.name, error.message)
        raise
    if host.trouble is not None or host.last_heard is None:
        with town.change() as change:
            rows.note_heard(change, host.name)
    return ran


def require_done(name: str, ran: Ran) -> None:
    """Raises what the gt there complained of: NotFoundError where it knows nothing of that, else GtError."""
    if ran.status != 0:
        line = next((line for line in ran.said.splitlines() if line.startswith("gt: ")), f"status {ran.status}")
        kind = NotFoundError if ran.status == NotFoundError.exit_code else GtError
        raise kind(f"{name} answers: {one_line(line.removeprefix('gt: '))}", whole=ran.said)


def _read(name: str, ran: Ran) -> Any:
    require_done(name, ran)
    document = json_value(ran.out)
    if document is None:
        raise GtError(f"{name} does not answer with JSON", whole=ran.out[:2000].decode(errors="replace"))
    return document


def add_host(
    town: Town, name: str, prefix: Sequence[str], *, capacity: int | None = None, labels: Sequence[str] = (),
    path: str | None = None, yes: bool = False,
) -> Answer:  # fmt: skip
    """``prefix`` is what ssh takes, or several words (or one that is a path).

    A fitting gt there is used; without one ours is put there, where a person agrees. The town there is made where there
    is none. Raises UnfitError for a gt of another version, RefusedError for a name that is another host's.
    """
    if is_home_name(parse_name(name, "host")):
        raise UsageError(f"{name!r} is what a host calls the town that gives it work", hint="choose another name")
    if capacity is not None and capacity < 1:
        raise UsageError("--capacity is at least 1", hint=f"gt host park {name} gives it nothing")
    prefix, target = _read_prefix(prefix)
    known = rows.find_host(town.db, name)
    if known is not None:
        if known.prefix != prefix or (path is not None and known.town != path):
            raise RefusedError(f"host {name} is there already: {' '.join(known.prefix)}", hint="choose another name")
        return _set_terms(town, known, limit=capacity or known.limit, labels=labels or known.labels)
    way = _prefix(town, name, prefix, target)
    town.say(f"asking {name}")
    gt, facts = _settle(town, way, path, yes=yes, make=True)
    _refuse_known(town, name, facts)
    _read(name, way.run([gt, "--town", facts.path, "host", "self", "--up", "--json"], seconds=FIRST_SECONDS))
    try:
        with town.change() as change:
            rows.insert_host(
                change, name, prefix=prefix, target=target, gt=gt, limit=capacity, labels=labels, facts=facts
            )
    except TakenError:
        raise RefusedError(f"host {name} was added a moment ago", hint=f"gt host show {name}") from None
    host = rows.get_host(town.db, name)
    programs = ", ".join(host.providers) or "no agent program yet"
    text = f"host {name}: the town {host.town}, gt {host.version}, {host.capacity} beads at once, {programs}"
    return Answer(view(town, host), f"{text}\nnext: gt sling BEAD RIG@{name}")


def _read_prefix(words: Sequence[str]) -> tuple[tuple[str, ...], str | None]:
    """The prefix, and what ssh takes, where that is the way."""
    target = words[0] if len(words) == 1 and "/" not in words[0] else None
    return (("ssh", target) if target is not None else tuple(words)), target


def set_host(
    town: Town, host: Host, prefix: Sequence[str] = (), *, capacity: int | None = None, labels: Sequence[str] = (),
    providers: Sequence[str] = (),
) -> Answer:  # fmt: skip
    """Changes what is given, and keeps the rest. ``capacity`` 0: as many as it takes itself; an empty label: none; an
    empty provider: all. A new ``prefix`` must lead to the same town. Raises UsageError, AwayError, RefusedError.
    """
    if capacity is not None and capacity < 0:
        raise UsageError("--capacity is at least 0", hint=f"gt host park {host.name} gives it nothing")
    words, target = _read_prefix(prefix) if prefix else (host.prefix, host.target)
    if words != host.prefix:
        facts = _ask_itself(_prefix(town, host.name, words, target), host.gt, host.town, host.version)
        if facts.key != host.key:
            raise RefusedError(
                f"{' '.join(words)} leads to another town than that of {host.name}", hint="gt host add, by another name"
            )
    limit = host.limit if capacity is None else capacity or None
    marks = tuple(filter(None, labels)) if labels else host.labels
    allowed = tuple(filter(None, providers)) if providers else host.allowed
    if unknown := [name for name in allowed if name not in host.providers]:
        words_of_it = f"{host.name} has no {', '.join(unknown)}; it has {', '.join(host.providers) or 'none'}"
        raise RefusedError(words_of_it, hint=f"gt host check {host.name}, where it was installed since")
    return _set_terms(town, host, limit=limit, labels=marks, allowed=allowed, prefix=words, target=target)


def _set_terms(
    town: Town, host: Host, *, limit: int | None, labels: Sequence[str], allowed: Sequence[str] | None = None,
    prefix: Sequence[str] | None = None, target: str | None = None,
) -> Answer:  # fmt: skip
    with town.change() as change:
        changed = rows.set_terms(
            change, host.name, limit=limit, labels=labels, allowed=host.allowed if allowed is None else allowed,
            prefix=prefix or host.prefix, target=target if prefix else host.target,
        )  # fmt: skip
    host = rows.get_host(town.db, host.name)
    told = [f"host {host.name} may have {host.capacity} beads at once"]
    told += [f"for {', '.join(host.allowed)}"] if host.allowed else []
    told += [f"and is {', '.join(host.labels)}"] if host.labels else []
    return Answer(view(town, host), ", ".join(told) if changed else f"host {host.name} is there already")


def _refuse_known(town: Town, name: str, facts: Facts) -> None:
    if facts.key == get_meta(town.db, "id"):
        raise RefusedError(f"{name} leads to this town itself", hint="name another machine, or --path of another town")
    for host in rows.list_hosts(town.db):
        if host.key == facts.key and host.name != name:
            raise RefusedError(f"{name} leads to the town of {host.name}", hint=f"gt host show {host.name}")


def _settle(town: Town, way: Prefix, path: str | None, *, yes: bool, make: bool = False) -> tuple[str, Facts]:
    """The gt to use there, put there where it is missing, and what its town says of itself; ``make``: made likewise."""
    ours = _our_version()
    there = find_gt(way)
    gt, facts = there.gt, Facts(0, "", "", "", 0, 0, ())
    if gt is not None:
        version = way.run([gt, "--version"], seconds=FIRST_SECONDS)
        if version.status != 0:
            gt = None
        else:
            said = version.out.decode(errors="replace").strip().removeprefix("gt ")
            facts = _ask_itself(way, gt, path, said, make=make)
    misfit = find_misfit(facts, ours, way.name) if gt is not None else None
    if misfit is not None and facts.protocol > PROTOCOL:
        raise UnfitError(*misfit)
    if gt is None or misfit is not None:
        what = misfit[0] if misfit else f"{way.name} has no gt"
        if not yes and (town.ask(f"{what}. Put gt {ours} into {there.place}? [y/N] ") or "").lower() not in (
            "y",
            "yes",
        ):
            raise MissingError(what, hint="the same line with --yes puts ours there, or install gastown-tmux there")
        gt = put_gt(town, way, there)
        facts = _ask_itself(way, gt, path, ours, make=make)
        if (misfit := find_misfit(facts, ours, way.name)) is not None:
            raise UnfitError(*misfit)
    return gt, facts


def _ask_itself(way: Prefix, gt: str, path: str | None, version: str, *, make: bool = False) -> Facts:
    """``make``: the town there is made where there is none. Else raises NotFoundError: its disk may be missing only."""
    words = [gt, *(["--town", path] if path else []), "host", "self", "--json"]
    ran = way.run(words, seconds=FIRST_SECONDS)
    if ran.status == _NO_TOWN and make:
        made = way.run([gt, "install", *([path] if path else []), "--json"], seconds=FIRST_SECONDS)
        _read(way.name, made)
        ran = way.run(words, seconds=FIRST_SECONDS)
    if ran.status == _USAGE:
        return Facts(0, version, "", "", 0, 0, ())
    return read_facts(_read(way.name, ran))


def read_facts(document: object) -> Facts:
    """Raises GtError for what no gt says."""
    try:
        assert isinstance(document, dict)
        return Facts(
            int(document["protocol"]), str(document["version"]), str(document["key"]), str(document["path"]),
            int(document["agents"]), int(document["places"]), tuple(map(str, document["providers"])),
        )  # fmt: skip
    except (AssertionError, KeyError, TypeError, ValueError):
        raise GtError("what the town there says of itself cannot be read", hint="gt host self --json, there") from None


def check_host(town: Town, host: Host, yes: bool = False) -> Answer:
    """Asks it now. ``yes``: a gt there that does not fit is replaced by ours. Raises AwayError, UnfitError."""
    try:
        way = reach(town, host)
        facts = _ask_itself(way, host.gt, host.town, "of another version")
        gt = host.gt
        misfit = find_misfit(facts, _our_version(), host.name)
        if misfit is not None and yes and facts.protocol < PROTOCOL:
            gt, facts = _settle(town, way, host.town, yes=True)
            misfit = None
    except (AwayError, NotFoundError) as error:
        with town.change() as change:
            rows.note_trouble(change, host.name, error.message)
        raise
    if misfit is not None:
        with town.change() as change:
            rows.note_trouble(change, host.name, misfit[0], unfit=True)
        raise UnfitError(*misfit)
    if facts.key != host.key:
        words = f"the town in {facts.path} on {host.name} is not the one that was added"
        with town.change() as change:
            rows.note_trouble(change, host.name, words, unfit=True)
        raise RefusedError(words, hint=f"gt host remove {host.name}, then add it again")
    with town.change() as change:
        rows.note_heard(change, host.name, facts, gt=gt)
    host = rows.get_host(town.db, host.name)
    at_work = f"{host.agents} agent{'s' * (host.agents != 1)} at work"
    return Answer(view(town, host), f"{host.name} answers: gt {host.version}, {at_work}")


def park_host(town: Town, host: Host) -> Answer:
    """It is given nothing more; what it has goes on."""
    return _park(town, host, True)


def unpark_host(town: Town, host: Host) -> Answer:
    return _park(town, host, False)


def _park(town: Town, host: Host, parked: bool) -> Answer:
    with town.change() as change:
        changed = rows.park_host(change, host.name, parked)
    words = f"host {host.name} is {'parked' if parked else 'open'}"
    return Answer(view(town, rows.get_host(town.db, host.name)), words + ("" if changed else " already"))


def remove_host(town: Town, host: Host) -> Answer:
    """Forgets it; the town there stays as it is. Raises RefusedError while it has beads, and for the moment in which it
    is to be told what became of one.
    """
    with town.change() as change:
        left = list_open(change, host.name)
        held = [each.bead for each in left if get_bead_host(change, each.bead) == host.name]
        if held:
            words = f"{host.name} has beads: {', '.join(held[:5])}"
            raise RefusedError(words, hint=f"gt unsling {held[0]} --force, or wait for them")
        if left and host.state is HostState.ON and town.is_wanted():
            words = f"{host.name} is to be told what became of {left[0].bead}"
            raise RefusedError(words, hint=f"again in a moment, or gt host park {host.name} first")
        for each in left:
            move_delegation(change, each.id, Stage.ENDED)
        rows.delete_host(change, host.name)
    return Answer({"name": host.name}, f"host {host.name} is removed; the town there, {host.town}, stays as it is")


def _our_version() -> str:
    from importlib.metadata import version  # 40 ms, which few verbs pay

    return version("gastown-tmux")
