"""A bead done as a runbook: its `sh` blocks are run in the worktree, and what they change is committed.

Blocks should be idempotent: after a kill the whole bead is done again, and what an unfinished try left in the
worktree is still there.
"""

# pathlib costs a third of this program's start-up.
# ruff: noqa: PTH108, PTH109, PTH110, PTH115

from __future__ import annotations

import json
import os
import re

from gastown_tmux.agents.composer import plain
from gastown_tmux.agents.jobs import TIMED_OUT, Block, Job, Tail
from gastown_tmux.agents.window import Pause, Window
from gastown_tmux.edges.git.environment import environment
from gastown_tmux.edges.git.pins import FLAGS
from gastown_tmux.edges.processes.proc import list_pids

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from gastown_tmux.agents.jobs import Outcome
    from gastown_tmux.agents.window import Steps

#: Text that was pasted together from files may hold the mark of one in its middle.
_OPENING = re.compile(r"\ufeff?( {0,3})(`{3,}(?=[^`]*$)|~{3,})[ \t]*(.*)")
_SHELLS = ("sh", "bash", "shell")
_GT_LIMIT, _GIT_LIMIT = 60.0, 600.0  # a commit runs the repository's own hooks
_DONE_TRIES = 3
_LOG_LINES, _LOG_LENGTH = 30, 4000
_LOCK_WAIT = 10.0
_IS_MARKED = "git ls-files -v | grep -q '^[a-zS]'"  # by update-index --assume-unchanged or --skip-worktree
#: Whom the town has this agent commit as, and where git stops to look for a repository.
_OWN = ("GIT_AUTHOR_", "GIT_COMMITTER_", "GIT_CEILING_DIRECTORIES")


def fences(text: str) -> list[str]:
    """The contents of the fenced code blocks whose info string begins with sh, bash or shell.

    As CommonMark has them: backticks or tildes, indented by up to three spaces, one never closed runs on
    to the end.

    >>> fences("~~~~ sh title\\nmake\\n~~~~\\n```python\\n~~~sh\\n```")
    ['make\\n']
    """
    found = []
    lines = iter(text.replace("\r\n", "\n").split("\n"))
    for line in lines:
        if not (opening := _OPENING.fullmatch(line)):
            continue
        indent, fence, info = opening.groups()
        closing = re.compile(rf" {{0,3}}{fence[0]}{{{len(fence)},}}[ \t]*")
        content = []
        for inner in lines:
            if closing.fullmatch(inner):
                break
            content.append(re.sub(rf"^ {{0,{len(indent)}}}", "", inner) + "\n")
        if info.split()[:1] and info.split()[0].lower() in _SHELLS:
            found.append("".join(content))
    return found


def run_gt(*words: str, stdin: str = "", limit: float = _GT_LIMIT) -> Steps[Outcome]:
    outcome: Outcome = yield Job(["gt", *words], stdin=stdin, limit=limit)
    return outcome


def run_blocks(window: Window, blocks: list[str], log: Tail) -> Steps[str | None]:
    """Run each block, the output shown and kept in `log`. What failed first, in one line, or None."""
    for number, block in enumerate(blocks, 1):
        window.say(f"● block {number} of {len(blocks)}")
        window.say("\n".join(f"  $ {line}" for line in block.rstrip().split("\n")))
        outcome: Outcome = yield Block(block, log)
        if outcome.status:
            detail = f" ({outcome.errors})" if outcome.errors else ""
            return f"block {number} failed with status {outcome.status}{detail}"
    return None


