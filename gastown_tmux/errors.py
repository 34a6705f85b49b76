"""What can go wrong in a way a person can act on.

Each error is one line of text, and where there is a way out, the command that takes it. The command line
prints them as ``gt: <message>`` and ``hint: <hint>`` and exits with ``exit_code``.
"""


class GtError(Exception):
    """Something failed. Exit status 1. ``whole`` is all that another program said of it, for a log.

    ``meets_all`` says that it has nothing to do with what was just tried: the next try of anything would fail alike.
    """

    exit_code = 1
    meets_all = False

    def __init__(self, message: str, hint: str | None = None, *, whole: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.whole = whole


class UsageError(GtError):
    """The words of the command are off. Exit status 2."""

    exit_code = 2


class NotFoundError(GtError):
    """No such town, rig, agent, bead, mail … Exit status 3."""

    exit_code = 3


class RefusedError(GtError):
    """A conflict, something unsafe or not allowed, or held by another. Exit status 4."""

    exit_code = 4


class MissingError(GtError):
    """A program this needs is missing or too old. Exit status 5."""

    exit_code = 5


def meets_all(error: BaseException) -> bool:
    """Whether it would meet the next of many as well."""
    return isinstance(error, GtError) and error.meets_all


def explain(error: Exception) -> tuple[str, str | None, int]:
    """What is wrong in one line, the way out if there is one, and the exit status; of any exception."""
    match error:
        case GtError():
            message, hint, status = error.message, error.hint, error.exit_code
        case OSError(strerror=str() as words):
            message, hint, status = f"{error.filename}: {words}" if error.filename else words, None, 1
        case _:
            message, hint, status = f"a fault in gt: {type(error).__name__}: {error}", "GT_DEBUG=1 shows where", 1
    return " ".join(message.split()), hint, status
