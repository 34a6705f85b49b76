"""Which lines the palette of a page carries out, shows, or tells as what is to be typed elsewhere."""

import pytest

from gastown_tmux.domain.needs import NeedKind
from gastown_tmux.errors import UsageError
from gastown_tmux.faces.model import Model
from gastown_tmux.faces.rows import Panel, list_rows
from gastown_tmux.verbs.acts import VERBS_OF_ACTS, acts_on, acts_on_agent, acts_on_line, acts_on_run
from gastown_tmux.verbs.index import VERBS, find_verb
from gastown_tmux.web.lines import Reach, read_line, suggest
from tests.faces.pictures import busy_town, every_need, make_need


@pytest.mark.parametrize(
    ("line", "reach"),
    [
        ("status", Reach.SHOWN), ("gt bead list --state open", Reach.SHOWN), ("why de-00001", Reach.SHOWN),
        ("diff de-00001", Reach.SHOWN), ("log demo/toast", Reach.SHOWN), ("digest --since 8h", Reach.SHOWN),
        ("mail send mayor -s hello -m words", Reach.DONE), ("nudge demo/toast go on", Reach.DONE),
        ("bead create 'a title' --rig demo", Reach.DONE), ("sling de-00001", Reach.DONE), ("estop", Reach.DONE),
        # What never ends, takes the terminal, or is another face.
        ("peek demo/toast --follow", Reach.ELSEWHERE), ("events -f", Reach.ELSEWHERE), ("feed", Reach.ELSEWHERE),
        ("status --watch", Reach.ELSEWHERE), ("attach mayor", Reach.ELSEWHERE), ("bead list --help", Reach.ELSEWHERE),
        # What sets what is run, reads or writes files, or speaks as another.
        ("config set providers.x.command sh", Reach.ELSEWHERE), ("rig add x /etc", Reach.ELSEWHERE),
        ("bead create x --rig demo --body-file /etc/passwd", Reach.ELSEWHERE), ("uninstall", Reach.ELSEWHERE),
        ("mail send mayor -s x -m -", Reach.ELSEWHERE),
        ("mail send mayor -s x --body=-", Reach.ELSEWHERE), ("doctor --fix", Reach.ELSEWHERE),
        ("peek mayor --save-sample idle", Reach.ELSEWHERE), ("digest --mail", Reach.ELSEWHERE),
        ("hook", Reach.ELSEWHERE),
        ("signal end", Reach.ELSEWHERE), ("down --agents", Reach.ELSEWHERE),
        ("convoy create x --file /etc/passwd", Reach.ELSEWHERE), ("dashboard --link", Reach.ELSEWHERE),
    ],
)  # fmt: skip
def test_how_far_a_line_reaches(line: str, reach: Reach) -> None:
    assert read_line(line).reach is reach


@pytest.mark.parametrize(
    "line", ["", "gt", "nonsense", "bead", "mail send 'open", "--town /x status", "nudge", "status --as mayor"]
)
def test_what_is_no_line_is_told(line: str) -> None:
    with pytest.raises(UsageError):
        read_line(line)


def test_who_just_looks_on_does_nothing() -> None:
    assert read_line("sling de-00001", read_only=True).reach is Reach.ELSEWHERE
    assert read_line("status", read_only=True).reach is Reach.SHOWN


def test_a_short_word_is_the_whole_verb() -> None:
    line = read_line("resp demo/toast")
    assert (line.words, line.command) == (("respawn", "demo/toast"), "gt respawn demo/toast") and line.confirms


def test_no_verb_that_configures_is_ever_carried_out() -> None:
    for verb in VERBS:
        if verb.right == "configure" and verb.words not in VERBS_OF_ACTS:
            words = [parameter.metavar for parameter in verb.parameters if parameter.required and not parameter.flags]
            assert read_line(" ".join([verb.words, *(word.rstrip("…") for word in words)])).reach is Reach.ELSEWHERE


def test_the_verbs_of_acts_are_those_of_the_acts() -> None:
    acts = [act for need in every_need() for act in acts_on(need)]
    acts += [
        act for state in ("working", "paused") for act in acts_on_agent(make_need(NeedKind.APPROVAL).agent, None, state)
    ]
    acts += [act for state in ("running", "paused") for act in acts_on_run("run-1", state)]
    acts += [act for panel in Panel for row in list_rows(busy_town(), (), panel) for act in row.acts]
    acts.append(acts_on_line(make_need(NeedKind.APPROVAL).agent, None, "a:1", "t"))
    found = {find_verb(line)[0].words for act in acts if not (act.shows or act.goes) for line in act.commands}
    assert found <= VERBS_OF_ACTS
    # Of mail, and of a queue that is paused, the town of pictures has none.
    assert VERBS_OF_ACTS - found <= {"mail reply", "mail archive", "mq resume"}


def test_what_may_come_next_is_told_with_its_meaning() -> None:
    model = Model(seen=busy_town())
    told = suggest(model, "sling de-0", read_only=False)
    assert {"word": "de-00002", "meaning": "open task number 2", "line": "sling de-00002 "} in told["choices"]  # type: ignore[operator]
    assert told["reach"] == "done" and str(told["usage"]).startswith("gt sling")
    assert suggest(model, "config set", read_only=False)["reach"] == "elsewhere"
    assert suggest(model, "", read_only=False)["choices"]
    assert suggest(model, "mail send", read_only=False)["reach"] == ""
