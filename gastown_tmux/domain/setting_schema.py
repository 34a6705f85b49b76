"""What a configuration file may hold, as JSON Schema: for editors, which then complete keys and mark what is wrong."""

from collections.abc import Mapping

from gastown_tmux.domain import setting_values as values
from gastown_tmux.domain.budgets import parse_budget_of_use
from gastown_tmux.domain.setting_values import OneOf, Parse, rule_of
from gastown_tmux.domain.settings import KEYS, Key
from gastown_tmux.domain.spending import parse_price

Schema = dict[str, object]
_DURATION: Schema = {"type": "string", "pattern": r"^\s*\d+(\.\d+)?\s*(ms|s|m|h|d)\s*$"}
_TEXT: Schema = {"type": "string", "minLength": 1}
_TEXTS: Schema = {"type": "array", "items": {"type": "string"}}
_VARIABLES: Schema = {"type": "object", "additionalProperties": {"type": ["string", "number"]}}
_AMOUNT: Schema = {"type": "number", "minimum": 0}


def _object(required: tuple[str, ...] = (), **properties: Schema) -> Schema:
    return {"type": "object", "additionalProperties": False, "properties": properties, "required": list(required)}


_GATE = _object(
    ("run",), name=_TEXT, run=_TEXT, timeout=_DURATION, env=_VARIABLES, parallel={"type": "boolean"}
)  # fmt: skip
_RULE = _object(
    ("answer",), match=_TEXT, tool=_TEXT, action=_TEXT, provider=_TEXT, answer={"enum": ["approve", "deny"]}
)  # fmt: skip
_SHAPES: Mapping[Parse, Schema] = {
    values.parse_text: _TEXT,
    values.parse_texts: _TEXTS,
    values.parse_boolean: {"type": "boolean"},
    values.parse_count: {"type": "integer", "minimum": 1},
    values.parse_number: {"type": "integer", "minimum": 0},
    values.parse_counts: {"type": "object", "additionalProperties": {"type": "integer", "minimum": 1}},
    values.parse_load: {"type": "number", "exclusiveMinimum": 0},
    values.parse_duration: _DURATION,
    values.parse_interval: _DURATION,
    values.parse_size: {"type": "string", "pattern": r"^\s*\d+(\.\d+)?\s*[kKMGT]?i?B?\s*$"},
    values.parse_budget: {"type": "string", "pattern": r"^\d+ per .+$"},
    values.parse_gates: {"type": "array", "items": {"anyOf": [_TEXT, _GATE]}},
    values.parse_approval_rules: {"type": "array", "items": _RULE},
    values.parse_provider: {"type": "object"},
    values.parse_port: {"type": "integer", "minimum": 0, "maximum": 65_535},
    values.parse_hours: {"type": "string", "pattern": r"^\s*\d{1,2}:\d\d\s*-\s*\d{1,2}:\d\d\s*$"},
    values.parse_forge_repository: _TEXT,
    values.parse_secret: {"type": "string", "pattern": r"^(env|file):.+$"},
    parse_budget_of_use: {"type": ["integer", "string"]},
    parse_price: _object(
        ("input", "output", "cached"), input=_AMOUNT, output=_AMOUNT, cached=_AMOUNT,
        date={"type": "string", "format": "date"},
    ),
}  # fmt: skip


def _describe(key: Key) -> Schema:
    shape: Schema = {"enum": list(key.parse.allowed)} if isinstance(key.parse, OneOf) else dict(_SHAPES[key.parse])
    shape["description"] = f"{key.summary} ({rule_of(key.parse)})"
    return shape | ({"default": key.default} if key.default is not None else {})


def _section() -> Schema:
    return {"type": ["object", "null"], "additionalProperties": False, "properties": {}}


def _is_beside(key: Key, family: Key) -> bool:
    return key is not family and key.name.partition(".")[0] == family.name.partition(".")[0]


def make_schema() -> Schema:
    """Keys stand nested or dotted, as a file may have them."""
    dotted, sections, families = dict[str, Schema](), dict[str, Schema](), dict[str, Schema]()
    for key in KEYS:
        shape = _describe(key)
        section, _, rest = key.name.partition(".")
        if "<" in key.name:
            # A key of the section's own is none of the family.
            own = "".join(f"(?!{each.name.partition('.')[2]}$)" for each in KEYS if _is_beside(each, key))
            families[rf"^{section}\.{own}."] = shape
            sections.setdefault(section, _section())["additionalProperties"] = shape
            continue
        dotted[key.name] = shape
        if rest:
            properties = sections.setdefault(section, _section())["properties"]
            assert isinstance(properties, dict)
            properties[rest] = shape
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Configuration of gt: town.yaml, a rig's settings/config.json, ~/.config/gt/config.yaml",
        "type": "object",
        "properties": {**sections, **dotted},
        "patternProperties": families,
        "additionalProperties": False,
    }
