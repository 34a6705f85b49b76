"""What lands is what the author did since the target as the branch knew it, whatever became of that target."""

import pytest

from tests.journeys.test_kinds_of_remote import clone
from tests.journeys.town_world import TownWorld, git, make_repository


class Upstream:
    """A bare remote, a person's clone of it, and beads that wait for a word before they go on."""

    def __init__(self, world: TownWorld) -> None:
        self.world, self.base = world, world.project
        make_repository(self.base / "seed")
        self.far = clone(self.base / "seed", self.base / "far", "--bare")
        self.person = clone(self.far, self.base / "person")
        world.gt("rig", "add", "demo", self.far)

    def push(self, name: str, content: str = "x\n", *options: str) -> str:
        """A commit of one file on main."""
        (self.person / name).write_text(content)
        git(self.person, "add", "-A")
        git(self.person, "commit", "-qm", name)
        git(self.person, "push", "-q", *options, "origin", "HEAD:main")
        return git(self.person, "rev-parse", "HEAD")

    def drop(self, commits: int = 1) -> None:
        """Takes the newest commits away, and has another there."""
        git(self.person, "reset", "-q", "--hard", f"HEAD~{commits}")
        self.push(f"instead-{git(self.person, 'rev-parse', '--short', 'HEAD')}.txt", "x\n", "--force")

    def start(self, title: str, before: str, after: str = "true") -> str:
        """A bead whose script has run ``before`` and waits; ``go`` lets it run ``after``."""
        wait = "touch {0}.here; until [ -e {0}.go ]; do sleep 0.05; done".format(self.base / title)
        bead = self.world.bead(title, f"{before}\n{wait}\n{after}")
        self.world.gt("sling", bead)
        self.world.wait_for((self.base / f"{title}.here").exists, 20, "the bead's script")
        return bead

    def go(self, title: str) -> None:
        (self.base / f"{title}.go").touch()

    def files(self) -> list[str]:
        return git(self.far, "ls-tree", "-r", "--name-only", "main").splitlines()

    def subjects(self) -> list[str]:
        return git(self.far, "log", "--format=%s", "main").splitlines()


@pytest.fixture
def upstream(bare_town: TownWorld) -> Upstream:
    return Upstream(bare_town)


def test_what_was_dropped_stays_dropped(upstream: Upstream) -> None:
    """Whoever was at work on it; and people are told."""
    world = upstream.world
    upstream.push("dropped.txt")
    one = upstream.start("one", "echo one > one.txt", "echo more >> one.txt")
    upstream.drop()
    upstream.go("one")
    landed = world.wait_state(one, "merged")["merged_commit"]
    assert "dropped.txt" not in upstream.files() and "one.txt" in upstream.files()
    assert git(upstream.far, "diff", "--name-only", f"{landed}^", landed) == "one.txt"
    told = [item["text"] for item in world.json("escalate", "list")["items"]]
    assert len([text for text in told if "rewritten" in text]) == 1, told
    assert "target.rewritten" in [event["type"] for event in world.json("events")["items"]]
    assert "rewritten" in world.gt("rig", "show", "demo").out


def test_an_author_who_comes_back_after_it(upstream: Upstream) -> None:
    """Sent back with the reason, rebased on the target as it is, and landed."""
    world = upstream.world
    world.gt("config", "set", "merge.strategy", "merge")
    dropped = upstream.push("dropped.txt")
    old = git(upstream.far, "rev-parse", "main")
    again = f"if [ -e {upstream.base}/back ]; then git fetch -q origin && git rebase -q --onto origin/main {old}; fi"
    bead = upstream.start("one", f"{again}; echo one > one.txt")
    upstream.drop()
    (upstream.base / "back").touch()
    upstream.go("one")
    assert world.wait_state(bead, "merged", 40)["attempts"] == 2
    assert dropped not in git(upstream.far, "rev-list", "main").split()
    assert "one.txt" in upstream.files() and "dropped.txt" not in upstream.files()
