"""What a person can do about something with one key: the keys, their words and their order, for every face."""

from collections.abc import Iterator, Sequence
from functools import lru_cache

from gastown_tmux.dataclass import dataclass, replace
from gastown_tmux.domain.addresses import OVERSEER, Address
from gastown_tmux.domain.ids import BeadId
from gastown_tmux.domain.needs import Need, NeedKind

ATTACH = "a"
#: All that they carry out, beside what only shows and what leads to a window.
VERBS_OF_ACTS = frozenset(
    (
        "approve", "bead close", "deny", "escalate ack", "escalate resolve", "mail archive", "mail inbox", "mail reply",
        "mail send", "mq approve", "mq pause", "mq reject", "mq resume", "mq retry", "nudge", "order pause",
        "order resume", "pause", "respawn", "resume", "run cancel", "run pause", "run resume",
        "run retry", "run skip", "sling", "unsling",
    )
)  # fmt: skip
#: Where the person's words go in a command.
_WORDS = "\0words"


@dataclass(frozen=True, slots=True)
class Act:
    """``asks`` is the question for words that it needs, which may be empty where ``may_be_empty``; ``confirms`` what
    is asked before something that cannot be undone; ``shows``: it only shows something.
    """

    key: str
    words: str
    commands: tuple[tuple[str, ...], ...]
    asks: str = ""
    may_be_empty: bool = False
    confirms: str = ""
    shows: bool = False

    @property
    def goes(self) -> bool:
        """Whether it leads to a window."""
        return self.commands[0][0] == "attach"

    def lines(self, words: str = "") -> list[tuple[str, ...]]:
        """The commands, word by word; a flag whose value would be empty is left out. None where words are missing."""
        if words == "-":
            words = "- "  # alone it stands for standard input, of which a face has none
        if self.asks and not words and not self.may_be_empty:
            return []
        return [
            tuple(word.replace(_WORDS, words) for word in line if words or _WORDS not in word)
            for line in self.commands
        ]  # fmt: skip


def acts_on(need: Need) -> tuple[Act, ...]:
    """All there is for what waits for a person. What is answered carries the digest of what was shown."""
    return tuple(_acts_on(need))


@lru_cache(maxsize=500)
def acts_on_agent(agent: Address, bead: BeadId | None, state: str) -> tuple[Act, ...]:
    """All there is for an agent that need not wait for anybody."""
    acts = [Act("d", "diff", (("diff", agent),), shows=True)] if agent.rig else []
    acts += [_attach(agent), _log(agent), _respawn(agent, f"end the session of {agent} and start it again?")]
    if state == "paused":
        acts.append(Act("p", "go on", (("resume", agent),)))
    else:
        acts.append(Act("p", "pause", (("pause", agent),)))
    nudge = Act("t", "type words", (("nudge", "--", agent, _WORDS),), asks=f"to {agent}: ")
    return (*acts, nudge, _mail(agent, bead))


def acts_on_bead(bead: BeadId, agent: Address | None) -> tuple[Act, ...]:
    """All there is for a bead that does not wait for a person."""
    acts = [Act("d", "diff", (("diff", bead),), shows=True)]
    if agent is not None:
        acts += [_log(agent), _mail(agent, bead)]
    return tuple(acts)


