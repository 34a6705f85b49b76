"""Every key explains itself, to a person and to an editor."""

import re
from typing import Any

import pytest

from gastown_tmux.domain.setting_help import explain_key
from gastown_tmux.domain.setting_schema import make_schema
from gastown_tmux.domain.setting_values import rule_of
from gastown_tmux.domain.settings import KEYS


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
