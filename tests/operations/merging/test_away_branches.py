"""Where a host gets a rig's code from, and whose name its work bears."""

from pathlib import Path

import pytest

from gastown_tmux.dataclass import replace
from gastown_tmux.domain.delegations import Delegation, Stage
from gastown_tmux.domain.ids import BeadId, RigName, Time
from gastown_tmux.operations.merging.away_branches import commit_of, find_remote, name_author
from gastown_tmux.operations.town.configuration import set_key
from tests.operations.quiet_town import make_quiet_town

NOW = Time("2026-11-28T12:00:00.000Z")
ONE = Delegation(
    "dg-1", BeadId("de-1"), RigName("demo"), "box", Stage.THERE, None, None, None, None, None, None, None, None,
    NOW, NOW,
)  # fmt: skip


def test_only_what_another_machine_can_reach_is_its_remote(short_tmp: Path) -> None:
    quiet = make_quiet_town(short_tmp)
    reached = ["https://forge/x.git", "ssh://git@forge/x", "git@forge:x/y.git", "forge:x.git", "git://forge/x"]
    ours = ["/srv/x.git", "file:///srv/x.git", str(quiet.project), "../x", "http://localhost:3000/x", "me@127.0.0.1:x"]
    assert [find_remote(quiet.town, replace(quiet.rig, remote=url)) for url in reached] == reached
    assert {find_remote(quiet.town, replace(quiet.rig, remote=url)) for url in ours} == {None}
    # What landed in repo.git alone is nowhere else.
    set_key(quiet.town, "merge.publish", "local", rig=quiet.rig)
    quiet.town.reload_settings()
    assert find_remote(quiet.town, replace(quiet.rig, remote=reached[0])) is None


@pytest.mark.parametrize(
    ("said", "author"),
    [
        ("demo/toast", "demo/toast@box"), ("other/toast", "demo/box@box"), ("demo/a\nb", "demo/box@box"),
        (None, "demo/box@box"),
    ],
)  # fmt: skip
def test_an_author_is_named_by_rig_name_and_host(said: str | None, author: str) -> None:
    assert name_author(ONE, said) == author


def test_a_commit_is_a_whole_name() -> None:
    assert commit_of("a" * 40) == "a" * 40
    assert [commit_of(word) for word in ("a" * 39, "HEAD", "-x", None, 7, "A" * 40, "a" * 40 + "\n")] == [None] * 7
