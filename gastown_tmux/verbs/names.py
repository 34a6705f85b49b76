"""Everything that has a name, for whoever completes one: by kind, each with what it is now."""

import contextlib
from collections import Counter
from collections.abc import Sequence

from gastown_tmux.domain.agents import Role, view_state
from gastown_tmux.domain.events import EventType
from gastown_tmux.domain.mail import short_id
from gastown_tmux.domain.quoting import one_line
from gastown_tmux.domain.settings import find_key
from gastown_tmux.edges.configuration.shipped import list_resources
from gastown_tmux.errors import NotFoundError
from gastown_tmux.operations.town.town import Town
from gastown_tmux.providers import registry
from gastown_tmux.store.agents import list_agents, list_live_sessions
from gastown_tmux.store.beads import list_held_beads, list_titles
from gastown_tmux.store.convoys import list_convoys
from gastown_tmux.store.escalations import list_escalations
from gastown_tmux.store.mailbox import Mailbox
from gastown_tmux.store.merging import list_merge_requests
from gastown_tmux.store.rigs import list_rigs
from gastown_tmux.store.runs import list_run_titles
from gastown_tmux.verbs.suggest import Choice
from gastown_tmux.verbs.table import Kind

NAMED = (
    Kind.AGENT, Kind.CREW, Kind.POLECAT, Kind.ADDRESS, Kind.RIG, Kind.HOST, Kind.BEAD, Kind.CONVOY, Kind.MERGE_REQUEST,
    Kind.ESCALATION, Kind.PROVIDER, Kind.LAYOUT, Kind.FORMULA, Kind.RUN, Kind.ORDER, Kind.MAIL, Kind.SETTING,
    Kind.EVENT, Kind.THING,
)  # fmt: skip
#: What may be asked why it is as it is.
_THINGS = (
    Kind.AGENT, Kind.BEAD, Kind.RUN, Kind.CONVOY, Kind.MERGE_REQUEST, Kind.ESCALATION, Kind.ORDER, Kind.RIG, Kind.HOST,
)  # fmt: skip
#: Each of them is a file to be read.
MAILS = 30
_TOWN = (("mayor", "the town's coordinator"), ("deacon", ""), ("witness", ""), ("overseer", "you"))


def list_names(town: Town, kind: Kind) -> Sequence[Choice]:
    """What there is of a kind; of other kinds nothing has a name."""
    match kind:
        case Kind.AGENT:
            return _agents(town) + _away_agents(town)
        case Kind.CREW | Kind.POLECAT:
            return _agents(town, Role(kind.value))
        case Kind.ADDRESS:
            agents = _agents(town)
            return agents + [address for address in _TOWN if address[0] not in dict(agents)] + _away_agents(town)
        case Kind.RIG:
            return [(rig.name, rig.target) for rig in list_rigs(town.db)]
        case Kind.HOST:
            from gastown_tmux.store.hosts import list_hosts  # few verbs name one

            return [(host.name, host.state) for host in list_hosts(town.db)]
        case Kind.BEAD:
            return [(id, f"{state} {title}") for id, state, title in list_titles(town.db)]
        case Kind.CONVOY:
            return [(convoy.id, f"{convoy.state} {convoy.name}") for convoy in list_convoys(town.db)]
        case Kind.MERGE_REQUEST:
            return [(found.id, f"{found.state} {found.bead}") for found in reversed(list_merge_requests(town.db))]
        case Kind.ESCALATION:
            return [(found.id, f"{found.severity} {found.text}") for found in list_escalations(town.db)]
        case Kind.RUN:
            return [(id, f"{state} {title}") for id, state, title in list_run_titles(town.db)]
        case Kind.PROVIDER:
            return [(provider.name, provider.summary) for provider in registry.list_all(town.settings())]
        case Kind.LAYOUT:
            files = list_resources("layouts", town.path)
            return [(name.removesuffix(".yaml"), "") for name in files if name.endswith(".yaml")]
        case Kind.FORMULA:
            from gastown_tmux.operations.work.formulas import open_shelf  # 20 ms that other names need not pay

            return [(name, "") for name in open_shelf(town).names()]
        case Kind.ORDER:
            from gastown_tmux.edges.configuration.order_files import OrderFolder  # as above

            return [
                (file.id, file.problem or file.order.trigger.words if file.order else "broken")
                for file in OrderFolder(town.path).list()
            ]
        case Kind.MAIL:
            return _mails(Mailbox(town.mail / town.actor.folder))
        case Kind.THING:
            return [choice for each in _THINGS for choice in list_names(town, each)]
        case Kind.SETTING:
            return [(setting.key, find_key(setting.key).summary) for setting in town.settings().show()]
        case Kind.EVENT:
            groups = dict.fromkeys(type.partition(".")[0] for type in EventType)
            return [(group, "all of them") for group in groups] + [(type, "") for type in EventType]
        case _:
            return ()


def _mails(box: Mailbox) -> list[Choice]:
    """The newest of a box. One that goes away meanwhile is left out."""
    found = []
    for entry in reversed(box.list_all()[-MAILS:]):
        with contextlib.suppress(NotFoundError):
            mail = box.load(entry)
            new = "" if entry.read else "new, "
            found.append((short_id(mail.id), f"{new}{mail.sender}: {one_line(mail.subject)}"))
    return found


def _away_agents(town: Town) -> list[Choice]:
    """Those of hosts, as they were seen there last."""
    from gastown_tmux.store.following import list_seen  # most towns have no host

    return [(f"{agent}@{host}", f"on {host}, {state}") for host, agent, state in list_seen(town.db)]


def _agents(town: Town, role: Role | None = None) -> list[Choice]:
    """Addresses, then the names that are enough by themselves. By rows alone: processes are not looked at."""
    agents = [agent for agent in list_agents(town.db) if role in (None, agent.role)]
    live = {session.agent: session.state for session in list_live_sessions(town.db)}
    held = list_held_beads(town.db)
    names = Counter(agent.name for agent in agents)
    found = list[Choice]()
    for agent in agents:
        bead = held.get(agent.address)
        state = view_state(agent.state, live.get(agent.address), agent.hook)
        found.append((agent.address, f"{state} {bead.id} {one_line(bead.title)}" if bead else str(state)))
    return found + [(agent.name, agent.address) for agent in agents if agent.rig and names[agent.name] == 1]
