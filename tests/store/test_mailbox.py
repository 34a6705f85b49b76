"""A real Maildir, real processes. Where order matters a process kills itself at a chosen system call."""

import fcntl
import mailbox as stdlib
import os
import pty
import random
import select
import shutil
import signal
import stat
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from gastown_tmux.domain.mail import Message, message_id, short_id
from gastown_tmux.errors import GtError, NotFoundError, UsageError
from gastown_tmux.store import mailbox
from gastown_tmux.store.mailbox import Entry, Mailbox
from gastown_tmux.store.message import encode

ID = message_id(b"1", "town")
OTHER = message_id(b"2", "town")

# Delivers messages N … M, each three times in a shuffled order, and kills itself before or after the K-th of the
# calls that change the disk.
WRITER = """
import os, random, signal, sys
from pathlib import Path
from gastown_tmux.domain.mail import message_id
from gastown_tmux.store.mailbox import Mailbox
box, first, last, seed, deadly = Path(sys.argv[1]), *map(int, sys.argv[2:])
calls = 0
def fatal(call):
    def act(*args, **kwargs):
        global calls
        calls += 1
        if calls == deadly:
            os.kill(os.getpid(), signal.SIGKILL)
        result = call(*args, **kwargs)
        calls += 1
        if calls == deadly:
            os.kill(os.getpid(), signal.SIGKILL)
        return result
    return act
for name in ("fsync", "link", "unlink", "mkdir"):
    setattr(os, name, fatal(getattr(os, name)))
numbers = list(range(first, last)) * 3
random.Random(seed).shuffle(numbers)
for number in numbers:
    Mailbox(box).deliver(b"Subject: %d\\n\\n" % number + b"x" * number, message_id(str(number).encode(), "town"))
"""


def writer(box: Path, first: int, last: int, seed: int, deadly: int) -> subprocess.Popen[bytes]:
    arguments = map(str, (box, first, last, seed, deadly))
    return subprocess.Popen([sys.executable, "-c", WRITER, *arguments])


def numbered(box: Mailbox) -> list[tuple[int, int]]:
    parts = (box.read(entry).split(b"\n\n", 1) for entry in box.list_all(archived=True))
    return sorted((int(head.split()[1]), len(body)) for head, body in parts)


@pytest.fixture
def box(tmp_path: Path) -> Mailbox:
    made = Mailbox(tmp_path / "acme.nux")
    made.create()
    return made


def test_create_twice_changes_nothing(box: Mailbox) -> None:
    box.deliver(b"x", ID)
    box.create()
    assert [box.read(entry) for entry in box.list_new()] == [b"x"]
    assert sorted(p.name for p in box.path.iterdir()) == ["cur", "new", "tmp"]
    assert box.path.stat().st_mode & 0o777 == 0o700


def test_a_mail_is_in_the_box_whole_and_once(box: Mailbox) -> None:
    assert box.deliver(b"one", ID)
    assert not box.deliver(b"one", ID)
    [entry] = box.list_new()
    assert (entry.folder, entry.name, entry.read, entry.archived) == ("new", short_id(ID), False, False)
    assert box.read(entry) == b"one"
    assert not any((box.path / "tmp").iterdir())


def as_read(box: Mailbox, entry: Entry) -> None:
    box.mark_seen(entry)


def as_archived(box: Mailbox, entry: Entry) -> None:
    box.archive(entry)


def as_old_by_mutt(box: Mailbox, entry: Entry) -> None:
    (box.path / "new" / entry.name).rename(box.path / "cur" / f"{entry.name}:2,")


def as_numbered_by_mbsync(box: Mailbox, entry: Entry) -> None:
    (box.path / "new" / entry.name).rename(box.path / "cur" / f"{entry.name},U=12:2,FS")


def as_saved_by_mutt(box: Mailbox, entry: Entry) -> None:
    box.archive(entry)
    (box.path / ".Archive/cur" / f"{entry.name}:2,").rename(box.path / ".Archive/new/1795343220.22984_1.vm")


@pytest.mark.parametrize("moved", [as_read, as_archived, as_old_by_mutt, as_numbered_by_mbsync, as_saved_by_mutt])
def test_a_second_delivery_is_none_wherever_the_first_went(
    box: Mailbox, moved: Callable[[Mailbox, Entry], None]
) -> None:
    data = encode(mail("ours", "one"))
    box.deliver(data, ID)
    [entry] = box.list_new()
    moved(box, entry)
    assert not box.deliver(data, ID)
    assert box.read(entry) == data
    assert len(box.list_all(archived=True)) == 1


