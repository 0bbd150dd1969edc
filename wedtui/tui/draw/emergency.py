"""The emergency pane: what is under way, and each action with its key, or why it cannot be started."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import UTC
from functools import lru_cache
from typing import TYPE_CHECKING

from wedtui.core.emergency import EMERGENCIES, Emergency, Situation, Target, dropped, why_not
from wedtui.core.roles import Demand
from wedtui.core.wording import duration, short_age
from wedtui.tui.arming import AWAITING, Stage, stage_of
from wedtui.tui.spans import Line, Role, crop, rule, spread, wrap

if TYPE_CHECKING:
    from datetime import datetime

    from wedtui.control.answers import ActionIs, ArmingIs
    from wedtui.tui.emergency import Told
    from wedtui.tui.keymap.table import Keymap
    from wedtui.tui.last_known import AsOf

TITLE = "emergency actions"

_BUSY_AT_MOST = 4
_GOOD_ENDS = frozenset({"verified", "settled"})
_BAD_ENDS = frozenset({"refused", "failed", "expired", "undone"})
_STATES = {"awaiting confirmation": "to confirm", "claimed": "running"}
_TO_APPROVE = "to approve"


def emergency_lines(
    situation: Situation, told: Told, keymap: Keymap, now: datetime, size: tuple[int, int]
) -> tuple[Line, ...]:
    """Return the pane's lines.

    Args:
        situation: what decides which actions can be started.
        told: what the service said last.
        keymap: the keys in force.
        now: ages are counted up to it.
        size: columns and rows of the pane.
    """
    width, height = size
    gone = dropped(situation)
    body: list[Line] = _paths(told, keymap, now, width)
    first = len(body)
    if told.as_of is not None and told.actions:
        body.append(crop(((f" {told.as_of.words}:", Role.STALE),), width))
    for number, action in enumerate(told.actions):
        if action.acts_at is not None and action.state == "awaiting confirmation" and told.as_of is None:
            left = max(math.ceil((action.acts_at - now).total_seconds()), 0)
            body.append(crop(((f" ! fails over from {action.target} in {left} s: ", Role.CRITICAL),), width))
            words = f"press {keymap.hint('emergency.failover')} to look, {keymap.hint('emergency.abort')} to abort"
            body.append(crop(((f"   {words}", Role.STRONG),), width))
        key = "" if number or len(body) > first + (told.as_of is not None) else keymap.hint("emergency.newest")
        body.append(action_line(action, key, now, width, as_of=told.as_of))
    body = [*(line for each in told.arming for line in arming_lines(each, now, width)), *body]
    if situation.problem is not None and not situation.read_only:
        body.append(crop(((" ✖ the service does not answer", Role.CRITICAL),), width))
    if told.busy is not None and not situation.read_only:
        body += _busy_lines(told, width)
    if told.unlisted is not None:
        body.append(crop(((f" ✖ what is under way: UNKNOWN, {told.unlisted}", Role.CRITICAL),), width))
    if gone is not None:
        return (rule(TITLE, width), *body, *wrap(gone, width - 1, Role.MUTED, indent=" "))[:height]
    found = tuple((entry, why_not(entry, situation)) for entry in EMERGENCIES)
    note = "by hand" if situation.problem is not None else ""
    keys = tuple(keymap.hint(f"emergency.{entry.kind}") or "–" for entry in EMERGENCIES)
    lines = _entry_lines(found, keys, note, width, height - 1 - len(body))
    return (rule(TITLE, width), *body, *lines)[:height]


# They are the same for hours, and laying them out costs more than the rest of the pane.
@lru_cache(maxsize=16)
def _entry_lines(found: Found, keys: tuple[str, ...], note: str, width: int, room: int) -> tuple[Line, ...]:
    """Return the actions, each with its key, in as much detail as there is room for."""
    entries = _Entries({entry: key for (entry, _why), key in zip(found, keys, strict=True)}, note, width)
    if None not in (reasons := {why for _, why in found}) and len(reasons) == 1:
        # One reason for all of them is said once.
        return (*entries.in_pairs(found), *wrap(str(reasons.pop()), width - 1, Role.MUTED, indent=" "))
    ways = (entries.wrapped, entries.one_each, entries.offered_in_pairs)
    return tuple(next((lines for way in ways if len(lines := way(found)) <= room), entries.in_pairs(found)))


def _paths(told: Told, keymap: Keymap, now: datetime, width: int) -> list[Line]:
    """Say what waits for whoever sits here: an approval, a review, a ledger that cannot be reached."""
    key = keymap.hint("emergency.newest")
    said: list[tuple[str, Role]] = []
    for action in told.actions:
        if stage_of(action, told.me) is Stage.APPROVE and told.as_of is None and not _expired(action, now):
            said.append((f"! press {key} to approve #{action.id} of {action.person}", Role.CRITICAL))
        elif action.broke_glass is not None and action.reviewed_by is None:
            said.append((f"▲ #{action.id} NOT REVIEWED: {action.confirmed_by} broke the glass", Role.DEGRADED))
    if told.ledger is not None:
        said.append((f"✖ NO LEDGER: {keymap.hint('emergency.failover')} opens the emergency path", Role.CRITICAL))
    if told.standing is not None and told.standing.unrecorded:
        said.append(("▲ NOT YET RECONCILED: done without the ledger", Role.DEGRADED))
    return [crop(((f" {text}", role),), width) for text, role in said]


def _busy_lines(told: Told, width: int) -> list[Line]:
    """Say that the service answers, why not this, that it is asked again, and of when is what stands here."""
    since = f", as of {told.at.astimezone(UTC):%H:%M:%S} UTC" if told.at is not None else ""
    said = f"▲ the service answers, but not now; asked again by itself{since}: {told.busy}"
    return wrap(said, width - 1, Role.DEGRADED, indent=" ")[:_BUSY_AT_MOST]


Found = tuple[tuple[Emergency, str | None], ...]
"""Each action, and why it cannot be started, if so."""


class _Entries:
    """The actions in so many lines as there is room for: none is ever missing, and its key says the reason in full."""

    def __init__(self, keys: Mapping[Emergency, str], note: str, width: int) -> None:
        self._keys, self._note, self._width = keys, note, width

    def wrapped(self, found: Found) -> list[Line]:
        """Return every reason in full."""
        lines: list[Line] = []
        for entry, why in found:
            text = f"– {entry.title}: {why}"
            lines += [self._offered(entry)] if why is None else wrap(text, self._width, Role.MUTED, indent="  ")
        return lines

    def one_each(self, found: Found) -> list[Line]:
        """Return one line each."""
        return [self._offered(entry) if why is None else self._disabled(entry, why) for entry, why in found]

    def offered_in_pairs(self, found: Found) -> list[Line]:
        """Return two of those that can be started in a line."""
        offered = [entry for entry, why in found if why is None]
        return [*self._pairs(offered), *(self._disabled(entry, why) for entry, why in found if why is not None)]

    def in_pairs(self, found: Found) -> list[Line]:
        """Return two in a line, and no reason."""
        offered = [entry for entry, why in found if why is None]
        half = max(self._width // 2, 1)
        rest: list[Line] = [((f"  – {entry.title}", Role.MUTED),) for entry, why in found if why is not None]
        halves = [spread(line, (), half) for line in rest]
        paired = [tuple(span for line in halves[i : i + 2] for span in line) for i in range(0, len(halves), 2)]
        return [*self._pairs(offered), *(crop(line, self._width) for line in paired)]

    def _pairs(self, offered: Sequence[Emergency]) -> list[Line]:
        half = max(self._width // 2, 1)
        heads = [spread(self._head(entry), (), half) for entry in offered]
        return [
            crop(tuple(span for line in heads[i : i + 2] for span in line), self._width)
            for i in range(0, len(heads), 2)
        ]

    def _head(self, entry: Emergency) -> Line:
        return ((f" {self._keys[entry]:>2} ", Role.KEY), (entry.title, Role.TEXT))

    def _offered(self, entry: Emergency) -> Line:
        return spread(self._head(entry), ((self._note, Role.DEGRADED),), self._width)

    def _disabled(self, entry: Emergency, why: str) -> Line:
        return crop(((f"  – {entry.title}: {why}", Role.MUTED),), self._width)


def state_words(action: ActionIs, now: datetime) -> str:
    """Return how an action stands at an instant; a plan that is too old waits for nobody any more."""
    if action.state == "ended":
        return (action.outcome or action.state).upper()
    if _expired(action, now):
        return "plan expired"
    if action.confirmed_by is not None and Demand.SECOND_PERSON.value in action.needs:
        return _TO_APPROVE
    return _STATES.get(action.state, action.state)


def _expired(action: ActionIs, now: datetime) -> bool:
    return action.state in AWAITING and action.expires_at is not None and action.expires_at <= now


def action_line(action: ActionIs, key: str, now: datetime, width: int, *, as_of: AsOf | None = None) -> Line:
    """Return one action: id, state, what, who and how old; first what the narrowest pane must still show.

    Args:
        action: as it is known.
        key: opens it.
        now: its age is counted up to it.
        width: of the pane.
        as_of: nothing newer is known: its state is in brackets, with the step that was the last one.
    """
    state, role = state_words(action, now), action_role(action)
    if as_of is not None and action.state != "ended":
        last = f", {action.steps[-1].name} {action.steps[-1].state}" if action.steps else ""
        state, role = f"({state}{last})", Role.STALE
    what = action.kind if action.kind == action.target else f"{action.target} {action.kind}"
    left: Line = (
        (f" {key} " if key else " ", Role.KEY),
        (f"#{action.id} ", Role.STRONG),
        (f"{state} ", role),
        (what, Role.STRONG),
        (f" {action.person}", Role.MUTED),
    )
    old = short_age(action.ended_at or action.requested_at, now)
    # Of what waits for a word an age alone reads as what is left of it.
    waits = action.state in AWAITING and as_of is None
    return spread(left, ((f"{old} ago" if waits and old[:1].isdigit() else old, Role.MUTED),), width)


def action_role(action: ActionIs) -> Role:
    """Return the colour of how an action stands: what ended well, what went wrong, what is under way."""
    if action.outcome in _GOOD_ENDS:
        return Role.OK
    return Role.CRITICAL if action.state == "handed over" or action.outcome in _BAD_ENDS else Role.DEGRADED


def arming_lines(arming: ArmingIs, now: datetime, width: int) -> list[Line]:
    """Say who has a panel open on what, before anything is asked for: `mo is arming failover from aws`."""
    words = f"▲ {arming.user} is arming {arming_words(arming)}"
    age = duration(now - arming.since)
    if len(words) + len(age) + 3 <= width:
        return [spread(((f" {words}", Role.DEGRADED),), ((age, Role.MUTED),), width)]
    return wrap(f"{words}, {age}", width - 1, Role.DEGRADED, indent=" ")


def arming_words(arming: ArmingIs) -> str:
    """Return what is armed: `failover from aws`, `lockdown`, `freeze-override traffic 2h`."""
    entry = EMERGENCIES.get(arming.kind)
    if not arming.target or (entry is not None and entry.target is Target.EVERYTHING):
        return arming.kind
    toward = f"{entry.toward} " if entry is not None and entry.toward else ""
    return f"{arming.kind} {toward}{arming.target}"
