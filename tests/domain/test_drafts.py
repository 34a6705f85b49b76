"""What a person writes in an editor, and what of it is taken."""

import pytest

from gastown_tmux.domain.drafts import SCISSORS, make_draft, read_draft


@pytest.mark.parametrize(
    ("text", "head", "body"),
    [
        ("", "", ""),
        ("\n \n", "", ""),
        ("Title", "Title", ""),
        ("\n\n  Title  \n\n\n", "Title", ""),
        ("Title\n\n# heading\n\n    code\n", "Title", "# heading\n\n    code"),
        (f"Title\nbody\n{SCISSORS}\nnot taken", "Title", "body"),
        (f"{SCISSORS}\nnot taken", "", ""),
        ("Title\r\n\r\nbody\r\n", "Title", "body"),
    ],
)
def test_a_first_line_and_the_rest(text: str, head: str, body: str) -> None:
    assert read_draft(text, headed=True) == (head, body)


def test_without_a_first_line_all_is_the_body() -> None:
    assert read_draft(f"\na\n\nb\n{SCISSORS}\n> old", headed=False) == ("", "a\n\nb")
    assert read_draft(" \n\t\n", headed=False) == ("", "")


def test_what_is_made_is_read_back() -> None:
    assert read_draft(make_draft("Title", "a\n\nb\n", "# told"), headed=True) == ("Title", "a\n\nb")
    assert read_draft(make_draft("", "", "# told"), headed=True) == ("", "")
    assert read_draft(make_draft(None, "a", "> old"), headed=False) == ("", "a")
