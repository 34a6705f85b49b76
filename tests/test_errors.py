"""What is said of an error: one line, the way out, and elsewhere all of it."""

import pytest

from gastown_tmux.errors import GtError, explain


@pytest.mark.parametrize(
    ("hint", "typed", "shown"),
    [
        ("gt up", ["up"], False),
        ("gt up", ["up", "--layout", "grid"], False),
        ("gt doctor --fix", ["doctor"], True),
        ("gt attach demo/ann", ["attach"], True),
        ("git fetch", ["fetch"], True),
        (None, ["up"], False),
    ],
)
def test_to_type_it_again_is_no_way_out(hint: str | None, typed: list[str], shown: bool) -> None:
    assert explain(GtError("no", hint), typed) == ("no", hint if shown else None, 1)


def test_a_machine_that_gives_no_more_is_no_fault_in_gt() -> None:
    said = "no %s is to be had: the machine, or a limit on gt, gives no more"
    assert explain(MemoryError()) == (said % "memory", "free -m; ulimit -a", 1)
    assert explain(RuntimeError("can't start new thread")) == (said % "thread", "free -m; ulimit -a", 1)
    assert explain(RuntimeError("other"))[0] == "a fault in gt: RuntimeError: other"


def test_all_that_was_said_is_below_what_is_shown() -> None:
    error = GtError("git fetch: no such host", whole="ssh: no such host\nfatal: lost\n\n")
    assert error.left_out and error.in_full == "git fetch: no such host\n    ssh: no such host\n    fatal: lost"
    for whole in ("", "\n", "fatal: no such host\n", "error: no such host"):
        error = GtError("git fetch: no such host", whole=whole)
        assert not error.left_out and error.in_full == error.message
