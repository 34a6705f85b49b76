"""What authors leave behind a branch: merges of their own, odd dates, names and letters. Exactly that lands."""

import os
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from gastown_tmux.domain.addresses import Address
from gastown_tmux.domain.ids import BeadId, Commit, MergeRequestId
from gastown_tmux.domain.merging import MergeState
from gastown_tmux.edges.git.workbench import list_rules
from gastown_tmux.operations.merging.landing import run_refinery
from gastown_tmux.operations.town.configuration import set_key
from gastown_tmux.store.beads import submit_bead
from gastown_tmux.store.merging import get_merge_request, insert_merge_request
from tests.journeys.town_world import git
from tests.operations.quiet_town import QuietTown

PAT = b"Pat <pat@example.org> 1700000000 +0100"


@dataclass(frozen=True, slots=True)
class Author:
    """Makes commits in repo.git with nothing of git's own between: what hash-object takes can be there."""

    path: Path
    base: str

    def git(self, *words: str, data: bytes = b"", **env: str) -> str:
        command = ["git", "--git-dir", str(self.path), *words]
        done = subprocess.run(command, input=data, capture_output=True, check=True, env={**os.environ, **env})
        return os.fsdecode(done.stdout).strip()

    def tree(self, parent: str, changes: Mapping[str, tuple[str, str] | None]) -> str:
        """The parent's, with these files of a mode and a content, or without them."""
        env = {"GIT_INDEX_FILE": str(self.path / "index.of-a-test")}
        self.git("read-tree", parent, **env)
        lines = []
        for name, file in changes.items():
            blob = self.git("hash-object", "-w", "--stdin", data=file[1].encode()) if file else "0" * 40
            lines.append(f"{file[0] if file else 0} {blob}\t{name}\0")
        self.git("update-index", "-z", "--index-info", data="".join(lines).encode(), **env)
        return self.git("write-tree", **env)

    def commit(
        self,
        changes: Mapping[str, tuple[str, str] | None],
        parents: Sequence[str] | None = None,
        *,
        who: bytes = PAT,
        headers: bytes = b"",
        message: bytes = b"work\n",
    ) -> str:
        parents = [self.base] if parents is None else parents
        tree = self.tree(parents[0] if parents else "4b825dc642cb6eb9a060e54bf8d69288fbee4904", changes)
        lines = [f"tree {tree}".encode(), *(f"parent {parent}".encode() for parent in parents)]
        lines += [b"author " + who, b"committer " + who]
        text = b"\n".join(lines) + b"\n" + headers + b"\n" + message
        return self.git("hash-object", "-t", "commit", "-w", "--stdin", "--literally", data=text)


History = Callable[[Author], str]
HISTORIES: list[History] = []


def history(build: History) -> History:
    HISTORIES.append(build)
    return build


def _file(name: str) -> dict[str, tuple[str, str]]:
    return {name: ("100644", f"{name}\n")}


@history
def octopus(author: Author) -> str:
    arms = [author.commit(_file(f"arm-{n}")) for n in range(3)]
    return author.commit(_file("arm-1") | _file("arm-2"), arms)


@history
def merges_of_merges(author: Author) -> str:
    one, two = author.commit(_file("criss")), author.commit(_file("cross"))
    left = author.commit(_file("cross"), [one, two])
    right = author.commit(_file("criss"), [two, one])
    return author.commit(_file("criss-cross"), [left, right])


@history
def empty_commits(author: Author) -> str:
    return author.commit({}, [author.commit(_file("between"), [author.commit({})])])


@history
def a_root_of_its_own(author: Author) -> str:
    return author.commit(_file("library"), [author.base, author.commit(_file("library"), [])])


@history
def latin_letters(author: Author) -> str:
    who = "J\u00f6rg \u00d8 <j\u00f6@example.org> 1700000000 +0000".encode("latin-1")
    return author.commit(
        _file("latin"), who=who, headers=b"encoding ISO-8859-1\n", message="gr\u00fcn\n".encode("latin-1")
    )


@history
def letters_that_are_none(author: Author) -> str:
    return author.commit(_file("bytes"), who=b"\xff\xfe <\xff> 1700000000 +0000", message=b"\xff\xfe\x01\x1b[31m\n")


