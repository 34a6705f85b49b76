"""The rules of the house that no single module can keep alone."""

import graphlib
import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import grimp
import pytest

from gastown_tmux.store.message import encode
from tests.store.test_message import PLAIN

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "gastown_tmux"
SOURCES = sorted(PACKAGE.rglob("*.py"))

TOP_LEVEL = {
    *(
        "pyproject.toml",
        "gastown_tmux",
        "formulas",
        "layouts",
        "roles",
        "skills",
        "docs",
        "packages",
        "tests",
        "README.md",
        "justfile",
    ),
    *("bootstrap", "bin", ".ci", ".gitignore", "LICENSE", "CONTRIBUTING.md", "CHANGELOG.md"),
}
TESTS_OF_THE_WHOLE = {
    "agents_real",
    "bench",
    "boxes",
    "chaos",
    "docs",
    "fuzz",
    "journeys",
    "landing",
    "packages",
    "served",
    "soak",
}
RUNS_PROGRAMS = ("gastown_tmux.edges", "gastown_tmux.agents")

HOT = [("mail", "check"), ("mail", "check", "--inject"), ("hook",), ("hook", "--json"), ("signal", "idle")]
"""What an agent's hooks call many times a minute."""
SLOW = {
    *("libtmux", "git", "prompt_toolkit", "yaml", "watchdog", "psutil"),
    *("sqlite3", "subprocess", "dataclasses", "argparse", "asyncio"),
}
"""Not for hot verbs. ``enum`` and ``re`` are missing here only because ``json`` brings them."""


@pytest.fixture(scope="module")
def graph() -> grimp.ImportGraph:
    """All imports, those inside functions and for types alone included."""
    return grimp.build_graph("gastown_tmux", include_external_packages=True, cache_dir=None)


