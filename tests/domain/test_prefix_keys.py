"""The help of the keys behind the prefix."""

from gastown_tmux.domain.prefix_keys import PREFIX_KEYS, help_text


def test_the_help_fits_a_popup() -> None:
    """Of a window of 60 columns no line is broken, of one of 24 lines none is lost."""
    lines = help_text().splitlines()
    assert max(map(len, lines)) <= 52 and len(lines) <= 16
    assert all(any(f"{key.key}   {key.words}" in line for line in lines) for key in PREFIX_KEYS)
