"""Verbs for work that is written down."""

from gastown_tmux.domain.rights import Right
from gastown_tmux.verbs.table import (
    KEY,
    LIMIT,
    SEARCH,
    SINCE,
    Kind,
    Listing,
    Record,
    Verb,
    argument,
    flag,
    option,
    optional,
)

_RIG = option("--rig", "rig", Kind.RIG, "with the rig's own")
_RUN = argument("run", Kind.RUN)
_RUN_SHOWN = Record(
    (
        "id", "title", "formula", "rig", "state", "reason", "bead", "spread", "done", "total", "vars", "owner",
        "created", "updated",
    ),
    body="outline",
)  # fmt: skip
_RUN_STATES = ("running", "paused", "waiting", "done", "failed", "cancelled")
_ORDER = argument("name", Kind.ORDER)
_ORDER_RIG = option("--rig", "rig", Kind.RIG, "the one in that rig's folder")
_STEP = Record(("run", "formula", "number", "total"), body="text")
_TYPES = ("workflow", "convoy", "expansion", "aspect")

VERBS = (
    Verb(
        "formula list",
        "work that is written down, to be run again and again",
        "operations.work.formulas:list_formulas",
        (_RIG,),
        Listing(("name", "type", "size", "origin", "about"), "no formulas: gt formula new NAME"),
        right=Right.READ,
        served=True,
    ),
    Verb(
        "formula show",
        "what a formula asks, and what is done",
        "operations.work.formulas:show_formula",
        (argument("name", Kind.FORMULA), _RIG),
        Record(("name", "type", "version", "origin", "source"), body="outline"),
        right=Right.READ,
        served=True,
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
        "formula run",
        "do what a formula says",
        "operations.work.runs:run_formula",
        (
            argument("name", Kind.FORMULA),
            option("--rig", "rig", Kind.RIG, "where; the only one, or the folder's, unless given"),
            option("--var", "vars", help="a value, or @FILE for a file's", many=True, placeholder="NAME=VALUE"),
            option("--preset", "preset", help="a choice of a convoy's legs"),
            flag("--spread", "spread", "each step that is ready is a bead of its own, for any worker"),
            KEY,
        ),
        right=Right.SLING,
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
        served=True,
    ),
    Verb(
        "run list",
        "formulas that run, or ran",
        "operations.work.runs:list_runs",
        (
            option("--rig", "rig", Kind.RIG, "only this rig"),
            option("--state", "state", Kind.CHOICE, "only these", choices=_RUN_STATES),
            SINCE,
            SEARCH,
            LIMIT,
        ),
        Listing(
            ("id", "formula", "rig", "state", "done", "total", "bead", "reason", "updated"),
            "no runs: gt formula run NAME",
        ),
        right=Right.READ,
        served=True,
    ),
    Verb(
        "run show",
        "a run, step by step",
        "operations.work.runs:show_run",
        (_RUN,),
        _RUN_SHOWN,
        right=Right.READ,
        served=True,
    ),
    Verb(
        "run pause",
        "begin nothing new of a run; the step at work goes on to its end",
        "operations.work.runs:pause_run",
        (_RUN,),
        right=Right.SLING,
    ),
    Verb(
        "run resume",
        "go on after a pause, or open what waits for a person's word",
        "operations.work.runs:resume_run",
        (_RUN, optional("step", help="the word is for this one; for all that wait unless given")),
        right=Right.SLING,
    ),
    Verb(
        "run retry",
        "try failed steps again",
        "operations.work.runs:retry_run",
        (_RUN, optional("step", help="this one; all that failed unless given")),
        right=Right.SLING,
    ),
    Verb(
        "run skip",
        "go on without a step",
        "operations.work.runs:skip_step",
        (_RUN, argument("step"), optional("reason", help="why")),
        right=Right.SLING,
    ),
    Verb(
        "run cancel",
        "end a run: what is at work is saved, what waits is closed",
        "operations.work.runs:cancel_run",
        (_RUN,),
        right=Right.SLING,
    ),
    Verb(
        "order list",
        "what is begun by itself: every so often, at a time of day, on an event, when something is so",
        "operations.work.orders:list_orders",
        (),
        Listing(
            ("name", "rig", "when", "does", "due", "last", "state", "reason"),
            "no orders: a file orders/NAME.yaml in the town's folder makes one",
        ),
        right=Right.READ,
        served=True,
    ),
    Verb(
        "order show",
        "an order, and what came of it",
        "operations.work.orders:show_order",
        (_ORDER, _ORDER_RIG),
        Record(
            ("name", "rig", "when", "does", "calls", "state", "reason", "hint", "due", "last", "run", "source", "log"),
            body="outline",
        ),
        right=Right.READ,
        served=True,
    ),
    Verb(
        "order run",
        "begin it now; its own times stay as they are",
        "operations.work.orders:run_order",
        (_ORDER, _ORDER_RIG, KEY),
        right=Right.SLING,
    ),
    Verb(
        "order pause",
        "begin it no more by itself",
        "operations.work.orders:pause_order",
        (_ORDER, _ORDER_RIG),
        right=Right.CONFIGURE,
    ),
    Verb(
        "order resume",
        "go on from now: what would have come meanwhile is not made up for",
        "operations.work.orders:resume_order",
        (
            _ORDER,
            _ORDER_RIG,
            option("--digest", "digest", help="the digest of the order you read; any other is refused as changed"),
        ),
        right=Right.CONFIGURE,
    ),
    Verb(
        "step",
        "the step that comes now, of the run on your hook",
        "operations.work.steps:show_step",
        (),
        _STEP,
        right=Right.WORK,
        served=True,
    ),
    Verb(
        "step show",
        "the step that comes now, of the run on your hook",
        "operations.work.steps:show_step",
        (),
        _STEP,
        right=Right.WORK,
        served=True,
    ),
    Verb(
        "step done",
        "end the step at work: its check is run, and the next one comes",
        "operations.work.steps:step_done",
        (
            optional("step", help="which one is meant, so that twice is no harm"),
            option("--result", "result", Kind.BODY, "what came of it, for later steps; - reads standard input"),
        ),
        right=Right.WORK,
    ),
    Verb(
        "step fail",
        "the step cannot be done: a person is asked",
        "operations.work.steps:step_fail",
        (argument("reason"),),
        right=Right.WORK,
    ),
    Verb(
        "step skip",
        "the step need not be done",
        "operations.work.steps:step_skip",
        (argument("reason"),),
        right=Right.WORK,
    ),
)
