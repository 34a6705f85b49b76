"""What a rig's project asks of whoever works on it: that its filters are known, and can run."""

from contextlib import suppress
from pathlib import Path

from gastown_tmux.domain.rigs import Rig
from gastown_tmux.edges.git import shared_files
from gastown_tmux.edges.git.command import GitError
from gastown_tmux.edges.git.filters import find_trouble, may_name_filters, named_filters
from gastown_tmux.edges.git.repository import Repository
from gastown_tmux.edges.git.workbench import workbench
from gastown_tmux.operations.town.town import Town


def follow_source(repository: Repository, source: Path | None) -> None:
    """Filters, drivers, rules and keys of the local repository that the rig was made of, as they are there now.

    Where that cannot be read any more, as they were there last.
    """
    if source is not None and source.is_dir():
        with suppress(GitError):
            repository.project.take_over(source)
    shared_files.share_project(repository)


def check_rules(town: Town, rig: Rig, commit: str) -> None:
    """Raises RefusedError for a filter that nobody defines, and MissingError for one whose program is not there."""
    repository = town.repository(rig.name)
    follow_source(repository, Path(rig.source))
    refuse_unknown(repository, commit)


def refuse_unknown(repository: Repository, commit: str) -> None:
    if not may_name_filters(repository, commit):
        return
    with workbench(repository) as bench:
        bench.lay_out(commit)
        for name, file in named_filters(bench).items():
            if trouble := find_trouble(bench, name, file):
                raise trouble
