import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from gastown_tmux.edges.hosts.installation import find_version, removal


def test_it_is_that_of_the_metadata_and_costs_no_library() -> None:
    assert find_version() == version("gastown-tmux")
    script = (
        "import sys; from gastown_tmux.cli.main import run; status = run(['--version']);"
        "sys.exit(status or ('importlib.metadata' in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, f"gt {version('gastown-tmux')}\n")


def test_it_goes_as_it_came(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.prefix", "/home/me/a checkout/.venv")
    assert removal() == "in /home/me/a checkout/.venv"
    monkeypatch.setattr("sys.prefix", "/home/me/.local/share/pipx/venvs/gastown-tmux")
    assert removal() == "pipx uninstall gastown-tmux"
    monkeypatch.setattr("sys.prefix", "/home/me/.local/share/uv/tools/gastown-tmux")
    assert removal() == "uv tool uninstall gastown-tmux"
    packed = tmp_path / "node_modules" / "gastown-tmux-linux-x64-gnu"
    packed.mkdir(parents=True)
    (packed / "bundle.json").write_text('{"version": "1", "platform": "linux-x86_64", "glibc": "2.36"}')
    monkeypatch.setattr("sys.prefix", str(packed / "runtime"))
    assert removal() == f"rm -r {packed}, and the link to its bin/gt"
    main = tmp_path / "node_modules" / "gastown-tmux" / "bin"
    main.mkdir(parents=True)
    (main / "gt").touch()
    assert removal() == "npm uninstall -g gastown-tmux gastown-tmux-linux-x64-gnu"
