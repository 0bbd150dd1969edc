"""What may be, of actions that change shares: judged from what was said to it and what landed, by nothing of wedtui's.

It knows each plan that was put before a person, each right word for one, and each change that reached the records.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

from tests.actions.world import Landed
from wedtui.core.actions import Action, ActionState, Outcome, StepState
from wedtui.core.traffic import parse_place

Shares = Mapping[object, int]
NOTHING_LEFT = {Outcome.REFUSED, Outcome.CANCELLED, Outcome.EXPIRED, Outcome.FAILED}
AT_WORK = {ActionState.CONFIRMED, ActionState.CLAIMED}


@dataclass
class Model:
    """Grows with what is said and what lands; `problems` says what of it may not be."""

    words: dict[int, set[str]] = field(default_factory=lambda: defaultdict(set))
    """Action -> digests of the plans for which the right person said the right word in time."""
    kept: dict[int, Action] = field(default_factory=dict)
    """As they were when they were looked at last."""

    def problems(self, stored: Sequence[Action], landed: Sequence[Landed]) -> Iterator[str]:
        """Say what may not be, and remember how it stands."""
        at_work = [action.id for action in stored if action.state in AT_WORK]
        if len(at_work) > 1:
            yield f"actions {at_work} change the same thing at once"
        for action in stored:
            before = self.kept.get(action.id)
            if before is not None and before.state is ActionState.ENDED and not _grew(before, action):
                yield f"{action} had ended, as {before}"
            yield from _looked(action)
            if before is not None and list(before.steps[:-1]) != list(action.steps[: max(0, len(before.steps) - 1)]):
                yield f"{action} tells another story than {before}"
            if action.confirmed_by is not None and action.digest not in self.words[action.id]:
                yield f"{action} was confirmed, and nobody said so"
            if action.outcome is Outcome.SUPERSEDED and not any(_took_over(each, action) for each in stored):
                yield f"{action} was superseded, and nobody confirmed what began in its place"
            mine = [each for each in landed if each.action == action.id]
            yield from _made(action, mine)
            self.kept[action.id] = action


def _grew(before: Action, after: Action) -> bool:
    """Whether an action that ended is as it was, but for what is seen of its customers; that is never taken back."""
    steps = [step for step in before.steps if step.name == "customers"]
    if steps and steps[0].ended_at is not None:
        return before == after
    without = [[step for step in each.steps if step.name != "customers"] for each in (before, after)]
    same = replace(before, steps=()) == replace(after, steps=()) and without[0] == without[1]
    return same and len(after.steps) >= len(before.steps)


def _looked(action: Action) -> Iterator[str]:
    """Say what may not be of looking for the customers of a change."""
    looks = [step for step in action.steps if step.name == "customers"]
    if not looks:
        return
    if len(looks) > 1 or action.steps[-1] is not looks[0]:
        yield f"{action}: customers are looked for, and that is not its last step"
    # Of a change that another took the place of nobody sees the customers: its look ends with it.
    cut_short = action.outcome is Outcome.SUPERSEDED and looks[0].state is StepState.FAILED
    if action.outcome is not Outcome.VERIFIED and not (cut_short and looks[0].ended_at == action.ended_at):
        yield f"{action}: customers are looked for of a change that was not verified"
    synced = [step.ended_at for step in action.steps if step.name == "in sync" and step.state is StepState.DONE]
    ttl = timedelta(seconds=json.loads(action.plan)["change"]["ttl_s"])
    early = not synced or synced[-1] is None or (looks[0].ended_at or looks[0].intended_at) < synced[-1] + ttl
    if looks[0].state is StepState.DONE and early:
        yield f"{action}: customers were seen to have moved before they can have"


def _took_over(action: Action, ended: Action) -> bool:
    """Whether a person confirmed a failover at the instant at which another action ended."""
    at_once = action.id != ended.id and action.confirmed_at == ended.ended_at
    return at_once and action.kind == "failover" and not action.automatic and action.confirmed_by == action.person


def _made(action: Action, mine: Sequence[Landed]) -> Iterator[str]:
    """Say what may not be of what landed on behalf of an action."""
    if not mine:
        if action.outcome in {Outcome.VERIFIED, Outcome.UNDONE, Outcome.SUPERSEDED}:
            yield f"{action}: nothing was made"
        return
    if action.confirmed_by is None:
        yield f"{action}: {mine} was made, and nobody had confirmed it"
        return
    said = json.loads(action.plan)["change"]
    after, before = (_places(said[name]) for name in ("after", "before"))
    expected = [(said["generation"], after), (said["generation"] + 1, before)]
    if [(each.generation, dict(each.shares)) for each in mine] != expected[: len(mine)]:
        yield f"{action}: {mine} was made, and not {expected} in this order, each at most once"
    if len(mine) == 2 and not any(step.undoes for step in action.steps):
        yield f"{action}: it was taken back, and nothing says so"
    if action.outcome in {Outcome.VERIFIED, Outcome.SUPERSEDED} and len(mine) != 1:
        yield f"{action}: {mine} was made of it"
    if action.outcome is Outcome.UNDONE and len(mine) != 2:
        yield f"{action}: {mine} was made of it, and no more"
    if action.outcome in NOTHING_LEFT:
        yield f"{action}: {mine} is left of it"


def _places(named: Mapping[str, int]) -> dict[object, int]:
    return {parse_place(name): share for name, share in named.items()}
