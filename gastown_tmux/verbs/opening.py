"""The town that a line is about, opened for whoever asks."""

from collections.abc import Callable, Mapping
from pathlib import Path

from gastown_tmux.domain.addresses import OVERSEER, Address
from gastown_tmux.errors import NotFoundError, RefusedError
from gastown_tmux.operations.town.asking import who_asks
from gastown_tmux.operations.town.town import NOWHERE, Town, find_town
from gastown_tmux.verbs.flags import Globals


def open_town(
    given: Globals,
    environment: Mapping[str, str],
    say: Callable[[str], None],
    needed: bool = True,
    either: bool = False,
    remains: bool = False,
) -> Town:
    """The town that the flags and the environment name; where none is ``needed``, one that need not be there:
    NOWHERE where nothing names it, as with ``either`` where none is named nor here. With ``remains`` also one that is
    gone, where anything still runs in its name.

    Raises NotFoundError where there is none and for an unknown speaker, RefusedError for an agent that speaks as
    another, and for what is left of a session that has ended.
    """
    if needed:
        try:
            path = find_town(given.town, environment, _here())
        except NotFoundError:
            named = given.town or environment.get("GT_TOWN")
            if remains and named and _has_remains(named, environment):
                path = Path(named).expanduser().absolute()
            elif not either or named:
                raise
            else:
                path = NOWHERE
            needed = False
    else:
        named = given.town or environment.get("GT_TOWN")
        path = Path(named).expanduser().absolute() if named else NOWHERE
    flags = {}
    for key, text in given.settings.items():
        from gastown_tmux.domain.settings import check_value  # few lines set anything
        from gastown_tmux.edges.configuration.settings_files import parse_value

        flags[key] = parse_value(text)
        check_value(key, flags[key], f"-c {key}")
    town = Town(path, OVERSEER, environment, flags, (lambda line: None) if given.quiet else say)
    asker = who_asks(town, environment, needs_rows=needed)
    town.actor, town.session, town.is_bound = asker.address, asker.session, asker.is_bound
    # Work that is done is not held up by what a person is still writing into a file.
    town.goes_on = asker.is_bound
    if given.speaker is not None:
        from gastown_tmux.operations.town.lookup import resolve_address  # 8 ms, and few say it

        speaker = resolve_address(town, given.speaker) if needed else Address.parse(given.speaker)
        if asker.is_bound and speaker != asker.address:
            raise RefusedError(f"{asker.address} cannot speak as {speaker}")
        town.actor = speaker
    return town


def _has_remains(named: str, environment: Mapping[str, str]) -> bool:
    from gastown_tmux.operations.supervision.stopping import has_remains  # few outlive their town

    return has_remains(Town(Path(named).expanduser().absolute(), OVERSEER, environment))


def _here() -> Path:
    try:
        return Path.cwd()
    except FileNotFoundError:
        return Path("/")
