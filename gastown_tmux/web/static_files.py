"""The page's own files, read once: nobody reaches another by a name."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

from gastown_tmux.dataclass import dataclass

FOLDER = Path(__file__).with_name("static")
#: One document for all of them; its script looks where it is.
PAGES = ("/", "/approvals", "/agent", "/bead", "/queue", "/night")
_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".ico": "image/x-icon",
    ".webmanifest": "application/manifest+json",
    ".woff2": "font/woff2",
}


@dataclass(frozen=True, slots=True)
class StaticFile:
    body: bytes
    type: str
    tag: str


def read_files(folder: Path = FOLDER) -> Mapping[str, StaticFile]:
    """By the path that a browser asks for. Only what has one of the endings that a page needs."""
    found = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.suffix in _TYPES:
            body = path.read_bytes()
            tag = f'"{hashlib.sha256(body).hexdigest()[:20]}"'
            found[f"/static/{path.relative_to(folder).as_posix()}"] = StaticFile(body, _TYPES[path.suffix], tag)
    if (index := found.get("/static/index.html")) is not None:
        found |= dict.fromkeys(PAGES, index)
    return found
