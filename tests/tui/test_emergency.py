"""The emergency pane and panel by keys alone: what is offered, what is shown, and that nothing is confirmed unseen."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta

import pytest
from textual import events
from textual.await_remove import AwaitRemove
from textual.pilot import Pilot

from tests.pictures import NOW, SECOND, MovableClock
from tests.tui.driving import driven, make_app, run, screen_text, until
from tests.tui.service_hand import GONE, READING, TRAFFIC, ServiceHand, action, json_of, world
from wedtui.control.answers import StepIs
from wedtui.core.emergency import EMERGENCIES, EmergencyKind
from wedtui.core.failover_facts import Measured
from wedtui.core.roles import Role
from wedtui.core.traffic import Place
from wedtui.errors import NotPermittedError, ServiceError
from wedtui.tui.app import WedtuiApp
from wedtui.tui.arming import NEWER, Choice, Stage, begin, live
from wedtui.tui.listing import Listing
from wedtui.tui.panel import Panel
from wedtui.tui.screens.provider import ProviderScreen
from wedtui.tui.terminal import driver
from wedtui.tui.terminal.abilities import EVERYTHING, Abilities, Charset, Depth
from wedtui.tui.terminal.cells import Cutter
from wedtui.tui.terminal.frontbuffer import FrontBuffer
from wedtui.tui.terminal.link import LinkReport


class Desk:
    """An app with a service in memory."""

    def __init__(
        self,
        *,
        read_only: bool = False,
        abilities: Abilities | None = None,
        traffic: bool = True,
        demo: bool = False,
    ) -> None:
        self.clock = MovableClock()
        self.hand = ServiceHand(self.clock)
        self.source = source = world() if traffic else world(None)
        self.app = WedtuiApp(
            lambda: source, self.clock, theme="midnight", demo=demo, read_only=read_only, abilities=abilities
        )

    @property
    def text(self) -> str:
        return screen_text(self.app)

    @property
    def panel(self) -> Panel:
        assert self.app.dashboard.panel is not None
        return self.app.dashboard.panel

    async def shows(self, pilot: Pilot[None], *words: str) -> None:
        await until(pilot, lambda: all(word in self.text for word in words))

    async def stands(self, pilot: Pilot[None], stage: Stage) -> None:
        """Wait until the panel is at a stage and hears keys."""
        await until(pilot, lambda: self.app.dashboard.panel is not None and self.panel.arming.stage is stage)
        await until(pilot, lambda: self.panel.ready)

    async def named(self, pilot: Pilot[None]) -> None:
        """Go as far as the field for the name, by keys."""
        await pilot.press("F")
        await self.stands(pilot, Stage.CHOOSE)
        await pilot.press("enter")
        await self.stands(pilot, Stage.REASON)
        await pilot.press("tab", *"it is down", "enter")
        await self.stands(pilot, Stage.NAME)

    async def second(self, pilot: Pilot[None]) -> None:
        """Let a second pass."""
        self.clock.advance(SECOND)
        self.app.tick()
        await pilot.pause(0.05)


@asynccontextmanager
async def opened(desk: Desk, size: tuple[int, int] = (120, 40)) -> AsyncIterator[Pilot[None]]:
    async with driven(desk.app, size) as pilot:
        desk.app.use_hand(desk.hand)
        await until(pilot, lambda: desk.app.emergencies.told.who or desk.app.emergencies.told.problem)
        yield pilot


def test_the_pane_offers_what_the_role_may_and_says_why_not_the_rest() -> None:
    async def walk() -> None:
        desk = Desk()
        async with opened(desk) as pilot:
            await desk.shows(pilot, " F fail over", "– fail back: needs manager", " L lock down")
            await pilot.press("B")
            await desk.shows(pilot, "fail back: needs manager")
            assert desk.app.dashboard.panel is None

    run(walk())


@pytest.mark.parametrize("known", [True, False])
def test_a_failback_says_which_shares_it_goes_back_to_and_from_when_they_are(known: bool) -> None:
    async def walk() -> None:
        desk = Desk()
        desk.hand.role = Role.MANAGER
        if known:
            desk.hand.kept = [action(12, state="ended", outcome="verified", confirmed_by="ada", ended_at=NOW)]
        async with opened(desk) as pilot:
            await pilot.press("B")
            await desk.stands(pilot, Stage.CHOOSE)
            shares = "aws 60 %, azure 25 %, digitalocean 0 %, gcp 15 %"
            day = f"{NOW:%a %d %b}"
            called = "those before the newest failover: the plan says which"
            called = f"the shares of {day} {NOW:%H:%M} UTC, before action 12: {shares}" if known else called
            await desk.shows(pilot, f"the shares of the configuration: {shares}", called)
            await pilot.press("down", "enter")
            await desk.stands(pilot, Stage.REASON)
            hour = NOW - timedelta(hours=1)
            await desk.shows(pilot, f"back to the shares of {day} {hour:%H:%M} UTC, before action 12: {shares}")

    run(walk())


def test_a_viewer_and_read_only_are_offered_nothing() -> None:
    async def walk(desk: Desk, words: str) -> None:
        async with opened(desk) as pilot:
            await desk.shows(pilot, words)
            await until(pilot, lambda: "fail over" not in desk.text)
            commands = [each.title for each in desk.app.get_system_commands(desk.app.screen)]
            assert "findings" in commands
            assert not {each.title for each in EMERGENCIES} & {*commands}
            await pilot.press("F")
            await pilot.pause(0.1)
            assert desk.app.dashboard.panel is None
            assert not desk.hand.confirms

    run(walk(Desk(read_only=True), "read-only: no key here changes anything"))
    viewer = Desk()
    viewer.hand.role = Role.VIEWER
    run(walk(viewer, "viewer only reads"))


def test_an_answer_that_says_nothing_new_draws_nothing_and_another_one_does(monkeypatch: pytest.MonkeyPatch) -> None:
    async def walk() -> None:
        desk = Desk()
        async with opened(desk) as pilot:
            emergencies, drawn = desk.app.emergencies, list[None]()
            # Asked and taken at once, so that nothing else draws in between.
            monkeypatch.setattr(emergencies, "ask", lambda call, take: take(call(desk.hand)))
            monkeypatch.setattr(desk.app, "show_board", lambda: drawn.append(None))

            def ask() -> int:
                drawn.clear()
                desk.clock.advance(SECOND)
                emergencies.poll(at_once=True)
                assert emergencies.told.at == desk.clock.now()
                return len(drawn)

            assert ask() == 0
            desk.hand.role = Role.VIEWER
            assert (ask(), ask()) == (1, 0)
            # What is under way is shown with its age, which grows.
            desk.hand.kept.append(action(1))
            assert (ask(), ask()) == (1, 1)
            desk.hand.kept.clear()
            assert (ask(), ask()) == (1, 0)
            await pilot.pause(0)

    run(walk())


def test_without_a_backend_of_traffic_it_is_disabled_with_the_reason() -> None:
    async def walk() -> None:
        desk = Desk(traffic=False)
        async with opened(desk) as pilot:
            await desk.shows(pilot, "– fail over: no traffic backend")

    run(walk())


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
def test_failover_by_keys_alone(size: tuple[int, int]) -> None:
    async def walk() -> None:
        desk = Desk()
        async with opened(desk, size) as pilot:
            await pilot.press("F")
            await desk.stands(pilot, Stage.CHOOSE)
            await desk.shows(pilot, "REAL", "› aws", "60 %, read 4 s ago", "CRITICAL")
            await pilot.press("enter")
            await desk.stands(pilot, Stage.REASON)
            await desk.shows(pilot, "60 % →   0 %", "expected within 1 m 30 s", "undo:", "› [Cancel]")
            await pilot.press("tab", *"it is down", "enter")
            await desk.stands(pilot, Stage.NAME)
            await desk.shows(pilot, "expires in 57 s", "type aws:", "› [Cancel]")
            assert not desk.hand.confirms
            await pilot.press("tab", *"aws", "enter")
            await desk.stands(pilot, Stage.FOLLOW)
            assert desk.hand.confirms == ["confirm 12 d1 aws"]
            await desk.shows(pilot, "#12 RUNNING", "confirmed by ada", "submit", "reason: it is down")
            done = [StepIs("submit", "done", NOW, NOW + timedelta(seconds=1.2), changes=True, undoes=False, detail="")]
            desk.hand.change(12, state="ended", outcome="verified", sentence="customers have moved", steps=done)
            await desk.second(pilot)
            await desk.shows(pilot, "#12 VERIFIED", "customers have moved", "1.2 s", "[Close]")
            await pilot.press("escape")
            await until(pilot, lambda: desk.app.dashboard.panel is None)

    run(walk())


def test_enter_alone_never_confirms() -> None:
    async def walk() -> None:
        desk = Desk()
        async with opened(desk) as pilot:
            await pilot.press("F")
            for _ in range(30):
                await pilot.press("enter")
                await pilot.pause(0.03)
            assert not [call for call in desk.hand.calls if call.startswith(("ask", "confirm"))]
            desk.hand.kept = [action()]
            desk.app.emergencies.poll(at_once=True)
            await until(pilot, lambda: desk.app.emergencies.told.actions)
            await pilot.press("escape", "escape")
            await until(pilot, lambda: len(desk.app.screen_stack) == 1 and desk.app.dashboard.panel is None)
            desk.app.emergencies.start("emergency.newest")
            await desk.stands(pilot, Stage.NAME)
            await pilot.press("enter")
            await until(pilot, lambda: "cancel 12" in desk.hand.calls)
            assert not desk.hand.confirms

    run(walk())


def test_what_is_typed_on_cancel_cancels_nothing_at_first_and_what_was_cancelled_is_said() -> None:
    """After the reason the cursor is on Cancel: whoever types the name at once and presses Enter meant the field."""

    async def walk() -> None:
        desk = Desk()
        async with opened(desk) as pilot:
            await desk.named(pilot)
            await pilot.press(*"aws")
            await desk.shows(pilot, "the cursor is on Cancel, where nothing is typed: Tab goes to the field")
            await pilot.press("enter")
            await desk.shows(pilot, "Enter once more is Cancel")
            assert not [call for call in desk.hand.calls if call.startswith("cancel")]
            await pilot.press("tab", *"aw", "tab", "enter")
            await until(pilot, lambda: "cancel 12" in desk.hand.calls)
            await desk.shows(pilot, "action 12: cancelled by ada: nothing was done")
            assert not desk.hand.confirms

    run(walk())


@pytest.mark.parametrize("typed", ["", "gcp", "AWS", "aw", "awss", " aws"])
def test_another_name_confirms_nothing(typed: str) -> None:
    async def walk() -> None:
        desk = Desk()
        async with opened(desk) as pilot:
            await desk.named(pilot)
            await pilot.press("tab", *["space" if c == " " else c for c in typed], "enter", "enter")
            await desk.shows(pilot, "that is not its name: type aws to confirm")
            assert not desk.hand.confirms

    run(walk())


def test_keys_from_before_the_panel_was_drawn_are_thrown_away() -> None:
    async def walk() -> None:
        desk = Desk()
        async with opened(desk) as pilot:
            await pilot.press("F")
            await desk.stands(pilot, Stage.CHOOSE)
            early = events.Key("enter", "\r")
            early.time = 0.0
            desk.app.post_message(early)
            await pilot.pause(0.1)
            assert desk.panel.arming.waits is None
            assert not [call for call in desk.hand.calls if call.startswith("plan")]
            await pilot.press("enter")
            await desk.stands(pilot, Stage.REASON)

    run(walk())


def typed(desk: Desk, *keys: str) -> None:
    """Have keys come all at once, as behind a line that stood still."""
    for key in keys:
        character = {"enter": "\r", "escape": "\x1b", "tab": "\t"}.get(key, key)
        desk.app.post_message(events.Key(key, character))


@pytest.mark.parametrize("before", [("enter",), ("w",), ("exclamation_mark",), ("ctrl+p",)])
def test_a_page_that_was_asked_for_just_before_does_not_open_over_the_panel(before: tuple[str, ...]) -> None:
    async def walk() -> None:
        desk = Desk()
        async with opened(desk) as pilot:
            typed(desk, *before, "F")
            await pilot.pause(0.1)
            if before == ("ctrl+p",):
                await pilot.press("escape", "escape", "F")
            await desk.stands(pilot, Stage.CHOOSE)
            assert desk.app.screen is desk.app.dashboard
            await pilot.press("escape")
            await until(pilot, lambda: desk.app.dashboard.panel is None)
            await pilot.press("enter")
            await until(pilot, lambda: desk.app.screen is not desk.app.dashboard)

    run(walk())


def test_a_key_that_comes_back_from_the_widgets_is_not_for_a_panel_that_opened_meanwhile() -> None:
    async def walk() -> None:
        desk = Desk()
        async with opened(desk) as pilot:
            early = events.Key("enter", "\r")
            early._set_forwarded()
            await pilot.press("F")
            await desk.stands(pilot, Stage.CHOOSE)
            desk.app.post_message(early)
            await pilot.pause(0.1)
            assert desk.panel.arming.waits is None
            assert not [call for call in desk.hand.calls if call.startswith("plan")]

    run(walk())


def test_no_page_opens_over_a_panel_whatever_asked_for_it() -> None:
    async def walk() -> None:
        desk = Desk()
        async with opened(desk) as pilot:
            listing = desk.app.dashboard.query_one("#providers", Listing)
            await desk.named(pilot)
            listing.post_message(Listing.Chosen(listing, "aws"))
            await desk.shows(pilot, "a panel is open, and no page opens over it: leave it first")
            assert desk.app.screen is desk.app.dashboard
            await pilot.press("tab", *"aws", "enter")
            await until(pilot, lambda: desk.hand.confirms)

    run(walk())


def test_what_lies_over_a_panel_has_its_keys_and_what_was_typed_there_confirms_nothing() -> None:
    async def walk() -> None:
        desk = Desk()
        async with opened(desk) as pilot:
            desk.app.dashboard.arm(EmergencyKind.FAILOVER)
            desk.app.push_screen(ProviderScreen("aws"))
            await until(pilot, lambda: isinstance(desk.app.screen, ProviderScreen))
            await pilot.press("escape")
            await desk.stands(pilot, Stage.CHOOSE)
            assert desk.app.screen is desk.app.dashboard
            await pilot.press("escape")
            await until(pilot, lambda: desk.app.dashboard.panel is None)
            await desk.named(pilot)
            desk.app.push_screen(ProviderScreen("aws"))
            await until(pilot, lambda: isinstance(desk.app.screen, ProviderScreen))
            assert not desk.panel.ready
            typed(desk, "escape", "enter", "enter", "tab", "a", "w", "s", "enter")
            await until(pilot, lambda: desk.app.screen is desk.app.dashboard)
            await pilot.pause(0.1)
            await desk.stands(pilot, Stage.NAME)
            assert (desk.hand.confirms, desk.panel.arming.text) == ([], "")
            assert not [call for call in desk.hand.calls if call.startswith("cancel")]
            await pilot.press("tab", "a", "w", "s", "enter")
            await until(pilot, lambda: desk.hand.confirms)

    run(walk())


@pytest.mark.parametrize("key", ["escape", "ctrl+q"])
def test_whatever_is_wrong_with_the_line_the_panel_can_be_left(key: str) -> None:
    async def walk() -> None:
        desk = Desk()
        async with opened(desk) as pilot:
            await desk.named(pilot)
            desk.panel.covered()
            late = events.Key(key, None)
            setattr(late, driver._LATE, True)
            desk.app.post_message(late)
            await until(pilot, lambda: not desk.app.is_running or desk.app.dashboard.panel is None)
            assert not desk.hand.confirms

    run(walk())


def test_a_line_that_hangs_while_a_plan_is_made_anew_locks_nobody_out(monkeypatch: pytest.MonkeyPatch) -> None:
    link = LinkReport()
    monkeypatch.setattr(WedtuiApp, "link", property(lambda _app: link))

    async def walk() -> None:
        nonlocal link
        desk = Desk()
        async with opened(desk) as pilot:
            await desk.named(pilot)
            link = LinkReport(delay=1800.0, hangs_for=1800.0)
            desk.panel.covered()
            desk.panel.uncovered()
            await pilot.pause(0.1)
            await pilot.press("tab", *"aws", "enter")
            assert (desk.panel.arming.text, desk.hand.confirms) == ("", [])
            link = LinkReport(delay=0.05)
            await desk.second(pilot)
            await desk.stands(pilot, Stage.NAME)
            await pilot.press("tab", *"aws", "enter")
            await until(pilot, lambda: desk.hand.confirms)

    run(walk())


def test_enter_behind_the_key_that_leaves_confirms_nothing() -> None:
    async def walk() -> None:
        desk = Desk()
        async with opened(desk) as pilot:
            await desk.named(pilot)
            await pilot.press("tab", *"aws")
            typed(desk, "escape", "enter")
            await until(pilot, lambda: desk.app.dashboard.panel is None)
            await pilot.pause(0.1)
            assert not desk.hand.confirms

    run(walk())


def test_keys_that_came_while_the_line_hung_begin_and_type_nothing() -> None:
    def late(key: str, character: str | None) -> events.Key:
        event = events.Key(key, character)
        setattr(event, driver._LATE, True)
        return event

    async def walk() -> None:
        desk = Desk()
        async with opened(desk) as pilot:
            desk.app.post_message(late("F", "F"))
            await desk.shows(pilot, "came while the line hung")
            assert desk.app.dashboard.panel is None
            await desk.named(pilot)
            await pilot.press("tab")
            for key in "aws":
                desk.app.post_message(late(key, key))
            await pilot.press("enter")
            await desk.shows(pilot, "that is not its name")
            assert not desk.hand.confirms

    run(walk())


def test_a_plan_that_changed_clears_what_was_typed_and_says_so() -> None:
    async def walk() -> None:
        desk = Desk()
        async with opened(desk) as pilot:
            await desk.named(pilot)
            await pilot.press("tab", *"aws")
            late_ = json_of({"azure": 30, "gcp": 60, "digitalocean": 20}, planned=Measured())
            desk.hand.change(12, digest="d2", plan=late_)
            await desk.second(pilot)
            await desk.shows(pilot, "THE PLAN CHANGED: what you typed was thrown away", "azure gets 30 %, not 60 %")
            await desk.shows(pilot, "UNKNOWN: the peak planned for the next 4 h is not known")
            assert desk.panel.arming.text == ""
            assert not desk.panel.arming.in_field
            await until(pilot, lambda: desk.panel.ready)
            await pilot.press("tab", *"aws")
            desk.hand.conflict = True
            await pilot.press("enter")
            await until(pilot, lambda: desk.hand.confirms == ["confirm 12 d2 aws"])
            await desk.shows(pilot, "THE PLAN CHANGED", "is another one by now")
            assert desk.panel.arming.text == ""

    run(walk())


def test_a_plan_that_was_made_anew_and_says_the_same_keeps_what_was_typed() -> None:
    """The service plans what it proposes again before each plan expires: by a newer peak, at another instant."""

    async def walk() -> None:
        desk = Desk()
        async with opened(desk) as pilot:
            await desk.named(pilot)
            await pilot.press("tab", *"aw")
            newer = json_of(observed=Measured(990.0, NOW)) | {"at": (NOW + 55 * SECOND).isoformat()}
            desk.hand.change(12, plan=newer, expires_at=NOW + 117 * SECOND)
            desk.clock.advance(timedelta(seconds=58))
            await desk.second(pilot)
            await until(pilot, lambda: desk.panel.arming.plan == newer)
            assert (desk.panel.arming.text, desk.panel.arming.said, desk.panel.arming.in_field) == ("aw", None, True)
            await pilot.press("s", "enter")
            await until(pilot, lambda: desk.hand.confirms == ["confirm 12 d1 aws"])

    run(walk())


def test_what_is_asked_for_is_another_plan_only_where_something_decides_otherwise() -> None:
    async def walk() -> None:
        desk = Desk()
        async with opened(desk) as pilot:
            for caps, changed in (({"gcp": 44, "digitalocean": 19}, False), ({"azure": 40}, True)):
                await pilot.press("F")
                await desk.stands(pilot, Stage.CHOOSE)
                await pilot.press("enter")
                await desk.stands(pilot, Stage.REASON)
                desk.hand.caps = {**desk.hand.caps, **caps}
                await pilot.press("tab", *"why", "enter")
                await desk.stands(pilot, Stage.NAME)
                words = desk.panel.arming.said or ""
                assert (
                    words == f"{NEWER}: azure gets 40 %, not 60 %; digitalocean gets 16 %, not 0 %; "
                    "gcp gets 44 %, not 40 %"
                ) is changed, words
                await pilot.press("escape")
                await until(pilot, lambda: desk.app.dashboard.panel is None)

    run(walk())


def test_a_panel_that_is_asked_for_while_the_last_one_goes_breaks_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keys that lie waiting, after a stall, come faster than a widget goes."""

    async def walk() -> None:
        desk = Desk()
        goes, asked = Panel.remove, []

        def pressed_meanwhile(panel: Panel) -> AwaitRemove:
            asked.append(panel)
            desk.app.emergencies.start("emergency.failover")
            return goes(panel)

        async with opened(desk) as pilot:
            monkeypatch.setattr(Panel, "remove", pressed_meanwhile)
            for closed in (1, 2):
                await pilot.press("F")
                await desk.stands(pilot, Stage.CHOOSE)
                await pilot.press("escape")
                await until(pilot, lambda: desk.app.dashboard.panel is None)
                assert (len(asked), desk.app.dashboard.has_class("-armed")) == (closed, False)
            monkeypatch.undo()

    run(walk())


