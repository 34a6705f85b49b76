import dataclasses

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gastown_tmux.domain.mail import Message, MessageType, short_id
from gastown_tmux.domain.quoting import Excerpt
from gastown_tmux.store.message import decode_own, encode
from gastown_tmux.store.own_mail import TYPES, read_own
from tests.store.test_message import MESSAGES, PLAIN, read

NAME = "abcdefghi234"


def parts(excerpt: Excerpt | None) -> list[object] | None:
    return excerpt and [getattr(excerpt, name) for name in Excerpt.__slots__]


def test_types_are_those_that_there_are() -> None:
    assert set(MessageType) == TYPES


@settings(deadline=None)
@given(MESSAGES.filter(lambda message: not message.sender.startswith("@")))
def test_what_is_written_is_read_as_the_library_reads_it(message: Message) -> None:
    data = encode(message)
    name = short_id(read(data).id)
    assert parts(read_own(data, name)) == parts(read(data).excerpt)
    assert decode_own(data, name) == (None if any(to.startswith("@") for to in message.to) else read(data))


@settings(deadline=None, max_examples=500)
@given(st.data())
def test_what_was_changed_is_read_as_the_library_reads_it_or_left_to_it(data: st.DataObject) -> None:
    mail = bytearray(encode(dataclasses.replace(PLAIN, subject="h\u00e9 llo", expires=PLAIN.date)))
    start = data.draw(st.integers(0, len(mail)))
    piece = data.draw(
        st.binary(max_size=6) | st.sampled_from([b"\n", b"\n ", b"\r\n", b"\n\n", b"=?utf-8?b?", b"<", b"From: x\n"])
    )
    mail[start : start + data.draw(st.integers(0, 6))] = piece
    found, whole = read_own(bytes(mail), NAME), decode_own(bytes(mail), NAME)
    assert found is None or parts(found) == parts(read(bytes(mail)).excerpt)
    assert whole is None or whole == read(bytes(mail))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("From: acme/nux@town", "From: gt: deacon@town"),
        ("From: acme/nux@town", "From: acme/nux@elsewhere"),
        ("From: acme/nux@town", "From: a@b\nFrom: acme/nux@town"),
        ("X-Gastown-Type: notification\n", ""),
        ("X-Gastown-Type: notification", "X-Gastown-Type: word of the town"),
        ("X-Gastown-Priority: normal", "X-Gastown-Priority: topmost"),
        ("charset=utf-8", "charset=latin-1"),
        ("7bit", "8bit"),
        ("Subject: hello", "Subject: hel\x1blo"),
        ("Subject: hello", "Subject: =?utf-8?q?hello?="),
        ("MIME-Version: 1.0\n", "MIME-Version: 1.0\nReply-To: x\n"),
    ],
)
def test_what_gt_did_not_write_is_left_to_the_library(old: str, new: str) -> None:
    data = encode(PLAIN)
    assert old.encode() in data
    assert read_own(data, NAME) is not None and read_own(data.replace(old.encode(), new.encode()), NAME) is None


def test_a_name_of_another_program_is_left_to_the_library() -> None:
    assert read_own(encode(PLAIN), "1700000000.M1P2.host") is None
    assert read_own(encode(PLAIN), "abcdefghi235") is None


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("To: mayor@town", "To: The Mayor <mayor@town>"),
        ("To: mayor@town", "To: mayor@town ,  deacon@town"),
        ("To: mayor@town", 'To: "@town"@town'),
        ("To: mayor@town\n", ""),
        ("X-Gastown-Hops: 0", "X-Gastown-Hops: many"),
        ("X-Gastown-Hops: 0", "X-Gastown-Hops: 0\nX-Gastown-Bead: =?utf-8?b?YWItMTIz?="),
        ("X-Gastown-Hops: 0", "X-Gastown-Hops: 0\nIn-Reply-To: see <a@b> and <c@d>"),
        ("X-Gastown-Hops: 0", "X-Gastown-Hops: 0\nReferences: <=?utf-8?q?a?=@b>"),
        ("X-Gastown-Hops: 0", "X-Gastown-Hops: 0\nReferences: " + " ".join(["<a@b>"] * 3000)),
    ],
)
def test_a_whole_mail_is_read_as_the_library_reads_it_or_left_to_it(old: str, new: str) -> None:
    data = encode(dataclasses.replace(PLAIN, to=("mayor",)))
    assert old.encode() in data
    assert decode_own(data, NAME) is not None and decode_own(data.replace(old.encode(), new.encode()), NAME) is None
