"""How wide a text is: as the terminal draws it, by a library that is used for nothing else here."""

import unicodedata

import pytest
import wcwidth

from gastown_tmux.domain.columns import fit, letter_width, width

#: Latin with its accents, Greek, Cyrillic, Hebrew, Arabic, Thai, Kana, Han, Hangul, signs of ours, emoji.
BLOCKS = (
    *((0x20, 0x7F), (0xC0, 0x370), (0x370, 0x530), (0x591, 0x5F5), (0x620, 0x66D), (0xE01, 0xE3B), (0x2010, 0x2028)),
    *((0x2190, 0x2200), (0x25A0, 0x2600), (0x3041, 0x3097), (0x30A1, 0x3100), (0x4E00, 0x9FFD), (0xAC00, 0xD7A4)),
    *((0xFF01, 0xFF61), (0x1F600, 0x1F650), (0x1F680, 0x1F6C6)),
)


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: f"{block[0]:x}")
def test_a_letter_is_as_wide_as_a_terminal_draws_it(block: tuple[int, int]) -> None:
    letters = [chr(code) for code in range(*block) if unicodedata.category(chr(code)) != "Cn"]
    assert [letter for letter in letters if letter_width(letter) != wcwidth.wcwidth(letter)] == []


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a" * 61, "a" * 60),
        ("漢" * 31, "漢" * 30),
        ("a" + "漢" * 30, "a" + "漢" * 29),
        ("e\u0301" * 61, "e\u0301" * 60),
        ("a" * 60, "a" * 60),
        ("a" + "\u0301" * 9000, "a" + "\u0301" * 239),
    ],
)
def test_sixty_columns_are_columns_not_characters(text: str, shown: str) -> None:
    assert fit(text, 60) == shown
    assert width(shown) <= 60


@pytest.mark.parametrize("text", ["", "a", "漢", "\u0301"])
def test_where_there_is_no_room_nothing_is_shown(text: str) -> None:
    assert fit(text, -1) == ""
