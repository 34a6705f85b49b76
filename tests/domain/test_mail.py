import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gastown_tmux.domain.mail import Message, message_id, pointer_line, reply_subject, short_id

ANY_TEXT = st.text(st.characters(codec=None))


def mail(n: int = 1, **fields: object) -> Message:
    values: dict[str, object] = {
        "id": message_id(str(n).encode(), "town"),
        "sender": "acme/nux",
        "to": ("mayor",),
        "subject": f"subject {n}",
        "body": f"body {n}\n",
        "date": f"2026-11-22T10:02:{n % 60:02}.000Z",
    }
    return Message(**(values | fields))  # type: ignore[arg-type]


def test_the_same_seed_gives_the_same_id_and_another_seed_another() -> None:
    assert message_id(b"key", "town") == message_id(b"key", "town") != message_id(b"other", "town")


def test_the_short_id_of_our_own_mail_is_the_left_part() -> None:
    assert short_id("<abcdefghi234@town>") == "abcdefghi234"


@given(ANY_TEXT)
def test_the_short_id_of_any_message_id_is_safe_in_a_shell(foreign: str) -> None:
    short = short_id(foreign)
    assert len(short) == 12 and set(short) <= set("abcdefghijklmnopqrstuvwxyz234567")


def test_a_thread_is_named_by_its_first_mail() -> None:
    assert mail(1).thread == mail(1).id
    assert mail(in_reply_to="<b@t>").thread == "<b@t>"
    assert mail(in_reply_to="<b@t>", references=("<a@t>", "<b@t>")).thread == "<a@t>"


@pytest.mark.parametrize("subject", ["hello", "Re: hello", "RE:re: Re:  hello", "\nRe: hello\n"])
def test_re_comes_once(subject: str) -> None:
    assert reply_subject(subject) == "Re: hello"


def test_the_pointer_line_is_exactly_the_promised_one() -> None:
    line = pointer_line("mayor", "fix\nthe\x07 thing", "<abcdefghi234@town>")
    assert line == "gt: mail from mayor: fix the thing (gt mail read abcdefghi234)"


@given(ANY_TEXT, ANY_TEXT, ANY_TEXT)
def test_a_pointer_line_is_one_visible_line_of_bounded_width(sender: str, subject: str, mid: str) -> None:
    line = pointer_line(sender, subject, mid)
    assert not [c for c in line if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp")]
    columns = [2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in line if unicodedata.category(c)[0] != "M"]
    assert sum(columns) <= len("gt: mail from :  (gt mail read abcdefghi234)") + 2 * 60
