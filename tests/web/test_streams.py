"""What pages are told, numbered: who was away goes on from there, and a browser has three streams."""

import json

from gastown_tmux.domain.addresses import Address
from gastown_tmux.web.streams import MOST_KEPT, MOST_WAITING, Stream, Streams


def names(stream: Stream) -> list[str]:
    return [part.decode().partition("event: ")[2].partition("\n")[0] for part in stream.waiting]


def test_who_was_away_goes_on_from_there() -> None:
    streams = Streams()
    start = streams.last_id
    for number in range(3):
        streams.publish("model", json.dumps({"n": number}))
    missed = streams.after(start) or []
    assert [message.data for message in missed] == ['{"n": 0}', '{"n": 1}', '{"n": 2}']
    assert streams.after(streams.last_id) == []
    for unknown in ("", "x", "other-1", f"{streams.epoch}-99", f"{streams.epoch}--1", f"{streams.epoch}-²"):
        assert streams.after(unknown) is None, unknown
    for number in range(MOST_KEPT):
        streams.publish("model", json.dumps({"n": number}))
    assert streams.after(start) is None  # too long ago
    assert len(streams.after(f"{streams.epoch}-3") or []) == MOST_KEPT


def test_beyond_three_of_a_browser_the_oldest_asks_from_time_to_time() -> None:
    streams = Streams()
    mine = [streams.open("mine") for _ in range(3)]
    other = streams.open("other")
    assert not any(stream.ended for stream in (*mine, other))
    fourth = streams.open("mine")
    assert [stream.ended for stream in (*mine, other, fourth)] == [True, False, False, False, False]
    assert names(mine[0]) == ["poll"]
    streams.publish("model", "{}")
    assert (names(mine[0]), names(mine[1]), names(other)) == (["poll"], ["model"], ["model"])
    streams.close(mine[1])
    assert streams.open("mine") and not mine[2].ended
    streams.end_all()
    assert names(other)[-1] == "bye" and other.ended and streams.all() == []


def test_who_does_not_read_starts_anew() -> None:
    streams = Streams()
    slow = streams.open("slow")
    for _ in range(MOST_WAITING + 5):
        streams.publish("model", "{}")
    assert slow.overrun and len(slow.waiting) == 5


def test_screens_go_to_those_who_show_them() -> None:
    streams, toast, rye = Streams(), Address("demo/toast"), Address("demo/rye")
    first, second = streams.open("a"), streams.open("b")
    first.selected, second.visible = toast, frozenset((rye,))
    streams.send_screen(toast, "{}")
    streams.send_screen(rye, "{}")
    assert (names(first), names(second)) == (["screen"], ["screen"])
    assert streams.wanted() == ({toast}, {toast, rye})
    assert streams.after(f"{streams.epoch}-0") == []  # screens are not kept
