"""What is told of branches by one question is what git answers to two about each."""

import random
import subprocess
from pathlib import Path

from gastown_tmux.domain.history import find_own
from gastown_tmux.domain.ids import Commit
from gastown_tmux.edges.git.repository import Repository


def test_what_a_branch_has_of_its_own_is_what_git_says(tmp_path: Path) -> None:
    chance, path = random.Random(14), tmp_path / "any.git"
    subprocess.run(["git", "init", "-q", "--bare", str(path)], check=True)
    stream = []
    for number in range(1, 61):
        most = min(number - 1, chance.choice([1] * 12 + [0, 2, 3]))
        near = range(max(1, number - 8), number)
        parents = chance.sample(near, min(most, len(near)))
        stream += [
            f"commit refs/heads/c{number}",
            f"mark :{number}",
            "committer a <a@localhost> 0 +0000",
            "data 1",
            "x",
        ]
        for word, parent in zip(["from", "merge", "merge"], parents, strict=False):
            stream.append(f"{word} :{parent}")
        stream += [f"M 100644 inline f{number}", "data 1", "x"]
    subprocess.run(
        ["git", "--git-dir", str(path), "fast-import", "--quiet"], input="\n".join([*stream, ""]).encode(), check=True
    )
    repository = Repository(path, tmp_path / "lock")
    commits = [Commit(commit) for commit in repository.list_refs("refs/heads").values()]
    told = 0
    for _ in range(8):
        tip, *heads = chance.sample(commits, 9)
        parents = repository.parents_beyond(tip, heads)
        for head in heads:
            if own := find_own(parents, tip, head):
                assert repository.merge_bases(tip, head) == [own.base]
                assert repository.new_commits(tip, head) == own.commits
                told += 1
    assert told >= 10, told
