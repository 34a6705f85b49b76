"""Names and ids: a value that exists is well formed, whatever was typed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gastown_tmux.domain.addresses import Address, is_group
from gastown_tmux.domain.ids import (
    RESERVED,
    RESERVED_PREFIXES,
    parse_name,
    parse_prefix,
    parse_time,
    suggest_prefix,
    time_at,
)
from gastown_tmux.domain.timestamps import timestamp
from gastown_tmux.errors import UsageError

names = st.from_regex(r"[a-z][a-z0-9-]{0,31}", fullmatch=True).filter(lambda name: name not in RESERVED)


@given(st.text(max_size=40))
def test_any_text_is_a_name_or_is_refused_in_one_line(text: str) -> None:
    try:
        name = parse_name(text, "rig")
    except UsageError as error:
        assert "\n" not in error.message or "\n" in repr(text)
        return
    assert name == text and name.isascii() and len(name) <= 32 and name[0].islower() and name not in RESERVED


@given(rig=names, name=names)
def test_addresses_have_one_form(rig: str, name: str) -> None:
    address = Address.parse(f"{rig}/{name}")
    assert address == Address.parse(f"{rig}/crew/{name}") == Address.parse(f"{rig}/polecats/{name}/")
    assert (address.rig, address.name, address.folder) == (rig, name, f"{rig}.{name}")
    assert "/" not in address.folder


@given(st.text(max_size=40))
def test_an_address_reads_itself_again(text: str) -> None:
    try:
        address = Address.parse(text)
    except UsageError:
        return
    assert Address.parse(address) == address and ".." not in address.folder and "/" not in address.folder


@pytest.mark.parametrize("text", ["", "/", "a/b/c", "../x", "a/..", "A/b", "rig/deacon", "hq/x", "crew/x", "a//b", "x"])
def test_what_is_no_address(text: str) -> None:
    with pytest.raises(UsageError):
        Address.parse(text)


@pytest.mark.parametrize("text", ["mayor", "mayor/", "deacon", "witness", "overseer"])
def test_the_towns_own(text: str) -> None:
    assert Address.parse(text).rig is None


@given(rig=names, taken=st.frozensets(st.from_regex(r"[a-z]{2,4}", fullmatch=True), max_size=20))
def test_a_suggested_prefix_is_free(rig: str, taken: frozenset[str]) -> None:
    assert parse_prefix(suggest_prefix(rig, taken)) not in taken | RESERVED_PREFIXES


@pytest.mark.parametrize("prefix", ["", "a", "abcde", "A1", "cv", "mr", "run", "esc", "ses"])
def test_no_prefix(prefix: str) -> None:
    with pytest.raises(UsageError):
        parse_prefix(prefix)


def test_groups() -> None:
    assert all(map(is_group, ("@town", "@rig/demo", "@crew/demo", "@polecats/demo")))
    assert not any(map(is_group, ("town", "@", "@rig", "@rig/Demo", "@town/x")))


@given(st.integers(0, 7258118400000))  # of two hundred years: a float holds no milliseconds of the year 9999
def test_a_moment_of_milliseconds_is_written_as_it_is(milliseconds: int) -> None:
    written = time_at(milliseconds / 1000)
    assert written == timestamp(milliseconds / 1000) == parse_time(written)
    assert int(written[20:23]) == milliseconds % 1000 and len(written) == 24