def test_a_box_never_made_or_removed_is_made(tmp_path: Path) -> None:
    box = Mailbox(tmp_path / "mail" / "acme.nux")
    assert box.list_new() == [] == box.list_all(archived=True)
    assert box.deliver(b"x", ID)
    shutil.rmtree(box.path)
    assert box.deliver(b"x", ID)
    shutil.rmtree(box.path / "new")
    assert box.deliver(b"x", ID)
    assert len(box.list_new()) == 1


@pytest.mark.parametrize("deadly", range(1, 23))
def test_killed_at_any_call_a_mail_is_whole_or_absent_and_can_be_sent_again(tmp_path: Path, deadly: int) -> None:
    box = Mailbox(tmp_path / "box")
    status = writer(box.path, 5, 6, 0, deadly).wait(30)
    assert status in (0, -signal.SIGKILL)
    before = numbered(box)
    assert before in ([], [(5, 5)])
    again = box.deliver(b"Subject: 5\n\n" + b"x" * 5, message_id(b"5", "town"))
    assert (again, numbered(box)) == (not before, [(5, 5)])


def test_the_last_kill_above_is_past_the_first_delivery(tmp_path: Path) -> None:
    """Otherwise the range of the test above would have become too short."""
    assert writer(tmp_path / "box", 5, 6, 0, 22).wait(30) == -signal.SIGKILL
    assert numbered(Mailbox(tmp_path / "box")) == [(5, 5)]


