from gastown_tmux.domain.addresses import Address
from gastown_tmux.domain.events import Event
from gastown_tmux.domain.ids import Time, time_at
from gastown_tmux.domain.spells import list_spells


def at(seconds: float) -> Time:
    return time_at(1_800_000_000 + seconds)


def happened(*told: tuple[float, str, str, dict[str, object]]) -> list[Event]:
    return [Event(n, at(time), type, Address("deacon"), who, data) for n, (time, type, who, data) in enumerate(told)]


def told(spells: object) -> list[tuple[str, float, float]]:
    from gastown_tmux.edges.files.clock import to_epoch

    return [
        (each.state, to_epoch(each.since) - 1_800_000_000, to_epoch(each.until) - 1_800_000_000)
        for each in spells  # type: ignore[attr-defined]
    ]


def test_a_life_from_start_to_end() -> None:
    events = happened(
        (10, "agent.changed", "demo/nux", {"state": "on"}),
        (11, "session.started", "demo/nux", {}),
        (20, "session.changed", "demo/nux", {"state": "working"}),
        (50, "session.changed", "demo/nux", {"state": "waiting"}),
        (60, "session.changed", "demo/nux", {"state": "working"}),
        (80, "session.ended", "demo/nux", {"reason": "died"}),
        (90, "agent.changed", "demo/nux", {"state": "backoff"}),
        (95, "agent.changed", "demo/nux", {"state": "off"}),
    )
    assert told(list_spells(events, at(0), at(100), {})["demo/nux"]) == [
        ("starting", 10, 20), ("working", 20, 50), ("waiting", 50, 60), ("working", 60, 80),
        ("dead", 80, 90), ("backoff", 90, 95),
    ]  # fmt: skip


def test_one_whose_work_is_done_was_never_dead() -> None:
    events = happened(
        (10, "agent.changed", "demo/nux", {"state": "on"}),
        (11, "session.started", "demo/nux", {}),
        (12, "session.changed", "demo/nux", {"state": "working"}),
        (20, "session.ended", "demo/nux", {"reason": "done"}),
        (22, "agent.changed", "demo/nux", {"state": "off"}),
    )
    assert told(list_spells(events, at(0), at(100), {})["demo/nux"]) == [("starting", 10, 12), ("working", 12, 20)]


def test_what_was_before_the_stretch_is_where_it_begins() -> None:
    events = happened((-50, "session.changed", "demo/nux", {"state": "working"}))
    assert told(list_spells(events, at(0), at(100), {})["demo/nux"]) == [("working", 0, 100)]


def test_an_agent_that_no_event_names_is_what_it_is_now() -> None:
    assert told(list_spells([], at(0), at(100), {"mayor": ("idle", at(-9000))})["mayor"]) == [("idle", 0, 100)]
    assert list_spells([], at(0), at(100), {"mayor": ("off", at(-9000))}) == {"mayor": ()}


def test_what_is_seen_now_outweighs_rows() -> None:
    """A window that was lost without a word."""
    events = happened((10, "session.changed", "demo/nux", {"state": "working"}))
    seen = list_spells(events, at(0), at(100), {"demo/nux": ("dead", at(70))})
    assert told(seen["demo/nux"]) == [("working", 10, 70), ("dead", 70, 100)]


def test_a_clock_that_was_set_back_makes_no_spell_that_ends_before_it_begins() -> None:
    events = happened(
        (50, "session.changed", "demo/nux", {"state": "working"}),
        (20, "session.changed", "demo/nux", {"state": "idle"}),
        (70, "session.changed", "demo/nux", {"state": "waiting"}),
    )
    spells = told(list_spells(events, at(0), at(100), {})["demo/nux"])
    assert spells == [("idle", 50, 70), ("waiting", 70, 100)]


def test_garbage_among_events_is_no_state() -> None:
    events = happened(
        (10, "session.changed", "demo/nux", {"state": ["x"]}),
        (10, "agent.changed", "demo/nux", {}),
        (20, "bead.merged", "de-00001", {}),
    )
    assert list_spells(events, at(0), at(100), {}) == {"demo/nux": ()}
