"""A project carried out twice: in a rig's repository, as the town does it, and in a plain clone, as a person does."""

import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from gastown_tmux.domain.addresses import OVERSEER
from gastown_tmux.domain.ids import Commit
from gastown_tmux.edges.git import places
from gastown_tmux.edges.git.command import environment
from gastown_tmux.edges.git.merge import Conflict, merge_tree
from gastown_tmux.edges.git.project import Project as ProjectSettings
from gastown_tmux.edges.git.repository import Repository
from gastown_tmux.edges.git.settings_file import format_settings
from gastown_tmux.edges.git.shared_files import share_project
from gastown_tmux.edges.git.submodule_list import find_touched
from gastown_tmux.edges.git.workbench import list_rules, workbench
from gastown_tmux.operations.merging.landing import run_refinery
from gastown_tmux.operations.town.install import install
from gastown_tmux.operations.town.town import Town
from gastown_tmux.operations.workforce.rigs import add_rig
from gastown_tmux.store.beads import submit_bead
from gastown_tmux.store.merging import get_merge_request, insert_merge_request
from tests.landing.projects import SETTINGS, Change, Project
from tests.operations.quiet_town import QuietTown

WHO = {
    f"GIT_{who}_{what}": value
    for who in ("AUTHOR", "COMMITTER")
    for what, value in {"NAME": "Pat", "EMAIL": "pat@example.org", "DATE": "2026-11-27T12:00:00Z"}.items()
}


class NoSuchProjectError(Exception):
    """What was drawn cannot be committed, in a plain clone either."""


@dataclass(frozen=True, slots=True)
class Place:
    """A worktree in which somebody works with plain git, under the settings that ours runs under."""

    path: Path

    def git(self, *words: str, ok: Sequence[int] = (0,)) -> str:
        env = environment({"GIT_CEILING_DIRECTORIES": str(self.path.parent)}) | WHO
        done = subprocess.run(["git", *words], cwd=self.path, env=env, capture_output=True, timeout=120)
        if done.returncode not in ok:
            raise NoSuchProjectError(f"git {words}: {done.stderr.decode(errors='replace')}")
        return os.fsdecode(done.stdout).removesuffix("\n")

    def commit(self, changes: Sequence[Change], attributes: Sequence[bytes] = (), bump: str | None = None) -> str:
        """Carries the changes out and commits whatever came of them; the commit."""
        for change in changes:
            change.carry_out(self.path)
        if attributes:
            with (self.path / ".gitattributes").open("ab") as file:
                file.write(b"".join(line + b"\n" for line in attributes))
        library = self.path / "lib"
        if bump is not None and (library / ".git").exists():
            Place(library).git("checkout", "-q", bump)
        self.git("add", "-A")
        if bump is not None:
            self.git("update-index", "--cacheinfo", f"160000,{bump},lib")
        self.git("commit", "-q", "--allow-empty", "-m", "change")
        return self.git("rev-parse", "HEAD")

    def tree(self, commit: str = "HEAD") -> str:
        return self.git("rev-parse", f"{commit}^{{tree}}")


@dataclass(frozen=True, slots=True)
class Library:
    """What a submodule is of: commits one after another."""

    path: Path
    commits: tuple[str, ...]


def make_library(path: Path) -> Library:
    path.mkdir()
    place = Place(path)
    place.git("init", "-q", "--template=")
    commits = []
    for number in range(3):
        (path / "version").write_text(f"{number}\n")
        place.git("add", "-A")
        place.git("commit", "-qm", str(number))
        commits.append(place.git("rev-parse", "HEAD"))
    return Library(path, tuple(commits))


def use_settings(place: Place, project: Project) -> None:
    """What a person has in the project's repository and in no commit."""
    with (place.path / ".git" / "config").open("ab") as file:
        file.write(format_settings(list(SETTINGS.items())))
    (place.path / ".git" / "info").mkdir(exist_ok=True)
    (place.path / ".git" / "info" / "attributes").write_bytes(b"".join(line + b"\n" for line in project.own))


def make_source(path: Path, project: Project, library: Library) -> Place:
    """The person's own repository: the first commit, on main, and the settings that no clone has."""
    path.mkdir()
    place = Place(path)
    place.git("init", "-q", "--template=")
    use_settings(place, project)
    if project.bumps is not None:
        place.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", "--", str(library.path), "lib")
        Place(path / "lib").git("checkout", "-q", library.commits[0])
    place.commit(project.start, project.attributes)
    return place


@dataclass(frozen=True, slots=True)
class Story:
    """How a project went in a person's clone.

    ``tips`` is where the target was when the author began, before the last commit and at the end; ``trees`` what the
    author had committed each time; ``landed`` the tree of the target with that, None where the two conflict.
    """

    source: Place
    tips: tuple[str, str, str]
    trees: tuple[str, ...]
    landed: str | None


