"""A service that answers, and not now, is never called dead, and leads to nothing by hand."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from concurrent.futures import Future
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import cast

import pytest
from textual.pilot import Pilot

from tests.control.base import ME, Served, serving
from tests.core.emergency import facts, leave
from tests.pictures import NOW, SECOND, FakeSource
from tests.tui.driving import driven, run, until
from tests.tui.service_hand import ServiceHand, world
from tests.tui.test_emergency import Desk, opened
from wedtui.config_control import ControlSection
from wedtui.control.bodies import PlanWanted
from wedtui.control.client import ControlClient
from wedtui.control.limits import Limits
from wedtui.control.office import Changes, EmergencyPath, Standing
from wedtui.core.actions import Action, ActionState
from wedtui.core.failover import Plan, plan
from wedtui.core.picture import Picture
from wedtui.errors import NotServedError, ThrottledError, WedtuiError
from wedtui.tui.app import WedtuiApp
from wedtui.tui.arming import Stage
from wedtui.tui.emergency import ASKS_IN_NEED_EVERY_S

DASHBOARDS, SECONDS = 4, 30
RUNNING = Action(
    "failover",
    "aws",
    "traffic",
    "ada",
    "aws answers 503",
    NOW - 9 * SECOND,
    state=ActionState.CLAIMED,
    confirmed_by="ada",
    confirmed_at=NOW - 5 * SECOND,
    id=12,
)
THROTTLED = ThrottledError("this user asks too often: it was not answered", wait_s=4)
UNSERVED = NotServedError("others are being served, and it was not this request's turn in time: try again")


@dataclass
class InNeed(FakeSource):
    """A world in which a provider is down, and stays so however late it is."""

    def rejudge(self, last: Picture, now: datetime) -> Picture:
        del now
        return last


class Running:
    """Changes of shares of which one is under way; any is planned, and none is carried out."""

    def plan(self, wanted: PlanWanted) -> Future[Plan]:
        made: Future[Plan] = Future()
        made.set_result(plan(leave(*wanted.lost), facts(), NOW))
        return made

    def action(self, number: int) -> Action:
        return replace(RUNNING, id=number)

    def actions(self, *, open_only: bool, newest: bool = False) -> tuple[Action, ...]:
        assert open_only
        assert newest
        return (RUNNING,)

    def standing(self) -> Standing:
        return Standing("propose", None, None)

    def emergency_path(self) -> EmergencyPath:
        return EmergencyPath("/state/standby.db", unrecorded=False)


class Crowd:
    """Several dashboards of one user, at a service behind a real socket; all their clocks go together."""

    def __init__(self, served: Served) -> None:
        self.served = served
        self.desks = [Desk() for _ in range(DASHBOARDS)]
        self.pilots: list[Pilot[None]] = []
        for desk in self.desks:
            source = InNeed(world().make)
            desk.app = WedtuiApp(lambda source=source: source, desk.clock, theme="midnight")  # type: ignore[misc]

    async def pass_second(self) -> None:
        """Let a second pass, and each dashboard ask what it asks in that, and hear it."""
        self.served.clock.seconds += 1
        for desk, pilot in zip(self.desks, self.pilots, strict=True):
            desk.clock.advance(SECOND)
            desk.app.tick()
            await until(pilot, lambda desk=desk: not _asks(desk))  # type: ignore[misc]


def _asks(desk: Desk) -> bool:
    panel = desk.app.dashboard.panel
    return desk.app.emergencies._asking or (panel is not None and panel._polling)


@asynccontextmanager
async def crowd(folder: Path, section: ControlSection | None = None) -> AsyncIterator[Crowd]:
    with serving(folder, section=section, changes=cast(Changes, Running())) as served:
        made = Crowd(served)
        async with AsyncExitStack() as stack:
            for desk in made.desks:
                made.pilots.append(await stack.enter_async_context(driven(desk.app, (120, 40))))

            def rest(seconds: float) -> None:
                served.clock.seconds += seconds

            for desk in made.desks:
                desk.app.use_hand(ControlClient(served.path, service_uid=ME, looks_again=True, rest=rest))
            for desk, pilot in zip(made.desks, made.pilots, strict=True):
                told = desk.app.emergencies
                await until(pilot, lambda told=told: told.told.who or told.told.busy)  # type: ignore[misc]
            yield made


def test_by_default_several_dashboards_of_one_user_are_heard_each_second_of_an_outage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken: Counter[str] = Counter()
    real = Limits.take

    def counting(limits: Limits, uid: int, now: float, *, acts: bool) -> int | None:
        wait = real(limits, uid, now, acts=acts)
        taken["refused" if wait is not None else "acts" if acts else "looks"] += 1
        return wait

    monkeypatch.setattr(Limits, "take", counting)

    async def walk() -> None:
        async with crowd(tmp_path) as made:
            for desk, pilot in zip(made.desks, made.pilots, strict=True):
                await desk.shows(pilot, "#12 running aws failover")
                await pilot.press("e")
                await desk.stands(pilot, Stage.FOLLOW)
            taken.clear()
            for _ in range(SECONDS):
                await made.pass_second()
                assert [desk.app.emergencies.told.busy or desk.app.emergencies.told.problem for desk in made.desks] == [
                    None
                ] * DASHBOARDS
            # One for how it stands and one for the panel at most: so all of them may go on for as long as they like.
            assert DASHBOARDS * SECONDS < taken["looks"] <= DASHBOARDS * SECONDS * 2
            assert ControlSection().requests_per_minute / 60 > DASHBOARDS * 2
            assert (taken["acts"], taken["refused"]) == (0, 0)

    assert ASKS_IN_NEED_EVERY_S == 1
    run(walk())


def test_where_they_are_too_many_the_service_is_not_called_dead_and_a_failover_is_planned(tmp_path: Path) -> None:
    async def walk() -> None:
        async with crowd(tmp_path, ControlSection(requests_per_minute=20)) as made:
            late = None
            for _ in range(30):
                await made.pass_second()
                assert not any(desk.app.emergencies.told.problem for desk in made.desks)
                late = next((n for n, desk in enumerate(made.desks) if desk.app.emergencies.told.busy), None)
                if late is not None:
                    break
            assert late is not None, "they were to be too many"
            desk, pilot = made.desks[late], made.pilots[late]
            await desk.shows(
                pilot, "▲ the service answers, but not now;", "user asks too often", "#12 running", "F fail over"
            )
            assert "does not answer" not in desk.text
            assert "by hand" not in desk.text
            # What dashboards ask by themselves has used up nothing of what a person may ask.
            await pilot.press("F")
            await desk.stands(pilot, Stage.CHOOSE)
            await pilot.press("enter")
            await desk.stands(pilot, Stage.REASON)
            assert desk.panel.arming.plan is not None
            # The others are gone, and it is heard again.
            made.served.clock.seconds += 60
            desk.clock.advance(10 * SECOND)
            desk.app.emergencies.poll()
            await until(pilot, lambda: desk.app.emergencies.told.busy is None)

    run(walk())


@pytest.mark.parametrize("error", [THROTTLED, UNSERVED], ids=["429", "503"])
@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
def test_a_service_that_does_not_say_how_it_stands_is_not_called_dead(
    error: WedtuiError, size: tuple[int, int]
) -> None:
    async def walk() -> None:
        desk = Desk()
        async with opened(desk, size) as pilot:
            desk.hand.problem = error
            desk.clock.advance(10 * SECOND)
            desk.app.emergencies.poll(at_once=True)
            await desk.shows(pilot, "▲ the service answers, but", "as of 12:00:05 UTC:", " F fail over")
            assert not any(word in desk.text for word in ("does not answer", "by hand", "service silent"))
            desk.hand.problem = None
            desk.clock.advance(10 * SECOND)
            desk.app.emergencies.poll()
            await until(pilot, lambda: "the service answers, but" not in desk.text)

    run(walk())


@pytest.mark.parametrize("error", [THROTTLED, UNSERVED], ids=["429", "503"])
@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
def test_with_the_panel_open_nothing_by_hand_is_shown_and_the_same_key_goes_on(
    error: WedtuiError, size: tuple[int, int]
) -> None:
    async def walk() -> None:
        desk = Desk()
        async with opened(desk, size) as pilot:
            desk.app.emergencies.by_hand = lambda _picture, _kind, place: (f"# from {place}", "aws route53 x")
            await pilot.press("F")
            await desk.stands(pilot, Stage.CHOOSE)
            desk.hand.problem = error
            await pilot.press("enter")
            await desk.shows(pilot, str(error).split(":")[0][:40])
            await desk.stands(pilot, Stage.CHOOSE)
            assert not any(word in desk.text for word in ("DOES NOT ANSWER", "does not answer", "aws route53 x"))
            desk.hand.problem = None
            await pilot.press("enter")
            await desk.stands(pilot, Stage.REASON)
            await pilot.press("tab", *"it is down", "enter")
            await desk.stands(pilot, Stage.NAME)
            desk.hand.problem = error
            await pilot.press("tab", *"aws", "enter")
            await until(pilot, lambda: desk.panel.arming.said is not None)
            assert (desk.panel.arming.stage, desk.panel.arming.text) == (Stage.NAME, "")
            assert not desk.hand.confirms
            desk.hand.problem = None
            await desk.stands(pilot, Stage.NAME)
            await pilot.press("tab", *"aws", "enter")
            await desk.stands(pilot, Stage.FOLLOW)
            assert desk.hand.confirms == ["confirm 12 d1 aws"]

    run(walk())


def test_the_service_is_left_alone_for_as_long_as_it_says_and_a_panel_asks_nothing_meanwhile() -> None:
    async def walk() -> None:
        desk = Desk()
        hand = desk.hand = CountingHand(desk.clock)
        async with opened(desk) as pilot:
            await desk.named(pilot)
            await pilot.press("tab", *"aws", "enter")
            await desk.stands(pilot, Stage.FOLLOW)
            hand.problem = THROTTLED
            await desk.second(pilot)
            await until(pilot, lambda: desk.app.emergencies.rests and not _asks(desk))
            asked = hand.asked
            for _ in range(3):
                await desk.second(pilot)
            assert hand.asked == asked
            hand.problem = None
            for _ in range(4):
                await desk.second(pilot)
            await until(pilot, lambda: hand.asked > asked and desk.app.emergencies.told.busy is None)

    run(walk())


@dataclass
class CountingHand(ServiceHand):
    """Counts what it is asked, answered or not."""

    asked: int = 0

    def _heard(self, what: str) -> None:
        self.asked += 1
        super()._heard(what)


def test_for_no_longer_than_some_seconds_it_goes_unlooked_whatever_the_service_says() -> None:
    async def walk() -> None:
        desk = Desk()
        async with opened(desk) as pilot:
            desk.app.emergencies.heed(ThrottledError("later", wait_s=9_999))
            rests = [desk.app.emergencies.rests]
            desk.clock.advance(10 * SECOND)
            assert [*rests, desk.app.emergencies.rests] == [True, False]
            await pilot.pause()

    run(walk())
