"""Where the gates run: a worktree of exactly the candidate, set up once however often a tree is tested there."""

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from gastown_tmux.dataclass import dataclass
from gastown_tmux.domain.setting_values import Gate
from gastown_tmux.edges.files import clock
from gastown_tmux.edges.files.atomic import write_atomic
from gastown_tmux.edges.git import places
from gastown_tmux.edges.git.command import git
from gastown_tmux.edges.git.submodules import Missing
from gastown_tmux.edges.processes.commands import last_words, run_logged
from gastown_tmux.edges.processes.live_output import followed
from gastown_tmux.operations.hooks import submodules
from gastown_tmux.operations.hooks.shared_files import log_commands, settle_shared_files
from gastown_tmux.operations.hooks.worktrees import copy_files, list_copied
from gastown_tmux.operations.merging.rig_queue import RigQueue
from gastown_tmux.operations.merging.verdicts import Built, Delay, pause
from gastown_tmux.operations.town.town import Town
from gastown_tmux.reading import read_text

#: How long what was set up for a tree is good for.
_SET_UP_SECONDS = 86400.0


@dataclass(frozen=True, slots=True)
class GatePlace:
    """``missing``: submodules that could not be had."""

    path: Path
    environment: Mapping[str, str]
    missing: Sequence[Missing]


def digest_rules(queue: RigQueue, gates: Sequence[Gate]) -> str:
    """Of all that decides whether a tree passes, as far as it is set: the gates, the set-up, what is copied, where
    programs are found. Not what is in the programs.
    """
    told: list[object] = [(gate.name, gate.run, gate.timeout, sorted(gate.environment.items())) for gate in gates]
    told += [queue.settings.texts(key) for key in ("worktree.setup", "worktree.copy", "merge.keep")]
    told.append(queue.town.environment.get("PATH"))
    digest = hashlib.sha256(repr(told).encode("utf-8", "surrogateescape"))
    for path, name in list_copied(queue.town, queue.rig):
        digest.update(os.fsencode(f"\0{name}\0"))
        with suppress(OSError):
            digest.update(path.read_bytes())
    return digest.hexdigest()


def prepare(queue: RigQueue, built: Built, rules: str) -> GatePlace | Delay:
    """``rules`` is their digest. What set-up has made for the same tree under the same rules stays, and it is not run
    again; whatever gates left goes.
    """
    town, rig, settings = queue.town, queue.rig, queue.settings
    place, mark = town.rig_folder(rig.name) / "gate", town.rig_folder(rig.name) / "gate.ready"
    made = _read_made(mark, f"{built.tree} {rules}")
    if made is None:
        mark.unlink(missing_ok=True)
    keep = [*settings.texts("merge.keep"), *(made or ())]
    places.make_gate(queue.repository, place, built.commit, "gt: gates of the merge queue", town.trash, keep)
    missing = submodules.fill(town, rig, place)
    copy_files(town, rig, place, over=False)  # what the candidate has itself is what is tested
    environment = _environment(town, log_commands(town, rig, place))
    commands = settings.texts("worktree.setup")
    if commands and made is None:
        before = _list_others(place)
        for command in commands:
            seconds, log = settings.seconds("worktree.timeout"), built.log
            with followed(log):
                status = run_logged(
                    ["sh", "-c", command], place, environment, log, seconds, queue.gate_mark, queue.log_size
                )
            if status != 0:
                words = f"worktree.setup {command!r} fails where the gates run{last_words(log)}; see {log}"
                return Delay(words, pause(built.request), unjudged=True)
            settle_shared_files(town, rig)
        fresh = sorted(_list_others(place) - before)
        document = {"for": f"{built.tree} {rules}", "made": fresh}
        write_atomic(mark, json.dumps(document).encode(), 0o600, durable=False)
    return GatePlace(place, environment, missing)


def _read_made(mark: Path, wanted: str) -> list[str] | None:
    """What set-up made there for this, as patterns; None where it was for something else, or is too old."""
    with suppress(OSError, ValueError, KeyError, TypeError):
        if clock.epoch() - mark.stat().st_mtime < _SET_UP_SECONDS:
            found = json.loads(read_text(mark))
            if found["for"] == wanted:
                return [f"/{_escaped(str(name))}" for name in found["made"]]
    return None


def _list_others(place: Path) -> set[str]:
    """What is there and not the project's; of a folder that is wholly so, its name."""
    return set(git("ls-files", "-z", "-o", "--directory", cwd=place).records)


def _escaped(name: str) -> str:
    """A name as a pattern that it alone matches."""
    return "".join(f"\\{char}" if char in "\\*?[ " else char for char in name)


def _environment(town: Town, own: Mapping[str, str]) -> dict[str, str]:
    kept = {name: value for name, value in town.environment.items() if not name.startswith(("GT_", "TMUX"))}
    return kept | dict(own)
