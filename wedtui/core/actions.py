"""What an emergency action goes through, from the request to its end: every legal move, and nothing else.

A move takes the action as it is stored and an instant, and returns it as it is to be stored, before anything is done
outside that follows from it. A move that is not legal raises `IllegalMoveError`, and nothing changes. Once: intent is
stored before the outside call; a step whose outcome is not known stops everything until somebody looked at what is.
Source: DESIGN, laws 5 to 7 ("Check again at the moment of mutation", "Once", "A person sees what they confirm").
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from wedtui.core.evidence import FUTURE_TOLERANCE
from wedtui.core.life import is_over
from wedtui.core.roles import Demand

PLANNED_WITHIN = timedelta(seconds=60)
"""So long after the request nobody makes a plan for it any more: who was about to is gone."""
LEASE = timedelta(seconds=10)
"""How long whoever works on an action holds it without renewing that; then another may take it over."""
MADE_WORSE = "it made things worse"
"""How the detail begins of a look that found that what was done made things worse."""
LEFT = "not seen to its end"
"""How the detail begins of a look that was given up: it says nothing of what was looked at."""


class IllegalMoveError(Exception):
    """The action is not in a state in which that may be done: a sentence for the person who asked."""


class ActionState(StrEnum):
    """How far an action is."""

    REQUESTED = "requested"
    AWAITING = "awaiting confirmation"
    CONFIRMED = "confirmed"
    """It may be claimed until its deadline, and never later."""
    CLAIMED = "claimed"
    HANDED_OVER = "handed over"
    """What was done is not known, or cannot go on by itself: a person has to look."""
    ENDED = "ended"


_UNENDED = (ActionState.REQUESTED, ActionState.AWAITING, ActionState.CONFIRMED, ActionState.CLAIMED)


class Outcome(StrEnum):
    """How an action ended."""

    REFUSED = "refused"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"
    """The service took back what it had asked for: the reason is gone."""
    FAILED = "failed"
    """Nothing that it did is left."""
    VERIFIED = "verified"
    UNDONE = "undone"
    SETTLED = "settled"
    """A person looked at it and said how it stands."""
    SUPERSEDED = "superseded"
    """It was made, and a person's failover began before it was seen whether it helped."""


IN_PLACE = (Outcome.VERIFIED, Outcome.SUPERSEDED)
"""How an action ends whose change is live at its end."""
NEVER_MADE = (Outcome.REFUSED, Outcome.CANCELLED, Outcome.EXPIRED, Outcome.WITHDRAWN, Outcome.FAILED)
"""How an action ends of which nothing is live."""


class StepState(StrEnum):
    """How far one step is."""

    INTENDED = "intended"
    """Stored before the outside call: it may or may not have been made."""
    DONE = "done"
    FAILED = "failed"
    """The outside said no, and nothing was changed."""
    UNKNOWN = "unknown"
    """The outside call was made, and whether it took is not known."""


@dataclass(frozen=True, slots=True)
class Step:
    """One outside call, or one look at what it did."""

    name: str
    state: StepState
    intended_at: datetime
    ended_at: datetime | None = None
    changes: bool = False
    """Whether it changes anything outside."""
    undoes: bool = False
    """Whether it takes back what a step before it changed."""
    detail: str = ""
    """Canonical JSON of what came of it: an id to ask for, what was answered."""


