"""The panel where it is not as ever: a second person, acting without one, a ledger that cannot be reached."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from textual.pilot import Pilot

from tests.pictures import NOW, SECOND
from tests.tui.driving import run, until
from tests.tui.service_hand import NO_LEDGER, STANDBY, TWO, WITHOUT, action
from tests.tui.test_emergency import Desk, opened
from wedtui.control.answers import EmergencyIs
from wedtui.core.roles import Role
from wedtui.tui.app import WedtuiApp
from wedtui.tui.arming import Offer, Stage

SIZES = [(80, 24), (120, 40)]


@pytest.fixture
def bells(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    rung: list[int] = []
    monkeypatch.setattr(WedtuiApp, "bell", lambda _app: rung.append(1))
    return rung


def demanding(user: str = "ada", **other: Any) -> Desk:
    """A desk at which a failover takes two persons, and one by ada awaits her confirmation."""
    desk = Desk()
    desk.hand.user, desk.hand.demanded = user, [TWO]
    desk.hand.kept = [action(needs=[TWO], expires_at=NOW + 297 * SECOND, **other)]
    return desk


async def shows(desk: Desk, pilot: Pilot[None], *words: str) -> None:
    """Wait until words stand there, wherever a line ends."""
    await until(pilot, lambda: all(word in " ".join(desk.text.split()) for word in words))


async def looked(desk: Desk, pilot: Pilot[None], stage: Stage) -> None:
    """Press the key that opens what waits."""
    await until(pilot, lambda: bool(desk.app.emergencies.told.actions))
    await pilot.press("e")
    await desk.stands(pilot, stage)


@pytest.mark.parametrize("size", SIZES)
def test_who_confirmed_sees_for_whom_it_waits_and_then_the_steps(size: tuple[int, int]) -> None:
    async def walk() -> None:
        desk = demanding()
        desk.hand.kept = []
        async with opened(desk, size) as pilot:
            await desk.named(pilot)
            desk.hand.change(12, expires_at=NOW + 297 * SECOND)
            await pilot.press("tab", *"aws", "enter")
            await desk.stands(pilot, Stage.SECOND)
            await shows(desk, pilot, "WAITS FOR A SECOND PERSON", "any engineer or more, but not ada", "4 m 57 s more")
            await shows(desk, pilot, "`e` on their dashboard", "`wedtui actions approve 12`", "› [Close]")
            await desk.second(pilot)
            await shows(desk, pilot, "4 m 56 s more")
            desk.hand.user = "kay"
            desk.hand.approve(12, digest="d1", typed="aws")
            desk.hand.user = "ada"
            await desk.second(pilot)
            await desk.stands(pilot, Stage.FOLLOW)
            await shows(desk, pilot, "#12 RUNNING", "approved by kay", "submit")
            assert desk.hand.confirms == ["confirm 12 d1 aws", "approve 12 d1 aws"]

    run(walk())


def test_leaving_what_waits_takes_nothing_back_and_it_is_found_again() -> None:
    async def walk() -> None:
        desk = demanding(confirmed_by="ada")
        async with opened(desk) as pilot:
            await shows(desk, pilot, "#12 to approve")
            await looked(desk, pilot, Stage.SECOND)
            await pilot.press("enter")
            await until(pilot, lambda: desk.app.dashboard.panel is None)
            await looked(desk, pilot, Stage.SECOND)
            assert not [call for call in desk.hand.calls if call.startswith(("cancel", "confirm", "approve"))]

    run(walk())


@pytest.mark.parametrize("size", SIZES)
def test_another_engineer_hears_of_it_and_approves_exactly_that_plan(size: tuple[int, int], bells: list[int]) -> None:
    async def walk() -> None:
        desk = demanding("kay", confirmed_by="ada")
        desk.hand.kept.insert(0, action(13, person="mo", state="ended", outcome="verified", confirmed_by="mo"))
        async with opened(desk, size) as pilot:
            await shows(desk, pilot, "! press e to approve #12")
            await desk.second(pilot)
            assert bells == [1]
            await looked(desk, pilot, Stage.APPROVE)
            await shows(desk, pilot, "YOU ARE THE SECOND PERSON: ada confirmed it", "› [Cancel]", "type aws:")
            await pilot.press("tab", *"gcp", "enter")
            await shows(desk, pilot, "that is not its name: type aws")
            assert not desk.hand.confirms
            desk.hand.change(12, digest="d2")
            await desk.second(pilot)
            await shows(desk, pilot, "THE PLAN CHANGED")
            await until(pilot, lambda: desk.panel.ready)
            await pilot.press("tab", *"aws", "enter")
            await desk.stands(pilot, Stage.FOLLOW)
            assert desk.hand.confirms == ["approve 12 d2 aws"]
            await shows(desk, pilot, "#12 RUNNING", "confirmed by ada · approved by kay")

    run(walk())


def test_a_word_that_expired_with_its_plan_is_asked_for_anew_and_not_called_a_change() -> None:
    async def walk() -> None:
        desk = demanding(automatic=True, person="service london", confirmed_by="ada")
        async with opened(desk) as pilot:
            await looked(desk, pilot, Stage.SECOND)
            desk.hand.change(12, confirmed_by=None, expires_at=NOW + 357 * SECOND)
            await desk.second(pilot)
            await desk.stands(pilot, Stage.NAME)
            await shows(desk, pilot, "A WORD THAT WAS GIVEN EXPIRED with its plan", "type aws:")

    run(walk())


def test_enter_alone_approves_nothing_and_cancel_leaves_it_to_who_asked() -> None:
    async def walk() -> None:
        desk = demanding("kay", confirmed_by="ada")
        async with opened(desk) as pilot:
            await looked(desk, pilot, Stage.APPROVE)
            await pilot.press("enter")
            await until(pilot, lambda: desk.app.dashboard.panel is None)
            await looked(desk, pilot, Stage.APPROVE)
            await pilot.press("tab", "enter", "enter")
            await shows(desk, pilot, "that is not its name")
            assert not [call for call in desk.hand.calls if call.startswith(("cancel", "confirm", "approve"))]

    run(walk())


@pytest.mark.parametrize(
    ("arrange", "words"),
    [
        (lambda desk: setattr(desk.hand, "role", Role.VIEWER), "who is engineer or more: you may not approve it"),
        (lambda desk: desk.hand.change(12, needs=[]), "only ada may confirm it"),
        (lambda desk: desk.hand.change(12, needs=[], approved_by="kay"), "kay approved it; ada asked for it"),
    ],
)
def test_who_can_do_nothing_about_it_is_told_why(arrange: Callable[[Desk], None], words: str) -> None:
    async def walk() -> None:
        desk = demanding("kay")
        arrange(desk)
        async with opened(desk) as pilot:
            await looked(desk, pilot, Stage.FOLLOW)
            await shows(desk, pilot, words, "[Close]")
            assert "to approve #12" not in desk.text
            await pilot.press("tab", *"aws", "enter")
            await until(pilot, lambda: desk.app.dashboard.panel is None)
            assert not [call for call in desk.hand.calls if call.startswith(("cancel", "confirm", "approve"))]

    run(walk())


def test_who_asked_cannot_approve_it_herself() -> None:
    async def walk() -> None:
        desk = demanding(confirmed_by="ada")
        async with opened(desk) as pilot:
            await looked(desk, pilot, Stage.SECOND)
            await shows(desk, pilot, "but not ada, who asked for it")
            await pilot.press(*"aws", "tab", "enter")
            await desk.stands(pilot, Stage.GLASS)
            assert not desk.hand.confirms

    run(walk())


@pytest.mark.parametrize("size", SIZES)
def test_the_glass_is_broken_by_choice_with_a_reason_and_the_name(size: tuple[int, int]) -> None:
    async def walk() -> None:
        desk = demanding(confirmed_by="ada")
        async with opened(desk, size) as pilot:
            await looked(desk, pilot, Stage.SECOND)
            assert not desk.panel.arming.in_field
            await pilot.press("tab", "enter")
            await desk.stands(pilot, Stage.GLASS)
            await shows(desk, pilot, "BREAK THE GLASS", "Everybody is paged at once", "why alone:", "› [Cancel]")
            await pilot.press("tab", "enter")
            await shows(desk, pilot, "say why it cannot wait")
            await pilot.press(*"alone", "enter")
            await desk.stands(pilot, Stage.GLASS_NAME)
            await shows(desk, pilot, "your reason: alone", "type aws:")
            await pilot.press("enter")
            await desk.stands(pilot, Stage.SECOND)
            assert not desk.hand.confirms
            await pilot.press("tab", "enter")
            await desk.stands(pilot, Stage.GLASS)
            await pilot.press("tab", *"alone", "enter")
            await desk.stands(pilot, Stage.GLASS_NAME)
            await pilot.press("tab", *"aws", "enter")
            await desk.stands(pilot, Stage.FOLLOW)
            assert desk.hand.confirms == ["confirm 12 d1 aws: ALONE, alone"]
            await shows(desk, pilot, "WITHOUT A SECOND PERSON: ada broke the glass", "NOT REVIEWED")
            await pilot.press("escape")
            await shows(desk, pilot, "#12 NOT REVIEWED: ada")

    run(walk())


def test_what_is_not_reviewed_stays_until_it_is() -> None:
    async def walk() -> None:
        desk = Desk()
        alone: dict[str, Any] = {
            "confirmed_by": "kay",
            "broke_glass": "nobody answers",
            "state": "ended",
            "outcome": "verified",
        }
        desk.hand.kept = [action(person="kay", ended_at=NOW - 90 * 60 * SECOND, **alone)]
        async with opened(desk) as pilot:
            await shows(desk, pilot, "#12 NOT REVIEWED: kay broke the glass")
            await looked(desk, pilot, Stage.FOLLOW)
            await shows(desk, pilot, "`wedtui actions review 12 --sentence")
            desk.hand.change(12, reviewed_by="mo", review="it was right")
            await desk.second(pilot)
            await shows(desk, pilot, "reviewed by mo: it was right")
            await pilot.press("escape")
            await desk.second(pilot)
            await until(pilot, lambda: "broke the glass" not in desk.text)

    run(walk())


@pytest.mark.parametrize("size", SIZES)
def test_without_the_ledger_a_failover_goes_by_its_own_path(size: tuple[int, int]) -> None:
    async def walk() -> None:
        desk = Desk()
        desk.hand.automation = NO_LEDGER
        async with opened(desk, size) as pilot:
            await shows(desk, pilot, "NO LEDGER: F opens")
            await pilot.press("F")
            await desk.stands(pilot, Stage.CHOOSE)
            await shows(desk, pilot, "THE SERVICE CANNOT REACH ITS LEDGER")
            await pilot.press("enter")
            await desk.stands(pilot, Stage.REASON)
            assert (desk.panel.arming.offer, desk.panel.arming.has_field) == (Offer.ASIDE, False)
            await shows(desk, pilot, "[Emergency path: plan it without the ledger]", "› [Close]")
            await pilot.press("tab", "enter")
            await until(pilot, lambda: desk.panel.arming.has_field and desk.panel.ready)
            await shows(desk, pilot, "fail over aws without the ledger", "EMERGENCY PATH, WITHOUT THE LEDGER", STANDBY)
            await pilot.press("tab", *"down", "enter")
            await desk.stands(pilot, Stage.NAME)
            assert "ask failover aws aside: down" in desk.hand.calls
            await pilot.press("tab", *"aws", "enter")
            await desk.stands(pilot, Stage.FOLLOW)
            await shows(desk, pilot, "NOT YET RECONCILED", f"#{WITHOUT}")
            desk.hand.change(WITHOUT, state="ended", outcome="verified", ended_at=NOW)
            await desk.second(pilot)
            await shows(desk, pilot, "VERIFIED", "NOT YET RECONCILED")
            desk.hand.automation = EmergencyIs("propose", standby=STANDBY)
            desk.hand.change(WITHOUT, id=7, aside=False)
            desk.hand.renumbered[WITHOUT] = 7
            await desk.second(pilot)
            await shows(desk, pilot, "RECONCILED: it is in journal and audit chain as action 7", str(WITHOUT))

    run(walk())


@pytest.mark.parametrize("size", SIZES)
def test_who_is_well_can_be_vouched_for_by_name_where_nothing_is_known(size: tuple[int, int]) -> None:
    async def walk() -> None:
        desk = Desk()
        desk.hand.automation, desk.hand.unknown = NO_LEDGER, ("azure", "digitalocean", "gcp")
        async with opened(desk, size) as pilot:
            await shows(desk, pilot, "NO LEDGER: F opens")
            await pilot.press("F")
            await desk.stands(pilot, Stage.CHOOSE)
            await pilot.press("enter")
            await desk.stands(pilot, Stage.REASON)
            await shows(desk, pilot, "Nothing is known of azure, digitalocean and gcp", "[Vouch: say who is well")
            command = (
                "`wedtui failover emergency --from aws --reason WHY --vouch azure --vouch digitalocean --vouch gcp`"
            )
            assert command in " ".join(desk.text.split())
            await pilot.press("tab", "enter")
            await desk.stands(pilot, Stage.VOUCH)
            await pilot.press("tab", "enter")
            await shows(desk, pilot, "type who is well, of azure digitalocean gcp")
            await pilot.press(*"aws gcp", "enter")
            await shows(desk, pilot, "aws is none of them: type who is well")
            assert not [call for call in desk.hand.calls if "vouching" in call]
            await pilot.press(*["backspace"] * 7, *"gcp, azure", "enter")
            await until(pilot, lambda: desk.panel.arming.stage is Stage.REASON and desk.panel.ready)
            await shows(desk, pilot, "BY YOUR WORD, not by what wedtui knows, these are well: gcp and azure", " why: ")
            await pilot.press("tab", *"down", "enter")
            await desk.stands(pilot, Stage.NAME)
            assert [call for call in desk.hand.calls if "aside" in call] == [
                "plan failover aws aside vouching gcp vouching azure",
                "ask failover aws aside vouching gcp vouching azure: down",
            ]

    run(walk())


def test_who_does_not_vouch_goes_back_and_with_the_ledger_nobody_is_asked_to() -> None:
    async def walk() -> None:
        desk = Desk()
        desk.hand.unknown = ("azure", "digitalocean", "gcp")
        async with opened(desk) as pilot:
            await pilot.press("F")
            await desk.stands(pilot, Stage.CHOOSE)
            await pilot.press("enter")
            await desk.stands(pilot, Stage.REASON)
            assert (desk.panel.arming.offer, desk.panel.arming.vouching) == (None, False)
            desk.hand.automation = NO_LEDGER
            desk.app.emergencies.poll(at_once=True)
            await until(pilot, lambda: desk.app.emergencies.ledger is not None)
            await desk.second(pilot)
            await until(pilot, lambda: desk.panel.ready)
            await pilot.press("tab", "enter")
            await desk.stands(pilot, Stage.VOUCH)
            await pilot.press("enter")
            await desk.stands(pilot, Stage.REASON)
            assert desk.panel.arming.vouched == ()

    run(walk())


def test_a_ledger_that_goes_while_the_reason_is_typed_is_said_and_nothing_typed_counts() -> None:
    async def walk() -> None:
        desk = Desk()
        async with opened(desk) as pilot:
            await pilot.press("F")
            await desk.stands(pilot, Stage.CHOOSE)
            await pilot.press("enter")
            await desk.stands(pilot, Stage.REASON)
            await pilot.press("tab", *"dow")
            desk.hand.automation = NO_LEDGER
            desk.app.emergencies.poll(at_once=True)
            await until(pilot, lambda: desk.app.emergencies.ledger is not None)
            await desk.second(pilot)
            await until(pilot, lambda: desk.panel.ready)
            assert (desk.panel.arming.in_field, desk.panel.arming.text) == (False, "")
            await pilot.press("enter")
            await until(pilot, lambda: desk.app.dashboard.panel is None)
            assert not [call for call in desk.hand.calls if call.startswith(("ask", "confirm")) or "aside" in call]

    run(walk())


def test_a_failback_waits_for_the_ledger() -> None:
    async def walk() -> None:
        desk = Desk()
        desk.hand.role, desk.hand.automation = Role.MANAGER, NO_LEDGER
        async with opened(desk) as pilot:
            await until(pilot, lambda: desk.app.emergencies.ledger is not None)
            await pilot.press("B")
            await desk.stands(pilot, Stage.CHOOSE)
            await pilot.press("enter")
            await desk.stands(pilot, Stage.REASON)
            await shows(desk, pilot, "It has to wait: only a failover can be done without")
            assert (desk.panel.arming.offer, desk.panel.arming.has_field) == (None, False)

    run(walk())


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("mode", ["propose", "auto", "off"])
def test_the_first_line_says_that_automation_is_stopped(mode: str, size: tuple[int, int]) -> None:
    async def walk() -> None:
        desk = Desk()
        desk.hand.automation = EmergencyIs(mode, "margaret", NOW - 720 * SECOND, standby=STANDBY)
        async with opened(desk, size) as pilot:
            await until(pilot, lambda: desk.app.emergencies.told.standing is not None)
            await until(pilot, lambda: mode == "off" or "AUTOMATION STOPPED" in desk.text.splitlines()[0])
            first = desk.text.splitlines()[0]
            assert ("AUTOMATION STOPPED " in first + " ") is (mode != "off")
            assert "…" not in first
            if mode != "off" and size[0] > 80:
                assert "AUTOMATION STOPPED by margaret, 12 m" in first

    run(walk())