def test_a_panel_that_was_left_twice_closes_no_other_one() -> None:
    async def walk() -> None:
        desk = Desk()
        async with opened(desk) as pilot:
            await pilot.press("F")
            await desk.stands(pilot, Stage.CHOOSE)
            former = desk.panel
            await pilot.press("escape")
            await until(pilot, lambda: desk.app.dashboard.panel is None)
            await pilot.press("F")
            await desk.stands(pilot, Stage.CHOOSE)
            desk.app.dashboard.post_message(Panel.Left(former))
            await pilot.pause(0.1)
            assert desk.panel is not former
            assert desk.panel.is_attached

    run(walk())


def test_an_old_plan_is_not_confirmed() -> None:
    async def walk() -> None:
        desk = Desk()
        async with opened(desk) as pilot:
            await desk.named(pilot)
            await pilot.press("tab", *"aws")
            desk.clock.advance(timedelta(seconds=58))
            await pilot.press("enter")
            await desk.shows(pilot, "too old to be confirmed")
            assert not desk.hand.confirms

    run(walk())


def test_leaving_lets_the_action_go_on_and_another_dashboard_opens_it_again() -> None:
    async def walk() -> None:
        desk = Desk()
        async with opened(desk) as pilot:
            desk.hand.kept = [action(person="grace")]
            desk.hand.confirm(12, digest="d1", typed="aws")
            desk.app.emergencies.poll(at_once=True)
            await desk.shows(pilot, "#12 running aws failover grace", "3s")
            await pilot.press("e")
            await desk.stands(pilot, Stage.FOLLOW)
            await desk.shows(pilot, "#12 RUNNING", "grace asked 3 s ago")
            await pilot.press("escape")
            await until(pilot, lambda: desk.app.dashboard.panel is None)
            assert not [call for call in desk.hand.calls if call.startswith("cancel")]

    run(walk())


