import email
import email.policy
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gastown_tmux.domain.mail import Message, MessageType, Priority
from gastown_tmux.domain.quoting import one_line
from gastown_tmux.errors import UsageError
from gastown_tmux.store.message import encode
from gastown_tmux.store.message_parser import decode

TEXT = st.text(st.characters(codec="utf-8"))
BODIES = TEXT | st.text("ab\r\n\t \x00\x0c>From ", max_size=200)
ADDRESSES = st.sampled_from(
    ["mayor", "acme/nux", "overseer", "mayor@home", "acme/nux@box", "@town", "@crew/acme", "acme/refinery"]
)
IDS = st.from_regex(r"<[a-z2-7]{12}@town>", fullmatch=True)
DATES = st.from_regex(r"20[0-9]{2}-11-22T10:0[0-9]:08\.[0-9]{3}Z", fullmatch=True)
MESSAGES = st.builds(
    Message,
    id=IDS,
    sender=ADDRESSES,
    to=st.lists(ADDRESSES, min_size=1, max_size=5).map(tuple),
    subject=(TEXT | st.text("a é\t=?_", max_size=150)).map(one_line),
    body=BODIES,
    date=DATES,
    type=st.sampled_from(MessageType),
    priority=st.sampled_from(Priority),
    in_reply_to=st.none() | IDS,
    references=st.lists(IDS, max_size=60).map(tuple),
    bead=st.none() | st.just("ac-12345"),
    expires=st.none() | DATES,
    session=st.none() | st.just("s-1"),
    hops=st.integers(0, 99),
)
PLAIN = Message(
    id="<abcdefghi234@town>",
    sender="acme/nux",
    to=("mayor", "@crew/acme"),
    subject="hello",
    body="one\ntwo\n",
    date="2026-11-22T10:02:08.123Z",
)


def read(data: bytes) -> Message:
    return decode(data, "<fallback@here>", "2000-01-01T00:00:00.000Z")


@settings(deadline=None)
@given(MESSAGES)
def test_what_is_written_is_read_equal(message: Message) -> None:
    assert read(encode(message)) == message


@settings(deadline=None)
@given(MESSAGES)
def test_what_is_written_is_plain_rfc_5322(message: Message) -> None:
    data = encode(message)
    assert data.isascii() and b"\r" not in data and b"\0" not in data
    assert max(map(len, data.split(b"\n"))) <= 998
    assert not re.search(rb"^From ", data, re.MULTILINE)
    assert not email.message_from_bytes(data, policy=email.policy.default).defects


@pytest.mark.parametrize(
    "body",
    [
        "",
        "x" * 10_000,
        "line\n" * 40_000,
        "漢🙂\u202e\x00\r\n" * 20_000,
        "a" * 1_048_576,
        "\x1b[31m\x00\x07",
        "From me\n",
        "trailing \n",
        "no end",
        ".\n",
        "\n\n",
        "a\rb\r\nc",
        "\ufeffbom",
        "\u2028\u0085",
        "=?utf-8?b?eA==?=\n",
        "--boundary\n",
    ],
)
def test_bodies_arrive_exactly(body: str) -> None:
    assert read(encode(Message(**{**_fields(PLAIN), "body": body}))).body == body


@pytest.mark.parametrize(
    "body", ["é\n", "x" * 901 + "\n", "a \n", "a\t\n", "\r\n", "\0\n", "no end", "a\nFrom b\n", "\x7f\n"]
)
def test_bodies_that_programs_might_change_on_the_way_are_wrapped(body: str) -> None:
    data = encode(Message(**{**_fields(PLAIN), "body": body}))
    assert b"Content-Transfer-Encoding: base64\n" in data and read(data).body == body


@pytest.mark.parametrize(
    "subject", ["=?utf-8?q?x?=", "a  b", "é  ü é", "漢" * 400, "a" * 2000, "a\u00a0b", "x: y", "🙂" * 30, ""]
)
def test_subjects_arrive_exactly(subject: str) -> None:
    assert read(encode(Message(**{**_fields(PLAIN), "subject": subject}))).subject == subject


def _fields(message: Message) -> dict[str, object]:
    return {name: getattr(message, name) for name in Message.__slots__}


def test_a_plain_mail_whole() -> None:
    assert encode(PLAIN).decode() == (
        "From: acme/nux@town\n"
        'To: mayor@town,\n "@crew/acme"@town\n'
        "Subject: hello\n"
        "Date: Sun, 22 Nov 2026 10:02:08 +0000\n"
        "Message-ID: <abcdefghi234@town>\n"
        "X-Gastown-Type: notification\n"
        "X-Gastown-Priority: normal\n"
        "X-Gastown-Date: 2026-11-22T10:02:08.123Z\n"
        "X-Gastown-Hops: 0\n"
        "MIME-Version: 1.0\n"
        "Content-Type: text/plain; charset=utf-8\n"
        "Content-Transfer-Encoding: 7bit\n"
        "\n"
        "one\ntwo\n"
    )


