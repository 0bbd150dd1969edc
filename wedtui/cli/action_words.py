"""An action as lines of text, from what the service answers: its state, its steps with durations, and how it ended."""

from __future__ import annotations

import textwrap
from datetime import UTC, datetime, timedelta
from enum import IntEnum
from typing import TYPE_CHECKING

from wedtui.core.actions import ActionState, Outcome, StepState
from wedtui.core.customers import CUSTOMERS, Moved, moved
from wedtui.core.override import TRAFFIC
from wedtui.core.panel_text import lines_of
from wedtui.core.plan_lines import WIDTH
from wedtui.core.plan_words import clock
from wedtui.core.step_words import interrupted, reason_of, state_of, waiting
from wedtui.core.text import single_line
from wedtui.core.wording import age

if TYPE_CHECKING:
    from wedtui.control.answers import ActionIs, StepIs


class Ends(IntEnum):
    """Exit codes of `run`, and of `actions show --follow`; others are those of every command."""

    VERIFIED = 0
    REFUSED = 1
    NOT_CONFIRMED = 3
    CHANGED = 4
    GOES_ON = 5
    HANDED_OVER = 6
    FAILED = 7
    UNDONE = 8
    NOT_BEGUN = 9
    SUPERSEDED = 22


_OUTCOMES = {
    Outcome.VERIFIED: Ends.VERIFIED,
    Outcome.REFUSED: Ends.REFUSED,
    Outcome.SETTLED: Ends.HANDED_OVER,
    Outcome.FAILED: Ends.FAILED,
    Outcome.UNDONE: Ends.UNDONE,
    Outcome.SUPERSEDED: Ends.SUPERSEDED,
    Outcome.CANCELLED: Ends.NOT_BEGUN,
    Outcome.EXPIRED: Ends.NOT_BEGUN,
    Outcome.WITHDRAWN: Ends.NOT_BEGUN,
}
_AFTER = {
    Ends.VERIFIED: "VERIFIED",
    Ends.REFUSED: "REFUSED: nothing was done",
    Ends.FAILED: "FAILED: nothing that it did is left",
    Ends.UNDONE: "UNDONE: it is as it was before",
}
_MADE = {Ends.VERIFIED, Ends.SUPERSEDED}
_DONE_WORDS = {StepState.DONE: "done", StepState.FAILED: "FAILED", StepState.UNKNOWN: "UNKNOWN"}


def over(action: ActionIs) -> bool:
    """Whether nothing more comes of it by itself: it ended, or a person has to look."""
    return action.state in {ActionState.ENDED, ActionState.HANDED_OVER}


def end_of(action: ActionIs) -> Ends:
    """Return the exit code that an action stands for as it is.

    One of an outcome that this version does not know is a person's to look at.
    """
    if action.state == ActionState.HANDED_OVER:
        return Ends.HANDED_OVER
    if action.state != ActionState.ENDED:
        return Ends.GOES_ON
    return next((end for outcome, end in _OUTCOMES.items() if outcome == action.outcome), Ends.HANDED_OVER)


def action_row(action: ActionIs, now: datetime) -> str:
    """Return one line of a list: number, what, how it stands, since when, who and why."""
    what = what_words(action)
    asked = f"{age(action.requested_at, now)} ago by {who_words(action)}"
    return f"{action.id:>4}  {what:<20}  {state_words(action):<21}  {asked}: {_said(action.reason)}"


def who_words(action: ActionIs) -> str:
    """Return who asked, and of what the service proposed whose word it was."""
    by = action.confirmed_by
    said = f", confirmed by {_said(by)}" if action.automatic and by is not None and by != action.person else ""
    return f"{_said(action.person)}{said}"


def what_words(action: ActionIs) -> str:
    """Return what it does: of a failback, whose target is the word that is typed, that once."""
    kind, target = _said(action.kind), _said(action.target)
    return kind if kind == target else f"{kind} {target}"


def state_words(action: ActionIs) -> str:
    """Return in a few words how it stands."""
    if action.state == ActionState.HANDED_OVER:
        return "HANDED OVER"
    if action.state == ActionState.CLAIMED:
        return "running" if action.cancelled_by is None else "running, cancelled"
    return _said(action.outcome if action.state == ActionState.ENDED else action.state)


