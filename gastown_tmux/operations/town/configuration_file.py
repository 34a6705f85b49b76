"""gt config edit and schema: a whole file of the configuration, in a person's hands."""

import json
import tempfile
from pathlib import Path

from gastown_tmux.domain.rigs import Rig
from gastown_tmux.domain.setting_schema import make_schema
from gastown_tmux.edges.configuration import settings_files
from gastown_tmux.edges.files.atomic import write_atomic
from gastown_tmux.edges.files.text import read_text
from gastown_tmux.edges.processes.locks import Lock
from gastown_tmux.errors import GtError, RefusedError, UsageError
from gastown_tmux.operations.town import configuration
from gastown_tmux.operations.town.town import Answer, Town

_BLANK = "# Settings of gt, as 'merge.strategy: squash'. gt config show lists the keys, gt help KEY explains one.\n"


def schema(town: Town) -> str:
    return json.dumps(make_schema(), indent=1, ensure_ascii=False)


def edit(town: Town, user: bool = False, town_layer: bool = False, rig: Rig | None = None) -> Answer:
    """The file in a person's editor, again and again until it is right or given up; what is wrong is never saved.

    Raises UsageError where nobody is at a terminal, RefusedError where it was given up, or changed meanwhile: what was
    written is then in the file that the error names.
    """
    if not town.is_person:
        raise RefusedError("only a person edits the configuration", hint="gt config set KEY VALUE")
    _, path = configuration.find_layer(town, user, town_layer, rig)
    before = read_text(path) if path.exists() else ""
    text = before or ("" if path.suffix == ".json" else _BLANK)
    wrong: str | None = None
    while True:
        made = town.edit(text, path.suffix)
        if made is None:
            raise UsageError("gt config edit needs a terminal", hint=f"gt config set KEY VALUE, or edit {path}")
        if made == (before or text):
            return Answer({"path": path, "changed": False}, f"{path} is as it was")
        text = made
        try:
            settings_files.check_text(made, path)
        except GtError as error:
            town.say(f"gt: {error.message}" + (f"\nhint: {error.hint}" if error.hint else ""))
            # An editor that changes nothing any more, or that nobody is at, would be asked for ever.
            if made == wrong or (town.ask("edit it again? [Y/n] ") or "y").lower().startswith("n"):
                raise RefusedError(f"{path} is as it was: {error.message}", hint=_keep(made, path)) from None
            wrong = made
            continue
        break
    path.parent.mkdir(parents=True, exist_ok=True)
    with Lock(path.parent):
        if (read_text(path) if path.exists() else "") != before:
            raise RefusedError(f"{path} was changed by another meanwhile", hint=_keep(made, path))
        write_atomic(path.resolve(), made.encode())
    town.reload_settings()
    return Answer({"path": path, "changed": True}, f"{path} is saved")


def _keep(text: str, path: Path) -> str:
    with tempfile.NamedTemporaryFile("w", prefix="gt-config-", suffix=path.suffix, delete=False) as file:
        file.write(text)
    return f"what you wrote is in {file.name}"
