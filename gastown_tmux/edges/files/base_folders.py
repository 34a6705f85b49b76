"""Where a user's files lie, as the XDG base directory specification has it."""

from collections.abc import Mapping
from pathlib import Path


def base_folder(environment: Mapping[str, str], variable: str, default: str) -> Path:
    """The folder that ``variable`` names, else ``default`` in the home; a path that is not absolute names none."""
    given = environment.get(variable, "")
    return Path(given) if given.startswith("/") else Path(environment.get("HOME", "/")) / default