def test_a_service_that_is_down_is_said_and_the_commands_are_shown() -> None:
    async def walk() -> None:
        desk = Desk()
        desk.hand.problem = GONE
        async with opened(desk) as pilot:
            desk.app.emergencies.by_hand = lambda _picture, kind, chosen: (f"# {kind}: {chosen}", "aws route53 x")
            await desk.shows(
                pilot, "the service does not answer", "by hand", "– lock down: the service does not answer"
            )
            assert "– fail" not in desk.text
            await pilot.press("F")
            await desk.stands(pilot, Stage.CHOOSE)
            await pilot.press("enter")
            await desk.stands(pilot, Stage.BY_HAND)
            await desk.shows(
                pilot, "THE SERVICE DOES NOT ANSWER", "# failover: aws", "aws route53 x", "does not listen"
            )
            await pilot.press("escape")
            await until(pilot, lambda: desk.app.dashboard.panel is None)
            await pilot.press("B")
            await desk.stands(pilot, Stage.CHOOSE)
            await pilot.press("enter")
            await desk.stands(pilot, Stage.BY_HAND)
            await desk.shows(pilot, "THE SERVICE DOES NOT ANSWER", "# failback: configured", "aws route53 x")

    run(walk())


def test_a_service_without_its_ledger_answers_and_what_is_under_way_is_unknown() -> None:
    async def walk() -> None:
        desk = Desk()
        desk.hand.kept = [action(confirmed_by="ada")]
        desk.hand.ledger = ServiceError("the ledger cannot be reached: `wedtui failover emergency` needs none")
        async with opened(desk) as pilot:
            await desk.shows(pilot, "✖ what is under way: UNKNOWN, the ledger", " F fail over")
            assert "does not answer" not in desk.text
            assert "by hand" not in desk.text
            await pilot.press("e")
            await desk.shows(pilot, "`wedtui failover emergency` needs none")

    run(walk())


