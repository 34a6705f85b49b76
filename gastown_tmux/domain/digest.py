"""A digest, and how it reads: one page of plain text, or of Markdown."""

from collections.abc import Iterator, Sequence
from itertools import zip_longest

from gastown_tmux.dataclass import dataclass
from gastown_tmux.domain.columns import width, wrap
from gastown_tmux.domain.ids import Time
from gastown_tmux.domain.needs import Need, NeedKind
from gastown_tmux.domain.night import Death, LimitWait, QueueTimes
from gastown_tmux.domain.quoting import one_line

Row = tuple[str, ...]
#: What a plain terminal and a mail have room for.
_COLUMNS = 80
#: Of a cell that is wrapped.
_MOST_LINES = 3


@dataclass(frozen=True, slots=True)
class Merged:
    """``author`` is the agent whose work it was."""

    bead: str
    title: str
    commit: str
    author: str | None
    time: Time


@dataclass(frozen=True, slots=True)
class Returned:
    """Why it came back the last time, how often it did, and in which ``state`` it is now."""

    bead: str
    title: str
    reason: str
    agent: str | None
    times: int
    state: str


@dataclass(frozen=True, slots=True)
class Used:
    """Tokens, and their price in USD where one is set, of a convoy or an agent program."""

    name: str
    tokens: int
    usd: float | None


@dataclass(frozen=True, slots=True)
class TokensUsed:
    """``since``: a day in UTC, for tokens are counted by the day. ``total`` is what budgets count."""

    since: str
    input: int
    output: int
    cached: int
    total: int
    usd: float | None


@dataclass(frozen=True, slots=True)
class Digest:
    """``held``, ``stuck`` and ``mail`` (how many are unread) are as they stand at ``until``, all else is what happened.

    ``disk`` is the bytes that the worktrees take; None where counting them took too long.
    """

    since: Time
    until: Time
    merged: list[Merged]
    returned: list[Returned]
    died: list[Death]
    limits: list[LimitWait]
    queue: QueueTimes
    held: list[Need]
    stuck: list[Need]
    mail: int
    tokens: TokensUsed
    cost: dict[str, list[Used]]
    disk: int | None

    def headline(self) -> str:
        """``3 merged, 1 held, 2 wait for you``."""
        parts = [(len(self.merged), "merged"), (len(self.held), "held"), (len(self.returned), "sent back")]
        words = [f"{count} {word}" for count, word in parts if count]
        if self.stuck:
            words.append(f"{len(self.stuck)} {'waits' if len(self.stuck) == 1 else 'wait'} for you")
        return ", ".join(words) or "nothing landed, nothing waits"


def to_text(digest: Digest, since: str) -> str:
    """``since`` is the beginning in the reader's own time."""
    parts = [f"since {since}: {digest.headline()}"]
    for title, rows in _sections(digest):
        parts.append("\n".join([title, *_align(rows)]))
    return "\n\n".join(parts)


def to_markdown(digest: Digest, since: str) -> str:
    parts = [f"# Since {since}: {_escape(digest.headline())}"]
    for title, rows in _sections(digest):
        parts.append("\n".join([f"## {title}", "", *("- " + _escape(" · ".join(filter(None, row))) for row in rows)]))
    return "\n\n".join(parts) + "\n"


def _escape(text: str) -> str:
    """Titles are anybody's words: none of them becomes a heading, a link or HTML."""
    return "".join(f"\\{letter}" if letter in r"\`*_[]<>#|&" else letter for letter in text)


def _align(rows: Sequence[Row]) -> Iterator[str]:
    """Columns below each other; where they are too wide for a terminal, all that follows the first two cells of a row
    stands in lines below, commands whole.
    """
    widths = [max(width(cell) for cell in column) for column in zip_longest(*rows, fillvalue="")]
    if len(widths) > 2 and sum(widths) + 2 * len(widths) > _COLUMNS:
        indent = " " * (widths[0] + 4)
        for head, *rest in rows:
            told = (
                [cell] if cell.startswith("gt ") else wrap(cell, _COLUMNS - len(indent), _MOST_LINES) for cell in rest
            )
            first, *below = [line for lines in told for line in lines] or [""]
            yield f"  {head}{' ' * (widths[0] - width(head))}  {first}".rstrip()
            yield from (indent + line for line in below)
        return
    for row in rows:
        cells = (cell + " " * (most - width(cell)) for cell, most in zip(row, widths, strict=False))
        yield f"  {'  '.join(cells)}".rstrip()


