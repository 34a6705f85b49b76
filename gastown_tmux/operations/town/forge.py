"""The forge of a rig: which repository it is there, and with whose login it is asked."""

from pathlib import Path

from gastown_tmux.domain.forges import ForgeRepository, find_repository, parse_repository
from gastown_tmux.domain.rigs import Rig
from gastown_tmux.edges.hosts.forge import Forge
from gastown_tmux.errors import MissingError, RefusedError
from gastown_tmux.operations.town.town import Town
from gastown_tmux.reading import read_text

_TOKEN_BYTES = 4096


def forge_of(town: Town, rig: Rig, named: str | None = None) -> tuple[Forge, ForgeRepository]:
    """``named``: another repository than the rig's own. Asks no network.

    Raises RefusedError where the rig's remote is on no forge, and MissingError where its token cannot be had.
    """
    settings = town.settings(rig.name)
    name = named or settings.text("merge.request.repository")
    repository = parse_repository(name) if name else find_repository(rig.remote)
    if repository is None:
        hint = f"gt config set merge.request.repository HOST/OWNER/NAME --rig {rig.name}"
        raise RefusedError(f"{name or rig.remote} is no repository of GitHub", hint)
    return Forge(repository.host, town.environment, _find_token(town, settings.text("merge.request.token"))), repository


def _find_token(town: Town, source: str | None) -> str | None:
    """None: gh has a login of its own."""
    if source is None:
        return None
    kind, _, where = source.partition(":")
    if kind == "env":
        token = town.environment.get(where, "").strip()
        problem = f"${where} is not set here"
    else:
        path = Path(where).expanduser()
        try:
            token, problem = read_text(path, _TOKEN_BYTES).strip(), f"{path} is empty"
        except OSError as error:
            token, problem = "", f"{path}: {error.strerror}"
    if not token:
        raise MissingError(f"there is no token for the forge: {problem}", "gt config show merge.request.token")
    if not token.isascii() or not token.isprintable() or " " in token:
        raise MissingError(f"what {source} holds is no token", "gt config show merge.request.token")
    return token
