"""A gt that is put on another machine with its interpreter, as a tarball."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from gastown_tmux.domain.addresses import OVERSEER
from gastown_tmux.edges.hosts.bundle import pack
from gastown_tmux.edges.hosts.prefix import Prefix
from gastown_tmux.errors import GtError, MissingError
from gastown_tmux.operations.town.install import install
from gastown_tmux.operations.town.town import Town
from gastown_tmux.operations.workforce import remote_gt
from gastown_tmux.operations.workforce.remote_gt import find_gt, put_gt


@pytest.fixture
def town(short_tmp: Path) -> Iterator[Town]:
    town = Town(short_tmp / "town", OVERSEER, dict(os.environ))
    install(town, town.path)
    yield town
    town.close()


@pytest.fixture
def bare(short_tmp: Path) -> Prefix:
    """A machine without gt and without Python: what it has of programs stands in its one folder."""
    folder = short_tmp / "box" / "bin"
    folder.mkdir(parents=True)
    for name in (
        "cat",
        "cut",
        "dd",
        "env",
        "gzip",
        "head",
        "mkdir",
        "mv",
        "rm",
        "rmdir",
        "sh",
        "sleep",
        "tar",
        "uname",
    ):
        (folder / name).symlink_to(f"/usr/bin/{name}")
    return Prefix("box", ["env", f"PATH={folder}", f"HOME={folder.parent}", "/bin/sh", "-c"], dict(os.environ))


def packed(short_tmp: Path, monkeypatch: pytest.MonkeyPatch, script: str, machine: str | None = None) -> None:
    """In the place of what this machine has packed."""
    folder = short_tmp / "bundle"
    (folder / "bin").mkdir(parents=True)
    (folder / "bin" / "gt").write_text(f"#!/bin/sh\n{script}\n")
    (folder / "bin" / "gt").chmod(0o755)
    machine = machine or f"linux-{os.uname().machine}"
    archive = short_tmp / f"gt-0.1.0-{machine}-glibc2.36.tar.gz"
    pack(folder, archive, archive.name.removesuffix(".tar.gz"))
    monkeypatch.setattr(remote_gt, "find_archive", lambda cache, version: archive)


def test_a_machine_without_python_gets_an_interpreter_too(
    town: Town, bare: Prefix, short_tmp: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    packed(short_tmp, monkeypatch, "echo gt 0.1.0")
    there = find_gt(bare)
    assert there.gt is None and there.python is None
    for _ in range(2):
        gt = put_gt(town, bare, there)
        assert find_gt(bare).gt == gt == f"{short_tmp}/box/.local/share/gastown_tmux/env/bin/gt"
    assert [path.name for path in (short_tmp / "box/.local/share/gastown_tmux").iterdir()] == ["env"]


def test_one_that_does_not_run_there_takes_no_ones_place(
    town: Town, bare: Prefix, short_tmp: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    packed(short_tmp, monkeypatch, "echo 'gt: this package needs glibc 2.36; this machine has 2.31' >&2; exit 5")
    kept = short_tmp / "box/.local/share/gastown_tmux/env/bin/gt"
    kept.parent.mkdir(parents=True)
    kept.write_text("an older one")
    with pytest.raises(GtError, match=r"this machine has 2\.31"):
        put_gt(town, bare, find_gt(bare))
    assert kept.read_text() == "an older one"
    assert [path.name for path in kept.parents[2].iterdir()] == ["env"]


def test_another_kind_of_machine_gets_none(
    town: Town, bare: Prefix, short_tmp: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    packed(short_tmp, monkeypatch, "echo gt 0.1.0", machine="linux-pdp11")
    with pytest.raises(MissingError, match="has no Python"):
        put_gt(town, bare, find_gt(bare))