def test_the_floors_hold() -> None:
    lint = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run(
        [lint, "--no-cache", "--config", ROOT / "pyproject.toml"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_no_knots(graph: grimp.ImportGraph) -> None:
    ours = {module for module in graph.modules if module.startswith("gastown_tmux")}
    imports = {module: graph.find_modules_directly_imported_by(module) & ours for module in ours}
    graphlib.TopologicalSorter(imports).prepare()  # raises CycleError, which names the knot


LIBRARIES = {
    "git": {"gastown_tmux.edges.git.browse", "gastown_tmux.edges.git.transfers"},
    "libtmux": {"gastown_tmux.edges.tmux.objects", "gastown_tmux.edges.tmux.views"},
    "watchdog": {"gastown_tmux.edges.files.mailbox_watch"},
    "textual": {f"gastown_tmux.tui.{room}" for room in ("app", "drawing", "escapes")},
    "starlette": {f"gastown_tmux.web.{room}" for room in ("app", "data", "listening", "requests", "server")},
    "uvicorn": {f"gastown_tmux.web.{room}" for room in ("connections", "server")},
    "rich": {f"gastown_tmux.tui.{room}" for room in ("drawing", "escapes", "styles")},
}
"""What people read of a repository is GitPython's, on repo.git, and so is how far a transfer has come; what
they arrange in tmux is libtmux's. Everything else of git and tmux is a guarded command."""


def test_libraries_are_used_in_their_rooms(graph: grimp.ImportGraph) -> None:
    for library, rooms in LIBRARIES.items():
        assert graph.find_modules_that_directly_import(library) == rooms, library


def test_programs_are_run_only_in_their_rooms(graph: grimp.ImportGraph) -> None:
    importers = graph.find_modules_that_directly_import("subprocess") if "subprocess" in graph.modules else set()
    assert {module for module in importers if not module.startswith(RUNS_PROGRAMS)} == set()


def test_git_is_started_by_nobodys_settings_but_our_own(graph: grimp.ImportGraph) -> None:
    """Whoever runs git, or has GitPython run it, hands over the environment with the pins."""
    starts = re.compile(r"""[\[(]\s*["']git["']\s*,""")
    by_command = {f"gastown_tmux.{_dotted(path)}" for path in SOURCES if starts.search(path.read_text())}
    by_library = graph.find_modules_that_directly_import("git") if "git" in graph.modules else set()
    pinned = graph.find_modules_that_directly_import("gastown_tmux.edges.git.environment")
    assert by_command == {"gastown_tmux.edges.git.command", "gastown_tmux.agents.blocks"}
    # Transfers only reads what the command says.
    assert by_command | by_library - {"gastown_tmux.edges.git.transfers"} <= pinned


def test_operations_know_their_caller_by_the_town_alone() -> None:
    """Not every caller has our standard input and our environment."""
    direct = re.compile(r"sys\.stdin|os\.environ|os\.getenv")
    assert [path for path in SOURCES if "operations" in path.parts and direct.search(path.read_text())] == []


def _dotted(path: Path) -> str:
    return ".".join(path.relative_to(PACKAGE).with_suffix("").parts)


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_file_is_one_thing(source: Path) -> None:
    text = source.read_text()
    assert text.count("\n") <= 400
    assert source.name != "__init__.py" or text == ""


def test_every_folder_of_sources_is_a_package() -> None:
    """An import from a folder without ``__init__.py`` works, and is in no graph that is checked here."""
    assert {source.parent for source in SOURCES} == {init.parent for init in PACKAGE.rglob("__init__.py")}


def test_top_level_is_as_agreed() -> None:
    # The checkout may belong to another user, whose repositories git otherwise refuses to read.
    git = ["git", "-c", "safe.directory=*", "-C", str(ROOT), "ls-files"]
    files = subprocess.run(git, capture_output=True, text=True, check=True, timeout=30).stdout
    assert {line.split("/")[0] for line in files.splitlines()} <= TOP_LEVEL


def test_contributing_tells_where_things_are() -> None:
    told = (ROOT / "CONTRIBUTING.md").read_text().split("## Where is …?")[1].split("\n## ")[0]
    places = re.findall(r"\| `([^`]+)` \|$", told, re.MULTILINE)
    assert len(places) >= 32
    assert [place for place in places if not (PACKAGE / place).is_file()] == []


def test_tests_mirror_the_tree() -> None:
    folders = {path.parent.relative_to(ROOT / "tests") for path in (ROOT / "tests").rglob("test_*.py")}
    stray = {
        folder for folder in folders if not (PACKAGE / folder).is_dir() and folder.parts[0] not in TESTS_OF_THE_WHOLE
    }
    assert stray == set()


def test_dataclasses_are_of_the_cheap_kind(graph: grimp.ImportGraph) -> None:
    """To import the library's own costs each short verb 7 ms, and each class made by it another half."""
    users = graph.find_modules_that_directly_import("dataclasses")
    assert users == {"gastown_tmux.dataclass"}, "import from gastown_tmux.dataclass instead"


def test_test_files_have_names_of_their_own() -> None:
    """Two files of one name make a failure's short summary ambiguous."""
    names = Counter(path.name for path in (ROOT / "tests").rglob("test_*.py"))
    assert [name for name, count in names.items() if count > 1] == []


def find_imports(town: Path, *args: str) -> set[str]:
    """Top-level names that a hot verb, run by the mayor, imports."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "gastown_tmux", *args],
        cwd=ROOT,
        env={**os.environ, "GT_TOWN": str(town), "GT_AGENT": "mayor", "GT_SESSION": "ses-house"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert done.returncode == 0, done.stderr
    # A line is `import time:  <self> |  <cumulative> |   <indented name>`.
    lines = [line for line in done.stderr.splitlines() if line.startswith("import time:")]
    imported = {line.rsplit("|", 1)[1].strip() for line in lines}
    assert "gastown_tmux.hot" in imported
    return {name.split(".")[0] for name in imported}


@pytest.mark.parametrize("args", HOT, ids=" ".join)
def test_hot_verbs_import_nothing_slow(args: tuple[str, ...], short_tmp: Path) -> None:
    hook = short_tmp / ".gt" / "hooks" / "mayor"
    hook.mkdir(parents=True)
    (hook / "state.json").write_text('{"bead": null}')
    assert find_imports(short_tmp, *args) & SLOW == set()


def test_a_hook_that_tells_of_mail_imports_nothing_slow(short_tmp: Path) -> None:
    for folder in ("run", "mail/mayor/new", "mail/mayor/cur"):
        (short_tmp / ".gt" / folder).mkdir(parents=True)
    (short_tmp / ".gt/mail/mayor/new/abcdefghi234").write_bytes(encode(PLAIN))
    assert find_imports(short_tmp, "mail", "check", "--inject") & SLOW == set()
    assert (short_tmp / ".gt/mail/mayor/cur/abcdefghi234:2,").exists()