def action_lines(action: ActionIs, now: datetime, *, with_plan: bool = True, drill: bool = False) -> list[str]:
    """Return an action in full.

    Args:
        action: as the service answers.
        now: an aware instant; ages are counted up to it.
        with_plan: whether its plan is said as well.
        drill: whether its world is a made-up one.
    """
    asked = f"asked for {_stamp(action.requested_at)} ({age(action.requested_at, now)} ago) by {_said(action.person)}"
    lines = [
        f"action {action.id}: {what_words(action)}, {state_words(action)}",
        *_wrapped(f"{asked}: {_said(action.reason)}"),
    ]
    if action.confirmed_at is not None:
        lines.append(f"confirmed {_stamp(action.confirmed_at)} by {_said(action.confirmed_by)}")
    if action.approved_at is not None:
        lines.append(f"approved {_stamp(action.approved_at)} by {_said(action.approved_by)}, the second person")
    if action.broke_glass is not None:
        lines += _wrapped(f"BROKE THE GLASS, without the second person who is demanded: {_said(action.broke_glass)}")
        if action.reviewed_at is None:
            lines.append(f"not reviewed yet: another person does, with `wedtui actions review {action.id}`")
        else:
            found = f"reviewed {_stamp(action.reviewed_at)} by {_said(action.reviewed_by)}: {_said(action.review)}"
            lines += _wrapped(found)
    if action.cancelled_by is not None:
        lines.append(f"cancelled by {_said(action.cancelled_by)}")
    if action.needs:
        lines += _wrapped(f"still needs: {', '.join(_said(each) for each in action.needs)}")
    if with_plan:
        waiting = action.state == ActionState.AWAITING
        kept = ["its plan is not kept"]
        lines += ["", *(kept if action.plan is None else lines_of(action.plan, now, open_plan=waiting, drill=drill))]
    if action.steps:
        lines += ["", *(step_line(step, now, interrupted(action.steps, n)) for n, step in enumerate(action.steps))]
    return [*lines, "", *outcome_lines(action, now)]


def step_line(step: StepIs, now: datetime, again: str | None = None) -> str:
    """Return one step with its duration, in one line; `again` says that it was interrupted, and another try follows."""
    name = f"{_said(step.name)}{' (takes it back)' if step.undoes else ''}"
    # How long was looked whether customers moved is not how long they took, which stands with the outcome.
    only_looked = step.name == CUSTOMERS and step.ended_at is not None
    took = f"{'' if only_looked else seconds((step.ended_at or now) - step.intended_at):>8}"
    if step.ended_at is None and step.state != StepState.UNKNOWN:
        return f"{clock(step.intended_at)}  {name:<14} {took}  running"
    if again is not None:
        return f"{clock(step.intended_at)}  {name:<14} {took}  {again}"
    result = next((words for state, words in _DONE_WORDS.items() if state == step.state), "UNKNOWN")
    result = state_of(step) if state_of(step) != step.state else result
    reason = reason_of(step)
    why = "" if step.state == StepState.DONE or not reason else f": {single_line(reason, 200)}"
    return f"{clock(step.intended_at)}  {name:<14} {took}  {result}{why}"


def seconds(span: timedelta) -> str:
    """Return a duration to a tenth of a second; one that a clock turned around is none."""
    return f"{max(span.total_seconds(), 0.0):.1f} s"


def outcome_lines(action: ActionIs, now: datetime) -> list[str]:
    """Return how it stands, the two times, and what a person does next."""
    end = end_of(action)
    if end is Ends.GOES_ON:
        if action.state == ActionState.AWAITING:
            if action.confirmed_by is None:
                whose = "whoever may do it: the service proposes it" if action.automatic else _said(action.person)
                return [f"it awaits its confirmation by {whose}, and nothing was done"]
            return [
                f"{_said(action.confirmed_by)} confirmed it; it waits for a second person, and nothing was done:",
                f"  `wedtui actions approve {action.id}`",
            ]
        waits = _wrapped(waiting(action.state, action.deadline, _said(action.sentence) if action.sentence else ""))
        return [*waits, f"it goes on in the service: `wedtui actions show {action.id} --follow`"]
    if end is Ends.HANDED_OVER:
        return _handed_over(action)
    head = _AFTER.get(end) or f"{str(action.outcome or '').upper()}"
    times = _times(action, now) if end in _MADE and _moves(action) else []
    return [*_wrapped(f"{head}: {_said(action.sentence)}"), *times]


def _moves(action: ActionIs) -> bool:
    return action.resource.partition(":")[0] == TRAFFIC


def _handed_over(action: ActionIs) -> list[str]:
    if action.state == ActionState.ENDED:
        return _wrapped(f"{str(action.outcome).upper()}: {_said(action.sentence)}")
    shares = _moves(action)
    return [
        *_wrapped(f"HANDED OVER, a person has to look: {_said(action.sentence)}"),
        *(["  1. `wedtui traffic show --sample 100` says what is live and what customers are told"] if shares else []),
        f'  {2 if shares else 1}. `wedtui actions settle {action.id} --sentence "HOW IT STANDS"` ends it',
    ]


def _times(action: ActionIs, now: datetime) -> list[str]:
    """Return when it was accepted, and until when customers move, or when they were seen to have."""
    times = times_of(action)
    later = [f"  `wedtui actions show {action.id}` says when they were seen to have"] if times.is_open(now) else []
    return [times.accepted_words(), *_wrapped(times.moved_words(now)), *later]


def times_of(action: ActionIs) -> Moved:
    """Return the times of an action."""
    ttl = (action.plan or {}).get("ttl_seconds")
    known = timedelta(seconds=ttl) if isinstance(ttl, int | float) else None
    return moved(action.confirmed_at, action.steps, known)


def _stamp(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def _said(value: object) -> str:
    return single_line(str(value), 300)


def _wrapped(words: str) -> list[str]:
    return textwrap.wrap(words, WIDTH, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False)
