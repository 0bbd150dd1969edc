"""A change of shares by a person: its plan is shown, its name typed, and its steps followed to their end.

Nothing is confirmed that was not shown as it is: a plan that changed meanwhile is shown anew, and typed anew.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

import typer

from wedtui.cli.action_words import Ends, end_of, outcome_lines, over, step_line
from wedtui.cli.typing_in import typed
from wedtui.core.actions import ActionState, Outcome, StepState
from wedtui.core.failover_facts import Kind, target_of
from wedtui.core.panel_text import lines_of
from wedtui.core.plan_lines import WIDTH, recap
from wedtui.core.roles import Demand
from wedtui.core.step_words import interrupted, waiting
from wedtui.core.text import single_line
from wedtui.errors import ConflictError, NotServedError, ServiceError, ThrottledError, WedtuiError

if TYPE_CHECKING:
    from wedtui.cli.common import Session
    from wedtui.control.answers import ActionIs, PlanIs
    from wedtui.control.client import Aside, ControlClient

LOOKS_EVERY_S = 0.5
PLANS_WITHIN = 30
"""So often one looks for the plan of what was asked for."""
SILENT_AT_MOST = 120
"""So often in a row one looks in vain for what is carried out."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What a person asks for."""

    kind: str
    lost: tuple[str, ...] = ()
    accepts_overload: bool = False
    to: str = "configured"
    aside: Aside | None = None
    """On the emergency path, without the ledger."""
    break_glass: str | None = None
    """Why it does not wait for the second person who may be demanded."""
    subject: str = ""
    """Of what is no change of shares: on what it is done."""

    def plan(self, client: ControlClient) -> PlanIs:
        """Have it planned; raises what `ControlClient.plan` does."""
        if self.subject:
            return client.plan(self.kind, (), subject=self.subject)
        return client.plan(self.kind, self.lost, accepts_overload=self.accepts_overload, to=self.to, aside=self.aside)

    def ask(self, client: ControlClient, reason: str) -> ActionIs:
        """Ask for it, and wait for its plan; raises what `ControlClient.ask` does."""
        action = client.ask(
            self.kind,
            self.lost,
            reason=reason,
            accepts_overload=self.accepts_overload,
            to=self.to,
            aside=self.aside,
            subject=self.subject,
        )
        for _ in range(PLANS_WITHIN):
            if action.state != ActionState.REQUESTED:
                return action
            time.sleep(LOOKS_EVERY_S)
            action = client.action(action.id)
        raise NotServedError(f"the service made no plan in time: `wedtui actions show {action.id}` says how it stands")


class Given(NamedTuple):
    """What was given on the command line to confirm it."""

    name: str | None
    """The name that would be typed; None where it is typed."""
    break_glass: str | None = None


def only_planned(session: Session, client: ControlClient, wish: Wish) -> Ends:
    """Show the plan where nobody can type and nothing was given to confirm it."""
    found = wish.plan(client)
    _say(lines_of(found.plan, session.clock.now(), refused=found.refused, drill=session.demo))
    if found.refused:
        return Ends.REFUSED
    name = single_line(str(found.plan.get("target")) if wish.subject else target_of(Kind(wish.kind), wish.lost))
    _say(["", f"NOT CONFIRMED: this is no terminal, and no --confirm {name} was given; nothing was done"])
    return Ends.NOT_CONFIRMED


