"""The answer to an agent's dialog, with its program's own keys: a person's, or that of a rule which a person wrote."""

from collections.abc import Iterable, Sequence

from gastown_tmux.domain.addresses import Address
from gastown_tmux.domain.agents import Session
from gastown_tmux.domain.events import EventType
from gastown_tmux.domain.setting_values import ApprovalRule
from gastown_tmux.edges.tmux import clients, typing
from gastown_tmux.errors import RefusedError, UsageError
from gastown_tmux.operations.mail.delivering import program_of
from gastown_tmux.operations.supervision.dialogs import Dialog, dialog_of, digest_by, find_dialog, list_dialogs
from gastown_tmux.operations.town.isolation import each
from gastown_tmux.operations.town.town import Answer, Town
from gastown_tmux.store.agents import find_live_session
from gastown_tmux.store.events import last_event


def approve(
    town: Town, agents: Sequence[Address] = (), alike: bool = False, all: bool = False, digest: str | None = None
) -> Answer:
    """Says yes to what agents ask, each in its program's own way. Raises RefusedError where none took it.

    ``digest`` is of the dialog that was judged: another one is refused, as "changed". Without it what is judged is what
    is there now.
    """
    return _answer(town, agents, alike, all, digest, "approve")


def deny(
    town: Town, agents: Sequence[Address] = (), alike: bool = False, all: bool = False, digest: str | None = None
) -> Answer:
    """Says no, as ``approve`` says yes."""
    return _answer(town, agents, alike, all, digest, "deny")


def _answer(town: Town, agents: Sequence[Address], alike: bool, all: bool, digest: str | None, answer: str) -> Answer:
    if digest is not None and (len(agents) != 1 or alike or all):
        raise UsageError("--digest is for one agent's dialog", hint="gt waiting --json")
    waiting = list_dialogs(town) if alike or all or not agents else []
    if not agents and not all:
        raise UsageError("whose question?", hint="gt waiting" if waiting else "nobody waits: gt agents")
    found = {agent: _find(town, agent) for agent in agents}
    if alike:
        asked = [dialog for dialog in found.values() if isinstance(dialog, Dialog)]
        waiting = [dialog for dialog in waiting if all or any(dialog.is_like(other) for other in asked)]
    found |= {dialog.session.agent: dialog for dialog in waiting if dialog.session.agent not in found}
    said, failed = [], []
    for agent, dialog in found.items():
        match _press(town, dialog, answer, judged=digest) if isinstance(dialog, Dialog) else dialog:
            case typing.Typed(evidence=evidence):
                said.append(f"{agent}: {'approved' if answer == 'approve' else 'denied'} ({evidence})")
            case typing.Refused(reason=reason) | typing.Unsure(reason=reason):
                failed.append(f"{agent}: {reason}")
    if failed and not said:
        raise RefusedError("; ".join(failed), hint="gt waiting")
    return Answer({"answered": said, "failed": failed}, "\n".join([*said, *failed]) or "nobody waits")


def _find(town: Town, agent: Address) -> Dialog | typing.Refused:
    session = find_live_session(town.db, agent)
    dialog = find_dialog(town, session) if session is not None else None
    if dialog is None:
        return typing.Refused("the agent is not running")
    return dialog


def answer_by_rule(town: Town) -> list[str]:
    """Answers the dialogs that a rule of the configuration answers, and says which. Without a rule, none is."""
    said = each(
        town, "answering of", list_dialogs(town), lambda one: _follow_rules(town, one), lambda one: one.session.agent
    )
    return [line for line in said if line is not None]


def _follow_rules(town: Town, dialog: Dialog) -> str | None:
    agent = dialog.session.agent
    rule = find_rule(town.settings(agent.rig).approval_rules(), dialog)
    if rule is None or _was_not_taken(town, dialog):
        return None
    if not isinstance(_press(town, dialog, rule.answer, rule=str(rule)), typing.Typed):
        return None
    return f"{agent}: {rule.answer} of {dialog.headline!r} by rule"


def _was_not_taken(town: Town, dialog: Dialog) -> bool:
    """Whether keys were pressed on this very dialog, and it stayed: a second time they may come to the next one."""
    last = last_event(town.db, EventType.APPROVAL_ANSWERED, dialog.session.agent)
    if last is None or last.time < dialog.session.since:
        return False
    return last.data.get("digest") == dialog.digest and last.data.get("taken") is False


def find_rule(rules: Iterable[ApprovalRule], dialog: Dialog) -> ApprovalRule | None:
    """The first that fits. None does where a dialog is not known, or not seen whole."""
    question, provider = dialog.question, dialog.provider
    if question is None:
        return None
    programs = {provider.name, provider.parent or provider.name}
    return next((rule for rule in rules if rule.fits(programs, question.tool, question.action, question.stated)), None)


def answer_after_limit(town: Town, session: Session, seen: typing.Capture) -> None:
    """Its program asks whether to go on, as was ``seen``, now that its provider's limit is over. It is recorded like a
    rule's answer; somebody who is at the window answers for themselves.
    """
    _press(town, dialog_of(town, session, seen), "approve", rule="the limit is over")


def _press(
    town: Town, dialog: Dialog, answer: str, *, judged: str | None = None, rule: str | None = None
) -> typing.Outcome:
    session, provider, question = dialog.session, dialog.provider, dialog.question
    agent = session.agent
    if town.is_frozen(agent):
        return typing.Refused("it stands still: gt thaw, or gt resume")
    if judged is not None and judged != dialog.digest:
        return typing.Refused("changed: it asks something else now" if dialog.asks else "changed: it asks nothing now")
    if not dialog.asks or session.pane is None:
        return typing.Refused(f"the agent's program is {dialog.state}, it asks nothing")
    if answer == "approve":
        keys = (question.approve if question else ()) or provider.typing.approve
    else:
        keys = (question.deny if question else ()) or provider.typing.deny
    if not keys:
        return typing.Refused(f"how to {answer} in {provider.name} is not known: gt attach {agent}")
    here = clients.client_here(town.tmux, town.environment)
    outcome = typing.press_answer(
        town.tmux, session.pane, session.id, keys, program_of(provider), town.run / f"typing.{agent.folder}.lock",
        digest=digest_by(dialog), judged=dialog.digest, besides=here.name if here else None,
    )  # fmt: skip
    if not isinstance(outcome, typing.Refused):
        with town.change() as change:
            told = {"answer": answer, "question": dialog.headline, "session": session.id, "rule": rule}
            taken = isinstance(outcome, typing.Typed)
            change.event(EventType.APPROVAL_ANSWERED, agent, **told, digest=dialog.digest, taken=taken)
    return outcome
