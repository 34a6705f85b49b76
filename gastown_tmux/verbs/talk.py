"""Verbs for talking: mail and nudges."""

from gastown_tmux.verbs.table import Verb

VERBS: tuple[Verb, ...] = ()