@history
def nobody(author: Author) -> str:
    return author.commit(_file("nobody"), who=b" <> 1700000000 +0000", message=b"")


@history
def before_and_after_all_time(author: Author) -> str:
    old = author.commit(_file("old"), who=b"Pat <p> -3600 +0000")
    first = author.commit(_file("first"), [old], who=b"Pat <p> 0 -1400")
    return author.commit(_file("future"), [first], who=b"Pat <p> 18446744073709551614 +9999", message=b"no newline")


@history
def signed(author: Author) -> str:
    return author.commit(
        _file("signed"), headers=b"gpgsig -----BEGIN PGP SIGNATURE-----\n x\n -----END PGP SIGNATURE-----\n"
    )


@history
def trailers_of_another(author: Author) -> str:
    return author.commit(_file("trailers"), message=b"x\n\nGastown-Bead: de-00000\nGastown-Agent: demo/other\n")


@history
def modes_only(author: Author) -> str:
    return author.commit({"file-0.txt": ("100755", author.git("show", f"{author.base}:file-0.txt") + "\n")})


@history
def a_name_that_differs_by_case(author: Author) -> str:
    text = author.git("show", f"{author.base}:file-1.txt") + "\n"
    return author.commit({"file-1.txt": None, "FILE-1.txt": ("100644", text)})


@history
def rules_of_its_own(author: Author) -> str:
    return author.commit({"deep/.gitattributes": ("100644", "*.u merge=union\n")})


@history
def only_deletes(author: Author) -> str:
    return author.commit({"file-2.txt": None})


@history
def a_link_and_then_a_folder(author: Author) -> str:
    link = author.commit({"thing": ("120000", "file-0.txt")})
    return author.commit({"thing": None, "thing/inside": ("100644", "x\n")}, [link])


def submit(quiet: QuietTown, bead: BeadId, head: str, base: str) -> MergeRequestId:
    with quiet.town.change() as change:
        change.execute("UPDATE beads SET state = 'working', branch = ? WHERE id = ?", f"bead/{bead}", bead)
        id = insert_merge_request(
            change, bead=bead, rig=quiet.rig.name, author=Address("demo/nobody"), branch=f"bead/{bead}",
            head=Commit(head), base=Commit(base), target="main",
        )  # fmt: skip
        submit_bead(change, bead, id)
        return id


def listing(path: Path, commit: str) -> set[str]:
    return set(git(path, "ls-tree", "-r", "-z", commit).split("\0"))


@pytest.mark.parametrize("strategy", ["squash", "merge"])
def test_exactly_what_its_author_made(quiet: QuietTown, strategy: str) -> None:
    set_key(quiet.town, "merge.strategy", strategy)
    repository = quiet.town.repository("demo").path
    base = git(quiet.project, "rev-parse", "main")
    author = Author(repository, base)
    heads: dict[MergeRequestId, str] = {}
    for build in HISTORIES:
        bead, head = quiet.bead(build.__name__), build(author)
        author.git("update-ref", f"refs/heads/bead/{bead}", head)
        heads[submit(quiet, bead, head, base)] = head
    # What agents have besides their branches is theirs alone.
    last = list(heads.values())[-1]
    for ref in ("refs/tags/v9", "refs/notes/commits", f"refs/replace/{base}", "refs/heads/own"):
        author.git("update-ref", ref, last)
    run_refinery(quiet.town)
    expected = listing(quiet.project, base)
    for id, head in heads.items():
        found = get_merge_request(quiet.town.db, id)
        assert found.state is MergeState.MERGED, (found.bead, found.reason)
        before, after = listing(repository, base), listing(repository, head)
        expected = (expected - (before - after)) | (after - before)
        named = git(repository, "ls-tree", "-r", "--name-only", str(found.merged_commit)).split()
        rules = tuple(name for name in named if name.endswith(".gitattributes"))
        assert list_rules(repository, str(found.merged_commit)) == rules, "what is remembered is so"
        if strategy == "merge":
            assert git(quiet.project, "rev-parse", f"{found.merged_commit}^2") == head
    assert listing(quiet.project, "main") == expected
    assert git(quiet.project, "for-each-ref", "--format=%(refname)") == "refs/heads/main"
    assert git(quiet.project, "status", "--short") == ""
    assert git(quiet.project, "fsck", "--no-dangling", "--connectivity-only") == ""
