"""The ledger: every event once and in order, whatever cut the writer off."""

import json
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from gastown_tmux.domain.addresses import OVERSEER
from gastown_tmux.domain.events import Event
from gastown_tmux.domain.ids import Time
from gastown_tmux.store.ledger import append, last_seq, read_after, segments


def event(seq: int, day: int = 22) -> Event:
    return Event(seq, Time(f"2026-11-{day:02}T10:00:00.000Z"), "bead.created", OVERSEER, "de-ab1cd", {"title": "ü\n"})


def seqs(folder: Path) -> list[int]:
    return [json.loads(line)["seq"] for path in segments(folder) for line in path.read_text().splitlines()]


def test_a_file_a_day_in_order(tmp_path: Path) -> None:
    assert last_seq(tmp_path) == 0 and read_after(tmp_path, 0) == []
    assert append(tmp_path, [event(1, 21), event(2, 22)]) == 2
    # The clock was set back: still after the others.
    append(tmp_path, [event(3, 20), event(4, 23)])
    assert [path.name for path in segments(tmp_path)] == [f"2026-11-{day}.jsonl" for day in (21, 22, 23)]
    assert seqs(tmp_path) == [1, 2, 3, 4] and last_seq(tmp_path) == 4
    assert read_after(tmp_path, 2) == [event(3, 20), event(4, 23)]
    assert read_after(tmp_path, 0) == [event(1, 21), event(2, 22), event(3, 20), event(4, 23)]
    assert json.loads((tmp_path / "2026-11-21.jsonl").read_text()) == {
        "seq": 1, "time": "2026-11-21T10:00:00.000Z", "type": "bead.created", "actor": "overseer",
        "subject": "de-ab1cd", "data": {"title": "ü\n"},
    }  # fmt: skip


@given(cut=st.integers(min_value=0, max_value=700))
def test_cut_off_anywhere_and_gone_on_with(tmp_path_factory, cut: int) -> None:  # type: ignore[no-untyped-def]
    folder = tmp_path_factory.mktemp("ledger")
    append(folder, [event(seq) for seq in range(1, 5)])
    path = segments(folder)[0]
    path.write_bytes(path.read_bytes()[:cut])
    append(folder, [event(seq) for seq in range(last_seq(folder) + 1, 7)])
    assert seqs(folder) == [1, 2, 3, 4, 5, 6]


def test_spoilt_lines_are_passed_over(tmp_path: Path) -> None:
    append(tmp_path, [event(1)])
    with segments(tmp_path)[0].open("a") as file:
        file.write("garbage\n{}\n")
    assert last_seq(tmp_path) == 1
    append(tmp_path, [event(2)])
    assert read_after(tmp_path, 0) == [event(1), event(2)]