@dataclass(frozen=True, slots=True)
class Action:
    """One action, as it is stored."""

    kind: str
    """Its name in the registry, such as `failover`."""
    target: str
    """What the person has to type."""
    resource: str
    """What it changes, such as `traffic`: only one action at a time works on that."""
    person: str
    """Who asked: by the kernel, not by what the request says. `service NAME` where no person did."""
    reason: str
    requested_at: datetime
    state: ActionState = ActionState.REQUESTED
    outcome: Outcome | None = None
    plan: str = ""
    """Canonical JSON of exactly what is submitted, and of what was shown."""
    digest: str = ""
    """Of the plan: a confirmation names it, and holds for no other."""
    expires_at: datetime | None = None
    """Until when the plan may be confirmed."""
    needs: frozenset[Demand] = frozenset()
    """What is still missing beside the confirmation."""
    confirmed_by: str | None = None
    """Who gave their word for the plan; while it awaits its confirmation, a second person's word is still missing."""
    confirmed_at: datetime | None = None
    """When the last word that it takes was given."""
    deadline: datetime | None = None
    """Until when a confirmed one may be begun; later it needs a new confirmation."""
    holder: str | None = None
    """The life of the service that works on it (`Life.name`)."""
    fence: int = 0
    """Grows with each claim: what is stored under an older number is refused."""
    lease_until: datetime | None = None
    cancelled_by: str | None = None
    """Who asked that no further step be begun."""
    steps: tuple[Step, ...] = ()
    ended_at: datetime | None = None
    sentence: str = ""
    """What the person is told about how it stands."""
    approved_by: str | None = None
    """The second person, who saw the same plan."""
    approved_at: datetime | None = None
    broke_glass: str | None = None
    """Why it was confirmed without the second person who was demanded; None where that was not so."""
    reviewed_by: str | None = None
    """Who looked at that afterwards: never who did it."""
    reviewed_at: datetime | None = None
    review: str | None = None
    """What they found."""
    automatic: bool = False
    """Whether the service asked for it by itself: whoever may do it may confirm it."""
    countdown_since: datetime | None = None
    """Since when the service counts down to confirming it by itself; None where it does not."""
    id: int = 0

    @property
    def open_step(self) -> Step | None:
        """The step of which nobody knows yet what came of it."""
        last = self.steps[-1] if self.steps else None
        return last if last is not None and last.state in {StepState.INTENDED, StepState.UNKNOWN} else None

    @property
    def begun(self) -> bool:
        """Whether anything outside was changed, or may have been: a step that failed changed nothing."""
        return any(step.state is not StepState.FAILED for step in self.steps)

    @property
    def by_a_person(self) -> bool:
        """Whether the service proposed it and a person gave their word for it."""
        return self.automatic and self.confirmed_by is not None and self.confirmed_by != self.person

    @property
    def unreviewed(self) -> bool:
        """Whether the glass was broken, and another person has yet to look at it."""
        return self.broke_glass is not None and self.reviewed_by is None

    @property
    def in_effect(self) -> bool:
        """Whether anything that it changed outside is, or may be, as it left it."""
        for step in reversed(self.steps):
            if step.state is StepState.FAILED or not (step.changes or step.undoes):
                continue
            return not (step.undoes and step.state is StepState.DONE)
        return False

    def held(self, now: datetime, by: str = "") -> bool:
        """Whether somebody works on it at an instant of the database's clock, as far as the life that asks can know.

        A claim that would hold for much longer than one does was made before that clock went back.
        """
        if self.state is not ActionState.CLAIMED or self.lease_until is None or is_over(self.holder, by):
            return False
        return now < self.lease_until <= now + 2 * LEASE

    def expired(self, now: datetime) -> bool:
        """Whether it was not planned, confirmed or begun in time, and may not be any more.

        Where the database's clock went back behind the request or the confirmation, how long ago that was is not
        known any more: then too.
        """
        if self.begun:
            return False
        if self.state in {ActionState.REQUESTED, ActionState.AWAITING}:
            since = self.requested_at
            last = self.expires_at if self.state is ActionState.AWAITING else since + PLANNED_WITHIN
        elif self.state in {ActionState.CONFIRMED, ActionState.CLAIMED}:
            return _late(self, now)
        else:
            return False
        return last is None or now >= last or since - now > FUTURE_TOLERANCE


def refuse(action: Action, sentence: str, at: datetime, plan: str = "") -> Action:
    """End a request that may not be done, or whose plan may not be done any more.

    Args:
        action: a request, or one that awaits its confirmation.
        sentence: why.
        at: an aware instant.
        plan: canonical JSON of the plan that was refused, with its evidence; the last one stays where there is none.
    """
    expect(action, "refused", ActionState.REQUESTED, ActionState.AWAITING)
    return replace(_end(action, Outcome.REFUSED, sentence, at), plan=plan or action.plan)


def lapse(action: Action, fence: int, sentence: str, at: datetime, plan: str = "") -> Action:
    """End a confirmed action whose plan no longer holds when it is to be begun.

    Args:
        action: one that is claimed, and of which nothing is in effect.
        fence: the number of the claim.
        sentence: why.
        at: an aware instant.
        plan: canonical JSON of the plan as it would be now, with its evidence.
    """
    _closed(action, fence)
    if action.in_effect:
        raise IllegalMoveError("it was begun already")
    return replace(_end(action, Outcome.REFUSED, sentence, at), plan=plan or action.plan)


def withdraw(action: Action, sentence: str, at: datetime) -> Action:
    """End what the service asked for by itself and nobody confirmed: the reason is gone."""
    expect(action, "withdrawn", ActionState.REQUESTED, ActionState.AWAITING)
    if not action.automatic:
        raise IllegalMoveError(f"{action.person} asked for it, and the service does not take that back")
    return _end(action, Outcome.WITHDRAWN, sentence, at)


