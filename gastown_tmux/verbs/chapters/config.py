"""Verbs for the configuration."""

from gastown_tmux.domain.rights import Right
from gastown_tmux.verbs.table import Kind, Listing, Special, Verb, argument, flag, option, optional

_AS_RIG = option("--rig", "rig", Kind.RIG, "as this rig sees it")
_LAYER = (
    flag("--user", "user", "for you, in every town"),
    flag("--town", "town_layer", "for this town (the default)"),
    option("--rig", "rig", Kind.RIG, "for one rig"),
)

VERBS = (
    Verb(
        "config show",
        "every value, the layer it came from, and what it is for",
        "operations.town.configuration:show",
        (optional("key", Kind.SETTING), _AS_RIG),
        Listing(("key", "value", "layer", "meaning"), "nothing is set"),
        right=Right.READ,
        served=True,
        either=True,
    ),
    Verb(
        "config get",
        "one value",
        "operations.town.configuration:get",
        (argument("key", Kind.SETTING), _AS_RIG),
        right=Right.READ,
        served=True,
        either=True,
    ),
    Verb(
        "config set",
        "set a value",
        "operations.town.configuration:set_key",
        (argument("key", Kind.SETTING), argument("value", Kind.YAML, "as YAML"), *_LAYER),
        right=Right.CONFIGURE,
        either=True,
    ),
    Verb(
        "config unset",
        "remove a value",
        "operations.town.configuration:unset_key",
        (argument("key", Kind.SETTING), *_LAYER),
        right=Right.CONFIGURE,
        either=True,
    ),
    Verb(
        "config edit",
        "write a configuration file in your editor; what is wrong is not saved",
        "operations.town.configuration_file:edit",
        _LAYER,
        terminal=True,
        right=Right.CONFIGURE,
        either=True,
    ),
    Verb(
        "config schema",
        "what a configuration file may hold, as JSON Schema",
        "operations.town.configuration_file:schema",
        (),
        Special.TEXT,
        town=False,
        right=Right.READ,
        served=True,
    ),
    Verb(
        "config path",
        "the files that are read",
        "operations.town.configuration:paths",
        (option("--rig", "rig", Kind.RIG, "with this rig's"),),
        Listing(("layer", "path", "exists"), "no files"),
        right=Right.READ,
        served=True,
        either=True,
    ),
)
