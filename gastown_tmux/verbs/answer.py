"""A verb carried out, its value as the texts that a face prints."""

from collections.abc import Iterator, Sequence
from typing import Any

from gastown_tmux.errors import GtError
from gastown_tmux.operations.town.error_log import keep_whole
from gastown_tmux.operations.town.town import Answer, Town
from gastown_tmux.verbs import show
from gastown_tmux.verbs.call import call
from gastown_tmux.verbs.data import document, to_json
from gastown_tmux.verbs.elsewhere import find_place
from gastown_tmux.verbs.parser import Opener, open_file, parse
from gastown_tmux.verbs.show import Display
from gastown_tmux.verbs.table import LIMIT, ONCE, SHOWN, Special, Verb


def answer(
    verb: Verb,
    words: Sequence[str],
    town: Town,
    display: Display,
    as_json: bool,
    open_file: Opener = open_file,
) -> Iterator[str]:
    """Texts without their last line feed, as they come; as JSON, one document, but one a line of what never ends.

    Raises GtError of any kind.

    After the last text it raises the ``complaint`` of a value that has one: it was shown, and is bad news.
    """
    if (place := find_place(verb, words)) is not None:
        from gastown_tmux.verbs.there import answer_there  # few lines are about others' agents

        yield from answer_there(verb, *place, town, as_json=as_json)
        return
    given = parse(verb, words, open_file)
    try:
        yield from _texts(verb, given, town, display, as_json)
    except GtError as error:
        keep_whole(town, verb.words, error)
        raise


def _texts(verb: Verb, given: dict[str, Any], town: Town, display: Display, as_json: bool) -> Iterator[str]:
    if display.width is not None and not as_json and LIMIT in verb.parameters:
        given.setdefault(LIMIT.name, SHOWN)
    if as_json and ONCE in verb.parameters:
        given.setdefault(ONCE.name, True)
    value = call(verb, town, given)
    is_stream = verb.show is Special.LINES or isinstance(value, Iterator)
    if is_stream and not as_json:
        is_drawn = verb.show in (Special.SCREEN, Special.SCREENS)
        yield from (str(one) if is_drawn else show.line(one, display) for one in value)
    elif is_stream and (given.get("follow") or verb.terminal):
        yield from (to_json(document(one), indent=None) for one in value)
    elif as_json:
        whole = list(value) if is_stream else value
        yield to_json(document(whole))
    elif text := show.render(verb, value, display):
        yield text
    if isinstance(value, Answer) and value.after:
        value.after()
    if complaint := getattr(value, "complaint", None):
        raise complaint
