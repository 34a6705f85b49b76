"""Every key explains itself, to a person and to an editor."""

import re
from typing import Any

import jsonschema
import pytest
import yaml

from gastown_tmux.domain.setting_help import explain_key
from gastown_tmux.domain.setting_schema import make_schema
from gastown_tmux.domain.setting_values import rule_of
from gastown_tmux.domain.settings import KEYS, check_value


@pytest.mark.parametrize("key", KEYS, ids=lambda key: key.name)
def test_each_key_says_what_it_is_and_what_it_may_be(key: Any) -> None:
    text = explain_key(key.name)
    assert text is not None and key.summary in text and rule_of(key.parse) in text
    assert ("GT_" in text) is not (key.in_files or "<" in key.name), "a variable is named only where it counts"


def test_a_section_lists_its_keys_and_a_model_is_explained_by_its_family() -> None:
    section = explain_key("budget")
    assert section is not None and "budget.bead" in section and "merge." not in section
    assert "USD for a million tokens" in str(explain_key("prices.gpt-5.1"))
    assert explain_key("bugdet") is explain_key("prices") is None or "prices.<model>" in str(explain_key("prices"))
    assert explain_key("merge.strateg") is None


def test_a_schema_has_every_key_nested_and_dotted() -> None:
    schema: Any = make_schema()
    for key in KEYS:
        section, _, rest = key.name.partition(".")
        if "<" in key.name:
            (pattern,) = [pattern for pattern in schema["patternProperties"] if re.match(pattern, f"{section}.a.b")]
            assert not re.match(pattern, "prices.shipped")
            assert pattern.startswith(f"^{section}") and not re.match(pattern, section)
            continue
        assert schema["properties"][key.name]["description"].startswith(key.summary)
        if rest:
            assert schema["properties"][section]["properties"][rest] == schema["properties"][key.name]
        if key.default is not None:
            assert schema["properties"][key.name]["default"] == key.default
    assert schema["properties"]["merge.strategy"]["enum"] == ["squash", "merge"]
    assert schema["additionalProperties"] is False
    duration = schema["properties"]["mail.rescan"]["pattern"]
    assert re.search(duration, "1.5s") and not re.search(duration, "1w")


#: A file as somebody would write it, nested and dotted, with a value of every shape.
_WRITTEN = """
provider: {default: claude}
providers: {mine: {from: claude, command: mine, env: {A: 1}}}
merge:
  strategy: merge
  gates: [make lint, {name: test, run: make test, timeout: 20m, env: {CI: "1"}, parallel: true}]
  batch: 4
  retries: 0
  request.token: env:TOKEN
limits.agents: 12
limits: {memory: 512M, load: 1.5, providers: {claude: 4}}
budget: {day: 20 USD, bead: 2000000, agent: 2M, hard: true}
prices:
  shipped: false
  claude-sonnet-4-5: {input: 3, output: 15, cached: 0.3, date: "2026-11-01"}
prices.gpt-5.1: {input: 1, output: 2, cached: 0}
prices.shipped: true
mail: {rescan: 1.5s}
notify: {services: ["env:NTFY"], threshold: high, quiet: "22:00-07:00", bell: false}
approvals.rules: [{match: "git push", answer: deny}]
respawn: {budget: 10 per 10m}
dashboard: {port: 0}
worktree.copy: [.env]
ui:
"""
_WRONG = (
    "merge: {stratgy: merge}", "merge.strategy: rebase", "limits: {agents: 0}", "limits.agents: many",
    "mail: {rescan: 1w}",
    "budget: {hard: perhaps}", "prices: {shipped: 3}", "prices.shipped: 3", "prices.m: {input: 1}", "prices: {m: 3}",
    "merge.gates: [{name: test}]", "notify: {quiet: always}", "dashboard.port: 99999", "merge.request.token: secret",
    "approvals.rules: [{match: x, answer: perhaps}]", "budgets: {day: 1}", "[]",
)  # fmt: skip


def _is_valid(text: str) -> bool:
    validator = jsonschema.Draft202012Validator(make_schema())
    return bool(validator.is_valid(yaml.safe_load(text)))


def test_the_schema_is_one_and_takes_what_we_take() -> None:
    jsonschema.Draft202012Validator.check_schema(make_schema())
    assert _is_valid(_WRITTEN)


@pytest.mark.parametrize("key", [key for key in KEYS if key.default is not None], ids=lambda key: key.name)
def test_each_default_could_be_written_down(key: Any) -> None:
    check_value(key.name, key.default, "the default")
    assert _is_valid(yaml.safe_dump({key.name: key.default}))


@pytest.mark.parametrize("text", _WRONG)
def test_the_schema_refuses_what_we_refuse(text: str) -> None:
    assert not _is_valid(text)
