"""A text in a person's own editor, as git has it: $VISUAL, else $EDITOR, else the first of a few that is there."""

import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from gastown_tmux.edges.processes.person import is_terminal
from gastown_tmux.edges.processes.terminal import run_in_terminal
from gastown_tmux.errors import GtError, MissingError
from gastown_tmux.reading import read_text

_KNOWN = ("editor", "nano", "vim", "vi", "emacs")


def edit(text: str, ending: str, environment: Mapping[str, str]) -> str | None:
    """What the person has made of the text, in a file whose name ends so; None where nobody is at a terminal.

    Raises MissingError without an editor. Where one fails, what was written stays in the file that the error names.
    """
    if not is_terminal() or environment.get("TERM", "dumb") == "dumb":
        return None
    command = find_editor(environment)
    folder = Path(tempfile.mkdtemp(prefix="gt-edit-"))
    path = folder / f"text{ending}"
    path.write_text(text)
    # Words of a command, as EDITOR="code --wait" is; the name is an argument of its own.
    status = run_in_terminal(["/bin/sh", "-c", f'{command} "$@"', command, str(path)], environment)
    try:
        made = read_text(path)
    except (OSError, ValueError) as error:
        raise GtError(f"what {command} left in {path} cannot be read: {error}") from None
    if status:
        if made != text:
            raise GtError(f"{command} ended with status {status}; what was written is in {path}")
        shutil.rmtree(folder, ignore_errors=True)
        raise GtError(f"{command} ended with status {status}, and nothing was written", hint="export EDITOR=…")
    shutil.rmtree(folder, ignore_errors=True)
    return made


def find_editor(environment: Mapping[str, str]) -> str:
    """The command as a shell reads it. Raises MissingError."""
    named = environment.get("VISUAL") or environment.get("EDITOR")
    if named and named.strip():
        return named
    found = next((name for name in _KNOWN if shutil.which(name, path=environment.get("PATH"))), None)
    if found is None:
        raise MissingError("no editor was found", hint="export EDITOR=…, or give the text with a flag: see --help")
    return found
