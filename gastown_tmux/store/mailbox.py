"""One agent's mailbox: a Maildir that any mail program may read and change at the same time.

The file is the truth. ``new/`` and ``cur/`` as everywhere; the flag ``S`` means read; ``.Archive`` is a
Maildir++ folder. A mail that gt delivers is named by its short id, which is what makes a delivery repeatable.
"""

import fcntl
import os
import select
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

from gastown_tmux.dataclass import dataclass, replace
from gastown_tmux.domain.ids import Time, time_at
from gastown_tmux.domain.mail import Message, is_short_id, short_id
from gastown_tmux.errors import GtError, NotFoundError, UsageError
from gastown_tmux.reading import read_file

# In the order mail moves, so that a mail moved while we look is seen twice rather than not at all.
INBOX = ("new", "cur")
ARCHIVE = (".Archive/new", ".Archive/cur")
STALE_TMP_SECONDS = 36 * 3600.0
#: Of a longer one the beginning is read: each listing parses it.
LARGEST_MAIL = 4 << 20
_TRIES = 5
_LOCK_TRIES = 2000
_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True)
class Entry:
    """A mail's file as last seen: its folder under the box, its name, and when it came (Unix time)."""

    folder: str
    name: str
    delivered: float

    @property
    def key(self) -> str:
        """What stays of the name when flags change (``:2,S``) or a program adds notes (``,U=12``)."""
        return _key(self.name)

    @property
    def flags(self) -> str:
        return _flags(self.name)

    @property
    def read(self) -> bool:
        return "S" in self.flags

    @property
    def archived(self) -> bool:
        return self.folder in ARCHIVE


