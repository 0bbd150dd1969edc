"""What was under way when the service fell silent, by the copy in the cache: to be read before anything by hand.

A service that comes back goes on with what it finds: whoever changes the records by hand has to know what that is.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

from wedtui.core.action_document import CopiedActions
from wedtui.core.actions import IN_PLACE, Action, ActionState, Step, StepState
from wedtui.core.failover_facts import Kind
from wedtui.core.text import single_line
from wedtui.core.traffic import Place, parse_place
from wedtui.core.wording import age

_OPEN = (ActionState.CONFIRMED, ActionState.CLAIMED, ActionState.HANDED_OVER)
"""What changes, or may have changed, the shares, and has not ended; what nobody confirmed does nothing."""
WARNING = "WARNING: "
"""How a line begins that has to be read before anything is run."""


def left_words(copied: CopiedActions | None, now: datetime) -> tuple[str, ...]:
    """Return what was under way as of the newest copy, with its age, and what that means for whoever acts by hand.

    Args:
        copied: what was copied at the newest move of any action; None where nothing is known.
        now: ages are counted up to it.
    """
    if copied is None:
        return (f"{WARNING}whether an action was under way when the service fell silent is UNKNOWN: look first",)
    as_of = f"as of {_clock(copied.at)} UTC, {age(copied.at, now)} ago"
    found = [each for each in copied.actions if each.kind in set(Kind) and each.state in _OPEN]
    if not found:
        return (f"no change of shares was under way, {as_of}; of what was asked for since nothing is known",)
    return tuple(line for action in found for line in _lines(action, as_of))


def shares_before(copied: CopiedActions | None) -> Mapping[Place, int] | None:
    """Return the shares from before the newest failover, as far as that was copied; None where they are not known."""
    actions = copied.actions if copied is not None else ()
    newest = next((each for each in actions if each.confirmed_at is not None and each.steps), None)
    if newest is None or newest.kind != Kind.FAILOVER or newest.outcome not in IN_PLACE:
        return None
    return _shares(newest, "before")


def _lines(action: Action, as_of: str) -> Iterator[str]:
    who = f"of {single_line(action.confirmed_by or action.person, 100)}"
    what = f"action {action.id} ({action.kind} {single_line(action.target, 100)}, {who})"
    yield f"{WARNING}{what} was under way when the service fell silent: {_at(action)}, {as_of}"
    yield f"{WARNING}{_meaning(action)}"
    if action.state is not ActionState.HANDED_OVER:
        yield f"{WARNING}a service that comes back goes on with it: what you change by hand is not what it expects then"


def _at(action: Action) -> str:
    if action.state is ActionState.HANDED_OVER:
        return "handed over to a person"
    if not action.steps:
        return "confirmed, and nothing begun" if action.state is ActionState.CONFIRMED else "nothing begun"
    last = action.steps[-1]
    ended = f"{last.state} {_clock(last.ended_at)} UTC" if last.ended_at is not None else "not known to have ended"
    return f'at the step "{last.name}", begun {_clock(last.intended_at)} UTC, {ended}'


def _meaning(action: Action) -> str:
    """Return what that means for whoever is about to run anything by hand."""
    if not action.begun:
        until = f" until {_clock(action.deadline)} UTC" if action.deadline is not None else ""
        return f"it had changed nothing; a service that comes back may begin it{until}, and never later"
    last = next(step for step in reversed(action.steps) if step.state is not StepState.FAILED)
    acted = [step for step in action.steps if step.changes or step.undoes]
    after, before = _words(action, "after"), _words(action, "before")
    if last.state is not StepState.DONE and _acts(last):
        was, to = (after, before) if last.undoes else (before, after)
        return f"whether its change was made is UNKNOWN: look first; with {to} it was, with {was} it was not"
    if acted and acted[-1].undoes:
        return f"it was taken back: the shares are {before} as far as is known; look first"
    return f"its change was made: the shares are {after} as far as is known; look first, and do not make it again"


def _acts(step: Step) -> bool:
    return step.changes or step.undoes


def _words(action: Action, name: str) -> str:
    shares = _shares(action, name)
    return "UNKNOWN shares" if shares is None else ", ".join(f"{place} {shares[place]} %" for place in sorted(shares))


def _shares(action: Action, name: str) -> Mapping[Place, int] | None:
    """Return shares of the plan that was shown; None where it has none that can be read."""
    try:
        said = json.loads(action.plan)["plan"][name]
        return {parse_place(place): int(share) for place, share in said.items()} or None
    except (AttributeError, KeyError, TypeError, ValueError):
        return None


def _clock(at: datetime) -> str:
    return f"{at.astimezone(UTC):%H:%M:%S}"