def test_what_became_of_it_is_shown_for_an_hour_first_of_all_in_a_narrow_pane() -> None:
    async def walk() -> None:
        desk = Desk()
        desk.hand.kept = [action(13, person="grace"), action(state="ended", outcome="verified", confirmed_by="ada")]
        desk.hand.change(12, ended_at=NOW - timedelta(minutes=59))
        desk.hand.change(13, state="ended", outcome="expired", ended_at=NOW)
        async with opened(desk, (80, 24)) as pilot:
            await desk.shows(pilot, "e #12 VERIFIED aws", "59m")
            assert "#13" not in desk.text
            await pilot.press("e")
            await desk.stands(pilot, Stage.FOLLOW)
            await desk.shows(pilot, "#12 VERIFIED", "[Close]  Enter leaves")
            assert "goes on" not in desk.text
            await pilot.press("escape")
            desk.clock.advance(timedelta(minutes=2))
            desk.app.emergencies.poll(at_once=True)
            await until(pilot, lambda: "#12" not in desk.text)

    run(walk())


def test_a_refusal_is_said_in_its_own_words() -> None:
    async def walk() -> None:
        desk = Desk()
        desk.hand.caps = {"azure": 30, "gcp": 20, "digitalocean": 0}
        async with opened(desk) as pilot:
            await pilot.press("F")
            await desk.stands(pilot, Stage.CHOOSE)
            await pilot.press("enter")
            await desk.stands(pilot, Stage.REASON)
            await desk.shows(pilot, "REFUSED:", "◆ FAIL", "[Close]")
            await pilot.press("tab", *"aws")
            assert desk.panel.arming.text == ""
            desk.hand.problem = NotPermittedError("engineers may not fail over today: ask the owner")
            await pilot.press("escape")

    run(walk())


