"""``gt --all VERB``: the same question to this town and to those of all hosts, each with its own deadline."""

import json
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

from gastown_tmux.dataclass import dataclass
from gastown_tmux.domain.hosts import Host
from gastown_tmux.domain.many_towns import ASKED, HERE, Away, Told, address_at, merge
from gastown_tmux.domain.rights import Right
from gastown_tmux.edges.files.clock import local_time
from gastown_tmux.errors import GtError, UsageError
from gastown_tmux.operations.town.asking import require
from gastown_tmux.operations.town.town import Answer, Town
from gastown_tmux.operations.workforce.hosts import ask, reach
from gastown_tmux.store.hosts import find_host, list_hosts
from gastown_tmux.verbs import show
from gastown_tmux.verbs.call import call
from gastown_tmux.verbs.data import document, to_json
from gastown_tmux.verbs.parser import parse
from gastown_tmux.verbs.show import Display
from gastown_tmux.verbs.table import Listing, Verb

#: What a host has for its answer; nobody waits longer for all of them together.
SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class _Text:
    host: str
    text: str


def answer_all(verb: Verb, words: Sequence[str], town: Town, display: Display, *, as_json: bool) -> Iterator[str]:
    """Texts as ``verbs.answer`` has them. A host that does not answer is a line; the others are shown all the same.

    Raises UsageError for a verb that is not asked of many, GtError where this town cannot answer, and
    RefusedError for an agent that asks for a person's digest.
    """
    if verb.words not in ASKED:
        raise UsageError(f"gt --all takes {', '.join(ASKED[:-1])} or {ASKED[-1]}", hint="gt --host HOST VERB …")
    if verb.words == "digest":
        require(town, Right.DECIDE)  # there it would be the person's own, whose mark it moves
    given = parse(verb, words)
    hosts = list_hosts(town.db)
    is_list = isinstance(verb.show, Listing)

    def put(host: Host) -> Told | _Text | Away:
        apart = town.acting_as(town.actor)
        try:
            return (_ask if as_json or is_list else _read)(apart, host, [*verb.words.split(), *words])
        except GtError as error:
            known = find_host(apart.db, host.name)
            return Away(host.name, known.trouble_since if known else None, error.message)
        finally:
            apart.close()

    with ThreadPoolExecutor(max(1, len(hosts)), "host") as pool:
        asked = [pool.submit(put, host) for host in hosts]
        value = call(verb, town, given)
        answers = [each.result() for each in asked]
    away = [each for each in answers if isinstance(each, Away)]
    told = [Told(None, document(value)), *(each for each in answers if isinstance(each, Told))]
    if as_json:
        yield to_json(merge(told, away))
    else:
        if isinstance(verb.show, Listing):
            yield _table(verb.show, told, display)
        else:
            yield from _texts(verb, value, [each for each in answers if isinstance(each, _Text)], display)
        yield from (_silence(each) for each in away)
        if not hosts:
            town.say("there are no hosts: gt host add NAME user@box")
    if isinstance(value, Answer) and value.after:
        value.after()


def _ask(town: Town, host: Host, words: Sequence[str]) -> Told:
    found = ask(town, host, words, seconds=SECONDS)
    return Told(host.name, found if isinstance(found, dict) else {"text": found})


def _read(town: Town, host: Host, words: Sequence[str]) -> _Text:
    """As people read it there."""
    ran = reach(town, host).run([host.gt, "--town", host.town, *words], seconds=SECONDS)
    if ran.status != 0:
        line = next((line for line in ran.said.splitlines() if line.startswith("gt: ")), f"status {ran.status}")
        raise GtError(f"{host.name} answers: {line.removeprefix('gt: ')}")
    return _Text(host.name, ran.out.decode("utf-8", "replace").rstrip("\n"))


def _table(listing: Listing, told: Sequence[Told], display: Display) -> str:
    rows = [_row(item) for item in json.loads(to_json(merge(told, [])))["items"]]
    columns = listing.columns if "address" in listing.columns else ("host", *listing.columns)
    return show.table(Listing(columns, listing.empty), rows, display)


class _Row(SimpleNamespace):
    """An item of whatever version of gt: what it does not know is nothing."""

    def __getattr__(self, name: str) -> None:
        return None


def _row(item: dict[str, Any]) -> _Row:
    if "address" in item:
        return _Row(**{**item, "address": address_at(item["host"], item["address"])})
    return _Row(**{**item, "host": item["host"] or HERE})


def _texts(verb: Verb, value: Any, texts: Sequence[_Text], display: Display) -> Iterator[str]:
    for each in (_Text(HERE, show.render(verb, value, display)), *texts):
        yield f"{show.paint('ready', each.host, display)}:\n{each.text}\n"


def _silence(each: Away) -> str:
    since = f" since {local_time(each.since)}" if each.since else ""
    return f"{each.host} is away{since}: {each.reason}"
