import os
import tarfile
from pathlib import Path

import pytest

from gastown_tmux.edges.hosts import bundle
from gastown_tmux.edges.hosts.bundle import find_archive, find_bundle, pack, read_bundle
from gastown_tmux.errors import MissingError

MARK = '{"version": "1.2.0", "platform": "linux-x86_64", "glibc": "2.35", "npm": "linux-x64-gnu"}'


@pytest.fixture
def packed(tmp_path: Path) -> Path:
    folder = tmp_path / "anywhere"
    (folder / "bin").mkdir(parents=True)
    (folder / "bundle.json").write_text(MARK)
    (folder / "bin" / "gt").write_text("#!/bin/sh\n")
    (folder / "bin" / "gt").chmod(0o700)
    (folder / "LICENSE").write_text("MIT\n")
    return folder


def test_a_bundle_knows_itself(packed: Path) -> None:
    found = read_bundle(packed)
    assert found is not None and found.name == "gt-1.2.0-linux-x86_64-glibc2.35"
    assert found.command == packed / "bin" / "gt"


@pytest.mark.parametrize("text", ["", "[]", "{}", "3", "{", '{"version": "1"}', "\0"])
def test_what_is_no_mark_is_no_bundle(packed: Path, text: str) -> None:
    (packed / "bundle.json").write_text(text)
    assert read_bundle(packed) is None


def test_an_environment_is_none() -> None:
    assert find_bundle() is None


def test_the_same_bytes_whoever_packs_it(packed: Path, tmp_path: Path) -> None:
    """No time, no owner, no umask; and links of somebody's own stay behind."""
    pack(packed, tmp_path / "one.tar.gz", "gt")
    for path in packed.rglob("*"):
        os.utime(path, (1, 1))
    (packed / "LICENSE").chmod(0o600)
    (packed / "bin" / "mine").symlink_to("/bin/sh")
    pack(packed, tmp_path / "two.tar.gz", "gt")
    assert (tmp_path / "one.tar.gz").read_bytes() == (tmp_path / "two.tar.gz").read_bytes()
    with tarfile.open(tmp_path / "one.tar.gz") as tar:
        modes = {entry.name: (entry.mode, entry.uid, entry.mtime) for entry in tar}
    assert modes == {
        "gt/LICENSE": (0o644, 0, 0), "gt/bin/gt": (0o755, 0, 0), "gt/bundle.json": (0o644, 0, 0)
    }  # fmt: skip


def test_half_a_tarball_is_not_left(packed: Path, tmp_path: Path) -> None:
    (packed / "unreadable").symlink_to("/nowhere")
    (tmp_path / "out").mkdir()
    with pytest.raises(OSError):
        bundle.write_archive(tmp_path / "out" / "a.tar.gz", [("a", b"whole"), ("b", packed / "unreadable")])
    assert list((tmp_path / "out").iterdir()) == []


def test_a_bundle_packs_itself_once(packed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.prefix", str(packed / "runtime"))
    made = find_archive(tmp_path / "cache", "1.2.0")
    assert made.name == "gt-1.2.0-linux-x86_64-glibc2.35.tar.gz"
    made.write_text("kept")
    assert find_archive(tmp_path / "cache", "1.2.0").read_text() == "kept"


def test_a_checkout_gives_what_was_built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundle, "_PACKAGE", tmp_path / "gastown_tmux")
    with pytest.raises(MissingError) as missing:
        find_archive(tmp_path / "cache", "1.2.0")
    assert missing.value.hint == "just bundle"
    (tmp_path / "dist").mkdir()
    (tmp_path / "dist" / "gt-1.2.0-linux-x86_64-glibc2.35.tar.gz").touch()
    (tmp_path / "dist" / "gt-1.1.0-linux-x86_64-glibc2.35.tar.gz").touch()
    assert find_archive(tmp_path / "cache", "1.2.0").parent == tmp_path / "dist"


def test_npms_commands_are_looked_for_in_its_own_folders_only(packed: Path, tmp_path: Path) -> None:
    """Beside a bundle that was unpacked anywhere, a ``bin/gt`` may be anything."""
    found = read_bundle(packed)
    assert found is not None and found.npm_commands == ()
    packed = packed.rename(tmp_path / "node_modules") / "gastown-tmux-linux-x64-gnu"
    packed.mkdir()
    (packed / "bundle.json").write_text(MARK)
    found = read_bundle(packed)
    assert found is not None
    assert found.npm_commands == (tmp_path / "node_modules" / "gastown-tmux" / "bin" / "gt", tmp_path / "bin" / "gt")
