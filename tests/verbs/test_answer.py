"""What a verb gives back, by who reads it."""

import json
from pathlib import Path

from gastown_tmux.store.beads import list_beads
from gastown_tmux.verbs.answer import answer
from gastown_tmux.verbs.index import find_verb
from gastown_tmux.verbs.show import PLAIN, Display
from gastown_tmux.verbs.table import SHOWN
from tests.operations.quiet_town import QuietTown, make_quiet_town


def ask(quiet: QuietTown, words: str, display: Display = PLAIN, as_json: bool = False) -> str:
    verb, rest = find_verb(words.split())
    return "\n".join(answer(verb, rest, quiet.town, display, as_json))


def test_a_terminal_shows_the_first_of_a_long_list_and_all_others_the_whole(short_tmp: Path) -> None:
    quiet = make_quiet_town(short_tmp)
    for number in range(SHOWN + 3):
        quiet.bead(f"number {number}")
    for words in ("bead list", "bead ready"):
        shown = ask(quiet, words, Display(width=80)).splitlines()
        assert len(shown) == SHOWN + 2 and shown[-1] == "3 more: --limit 0 shows all"
        assert len(ask(quiet, f"{words} --limit 0", Display(width=80)).splitlines()) == SHOWN + 4
        assert len(ask(quiet, words).splitlines()) == SHOWN + 4
        assert len(json.loads(ask(quiet, words, as_json=True))["items"]) == SHOWN + 3
    found = json.loads(ask(quiet, "bead list --limit 1", as_json=True))
    newest = max(bead.created for bead in list_beads(quiet.town.db))  # several may be of one millisecond
    assert found["more"] == SHOWN + 2 and found["items"][0]["created"] == newest
    for words in ("mail inbox", "convoy list"):
        assert json.loads(ask(quiet, f"{words} --limit 2", as_json=True)) == {"items": [], "more": 0}
        assert "no " in ask(quiet, words, Display(width=80))
    quiet.town.close()
