from pathlib import Path

from tests.soak.mail_soak import Soak


def test_every_mail_is_there_once_and_told_whoever_is_killed(short_tmp: Path) -> None:
    soak = Soak(short_tmp / "soak", seed=1, messages=500, writers=6, boxes=5, pause=0.01)
    soak.folder.mkdir()
    assert soak.run() == []
    assert soak.kills["writer"] and soak.kills["hook"] and soak.kills["deacon"]
