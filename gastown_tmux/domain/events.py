"""What happened, as rows that are written in the transaction of the thing itself."""

from collections.abc import Mapping
from enum import StrEnum

from gastown_tmux.dataclass import dataclass
from gastown_tmux.domain.addresses import Address
from gastown_tmux.domain.ids import Time


class EventType(StrEnum):
    TOWN_INSTALLED = "town.installed"
    TOWN_WANTED = "town.wanted"
    TOWN_UPGRADED = "town.upgraded"
    TOWN_MOVED = "town.moved"
    TOWN_STRUCK = "town.struck"
    TOWN_CLOCK = "town.clock"
    TOWN_COPIED = "town.copied"
    TOWN_RESTORED = "town.restored"
    RIG_ADDED = "rig.added"
    RIG_REMOVED = "rig.removed"
    RIG_PARKED = "rig.parked"
    RIG_UNPARKED = "rig.unparked"
    RIG_PUT_BACK = "rig.put-back"
    RIG_TARGET = "rig.target"
    RIG_PROBLEM = "rig.problem"
    HOST_ADDED = "host.added"
    HOST_CHANGED = "host.changed"
    HOST_AWAY = "host.away"
    HOST_HEARD = "host.heard"
    HOST_RESTORED = "host.restored"
    HOST_REMOVED = "host.removed"
    DELEGATION_CHANGED = "delegation.changed"
    TARGET_REWRITTEN = "target.rewritten"
    AGENT_ADDED = "agent.added"
    AGENT_REMOVED = "agent.removed"
    AGENT_CHANGED = "agent.changed"
    HOOK_CHANGED = "hook.changed"
    HOOK_RESTORED = "hook.restored"
    SESSION_STARTED = "session.started"
    SESSION_CHANGED = "session.changed"
    SESSION_CORRECTED = "session.corrected"
    SESSION_ENDED = "session.ended"
    BEAD_CREATED = "bead.created"
    BEAD_UPDATED = "bead.updated"
    BEAD_SLUNG = "bead.slung"
    BEAD_DELEGATED = "bead.delegated"
    BEAD_STARTED = "bead.started"
    BEAD_SUBMITTED = "bead.submitted"
    BEAD_REPORTED = "bead.reported"
    BEAD_RETURNED = "bead.returned"
    BEAD_MERGED = "bead.merged"
    BEAD_CLOSED = "bead.closed"
    BEAD_REOPENED = "bead.reopened"
    CONVOY_CREATED = "convoy.created"
    CONVOY_ADDED = "convoy.added"
    CONVOY_LANDED = "convoy.landed"
    CONVOY_CLOSED = "convoy.closed"
    CONVOY_REOPENED = "convoy.reopened"
    RUN_POURED = "run.poured"
    RUN_CHANGED = "run.changed"
    RUN_STEP = "run.step"
    ORDER_STARTED = "order.started"
    ORDER_ENDED = "order.ended"
    ORDER_CHANGED = "order.changed"
    ORDER_PAUSED = "order.paused"
    ORDER_RESUMED = "order.resumed"
    MERGE_QUEUED = "merge.queued"
    MERGE_HELD = "merge.held"
    MERGE_GATHERED = "merge.gathered"
    MERGE_PROPOSED = "merge.proposed"
    MERGE_APPROVED = "merge.approved"
    MERGE_TESTING = "merge.testing"
    MERGE_PUBLISHING = "merge.publishing"
    MERGE_DELAYED = "merge.delayed"
    MERGE_CONFLICTED = "merge.conflicted"
    MERGE_REJECTED = "merge.rejected"
    MERGE_MERGED = "merge.merged"
    MERGE_SUPERSEDED = "merge.superseded"
    QUEUE_PAUSED = "queue.paused"
    QUEUE_RESUMED = "queue.resumed"
    ESCALATION_RAISED = "escalation.raised"
    ESCALATION_CHANGED = "escalation.changed"
    APPROVAL_ANSWERED = "approval.answered"
    MAIL_SENT = "mail.sent"
    DELIVERY_CHANGED = "delivery.changed"
    AGENT_QUIET = "agent.quiet"


#: No row: what somebody who follows is told now and then, so that silence is not taken for peace. ``seq`` is that of
#: the newest event there is.
BEAT = "beat"


@dataclass(frozen=True, slots=True)
class Event:
    """``subject`` is the id or address it is about; ``data`` holds JSON values."""

    seq: int
    time: Time
    type: str
    actor: Address
    subject: str
    data: Mapping[str, object]
