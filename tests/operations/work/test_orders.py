"""Orders: begun once when their time has come, one at a time, whatever is killed; what is wrong is said."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gastown_tmux.domain.addresses import MAYOR, OVERSEER, Address
from gastown_tmux.domain.agents import Role
from gastown_tmux.domain.events import EventType
from gastown_tmux.domain.orders.model import Order
from gastown_tmux.domain.orders.starts import StartState
from gastown_tmux.edges.configuration.order_files import OrderFolder
from gastown_tmux.edges.files import clock
from gastown_tmux.errors import GtError, NotFoundError, RefusedError, UsageError
from gastown_tmux.operations.explaining.why import why
from gastown_tmux.operations.maintenance.doctor import _examine_orders
from gastown_tmux.operations.supervision.review import review
from gastown_tmux.operations.town.isolation import list_troubles
from gastown_tmux.operations.town.town import Town
from gastown_tmux.operations.work import order_starts, order_watch, orders, runs
from gastown_tmux.operations.work.order_starts import begin, close_runs, list_left, take_up
from gastown_tmux.operations.work.order_watch import Watch, find_due
from gastown_tmux.operations.work.orders import list_orders, pause_order, resume_order, run_order, show_order
from gastown_tmux.operations.work.runs import cancel_run
from gastown_tmux.store import orders as order_rows
from gastown_tmux.store.agents import insert_agent, insert_session
from gastown_tmux.store.beads import insert_bead
from gastown_tmux.store.db import Change
from gastown_tmux.store.escalations import list_escalations
from gastown_tmux.store.events import has_test_at
from gastown_tmux.store.orders import find_open_start, find_record, insert_start, list_starts
from gastown_tmux.store.rigs import park_rig
from gastown_tmux.store.runs import get_run, list_runs

Write = Callable[..., None]


@pytest.fixture(autouse=True)
def nothing_starts(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """Here agents are rows, and the tests are the deacon."""
    for module in (runs, orders):
        monkeypatch.setattr(module, "ensure_up", lambda town: None)
    town.environment = {**town.environment, "GT_PROVIDER_DEFAULT": "runbook"}
    town.reload_settings()


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """So many seconds pass."""
    passed = [0.0]
    ticks, epoch = clock.ticks, clock.epoch
    monkeypatch.setattr(clock, "ticks", lambda: ticks() + passed[0])
    monkeypatch.setattr(clock, "epoch", lambda: epoch() + passed[0])

    def sleep(seconds: float) -> None:
        passed[0] += seconds

    return sleep


def write(town: Town, text: str, name: str = "it", rig: str | None = None) -> Path:
    folder = town.path / "rigs" / rig if rig else town.path
    path = folder / "orders" / f"{name}.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def write_formula(town: Town, name: str = "job", more: str = "") -> None:
    text = f'formula = "{name}"\n{more}[[steps]]\nid = "a"\ntitle = "A"\n'
    (town.path / "formulas" / f"{name}.formula.toml").write_text(text)


def watch(town: Town) -> Watch:
    return Watch(OrderFolder(town.path))


def look(town: Town, seen: Watch) -> list[str]:
    """What the deacon does, one thing after the other."""
    close_runs(town)
    known = {file.id: file.order for file in seen.folder.list() if file.order}
    for start in list_left(town):
        take_up(town, start, known)
    begun = [begin(town, order, seen) for order in find_due(town, seen)]
    return [f"{start.order}: {start.why}" for start in begun if start]


def event(town: Town, act: Callable[[Change], Any]) -> Any:
    with town.change() as change:
        return act(change)


def new_bead(town: Town) -> Any:
    rig = town.rig("demo")
    return event(town, lambda change: insert_bead(
        change, rig.name, rig.prefix, title="x", body="", priority=2, labels=(), needs=()
    ))  # fmt: skip


def only(town: Town) -> orders.OrderView:
    (view,) = list_orders(town)
    return view


def test_a_command_every_hour(town: Town, time: Callable[[float], None]) -> None:
    write(town, 'every: 1h\nrun: echo "$GT_ORDER $PWD ${GT_AGENT-nobody}" >> "$GT_TOWN/log"\n')
    seen = watch(town)
    assert look(town, seen) == []
    time(3601)
    assert look(town, seen) == ["it: every 1h"]
    assert look(town, seen) == look(town, watch(town)) == []
    assert (town.path / "log").read_text() == f"it {town.path} nobody\n"
    view = only(town)
    assert (view.state, view.reason, view.when, view.does[:8]) == ("on", None, "every 1h", "run echo")
    assert view.next is not None
    assert 3500 < clock.to_epoch(view.next) - clock.epoch() <= 3601
    assert view.last is not None


def test_a_formula_is_one_run_at_a_time(town: Town, time: Callable[[float], None]) -> None:
    write_formula(town, more="[vars.what]\nrequired = true\n")
    write(town, "every: 1h\nformula: job\nvars: {what: 1.10}\n")
    seen = watch(town)
    look(town, seen)
    time(3601)
    look(town, seen)
    (run,) = list_runs(town.db)
    assert (run.owner, run.vars, run.rig) == (OVERSEER, {"what": "1.10"}, "demo")
    assert (only(town).state, only(town).reason, only(town).run) == ("running", f"{run.id} goes on", run.id)
    time(7200)
    assert look(town, seen) == []
    with pytest.raises(RefusedError, match="goes on since"):
        run_order(town, "it")
    cancel_run(town, run)
    assert look(town, seen) == ["it: every 1h"]
    assert [start.state for start in list_starts(town.db, "it")] == [StartState.GOING, StartState.FAILED]
    assert len(list_runs(town.db)) == 2


def test_on_an_event_once_for_all_that_came_and_never_for_its_own(town: Town) -> None:
    write_formula(town, more="[vars.bead]\n")
    write(town, "on: bead.created\nformula: job\nvars: {bead: '{{subject}}'}\n")
    seen = watch(town)
    new = new_bead(town)
    assert look(town, seen) == []
    for _ in range(2):
        new = new_bead(town)
    assert look(town, seen) == ["it: on bead.created, 2 times"]
    (run,) = list_runs(town.db)
    assert run.vars == {"bead": new}
    cancel_run(town, run)
    assert look(town, seen) == look(town, watch(town)) == []


def test_what_a_command_makes_does_not_begin_it_again(town: Town) -> None:
    write(town, "on: bead.created\nrun: gt bead create more --rig demo\n")
    seen = watch(town)
    look(town, seen)
    new_bead(town)
    assert len(look(town, seen)) == 1
    assert look(town, seen) == look(town, watch(town)) == []
    new_bead(town)
    assert len(look(town, seen)) == 1


def test_the_words_of_a_command_of_many_lines(town: Town) -> None:
    write(town, "every: 1h\nrun: |\n  echo one\n  echo it broke\n  exit 3\n")
    with pytest.raises(GtError, match="status 3: one; it broke; see "):
        run_order(town, "it")


def test_a_command_is_told_of_the_events(town: Town) -> None:
    write(town, 'on: [bead.created, run]\nrun: echo "$GT_EVENT $GT_SUBJECT $GT_SUBJECTS" > "$GT_TOWN/log"\n')
    seen = watch(town)
    look(town, seen)
    ids = [new_bead(town), new_bead(town)]
    look(town, seen)
    assert (town.path / "log").read_text() == f"bead.created {ids[1]} {ids[0]} {ids[1]}\n"


def test_when_something_is_so(town: Town, time: Callable[[float], None]) -> None:
    write(town, 'when: test -e "$GT_TOWN/so"\nevery: 10s\ncooldown: 1h\nrun: date >> "$GT_TOWN/log"\n')
    seen = watch(town)
    assert look(town, seen) == []
    (town.path / "so").touch()
    assert look(town, seen) == []
    time(11)
    assert look(town, seen) == ['it: when test -e "$GT_TOWN/so"']
    time(1800)
    assert look(town, seen) == []
    time(1801)
    assert len(look(town, seen)) == 1
    assert (town.path / "log").read_text().count("\n") == 2


def test_what_fails_is_told_at_the_first_time(town: Town, time: Callable[[float], None]) -> None:
    write(town, "every: 1h\nrun: test -e mended || { echo it broke; exit 3; }\n")
    seen = watch(town)
    look(town, seen)
    for _ in range(3):
        time(3601)
        look(town, seen)
    (asked,) = list_escalations(town.db)
    assert asked.text.startswith("order it failed: it ended with status 3: it broke; see ")
    assert only(town).state == "on"
    assert str(only(town).reason).startswith("failed: it ended with status 3: it broke")
    assert len(show_order(town, "it").starts) == 3
    (town.path / "mended").touch()
    time(3601)
    look(town, seen)
    assert [each.state for each in list_escalations(town.db)] == ["resolved"]


def test_a_command_that_does_not_end(town: Town) -> None:
    write(town, "every: 1h\nrun: sleep 60\ntimeout: 100ms\n")
    with pytest.raises(GtError, match="took longer than 0s") as error:
        run_order(town, "it")
    assert error.value.hint == "gt order show it"


@pytest.mark.parametrize(
    ("text", "said", "hint"),
    [
        ("every: 1h\nformula: jbo\n", "no formula 'jbo'", "did you mean 'job'?"),
        ("every: 1h\nformula: job\nrig: dmo\n", "no rig 'dmo'", "did you mean demo?"),
        ("every: 1h\nformla: job\n", "unknown key 'formla' in an order", "did you mean 'formula'?"),
    ],
)
def test_a_broken_one_is_said_and_the_rest_goes_on(
    town: Town, time: Callable[[float], None], text: str, said: str, hint: str
) -> None:
    write_formula(town)
    write(town, text, "broken")
    write(town, "every: 1h\nrun: date\n", "good")
    seen = watch(town)
    look(town, seen)
    time(3601)
    assert "good: every 1h" in look(town, seen)
    broken, good = list_orders(town)
    assert (broken.state, broken.next, good.state) == ("broken", None, "on")
    assert said in str(broken.reason)
    (finding,) = _examine_orders(town, fix=False)
    assert (finding.what, finding.cause, finding.hint) == ("order broken is broken", broken.reason, hint)
    assert list_runs(town.db) == []


@pytest.mark.parametrize(
    ("more", "reason", "hint"),
    [
        ("", "job needs a value for what", "vars: {what: …}"),
        ("vars: {waht: x, what: y}\n", "job has no variable 'waht'", "did you mean 'what'?"),
        ("vars: {what: y, count: many}\n", "count must be a number", "vars: {count: 1}"),
        ("vars: {what: y}\npreset: all\n", "job has no presets", "gt formula show job"),
    ],
)
def test_values_that_its_formula_does_not_take_are_said_at_once(town: Town, more: str, reason: str, hint: str) -> None:
    write_formula(town, more="[vars.what]\nrequired = true\n[inputs.count]\ntype = 'number'\n")
    write(town, f"at: '03:00'\nformula: job\n{more}")
    view = only(town)
    assert (view.state, view.hint) == ("broken", hint) and reason in (view.reason or "")


def test_what_an_event_fills_in_is_no_fault(town: Town) -> None:
    write_formula(town, more="[inputs.count]\ntype = 'number'\n")
    write(town, "on: bead.created\nformula: job\nvars: {count: '{{subject}}'}\n")
    assert only(town).state == "on"


def test_by_hand_and_twice_with_a_key(town: Town) -> None:
    write_formula(town)
    write(town, "at: 03:00\nformula: job\n", rig="demo")
    first, again = (run_order(town, "it", key="k").value for _ in range(2))
    assert first == again
    assert get_run(town.db, first.run).rig == "demo"
    assert run_order(town, "demo/it", key="k").text == f"demo/it: {first.run} was poured: gt run show {first.run}"
    with pytest.raises(NotFoundError) as error:
        run_order(town, "itt")
    assert error.value.hint == "did you mean 'it'?"
    write(town, "at: 03:00\nrun: date\n")
    assert run_order(town, "it").text == "it: done"
    write(town, "at: 3\n", "bad")
    with pytest.raises(UsageError, match=r"bad.yaml:1: "):
        run_order(town, "bad")


def test_a_pause_is_kept_and_made_up_for_by_nothing(town: Town, time: Callable[[float], None]) -> None:
    path = write(town, "every: 1h\nrun: date\n")
    seen = watch(town)
    look(town, seen)
    assert pause_order(town, "it").text == "it is paused"
    assert pause_order(town, "it").text == "it is paused already"
    time(7200)
    path.write_text("every: 2h\nrun: date\n")
    assert look(town, seen) == []
    assert (only(town).state, only(town).next) == ("paused", None)
    assert resume_order(town, "it").text == "it goes on"
    assert resume_order(town, "it").text == "it goes on already"
    assert look(town, seen) == []
    time(7201)
    assert len(look(town, seen)) == 1


def test_of_a_command_that_was_cut_off_nobody_knows_and_a_formula_is_poured(town: Town) -> None:
    write_formula(town)
    write(town, "every: 1h\nrun: date\n", "one")
    write(town, "every: 1h\nformula: job\n", "two")
    event(town, lambda change: insert_start(change, "one", "every 1h", "run date"))
    event(town, lambda change: insert_start(change, "two", "every 1h", "formula job"))
    for _ in range(2):
        look(town, watch(town))
    assert [view.state for view in list_orders(town)] == ["on", "running"]
    assert list_orders(town)[0].reason == "cut off: whoever ran it ended before it did"
    assert len(list_runs(town.db)) == 1
    assert list_escalations(town.db) == []


def test_what_another_process_runs_is_left_alone(town: Town, time: Callable[[float], None]) -> None:
    write(town, "every: 1h\nrun: date\n")
    seen = watch(town)
    look(town, seen)
    time(3601)
    order: Order = find_due(town, seen)[0]
    lock = order_starts.lock_of(town, "it")
    assert lock.try_lock()
    event(town, lambda change: insert_start(change, "it", "by hand", "run date"))
    assert list_left(town) == []
    assert begin(town, order, seen) is None
    lock.release()
    assert len(list_left(town)) == 1


def test_a_formula_that_went_meanwhile(town: Town, time: Callable[[float], None]) -> None:
    write(town, "every: 1h\nformula: job\n")
    seen = watch(town)
    look(town, seen)
    time(3601)
    look(town, seen)
    assert find_open_start(town.db, "it") is None
    assert "no formula 'job'" in str(list_starts(town.db, "it")[0].reason)
    assert look(town, seen) == []
    event(town, lambda change: insert_start(change, "gone", "every 1h", "formula job"))
    look(town, seen)
    assert list_starts(town.db, "gone")[0].state is StartState.CUT_OFF


def test_a_rig_that_is_parked_is_waited_for(town: Town, time: Callable[[float], None]) -> None:
    write_formula(town)
    write(town, "every: 1h\nformula: job\n", rig="demo")
    seen = watch(town)
    look(town, seen)
    event(town, lambda change: park_rig(change, town.rig("demo").name, True))
    time(7201)
    assert look(town, seen) == []
    assert (only(town).state, only(town).reason) == ("on", "rig demo is parked")
    event(town, lambda change: park_rig(change, town.rig("demo").name, False))
    assert look(town, seen) == ["demo/it: every 1h"]


def test_the_run_of_an_order_waits_for_a_person(town: Town) -> None:
    write_formula(town, more="", name="job")
    gate = '[steps.gate]\ntype = "human"\ncondition = "look"\n'
    (town.path / "formulas" / "job.formula.toml").open("a").write(gate)
    write(town, "every: 1h\nformula: job\n")
    run = run_order(town, "it").value.run
    assert (only(town).state, only(town).reason) == (
        "running",
        f"{run} is waiting: step a waits for a person's word: look",
    )


def test_events_that_are_not_meant_are_not_looked_at_again(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(order_watch, "_OLD_EVENTS", 3)
    write(town, "on: bead.merged\nrun: date\n")
    seen = watch(town)
    look(town, seen)
    before = find_record(town.db, "it")
    for _ in range(5):
        new_bead(town)
    look(town, seen)
    after = find_record(town.db, "it")
    assert before is not None and after is not None
    assert after.event == before.event + 5


def test_one_that_cannot_be_looked_at_keeps_no_other(
    town: Town, time: Callable[[float], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    write(town, "every: 1h\nrun: date\n", "a")
    write(town, "every: 1h\nrun: date\n", "b")
    seen = watch(town)
    look(town, seen)
    time(3601)
    right = order_watch.decide

    def wrong(order: Order, *more: Any) -> Any:
        if order.id == "a":
            raise RuntimeError("a fault of ours")
        return right(order, *more)

    monkeypatch.setattr(order_watch, "decide", wrong)
    assert look(town, seen) == ["b: every 1h"]
    ((_, trouble),) = list_troubles(town)
    assert (trouble.task, trouble.item) == ("looking at order", "a")


def test_nothing_is_begun_in_an_emergency_stop(
    town: Town, time: Callable[[float], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    write(town, "every: 1h\nrun: date\n")
    seen = watch(town)
    look(town, seen)
    time(3601)
    monkeypatch.setattr(Town, "stands_still", lambda self, rig: True)
    assert look(town, seen) == []
    monkeypatch.undo()


def test_the_history_is_bounded_and_an_order_speaks_as_the_deacon(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    write(town, 'every: 1h\nrun: echo "$GT_SESSION" > "$GT_TOWN/log"\n')
    monkeypatch.setattr(order_rows, "KEPT", 3)
    for _ in range(5):
        run_order(town, "it")
    assert len(list_starts(town.db, "it", 100)) == 3
    session = (town.path / "log").read_text().strip()
    assert town.whose_mark(session) == "deacon"
    assert Path(show_order(town, "it").log or "nowhere").exists()


def agent_runs(town: Town) -> Any:
    def start(change: Change) -> Any:
        insert_agent(change, Address("demo/eve"), Role.POLECAT, "runbook")
        return insert_session(change, Address("demo/eve"), "runbook", (1, "1"))

    return event(town, start)


def test_what_an_agent_may_have_written_waits_for_a_person(town: Town, time: Callable[[float], None]) -> None:
    write(town, "every: 1h\nrun: touch mine\n", "mine")
    seen = watch(town)
    look(town, seen)
    agent_runs(town)
    path = write(town, 'every: 1h\nrun: touch "$GT_TOWN/theirs"\n', "theirs")
    look(town, seen)
    time(3601)
    assert look(town, seen) == ["mine: every 1h"]
    views = {view.name: view for view in list_orders(town)}
    assert (views["theirs"].state, views["theirs"].hint) == ("waiting", "gt order resume theirs")
    assert views["theirs"].next is None and views["mine"].state == "on"
    assert [(need.kind, need.id) for need in review(town)] == [("order", "theirs")]
    assert why(town, "theirs").next == ("gt order show theirs", "gt order resume theirs")
    mayor = town.acting_as(MAYOR)
    for act in (resume_order, run_order):
        with pytest.raises(RefusedError, match="waits for your word"):
            act(mayor, "theirs")

    (read,) = (need.digest for need in review(town))
    assert read == show_order(town, "theirs").digest is not None
    was = path.read_text()
    path.write_text("every: 1h\nrun: touch something-else\n")
    with pytest.raises(RefusedError, match="changed: order theirs says something else now"):
        resume_order(town, "theirs", digest=read)
    path.write_text(was)
    assert "as it is now" in resume_order(town, "theirs", digest=read).text and review(town) == []
    assert look(town, seen) == [], "from now on"
    time(3601)
    assert "theirs: every 1h" in look(town, seen) and (town.path / "theirs").exists()

    path.write_text(path.read_text() + "# words alone\n")
    time(3601)
    assert "theirs: every 1h" in look(town, seen), "what is said is the same"
    path.write_text("every: 1h\nrun: touch other\n")
    time(3601)
    assert "theirs: every 1h" not in look(town, seen) and [need.id for need in review(town)] == ["theirs"]
    pause_order(town, "theirs")
    assert review(town) == [], "a pause is an answer"
    resume_order(town, "theirs")
    path.unlink()
    look(town, seen)
    assert order_rows.list_approvals(town.db).keys() == {"mine"}


def test_a_formula_of_an_order_that_an_agent_may_have_changed_waits_too(
    town: Town, time: Callable[[float], None]
) -> None:
    write_formula(town)
    write(town, "every: 1h\nformula: job\n")
    seen = watch(town)
    look(town, seen)
    agent_runs(town)
    write_formula(town, more='description = "another"\n')
    time(3601)
    assert look(town, seen) == [] and only(town).state == "waiting"
    run_order(town, "it")
    assert only(town).state == "running", "a person's run is a person's word"


def test_a_script_of_an_order_that_an_agent_may_have_changed_waits_too(
    town: Town, time: Callable[[float], None]
) -> None:
    script = town.path / "scripts" / "tidy.sh"
    script.parent.mkdir()
    script.write_text("echo one\n")
    write(town, "every: 1h\nrun: cd scripts && sh tidy.sh >> report; cat report\n")
    seen = watch(town)
    look(town, seen)
    agent_runs(town)
    time(3601)
    assert look(town, seen) == ["it: every 1h"] and (script.parent / "report").exists()
    time(3601)
    assert look(town, seen) == ["it: every 1h"], "what it writes is not what it says"
    assert show_order(town, "it").calls == (str(script),)
    script.write_text("echo two\n")
    time(3601)
    assert look(town, seen) == [] and only(town).state == "waiting"
    resume_order(town, "it")
    time(3601)
    assert look(town, seen) == ["it: every 1h"]
    script.unlink()
    time(3601)
    assert look(town, seen) == [] and only(town).state == "waiting", "gone is changed too"


def test_a_script_elsewhere_is_named(town: Town, tmp_path: Path) -> None:
    script = tmp_path / "own script"
    script.write_text("#!/bin/sh\n")
    script.chmod(0o755)
    write(town, f"every: 1h\nrun: /usr/bin/env '{script}' /etc/passwd\n")
    (called,) = show_order(town, "it").calls
    assert called.startswith(f"{script} (outside the town")


def test_a_gate_of_the_queue_may_have_written_it_too(town: Town) -> None:
    seen = watch(town)
    event(town, lambda change: change.event(EventType.MERGE_TESTING, "mr-aaaaa"))
    write(town, "every: 1h\nrun: touch theirs\n", "theirs")
    look(town, seen)
    assert only(town).state == "waiting"


def test_gates_run_from_the_first_test_to_what_came_of_it(town: Town) -> None:
    def at(moment: float) -> bool:
        return has_test_at(town.db, clock.from_epoch(moment - 2), clock.from_epoch(moment + 2))

    begun = clock.epoch()
    for after, type in ((0, EventType.MERGE_TESTING), (60, EventType.MERGE_DELAYED), (120, EventType.MERGE_MERGED)):
        with town.db.change(OVERSEER, clock.from_epoch(begun + after)) as change:
            change.event(type, "mr-aaaaa")
    assert [at(begun + after) for after in (-30, 1, 100, 119, 150)] == [False, True, True, True, False]


def test_what_was_known_before_goes_on(town: Town, time: Callable[[float], None]) -> None:
    write(town, "every: 1h\nrun: date\n")
    seen = watch(town)
    look(town, seen)
    agent_runs(town)
    event(town, lambda change: order_rows.approve(change, "it", "*"))
    time(3601)
    assert look(town, seen) == ["it: every 1h"]


def test_two_orders_do_not_begin_one_another_for_ever(town: Town) -> None:
    write(town, "on: bead.created\nrun: gt mail send overseer -s one -m two\n", "a")
    write(town, "on: mail.sent\nrun: gt bead create more --rig demo\n", "b")
    seen = watch(town)
    look(town, seen)
    new_bead(town)
    assert look(town, seen) == ["a: on bead.created"]
    assert look(town, seen) == ["b: on mail.sent"]
    assert look(town, seen) == look(town, watch(town)) == []
    new_bead(town)
    assert look(town, seen) == ["a: on bead.created"], "what comes from elsewhere is meant"


def test_an_order_on_the_end_of_another_and_back(town: Town) -> None:
    write(town, "on: order.ended\nrun: 'true'\n", "a")
    write(town, "on: order.ended\nrun: 'true'\n", "b")
    write(town, "on: bead.created\nrun: 'true'\n", "c")
    seen = watch(town)
    look(town, seen)
    new_bead(town)
    found = [start for _ in range(8) for start in look(town, seen)]
    assert len(found) <= 5 and look(town, seen) == [], found