def confirm(
    session: Session, client: ControlClient, action: ActionIs, given: Given, renew: Callable[[], ActionIs]
) -> ActionIs | Ends:
    """Show the plan of an action and have it confirmed; return what was confirmed, or how it ended instead.

    Args:
        session: whose clock counts the ages.
        client: asks the service.
        action: what was asked for, with its plan.
        given: what was given with `--confirm` and `--break-glass`.
        renew: asks for the same again, where the plan expired while it was read.

    Raises:
        ConflictError: the confirmation was refused, and the request was taken back.
    """
    while True:
        _show(session, action)
        if given.break_glass is None and not _approved(client, action):
            return Ends.NOT_CONFIRMED
        action = client.action(action.id) if action.needs else action
        if action.state != ActionState.AWAITING:
            _say(outcome_lines(action, session.clock.now()))
            return end_of(action)
        if not _agreed(session, client, action, given):
            return Ends.NOT_CONFIRMED
        try:
            return _sent(client, action, given.break_glass)
        except ConflictError as error:
            newer = client.action(action.id)
            changed = newer.state == ActionState.AWAITING and newer.digest != action.digest
            if not changed and not _expired(newer, session.clock.now()):
                _leave(client, newer)
                raise
            why = "the plan CHANGED" if changed else "the plan EXPIRED"
            _say(["", f"NOT CONFIRMED: {single_line(str(error))}"])
        if given.name is not None:
            _say([f"{why}, and nothing was done: look at it as it is now, and ask again", ""])
            _show(session, newer)
            _leave(client, newer)
            return Ends.CHANGED
        _say([f"{why}: this is the new one, and it has to be confirmed anew", ""])
        if not changed:
            _leave(client, newer)
            newer = renew()
        action = newer


def _expired(action: ActionIs, now: datetime) -> bool:
    if action.state == ActionState.AWAITING:
        return action.expires_at is None or action.expires_at <= now
    return action.outcome == Outcome.EXPIRED


def _approved(client: ControlClient, action: ActionIs) -> bool:
    """Wait for the second person, where one is needed; return whether to go on: who leaves takes the request back."""
    waits = [Demand.SECOND_PERSON.value]
    if action.state != ActionState.AWAITING or action.needs != waits:
        return True
    _say(["", f"it needs a second person, who approves it with `wedtui actions approve {action.id}`; waiting for them"])
    _say(["(Ctrl-C leaves it, and nothing is done; --break-glass WHY acts without, and everybody is told)"])
    try:
        while action.state == ActionState.AWAITING and action.needs == waits:
            time.sleep(LOOKS_EVERY_S)
            action = client.action(action.id)
    except KeyboardInterrupt:
        _leave(client, action)
        _say(["", "NOT CONFIRMED: no second person approved it; nothing was done"])
        return False
    if action.approved_by is not None:
        _say([f"{single_line(action.approved_by)} approved it"])
    return True


def _agreed(session: Session, client: ControlClient, action: ActionIs, given: Given) -> bool:
    """Return whether the name was typed, or given; where it was not, the request is taken back."""
    alone = given.break_glass is not None
    needs = [each for each in action.needs if not (alone and each == Demand.SECOND_PERSON)]
    why = "its name was not typed"
    try:
        if action.plan is None:
            why = "the service gave no plan to look at"
        elif needs:
            why = f"it still needs {' and '.join(single_line(each) for each in needs)}"
        elif not action.target or single_line(action.target) != action.target:
            why = "the service names nothing that can be typed"
        elif given.name is None:
            _recall(session, action)
            if typed(action.target):
                return True
        elif given.name == action.target:
            return True
        else:
            why = f'expected --confirm "{single_line(action.target)}", got "{single_line(given.name)}"'
    except KeyboardInterrupt:
        _say([""])
    _leave(client, action)
    _say([f"NOT CONFIRMED: {why}; nothing was done"])
    return False


def _recall(session: Session, action: ActionIs) -> None:
    """Say again in a few lines what is confirmed: of a long plan only the end is still on a small screen."""
    if action.plan is not None and action.plan.get("kind") in {kind.value for kind in Kind}:
        _say([*recap(action.plan, session.clock.now()), ""])


def _sent(client: ControlClient, action: ActionIs, break_glass: str | None) -> ActionIs:
    """Send the confirmation; whoever cannot see what came of it is told where to look."""
    try:
        return client.confirm(action.id, digest=action.digest, typed=action.target, break_glass=break_glass)
    except ThrottledError:
        _say([f"action {action.id} is not confirmed, and nothing was done: it ends by itself when its plan expires"])
        raise
    except (ServiceError, NotServedError, KeyboardInterrupt):
        _say([f"action {action.id} may or may not be confirmed: look with `wedtui actions show {action.id}`, and"])
        _say(["change nothing by hand before you have"])
        raise


