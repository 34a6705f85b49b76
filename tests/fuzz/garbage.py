"""What comes from outside when it is not what was expected: texts, bytes, JSON, mails, and things in place of files."""

import json
import os
import shutil
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

#: Each has been a fault of somebody's.
WORDS = [
    "", " ", "\n", "a\nb", "\t", "\0", "\ud800", "\udcff", "\ufeff", "\u2028", "é", "🎉", "../..", "/dev/zero", "-1",
    "0", "nan", "inf", "1e999", "9" * 400, "9" * 20, "٣", "²", "true", "null", "[]", "{}", "tomorrow", "yesterday",
    "0000-00-00", "2026-99-99T99:99:99Z", "2026-02-30T00:00:00.000Z", "9999-12-31T23:59:59.999Z", "0001-01-01",
    "2026-11-22T10:00:00+99:99", "%s", "$(id)", "{0}", "x" * 5000, "a/b", "demo/ann", "keeper",
]  # fmt: skip
BOMBS = [
    b"", b"\0" * 64, b"\xff\xfe", b"\xef\xbb\xbf", b"{", b"[" * 100_000, b'{"a":' * 50_000, b"9" * 5000, b"\n" * 1000,
    b'{"session_id":"\\ud800"}', b"x" * 2_000_000, b"- " * 500, b"\x80abc\r\n\r\n",
]  # fmt: skip


def words() -> st.SearchStrategy[str]:
    return st.sampled_from(WORDS) | st.text(st.characters(codec=None), max_size=30)


def values() -> st.SearchStrategy[Any]:
    """Other things that JSON can say than what was expected."""
    odd = [None, True, 0, -1, 2**63, 10**30, 1.5, float("nan"), [], {}, [[]], ["x"], {"id": 1}, {"a": {"b": None}}, "x"]
    return words() | st.sampled_from(odd)


@st.composite
def mutated(draw: st.DrawFn, valid: bytes) -> bytes:
    """Valid, but for a few cuts and insertions; or nothing of the kind."""
    if draw(st.integers(0, 2)) == 0:
        return draw(st.sampled_from(BOMBS) | st.binary(max_size=200))
    data = bytearray(valid)
    for _ in range(draw(st.integers(0, 3))):
        start = draw(st.integers(0, len(data)))
        piece = draw(st.sampled_from(WORDS)).encode("utf-8", "surrogatepass") or b"\xff"
        data[start : start + draw(st.integers(0, 12))] = piece
    return bytes(data)


@st.composite
def documents(draw: st.DrawFn, valid: dict[str, Any]) -> bytes:
    """A JSON object of known keys, of which some have other values; or no such thing."""
    known = {key: draw(values()) if draw(st.booleans()) else value for key, value in valid.items()}
    if draw(st.integers(0, 2)) == 0:
        return draw(mutated(json.dumps(known).encode()))
    return json.dumps(known).encode()


@st.composite
def mails(draw: st.DrawFn) -> bytes:
    """Of us or of others: fields that we read, with what we expect in them and with what we do not."""
    expected = {
        "From": "demo/ben@town", "To": "demo/ann@town", "Subject": "hello", "Message-ID": "<abcdefghijkl@town>",
        "Date": "Fri, 27 Nov 2026 10:00:00 +0000", "In-Reply-To": "<mnopqrstuvwx@town>", "References": "<a@b> <c@d>",
        "X-Gastown-Type": "task", "X-Gastown-Priority": "high", "X-Gastown-Date": "2026-11-27T10:00:00.000Z",
        "X-Gastown-Expires": "2099-11-27T10:00:00.000Z", "X-Gastown-Bead": "de-abcde", "X-Gastown-Hops": "3",
        "Content-Type": "text/plain; charset=utf-8", "Content-Transfer-Encoding": "7bit",
    }  # fmt: skip
    charsets = st.sampled_from(["utf-7", "unicode_escape", "utf-16", "rot13", "no-such", "utf-8"])
    encoded = st.builds(
        lambda set_, text: f"=?{set_}?q?{text}?=", charsets, st.sampled_from(["+2AA-", "=5Cud800", "a"])
    )
    odd = words() | encoded | st.sampled_from(["multipart/mixed; boundary=b", "text/plain; charset=utf-7", "base64"])
    lines = [f"{name}: {draw(odd) if draw(st.integers(0, 3)) == 0 else text}" for name, text in expected.items()]
    head = "\n".join(draw(st.permutations(lines))).encode("utf-8", "surrogatepass")
    return head + b"\n\n" + draw(st.sampled_from([b"hi\n", *BOMBS]) | st.binary(max_size=100))


@dataclass(frozen=True)
class Thing:
    """What lies where a file is looked for. Everything but ``file`` says itself what it is."""

    kind: str
    data: bytes = b""

    def put(self, path: Path) -> None:
        remove(path)
        match self.kind:
            case "file":
                path.write_bytes(self.data)
            case "closed":  # root reads it all the same
                path.write_bytes(self.data)
                path.chmod(0)
            case "pipe":
                os.mkfifo(path)
            case "folder":
                path.mkdir()
                (path / "inside").write_bytes(self.data)
            case "nowhere":
                path.symlink_to("/nowhere/at/all")
            case "loop":
                path.symlink_to(path.name)
            case "endless":
                path.symlink_to("/dev/zero")
            case "huge":
                with path.open("wb") as file:
                    file.truncate(8 << 30)
            case "socket":
                here = Path.cwd()
                os.chdir(path.parent)
                with socket.socket(socket.AF_UNIX) as made:
                    made.bind(path.name)
                os.chdir(here)


def file_name(text: str) -> str:
    """The text as what a file may be called, bytes that are no letters included."""
    data = text.encode("utf-8", "surrogatepass").replace(b"/", b"_").replace(b"\0", b"_")
    return os.fsdecode(data[:60].lstrip(b".") or b"x")


KINDS = ("closed", "pipe", "folder", "nowhere", "loop", "endless", "huge", "socket")


def things(data: st.SearchStrategy[bytes]) -> st.SearchStrategy[Thing]:
    return st.builds(Thing, st.just("file"), data) | st.builds(Thing, st.sampled_from(KINDS))


def remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
