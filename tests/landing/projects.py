"""Random small projects and random edits of them, and how they are carried out on files."""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from hypothesis import strategies as st

ROT = "tr a-zA-Z n-za-mN-ZA-M"
#: What stands in the settings of the project's own repository.
SETTINGS = {
    "filter.rot.clean": ROT,
    "filter.rot.smudge": ROT,
    "filter.must.clean": "sed s/^/enc:/",
    "filter.must.smudge": "sed s/^enc://",
    "filter.must.required": "true",
    "filter.strip.clean": "sed /^strip/d",
    # A driver that looks at the files of the project too, and one that gives up.
    "merge.mine.driver": "cat %B >> %A && if test -f plain.txt; then head -1 plain.txt >> %A; fi",
    "merge.mine.recursive": "binary",
    "merge.never.driver": "false",
    "diff.rot.textconv": ROT,
}
ATTRIBUTES = (
    "*.u merge=union",
    "LOG merge=union",
    "/LOG -merge",
    "*.rot filter=rot diff=rot",
    "*.must filter=must -text",
    "*.strip filter=strip",
    "*.mine merge=mine",
    "*.never merge=never",
    "*.txt text",
    "*.txt text eol=crlf",
    "* text=auto",
    "* text=auto eol=lf",
    "*.bin binary",
    "*.bin -text -merge",
    "*.bin merge=text",
    "*.enc text working-tree-encoding=UTF-16LE-BOM",
    "*.txt ident",
    "*.txt whitespace=trailing-space,tab-in-indent conflict-marker-size=3",
    "[attr]loose merge=union -text",
    "*.u !merge",
    '"with space.u" merge=binary',
    "plain.txt merge=nobody-defines-this",
    "folder/** merge=union",
    "*.txt export-ignore",
)
NAMES = (
    *(b"plain.txt", b"LOG", b"LOG.u", b"folder/LOG", b"folder/other.txt", b"folder/deep/down.u", b"with space.u"),
    *(b"a.rot", b"b.must", b"c.strip", b"d.mine", b"e.never", b"f.bin", b"g.enc", b"folder/h.rot", b"run.sh"),
    *("ümläut.u".encode(), b"\xff\xfe.u", b"new\nline.txt", b"-dash", b'quo"te\\.u', b"tab\there", b"x" * 200),
    *(b"folder.txt", b"FOLDER", b".hidden", b"folder/.gitignore-not", b"*star.txt", b"HEAD", b"colon:name"),
)
WORDS = (b"one", b"two", b"strip me", b"", b"trail  ", b"\tindented", "ümläut".encode(), b"$Id$", b"=======", b"enc:")


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that somebody does to the files; where it cannot be done it does nothing."""

    kind: str
    name: bytes
    content: bytes = b""
    other: bytes = b""
    line: int = 0

    def carry_out(self, root: Path) -> None:
        path = root / os.fsdecode(self.name)
        match self.kind:
            case "write":
                _make_room(path, root)
                path.write_bytes((b"\xff\xfe" if path.suffix == ".enc" else b"") + _coded(path, self.content))
            case "append":
                if _is_file(path):
                    path.write_bytes(path.read_bytes() + _coded(path, self.content + b"\n"))
            case "line":
                if _is_file(path) and path.suffix != ".enc":
                    lines = path.read_bytes().split(b"\n")
                    lines[self.line % len(lines)] = self.content
                    path.write_bytes(b"\n".join(lines))
            case "delete":
                if _is_file(path) or path.is_symlink():
                    path.unlink()
            case "rename":
                other = root / os.fsdecode(self.other)
                if (_is_file(path) or path.is_symlink()) and path != other and path not in other.parents:
                    _make_room(other, root)
                    path.rename(other)
            case "mode":
                if _is_file(path):
                    path.chmod(path.stat().st_mode ^ 0o111)
            case "link":
                _make_room(path, root)
                path.symlink_to(os.fsdecode(self.content or b"nowhere"))
            case "attribute":
                if path.parent.is_dir():
                    with (path.parent / ".gitattributes").open("ab") as file:
                        file.write(self.content + b"\n")
            case unknown:
                raise AssertionError(unknown)


def _coded(path: Path, content: bytes) -> bytes:
    """As an editor would write a file of that name."""
    return content.decode("utf-8", "replace").encode("utf-16-le") if path.suffix == ".enc" else content


def _is_file(path: Path) -> bool:
    return path.is_file() and not path.is_symlink()


def _make_room(path: Path, root: Path) -> None:
    """Whatever is in the way of a file there goes; its folders are made."""
    for folder in [*path.relative_to(root).parents][-2::-1]:
        above = root / folder
        if above.is_symlink() or above.is_file():
            above.unlink()
        above.mkdir(exist_ok=True)
    if path.is_symlink() or path.is_file():
        path.unlink()
    elif path.is_dir():
        shutil.rmtree(path)


def _contents() -> st.SearchStrategy[bytes]:
    numbered = st.integers(3, 12).map(lambda count: b"".join(b"line %d\n" % n for n in range(count)))
    lines = st.lists(st.sampled_from(WORDS), max_size=6).map(b"\n".join)
    return st.one_of(
        numbered,
        numbered,
        numbered.map(lambda text: text.replace(b"\n", b"\r\n")),
        lines,
        lines.map(lambda text: text + b"\r\n"),
        st.just(b""),
        st.binary(max_size=40),
        st.just(b"bin\0ary" * 20),
        st.integers(1, 3).map(lambda n: b"huge %d\n" % n * 200_000),
    )


names = st.sampled_from(NAMES)
attributes = st.sampled_from(ATTRIBUTES).map(str.encode)
contents = _contents()
changes = st.one_of(
    st.builds(Change, st.just("write"), names, contents),
    st.builds(Change, st.just("append"), names, st.sampled_from(WORDS)),
    st.builds(Change, st.just("append"), names, st.sampled_from(WORDS)),
    st.builds(Change, st.just("line"), names, st.sampled_from(WORDS), line=st.integers(0, 11)),
    st.builds(Change, st.just("line"), names, st.sampled_from(WORDS), line=st.integers(0, 11)),
    st.builds(Change, st.just("delete"), names),
    st.builds(Change, st.just("rename"), names, other=names),
    st.builds(Change, st.just("mode"), names),
    st.builds(Change, st.just("link"), names, names),
    st.builds(Change, st.just("attribute"), names, attributes),
)
edits = st.lists(changes, min_size=1, max_size=5)


@dataclass(frozen=True, slots=True)
class Project:
    """``start`` makes the first commit, ``theirs`` the target's and ``ours`` the author's, of one or more commits.
    ``attributes`` are in the first, ``own`` in none.

    ``bumps``: by how many commits each of the three moves a submodule, where there is one. ``dropped``: the first of
    the target's commits is taken away after the author began on it. ``catches_up``: the author merges the target
    before the last commit.
    """

    start: tuple[Change, ...]
    attributes: tuple[bytes, ...]
    own: tuple[bytes, ...]
    theirs: tuple[tuple[Change, ...], ...]
    ours: tuple[tuple[Change, ...], ...]
    bumps: tuple[int, int] | None
    dropped: bool
    catches_up: bool


def _start() -> st.SearchStrategy[tuple[Change, ...]]:
    """Files that both sides will find, of several lines each."""
    written = st.builds(Change, st.just("write"), names, contents)
    text = b"".join(b"line %d\n" % number for number in range(10))
    always = [Change("write", name, text) for name in (b"plain.txt", b"LOG.u", b"d.mine", b"folder/other.txt")]
    more = st.one_of(written, st.builds(Change, st.just("link"), names, names))
    return st.lists(more, max_size=8).map(lambda found: (*always, *found))


def _commits(most: int) -> st.SearchStrategy[tuple[tuple[Change, ...], ...]]:
    return st.lists(edits.map(tuple), min_size=1, max_size=most).map(tuple)


projects = st.builds(
    Project,
    start=_start(),
    attributes=st.lists(attributes, max_size=5).map(tuple),
    own=st.one_of(st.just(()), st.just(()), st.lists(attributes, max_size=3).map(tuple)),
    theirs=_commits(2),
    ours=_commits(2),
    bumps=st.one_of(st.none(), st.none(), st.none(), st.tuples(st.integers(0, 2), st.integers(0, 2))),
    dropped=st.sampled_from([False, False, False, True]),
    catches_up=st.sampled_from([False, False, False, True]),
)