@pytest.mark.parametrize("field", ["body", "subject"])
def test_half_a_character_is_refused_with_its_place(field: str) -> None:
    with pytest.raises(UsageError, match=r"lone surrogate"):
        encode(Message(**{**_fields(PLAIN), field: "ab\ud800"}))


@pytest.mark.parametrize("field", ["bead", "session", "expires", "in_reply_to", "sender", "subject", "id"])
def test_no_field_can_add_a_header(field: str) -> None:
    evil = "<x@y>\nX-Gastown-Hops: 7\n\nbody"
    parsed = email.message_from_bytes(encode(Message(**{**_fields(PLAIN), field: evil})))
    assert parsed.get_all("X-Gastown-Hops") == ["0"]
    assert parsed.get_payload() == PLAIN.body


FOREIGN = (
    b"From: Bob =?iso-8859-1?q?M=FCller?= <bob@example.org>\r\nTo: mayor@town, x@y\r\n"
    b"Subject: =?utf-8?q?caf=C3=A9?=\r\n folded\r\nDate: Sun, 22 Nov 2026 11:02:08 +0100\r\n"
    b"Message-ID: <CAF+x$(reboot)@mail.example>\r\nReferences: <a@b>\r\n\t<c@d>\r\nMIME-Version: 1.0\r\n"
    b'Content-Type: multipart/mixed; boundary="b"\r\n\r\npreamble\r\n--b\r\n'
    b"Content-Type: text/plain; charset=iso-8859-1\r\n\r\nM\xfcller\r\n--b\r\n"
    b'Content-Type: application/pdf\r\nContent-Disposition: attachment; filename="a.pdf"\r\n\r\nx\r\n--b--\r\n'
)


def test_a_foreign_mail_is_understood() -> None:
    message = read(FOREIGN)
    assert message == Message(
        id="<CAF+x$(reboot)@mail.example>",
        sender="bob@example.org",
        to=("mayor@town", "x@y"),
        subject="café folded",
        body="Müller\n[not shown: a.pdf, application/pdf]",
        date="2026-11-22T10:02:08.000Z",
        references=("<a@b>", "<c@d>"),
        foreign=True,
    )


def test_html_is_shown_where_there_is_nothing_else() -> None:
    data = b"Content-Type: multipart/alternative; boundary=b\n\n--b\nContent-Type: text/html\n\n<p>hi\n--b--\n"
    assert read(data).body == "<p>hi"


@pytest.mark.parametrize("charset", ["none-such", "rot13", "idna", "undefined", "hex", "utf-16", "a\0b", "'", '""'])
def test_charsets_that_are_none_are_read_somehow(charset: str) -> None:
    data = f"Content-Type: text/plain; charset={charset}\nSubject: =?{charset}?q?hello?=\n\nhello\n".encode()
    assert read(data).id == "<fallback@here>"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\n",
        b"\0\xff" * 1000,
        b"Subject",
        b"Subject: \xff\xfe caf\xc3\xa9\n\n\xff",
        b"Subject: =?utf-8?b?!!!?=\nDate: 99\nTo: <<<>>>,,;:@\nFrom: \n\n",
        b"Date: Sun, 22 Nov 999999 10:02:08 +9999\nX-Gastown-Hops: -1\nX-Gastown-Type: x\n\n",
        b"Content-Transfer-Encoding: base64\n\n!",
        b"Content-Transfer-Encoding: x-uuencode\n\nbegin 666\n\xff",
        b"Content-Type: text/plain; name*0*=x'y; name*=''%ff; filename*1=%\n\nx",
        b"Content-Type: message/rfc822\n\n" * 3000,
        b"".join(b"Content-Type: multipart/mixed; boundary=%d\n\n--%d\n" % (n, n) for n in range(3000)),
    ],
)
def test_garbage_never_raises(data: bytes) -> None:
    message = read(data)
    assert isinstance(message.body, str) and "\n" not in message.subject


FIELD = st.sampled_from(
    ["From", "To", "Subject", "Date", "Message-ID", "References", "Content-Type", "Content-Disposition"]
).flatmap(lambda name: st.sampled_from([name, "Content-Transfer-Encoding", "X-Gastown-Type", "X-Gastown-Hops"]))
VALUE = (
    st.sampled_from([b"multipart/mixed; boundary=b", b"text/plain; charset=utf-7", b"base64", b"quoted-printable"])
    | st.sampled_from([b"uuencode", b"message/rfc822", b"attachment; filename*=x''%ff", b"=?utf-8?b?/w?="])
    | st.text('<>@,;:"()=?*%[]\\ \t' + "ab1é", max_size=40).map(str.encode)
    | st.binary(max_size=40)
)
PIECES = st.lists(st.tuples(FIELD, VALUE).map(lambda f: f[0].encode() + b": " + f[1] + b"\n"), max_size=6).map(b"".join)
BLOCKS = st.lists(PIECES | st.just(b"\n--b\n") | st.binary(max_size=60) | st.just(b"\n"), max_size=8).map(b"".join)


@settings(deadline=None, max_examples=300)
@given(BLOCKS)
def test_half_formed_mail_never_raises(data: bytes) -> None:
    assert isinstance(read(data).body, str)
