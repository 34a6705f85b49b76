"""``python -m packages.release [VERSION]``: all packages of a version in dist/, with their checksums.

With VERSION, that becomes the project's, and what CHANGELOG.md has as unreleased its section, dated today; run twice it
changes nothing more. Without, pyproject.toml's version is taken, which must have its section. Nothing is committed,
tagged or uploaded: the last lines say how.
"""

import argparse
import datetime
import hashlib
import re
import shutil
import sys
from pathlib import Path

from packages import bundle, npm, wheels
from packages.project import DIST, ROOT, PackagingError, fail, say, version

SUMS = "SHA256SUMS"
_VERSION = re.compile(r"\d+\.\d+\.\d+((a|b|rc)\d+)?")
_UNRELEASED = "## [Unreleased]\n"


def main() -> int:
    parser = argparse.ArgumentParser(prog="just release")
    parser.add_argument("version", nargs="?")
    given = parser.parse_args()
    try:
        if given.version is not None:
            prepare(ROOT, given.version, datetime.datetime.now(datetime.UTC).date().isoformat())
        require_section((ROOT / "CHANGELOG.md").read_text(), version())
        for path in build():
            say(f"{path.stat().st_size / 1e6:7.1f} MB  {path.relative_to(DIST)}")
    except PackagingError as error:
        return fail(error)
    say(f"next: git commit -am 'release {version()}' && git tag v{version()}")
    say("then: npm publish dist/npm/*-linux-*.tgz, npm publish the other one, and twine upload dist/gastown_tmux-*")
    return 0


def prepare(root: Path, wanted: str, today: str) -> None:
    """Writes the version into pyproject.toml and CHANGELOG.md. Raises PackagingError, before anything is written."""
    if not _VERSION.fullmatch(wanted):
        raise PackagingError(f"{wanted} is no version: 1.2.3, 1.2.3rc1")
    project, changes = root / "pyproject.toml", root / "CHANGELOG.md"
    text = changes.read_text()
    if find_section(text, wanted) is None:
        waiting = find_section(text, "Unreleased")
        if not waiting:
            raise PackagingError("CHANGELOG.md has nothing that is unreleased")
        text = text.replace(_UNRELEASED, f"{_UNRELEASED}\n## [{wanted}] - {today}\n", 1)
    changed, count = re.subn(r'(?m)^version = "[^"]*"$', f'version = "{wanted}"', project.read_text(), count=1)
    if count != 1:
        raise PackagingError("pyproject.toml has no version")
    changes.write_text(text)
    project.write_text(changed)


def require_section(changelog: str, wanted: str) -> None:
    if not find_section(changelog, wanted):
        raise PackagingError(f"CHANGELOG.md says nothing of {wanted}: just release {wanted}")
    if not re.search(rf"(?m)^## \[{re.escape(wanted)}\] - \d{{4}}-\d\d-\d\d$", changelog):
        raise PackagingError(f"CHANGELOG.md has no date at {wanted}")


def find_section(changelog: str, name: str) -> str | None:
    """What stands under the heading of a version; None where there is no such heading."""
    parts = re.split(r"(?m)^## \[([^\]]+)\].*$", changelog)
    return next((text.strip() for title, text in zip(parts[1::2], parts[2::2], strict=True) if title == name), None)


def build() -> list[Path]:
    """All of them, and their checksums as ``sha256sum --check`` takes them. What was in dist is gone."""
    shutil.rmtree(DIST, ignore_errors=True)
    made = [wheels.build_wheel(DIST), wheels.build_sdist(DIST)]
    made += [bundle.build(bundle.own_python()), *npm.build()]
    lines = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.relative_to(DIST)}\n" for path in sorted(made)]
    (DIST / SUMS).write_text("".join(lines))
    return [*made, DIST / SUMS]


if __name__ == "__main__":
    sys.exit(main())
