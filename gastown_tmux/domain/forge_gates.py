"""Gates that GitHub opens: what their condition names, and what its answer makes of them."""

import re
from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Any

from gastown_tmux.dataclass import dataclass
from gastown_tmux.domain.forges import ForgeRepository, parse_repository

_URL = re.compile(r"https://([^/\s]+/[^/\s]+/[^/\s]+)/(?:pull|actions/runs)/(\d+)(?:[/?#]\S*)?\Z")
_PULL = re.compile(r"(?:([\w.-]+(?:/[\w.-]+){1,2}))?#?(\d+)\Z")
_RUN = re.compile(r"\d+\Z")
#: Ends of a workflow run that stand in nobody's way.
_GOOD = ("success", "skipped", "neutral")


@dataclass(frozen=True, slots=True)
class Target:
    """A pull request or a workflow run by ``number``, or the runs of a ``branch``, of one ``workflow`` (a file's name)
    where it is said. ``repository`` None: the rig's own.
    """

    repository: ForgeRepository | None
    number: int | None
    branch: str | None = None
    workflow: str | None = None


class Said(StrEnum):
    """What the forge says of a gate. ``STUCK``: it does not open by itself any more."""

    OPEN = "open"
    CLOSED = "closed"
    STUCK = "stuck"


@dataclass(frozen=True, slots=True)
class Opinion:
    said: Said
    words: str


def parse_pull(condition: str) -> Target:
    """``7``, ``#7``, ``OWNER/NAME#7`` or its address. Raises ValueError with what it must be.

    >>> parse_pull("#7").number, str(parse_pull("cli/cli#7").repository)
    (7, 'github.com/cli/cli')
    """
    return _parse_numbered(condition.strip()) or _fail("the number of a pull request, OWNER/NAME#7 or its address")


def parse_run(condition: str) -> Target:
    """The id of a workflow run or its address, a branch, or ``FILE.yml@BRANCH``. Raises ValueError.

    >>> parse_run("7").number, parse_run("release/1.0").branch, parse_run("ci.yml@main").workflow
    (7, 'release/1.0', 'ci.yml')
    """
    text = condition.strip()
    if _RUN.match(text) or text.startswith("https://"):
        return _parse_numbered(text) or _fail("the id of a workflow run, its address, a branch, or FILE.yml@BRANCH")
    workflow, at, branch = text.rpartition("@")
    if not branch or " " in text or (at and not workflow.endswith((".yml", ".yaml"))):
        _fail("the id of a workflow run, its address, a branch, or FILE.yml@BRANCH")
    return Target(None, None, branch, workflow or None)


#: By the type of the gate.
PARSE_CONDITION: dict[str, Callable[[str], Target]] = {"gh:pr": parse_pull, "gh:run": parse_run}


def _parse_numbered(text: str) -> Target | None:
    match = _URL.match(text) or _PULL.match(text)
    if match is None:
        return None
    repository = parse_repository(match[1]) if match[1] else None
    return None if match[1] and repository is None else Target(repository, int(match[2]))


def _fail(rule: str) -> Any:
    raise ValueError(rule)


def judge_pull(number: int, answer: object) -> Opinion:
    """Open once it is merged; one that was closed is not merged any more unless somebody opens it again."""
    pull = answer if isinstance(answer, dict) else {}
    if pull.get("merged") is True:
        return Opinion(Said.OPEN, f"pull request {number} is merged")
    if pull.get("state") == "closed":
        return Opinion(Said.STUCK, f"pull request {number} was closed without being merged")
    return Opinion(Said.CLOSED, f"pull request {number} is {'a draft' if pull.get('draft') is True else 'open'}")


def judge_run(answer: object) -> Opinion:
    """Open once it has ended well; one that failed may be run again."""
    run = answer if isinstance(answer, dict) else {}
    number, status, end = run.get("id"), run.get("status"), run.get("conclusion")
    if status != "completed":
        return Opinion(Said.CLOSED, f"workflow run {number} is {status or 'unknown'}")
    if end in _GOOD:
        return Opinion(Said.OPEN, f"workflow run {number} ended with {end}")
    return Opinion(Said.STUCK, f"workflow run {number} ended with {end}")


def judge_runs(branch: str, answer: object, since: str) -> Opinion:
    """Of a branch's runs those of its newest commit, begun ``since`` then: open once all have ended well."""
    found = answer.get("workflow_runs") if isinstance(answer, dict) else None
    runs = [run for run in found if isinstance(run, dict)] if isinstance(found, list) else []
    fresh = [run for run in runs if isinstance(run.get("created_at"), str) and run["created_at"] >= since[:19]]
    if not fresh:
        return Opinion(Said.CLOSED, f"no workflow has run on {branch} since {since}")
    newest = max(fresh, key=lambda run: run["created_at"])
    opinions = [judge_run(run) for run in _last_of_each(fresh, newest.get("head_sha"))]
    for said in (Said.STUCK, Said.CLOSED):
        for opinion in opinions:
            if opinion.said is said:
                return opinion
    return Opinion(Said.OPEN, f"all workflow runs on {branch} ended well")


def _last_of_each(runs: Sequence[dict[str, Any]], commit: object) -> list[dict[str, Any]]:
    """Of each workflow the newest run of that commit: an older one was run again."""
    found: dict[object, dict[str, Any]] = {}
    for run in sorted(runs, key=lambda run: str(run["created_at"])):
        if run.get("head_sha") == commit:
            found[run.get("workflow_id")] = run
    return list(found.values())
