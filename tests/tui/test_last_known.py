"""A service that dies in the middle of an action: what is shown is the newest move that is known, with its instant."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from tests.pictures import NOW, SECOND, SERVICE, picture
from tests.tui.driving import run, until
from tests.tui.service_hand import GONE, action, world
from tests.tui.test_emergency import Desk, opened
from wedtui.core.action_document import CopiedActions
from wedtui.core.actions import Action, ActionState, Step, StepState
from wedtui.core.emergency import Situation
from wedtui.core.picture import Picture
from wedtui.tui.arming import Stage
from wedtui.tui.draw.emergency import emergency_lines
from wedtui.tui.emergency import Told
from wedtui.tui.keymap.table import Keymap
from wedtui.tui.last_known import last_known

DEAD = replace(SERVICE, heartbeat_at=NOW - timedelta(minutes=5))
SUBMITTED = Action(
    "failover",
    "aws",
    "traffic",
    "ada",
    "down",
    NOW - 9 * SECOND,
    state=ActionState.CLAIMED,
    confirmed_by="ada",
    confirmed_at=NOW - 5 * SECOND,
    steps=(Step("submit", StepState.DONE, NOW - 4 * SECOND, NOW - 3 * SECOND, changes=True),),
    id=12,
)


def killed(*actions: Action, at: datetime = NOW - 3 * SECOND) -> Picture:
    made = picture(service=DEAD)
    return replace(made, actions=CopiedActions(actions, at))


def lines(told: Told, now: datetime = NOW) -> str:
    drawn = emergency_lines(Situation(problem=told.problem), told, Keymap(), now, (60, 20))
    return "\n".join("".join(text for text, _ in line) for line in drawn)


def test_how_long_an_action_waits_does_not_read_as_what_is_left_of_it() -> None:
    waiting = action(requested_at=NOW - 46 * SECOND)
    assert lines(Told(actions=(waiting,), at=NOW)).splitlines()[1].rstrip().endswith("46s ago")


def test_while_the_service_is_silent_the_pane_says_what_the_cache_has_and_as_of_when() -> None:
    said = Told(actions=(action(),), at=NOW - 5 * SECOND, problem="it does not answer")
    shown = lines(last_known(said, killed(SUBMITTED)))
    assert "as of 12:00:02 UTC, service dead:" in shown
    assert "#12 (running, submit done) aws failover" in shown
    assert "to confirm" not in shown
    assert "as of" not in lines(said._replace(problem=None))
    # A copy from long before the last answer is one that nobody keeps any more.
    old = last_known(said, killed(replace(SUBMITTED, id=3), at=NOW - timedelta(minutes=9)))
    assert "#12 (to confirm) aws failover" in lines(old)
    assert "as of 12:00:00 UTC" in lines(old)
    # Who opens a dashboard after that has no answer at all.
    assert "#12 (running, submit done)" in lines(last_known(Told(problem="gone"), killed(SUBMITTED)))


@pytest.mark.parametrize("problem", [None, "it does not answer"])
def test_an_expired_plan_waits_for_nobody(problem: str | None) -> None:
    told = Told(actions=(action(),), at=NOW, problem=problem)
    expires = action().expires_at
    assert expires is not None
    assert "to confirm" in lines(last_known(told, killed(at=NOW - timedelta(minutes=9))), expires - SECOND)
    late = lines(last_known(told, killed(at=NOW - timedelta(minutes=9))), expires)
    assert "to confirm" not in late
    assert "plan expired" in late


def test_the_panel_of_what_was_just_confirmed_goes_on_with_what_the_cache_has() -> None:
    async def walk() -> None:
        desk = Desk()
        source = world()
        made: Callable[[datetime], Picture] = source.make
        desk.app = type(desk.app)(lambda: source, desk.clock, theme="midnight")
        desk.hand.kept = [action(11, state="ended", outcome="verified", confirmed_by="ada", ended_at=NOW)]
        async with opened(desk) as pilot:
            await desk.shows(pilot, "#11 VERIFIED")
            desk.hand.problem = GONE
            source.make = lambda now: replace(
                made(now), actions=CopiedActions((SUBMITTED,), NOW), services=killed().services, condition=DEAD_IS
            )
            source.dirty = True
            await desk.second(pilot)
            desk.app.emergencies.poll(at_once=True)
            await desk.shows(pilot, "#12 (running, submit done)", "as of 12:00:05 UTC")
            await pilot.press("e")
            await desk.stands(pilot, Stage.FOLLOW)
            await desk.shows(pilot, "#12 (RUNNING)", "how it stands now is UNKNOWN")
            newer = replace(SUBMITTED, state=ActionState.HANDED_OVER, sentence="look at it")
            source.make = lambda now: replace(made(now), actions=CopiedActions((newer,), NOW + SECOND))
            source.dirty = True
            await until(pilot, lambda: _again(desk) and "(HANDED OVER)" in desk.text)

    run(walk())


DEAD_IS = killed().condition


def _again(desk: Desk) -> bool:
    desk.clock.advance(SECOND)
    desk.app.tick()
    return True
