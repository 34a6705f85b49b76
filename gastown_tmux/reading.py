"""What others wrote, read without trust: files that are files and come to an end, JSON of any kind, text that is text.

The lowest floor, and it imports nothing that costs: the hooks of agents' programs read by it too.
"""

import errno
import io
import os
import stat

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

#: No payload, no mail and no file of settings that is of use is longer.
LARGEST = 16 << 20

_KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a named pipe",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFSOCK: "a socket",
    stat.S_IFLNK: "a symbolic link",
}


def open_file(path: str | os.PathLike[str], *, follow: bool = True) -> io.BufferedReader:
    """A regular file, opened for reading; anything else is not even opened, for that alone may wait for ever.

    Raises OSError that says what it is. Without ``follow``, a symbolic link is not a file either.
    """
    _require_file(os.stat(path, follow_symlinks=follow).st_mode, path)  # noqa: PTH116 - hooks: pathlib costs 4 ms
    flags = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | (0 if follow else os.O_NOFOLLOW)
    descriptor = os.open(path, flags)
    try:
        # It may be another than it was a moment ago.
        _require_file(os.fstat(descriptor).st_mode, path)
        return os.fdopen(descriptor, "rb")
    except BaseException:
        os.close(descriptor)
        raise


def read_file(path: str | os.PathLike[str], most: int = LARGEST, *, follow: bool = True, cut: bool = False) -> bytes:
    """All of a regular file. Raises OSError where it is none, or longer than ``most``; with ``cut`` its beginning is
    read then.
    """
    with open_file(path, follow=follow) as file:
        data = file.read(most + 1) or b""
    if len(data) > most and not cut:
        raise OSError(errno.EFBIG, f"it is longer than {most:,} bytes", os.fspath(path))
    return data[:most]


def read_end(path: str | os.PathLike[str], most: int, since: int = 0) -> bytes:
    """So many bytes of a regular file's end, of what is behind ``since`` unless it has become shorter than that.

    Raises OSError where it is no file.
    """
    with open_file(path) as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(since if since <= size else 0, size - most))
        return file.read(most)


def read_lines(path: str | os.PathLike[str], longest: int = LARGEST, most: int = 2**30) -> "Iterator[bytes]":
    """The lines of a regular file that grows, one by one; of one that is longer than ``longest``, the pieces.

    Raises OSError where it is no file, or one longer than ``most``.
    """
    with open_file(path) as file:
        if os.fstat(file.fileno()).st_size > most:
            raise OSError(errno.EFBIG, f"it is longer than {most:,} bytes", os.fspath(path))
        while line := file.readline(longest):
            yield line


def read_text(path: str | os.PathLike[str], most: int = LARGEST) -> str:
    """The UTF-8 text in a regular file. Raises OSError as ``read_file`` does, and where it is no text."""
    try:
        return read_file(path, most).decode()
    except UnicodeDecodeError:
        raise OSError(errno.EILSEQ, "it is not UTF-8 text", os.fspath(path)) from None


def json_value(data: bytes | str) -> object:
    """What this JSON says; None where it is none: cut off, nested without end."""
    import json

    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        return None


def json_object(data: bytes | str) -> dict[str, object]:
    """The JSON object that this is; empty for anything else."""
    value = json_value(data)
    return value if isinstance(value, dict) else {}


def text_of(value: object, most: int = 4096) -> str | None:
    """The value where it is text that may stand in a row, a path or an environment; None where it is anything else.

    JSON can spell half a character (``\\ud800``), which no file and no database takes.

    >>> text_of("a"), text_of("\\ud800"), text_of(7), text_of("")
    ('a', None, None, None)
    """
    if not isinstance(value, str) or not 0 < len(value) <= most or "\0" in value:
        return None
    return value if is_text(value) else None


def is_text(value: str) -> bool:
    """Whether it has a UTF-8 form."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _require_file(mode: int, path: str | os.PathLike[str]) -> None:
    if not stat.S_ISREG(mode):
        kind = _KINDS.get(stat.S_IFMT(mode), "something else")
        raise OSError(errno.EINVAL, f"it is {kind}, not a file", os.fspath(path))