def test_nothing_is_pasted_into_it() -> None:
    async def walk() -> None:
        desk = Desk()
        async with opened(desk) as pilot:
            await desk.named(pilot)
            await pilot.press("tab")
            desk.app.post_message(events.Paste("aws"))
            await desk.shows(pilot, "nothing can be pasted here")
            assert desk.panel.arming.text == ""

    run(walk())


def test_it_is_there_in_plain_signs_and_without_colours() -> None:
    async def walk() -> None:
        desk = Desk(abilities=replace(EVERYTHING, depth=Depth.NONE, charset=Charset.ASCII, braille=False))
        async with opened(desk, (80, 24)) as pilot:
            await desk.named(pilot)
            await desk.shows(pilot, "REAL: customers move", "PASS", "[Cancel]")

    run(walk())


def test_opening_it_costs_less_than_8_kb_at_120x40() -> None:
    async def walk() -> None:
        desk = Desk()
        cutter, buffer = Cutter(Depth.TRUE), FrontBuffer()
        buffer.resize(120, 40)

        def sent() -> int:
            for y, strip in enumerate(desk.app.screen._compositor.render_strips()[:40]):
                buffer.put(0, y, cutter.cells(strip))
            return len(buffer.changes().encode())

        async with opened(desk) as pilot:
            sent()
            await pilot.press("F")
            await desk.stands(pilot, Stage.CHOOSE)
            assert 200 < sent() < 8_000
            await pilot.press("enter")
            await desk.stands(pilot, Stage.REASON)
            assert 500 < sent() < 8_000

    run(walk())


