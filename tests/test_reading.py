from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gastown_tmux.reading import json_object, json_value, open_file, read_file, read_lines, read_text, text_of
from tests.fuzz.garbage import KINDS, Thing


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in ("closed", "huge")])
def test_what_is_no_file_is_not_even_opened(kind: str, tmp_path: Path) -> None:
    Thing(kind).put(tmp_path / "x")
    for read in (open_file, read_file, read_text, lambda path: next(read_lines(path))):
        with pytest.raises(OSError) as refused:
            read(tmp_path / "x")  # type: ignore[operator]
        assert refused.value.strerror


def test_a_link_is_followed_unless_that_is_not_wanted(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x")
    (tmp_path / "link").symlink_to("file")
    assert read_file(tmp_path / "link") == b"x"
    with pytest.raises(OSError, match="symbolic link"):
        read_file(tmp_path / "link", follow=False)


def test_nothing_is_read_without_end(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"12345\n67")
    with pytest.raises(OSError, match="longer than 5"):
        read_file(path, 5)
    assert read_file(path, 5, cut=True) == b"12345"
    assert list(read_lines(path, longest=4)) == [b"1234", b"5\n", b"67"]
    with pytest.raises(OSError, match="longer than 7"):
        list(read_lines(path, most=7))


def test_no_descriptor_is_left_open(tmp_path: Path) -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))
    for kind in KINDS:
        Thing(kind).put(tmp_path / "x")
        with pytest.raises(OSError):
            read_file(tmp_path / ("x" if kind not in ("closed", "huge") else "nothing"))
    assert len(list(Path("/proc/self/fd").iterdir())) == before


@given(st.binary() | st.text() | st.sampled_from(["[" * 100_000, '{"a":' * 100_000, "9" * 5000, '"\\ud800"', "NaN"]))
def test_json_of_any_kind_is_a_value_or_none(data: bytes | str) -> None:
    json_value(data)
    assert isinstance(json_object(data), dict)


@pytest.mark.parametrize("value", ["\ud800", "a\0b", "", "x" * 5000, None, 7, ["a"]])
def test_what_no_row_can_hold_is_no_text(value: object) -> None:
    assert text_of(value) is None
