"""Agents whose program asks a person something: Claude, as far as its screen goes."""

import json
import shlex
from pathlib import Path

from tests.journeys.town_world import TownWorld

SCREENS = Path(__file__).parent.parent / "providers" / "screens"
CLAUDE = (SCREENS / "waiting_claude_2.1.330_permission.txt").read_text().partition("\n")[2]
OWN_QUESTION = (SCREENS / "waiting_claude_2.1.330_own-question.txt").read_text().partition("\n")[2]
IDLE = (SCREENS / "idle_claude_2.1.330_after-turn.txt").read_text().partition("\n")[2]
COMMAND, REASON = "touch /home/user/wt-claude/perm2.txt", "Run shell command"
#: Shows ``screen`` again whenever it has changed, and notes every key.
PLAY = """stty raw -echo; : >got; exec 3<&0; cat >got <&3 & while sleep 0.1; do
cmp -s screen shown || { cp screen shown; printf '\\033[H\\033[2J'; sed 's/$/\\r/' shown; }; done"""


def dialog(command: str, reason: str = REASON, above: str = "") -> str:
    """As Claude asks whether it may run this; ``above`` is what its agent printed before."""
    top, rule, rest = CLAUDE.partition("─" * 160)
    return f"{top}{above}{rule}{rest}".replace(f" {COMMAND}\n╌", f" {command}\n╌").replace(REASON, reason)


class Asker:
    """An agent whose program is Claude, as far as its screen goes."""

    def __init__(self, town: TownWorld, name: str, folder: Path, screen: str) -> None:
        self.town, self.folder, self.address = town, folder / name, f"demo/{name}"
        self.folder.mkdir()
        self.show(screen)
        command = ["sh", "-c", f"cd {shlex.quote(str(folder))}/${{GT_AGENT#demo/}}; {PLAY}"]
        town.gt("config", "set", "providers.asker", json.dumps({"from": "claude", "command": command}))
        town.gt("config", "default-agent", "asker")
        town.gt("crew", "add", name, "--rig", "demo")
        town.gt("crew", "start", name)

    def show(self, screen: str) -> None:
        (self.folder / "new").write_text(screen.rstrip("\n"))
        (self.folder / "new").rename(self.folder / "screen")

    def shows(self, words: str) -> None:
        def seen() -> bool:
            return words in self.town.gt("peek", self.address, "-n", "60").out

        self.town.wait_for(seen, 20, f"{self.address} to show {words}")

    def got(self) -> str:
        return (self.folder / "got").read_text()

    def waiting(self) -> dict[str, object]:
        """The item of it, once it waits."""

        def find() -> list[dict[str, object]]:
            return [item for item in self.town.json("waiting")["items"] if item["agent"] == self.address]

        return dict(self.town.wait_for(find, 40, f"{self.address} to wait")[0])
