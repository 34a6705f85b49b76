"""The towns that give this one work: what they are called here, by their keys."""

import json

from gastown_tmux.domain.post import name_home
from gastown_tmux.reading import json_object
from gastown_tmux.store.db import Change
from gastown_tmux.store.meta import get_meta, set_meta
from gastown_tmux.store.rows import Reader

_KEY = "homes"


def list_homes(reader: Reader) -> dict[str, str]:
    """Their names, by key."""
    return {str(key): str(name) for key, name in json_object(get_meta(reader, _KEY) or "{}").items()}


def keep_home(change: Change, key: str) -> str:
    """Its name here, which is the same for ever."""
    known = list_homes(change)
    name = name_home(known, key)
    if key not in known:
        set_meta(change, _KEY, json.dumps({**known, key: name}))
    return name