def tell_in_a_clone(base: Path, project: Project, library: Library) -> Story:
    """Carries it out with nothing but git. Raises NoSuchProjectError."""
    base.mkdir(parents=True)
    source = make_source(base / "source", project, library)
    mine, theirs = (None, None) if project.bumps is None else (library.commits[by] for by in project.bumps)
    first, *later = project.theirs
    root = source.git("rev-parse", "HEAD")
    began = source.commit(first) if project.dropped else root
    clone = Place(base / "clone")
    source.git("clone", "-q", "--no-checkout", "--", str(source.path), str(clone.path))
    use_settings(clone, project)
    clone.git("checkout", "-q", "-b", "author", "origin/main")
    if project.bumps is not None:
        clone.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "update", "--init")
    clone.commit(project.ours[0], bump=mine)
    trees = [clone.tree()]
    middle = began
    if project.catches_up and not project.dropped:
        middle = source.commit(first)
        clone.git("fetch", "-q")
        clone.git("merge", "-q", "--no-edit", "origin/main")
        trees.append(clone.tree())
    for changes in project.ours[1:]:
        clone.commit(changes)
        trees.append(clone.tree())
    if project.dropped:
        source.git("reset", "-q", "--hard", root)
    for changes in later if project.dropped or project.catches_up else project.theirs:
        source.commit(changes)
    end = source.commit((), bump=theirs) if theirs else source.git("rev-parse", "HEAD")
    clone.git("fetch", "-q")
    clone.git("checkout", "-q", "--force", "--detach", end)
    if project.dropped:
        # The author's work as one commit on what has been dropped, taken from there.
        work = clone.git("commit-tree", "-m", "work", "-p", began, "author^{tree}")
        clone.git("cherry-pick", "--no-commit", work, ok=(0, 1))
    else:
        # Status 2: git does not even begin, for it takes files for changed.
        clone.git("merge", "-q", "--no-edit", "author", ok=(0, 1))
    conflicts = clone.git("ls-files", "-u")
    landed = None if conflicts else clone.git("write-tree")
    return Story(source, (began, middle, end), tuple(trees), landed)


def tell_in_a_rig(base: Path, project: Project, library: Library, story: Story) -> tuple[tuple[str, ...], str | None]:
    """The same by our means: what the author had committed each time, and what would land."""
    source = story.source
    source.git("reset", "-q", "--hard", story.tips[0])
    (base / "run").mkdir(parents=True)
    settings = ProjectSettings(base / "project")
    settings.take_over(source.path)
    repository = Repository.create(base / "repo.git", base / "run" / "lock", str(source.path), settings)
    share_project(repository)
    place = Place(base / "work")
    places.add(repository, place.path, "bead/x", story.tips[0], "gt: test")
    mine = project.bumps and library.commits[project.bumps[0]]
    place.commit(project.ours[0], bump=mine)
    trees = [place.tree()]
    if project.catches_up and not project.dropped:
        source.git("reset", "-q", "--hard", story.tips[1])
        repository.fetch()
        place.git("merge", "-q", "--no-edit", "origin/main")
        trees.append(place.tree())
    for changes in project.ours[1:]:
        place.commit(changes)
        trees.append(place.tree())
    source.git("reset", "-q", "--hard", story.tips[2])
    repository.fetch()
    with workbench(repository) as bench:
        known = (story.tips[0],) if project.dropped else ()
        head = place.git("rev-parse", "HEAD")
        merged = merge_tree(bench, story.tips[2], head, known)
        bases = repository.merge_bases(story.tips[2], head)
        plain = not isinstance(merged, Conflict) and not known and len(bases) == 1
        if plain and not find_touched(repository.path, bases[0], head).rules:
            # What the refinery concludes, where the author touched no rules.
            assert list_rules(repository.path, merged.id) == list_rules(repository.path, story.tips[2])
    return tuple(trees), None if isinstance(merged, Conflict) else merged.id


def land_in_a_town(base: Path, project: Project, library: Library, story: Story) -> tuple[str, str | None]:
    """The same by the town's own operations, from rig to refinery: how it ended, and the tree of the target then."""
    source, far = story.source, base / "far.git"
    base.mkdir()
    source.git("clone", "-q", "--bare", "--", str(source.path), str(far))
    source.git("remote", "add", "origin", str(far))
    source.git("push", "-q", "--force", "origin", f"{story.tips[0]}:refs/heads/main")
    town = Town(base / "town", OVERSEER, dict(os.environ))
    install(town, town.path)
    try:
        add_rig(town, "demo", str(source.path), branch="main")
        quiet = QuietTown(town, far)
        bead = quiet.bead("change")
        address, path = quiet.hook(bead)
        place = Place(path)
        place.commit(project.ours[0], bump=project.bumps and library.commits[project.bumps[0]])
        if project.catches_up and not project.dropped:
            source.git("push", "-q", "--force", "origin", f"{story.tips[1]}:refs/heads/main")
            place.git("fetch", "-q", "origin")
            place.git("merge", "-q", "--no-edit", "origin/main")
        for changes in project.ours[1:]:
            place.commit(changes)
        source.git("push", "-q", "--force", "origin", f"{story.tips[2]}:refs/heads/main")
        with town.change() as change:
            head = Commit(place.git("rev-parse", "HEAD"))
            request = insert_merge_request(
                change, bead=bead, rig=quiet.rig.name, author=address, branch=f"bead/{bead}", head=head,
                base=Commit(story.tips[0]), target="main",
            )  # fmt: skip
            submit_bead(change, bead, request)
        run_refinery(town, once=True)
        found = get_merge_request(town.db, request)
        return f"{found.state}: {found.reason}", source.git("--git-dir", str(far), "rev-parse", "main^{tree}")
    finally:
        town.close()
