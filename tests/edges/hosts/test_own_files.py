"""What is put on a machine that has no gt."""

import io
import tarfile
from pathlib import Path

from gastown_tmux.edges.hosts.own_files import list_sources, pack

ROOT = Path(__file__).resolve().parents[3]


def test_the_checkout_is_packed_with_all_that_a_wheel_is_built_of() -> None:
    name, data = pack()
    assert name.startswith("gastown_tmux-")
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        names = {member.partition("/")[2] for member in archive.getnames()}
    sources = list_sources(ROOT)
    assert {"pyproject.toml", "README.md", "LICENSE", "gastown_tmux", "bin/gt", "skills"} <= set(sources)
    assert set(sources) <= names
    assert "gastown_tmux/cli/main.py" in names
    assert not [each for each in names if each.endswith(".pyc") or "__pycache__" in each]
