"""One key of the configuration, explained; or all keys of a section."""

import json

from gastown_tmux.domain.setting_values import rule_of
from gastown_tmux.domain.settings import KEYS, Key


def explain_key(name: str) -> str | None:
    """For a person. None where no key is called so, nor begins so."""
    word = name.rstrip(".")
    found = next((key for key in KEYS if word == key.name or _is_of_family(word, key)), None)
    if found is not None:
        return _explain(found, word)
    below = [key for key in KEYS if key.name.startswith(f"{word}.")]
    if not below:
        return None
    width = max(len(key.name) for key in below)
    return "\n".join(
        [*(f"  {key.name:<{width}}  {key.summary}" for key in below), "", "gt help KEY tells more of one."]
    )


def _is_of_family(word: str, key: Key) -> bool:
    head, _, rest = word.partition(".")
    return bool(rest) and "<" in key.name and key.name.startswith(f"{head}.")


def _explain(key: Key, name: str) -> str:
    rows = [("may be", rule_of(key.parse)), ("default", _show(key.default))]
    if key.in_rig is not None:
        rows.append(("in a rig", _show(key.in_rig)))
    if key.in_files:
        rows.append(("counts", "in files only, which a person writes"))
    elif "<" not in key.name:
        rows.append(("variable", "GT_" + key.name.upper().replace(".", "_")))
    given = name if name != key.name or "<" not in name else name.replace("<", "").replace(">", "").upper()
    lines = [f"{name}: {key.summary}", "", *(f"  {left:<8}  {right}" for left, right in rows), ""]
    lines.append(f"gt config show {given}       what holds, and the layer it came from")
    lines.append(f"gt config set {given} VALUE  for this town; --user: for you everywhere; --rig R: for one rig")
    return "\n".join(lines)


def _show(value: object) -> str:
    return "none" if value is None else value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
