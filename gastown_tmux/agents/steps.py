"""A run done as a runbook: step after step, each with its `sh` blocks and a commit of its own; then it is submitted."""

from __future__ import annotations

import json
import os

from gastown_tmux.agents.blocks import commit, escalate, fences, is_committed, prepare, run_blocks, run_gt, submit
from gastown_tmux.agents.composer import plain
from gastown_tmux.agents.jobs import Tail
from gastown_tmux.agents.window import Window

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from gastown_tmux.agents.window import Steps

#: A check may take as long as the town lets it.
_CHECK_LIMIT = 3600.0
_RESULT = 16 * 1024
#: So often in a row a step may come to no verdict.
_SAME_TRIES = 3


def do_run(window: Window, hook: dict[str, Any]) -> Steps[str]:
    """Do what is left of the run on the hook. What became of it, in one line.

    After a kill it goes on at the step that was at work; one that had got as far as its commit is not done again.
    """
    log = Tail(64 * 1024)
    if failure := (yield from prepare(window, hook)):
        return (yield from escalate(window, failure, log))
    last, again = None, 0
    while True:
        asked = yield from run_gt("step", "--json")
        step = _parse(asked.output) if not asked.status else {}
        if not step:
            return f"gt step: {asked.complaint}"
        if step["all_done"]:
            return (yield from submit(window, hook, log))
        if step["id"] is None:
            return str(step["waits"])
        again = again + 1 if last == (step["id"], step["tries"]) else 0
        last = (step["id"], step["tries"])
        if again >= _SAME_TRIES:
            yield from run_gt("step", "fail", "its check comes to no verdict")
            continue
        if failure := (yield from _do(window, step, hook.get("base"), log)):
            return failure


def _do(window: Window, step: dict[str, Any], base: str | None, log: Tail) -> Steps[str | None]:
    """Why it goes no further, in one line, or None."""
    title = f"{step['id']}: {' '.join(step['title'].split())}"
    os.environ.update(GT_STEP=step["id"], GT_RUN=step["run"])
    window.say(f"● step {step['number']} of {step['total']}: {title}")
    said = Tail(_RESULT)
    blocks = fences(step["body"])
    failure = None if blocks else "no sh block in the step"
    if not failure and not (step["tries"] == 1 and (yield from is_committed(base, title))):
        failure = (yield from run_blocks(window, blocks, said)) or (yield from commit(window, title))
    words = plain(said.text())
    log.add(words.encode())
    if failure:
        told = yield from run_gt("step", "fail", f"{failure}\n{words[-1000:]}".rstrip())
        return f"{failure}, but gt step fail: {told.complaint}" if told.status else failure
    window.say(f"● gt step done {step['id']}")
    outcome = yield from run_gt("step", "done", step["id"], "--result", "-", stdin=words, limit=_CHECK_LIMIT)
    if outcome.status:
        window.say(outcome.complaint)
    # A check that failed gives another try, or has taken the run off the hook: gt step knows.
    return None


def _parse(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except ValueError:
        return {}
    return value if isinstance(value, dict) and {"all_done", "id", "waits", "body", "title"} <= set(value) else {}
