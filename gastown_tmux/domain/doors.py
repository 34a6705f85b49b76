"""Doors: the folder that a session, and nobody else, speaks through. Imports nothing: a hot verb asks it too."""

#: Of a town's folder.
DOORS = ".gt/run/doors"
#: What is in a door: where the server of verbs listens, whose it is, and what its program's hooks said.
SOCKET, AGENT, SPOOL = "gt.sock", "agent", "spool"


def split_socket(path: str) -> tuple[str, str] | None:
    """The town's folder and the session that a door's socket is of; None where it is no door's.

    >>> split_socket("/t/.gt/run/doors/ses-a/gt.sock"), split_socket("/t/.gt/run/gt.sock")
    (('/t', 'ses-a'), None)
    """
    town, found, rest = path.rpartition(f"/{DOORS}/")
    session, _, name = rest.partition("/")
    return (town, session) if found and name == SOCKET and is_session(session) else None


def is_session(name: str) -> bool:
    """Whether a session may be called that.

    >>> is_session("ses-a1"), is_session("..") or is_session("") or is_session("a/b")
    (True, False)
    """
    return name.isascii() and name.replace("-", "").isalnum()
