"""Texts that a person writes in an editor, for verbs that were given none."""

import contextlib
from collections.abc import Iterator

from gastown_tmux.domain.drafts import make_draft, read_draft
from gastown_tmux.errors import GtError, UsageError
from gastown_tmux.operations.town.town import Town


def write(town: Town, what: str, *, head: str | None = None, body: str = "", told: str = "") -> tuple[str, str] | None:
    """The first line and the rest of what a person makes of ``head`` and ``body``; without ``head`` the rest alone.

    None where nobody sits at a terminal. Raises UsageError where it comes back empty, or as it was.
    """
    if not town.is_person:
        return None
    made = town.edit(make_draft(head, body, told), ".md")
    if made is None:
        return None
    written = read_draft(made, headed=head is not None)
    if not any(written) or (head is not None and not written[0]):
        raise UsageError(f"nothing was written: no {what}", hint="a flag gives the text without an editor: see --help")
    return written


@contextlib.contextmanager
def kept(written: object) -> Iterator[None]:
    """What was written stays in a file where it could not be used: GtError names that."""
    try:
        yield
    except GtError as error:
        if not isinstance(written, tuple):
            raise
        import tempfile  # 5 ms, where something went wrong

        with tempfile.NamedTemporaryFile("w", prefix="gt-text-", suffix=".md", delete=False) as file:
            file.write("\n\n".join(part for part in written if part) + "\n")
        error.hint = f"what you wrote is in {file.name}" + (f"; {error.hint}" if error.hint else "")
        raise
