"""The emergency panel's lines about a plan: what has not passed first, then what it does, then what has passed.

The plan comes as plain data from the service (`core.failover.plan_json`, `core.freeze_plan.freeze_plan_json`); what of
it cannot be read is said to be UNKNOWN and never left out silently.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from wedtui.core.actions import NEVER_MADE, Outcome
from wedtui.core.customers import moved
from wedtui.core.plan_words import (
    NOTE,
    Row,
    accepted_words,
    as_of,
    back_words,
    check_rows,
    moved_words,
    room_is_useless,
    stopped_by,
    undo_words,
)
from wedtui.core.wording import duration, figure
from wedtui.tui.arming import Arming, Stage
from wedtui.tui.draw.panel_freeze import freeze_lines
from wedtui.tui.spans import Line, Role, crop, fit, wrap

if TYPE_CHECKING:
    from wedtui.control.answers import ActionIs

_WORDS = {
    "PASS": ("●", Role.OK),
    "FAIL": ("◆", Role.CRITICAL),
    "UNKNOWN": ("◇", Role.UNKNOWN),
    NOTE: ("▲", Role.DEGRADED),
}
_BARS = 20


class PlanLines(NamedTuple):
    """A plan's lines."""

    lines: list[Line]
    vital: int
    """So many of the first have to have been seen before it is confirmed: they say what has not passed."""


def plan_lines(arming: Arming, now: datetime, width: int) -> PlanLines:
    """Return a plan: what stops it and what else has not passed first, for of a low screen only that is seen.

    Args:
        arming: the panel's state.
        now: ages and what is left are counted from it.
        width: the panel's columns.
    """
    plan = arming.plan or {}
    rows = check_rows(plan, now)
    refused = _why(arming)
    lines = [*_holds(arming, plan, now, width), *_refused(plan, refused, width)]
    counting = [line for row in rows if row.counts for line in _check(row, width)]
    # What is refused is not about to happen: why comes first.
    lines += [*counting, *_what(arming, plan, width)] if refused else [*_what(arming, plan, width), *counting]
    vital = len(lines)
    if arming.moves_traffic:
        lines += _shares(plan, width, refused=bool(refused))
        lines += [] if refused else _times(arming, plan, now, width)
    else:
        lines += freeze_lines(plan, now, width)
    return PlanLines([*lines, *(line for row in rows if not row.counts for line in _check(row, width))], vital)


def _what(arming: Arming, plan: Mapping[str, Any], width: int) -> list[Line]:
    """Return what a plan is to do, where its title does not say it."""
    if not arming.moves_traffic:
        return list(wrap(f"what: {plan.get('says') or 'UNKNOWN'}", width - 1, Role.STRONG, indent=" "))
    if plan.get("kind") == "failback":
        return list(wrap(back_words(plan), width - 1, Role.STRONG, indent=" "))
    if plan.get("accepts_overload"):
        words = "AN OVERLOAD IS ACCEPTED: whoever gains is given more than it is known to bear"
        return list(wrap(words, width - 1, Role.CRITICAL, indent=" "))
    return []


def is_refused(arming: Arming) -> bool:
    """Whether what is shown is a plan that may not be carried out."""
    return bool(_why(arming))


def _why(arming: Arming) -> tuple[str, ...]:
    """Return why it may not be carried out; nothing of what was carried out, whatever its plan says."""
    if arming.action is not None and arming.action.outcome != Outcome.REFUSED:
        return ()
    return tuple(dict.fromkeys((*arming.refused, *stopped_by(arming.plan or {}))))


def _refused(plan: Mapping[str, object], why: tuple[str, ...], width: int) -> list[Line]:
    """Say that it is refused, and what of the reasons no check says: the checks come next."""
    if not why:
        return []
    checked = {*stopped_by(plan)}
    others = [each for each in why if each not in checked] or ["nothing is done, because of what stops it:"]
    return [line for each in others for line in wrap(f"REFUSED: {each}", width - 1, Role.CRITICAL, indent=" ")]


def _holds(arming: Arming, plan: Mapping[str, object], now: datetime, width: int) -> list[Line]:
    """Say of which instant the plan is, and how long it holds while it waits for its confirmation."""
    if not plan:
        return []
    since = (f" {as_of(plan)}", Role.MUTED)
    if not arming.open_plan or arming.stage is Stage.SECOND or arming.expires_at is None:
        return [crop((since,), width)]
    left = arming.expires_at - now
    role = Role.CRITICAL if left <= timedelta(seconds=10) else Role.ACCENT
    text = f"this plan expires in {duration(left)}" if left > timedelta(0) else "THIS PLAN EXPIRED: ask again"
    return [crop((since, (" · ", Role.MUTED), (text, role)), width)]


