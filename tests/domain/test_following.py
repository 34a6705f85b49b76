"""Where reading goes on after a cut, and what of a town that went back in time is noticed."""

from hypothesis import given
from hypothesis import strategies as st

from gastown_tmux.domain.addresses import DEACON
from gastown_tmux.domain.events import BEAT, Event
from gastown_tmux.domain.following import Heard, Position, take
from gastown_tmux.domain.ids import Time


def event(seq: int, world: int = 0) -> Event:
    return Event(seq, Time(f"2026-01-01T00:00:{world:02}.000Z"), "bead.created", DEACON, f"de-{seq}", {})


def beat(seq: int) -> Event:
    return Event(seq, Time("2026-01-01T00:00:00.000Z"), BEAT, DEACON, "town", {})


def open_line(position: Position, history: list[Event], upto: int) -> tuple[list[tuple[Heard, int]], Position]:
    """A line that is cut after so many words: a beat, then what is behind the position's place."""
    told = [beat(history[-1].seq if history else 0), *(each for each in history if each.seq > position.after)]
    heard, seen = [], set[bool]()
    for each in told[:upto]:
        is_beat = each.type == BEAT
        word, position = take(position, each, first=is_beat not in seen)
        seen.add(is_beat)
        heard.append((word, each.seq))
    return heard, position


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 6)), max_size=12))
def test_whatever_is_cut_each_event_is_news_once_and_in_order(steps: list[tuple[int, int]]) -> None:
    history, position, news = [event(1)], Position(), list[int]()
    for more, upto in [*steps, (0, 99)]:
        history += [event(len(history) + 1 + number) for number in range(more)]
        heard, position = open_line(position, history, upto)
        assert Heard.BACK not in [word for word, _ in heard]
        news += [seq for word, seq in heard if word is Heard.NEWS]
    assert news == [each.seq for each in history]


@given(st.integers(2, 9), st.integers(1, 8), st.integers(0, 12))
def test_a_town_that_went_back_is_noticed_however_much_happened_since(seen: int, kept: int, since: int) -> None:
    kept = min(kept, seen - 1)
    _, position = open_line(Position(), [event(seq) for seq in range(1, seen + 1)], 99)
    restored = [event(seq) for seq in range(1, kept + 1)]
    restored += [event(kept + 1 + number, world=1) for number in range(since)]
    heard, position = open_line(position, restored, 99)
    assert [word for word, _ in heard].count(Heard.BACK) == 1
    again = [word for word, _ in open_line(position, restored, 99)[0]]
    assert again[0] is Heard.BEAT and set(again[1:]) <= {Heard.KNOWN}