@pytest.mark.parametrize("elsewhere", ["enter", "w", "f", "i", "W"])
def test_from_another_screen_it_costs_no_more_than_from_the_dashboard(elsewhere: str) -> None:
    async def walk() -> None:
        desk = Desk()
        cutter, buffer = Cutter(Depth.TRUE), FrontBuffer()
        buffer.resize(120, 40)

        def sent() -> int:
            for y, strip in enumerate(desk.app.screen._compositor.render_strips()[:40]):
                buffer.put(0, y, cutter.cells(strip))
            return len(buffer.changes().encode())

        async with opened(desk) as pilot:
            await pilot.press(elsewhere)
            await until(pilot, lambda: desk.app.screen is not desk.app.dashboard)
            await pilot.pause(0.2)
            sent()
            await pilot.press("F")
            await desk.stands(pilot, Stage.CHOOSE)
            await until(pilot, lambda: desk.panel.ready)
            assert 500 < sent() < 8_000

    run(walk())


def test_a_click_beside_it_does_not_take_its_keys_away() -> None:
    async def walk() -> None:
        desk = Desk()
        async with opened(desk) as pilot:
            await desk.named(pilot)
            await pilot.click("#providers", offset=(5, 3))
            await until(pilot, lambda: desk.app.focused is desk.panel)

    run(walk())