def do_bead(window: Window, hook: dict[str, Any]) -> Steps[str]:
    """Do the bead on the hook and tell the town. What became of it, in one line."""
    bead = hook["bead"]
    log = Tail(64 * 1024)
    blocks = fences(bead["body"])
    if not blocks:
        return (yield from escalate(window, "no sh block in the body", log))
    title = " ".join(bead["title"].split()) or bead["id"]
    base = hook.get("base")
    failure = yield from prepare(window, hook)
    if not failure and base and not _is_again(hook) and (yield from is_committed(base, title)):
        head = (yield from _git("rev-parse", "HEAD")).output.strip()
        if head != hook.get("refused"):
            window.say("already committed by an earlier try")
            return (yield from _done(window, hook, log, "committed"))
        failure = yield from _begin_again(window, base, "refused")
    failure = failure or (yield from run_blocks(window, blocks, log))
    if failure:
        return (yield from escalate(window, failure, log))
    if failure := (yield from commit(window, title)):
        return (yield from escalate(window, failure, log))
    return (yield from submit(window, hook, log))


def _is_again(hook: dict[str, Any]) -> bool:
    """Whether what was committed did not pass, or was given up: it is done again, not only submitted again."""
    return bool(hook.get("tries", 0) > 1 or hook["bead"].get("reason") == "escalated")


def submit(window: Window, hook: dict[str, Any], log: Tail) -> Steps[str]:
    """Say that the bead is done: by its branch, or where that changes nothing, by what was printed."""
    base = hook.get("base")
    if not base or (yield from _git("diff", "--quiet", f"{base}...HEAD")).status:
        return (yield from _done(window, hook, log, "committed"))
    report = plain(log.text()) or "Nothing changed, and nothing was printed.\n"
    return (yield from _done(window, hook, log, "reported", "--report", "-", stdin=report))


def prepare(window: Window, hook: dict[str, Any]) -> Steps[str | None]:
    """Make sure this is the bead's worktree, on its branch, ready to be changed; else say why it is not."""
    where = yield from _git("rev-parse", "--show-toplevel", "--absolute-git-dir")
    top, _, git_dir = where.output.strip().partition("\n")
    if where.status or os.path.realpath(top) != os.path.realpath(os.getcwd()):
        return f"{os.getcwd()} is not a git worktree ({where.complaint})"
    branch = (yield from _git("symbolic-ref", "--quiet", "--short", "HEAD")).output.strip()
    if hook.get("branch") not in (None, branch):
        return f"the worktree is on {branch or 'no branch'}, the bead's branch is {hook['branch']}"
    yield from _clear_stale_lock(window, f"{git_dir}/index.lock")
    base, reason = hook.get("base"), hook["bead"].get("reason") or ""
    if base and hook.get("attempt", 1) > 1 and reason.startswith(("conflicted", "rejected")):
        if hook.get("run"):
            window.say(f"{reason}: again on {base[:12]}")
            return (yield from _move_work(base))
        return (yield from _begin_again(window, base, reason))
    return None


def _begin_again(window: Window, base: str, reason: str) -> Steps[str | None]:
    """The town kept the refused work under a snapshot; here it is done again on what the target is now."""
    window.say(f"{reason}: again on {base[:12]}")
    if (yield from _git("config", "--bool", "core.sparseCheckout")).output.strip() == "true":
        yield from _git("sparse-checkout", "disable")
    if not (yield from _run(["sh", "-c", _IS_MARKED])).status:
        # What git was told not to look at stays as it is, or is in the way: of an index without it, nothing is.
        yield from _git("read-tree", "--empty")
    reset = yield from _git("reset", "--quiet", "--hard", base)
    if reset.status:
        return f"git reset failed: {reset.complaint}"
    # Submodules stay where the refused work had them, under names that they had there.
    yield from _git("clean", "--quiet", "-ffd")
    yield from _git("submodule", "--quiet", "update", "--force", "--recursive")
    return None


def _move_work(base: str) -> Steps[str | None]:
    """What steps have done is never done again: it is put on what the target is now."""
    moved = yield from _git("rebase", "--quiet", base)
    if not moved.status:
        return None
    yield from _git("rebase", "--abort")
    return f"git rebase failed: {moved.complaint}"