class Mailbox:
    """The Maildir at ``path``. Every method may be called by any number of processes at once."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._foreign_ids: dict[str, str] = {}

    def create(self) -> None:
        """Make the box, or what is missing of it."""
        with self._errors("make"):
            _make_maildir(self.path)

    def deliver(self, data: bytes, message_id: str) -> bool:
        """Put a mail into the box, durably; False when the box has it already, read or archived included.

        On return the mail survives a crash of the machine. Killed at any moment, the box has it whole or not
        at all, and the same call may be made again. Raises GtError when it can't be written (disk full …).
        """
        name = short_id(message_id)
        with self._errors("deliver to"):
            for _ in range(_TRIES):
                with suppress(FileNotFoundError):  # a box, removed under us, is made again
                    _make_maildir(self.path)
                    return self._deliver(data, name)
        raise GtError(f"cannot deliver to {self.path}: the box is removed again and again")

    def _deliver(self, data: bytes, name: str) -> bool:
        new = self.path / "new"
        tmp = self.path / "tmp" / f"{name}.{os.getpid()}.{os.urandom(6).hex()}"
        try:
            _write_durably(tmp, data)
            folder = os.open(new, os.O_RDONLY | os.O_DIRECTORY)
            try:
                # Without the lock, two deliveries of one id could both look, then one be read and moved to
                # cur before the other links.
                _lock(folder)
                first = not self._has(name)
                if first:
                    first = _link(tmp, new / name)
                fcntl.flock(folder, fcntl.LOCK_UN)
                os.fsync(folder)
            finally:
                os.close(folder)
        finally:
            with suppress(OSError):
                tmp.unlink()
        return first

    def _has(self, short: str) -> bool:
        for folder in INBOX + ARCHIVE:
            for name in self._names(folder):
                key = _key(name)
                # Some programs (mutt) give a mail that they save to another folder a name of their own.
                if key == short or (not is_short_id(key) and self.id_of(Entry(folder, name, 0.0)) == short):
                    return True
        return False

    def list_new(self) -> list[Entry]:
        """Mails nobody has read or thrown away, the oldest first: in ``new/``, or in ``cur/`` without a flag
        ``S`` or ``T`` (programs move mail there without reading it)."""
        return self._list(INBOX, lambda name: not {"S", "T"}.intersection(_flags(name)))

    def list_all(self, archived: bool = False) -> list[Entry]:
        """Mails in the box, with the archived ones if asked, the oldest first. Opens none of them."""
        return self._list(INBOX + ARCHIVE if archived else INBOX, lambda _name: True)

    def find(self, prefix: str) -> Entry:
        """The mail whose short id begins so (any case), or that has this Message-ID; archived ones too.

        Raises NotFoundError for none, UsageError where several begin so.
        """
        wanted = short_id(prefix) if prefix.startswith("<") else prefix.strip().lower()
        entries = {entry.key: entry for entry in self.list_all(archived=True)}.values()
        found = {self.id_of(entry): entry for entry in entries if self.id_of(entry).startswith(wanted)}
        if not wanted or not found:
            raise NotFoundError(f"no mail {prefix!r} in {self.path.name}", "gt mail inbox --all")
        if len(found) > 1 and wanted not in found:
            some = ", ".join(sorted(found)[:5])
            raise UsageError(f"{len(found)} mails begin with {prefix}: {some}", "give more of the id")
        return found.get(wanted) or next(iter(found.values()))

    def id_of(self, entry: Entry) -> str:
        """The short id. A mail that gt delivered has it as its name; one that another program delivered, or copied
        under a name of its own, is opened once to learn it. Empty when the file is gone or cannot be read."""
        if is_short_id(entry.key):
            return entry.key
        if entry.key not in self._foreign_ids:
            try:
                data = self._read(entry)
            except OSError:
                return ""
            message = _decode(data, entry, Time(""))
            self._foreign_ids[entry.key] = short_id(message.id)
        return self._foreign_ids[entry.key]

    def read(self, entry: Entry) -> bytes:
        """The mail's bytes, wherever a program has moved it meanwhile; of one that is longer than anybody reads, the
        beginning. NotFoundError when it is gone."""
        return self._follow(entry, self._read)

    def _read(self, entry: Entry) -> bytes:
        return read_file(self.path / entry.folder / entry.name, LARGEST_MAIL, cut=True)

    def load(self, entry: Entry) -> Message:
        """The mail as a value; reading does not mark it."""
        return _decode(self.read(entry), entry, time_at(entry.delivered))

    def mark_seen(self, entry: Entry) -> Entry:
        """Set the flag ``S``, keeping the others; the entry as it is now."""
        return self._follow(entry, lambda now: self._move(now, now.archived, now.flags + "S"))

    def take_in(self, entry: Entry) -> Entry:
        """Move the mail from ``new/`` to ``cur/``, unread as it was; the entry as it is now."""
        return self._follow(entry, lambda now: self._move(now, now.archived, now.flags))

    def archive(self, entry: Entry) -> Entry:
        """Move the mail to ``.Archive``, flags kept; the entry as it is now."""
        return self._follow(entry, lambda now: self._move(now, True, now.flags))

    def find_closed(self) -> list[str]:
        """Folders and mails of the box that this user may not read, or move, each as a path below it."""
        parts = ["", "tmp", *INBOX, *ARCHIVE]
        shut = [part or "." for part in parts if not _is_open(self.path / part, os.R_OK | os.W_OK | os.X_OK)]
        if shut:
            return shut
        mails = (f"{entry.folder}/{entry.name}" for entry in self.list_all(archived=True))
        return [mail for mail in mails if not _is_open(self.path / mail, os.R_OK)]

    def clean(self, now: float) -> int:
        """Remove what writers killed half-way left in ``tmp/`` (older than 36 hours); how many files."""
        cleaned = 0
        for name in self._names("tmp"):
            path = self.path / "tmp" / name
            with suppress(FileNotFoundError):
                if now - path.stat().st_mtime > STALE_TMP_SECONDS:
                    path.unlink()
                    cleaned += 1
        return cleaned

    def _move(self, entry: Entry, archived: bool, flags: str) -> Entry:
        folder = ARCHIVE[1] if archived else INBOX[1]
        base = entry.name.partition(":")[0]
        moved = Entry(folder, f"{base}:2,{''.join(sorted(set(flags)))}", entry.delivered)
        if moved == entry:
            return entry
        if archived:
            _make_maildir(self.path / ".Archive")
        (self.path / entry.folder / entry.name).rename(self.path / moved.folder / moved.name)
        # The new place before the old one: a crash may leave the mail twice, never nowhere.
        for changed in dict.fromkeys((moved.folder, entry.folder)):
            _sync_folder(self.path / changed)
        return moved

    def _follow(self, entry: Entry, act: Callable[[Entry], _Result]) -> _Result:
        """Act on the mail's file, looking for it again as often as another program moves it away."""
        with self._errors("use"):
            for _ in range(_TRIES):
                try:
                    return act(entry)
                except PermissionError as error:
                    words = f"mail {entry.key} in {self.path.name} may not be read: {error.strerror}"
                    raise NotFoundError(words, "gt doctor") from None
                except FileNotFoundError:
                    key, entries = entry.key, self.list_all(archived=True)
                    found = [e for e in entries if e.key == key] or [e for e in entries if self.id_of(e) == key]
                    entry = found[-1] if found else entry
        raise NotFoundError(f"mail {entry.key} is no longer in {self.path.name}", "gt mail inbox --all")

    def _list(self, folders: tuple[str, ...], wanted: Callable[[str], bool]) -> list[Entry]:
        with self._errors("list"):
            seen = {entry.key: entry for folder in folders for entry in self._entries(folder, wanted)}
        return sorted(seen.values(), key=lambda entry: (entry.delivered, entry.name))

    def _entries(self, folder: str, wanted: Callable[[str], bool]) -> Iterable[Entry]:
        found: dict[str, Entry] = {}
        for _ in range(_TRIES):
            moved = False
            with suppress(FileNotFoundError), os.scandir(self.path / folder) as files:
                # All names at once, then their times; for a mail renamed in between we look again.
                for file in [file for file in files if _is_mail(file) and wanted(file.name)]:
                    try:
                        found.setdefault(_key(file.name), Entry(folder, file.name, file.stat().st_mtime))
                    except FileNotFoundError:
                        moved = True
            if not moved:
                break
        return found.values()

    def _names(self, folder: str) -> list[str]:
        try:
            with os.scandir(self.path / folder) as files:
                return [file.name for file in files if _is_mail(file)]
        except FileNotFoundError:
            return []

    @contextmanager
    def _errors(self, what: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise GtError(f"cannot {what} the mailbox {self.path}: {error.strerror or error}", "gt doctor") from error


def _key(name: str) -> str:
    return name.partition(":")[0].partition(",")[0]


def _flags(name: str) -> str:
    return name.partition(":2,")[2]


def _is_mail(file: os.DirEntry[str]) -> bool:
    """A folder, or a link into nowhere or to itself, that somebody left there is none."""
    try:
        return not file.name.startswith(".") and file.is_file()
    except OSError:
        return False


def _is_open(path: Path, mode: int) -> bool:
    return os.access(path, mode) or not os.access(path, os.F_OK)


def _make_maildir(path: Path) -> None:
    if all((path / part).is_dir() for part in ("tmp", "new", "cur")):
        return
    # No further up: a town that was moved away must not come back as an empty one.
    path.parent.mkdir(mode=0o700, exist_ok=True)
    path.mkdir(mode=0o700, exist_ok=True)
    for part in ("tmp", "new", "cur"):
        (path / part).mkdir(mode=0o700, exist_ok=True)
    if path.name.startswith("."):
        (path / "maildirfolder").touch(mode=0o600)
    _sync_folder(path)
    _sync_folder(path.parent)


def _write_durably(path: Path, data: bytes) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(path: Path) -> None:
    folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _link(source: Path, target: Path) -> bool:
    try:
        os.link(source, target)
    except FileExistsError:
        return False
    return True


def _lock(folder: int) -> None:
    """Lock a folder; after two seconds go on without (a frozen process may hold it): the link alone still
    refuses a second mail of the same name, the lock only covers the moment in which the first one is read."""
    for _ in range(_LOCK_TRIES):
        try:
            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            select.select([], [], [], 0.001)  # threading costs a millisecond to import


def _decode(data: bytes, entry: Entry, date: Time) -> Message:
    from gastown_tmux.store.message import decode_own  # counting needs none of it

    if (own := decode_own(data, entry.key)) is not None:
        return own
    from gastown_tmux.store.message_parser import decode  # the email package costs 10 ms

    # Programs that bring mail from elsewhere name it themselves; those that file ours away may do so too.
    ours = is_short_id(entry.key) or entry.archived
    own_id = f"<{entry.key}@maildir.invalid>"
    message = decode(data, own_id, date, ours)
    # What is called as we call mail is known by that name, whatever it says inside.
    return replace(message, id=own_id) if is_short_id(entry.key) and short_id(message.id) != entry.key else message
