"""Which folder is the town that a line is about. On the lowest floor: asked before anything that costs is imported."""

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping


def is_town(path: str | os.PathLike[str]) -> bool:
    """Also one whose database is gone, so that doctor can be told of it."""
    return os.path.isfile(f"{path}/town.yaml") and os.path.isdir(f"{path}/.gt")  # noqa: PTH112, PTH113 - 4 ms


def nearest_town(here: str, environment: "Mapping[str, str]") -> str | None:
    """The nearest town that the absolute path ``here`` is or is in, else ``~/gt`` if that is one."""
    folder = here
    while not is_town(folder):
        parent = os.path.dirname(folder)  # noqa: PTH120
        if parent == folder:
            home = f"{environment.get('HOME', '/')}/gt"
            return home if is_town(home) else None
        folder = parent
    return folder
