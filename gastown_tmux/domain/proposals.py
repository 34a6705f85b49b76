"""What becomes of a merge request that was proposed to people, by what its forge says of the pull request."""

from gastown_tmux.dataclass import dataclass
from gastown_tmux.domain.ids import BeadId, Commit, RigName
from gastown_tmux.domain.pull_requests import Check, PullRequest, Remark, RemarkKind

_MOST_REMARKS = 30


@dataclass(frozen=True, slots=True)
class Proposal:
    """A bead's pull request. ``pushed`` is our last value of its branch, ``heads`` all that we ever pushed there.

    ``rounds``: how often it went back to its author. ``seen``: what was told already.
    """

    bead: BeadId
    rig: RigName
    number: int
    url: str
    branch: str
    base: str
    pushed: Commit
    heads: frozenset[str]
    rounds: int
    seen: frozenset[str]


@dataclass(frozen=True, slots=True)
class Landed:
    """The forge says that it merged it, as this commit."""

    commit: Commit


@dataclass(frozen=True, slots=True)
class Back:
    """It goes to its author, with all that was not told yet."""

    words: str
    conflicts: bool
    checks: tuple[Check, ...]
    remarks: tuple[Remark, ...]
    seen: frozenset[str]


@dataclass(frozen=True, slots=True)
class Stay:
    """It waits, for what ``words`` say. ``told``: by the way, for its author to read. ``moved``: somebody else's commit
    is on its branch. ``arm``: the forge is asked to merge it when it may. ``ask``: something is wrong that a person has
    to see to. ``person``: it waits for what people do at the forge.
    """

    words: str
    told: tuple[Remark, ...] = ()
    moved: bool = False
    arm: bool = False
    ask: bool = False
    person: bool = False
    seen: frozenset[str] = frozenset()


def decide(
    now: PullRequest, known: Proposal, target: str, *, auto: bool, own: str | None = None
) -> Landed | Back | Stay:
    """``own``: a login whose remarks are our own, where no person has that."""
    if now.state == "MERGED":
        if now.base != target:
            return Stay(f"was merged into {now.base}, not into {target}", ask=True)
        return (
            Landed(Commit(now.merge_commit)) if now.merge_commit else Stay("is merged, as no commit that is told yet")
        )
    if now.state == "CLOSED":
        gone = "" if now.has_branch else ", and its branch deleted"
        return Stay(f"was closed without a merge{gone}: reopen it there, or gt mq reject", person=True)
    if now.base != target:
        return Stay(f"is against {now.base} there, not against {target}", ask=True)
    if now.head != known.pushed and now.head in known.heads:
        return Stay("was pushed to, and the forge has not seen it yet")
    fresh = tuple(one for one in now.remarks if one.id not in known.seen and one.author != own)[-_MOST_REMARKS:]
    pressing = [one for one in fresh if one.kind is not RemarkKind.COMMENT]
    by_people = tuple(one for one in fresh if one.kind is not RemarkKind.COMMENT or not one.is_bot)
    failed = () if now.pending or f"checks {now.head}" in known.seen else now.failed
    conflicts = now.conflicts and f"conflict {now.head}" not in known.seen
    moved = now.head != known.pushed and f"head {now.head}" not in known.seen
    marks = frozenset(one.id for one in fresh)
    if now.head != known.pushed:
        marks |= {f"head {now.head}"}
    if failed or pressing or conflicts:
        parts = [
            _count(len(failed), "check fails", "checks fail"),
            _count(len(pressing), "review remark", "review remarks"),
        ]
        parts += [f"it conflicts with {target}"] if conflicts else []
        marks |= {f"checks {now.head}"} if failed else set()
        marks |= {f"conflict {now.head}"} if conflicts else set()
        return Back(", ".join(filter(None, parts)), conflicts and not failed and not pressing, failed, by_people, marks)
    arm = auto and not now.is_draft and not now.is_armed and f"auto {now.head}" not in known.seen and not moved
    marks |= {f"auto {now.head}"} if arm else set()
    words, person = _describe(now)
    return Stay(words, by_people, moved, arm, person=person, seen=marks)


def _describe(now: PullRequest) -> tuple[str, bool]:
    """And whether it waits for people."""
    if now.is_draft:
        return "is a draft", True
    if now.pending:
        return f"waits for {_count(now.pending, 'check', 'checks')}", False
    if now.failed:
        return f"waits for its author: {_count(len(now.failed), 'check fails', 'checks fail')}", False
    match now.decision:
        case "CHANGES_REQUESTED":
            return "waits for its author: changes are asked for", False
        case "REVIEW_REQUIRED":
            return "waits for a review", True
        case _ if now.is_armed:
            return "is ready, and will be merged by the forge", False
        case _:
            return "waits to be merged", True


def _count(number: int, one: str, several: str) -> str:
    return f"{number} {one if number == 1 else several}" if number else ""


def tell(checks: tuple[tuple[Check, str], ...], remarks: tuple[Remark, ...], foreign: str | None, target: str) -> str:
    """For the author: each check with what more is known of it, each remark with its place and link."""
    parts = []
    if foreign is not None:
        parts.append(f"Somebody else's commits are on your branch. First: git fetch origin && git merge {foreign}\n")
    for remark in remarks:
        where = f" at {remark.where}" if remark.where else ""
        parts.append(f"{remark.author}{where} ({remark.url}):\n{_indent(remark.body)}\n")
    for check, more in checks:
        words = "\n".join(filter(None, (check.words, more)))
        parts.append(f"check {check.name}: {check.verdict} ({check.url})\n{_indent(words)}\n")
    parts.append(f"When it is mended (git fetch origin && git merge origin/{target} where that is needed): gt done\n")
    return "\n".join(parts)


def _indent(text: str) -> str:
    return "\n".join(f"    {line}" for line in text.splitlines())
