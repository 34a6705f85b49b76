"""A program that nobody has described is typed to: by a pattern of its prompt, or while its screen stands still."""

import sys
from pathlib import Path

from tests.journeys.town_world import TownWorld

ECHOER = """\
import time
print("welcome")
while True:
    line = input("you> ")
    print("Thinking...", flush=True)
    time.sleep(0.5)
    print("heard " + line.partition(" ")[2])
"""


def test_words_reach_a_program_of_ones_own(town: TownWorld, short_tmp: Path) -> None:
    program = short_tmp / "echoer.py"
    program.write_text(ECHOER)
    command = (sys.executable, program)
    said = town.gt("config", "agent", "set", "known", *command).out
    assert "nothing is ever typed to it" in said and "--prompt" in said
    said = town.gt("config", "agent", "set", "--prompt", "^you> ", "--busy", "^Thinking", "known", *command).out
    assert "never typed" not in said
    assert "weaker promise" in town.gt("config", "agent", "set", "--typing", "quiet", "still", *command).out
    for name, provider in (("ann", "known"), ("ben", "still")):
        town.gt("crew", "add", name, "--rig", "demo", "--agent", provider)
        town.gt("crew", "start", name)
    for name in ("ann", "ben"):
        town.gt("nudge", name, "gt: come here")
        town.wait_for(lambda name=name: "heard come here" in town.gt("peek", name).out, 40, f"{name} to hear")
