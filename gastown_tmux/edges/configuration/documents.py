"""YAML that people write, as values that JSON could say too: the one place where it is parsed."""

import datetime

#: No file of settings, layout or role comes near; a few aliases of aliases in a small file go far beyond.
MOST_VALUES = 50_000
DEEPEST = 100


def parse_yaml(text: str) -> object:
    """The document. Raises ValueError in one line where it is none, or is too large or too deep to be meant."""
    import yaml  # 20 ms, spent only when a file changed

    try:
        value = yaml.load(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except yaml.YAMLError as error:
        words = " ".join(str(error).split()).replace(' in "<unicode string>",', " at")
        raise ValueError(words) from None
    except (ValueError, LookupError, AttributeError, TypeError, RecursionError) as error:
        # Of a scalar that is none of its kind, as 2026-99-99 is no date.
        raise ValueError(f"a value in it cannot be read: {error}") from None
    return _Plain().make(value)


class _Plain:
    def __init__(self) -> None:
        self._left = MOST_VALUES

    def make(self, value: object, depth: int = 0) -> object:
        self._left -= 1
        if self._left < 0 or depth > DEEPEST:
            raise ValueError(f"it has more than {MOST_VALUES} values, or more than {DEEPEST} inside each other")
        match value:
            case dict():
                return {str(key): self.make(inner, depth + 1) for key, inner in value.items()}
            case list():
                return [self.make(inner, depth + 1) for inner in value]
            case None | bool() | int() | float():
                return value
            case str():
                return value.encode("utf-8", "replace").decode()
            case datetime.date() | datetime.datetime():
                return value.isoformat()
        raise ValueError(f"a {type(value).__name__} in it is not understood")
