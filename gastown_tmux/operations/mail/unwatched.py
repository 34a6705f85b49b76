"""Which boxes watchdog does not watch: said by the courier, read by doctor. Their mail comes with the next rescan."""

import json
from collections.abc import Mapping
from pathlib import Path

from gastown_tmux.edges.files.atomic import write_atomic
from gastown_tmux.operations.town.town import Town
from gastown_tmux.reading import json_object, read_file


def report_watch(town: Town, dead: Mapping[Path, str]) -> None:
    """``dead`` names each box that is not watched, with the reason."""
    said = {path.name: reason for path, reason in dead.items()}
    if said != read_watch(town):
        write_atomic(_path(town), json.dumps(said).encode(), durable=False)


def read_watch(town: Town) -> dict[str, str]:
    """The boxes without a watch, by folder."""
    try:
        return {folder: str(reason) for folder, reason in json_object(read_file(_path(town))).items()}
    except OSError:
        return {}


def _path(town: Town) -> Path:
    return town.run / "unwatched.json"
