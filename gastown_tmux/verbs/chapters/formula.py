"""Verbs for work that is written down."""

from gastown_tmux.domain.rights import Right
from gastown_tmux.verbs.table import Kind, Listing, Record, Verb, argument, flag, option, optional

_RIG = option("--rig", "rig", Kind.RIG, "with the rig's own")
_TYPES = ("workflow", "convoy", "expansion", "aspect")

VERBS = (
    Verb(
        "formula list",
        "work that is written down, to be run again and again",
        "operations.work.formulas:list_formulas",
        (_RIG,),
        Listing(("name", "type", "size", "origin", "about"), "no formulas: gt formula new NAME"),
        right=Right.READ,
    ),
    Verb(
        "formula show",
        "what a formula asks, and what is done",
        "operations.work.formulas:show_formula",
        (argument("name", Kind.FORMULA), _RIG),
        Record(("name", "type", "version", "origin", "source"), body="outline"),
        right=Right.READ,
    ),
    Verb(
        "formula new",
        "a file to begin with, in the town's formulas",
        "operations.work.formulas:new_formula",
        (
            argument("name"),
            option("--rig", "rig", Kind.RIG, "in the rig's formulas"),
            option("--type", "type", Kind.CHOICE, "workflow unless given", choices=_TYPES),
            option("--like", "like", Kind.FORMULA, "a copy of this one"),
        ),
        right=Right.CONFIGURE,
    ),
    Verb(
        "formula check",
        "what is wrong with formulas, with file and line",
        "operations.work.formulas:check_formulas",
        (
            optional("names", Kind.FORMULA, "these; all of your own unless given", many=True),
            flag("--all", "all", "every file there is, the shipped ones too"),
            _RIG,
        ),
        Listing(("level", "where", "text", "hint"), "nothing is wrong"),
        right=Right.READ,
    ),
)
