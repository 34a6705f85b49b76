"""Rules that answer for a person: what fits them, and what is refused."""

from typing import Any

import pytest

from gastown_tmux.domain.layers import Settings
from gastown_tmux.domain.setting_values import ApprovalRule, parse_approval_rules
from gastown_tmux.domain.settings import check_value
from gastown_tmux.errors import UsageError

RULES = [{"action": "git .*", "answer": "approve"}]


def rule(**parts: str) -> ApprovalRule:
    (parsed,) = parse_approval_rules([{**parts, "answer": "approve"}])
    return parsed


@pytest.mark.parametrize(
    ("parts", "fits"),
    [
        ({"match": "proceed"}, True),
        ({"match": "^git status$"}, True),
        ({"match": "^status"}, False),
        ({"action": "git status"}, True),
        ({"action": "git"}, False),
        ({"action": "status"}, False),
        ({"action": "git .*"}, True),
        ({"tool": "Bash command", "action": ".*"}, True),
        ({"tool": "Bash", "action": ".*"}, False),
        ({"action": ".*", "provider": "claude"}, True),
        ({"action": ".*", "provider": "mine"}, True),
        ({"action": ".*", "provider": "codex"}, False),
        ({"action": "git status", "match": "no such words"}, False),
    ],
)
def test_a_rule_fits_what_all_its_parts_fit(parts: dict[str, str], fits: bool) -> None:
    stated = "Bash command\ngit status\nDo you want to proceed?"
    assert rule(**parts).fits({"mine", "claude"}, "Bash command", "git status", stated) is fits


@pytest.mark.parametrize("pattern", ["git .*", "^git status$", "git [a-z]+"])
def test_a_second_line_is_part_of_the_action(pattern: str) -> None:
    action = "git status\nrm -rf /"
    assert not rule(action=pattern).fits({"claude"}, "Bash command", action, action)
    assert not rule(action=pattern).fits({"claude"}, "Bash command", "rm -rf /\ngit status", action)
    assert rule(action="(?s)git .*").fits({"claude"}, "Bash command", action, action)


def test_a_rule_in_words() -> None:
    assert str(rule(match="^really")) == "^really"
    assert str(rule(match="a", provider="codex")) == "provider: codex, match: a"
    assert str(rule(action="b", tool="c")) == "tool: c, action: b"


@pytest.mark.parametrize(
    "value",
    [
        {},
        ["git"],
        [{}],
        [{"answer": "approve"}],
        [{"provider": "claude", "answer": "approve"}],
        [{"match": "x"}],
        [{"match": "x", "answer": "yes"}],
        [{"match": "(", "answer": "deny"}],
        [{"match": "x", "answer": "deny", "when": "always"}],
    ],
)
def test_what_is_no_rule_is_refused(value: Any) -> None:
    with pytest.raises(UsageError, match=r"town.yaml: approvals.rules must be a list of \{match, tool, action"):
        check_value("approvals.rules", value, "town.yaml")


def test_rules_count_in_files_only() -> None:
    loose, file = {"approvals.rules": [{"match": "", "answer": "approve"}]}, {"approvals.rules": RULES}
    settings = Settings([("flag", loose), ("environment", loose), ("town", file)])
    assert settings.find("approvals.rules").layer == "town"
    assert [str(found) for found in settings.approval_rules()] == ["action: git .*"]
    assert Settings([("flag", loose), ("environment", loose)]).approval_rules() == ()
    for layer in ("project", "town", "user"):
        assert len(Settings([("environment", loose), (layer, file)]).approval_rules()) == 1
