"""Lines of a captured screen as the feed draws them."""

from gastown_tmux.tui.escapes import draw_screen


def test_what_tmux_leaves_as_letters_is_drawn_as_lines() -> None:
    (strip,) = draw_screen(["aq\x0eaqo~-\x0faq"], 20)
    assert strip.text.rstrip() == "aq▒─⎺·↑aq"