def propose(
    action: Action,
    plan: str,
    digest: str,
    expires_at: datetime,
    needs: frozenset[Demand],
    *,
    countdown_since: datetime | None = None,
) -> Action:
    """Put a plan before a person; one that is there already is replaced, and what was confirmed of it is worth nothing.

    Args:
        action: a request, or one that awaits its confirmation.
        plan: canonical JSON.
        digest: of what decides in it.
        expires_at: until when it may be confirmed.
        needs: what it takes beside the confirmation.
        countdown_since: since when the service counts down to confirming it by itself.
    """
    expect(action, "planned", ActionState.REQUESTED, ActionState.AWAITING)
    return replace(
        action,
        state=ActionState.AWAITING,
        plan=plan,
        digest=digest,
        expires_at=expires_at,
        needs=frozenset(needs),
        confirmed_by=None,
        confirmed_at=None,
        approved_by=None,
        approved_at=None,
        countdown_since=countdown_since,
    )


def expire(action: Action, at: datetime) -> Action:
    """End what was not planned, not confirmed, or not begun, in time."""
    expect(action, "ended as expired", *_UNENDED)
    if not action.expired(at):
        raise IllegalMoveError("it has not expired")
    awaits = "confirmed" if action.confirmed_by is None else "approved by a second person"
    what = {ActionState.REQUESTED: "planned", ActionState.AWAITING: awaits}.get(action.state, "begun")
    said = action.sentence or (action.steps[-1].detail if action.steps else "")
    why = f" ({said})" if said else ""
    return _end(action, Outcome.EXPIRED, f"it was not {what} in time{why}, and nothing was done: ask again", at)


def cancel(action: Action, person: str, at: datetime) -> Action:
    """End what was not begun; of what was, no further step is begun, and what was done stays to be looked at."""
    expect(action, "cancelled", *_UNENDED)
    if action.steps and action.state is ActionState.CLAIMED:
        return replace(action, cancelled_by=person)
    return replace(_end(action, Outcome.CANCELLED, f"cancelled by {person}: nothing was done", at), cancelled_by=person)


def claim(action: Action, holder: str, at: datetime) -> Action:
    """Begin to work on it, or go on where somebody else stopped; by the database's clock.

    What was begun is taken over however late it is: it has to be looked at. What was not is never begun late.
    """
    expect(action, "claimed", ActionState.CONFIRMED, ActionState.CLAIMED)
    if action.held(at, holder):
        raise IllegalMoveError("another service works on it")
    if action.expired(at):
        raise IllegalMoveError("it is too late to begin it: it needs a new confirmation")
    until, fence = at + LEASE, action.fence + 1
    return replace(action, state=ActionState.CLAIMED, holder=holder, fence=fence, lease_until=until, sentence="")


def wait(action: Action, fence: int, sentence: str) -> Action:
    """Put down what cannot be begun at the moment: it may be claimed again until its deadline, and never later.

    Also where it was tried and refused, as long as nothing was changed, nor may have been.
    """
    _holds(action, fence)
    if action.begun:
        raise IllegalMoveError("it was begun already")
    return replace(action, state=ActionState.CONFIRMED, sentence=sentence, holder=None, lease_until=None)


def renew(action: Action, fence: int, at: datetime) -> Action:
    """Go on holding it."""
    _holds(action, fence)
    return replace(action, lease_until=at + LEASE)


def intend(action: Action, fence: int, step: Step, at: datetime) -> Action:
    """Note that a step is about to be made: nothing outside is done before this is stored.

    Args:
        action: one that is claimed.
        fence: the number of the claim.
        step: the step; its state and instants are set here.
        at: an aware instant.
    """
    _holds(action, fence)
    if action.open_step is not None:
        raise IllegalMoveError(f'what came of "{action.open_step.name}" is not known yet')
    if action.cancelled_by is not None and not step.undoes:
        raise IllegalMoveError(f"{action.cancelled_by} cancelled it")
    if step.undoes and (not action.in_effect or any(each.undoes for each in action.steps)):
        raise IllegalMoveError("there is nothing to undo, or it was tried already")
    if step.changes and any(each.undoes for each in action.steps):
        raise IllegalMoveError("it was undone: what changes anything again needs a new request")
    begins = not action.steps or (step.changes and not action.in_effect)
    if begins and _late(action, at):
        raise IllegalMoveError("it is too late to begin it: it needs a new confirmation")
    made = replace(step, state=StepState.INTENDED, intended_at=at, ended_at=None)
    return replace(action, steps=(*action.steps, made))