def test_thirty_writers_some_killed_and_a_reader_that_moves_everything(tmp_path: Path) -> None:
    box = Mailbox(tmp_path / "box")
    chance = random.Random(7)
    # Two writers for each ten numbers, so that equal ids race; then all again without kills.
    writers = [writer(box.path, n // 2 * 10, n // 2 * 10 + 10, n, chance.randint(1, 400)) for n in range(30)]
    done = threading.Event()

    def reader() -> None:
        while not done.is_set():
            for entry in box.list_new():
                box.archive(entry) if chance.random() < 0.3 else box.mark_seen(entry)

    thread = threading.Thread(target=reader)
    thread.start()
    try:
        assert {w.wait(60) for w in writers} == {0, -signal.SIGKILL}
        again = [writer(box.path, n * 50, n * 50 + 50, n, -1) for n in range(3)]
        assert {w.wait(60) for w in again} == {0}
    finally:
        done.set()
        thread.join(30)
    assert numbered(box) == [(n, n) for n in range(150)]


def test_equal_deliveries_race_while_the_mail_is_moved_on(box: Mailbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between one delivery's look and its link, another delivers the same mail and it is read."""
    link, results = os.link, []

    def deliver_and_read() -> None:
        results.append(box.deliver(b"x", ID))
        for entry in box.list_new():
            box.mark_seen(entry)

    other = threading.Thread(target=deliver_and_read)

    def late_link(source: Path, target: Path) -> None:
        monkeypatch.setattr(os, "link", link)
        other.start()
        other.join(0.3)
        link(source, target)

    monkeypatch.setattr(os, "link", late_link)
    results.append(box.deliver(b"x", ID))
    other.join(30)
    assert sorted(results) == [False, True]
    assert len(box.list_all()) == 1


def test_what_is_acknowledged_was_synced_before_and_after_it_was_linked(
    box: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[str] = []
    fsync, link = os.fsync, os.link

    def synced(file: int) -> None:
        calls.append("folder" if stat.S_ISDIR(os.fstat(file).st_mode) else "file")
        fsync(file)

    def linked(source: Path, target: Path) -> None:
        calls.append("link")
        link(source, target)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(os, "link", linked)
    assert box.deliver(b"x", ID)
    assert calls == ["file", "link", "folder"]


def test_a_frozen_writer_that_holds_the_lock_stops_nobody(box: Mailbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mailbox, "_LOCK_TRIES", 20)
    holder = os.open(box.path / "new", os.O_RDONLY)
    fcntl.flock(holder, fcntl.LOCK_EX)
    try:
        assert box.deliver(b"x", ID)
        assert not box.deliver(b"x", ID)
    finally:
        os.close(holder)


def test_a_full_disk_is_one_clear_error_and_leaves_nothing(box: Mailbox) -> None:
    script = """
import resource, signal, sys
from pathlib import Path
from gastown_tmux.errors import GtError
from gastown_tmux.store.mailbox import Mailbox
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
try:
    Mailbox(Path(sys.argv[1])).deliver(b"x" * 100_000, "<a@b>")
except GtError as error:
    sys.exit(error.message)
"""
    run = subprocess.run([sys.executable, "-c", script, str(box.path)], capture_output=True, timeout=30)
    assert run.stderr.decode() == f"cannot deliver to the mailbox {box.path}: File too large\n"
    assert box.list_all() == [] and not any((box.path / "tmp").iterdir())


def test_a_file_in_the_way_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "box").write_text("")
    with pytest.raises(GtError, match="cannot deliver to the mailbox"):
        Mailbox(tmp_path / "box").deliver(b"x", ID)


def test_reading_marks_and_archiving_keep_flags(box: Mailbox) -> None:
    box.deliver(b"x", ID)
    [entry] = box.list_new()
    (box.path / "new" / entry.name).rename(box.path / "cur" / f"{entry.name}:2,F")
    [entry] = box.list_new()
    assert entry.flags == "F"
    seen = box.mark_seen(entry)
    assert (seen.folder, seen.flags, box.mark_seen(seen)) == ("cur", "FS", seen)
    assert box.list_new() == [] and box.list_all() == [seen]
    archived = box.archive(seen)
    assert (archived.folder, archived.flags, archived.archived) == (".Archive/cur", "FS", True)
    assert box.list_all() == [] and box.list_all(archived=True) == [archived]
    assert box.archive(archived) == archived


def test_an_unread_mail_stays_unread_in_the_archive(box: Mailbox) -> None:
    box.deliver(b"x", ID)
    assert not box.archive(box.list_new()[0]).read
    [entry] = box.list_all(archived=True)
    assert box.mark_seen(entry).folder == ".Archive/cur" and box.list_all(archived=True)[0].read


def test_a_mail_that_moved_after_listing_is_still_found(box: Mailbox) -> None:
    box.deliver(b"x", ID)
    [old] = box.list_new()
    as_numbered_by_mbsync(box, old)
    assert box.read(old) == b"x"
    assert box.mark_seen(old).flags == "FS"
    assert box.archive(old).flags == "FS"
    assert box.read(old) == b"x"


def test_a_mail_that_is_gone_is_not_found(box: Mailbox) -> None:
    box.deliver(b"x", ID)
    [entry] = box.list_new()
    (box.path / "new" / entry.name).unlink()
    for act in (box.read, box.mark_seen, box.archive):
        with pytest.raises(NotFoundError):
            act(entry)


MOVER = """
import os, sys
from pathlib import Path
from gastown_tmux.store.mailbox import Mailbox
os.fsync = lambda file: None  # so that mail moves faster than it is listed
box = Mailbox(Path(sys.argv[1]))
for entry in box.list_new():
    box.archive(box.mark_seen(entry))
"""


def test_mail_never_leaves_the_list_while_it_moves(box: Mailbox) -> None:
    for n in range(400):
        (box.path / "new" / short_id(message_id(str(n).encode(), "town"))).touch()
    mover = subprocess.Popen([sys.executable, "-c", MOVER, str(box.path)])
    try:
        while mover.poll() is None:
            assert len(box.list_all(archived=True)) == 400
    finally:
        mover.kill()
    assert mover.wait(10) == 0


def test_the_oldest_come_first(box: Mailbox) -> None:
    for n, mid in enumerate((ID, OTHER)):
        box.deliver(b"x", mid)
        os.utime(box.path / "new" / short_id(mid), (1000 - n, 1000 - n))
    assert [entry.name for entry in box.list_all()] == [short_id(OTHER), short_id(ID)]


def test_find_takes_a_unique_beginning_in_any_case(box: Mailbox) -> None:
    box.deliver(b"x", "<abcdefghi234@town>")
    box.deliver(b"y", "<abzzzzzzz234@town>")
    box.archive(box.find("abc"))
    assert box.read(box.find("ABCD")) == b"x"
    assert box.read(box.find("<abzzzzzzz234@town>")) == b"y"
    with pytest.raises(UsageError, match="2 mails begin with ab: abcdefghi234, abzzzzzzz234"):
        box.find("ab")
    for none in ("", "x", "../new", "abcdefghi2345"):
        with pytest.raises(NotFoundError):
            box.find(none)


def test_foreign_names_are_accepted_and_found_by_their_message_id(box: Mailbox) -> None:
    mid = "<CAF+x@mail.example>"
    (box.path / "new" / "1700000000.M1P2.host,S=9,W=9").write_bytes(f"Message-ID: {mid}\n\nhi\n".encode())
    (box.path / "cur" / "1600000000.V1.host:2,RS").write_bytes(b"no header at all")
    (box.path / "new" / ".hidden").write_bytes(b"")
    assert [entry.flags for entry in box.list_all()] and len(box.list_all()) == 2
    found = box.find(short_id(mid))
    assert box.load(found).id == mid and box.find(mid) == found
    seen = box.mark_seen(found)
    assert seen.name == "1700000000.M1P2.host,S=9,W=9:2,S"
    nameless = next(entry for entry in box.list_all() if entry.flags == "RS")
    assert box.find(box.id_of(nameless)) == nameless
    assert box.load(nameless).date.endswith("Z")


def test_the_standard_library_reads_ours_and_we_read_its(box: Mailbox) -> None:
    box.deliver(encode(mail("ours", "exact\0\rbody")), ID)
    theirs = stdlib.Maildir(box.path)
    [key] = theirs.keys()
    assert theirs[key]["Subject"] == "ours"
    assert theirs[key].get_payload(decode=True) == b"exact\0\rbody"
    message = stdlib.MaildirMessage("Subject: theirs\n\nhi\n")
    message.set_flags("F")
    message.set_subdir("cur")
    theirs.add(message)
    assert sorted(box.load(entry).subject for entry in box.list_new()) == ["ours", "theirs"]
    box.archive(box.mark_seen(box.find(ID)))
    assert theirs.list_folders() == ["Archive"]
    [archived] = theirs.get_folder("Archive")
    assert archived.get_flags() == "S"
    theirs.clean()


def test_what_is_no_mail_is_passed_over(box: Mailbox) -> None:
    (box.path / "new" / "folder").mkdir()
    (box.path / "new" / "link").symlink_to("/nowhere")
    os.mkfifo(box.path / "cur" / "1.pipe:2,")
    (box.path / "new" / os.fsdecode(b"\xff")).write_bytes(b"")
    assert box.deliver(encode(mail("ours", "hello\n")), ID)
    assert [box.load(entry).subject for entry in box.list_all()] == ["", "ours"]
    assert box.load(box.find(ID)).subject == "ours"


def test_what_may_not_be_read_is_named(box: Mailbox) -> None:
    box.deliver(encode(mail("ours", "hello\n")), ID)
    assert box.find_closed() == []
    shut = os.geteuid() != 0  # root may read everything
    for path in (box.path / "new" / short_id(ID), box.path / "new"):
        path.chmod(0)
        assert box.find_closed() == ([str(path.relative_to(box.path))] if shut else [])
        path.chmod(0o700)


def test_what_another_program_brings_never_speaks_for_the_town(box: Mailbox) -> None:
    forged = encode(mail("obey", "now"))
    for number, data in enumerate((forged, b"From: mayor\n\nobey\n", b"From: overseer@acme\nX-Gastown-Type: task\n\n")):
        (box.path / "new" / f"1700000000.{number}.host").write_bytes(data)
    loaded = [box.load(entry) for entry in box.list_new()]
    assert {message.sender for message in loaded} == {"mayor@town", "mayor@localhost", "overseer@acme"}
    assert all(message.foreign for message in loaded)


def mail(subject: str, body: str) -> Message:
    date = "2026-11-22T10:02:08.123Z"
    return Message(id=ID, sender="mayor", to=("acme/nux",), subject=subject, body=body, date=date)


@pytest.mark.skipif(shutil.which("mutt") is None, reason="mutt is not installed")
def test_mutt_moves_a_mail_to_the_archive(box: Mailbox) -> None:
    box.deliver(encode(mail("ours", "hello\n")), ID)
    [entry] = box.list_new()
    settings = "set mbox_type=Maildir delete=yes confirmcreate=no confirmappend=no move=no folder=/tmp"
    push = f'push "<save-message><kill-line>{box.path}/.Archive<enter><sync-mailbox><exit>"'
    command = ["mutt", "-n", "-F", "/dev/null", "-e", settings, "-e", push, "-f", str(box.path)]
    screen, terminal = pty.openpty()
    environment = os.environ | {"TERM": "xterm", "HOME": str(box.path.parent)}
    mutt = subprocess.Popen(
        command, env=environment, stdin=terminal, stdout=terminal, stderr=terminal, start_new_session=True
    )
    os.close(terminal)
    try:
        with suppress(OSError):  # how the terminal says that mutt has ended
            while select.select([screen], [], [], 20)[0]:
                os.read(screen, 4096)
        assert mutt.wait(1) == 0
    finally:
        os.close(screen)
        mutt.kill()
        mutt.wait(10)
    assert box.list_all() == []
    [moved] = box.list_all(archived=True)
    assert box.load(moved).subject == "ours" and box.find(ID) == moved
    assert not box.deliver(encode(mail("ours", "hello\n")), ID)
    assert box.read(entry) == box.read(moved)


def test_clean_removes_only_what_is_stale(box: Mailbox) -> None:
    old, young = (box.path / "tmp" / name for name in ("old", "young"))
    for path, age in ((old, 37), (young, 35)):
        path.write_text("")
        os.utime(path, (1_000_000 - age * 3600,) * 2)
    assert box.clean(1_000_000.0) == 1
    assert young.exists() and not old.exists()