def _acts_on(need: Need) -> Iterator[Act]:
    agent, bead = need.agent, str(need.bead)
    match need.kind:
        case NeedKind.APPROVAL:
            yield Act("y", "yes", (("approve", agent, "--digest", str(need.digest)),))
            yield Act("n", "no", (("deny", agent, "--digest", str(need.digest)),))
            yield _attach(agent)
        case NeedKind.MERGE:
            yield Act("y", "land", (("mq", "approve", need.id, "--head", str(need.digest)),))
            reject = ("mq", "reject", need.id, "--head", str(need.digest), f"--message={_WORDS}")
            yield Act("n", "send back", (reject,), asks="why? ", may_be_empty=True)
            yield Act("d", "diff", (("diff", bead),), shows=True)
            yield _attach(agent, "go to its author")
        case NeedKind.PROPOSAL:
            yield Act("y", "look at the forge now", (("mq", "retry", need.id),))
            reject = ("mq", "reject", need.id, "--head", str(need.digest), f"--message={_WORDS}")
            yield Act("n", "send back", (reject,), asks="why? ", may_be_empty=True)
            yield Act("d", "diff", (("diff", bead),), shows=True)
        case NeedKind.ESCALATION:
            yield Act("y", "resolved", (("escalate", "resolve", need.id),))
            yield Act("n", "I look after it", (("escalate", "ack", need.id),))
            if agent != OVERSEER:
                yield _attach(agent, "go to the agent")
            if need.bead is not None:
                # What ends its cause resolves it too.
                yield from _acts_on_idle_bead(need, (("escalate", "resolve", need.id),))
        case NeedKind.BEAD:
            yield from _acts_on_idle_bead(need, ())
        case NeedKind.SETUP:
            yield _attach(agent)
            yield _respawn(agent, words="start its program again")
        case NeedKind.START:
            yield Act("y", "try again now", (("respawn", agent),))
        case NeedKind.FAILED:
            yield _respawn(agent)
            yield _log(agent)
        case NeedKind.STALLED:
            yield _attach(agent)
            yield _respawn(agent)
            yield _log(agent)
        case NeedKind.LIMIT:
            yield _attach(agent)
            yield _respawn(agent)
        case NeedKind.BUDGET:
            yield Act("y", "let it go on", (("resume", agent),))
        case NeedKind.STOPPED:
            yield _respawn(agent)
            yield Act("u", "take the bead off its hook", (("unsling", bead),))
        case NeedKind.QUEUE:
            yield Act("y", "let it go on", (("mq", "resume", "--rig", need.id),))
        case NeedKind.ORDER:
            yield Act("y", "let it be begun", (("order", "resume", need.id, "--digest", str(need.digest)),))
            yield Act("n", "pause it", (("order", "pause", need.id),))
            yield Act("d", "show it", (("order", "show", need.id),), shows=True)
        case NeedKind.MAIL:
            yield Act("y", "show the inbox", (("mail", "inbox"),))
        case NeedKind.GATE:
            run, _, step = need.id.partition("/")
            yield Act("y", "let it go on", (("run", "resume", run, step),))
            yield Act("x", "go on without it", (("run", "skip", run, step),), confirms=f"go on without step {step}?")
            yield Act("d", "show its run", (("run", "show", run),), shows=True)
        case NeedKind.RUN:
            yield Act("d", "show it", (("run", "show", need.id),), shows=True)
            yield Act("r", "try failed steps again", (("run", "retry", need.id),))
            yield Act(
                "c", "cancel it", (("run", "cancel", need.id),), confirms=f"cancel {need.id}, and close its beads?"
            )
        case NeedKind.RIG:
            yield Act("d", "show it", (("rig", "show", need.id),), shows=True)


def _acts_on_idle_bead(need: Need, then: Sequence[tuple[str, ...]]) -> Iterator[Act]:
    """What goes on with the work that an escalation is about, or that came back."""
    agent, bead = need.agent, str(need.bead)
    if agent != OVERSEER:
        yield _log(agent)
        said = ("mail", "send", agent, f"--subject=about {bead}", f"--body={_WORDS}", f"--bead={bead}")
        yield Act("w", "again with words", (said, ("sling", bead), *then), asks="what shall it do? ")
    yield Act("o", "give it out again", (("sling", bead), *then))
    yield Act("c", "close it", (("bead", "close", bead, "--reason=wontdo"), *then))


def _attach(agent: Address, words: str = "go there") -> Act:
    return Act(ATTACH, words, (("attach", agent),))


def _log(agent: Address) -> Act:
    return Act("l", "its log", (("log", agent),), shows=True)


def _respawn(agent: Address, confirms: str = "", words: str = "start it again") -> Act:
    return Act("r", words, (("respawn", agent),), confirms=confirms)


def _mail(agent: Address, bead: BeadId | None) -> Act:
    subject = f"--subject=about {bead}" if bead else "--subject=from the feed"
    about = (f"--bead={bead}",) if bead else ()
    words = ("mail", "send", agent, subject, *about, f"--body={_WORDS}")
    return Act("m", "mail", (words,), asks=f"mail to {agent}: ")


def acts_on_mail(mail: str) -> tuple[Act, ...]:
    """All there is for a mail in one's own box."""
    reply = Act("w", "reply", (("mail", "reply", mail, f"--body={_WORDS}"),), asks="reply: ")
    return reply, Act("c", "archive", (("mail", "archive", mail),))


def acts_on_run(run: str, state: str) -> tuple[Act, ...]:
    """All there is for a formula's run."""
    match state:
        case "running" | "waiting":
            pause = [Act("p", "pause", (("run", "pause", run),))]
        case "paused":
            pause = [Act("p", "go on", (("run", "resume", run),))]
        case _:
            pause = []
    return (*pause, Act("l", "all of it", (("run", "show", run),), shows=True))


def acts_on_line(author: Address, bead: BeadId | None, place: str, tree: str) -> Act:
    """Words on a line of a diff go to its author, with what they are about."""
    about = (f"--bead={bead}",) if bead else ()
    body = f"--body={place}\nin {tree}\n\n{_WORDS}"
    line = ("mail", "send", author, f"--subject=about {place}", *about, body)
    return Act("w", "words on this line", (line,), asks=f"about {place}: ")


def for_head(act: Act, head: str) -> Act:
    """The same answer to another head of the same merge request: the one that is shown."""
    lines = []
    for line in act.commands:
        place = line.index("--head") + 1 if "--head" in line else None
        lines.append(line if place is None else (*line[:place], head, *line[place + 1 :]))
    return replace(act, commands=tuple(lines))
