import subprocess
import sys
from importlib.metadata import version

from gastown_tmux.edges.hosts.installation import find_version


def test_it_is_that_of_the_metadata_and_costs_no_library() -> None:
    assert find_version() == version("gastown-tmux")
    script = (
        "import sys; from gastown_tmux.cli.main import run; status = run(['--version']);"
        "sys.exit(status or ('importlib.metadata' in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, f"gt {version('gastown-tmux')}\n")
