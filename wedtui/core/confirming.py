"""Whose word it takes to confirm a plan, and of a second person: what is bound to exactly the plan that was shown.

These are moves as those of `core.actions`. Source: DESIGN, law 7 ("A person sees what they confirm") and "Roles".
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import NamedTuple

from wedtui.core.actions import Action, ActionState, IllegalMoveError, expect
from wedtui.core.emergency import EMERGENCIES
from wedtui.core.roles import DEMANDED, Demand

SEND_WITHIN = timedelta(seconds=30)
"""A confirmed change is begun in so long, or needs a new confirmation."""


class Confirmation(NamedTuple):
    """A person's word for a plan."""

    person: str
    """Who confirms, by the kernel; only who asked may, and of what the service asked for anybody who may do it."""
    digest: str
    """Of the plan that was on their screen."""
    typed: str
    """What they typed as its target."""
    at: datetime
    break_glass: str | None = None
    """Why they act without the second person, where they ask to."""


def takes_name(kind: str) -> bool:
    """Whether a plan of this kind is confirmed by its target's name alone; of one that is not known here too."""
    entry = EMERGENCIES.get(kind)
    return entry is None or entry.dangerous


def may_be_second(person: str, asked_by: str, confirmed_by: str | None) -> bool:
    """Whether a person is another one than who asked for an action, and than who confirmed it."""
    return person not in {asked_by, confirmed_by}


def approve(action: Action, word: Confirmation, deadline: datetime) -> Action:
    """Take the word of a second person for exactly the plan that awaits its confirmation by the first.

    Where the first gave theirs already, it is confirmed with that.

    Args:
        action: one that awaits it.
        word: what the second person saw and typed.
        deadline: until when it may be begun, where it is confirmed.
    """
    expect(action, "approved", ActionState.AWAITING)
    _refuse_another_plan(action, word)
    if Demand.SECOND_PERSON not in action.needs:
        raise IllegalMoveError("it needs no second person")
    if not may_be_second(word.person, action.person, action.confirmed_by):
        did = "asked for it" if word.person == action.person else "confirmed it"
        raise IllegalMoveError(f"{word.person} {did}: it takes another person")
    needs = action.needs - {Demand.SECOND_PERSON}
    approved = replace(action, needs=needs, approved_by=word.person, approved_at=word.at)
    if approved.confirmed_by is None or needs:
        return approved
    return replace(approved, state=ActionState.CONFIRMED, confirmed_at=word.at, deadline=deadline)


def confirm(action: Action, word: Confirmation, deadline: datetime) -> Action:
    """Take a person's word for exactly the plan that they saw; where only the second person's is missing, it waits.

    Args:
        action: one that awaits it.
        word: what they saw and typed.
        deadline: until when it may be begun.
    """
    expect(action, "confirmed", ActionState.AWAITING)
    if word.person != action.person and not action.automatic:
        raise IllegalMoveError(f"{action.person} asked for it, and only they may confirm it")
    if word.person == action.approved_by:
        raise IllegalMoveError(f"{word.person} approved it: it takes another person")
    _refuse_another_plan(action, word)
    needs, broke_glass = action.needs, None
    if word.break_glass is not None and Demand.SECOND_PERSON in needs:
        needs, broke_glass = needs - {Demand.SECOND_PERSON}, word.break_glass
    if needs == {Demand.SECOND_PERSON}:
        return replace(action, confirmed_by=word.person, confirmed_at=word.at)
    if needs:
        raise IllegalMoveError(f"it still needs {' and '.join(DEMANDED[each] for each in sorted(needs))}")
    return replace(
        action,
        state=ActionState.CONFIRMED,
        needs=needs,
        confirmed_by=word.person,
        confirmed_at=word.at,
        deadline=deadline,
        broke_glass=broke_glass,
    )


def _refuse_another_plan(action: Action, word: Confirmation) -> None:
    """Refuse a word for a plan that is old or another one, or that was not typed out."""
    if action.expired(word.at):
        raise IllegalMoveError("the plan has expired: look at the new one, and confirm that")
    if word.digest != action.digest:
        raise IllegalMoveError("the plan has changed since it was shown: look at the new one, and confirm that")
    if word.typed != action.target and takes_name(action.kind):
        raise IllegalMoveError(f'"{word.typed}" is not what has to be typed, which is "{action.target}"')


def review(action: Action, person: str, sentence: str, at: datetime) -> Action:
    """Note that another person looked at what was done without a second one; how far the action is does not change."""
    if action.broke_glass is None:
        raise IllegalMoveError("nobody acted without a second person: there is nothing to review")
    if action.reviewed_by is not None:
        raise IllegalMoveError(f"{action.reviewed_by} reviewed it already")
    if person == action.confirmed_by:
        raise IllegalMoveError(f"{person} acted alone: another person reviews it")
    return replace(action, reviewed_by=person, reviewed_at=at, review=sentence)