def _check(row: Row, width: int) -> list[Line]:
    glyph, role = _WORDS.get(row.word, ("◇", Role.UNKNOWN))
    head: Line = ((f" {glyph} {row.word:<7} ", role),)
    indent = 11
    wrapped = wrap(row.text, max(width - indent - 1, 10))
    return [(*(head if i == 0 else ((" " * indent, Role.TEXT),)), *line) for i, line in enumerate(wrapped)]


def _shares(plan: Mapping[str, object], width: int, *, refused: bool) -> list[Line]:
    """Say what each place has and will have, and what room is left then; of a refused plan what is live."""
    before, after = _shares_of(plan, "before"), _shares_of(plan, "after")
    found = plan.get("rooms")
    rooms = (
        {str(each.get("provider")): each for each in found if isinstance(each, dict)} if isinstance(found, list) else {}
    )
    lines: list[Line] = []
    longest = max((len(name) for name in before), default=0)
    for name in before:
        now, then = before[name], after.get(name, before[name])
        bars = "█" * round(then * _BARS / 100) if width >= 100 else ""
        words = f"{now:>3} % live " if refused else f"{now:>3} % → {then:>3} % "
        head = (f" {name:<{longest}} {words}", Role.STRONG if now != then else Role.TEXT)
        bar = (fit(bars, _BARS + 1) if width >= 100 else "", Role.CHART)
        lines.append(crop((head, bar, _headroom(plan, rooms.get(name.partition("/")[0]))), width))
    if not lines:
        lines.append(((" the live shares are UNKNOWN", Role.UNKNOWN),))
    return lines


def _headroom(plan: Mapping[str, object], room: Mapping[str, object] | None) -> tuple[str, Role]:
    if room is not None and room_is_useless(plan, room):
        return (" –", Role.MUTED)
    cap, spare = (room or {}).get("cap"), (room or {}).get("spare")
    if not isinstance(spare, int | float) or not isinstance(cap, int):
        return (" room UNKNOWN", Role.UNKNOWN)
    if spare < 0:
        return (f" cap {cap} %: {figure(-spare)} requests/s TOO MANY at the peak", Role.CRITICAL)
    return (f" cap {cap} %, {figure(spare)} requests/s spare at the peak", Role.MUTED)


def _times(arming: Arming, plan: Mapping[str, object], now: datetime, width: int) -> list[Line]:
    """Say when it counts and how it is undone, as the commands do: of what was begun what was measured."""
    action = arming.action if arming.stage is Stage.FOLLOW else None
    if action is not None and action.outcome in NEVER_MADE:
        return wrap("nothing of it is live: there is nothing to undo", width - 1, Role.MUTED, indent=" ")
    if action is not None and action.steps:
        lines = _measured(action, plan.get("ttl_seconds"), now, width)
    else:
        lines = wrap(f"accepted: {accepted_words()}", width - 1, indent=" ")
        lines += wrap(f"moved: {moved_words(plan)}", width - 1, indent=" ")
    undone = action is not None and action.outcome == Outcome.UNDONE
    undo = "it was taken back: what is live is what was before" if undone else f"undo: {undo_words(plan)}"
    return [*lines, *wrap(undo, width - 1, Role.MUTED, indent=" ")]


def _measured(action: ActionIs, ttl: object, now: datetime, width: int) -> list[Line]:
    """Say of what was begun when it was accepted, and until when customers move: no estimate any more."""
    times = moved(action.confirmed_at, action.steps, timedelta(seconds=ttl) if isinstance(ttl, int | float) else None)
    if times.accepted_at is None:
        return wrap("not accepted yet, as far as is known", width - 1, Role.DEGRADED, indent=" ")
    lines = wrap(times.accepted_words(), width - 1, indent=" ")
    return [*lines, *wrap(times.moved_words(now), width - 1, indent=" ")]


def _shares_of(plan: Mapping[str, object], key: str) -> dict[str, int]:
    found = plan.get(key)
    if not isinstance(found, dict):
        return {}
    return {str(name): share for name, share in found.items() if isinstance(share, int)}
