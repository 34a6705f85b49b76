"""``gt``: the hot verbs at once, everything else through the command line."""

import atexit
import codecs
import gc
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, NoReturn

INTERRUPTED = 130


def main() -> int:
    """The exit status."""
    _open_standard_files()
    arguments = sys.argv[1:]
    status = carry_through(lambda: _run(arguments), arguments)
    gc.freeze()  # Python's own end would look twice through all there is: 5 ms
    return status


def end(status: int) -> "NoReturn":
    """Ends the process, as Python does; at once where no thread is left: to take apart all that was imported takes
    another 3 ms.
    """
    threads = sys.modules.get("threading")
    if threads is not None and threads.active_count() > 1:
        sys.exit(status)
    atexit._run_exitfuncs()
    try:  # noqa: SIM105 - contextlib costs 3 ms
        sys.stderr.flush()  # half a line, as progress on a terminal is
    except OSError:
        pass
    os._exit(status)


def carry_through(action: "Callable[[], int]", arguments: list[str]) -> int:
    """The exit status; a traceback for nothing that happens to what we read from and write to."""
    status = 0
    try:
        _set_encoders(arguments)
        status = action()
        sys.stdout.flush()
    except KeyboardInterrupt:
        return INTERRUPTED
    except OSError as error:
        # What cannot be written is dropped: Python would complain once more when it ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        if status == 0 and not isinstance(error, BrokenPipeError):
            status = 1
            try:
                sys.stderr.write(f"gt: cannot write: {error.strerror}\n")
            except OSError:  # the very file that cannot be written
                os.dup2(1, 2)
    return status


def _set_encoders(arguments: list[str]) -> None:
    # A letter that the terminal's encoding lacks, or a byte of a file that is no letter, must not end us.
    codecs.register_error("gt", _encode)
    codecs.register_error("gt-json", _encode_json)
    output: Any = sys.stdout
    if "--json" not in arguments:
        output.reconfigure(errors="gt")
    elif output.encoding.lower().replace("-", "") == "utf8":
        output.reconfigure(errors="gt-json")
    else:
        # Whatever letters a terminal has, who reads JSON takes it for UTF-8, of which ASCII is a part.
        output.reconfigure(encoding="ascii", errors="gt-json")


def _run(arguments: list[str]) -> int:
    if arguments[:1] in (["hook"], ["signal"]) or arguments[:2] == ["mail", "check"]:
        from gastown_tmux import hot

        status = hot.run(arguments)
        if status is not None:
            return status
    from gastown_tmux.cli import client

    status = client.run(arguments)
    if status is not None:
        # Nothing was opened or printed here: Python's own end would take 3 ms for it.
        os._exit(status)
    gc.disable()  # until all is imported, which stays: to look for garbage in it takes 5 ms
    from gastown_tmux.cli.main import run

    return run(arguments)


def _encode(error: UnicodeError) -> tuple[str | bytes, int]:
    """Another program reads the very bytes, so that a diff can be applied; a person sees them as git writes them."""
    assert isinstance(error, UnicodeEncodeError)
    code = ord(error.object[error.start])
    if 0xDC80 <= code <= 0xDCFF:
        return f"\\{code - 0xDC00:03o}" if sys.stdout.isatty() else bytes((code - 0xDC00,)), error.start + 1
    return codecs.backslashreplace_errors(error)


def _encode_json(error: UnicodeError) -> tuple[str, int]:
    """As JSON has it: a letter beyond the first 65,536 as two."""
    assert isinstance(error, UnicodeEncodeError)
    units = error.object[error.start].encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at : at + 2].hex()}" for at in range(0, len(units), 2)), error.start + 1


def _open_standard_files() -> None:
    """In the place of one that our caller has closed, the next file we open would stand, and children write to it."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            os.open(os.devnull, os.O_RDWR)
            setattr(sys, name, open(number, "w" if number else "r"))  # noqa: PTH123, SIM115


if __name__ == "__main__":
    end(main())