@pytest.mark.parametrize(("read_ago", "words"), [(4, ("aws", "0 %", "100 %")), (400, ("aws", "(0%)", "(100%)"))])
def test_the_table_says_the_live_share_and_not_the_configured_one(read_ago: int, words: tuple[str, ...]) -> None:
    shares = dict.fromkeys(READING.shares, 0) | {Place("gcp"): 100}
    reading = replace(READING, shares=shares, read_at=NOW - read_ago * SECOND)

    async def walk() -> None:
        app = make_app(world(replace(TRAFFIC, reading=reading)))
        async with driven(app, (80, 24)) as pilot:
            await until(pilot, lambda: all(word in screen_text(app) for word in words))
            (line,) = [line for line in screen_text(app).splitlines() if " CRITICAL  aws" in line]
            assert "60" not in line.split("aws")[1].split("%")[0]

    run(walk())


def test_the_places_to_fail_over_from_say_how_they_are_now() -> None:
    """The list stays open while a provider falls ill: the cursor stays where it is, and no state stands there old."""

    async def walk() -> None:
        desk = Desk()
        async with opened(desk) as pilot:
            await pilot.press("F")
            await desk.stands(pilot, Stage.CHOOSE)
            chosen = desk.panel.arming.chosen
            await desk.shows(pilot, "read 4 s ago")
            reading = replace(READING, shares={**READING.shares, Place("gcp"): 9, Place("azure"): 31})
            desk.source.make = world(replace(TRAFFIC, reading=reading)).make
            desk.source.dirty = True
            # Read before time passes: of a second in which a new picture came the reader makes no other.
            await desk.shows(pilot, "  9 %, read 4 s ago")
            for _ in range(3):
                await desk.second(pilot)

            def shown() -> bool:
                # A reader that was late reads at the next tick.
                desk.app.tick()
                return "  9 %, read 7 s ago" in desk.text

            await until(pilot, shown)
            assert desk.panel.arming.chosen == chosen

    run(walk())


def test_a_place_that_is_gone_takes_what_was_typed_on_it_along() -> None:
    """Where what there is to choose from is another list, keys count only from when that was drawn."""
    arming = begin(EmergencyKind.FAILOVER, (Choice("aws", "60 %", "CRITICAL"), Choice("gcp", "40 %", "OK")))
    same = live(arming, (Choice("aws", "60 %", "OK"), Choice("gcp", "40 %", "CRITICAL")))
    assert (same.chosen, same.shown, same.choices[0].state) == ("aws", arming.shown, "OK")
    moved = live(same, (Choice("azure", "1 %", "OK"), Choice("aws", "59 %", "OK")))
    assert (moved.chosen, moved.shown) == ("aws", arming.shown + 1)
    gone = live(moved, (Choice("azure", "60 %", "OK"), Choice("gcp", "40 %", "OK")))
    assert (gone.chosen, gone.shown) == ("azure", arming.shown + 2)
    assert live(replace(arming, waits="asking"), ()) == replace(arming, waits="asking")
