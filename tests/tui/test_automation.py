"""What the service asks for by itself, on the dashboard: seen with its countdown, heard once, looked at, aborted."""

from __future__ import annotations

import pytest

from tests.pictures import NOW, SECOND
from tests.tui.driving import run, until
from tests.tui.service_hand import GONE, action
from tests.tui.test_emergency import Desk, opened
from wedtui.core.roles import Role
from wedtui.tui.app import WedtuiApp
from wedtui.tui.arming import Stage


@pytest.fixture
def bells(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    rung: list[int] = []
    monkeypatch.setattr(WedtuiApp, "bell", lambda _app: rung.append(1))
    return rung


def by_itself(number: int = 12, *, in_s: int | None = 4, role: Role = Role.ENGINEER) -> Desk:
    desk = Desk()
    desk.hand.role = role
    acts_at = None if in_s is None else NOW + in_s * SECOND
    desk.hand.kept = [action(number, person="service london", automatic=True, acts_at=acts_at)]
    return desk


def test_a_countdown_is_shown_with_its_seconds_and_rings_once(bells: list[int]) -> None:
    async def walk() -> None:
        desk = by_itself()
        async with opened(desk) as pilot:
            await desk.shows(pilot, "fails over from aws in 4 s:", "press F to look, X to abort", "#12 to confirm aws")
            await desk.second(pilot)
            await desk.shows(pilot, "fails over from aws in 3 s:")
            await desk.second(pilot)
            await desk.second(pilot)
            assert desk.hand.calls.count("actions") >= 2
            assert bells == [1]
            desk.hand.kept = [action(13, person="service london", automatic=True), *desk.hand.kept]
            await desk.second(pilot)
            await until(pilot, lambda: len(bells) == 2)

    run(walk())


def test_a_key_aborts_it_and_says_so(bells: list[int]) -> None:
    async def walk() -> None:
        desk = by_itself()
        async with opened(desk) as pilot:
            await desk.shows(pilot, "fails over from aws in 4 s:")
            # With Caps Lock the key that takes an alert is this one: it must end nothing.
            await pilot.press("A")
            await pilot.pause()
            assert "abort" not in desk.hand.calls
            await pilot.press("X")
            await desk.shows(pilot, "the countdown is aborted: nothing was done")
            await until(pilot, lambda: "fails over from" not in desk.text)
            await pilot.press("X")
            await desk.shows(pilot, "no countdown runs")

    run(walk())
    assert bells == [1]


def test_a_viewer_aborts_nothing(bells: list[int]) -> None:
    async def walk() -> None:
        desk = by_itself(role=Role.VIEWER)
        async with opened(desk) as pilot:
            await pilot.press("X")
            await desk.shows(pilot, "abort: viewer only reads")
            assert "abort" not in desk.hand.calls

    run(walk())


def test_a_proposal_of_a_service_that_died_is_not_in_the_way_of_the_commands_by_hand(bells: list[int]) -> None:
    async def walk() -> None:
        desk = by_itself(in_s=None)
        async with opened(desk) as pilot:
            desk.app.emergencies.by_hand = lambda _picture, kind, chosen: (f"# {kind}: {chosen}", "aws route53 x")
            await desk.shows(pilot, "#12 to confirm aws")
            desk.hand.problem = GONE
            desk.clock.advance(10 * SECOND)
            desk.app.emergencies.poll(at_once=True)
            await desk.shows(pilot, "the service does not answer")
            await pilot.press("F")
            await desk.stands(pilot, Stage.CHOOSE)
            await pilot.press("enter")
            await desk.stands(pilot, Stage.BY_HAND)
            await desk.shows(pilot, "THE SERVICE DOES NOT ANSWER", "# failover: aws", "aws route53 x")

    run(walk())


def test_the_key_of_failover_opens_the_proposal_which_leaving_does_not_cancel(bells: list[int]) -> None:
    async def walk() -> None:
        desk = by_itself(in_s=None)
        async with opened(desk) as pilot:
            await desk.shows(pilot, "#12 to confirm aws")
            await pilot.press("F")
            await desk.stands(pilot, Stage.NAME)
            await pilot.press("enter")
            await until(pilot, lambda: desk.app.dashboard.panel is None)
            await pilot.press("F")
            await desk.stands(pilot, Stage.NAME)
            await pilot.press("tab", *"aws", "enter")
            await until(pilot, lambda: bool(desk.hand.confirms))
            assert desk.hand.confirms == ["confirm 12 d1 aws"]
            assert not [call for call in desk.hand.calls if call.startswith("cancel")]

    run(walk())
