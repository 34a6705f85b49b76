"""The night as a picture: it is looked at in tests/web/test_pages_seen.py; here it says what it must."""

import random
from itertools import pairwise
from xml.etree import ElementTree

from gastown_tmux.domain.ids import Time, time_at
from gastown_tmux.domain.spells import Spell
from gastown_tmux.web.night_picture import PARTS, AgentNight, Landing, Night, draw, tell

SVG = "{http://www.w3.org/2000/svg}"


def at(hours: float) -> Time:
    return time_at(1_800_000_000 + hours * 3600)


def spell(state: str, since: float, until: float) -> Spell:
    return Spell(state, at(since), at(until))


NIGHT = Night(
    at(0),
    at(8),
    (
        AgentNight("demo/nux", (spell("working", 0, 3), spell("waiting", 3, 3.5), spell("working", 3.5, 8)), "$1.20"),
        AgentNight("demo/toast", (spell("working", 1, 2), spell("dead", 2, 2.1), spell("idle", 2.1, 8)), "12k t", 1),
        AgentNight("demo/slit", ()),
    ),
    (Landing(at(2.5), "de-00001", "Fix the login", "demo/nux"), Landing(at(4), "de-00002", "by hand", None)),
    "$3.10 since 2027-01-15",
)


def test_it_is_told_in_words_for_who_cannot_see_it() -> None:
    first, second, third = tell(NIGHT)
    assert (first.states, first.landed, first.cost) == ("working 7 h 30 min, waiting 30 min", 1, "$1.20")
    assert (second.states, second.deaths) == ("idle 5 h 54 min, working 1 h 0 min, dead 6 min", 1)
    assert third.states == "off"


def test_it_has_a_title_a_description_and_every_state() -> None:
    root = ElementTree.fromstring(draw(NIGHT))
    title, desc = root.find(f"{SVG}title"), root.find(f"{SVG}desc")
    assert title is not None and "3 agents" in str(title.text) and "2 landed" in str(title.text)
    assert desc is not None and "demo/toast: idle 5 h 54 min" in str(desc.text)
    assert {each.get("class") for each in root.iter(f"{SVG}rect")} == {"s-working", "s-waiting", "s-dead", "s-idle"}
    assert sum(each.get("class") == "n-landed" for each in root.iter(f"{SVG}path")) == 3  # one has no row of its own


def test_clock_times_are_those_of_the_reader() -> None:
    assert "08:00" in draw(NIGHT) and "13:30" in draw(NIGHT, zone_minutes=330)


def test_words_of_others_are_neither_markup_nor_break_it() -> None:
    bad = "</title><script>x\x00\x1b]8;;http://evil\x07&\u202e"
    night = Night(at(0), at(1), (AgentNight(bad, (spell(bad, 0, 1),), bad),), (Landing(at(0.5), bad, bad, bad),), bad)
    root = ElementTree.fromstring(draw(night))
    assert {each.tag for each in root.iter()} == {
        SVG + name for name in ("svg", "title", "desc", "path", "text", "rect")
    }
    assert "<U+202E>" in "".join(root.itertext())
    assert [each.get("class") for each in root.iter(f"{SVG}rect")] == ["s-other"]


def test_any_number_of_changes_makes_a_picture_of_some_size() -> None:
    rolled = random.Random(7)
    edges = sorted(rolled.random() * 8 for _ in range(20_000))
    states = ("working", "idle", "waiting")
    spells = [spell(states[n % 3], *pair) for n, pair in enumerate(pairwise(edges))]
    busy = Night(at(0), at(8), [AgentNight("demo/nux", spells)])
    root = ElementTree.fromstring(draw(busy))
    assert 1 <= len(list(root.iter(f"{SVG}rect"))) <= PARTS


def test_what_was_short_but_loud_is_seen() -> None:
    edges = [n * 8 / 800 for n in range(801)]
    spells = [spell("working" if n % 2 else "idle", *pair) for n, pair in enumerate(pairwise(edges))]
    spells[400:401] = [spell("failed", edges[400], edges[400] + 0.0001), spell("idle", edges[400] + 0.0001, edges[401])]
    drawn = draw(Night(at(0), at(8), [AgentNight("demo/nux", spells)]))
    assert 's-failed"' in drawn


def test_an_empty_night_and_one_of_weeks() -> None:
    assert "0 agents" in draw(Night(at(0), at(1), ()))
    assert draw(Night(at(0), at(24 * 400), ())).count("n-time") <= 13
    assert draw(Night(at(0), at(0.000001), ()))