def _leave(client: ControlClient, action: ActionIs) -> None:
    """Take back what nobody confirmed; what the service proposed stays for somebody else."""
    if action.automatic or action.state not in {ActionState.REQUESTED, ActionState.AWAITING}:
        return
    try:
        client.cancel(action.id)
    except WedtuiError as error:
        why = single_line(str(error))
        _say([f"action {action.id} could not be cancelled ({why}): it ends by itself when its plan expires"])


def _show(session: Session, action: ActionIs) -> None:
    now = session.clock.now()
    waiting = action.state == ActionState.AWAITING
    if action.plan is not None:
        _say([*lines_of(action.plan, now, open_plan=waiting, drill=session.demo), ""])
    _say([f"action {action.id}, asked for by {single_line(action.person)}: {single_line(action.reason)}"])


class Follower:
    """Says each step once when it begins and once when it ends; on a terminal the one that runs counts."""

    def __init__(self, *, live: bool) -> None:
        self._live, self._seen, self._waits = live, dict[int, str](), ""
        self._open = False

    def show(self, action: ActionIs, now: datetime) -> None:
        """Say what is new."""
        waits = _waits(action)
        if waits and waits != self._waits:
            self._end_line()
            print(waits, flush=True)
        self._waits = waits
        for number, step in enumerate(action.steps):
            running = step.state == StepState.INTENDED
            if self._seen.get(number) == step.state and not (running and self._live):
                continue
            self._seen[number] = step.state
            again = interrupted(action.steps, number)
            self._line(step_line(step, now, again), stays=not (running and self._live))

    def close(self) -> None:
        """Leave the cursor on a line of its own."""
        self._end_line()

    def _line(self, line: str, *, stays: bool) -> None:
        if self._open:
            # The same step's line, over what it said before.
            print(f"\r{line[: WIDTH - 1] if not stays else line:<{WIDTH - 1}}", end="", flush=True)
        else:
            print(line, end="", flush=True)
        self._open = True
        if stays:
            self._end_line()

    def _end_line(self) -> None:
        if self._open:
            print(flush=True)
        self._open = False


def _waits(action: ActionIs) -> str:
    if waits := waiting(action.state, action.deadline, action.sentence):
        return f"confirmed: {waits}"
    if action.state == ActionState.CLAIMED and action.cancelled_by is not None:
        return f"cancelled by {single_line(action.cancelled_by)}: no further step is begun"
    return ""


def follow(session: Session, client: ControlClient, action: ActionIs) -> Ends:
    """Say the steps of an action until it ends or is handed over; Ctrl-C ends the watching, never the action."""
    follower = Follower(live=sys.stdout is not None and sys.stdout.isatty())
    silent = 0
    try:
        while True:
            follower.show(action, session.clock.now())
            if over(action):
                break
            time.sleep(LOOKS_EVERY_S)
            try:
                action, silent = client.action(action.id), 0
            except (ServiceError, NotServedError) as error:
                silent += 1
                if silent >= SILENT_AT_MOST:
                    raise
                if silent == 1:
                    follower.close()
                    _say([f"note: {single_line(str(error))}; still looking"])
    except KeyboardInterrupt:
        follower.close()
        goes_on(action)
        return Ends.GOES_ON
    except (ServiceError, NotServedError):
        follower.close()
        goes_on(action)
        raise
    follower.close()
    _say(["", *outcome_lines(action, session.clock.now())])
    return end_of(action)


def goes_on(action: ActionIs) -> None:
    """Say that nobody watches any more, and how to."""
    _say(
        [
            f"no longer watching; action {action.id} itself goes on in the service:",
            f"  `wedtui actions show {action.id} --follow` watches it again",
            f"  `wedtui actions cancel {action.id}` begins no further step of it",
        ]
    )


def _say(lines: Sequence[str]) -> None:
    for line in lines:
        typer.echo(line)
