"""A line about an agent of another town, for a face: carried out there, and what it printed as texts."""

from collections.abc import Iterator, Sequence

from gastown_tmux.domain.hosts import Host
from gastown_tmux.domain.many_towns import lead
from gastown_tmux.domain.rights import Right
from gastown_tmux.errors import GtError, NotFoundError, RefusedError, UsageError
from gastown_tmux.operations.town.asking import require
from gastown_tmux.operations.town.town import Town
from gastown_tmux.operations.windows.elsewhere import carry_out
from gastown_tmux.operations.workforce.hosts import reach
from gastown_tmux.store.hosts import get_host
from gastown_tmux.verbs.table import Verb

_SECONDS = 20.0
_KINDS: dict[int, type[GtError]] = {2: UsageError, 3: NotFoundError, 4: RefusedError}


def require_there(town: Town, verb: Verb) -> None:
    """There it is a person who asks. Raises RefusedError where the caller may not speak as one."""
    require(town, Right.READ if verb.right is Right.READ else Right.DECIDE)


def answer_there(verb: Verb, host: str, words: Sequence[str], town: Town, *, as_json: bool) -> Iterator[str]:
    """Texts as ``verbs.answer`` has them; one that takes the terminal is given ours. Raises what it complains of."""
    known = get_host(town.db, host)
    require_there(town, verb)
    line = [*verb.words.split(), *words]
    if verb.terminal and not as_json:
        carry_out(town, known, line, terminal=True)
        return
    command = [known.gt, "--town", known.town, *(["--json"] if as_json else []), *line]
    ran = reach(town, known).run(command, seconds=_SECONDS)
    if text := ran.out.decode("utf-8", "replace").rstrip("\n"):
        yield text
    if ran.status != 0:
        raise _complaint(known, ran.status, ran.said)


def _complaint(host: Host, status: int, said: str) -> GtError:
    lines = dict(line.partition(": ")[::2] for line in said.splitlines())
    kind = _KINDS.get(status, GtError)
    hint = lines.get("hint")
    return kind(f"{host.name}: {lines.get('gt', f'status {status}')}", hint=hint and lead(host.name, hint))
