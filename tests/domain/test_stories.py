"""What became of a bead, in words."""

import pytest

from gastown_tmux.domain.addresses import OVERSEER, Address
from gastown_tmux.domain.events import Event, EventType
from gastown_tmux.domain.ids import Time
from gastown_tmux.domain.stories import tell

NOW = Time("2026-11-28T08:00:00.000Z")


def event(type: str, subject: str = "de-1", actor: Address = OVERSEER, **data: object) -> Event:
    return Event(1, NOW, type, actor, subject, data)


@pytest.mark.parametrize(
    ("happened", "words"),
    [
        (event("bead.created"), "created by you"),
        (event("bead.created", actor=Address("demo/toast")), "created by demo/toast"),
        (event("bead.slung", agent="demo/toast"), "on the hook of demo/toast, by you"),
        (event("bead.returned", reason="rejected"), "came back: rejected"),
        (event("bead.merged", commit="0123456789abcdef"), "merged as 0123456789ab"),
        (event("merge.rejected", "mr-1", reason="gate t failed\nbadly"), "mr-1 is rejected: gate t failed badly"),
        (event("merge.approved", "mr-1"), "mr-1 is approved by you"),
        (event("escalation.raised", "esc-1", severity="high", text="help"), "esc-1 asks (high): help"),
        (event("session.ended", "demo/toast", reason="died", signal=9), "demo/toast ended: died (signal 9)"),
        (event("session.ended", "demo/toast", reason="done", status=143), "demo/toast ended: done"),
        (event("session.ended", "demo/toast", status=1), "demo/toast ended (status 1)"),
        (event("of.tomorrow", what="x", none=None), "of.tomorrow de-1 what=x"),
    ],
)
def test_an_event_in_words(happened: Event, words: str) -> None:
    (moment,) = tell([happened])
    assert (moment.time, moment.what) == (NOW, words)


def test_what_another_line_says_is_left_out() -> None:
    assert tell([event("merge.queued", "mr-1"), event("merge.publishing", "mr-1"), event("merge.merged", "mr-1")]) == ()


@pytest.mark.parametrize("type", EventType)
def test_nothing_breaks_the_telling(type: EventType) -> None:
    tell([event(type)])