def _sections(digest: Digest) -> Iterator[tuple[str, list[Row]]]:
    """Only what there is something to say about, what needs the reader first."""
    for title, needs in (("waits for you", digest.stuck), ("held for review", digest.held)):
        if needs:
            yield title, [_need(need) for need in needs]
    if digest.mail:
        yield "mail", [_row(f"{digest.mail} unread", "gt mail inbox")]
    if digest.merged:
        yield "merged", [_row(m.bead, m.title, m.commit[:12], m.author) for m in digest.merged]
    if digest.returned:
        yield "sent back", [_returned(each) for each in digest.returned]
    if digest.died:
        yield "died", [_death(each) for each in digest.died]
    if digest.limits:
        yield "waited for a provider's limit", [_limit(each) for each in digest.limits]
    if digest.queue.landed:
        yield "merge queue", [_queue(digest.queue)]
    if digest.tokens.total:
        yield f"tokens since {digest.tokens.since}", list(_costs(digest))
    if digest.disk:
        yield "disk", [_row(f"{_size(digest.disk)} in worktrees")]


def _row(*cells: str | None) -> Row:
    return tuple(one_line(cell or "") for cell in cells)


def _need(need: Need) -> Row:
    # A dialog is told in its title; what its first line is, is chance.
    reason = need.reason.strip().partition("\n")[0] if need.kind is not NeedKind.APPROVAL else need.title
    return _row(need.id, need.title, reason if reason != need.title else None, *need.next[:1])


def _returned(each: Returned) -> Row:
    times = f" {each.times} times" if each.times > 1 else ""
    whose = f", work of {each.agent}" if each.agent else ""
    return _row(each.bead, each.title, f"{each.reason}{times}{whose}, now {each.state}")


def _death(death: Death) -> Row:
    times = f" {death.times} times" if death.times > 1 else ""
    return _row(death.agent, f"{death.reason}{times}", "came back" if death.back else "did not come back")


def _limit(wait: LimitWait) -> Row:
    so_far = "" if wait.until else " so far"
    return _row(wait.agent, f"{_length(wait.seconds)}{so_far}", wait.reason)


def _queue(queue: QueueTimes) -> Row:
    words = f"{queue.landed} landed, {queue.tested} tested"
    if queue.median_seconds is None or queue.longest_seconds is None:
        return _row(words)
    median, longest = _length(queue.median_seconds), _length(queue.longest_seconds)
    return _row(f"{words}; from done to landed {median}, at most {longest}")


def _costs(digest: Digest) -> Iterator[Row]:
    used = digest.tokens
    yield _row(f"{used.total:,} in and out, {used.cached:,} from caches", _usd(used.usd))
    for kind, uses in digest.cost.items():
        for use in uses:
            yield _row(f"{kind.removesuffix('s')} {use.name}", f"{use.tokens:,}", _usd(use.usd))


def _usd(amount: float | None) -> str | None:
    return None if amount is None else f"{amount:.2f} USD"


def _length(seconds: int) -> str:
    """
    >>> _length(5), _length(125), _length(7300)
    ('5s', '2m', '2h 1m')
    """
    minutes, hours = seconds // 60, seconds // 3600
    return f"{seconds}s" if not minutes else f"{minutes}m" if not hours else f"{hours}h {minutes % 60}m"


def _size(count: int) -> str:
    """
    >>> _size(999), _size(2048), _size(5 * 2**30)
    ('999 B', '2.0 KiB', '5.0 GiB')
    """
    if count < 1024:
        return f"{count} B"
    size, units = float(count), iter(("KiB", "MiB", "GiB", "TiB", "PiB"))
    while size >= 1024:
        size, unit = size / 1024, next(units, "EiB")
    return f"{size:.1f} {unit}"
