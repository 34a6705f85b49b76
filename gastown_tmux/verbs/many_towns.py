"""``gt --all VERB``: the same question to this town and to those of all hosts, each with its own deadline."""

import contextlib
import json
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

from gastown_tmux.dataclass import dataclass
from gastown_tmux.domain.hosts import Host
from gastown_tmux.domain.many_towns import ASKED, HERE, ORDERED, Away, Told, address_at, merge
from gastown_tmux.domain.rights import Right
from gastown_tmux.edges.files.clock import local_time
from gastown_tmux.edges.hosts.prefix import AwayError
from gastown_tmux.errors import GtError, NotFoundError, UsageError
from gastown_tmux.operations.town.asking import require
from gastown_tmux.operations.town.town import Answer, Town
from gastown_tmux.operations.workforce.hosts import ask, require_done, run_there
from gastown_tmux.store.hosts import find_host, list_hosts
from gastown_tmux.verbs import show
from gastown_tmux.verbs.call import call
from gastown_tmux.verbs.data import document, to_json
from gastown_tmux.verbs.parser import parse
from gastown_tmux.verbs.show import Display
from gastown_tmux.verbs.table import Listing, Verb

#: What a host has for its answer; nobody waits longer for all of them together.
SECONDS = 15.0
#: The same where it is to stop what runs.
ORDER_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class _Text:
    host: str
    text: str


def answer_all(verb: Verb, words: Sequence[str], town: Town, display: Display, *, as_json: bool) -> Iterator[str]:
    """Texts as ``verbs.answer`` has them. A host that does not answer is a line; the others are shown all the same.

    Raises UsageError for a verb that is not asked of many, GtError where this town cannot answer, and
    RefusedError for an agent that asks for a person's digest, or orders anything. What is ordered of all is shown, and
    then GtError names the hosts that were not reached.
    """
    taken, is_order = (*ASKED, *ORDERED), verb.words in ORDERED
    if verb.words not in taken:
        raise UsageError(f"gt --all takes {', '.join(taken[:-1])} or {taken[-1]}", hint="gt --host HOST VERB …")
    if is_order or verb.words == "digest":
        require(town, Right.DECIDE)  # there it is the person's own: whose digest has a mark that moves
    given = parse(verb, words)
    hosts = list[Host]()
    # This town is stopped whatever its rows are like.
    with contextlib.suppress(*((GtError, OSError) if is_order else ())):
        hosts = list_hosts(town.db)
    seconds = ORDER_SECONDS if is_order else SECONDS
    is_list = isinstance(verb.show, Listing)

    def put(host: Host) -> Told | _Text | Away:
        apart = town.acting_as(town.actor)
        try:
            return (_ask if as_json or is_list else _read)(apart, host, [*verb.words.split(), *words], seconds)
        except NotFoundError as error:
            return _Text(host.name, "nothing of that is there") if is_order else Away(host.name, None, error.message)
        except AwayError as error:
            known = find_host(apart.db, host.name)
            return Away(host.name, known.trouble_since if known else None, error.message)
        except GtError as error:  # it answers, and cannot do that
            return Away(host.name, None, error.message)
        finally:
            apart.close()

    with ThreadPoolExecutor(max(1, len(hosts)), "host") as pool:
        # What is ordered is done here first: where that cannot be, nobody else is told to.
        value = call(verb, town, given) if is_order else None
        asked = [pool.submit(put, host) for host in hosts]
        value = value if is_order else call(verb, town, given)
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
    if complaint := getattr(value, "complaint", None):
        raise complaint
    if is_order and away:
        names = ", ".join(each.host for each in away)
        words = f"{names}: not reached, or refused; what runs there goes on"
        raise GtError(words, hint="the same line again; gt host list tells who answers")


def _ask(town: Town, host: Host, words: Sequence[str], seconds: float) -> Told:
    found = ask(town, host, words, seconds=seconds, asks=False)
    return Told(host.name, found if isinstance(found, dict) else {"text": found})


def _read(town: Town, host: Host, words: Sequence[str], seconds: float) -> _Text:
    """As people read it there."""
    ran = run_there(town, host, words, seconds=seconds, asks=False)
    require_done(host.name, ran)
    return _Text(host.name, ran.out.decode("utf-8", "replace").rstrip("\n"))


def _table(listing: Listing, told: Sequence[Told], display: Display) -> str:
    rows = [_row(item) for item in json.loads(to_json(merge(told, [])))["items"]]
    columns = listing.columns if "address" in listing.columns else ("host", *listing.columns)
    return show.table(Listing(columns, listing.empty, listing.below), rows, display)


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
    return f"{each.host} is away since {local_time(each.since)}: {each.reason}" if each.since else each.reason
