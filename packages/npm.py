"""``python -m packages.npm``: dist/npm/, the main package and that of this kind of machine, from dist/bundle.

Nothing is downloaded or run when they are installed: npm itself chooses, by ``os``, ``cpu`` and ``libc``, which of the
main package's optional dependencies is for the machine, and ``bin`` is the ``sh`` entry.
"""

import json
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from gastown_tmux.edges.hosts.bundle import NPM_NAME, Bundle, read_bundle, write_archive
from packages.entry import write_entry
from packages.project import DIST, PLATFORM, ROOT, PackagingError, fail, read_project, version


def main() -> int:
    try:
        for path in build():
            print(path)
    except PackagingError as error:
        return fail(error)
    return 0


def build() -> list[Path]:
    """Both tarballs. Raises PackagingError where there is no bundle of this version to make them of."""
    bundle = read_bundle(DIST / "bundle")
    if bundle is None or bundle.version != version():
        raise PackagingError("no bundle of this version in dist/bundle: just bundle")
    target = DIST / "npm"
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    return [_build_main(bundle, target), _build_platform(bundle, target)]


def _build_platform(bundle: Bundle, target: Path) -> Path:
    """The bundle as it is, and what npm asks of a package."""
    own = f"{NPM_NAME}-{PLATFORM}"
    manifest = _manifest(own, f"gastown-tmux for {bundle.platform}, glibc {bundle.glibc} or newer")
    manifest |= {"os": ["linux"], "cpu": ["x64"], "libc": ["glibc"], "preferUnplugged": True}
    files = sorted(path for path in bundle.folder.rglob("*") if path.is_file())
    archive = target / f"{own}-{version()}.tgz"
    packed = ((f"package/{path.relative_to(bundle.folder)}", path) for path in files)
    write_archive(archive, [("package/package.json", _json(manifest)), *packed])
    return archive


def _build_main(bundle: Bundle, target: Path) -> Path:
    manifest = _manifest(NPM_NAME, read_project()["description"])
    manifest |= {"bin": {"gt": "bin/gt"}, "optionalDependencies": {f"{NPM_NAME}-{PLATFORM}": version()}}
    pages = sorted((ROOT / "docs" / "man").glob("*.1"))
    manifest |= {"man": [f"./man/{page.name}" for page in pages]}
    archive = target / f"{NPM_NAME}-{version()}.tgz"
    with tempfile.TemporaryDirectory(prefix="gt-npm-") as place:
        entry = Path(place) / "bin" / "gt"
        python = next((bundle.folder / "runtime" / "bin").iterdir()).name
        write_entry(entry, python, int(bundle.glibc.split(".")[1]), list(_places()))
        files: list[tuple[str, Path | bytes]] = [("package/package.json", _json(manifest)), ("package/bin/gt", entry)]
        files += [(f"package/{name}", ROOT / name) for name in ("README.md", "LICENSE", "CHANGELOG.md")]
        files += [(f"package/man/{page.name}", page) for page in pages]
        write_archive(archive, files)
    return archive


def _places() -> Iterator[str]:
    """Where npm puts the package for the machine, seen from the main one's ``bin``: within, or beside."""
    yield f"../node_modules/{NPM_NAME}-{PLATFORM}"
    yield f"../../{NPM_NAME}-{PLATFORM}"


def _manifest(name: str, description: str) -> dict[str, object]:
    return {
        "name": name,
        "version": version(),
        "description": description,
        "license": "MIT",
        "engines": {"npm": ">=7"},
    }


def _json(manifest: dict[str, object]) -> bytes:
    return (json.dumps(manifest, indent=2) + "\n").encode()


if __name__ == "__main__":
    sys.exit(main())
