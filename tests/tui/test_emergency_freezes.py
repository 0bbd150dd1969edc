"""Freezing, lifting, overriding, locking down and an overload from the panel, by keys alone; and who else arms what."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from textual.pilot import Pilot

from tests.pictures import NOW, SECOND
from tests.tui.driving import run, until
from tests.tui.service_hand import FROZEN, GONE, LOCKED, action, world
from tests.tui.test_emergency import Desk, opened
from wedtui.control.answers import ArmingIs
from wedtui.core.emergency import EMERGENCIES
from wedtui.core.freeze import Verdict
from wedtui.core.override import Override
from wedtui.core.picture import Picture
from wedtui.core.roles import Role
from wedtui.tui.app import WedtuiApp
from wedtui.tui.arming import Stage

HOUR = timedelta(hours=1)
GIVEN = Override("traffic", "mo", "the vendor asked", NOW - HOUR, NOW + HOUR, 5)


def manager(**other: object) -> Desk:
    desk = Desk()
    desk.hand.role = Role.MANAGER
    for name, value in other.items():
        setattr(desk.hand, name, value)
    return desk


async def named(desk: Desk, pilot: Pilot[None], key: str, *, down: int = 0) -> None:
    """Go as far as the field for the name, by keys."""
    await pilot.press(key)
    await desk.stands(pilot, Stage.CHOOSE)
    await until(pilot, lambda: desk.panel.arming.waits is None)
    await until(pilot, lambda: desk.panel.ready)
    await pilot.press(*["down"] * down, "enter")
    await desk.stands(pilot, Stage.REASON)
    await pilot.press("tab", *"it is bad", "enter")
    await desk.stands(pilot, Stage.NAME)


@pytest.mark.parametrize(
    ("key", "down", "typed", "done"),
    [
        ("L", 0, "everything", "confirm lockdown everything everything: it is bad"),
        ("Z", 1, "production", "confirm freeze-add 4h production: it is bad"),
        ("U", 0, "lockdown", "confirm freeze-lift 4 lockdown: it is bad"),
        ("U", 1, "royal wedding", "confirm freeze-lift 3 royal wedding: it is bad"),
        ("O", 1, "traffic", "confirm freeze-override traffic 2h traffic: it is bad"),
    ],
)
@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
def test_by_keys_alone(key: str, down: int, typed: str, done: str, size: tuple[int, int]) -> None:
    async def walk() -> None:
        desk = manager(frozen=[FROZEN, LOCKED])
        async with opened(desk, size) as pilot:
            await named(desk, pilot, key, down=down)
            await desk.shows(pilot, "REAL", f"type {typed}:", "expires in 1 m", "› [Cancel]")
            assert not desk.hand.confirms
            await pilot.press("tab", *["space" if c == " " else c for c in typed], "enter")
            await desk.stands(pilot, Stage.DONE)
            assert desk.hand.confirms == [done]
            await desk.shows(pilot, "DONE: ", "[Close]")
            await pilot.press("enter")
            await until(pilot, lambda: desk.app.dashboard.panel is None)

    run(walk())


def test_before_and_after_who_is_hurt_and_how_to_undo_are_shown() -> None:
    async def walk() -> None:
        desk = manager(overridden=(GIVEN,))
        async with opened(desk) as pilot:
            await named(desk, pilot, "L")
            await desk.shows(
                pilot,
                "REAL: everybody is stopped",
                "now : production is FROZEN until Mon 06:00",
                "weekend; let through: traffic",
                "then: production is FROZEN until it is lifted: lockdown, weekend",
                "hurt: whoever deploys",
                "undo: a manager lifts it",
                "● PASS    no freeze ever stops it",
                "it ends the override for traffic (0 s ago)",
                "◇ UNKNOWN",
            )

    run(walk())


def test_a_drill_says_so_in_other_words() -> None:
    async def walk() -> None:
        desk = manager()
        desk.app = WedtuiApp(world, desk.clock, theme="midnight", demo=True)
        async with opened(desk) as pilot:
            await pilot.press("L")
            await desk.shows(pilot, "DRILL: a made-up world, nobody is stopped")

    run(walk())


def test_where_nothing_is_left_to_lift_that_is_said_and_not_that_nobody_ever_froze_anything() -> None:
    async def walk() -> None:
        desk = manager(frozen=[])
        async with opened(desk) as pilot:
            await pilot.press("U")
            await desk.shows(pilot, "Nothing is left to lift: no freeze and no lockdown that a person added")
            assert "nothing is known" not in desk.text

    run(walk())


@pytest.mark.parametrize("key", ["L", "Z", "O", "U"])
def test_enter_alone_confirms_nothing(key: str) -> None:
    async def walk() -> None:
        desk = manager(frozen=[FROZEN])
        async with opened(desk) as pilot:
            await named(desk, pilot, key)
            for _ in range(10):
                await pilot.press("enter")
                await pilot.pause(0.03)
            assert not desk.hand.confirms
            assert desk.app.dashboard.panel is None

    run(walk())


@pytest.mark.parametrize("typed", ["", "Everything", "everythin", "lockdown"])
def test_another_name_confirms_nothing(typed: str) -> None:
    async def walk() -> None:
        desk = manager()
        async with opened(desk) as pilot:
            await named(desk, pilot, "L")
            await pilot.press("tab", *typed, "enter")
            await desk.shows(pilot, "that is not its name: type everything to confirm")
            assert not desk.hand.confirms

    run(walk())


def test_a_plan_that_changed_clears_what_was_typed() -> None:
    async def walk() -> None:
        desk = manager()
        async with opened(desk) as pilot:
            await named(desk, pilot, "O")
            await pilot.press("tab", *"traffic")
            desk.hand.frozen = [LOCKED]
            for _ in range(4):
                await desk.second(pilot)
            await desk.shows(pilot, "THE PLAN CHANGED: what you typed was thrown away")
            assert (desk.panel.arming.text, desk.panel.arming.in_field) == ("", False)
            await until(pilot, lambda: desk.panel.ready)
            await pilot.press("tab", *"traffic")
            desk.hand.conflict = True
            await pilot.press("enter")
            await desk.shows(pilot, "is another one than in the plan")
            assert desk.panel.arming.text == ""

    run(walk())


def test_the_same_plan_stays_and_expires() -> None:
    async def walk() -> None:
        desk = manager()
        async with opened(desk) as pilot:
            await named(desk, pilot, "L")
            await pilot.press("tab", *"everything")
            for _ in range(8):
                desk.clock.advance(timedelta(seconds=7))
                await desk.second(pilot)
            assert desk.panel.arming.text == "everything"
            await pilot.press("enter")
            await desk.shows(pilot, "too old to be confirmed")
            assert not desk.hand.confirms

    run(walk())


def test_an_overload_is_offered_where_room_alone_is_missing_and_taken_knowingly() -> None:
    async def walk() -> None:
        desk = Desk()
        desk.hand.caps = {"azure": 30, "gcp": 20, "digitalocean": 0}
        async with opened(desk) as pilot:
            await pilot.press("F")
            await desk.stands(pilot, Stage.CHOOSE)
            await pilot.press("enter")
            await desk.stands(pilot, Stage.REASON)
            await desk.shows(pilot, "REFUSED:", "[Plan it again, and accept the overload]", "› [Close]")
            await pilot.press("tab", "enter")
            await desk.shows(pilot, "AN OVERLOAD IS ACCEPTED", "TOO MANY")
            await desk.stands(pilot, Stage.REASON)
            assert desk.hand.calls.count("plan failover aws overload") == 1
            await pilot.press("tab", *"no choice", "enter")
            await desk.stands(pilot, Stage.NAME)
            assert "ask failover aws overload: no choice" in desk.hand.calls
            await desk.shows(pilot, "AN OVERLOAD IS ACCEPTED", "type aws:")
            await pilot.press("tab", *"aws", "enter")
            await desk.stands(pilot, Stage.FOLLOW)

    run(walk())


def test_an_overload_is_not_offered_where_something_else_is_in_the_way() -> None:
    async def walk() -> None:
        desk = Desk()
        desk.hand.caps = {"azure": 100, "gcp": 100, "digitalocean": 100}
        async with opened(desk) as pilot:
            await pilot.press("F")
            await desk.stands(pilot, Stage.CHOOSE)
            await pilot.press("enter")
            await desk.stands(pilot, Stage.REASON)
            assert desk.panel.arming.offer is None
            arming = replace(desk.panel.arming, refused=("no provider may gain share",))
            assert arming.offer is None

    run(walk())


def test_hints_and_palette_offer_what_can_be_started_and_nothing_else() -> None:
    async def walk(role: Role, offered: set[str]) -> None:
        desk = Desk()
        desk.hand.role = role
        async with opened(desk, (200, 50)) as pilot:
            await desk.shows(pilot, "emergency actions")
            titles = {each.title for each in EMERGENCIES}
            commands = {each.title for each in desk.app.get_system_commands(desk.app.screen)}
            assert commands & titles == offered
            hints = {name for name in desk.app.dashboard.hints() if name.startswith("emergency.")}
            assert hints == {f"emergency.{each.kind}" for each in EMERGENCIES if each.title in offered}

    run(walk(Role.ENGINEER, {"fail over", "lock down"}))
    run(walk(Role.MANAGER, {each.title for each in EMERGENCIES}))


@pytest.mark.parametrize("role", [Role.ENGINEER, Role.MANAGER])
@pytest.mark.parametrize("gone", [False, True])
@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
def test_the_pane_shows_every_action_however_low_it_is(role: Role, gone: bool, size: tuple[int, int]) -> None:
    async def walk() -> None:
        desk = Desk()
        desk.hand.role = role
        async with opened(desk, size) as pilot:
            desk.hand.problem = GONE if gone else None
            desk.app.emergencies.poll(at_once=True)
            await until(pilot, lambda: (desk.app.emergencies.told.problem is not None) is gone)
            await desk.shows(pilot, *(each.title for each in EMERGENCIES))

    run(walk())


@pytest.mark.parametrize(
    ("key", "title", "command"),
    [
        ("L", "lock down", "lockdown --reason WHY"),
        ("Z", "add freeze", "freeze add --from now --to +4h --reason WHY"),
        ("U", "unfreeze", "freeze lift ID --reason WHY"),
        ("O", "override", "freeze override traffic --reason WHY"),
    ],
)
@pytest.mark.parametrize("demo", [False, True])
def test_without_a_service_what_freezes_says_its_command(key: str, title: str, command: str, demo: bool) -> None:
    async def walk() -> None:
        desk = Desk()
        desk.app = WedtuiApp(world, desk.clock, theme="midnight", demo=demo)
        desk.hand.problem = GONE
        typed = "wedtui --demo" if demo else "wedtui"
        async with opened(desk, (120, 50)) as pilot:
            await pilot.press(key)
            await desk.shows(pilot, f"{title}: the service does not answer: `{typed} {command}`")
            # In the pane as well, beside the others that cannot be started.
            await desk.shows(pilot, *(f"`{typed} {each} " for each in ("lockdown", "freeze add", "freeze override")))

    run(walk())


def test_who_else_is_arming_what_is_seen_before_it_is_asked_for() -> None:
    async def walk() -> None:
        desk = Desk()
        desk.hand.armed = [ArmingIs("mo", "failover", "aws", NOW - 12 * SECOND)]
        async with opened(desk) as pilot:
            await desk.shows(pilot, "▲ mo is arming failover from aws", "12 s")
            await pilot.press("F")
            await desk.stands(pilot, Stage.CHOOSE)
            await desk.shows(pilot, "REAL", "mo is arming failover from aws")
            desk.hand.armed = []
            for _ in range(4):
                await desk.second(pilot)
            await until(pilot, lambda: "is arming" not in desk.text)

    run(walk())


def test_others_are_told_what_is_armed_here_until_it_is_closed_or_stored() -> None:
    async def walk() -> None:
        desk = Desk()
        async with opened(desk) as pilot:
            await pilot.press("F")
            await until(pilot, lambda: desk.hand.told == ["failover "])
            await desk.stands(pilot, Stage.CHOOSE)
            await pilot.press("enter")
            await desk.stands(pilot, Stage.REASON)
            for _ in range(4):
                await desk.second(pilot)
            await until(pilot, lambda: "failover aws" in desk.hand.told)
            await pilot.press("escape")
            await until(pilot, lambda: desk.hand.told[-1] == "left")
            said = len(desk.hand.told)
            for _ in range(8):
                await desk.second(pilot)
            assert len(desk.hand.told) == said, "it is said once that it was closed"

    run(walk())


def test_an_override_is_seen_on_top_on_the_freeze_screen_and_among_the_findings() -> None:
    source = world()

    def frozen(now: datetime) -> Picture:
        holding = tuple(each for each in (GIVEN,) if each.holds(now))
        verdict = Verdict(True, now, NOW - HOUR, NOW + 9 * HOUR, reasons=("weekend",), overrides=holding)
        return replace(world().make(now), freeze=verdict)

    async def walk() -> None:
        desk = Desk()
        source.make = frozen
        desk.app = WedtuiApp(lambda: source, desk.clock, theme="midnight")
        async with opened(desk) as pilot:
            await desk.shows(pilot, "OVERRIDDEN for traffic, 1 h")
            await pilot.press("f")
            await desk.shows(pilot, "overridden, each for one object", "traffic by mo until", "the vendor asked")
            desk.clock.advance(HOUR)
            desk.app.tick()
            await until(pilot, lambda: "OVERRIDDEN" not in desk.text)

    run(walk())


@pytest.mark.parametrize("elsewhere", ["f", "W", "w", "i", "question_mark"])
@pytest.mark.parametrize("key", ["L", "U", "e"])
def test_their_keys_are_heard_on_every_screen(elsewhere: str, key: str) -> None:
    async def walk() -> None:
        desk = Desk()
        desk.hand.role = Role.MANAGER
        desk.hand.kept = [action(12)]
        async with opened(desk) as pilot:
            await until(pilot, lambda: bool(desk.app.emergencies.told.actions))
            await pilot.press(elsewhere)
            await until(pilot, lambda: desk.app.screen is not desk.app.dashboard)
            await pilot.press(key)
            await until(pilot, lambda: desk.app.dashboard.panel is not None)
            assert desk.app.screen is desk.app.dashboard

    run(walk())


def test_what_may_not_be_started_says_why_on_every_screen() -> None:
    async def walk() -> None:
        desk = Desk()
        async with opened(desk) as pilot:
            await pilot.press("W")
            await until(pilot, lambda: desk.app.screen is not desk.app.dashboard)
            shown = desk.app.screen
            await pilot.press("B")
            await desk.shows(pilot, "fail back: needs manager")
            assert (desk.app.screen, desk.app.dashboard.panel) == (shown, None)

    run(walk())


def test_an_override_is_ended_by_key() -> None:
    async def walk() -> None:
        desk = Desk()
        desk.hand.role = Role.MANAGER
        desk.hand.overridden = (Override("traffic", "mo", "why", NOW - HOUR, NOW + HOUR, 3),)
        async with opened(desk) as pilot:
            await pilot.press("U")
            await desk.shows(pilot, "override 3", "for traffic, by mo: why")
            await desk.stands(pilot, Stage.CHOOSE)
            await pilot.press("enter")
            await desk.stands(pilot, Stage.REASON)
            await desk.shows(pilot, "override 3 ends now, which mo gave for traffic: why")

    run(walk())
