"""Calls for a person: each need is called for once, those that come together in one; what ended otherwise is marked.

A need that is there at one look, away at the next and back again (a program that is tried again) is still the same.
"""

from collections.abc import Sequence

from gastown_tmux.dataclass import dataclass, replace
from gastown_tmux.domain.ids import Time
from gastown_tmux.domain.needs import Need, NeedKind, Urgency

#: Of what is answered within so many seconds nobody needs to be called.
PATIENCE_SECONDS = 5.0
#: A need is over once it has been away for so long.
GONE_SECONDS = 15.0
#: Between two tries of services that did not take a call: doubled each time, up to the last.
RETRY_SECONDS, LAST_RETRY_SECONDS = 30.0, 3600.0
_LINE = 120
#: A mail to the overseer tells of these, and runs ``ui.notify``.
MAILED = frozenset((NeedKind.MAIL, NeedKind.ESCALATION, NeedKind.APPROVAL, NeedKind.SETUP))


@dataclass(frozen=True, slots=True)
class Call:
    """``shown`` is when a terminal or command of the person's took it, ``sent`` when services did, ``gone`` when its
    need was first missed. ``trouble``: why services have not taken it, after so many ``tries``.
    """

    occasion: str
    kind: NeedKind
    id: str
    title: str
    reason: str
    next: str
    urgency: Urgency
    made: Time
    shown: Time | None = None
    sent: Time | None = None
    gone: Time | None = None
    tries: int = 0
    not_before: Time | None = None
    trouble: str | None = None


@dataclass(frozen=True, slots=True)
class Reckoning:
    """``new`` and ``changed`` are to be kept, ``over`` forgotten; of these ``mark`` were sent, so the person is told
    that nothing is to be done any more.
    """

    new: tuple[Call, ...]
    changed: tuple[Call, ...]
    over: tuple[Call, ...]

    @property
    def mark(self) -> tuple[Call, ...]:
        return tuple(call for call in self.over if call.sent is not None)


def reckon(needs: Sequence[Need], known: Sequence[Call], now: Time, missed_since: Time) -> Reckoning:
    """``missed_since``: what was missed then or before is over."""
    there = {need.occasion: need for need in needs}
    calls = {call.occasion: call for call in known}
    new = tuple(_make(need, now) for occasion, need in there.items() if occasion not in calls)
    back = tuple(replace(call, gone=None) for call in known if call.gone and call.occasion in there)
    missed = [call for call in known if call.occasion not in there]
    # What nobody was told of may go at once.
    over = tuple(call for call in missed if (call.gone and call.gone <= missed_since) or not (call.shown or call.sent))
    fresh = tuple(replace(call, gone=now) for call in missed if call.gone is None and call not in over)
    return Reckoning(new, back + fresh, over)


def _make(need: Need, now: Time) -> Call:
    step = need.next[0] if need.next else "gt review"
    reason = " ".join(need.reason.split())[:_LINE]
    return Call(need.occasion, need.kind, need.id, need.title[:_LINE], reason, step, need.urgency, now)


def is_loud(call: Call, threshold: Urgency) -> bool:
    order = list(Urgency)
    return order.index(call.urgency) >= order.index(threshold)


def find_due(known: Sequence[Call], now: Time, patient_until: Time, threshold: Urgency) -> list[Call]:
    """Those to be shown, or to be sent, now; made at ``patient_until`` or before."""
    return [
        call
        for call in known
        if is_loud(call, threshold)
        and call.gone is None
        and call.made <= patient_until
        and (call.shown is None or (call.sent is None and (call.not_before or "") <= now))
    ]


def headline(calls: Sequence[Call]) -> str:
    """One line for all of them."""
    if len(calls) == 1:
        return f"gt: {calls[0].title}: {calls[0].next}"
    return f"gt: {len(calls)} wait for you: {'; '.join(call.title for call in calls)}"[:_LINE] + ": gt review"


def body(calls: Sequence[Call]) -> str:
    """Title, reason and command of each."""
    return "\n\n".join("\n".join(dict.fromkeys(filter(None, (call.title, call.reason, call.next)))) for call in calls)


def retry_after(tries: int) -> float:
    """Seconds until services are asked again, after so many tries that failed."""
    return min(RETRY_SECONDS * 2.0 ** (tries - 1), LAST_RETRY_SECONDS)


def is_quiet(minutes: int, hours: tuple[int, int] | None) -> bool:
    """Whether a time of day lies within the quiet hours; all are minutes since midnight, and hours may pass it."""
    if hours is None:
        return False
    begin, end = hours
    return begin <= minutes < end if begin <= end else minutes >= begin or minutes < end
