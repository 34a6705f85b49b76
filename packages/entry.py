"""The ``sh`` script that people and agents call, made of gt.sh."""

from pathlib import Path

from gastown_tmux.edges.hosts.bundle import NPM_NAME
from packages.project import ROOT, version

_TEXT = ROOT / "packages" / "gt.sh"


def write_entry(path: Path, python: str, glibc: int, platforms: list[str]) -> None:
    """For an interpreter of that file name, which needs glibc 2.N. ``platforms`` are folders, seen from that of
    ``path``, that may hold the bundle where it does not lie around ``path`` itself.
    """
    values = {
        "PYTHON": python,
        "GLIBC": str(glibc),
        "PLATFORMS": " ".join(f'"$here/{place}"' for place in platforms),
        "NPM_NAME": NPM_NAME,
        "VERSION": version(),
    }
    text = _TEXT.read_text()
    for name, value in values.items():
        text = text.replace(f"@{name}@", value)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
