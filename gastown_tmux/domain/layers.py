"""Six layers of configuration, which become one value that knows where it came from."""

from collections.abc import Callable, Mapping, Sequence

from gastown_tmux.dataclass import dataclass, values_of
from gastown_tmux.domain.budgets import Budget
from gastown_tmux.domain.setting_values import ApprovalRule, Gate
from gastown_tmux.domain.settings import KEYS, check_value, find_key
from gastown_tmux.domain.spending import Price, Prices
from gastown_tmux.errors import UsageError

Layer = tuple[str, Mapping[str, object]]


def flatten(document: object, where: str) -> dict[str, object]:
    """Dotted keys of a nested or dotted document, each checked. Raises UsageError.

    >>> flatten({"merge": {"review": True}, "mail.rescan": "2s"}, "town.yaml")
    {'merge.review': True, 'mail.rescan': '2s'}
    """
    flat = spread(document, where)
    for name, value in flat.items():
        try:
            check_value(name, value, where)
        except UsageError as error:
            hint = error.hint or "mend that line, or take it out with gt config unset"
            raise UsageError(f"{where}: {error.message.removeprefix(where + ': ')}", hint) from None
    return flat


def spread(document: object, where: str) -> dict[str, object]:
    """Dotted keys of a nested or dotted document, right or wrong. Raises UsageError where it is no mapping."""
    if document is None:
        return {}
    if not isinstance(document, dict):
        raise UsageError(f"{where}: not a mapping of configuration keys")
    flat: dict[str, object] = {}
    pending = [(str(name), value) for name, value in reversed(document.items())]
    while pending:
        name, value = pending.pop()
        is_section = any(key.name.startswith(name + ".") for key in KEYS)
        if is_section and isinstance(value, dict):
            pending += [(f"{name}.{inner}", below) for inner, below in reversed(value.items())]
        elif not (is_section and value is None):
            flat[name] = value
    return flat


@dataclass(frozen=True, slots=True)
class Setting:
    """A value in the form a file would hold, the layer it came from, and what it is for."""

    key: str
    value: object
    layer: str
    meaning: str = ""


class Settings:
    """Layers, strongest first, each ``(name, {dotted key: value})``."""

    def __init__(self, layers: Sequence[Layer]) -> None:
        self.layers = layers

    def find(self, name: str) -> Setting:
        key = find_key(name)
        for layer, values in self.layers:
            if name in values and not (layer in ("flag", "environment") and key.in_files):
                return Setting(name, values[name], layer, key.summary)
        if key.name == "prices.<model>" and self.get("prices.shipped"):
            from gastown_tmux.domain.model_prices import SHIPPED  # few verbs ask

            shipped = SHIPPED.get(name.removeprefix("prices."))
            return Setting(name, shipped and values_of(shipped), "default", key.summary)
        is_rig = key.in_rig is not None and any(layer == "project" for layer, _ in self.layers)
        return Setting(name, key.in_rig if is_rig else key.default, "default", key.summary)

    def persons_keys(self, layer: str) -> list[str]:
        """What that layer sets that only a person may set."""
        return [key.name for key in KEYS if key.in_files and key.name in dict(self.layers).get(layer, {})]

    def get(self, name: str) -> object:
        """The value as code uses it; None where there is neither value nor default."""
        found = self.find(name)
        return None if found.value is None else check_value(name, found.value, found.layer)

    def count(self, name: str) -> int:
        value = self.get(name)
        assert isinstance(value, int)
        return value

    def counts(self, name: str) -> Mapping[str, int]:
        value = self.get(name)
        assert isinstance(value, Mapping)
        return value

    def show(self) -> list[Setting]:
        """Every key that has a value or a default, in the order of the schema."""
        names = [key.name for key in KEYS if "<" not in key.name]
        names += sorted({name for _, values in self.layers for name in values} - set(names))
        return [self.find(name) for name in names]

    def seconds(self, name: str) -> float:
        value = self.get(name)
        assert isinstance(value, float)
        return value

    def size(self, name: str) -> int:
        value = self.get(name)
        assert isinstance(value, int)
        return value

    def text(self, name: str) -> str | None:
        value = self.get(name)
        assert value is None or isinstance(value, str)
        return value

    def budget(self) -> tuple[int, float]:
        """How many starts after deaths, in how many seconds."""
        value = self.get("respawn.budget")
        assert isinstance(value, tuple)
        most, seconds = value
        return most, seconds

    def use_budget(self, key: str) -> Budget | None:
        """What may be used, by one of the keys ``budget.*``."""
        value = self.get(key)
        assert value is None or isinstance(value, Budget)
        return value

    def prices(self) -> Prices:
        """Those that were set, by the names of models and of agent programs; then the shipped, unless they are off."""
        names = {name for _, values in self.layers for name in values if name.startswith("prices.")}
        found = {name.removeprefix("prices."): self.get(name) for name in sorted(names)}
        own = {name: price for name, price in found.items() if isinstance(price, Price)}
        if self.get("prices.shipped") is False:
            return (own,)
        from gastown_tmux.domain.model_prices import SHIPPED  # few verbs ask

        return own, SHIPPED

    def texts(self, name: str) -> tuple[str, ...]:
        value = self.get(name)
        assert isinstance(value, tuple)
        return value

    def approval_rules(self) -> tuple[ApprovalRule, ...]:
        value = self.get("approvals.rules")
        assert isinstance(value, tuple)
        return value

    def gates(self) -> tuple[Gate, ...]:
        value = self.get("merge.gates")
        assert isinstance(value, tuple)
        return value


def environment_layer(environment: Mapping[str, str], parse_yaml: Callable[[str], object]) -> dict[str, object]:
    """The layer of ``GT_<KEY>`` variables, ``.`` written as ``_``; values are YAML, and an empty one is none."""
    names = {"GT_" + key.name.upper().replace(".", "_"): key.name for key in KEYS if "<" not in key.name}
    own = "GT_PROVIDERS_"
    names |= {name: f"providers.{name.removeprefix(own).lower()}" for name in environment if name.startswith(own)}
    layer = {}
    for variable, name in names.items():
        if environment.get(variable):
            value = parse_yaml(environment[variable])
            check_value(name, value, f"environment {variable}")
            layer[name] = value
    return layer
