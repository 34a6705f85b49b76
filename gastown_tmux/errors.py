"""What can go wrong in a way a person can act on.

Each error is one line of text, and where there is a way out, the command that takes it. The command line
prints them as ``gt: <message>`` and ``hint: <hint>`` and exits with ``exit_code``.
"""

from collections.abc import Sequence


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

    @property
    def left_out(self) -> bool:
        """Whether more was said than the message has."""
        lines = (line.strip().removeprefix("fatal: ").removeprefix("error: ") for line in self.whole.splitlines())
        return any(line not in self.message for line in lines)

    @property
    def in_full(self) -> str:
        """The message, and all that was said below it, where that is more."""
        said = "".join(f"\n    {line}" for line in self.whole.splitlines() if line.strip()) if self.left_out else ""
        return self.message + said


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


def in_words(error: Exception) -> GtError:
    """Itself where it is made for people, else one that says what ``explain`` does."""
    if isinstance(error, GtError):
        return error
    message, hint, _ = explain(error)
    return GtError(message, hint)


def explain(error: Exception, typed: Sequence[str] = ()) -> tuple[str, str | None, int]:
    """What is wrong in one line, the way out if there is one, and the exit status; of any exception.

    ``typed`` are the words of the command: to type them again is no way out.
    """
    match error:
        case GtError():
            message, hint, status = error.message, error.hint, error.exit_code
        case OSError(strerror=str() as words):
            message, hint, status = f"{error.filename}: {words}" if error.filename else words, None, 1
        case MemoryError() | RuntimeError(args=("can't start new thread",)):
            short = "memory" if isinstance(error, MemoryError) else "thread"
            message = f"no {short} is to be had: the machine, or a limit on gt, gives no more"
            hint, status = "free -m; ulimit -a", 1
        case _:
            message, hint, status = f"a fault in gt: {type(error).__name__}: {error}", "GT_DEBUG=1 shows where", 1
    again = hint.split()[1:] if hint and hint.startswith("gt ") else []
    return " ".join(message.split()), None if again and list(typed[: len(again)]) == again else hint, status
