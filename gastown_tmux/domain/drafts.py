"""What a person writes in an editor: a first line that names it, the text below, and what is told and not taken."""

#: As git has it: a text may hold lines that begin with '#', and this one it does not.
SCISSORS = "# ------------------------ >8 ------------------------"


def make_draft(head: str | None, body: str, told: str) -> str:
    """The text to begin with. ``head`` None: there is no first line of its own. ``told`` stands below the scissors."""
    parts = [] if head is None else [head, ""]
    return "\n".join([*parts, body.rstrip("\n"), "", SCISSORS, "# What is below this line is not taken.", told]) + "\n"


def read_draft(text: str, *, headed: bool) -> tuple[str, str]:
    """Its first line and its body; without a first line of its own, the whole is the body.

    >>> read_draft("Title\\n\\n# a heading\\n" + SCISSORS + "\\nold", headed=True)
    ('Title', '# a heading')
    """
    lines = text.splitlines()
    if SCISSORS in lines:
        lines = lines[: lines.index(SCISSORS)]
    whole = "\n".join(line.rstrip() for line in lines).strip("\n")
    if not headed:
        return "", whole if whole.strip() else ""
    head, _, body = whole.partition("\n")
    return head.strip(), body.strip("\n") if body.strip() else ""