def _clear_stale_lock(window: Window, lock: str) -> Steps[None]:
    """Wait for a git that still works here; remove the lock that a killed one left behind."""
    waiting = Pause(_LOCK_WAIT)
    while os.path.exists(lock) and _git_runs_here():
        if waiting.is_over:
            return
        yield Pause(0.1)
    # Where processes cannot be listed nobody knows: there git will complain.
    if os.path.exists(lock) and list_pids():
        window.say("a killed git left its index.lock behind: removed")
        os.unlink(lock)


def _git_runs_here() -> bool:
    here = os.getcwd()
    for pid in list_pids():
        try:
            program, where = os.readlink(f"/proc/{pid}/exe"), os.readlink(f"/proc/{pid}/cwd")
        except OSError:
            continue
        if program.endswith("/git") and f"{where}/".startswith(f"{here}/"):
            return True
    return False


def is_committed(base: str | None, title: str) -> Steps[bool]:
    """Whether an earlier try got as far as its commit, with nothing changed since."""
    if not base:
        return False
    subject = yield from _git("log", "-1", "--format=%s", f"{base}..HEAD")
    status = yield from _git("status", "--porcelain")
    return not status.status and not status.output and subject.output.strip() == title


def commit(window: Window, title: str) -> Steps[str | None]:
    """Commit what changed, if anything did. What failed, in one line, or None."""
    added = yield from _git("add", "--all")
    if added.status:
        return f"git add failed: {added.complaint}"
    if not (yield from _git("diff", "--cached", "--quiet")).status:
        return None
    committed = yield from _git("commit", "--quiet", "-m", title)
    if committed.status:
        return f"git commit failed: {committed.complaint}"
    window.say(f"● committed: {title}")
    return None


def _git(*words: str) -> Steps[Outcome]:
    """As the town runs git, but for a project's hooks: they are for who commits."""
    return (yield from _run(["git", words[0], *FLAGS.get(words[0], ()), *words[1:]]))


def _run(command: list[str]) -> Steps[Outcome]:
    own = {name: value for name, value in os.environ.items() if name.startswith(_OWN)}
    outcome: Outcome = yield Job(command, limit=_GIT_LIMIT, environment=environment(own, hooks=True))
    return outcome


def escalate(window: Window, failure: str, log: Tail) -> Steps[str]:
    window.say(failure)
    end = "\n".join(plain(log.text()).rstrip().split("\n")[-_LOG_LINES:])[-_LOG_LENGTH:]
    refusal = yield from _say_done(window, "--escalate", f"{failure}\n{end}".rstrip())
    return f"{failure}, but {refusal}" if refusal else failure


def _done(window: Window, hook: dict[str, Any], log: Tail, result: str, *words: str, stdin: str = "") -> Steps[str]:
    """Work that the town does not take is escalated like work that failed: else nobody would hear of it.

    But for a step that may be tried again: whoever looks at the hook then finds one more try there.
    """
    refusal = yield from _say_done(window, *words, stdin=stdin)
    if not refusal:
        return result
    if (yield from _has_another_try(hook)):
        return f"{result}, but {refusal}"
    return (yield from escalate(window, f"{result}, but {refusal}", log))


def _has_another_try(hook: dict[str, Any]) -> Steps[bool]:
    asked = yield from run_gt("hook", "--json")
    try:
        now = json.loads(asked.output)
        return bool(now["bead"]["id"] == hook["bead"]["id"] and now["tries"] > hook["tries"])
    except (ValueError, TypeError, KeyError):
        return False


def _say_done(window: Window, *words: str, stdin: str = "") -> Steps[str | None]:
    """Why the town does not take it, in one line, or None."""
    window.say(f"● gt done {words[0] if words else ''}".rstrip())
    outcome = yield from run_gt("done", *words, stdin=stdin)
    for _ in range(_DONE_TRIES):
        if outcome.status < TIMED_OUT:
            break
        outcome = yield from run_gt("done", *words, stdin=stdin)  # ended half-way; it may be said twice
    if not outcome.status:
        return None
    refusal = f"gt done failed: {outcome.complaint}"
    window.say(refusal)
    return refusal
