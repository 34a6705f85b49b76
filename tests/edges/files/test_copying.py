from pathlib import Path

import pytest

from gastown_tmux.edges.files.copying import copy_path
from tests.fuzz.garbage import Thing


def test_files_links_and_folders_are_copied_as_they_are(tmp_path: Path) -> None:
    source = tmp_path / "source"
    (source / "deep/er").mkdir(parents=True)
    (source / "deep/er/file").write_text("x")
    (source / "deep/er/file").chmod(0o750)
    (source / "deep/link").symlink_to("nowhere")
    copy_path(source / "deep", tmp_path / "target/deep")
    copy_path(source / "deep", tmp_path / "target/deep")
    assert (tmp_path / "target/deep/er/file").read_text() == "x"
    assert (tmp_path / "target/deep/er/file").stat().st_mode & 0o777 == 0o750
    assert (tmp_path / "target/deep/link").readlink() == Path("nowhere")


@pytest.mark.parametrize("kind", ["pipe", "socket"])
def test_what_has_no_end_is_refused_and_the_rest_is_copied(kind: str, tmp_path: Path) -> None:
    (tmp_path / "source").mkdir()
    Thing(kind).put(tmp_path / "source/a")
    (tmp_path / "source/b").write_text("x")
    with pytest.raises(OSError, match="not a file"):
        copy_path(tmp_path / "source", tmp_path / "target")
    assert [path.name for path in (tmp_path / "target").iterdir()] == ["b"]


def test_nothing_is_written_through_a_link_that_is_there(tmp_path: Path) -> None:
    for name in ("source", "elsewhere"):
        (tmp_path / name).write_text(name)
    (tmp_path / "target").symlink_to("elsewhere")
    copy_path(tmp_path / "source", tmp_path / "target")
    assert (tmp_path / "elsewhere").read_text() == "elsewhere"
    assert (tmp_path / "target").read_text() == "source"