def conclude(action: Action, fence: int, state: StepState, detail: str, at: datetime) -> Action:
    """Note what came of the step that is open; UNKNOWN leaves it open."""
    _holds(action, fence)
    step = action.open_step
    if step is None or state is StepState.INTENDED:
        raise IllegalMoveError("no step is open")
    ended = replace(step, state=state, detail=detail, ended_at=None if state is StepState.UNKNOWN else at)
    return replace(action, steps=(*action.steps[:-1], ended))


def verify(action: Action, fence: int, sentence: str, at: datetime) -> Action:
    """End what was done and seen to be so."""
    _closed(action, fence)
    if not action.in_effect or action.steps[-1].state is not StepState.DONE:
        raise IllegalMoveError("not everything was done: there is nothing to verify")
    return _end(action, Outcome.VERIFIED, sentence, at)


def undo(action: Action, fence: int, sentence: str, at: datetime) -> Action:
    """End what was done and taken back."""
    _closed(action, fence)
    if action.in_effect or not any(step.undoes for step in action.steps):
        raise IllegalMoveError("it was not undone")
    return _end(action, Outcome.UNDONE, sentence, at)


def fail(action: Action, fence: int, sentence: str, at: datetime) -> Action:
    """End what could not be done, and of which nothing is left."""
    _closed(action, fence)
    if action.in_effect:
        raise IllegalMoveError("what it changed is still in effect: it has to be undone, or handed over")
    cancelled = action.cancelled_by is not None
    return _end(action, Outcome.CANCELLED if cancelled else Outcome.FAILED, sentence, at)


def hand_over(action: Action, fence: int, sentence: str) -> Action:
    """Leave it to a person, with everything that is known."""
    _holds(action, fence)
    return replace(action, state=ActionState.HANDED_OVER, sentence=sentence, holder=None, lease_until=None)


def supersede(action: Action, by: int, at: datetime) -> Action:
    """End what was made and is only being looked at, because another action changes the same thing anew.

    Args:
        action: one that is claimed, whose change was made, and which nobody takes back.
        by: the number of the other action.
        at: an aware instant.

    Raises:
        IllegalMoveError: it may be changing something, or made things worse, or that is not known.
    """
    expect(action, "superseded", ActionState.CLAIMED)
    changing = [step for step in action.steps if step.changes]
    if not changing or changing[-1].state is not StepState.DONE:
        raise IllegalMoveError("what it changes was not made, or that is not known")
    if any(step.undoes for step in action.steps):
        raise IllegalMoveError("it is being taken back")
    if any(step.state is StepState.FAILED and step.detail.startswith(MADE_WORSE) for step in action.steps):
        raise IllegalMoveError("it made things worse")
    if action.open_step is not None:
        action = conclude(action, action.fence, StepState.FAILED, f"{LEFT}: action {by} began", at)
    said = f"it was accepted; action {by} began before it was seen whether it helped"
    return _end(action, Outcome.SUPERSEDED, said, at)


def settle(action: Action, person: str, sentence: str, at: datetime) -> Action:
    """End what was handed over, by the word of a person who looked."""
    expect(action, "settled", ActionState.HANDED_OVER)
    return _end(action, Outcome.SETTLED, f"{person}: {sentence}", at)


def expect(action: Action, what: str, *states: ActionState) -> None:
    """Refuse a move of an action in another state than these; `what` cannot be done, in a word for the person."""
    if action.state in states:
        return
    how = f"{action.state} ({action.outcome})" if action.outcome is not None else f"{action.state}"
    raise IllegalMoveError(f"it is {how}, and cannot be {what}")


def _holds(action: Action, fence: int) -> None:
    expect(action, "worked on", ActionState.CLAIMED)
    if fence != action.fence:
        raise IllegalMoveError("another service has taken it over")


def _late(action: Action, at: datetime) -> bool:
    """Whether what changes anything may not be begun any more; also where the clock went back since the word for it."""
    if action.deadline is None or action.confirmed_at is None:
        return True
    return at >= action.deadline or action.confirmed_at - at > FUTURE_TOLERANCE


def _closed(action: Action, fence: int) -> None:
    _holds(action, fence)
    if action.open_step is not None:
        raise IllegalMoveError(f'what came of "{action.open_step.name}" is not known yet')


def _end(action: Action, outcome: Outcome, sentence: str, at: datetime) -> Action:
    return replace(
        action,
        state=ActionState.ENDED,
        outcome=outcome,
        sentence=sentence,
        ended_at=at,
        holder=None,
        lease_until=None,
    )
