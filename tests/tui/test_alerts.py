"""Alerts by keys alone: what the line and the list say, what `a` takes, and for what the bell rings."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from textual import events
from textual.pilot import Pilot

from tests.pictures import NOW, SECOND, FakeSource, MovableClock
from tests.tui.alerting import (
    CENTRAL,
    HIDDEN,
    MANY,
    MINUTE,
    OUTSIDE,
    OVER,
    PENDING,
    SILENCED,
    SILENT,
    TAKEN,
    WARNING,
    WORLDS,
    alarmed,
    alert,
)
from tests.tui.driving import cursor, driven, run, screen_text, until
from tests.tui.service_hand import ServiceHand, action, json_of
from wedtui.core.alerts.memory import Phase
from wedtui.core.alerts.standing import AlertIs, SourceIs, Suppressed
from wedtui.core.changes import Change, ChangeKind, Gap, Told, before_query, merge
from wedtui.core.roles import Role
from wedtui.core.services import ServiceCondition
from wedtui.errors import ConflictError, ServiceError
from wedtui.tui.alerts import AGAIN_AFTER_S, SEEN_FOR_S
from wedtui.tui.app import WedtuiApp
from wedtui.tui.board import BeforeAlert, Board, ChangesTold
from wedtui.tui.draw.alert_page import alert_facts
from wedtui.tui.draw.alert_taking import taken_forms, untaken_words
from wedtui.tui.draw.alerts import (
    Keys,
    alert_rows,
    alerts_header,
    alerts_lines,
    alerts_note,
    firing_count,
    matching,
    remarks,
)
from wedtui.tui.plain.alerts import alerts as spoken_alerts
from wedtui.tui.plain.alerts import standing
from wedtui.tui.screens.alerts import AlertsScreen
from wedtui.tui.spans import Role as Colour
from wedtui.tui.spans import plain
from wedtui.tui.terminal.abilities import EVERYTHING
from wedtui.tui.wall.strip import bottom

ERRORS, KEY = alert(), "acknowledge alert/errors/aws"


class Desk:
    """A dashboard on a world with alerts, and a service in memory."""

    def __init__(
        self, *alerts: AlertIs, read_only: bool = False, role: Role = Role.ENGINEER, kind: str = "xterm"
    ) -> None:
        self.clock = MovableClock()
        self.hand = ServiceHand(self.clock, role=role)
        self.source = alarmed(*alerts)
        self.app = WedtuiApp(
            lambda: self.source,
            self.clock,
            theme="midnight",
            read_only=read_only,
            abilities=replace(EVERYTHING, kind=kind),
            environ={"TERM": kind},
        )
        self.rung: list[str] = []
        self.sent: list[str] = []

    @property
    def text(self) -> str:
        return screen_text(self.app)

    @property
    def taken(self) -> list[str]:
        return [each for each in self.hand.calls if each.startswith("acknowledge")]

    async def becomes(self, pilot: Pilot[None], *alerts: AlertIs) -> None:
        """Let another round judge, and a second pass."""
        self.clock.advance(SECOND)
        world = alarmed(*alerts, judged=NOW - self.clock.at + SECOND)
        self.source.make, self.source.dirty = world.make, True
        wanted = world.make(NOW).alerts
        await until(pilot, lambda: self.app.board.picture is not None and self.app.board.picture.alerts == wanted)

    async def stands(self, pilot: Pilot[None], seconds: float = SEEN_FOR_S) -> None:
        """Let what is on the screen stand there for a while."""
        self.clock.advance(timedelta(seconds=seconds))
        await pilot.pause()

    async def shows(self, pilot: Pilot[None], *words: str) -> None:
        await until(pilot, lambda: all(word in self.text for word in words))


@asynccontextmanager
async def opened(desk: Desk, size: tuple[int, int] = (120, 40)) -> AsyncIterator[Pilot[None]]:
    desk.app.bell = lambda: desk.rung.append("bell")  # type: ignore[method-assign]

    def write(sequence: str) -> None:
        desk.sent.append(sequence)

    desk.app.write_to_terminal = write  # type: ignore[method-assign]
    async with driven(desk.app, size) as pilot:
        desk.app.use_hand(desk.hand)
        await until(pilot, lambda: desk.app.emergencies.told.who or desk.app.emergencies.told.problem)
        await desk.stands(pilot)
        yield pilot


def lines(*alerts: AlertIs, width: int = 80) -> list[str]:
    """Return the dashboard's lines of alerts."""
    board = Board(NOW + SECOND, picture=alarmed(*alerts).make(NOW))
    return [plain(line) for line in alerts_lines(board, width, 2, Keys("!", "a"))]


LINES: dict[str, tuple[tuple[AlertIs, ...], str, str]] = {
    "nothing": ((), "● no rule fires, judged 4 s ago · 8 rules", "no rule fires"),
    "over": ((OVER,), "● no rule fires, judged 4 s ago · 8 rules", "no rule fires"),
    "pending": ((PENDING,), "● no rule fires, 1 pending, judged 4 s ago · 8 rules", "1 pending"),
    "one": ((ERRORS,), "■ FIRES  errors aws  for 25m  NOBODY, next 1m34s  4 s old  a: take  !: all", "NOBODY HAS IT"),
    "taken": ((TAKEN,), "■ FIRES  errors-rising provider=gcp  for 9m01s  mo has it  4 s old", "until 08:11 EDT"),
    "longer": (
        (replace(TAKEN, lapse_s=1800.0),),
        "■ FIRES  errors-rising provider=gcp  for 9m01s  mo has it  4 s old",
        "until 08:26 EDT",
    ),
    "lapsed": (
        (replace(TAKEN, acknowledged_at=NOW - 16 * MINUTE),),
        "■ FIRES  errors-rising gcp  9m01s  NOBODY  4 s old  a: take",
        "NOBODY HAS IT",
    ),
    "silenced": ((SILENCED,), "▲ FIRES  cpu provider=azure  for 25m  silenced by grace  4 s old", "until 10:00 EDT"),
    "hidden": ((HIDDEN,), "▲ FIRES  memory provider=aws  for 25 m 04 s  hidden by down  4 s old", "hidden by down"),
    "overdue": ((replace(ERRORS, escalates_at=NOW),), "NOBODY, call due  4 s old", "the next call is due"),
    "untold": (
        (replace(ERRORS, escalates_at=None, told_at=None),),
        "NOBODY, not told  4 s old",
        "NOBODY HAS IT, nobody was told yet",
    ),
    "last": ((replace(ERRORS, escalates_at=None),), "for 25m  NOBODY  4 s old", "nobody else is called"),
    "many": (
        MANY,
        "■ 6 FIRE  down hetzner  21s  NOBODY, next 1m34s  4 s old  a: take  !: all",
        "■ 6 FIRE, 2 hidden  down provider=hetzner",
    ),
    "another": ((TAKEN, WARNING), "mo has it  a: take cache-hits gcp", "a: take cache-hits gcp"),
}


@pytest.mark.parametrize("case", LINES)
def test_the_line_says_what_fires_for_how_long_and_who_has_it(case: str) -> None:
    alerts, narrow, wide = LINES[case]
    for width, words in ((80, narrow), (120, wide)):
        found = lines(*alerts, width=width)
        assert words in found[0]
        assert all(len(line) <= width for line in found)


def test_what_nobody_judges_is_unknown_and_never_that_nothing_fires() -> None:
    async def walk(source: object, words: str) -> None:
        desk = Desk()
        desk.source = source  # type: ignore[assignment]
        async with opened(desk) as pilot:
            assert words in desk.text
            assert "no rule fires" not in desk.text
            await pilot.press("exclamation_mark")
            await desk.shows(pilot, "what fires is UNKNOWN")
            assert "● no rule" not in desk.text

    run(walk(alarmed(known=False), "? ALERTS UNKNOWN: no service has judged the rules"))
    run(walk(alarmed(judged=4 * MINUTE), "? ALERTS UNKNOWN: judged 4 m 0"))
    run(walk(alarmed(ERRORS, judged=4 * MINUTE), "1 fired then, worst errors provider=aws"))
    run(walk(alarmed(judged=-MINUTE), "? ALERTS UNKNOWN: judged in the future: a clock is wrong"))


@pytest.mark.parametrize("wrong", [{"whole": False}, {"lacks": "Watchdog"}, {"fresh": False}])
def test_that_nothing_fires_is_not_good_where_another_system_does_not_say_all(wrong: dict[str, Any]) -> None:
    source = replace(SourceIs("central", "alertmanager", NOW - SECOND, fresh=True), **wrong)
    known = Board(NOW + SECOND, picture=alarmed(sources=(source,)).make(NOW))
    line = plain(alerts_lines(known, 120, 2, Keys("!", "a"))[0]).strip()
    assert line.startswith("? no rule fires, central unknown, judged 4 s ago")
    assert "UNKNOWN what fires in central" in standing(known)


@pytest.mark.parametrize(
    ("world", "words"),
    [
        ("no-rules", "? ALERTS UNKNOWN: no rule counts, so nothing can fire"),
        ("not-set", "? ALERTS UNKNOWN: nothing is measured by which a rule could be judged (8 rules not set)"),
        ("all-unknown", "? ALERTS UNKNOWN: 1 of 1 series unknown"),
        ("unknown", "? no rule fires, 2 of 12 series unknown, judged 4 s ago · 6 of 8 rules"),
    ],
)
def test_that_nothing_fires_is_good_only_where_everything_is_known(world: str, words: str) -> None:
    known = Board(NOW + SECOND, picture=WORLDS[world]().make(NOW))
    line = alerts_lines(known, 120, 2, Keys("!", "a"))[0]
    assert plain(line).strip().startswith(words)
    rows = [span for row in alert_rows(known, "", 120) for span in row.line]
    for text, role in (*line, *alerts_note(known), *rows):
        assert role is not Colour.OK, text
    named = "".join(text for text, _ in rows)
    assert ("latency provider=azure" in named) is (world == "unknown")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"condition": ServiceCondition.STUCK}, "judged 4 s ago, the service stores nothing; nothing fired then"),
        ({"condition": ServiceCondition.STOPPED}, "judged 4 s ago, the service was stopped; nothing fired then"),
        ({"condition": ServiceCondition.DEAD}, "judged 4 s ago, the service is dead; nothing fired then"),
        ({"condition": ServiceCondition.UNSEEN}, "judged 4 s ago, whether the service runs is not known; nothing"),
        ({"at": NOW - 6 * SECOND}, "judged 4 s ago, whether the service runs is not known; nothing fired then"),
    ],
)
def test_while_no_service_stores_anything_no_line_of_alerts_is_green(change: dict[str, Any], words: str) -> None:
    known = Board(NOW + SECOND, picture=replace(alarmed(OVER).make(NOW), **change))
    line = alerts_lines(known, 120, 2, Keys("!", "a"))[0]
    assert plain(line).startswith(f" ? ALERTS UNKNOWN: {words}")
    rows = [span for row in alert_rows(known, "", 120) for span in row.line]
    assert Colour.OK not in {role for _, role in (*line, *alerts_note(known), *rows)}
    assert standing(known).startswith(f"ALERTS UNKNOWN: judged 4 seconds ago, {words.split(', ')[1]}")
    below = [*bottom(known, 120, 3, "1/2"), *bottom(known, 120, 1, "1/2")]
    assert plain(below[0]).startswith(f" ? ALERTS UNKNOWN: {words}")
    assert Colour.OK not in {role for spans in below for _, role in spans}
    # What fired then is said, and taken for what it is: old.
    fired = replace(known, picture=replace(alarmed(ERRORS).make(NOW), **change))
    assert "1 fired then, worst errors" in plain(alerts_lines(fired, 200, 2, Keys("!", "a"))[0])
    assert "fired then: errors provider=aws" in standing(fired)


def test_a_judgement_grows_old_on_the_screen() -> None:
    async def walk() -> None:
        desk = Desk(ERRORS)
        async with opened(desk) as pilot:
            assert "■ FIRES" in desk.text
            desk.clock.advance(timedelta(seconds=70))
            desk.source.dirty = True
            await desk.shows(pilot, "? ALERTS UNKNOWN: judged 1 m 14 s ago, the service is dead; 1 fired then")

    run(walk())


def test_a_takes_the_worst_that_nobody_has_and_says_which() -> None:
    async def walk() -> None:
        desk = Desk(TAKEN, ERRORS, WARNING, SILENCED, HIDDEN)
        async with opened(desk) as pilot:
            await desk.shows(pilot, "a: take")
            await pilot.press("a")
            await desk.shows(pilot, "you have errors provider=aws; lapses 08:15 EDT if it still fires; 2 of 3 taken")
            assert desk.taken == [KEY]
            # The next picture may not know of it yet.
            await desk.shows(pilot, "errors provider=aws  for 25m  ada has it")

    run(walk())


def test_who_takes_one_is_told_the_lapse_that_is_configured() -> None:
    async def walk() -> None:
        desk = Desk(replace(ERRORS, lapse_s=1800.0))
        async with opened(desk) as pilot:
            await desk.shows(pilot, "a: take")
            await pilot.press("a")
            await desk.shows(pilot, "you have errors provider=aws; lapses 08:30 EDT if it still fires")

    run(walk())


def test_pressed_twice_it_takes_no_second_alert() -> None:
    async def walk() -> None:
        desk = Desk(ERRORS, WARNING)
        async with opened(desk) as pilot:
            await pilot.press("a", "a")
            await desk.shows(
                pilot, "you have errors provider=aws", "1 of 2 taken; then a takes cache-hits provider=gcp"
            )
            await pilot.press("a")
            await desk.shows(pilot, "you have errors provider=aws", "then a takes cache-hits")
            assert desk.taken == [KEY]
            desk.clock.advance(timedelta(seconds=AGAIN_AFTER_S))
            await pilot.press("a")
            await desk.shows(pilot, "you have cache-hits provider=gcp")
            assert desk.taken == [KEY, "acknowledge alert/cache-hits/gcp"]

    run(walk())


def test_an_alert_that_came_up_under_the_finger_is_not_taken() -> None:
    async def walk() -> None:
        desk = Desk(WARNING)
        async with opened(desk) as pilot:
            await desk.becomes(pilot, replace(ERRORS, since=NOW + SECOND), WARNING)
            await pilot.press("a")
            await desk.shows(pilot, "errors provider=aws fires only since just now and was not taken")
            assert not desk.taken
            await desk.stands(pilot)
            await pilot.press("a")
            await desk.shows(pilot, "you have errors provider=aws")

    run(walk())


def at_once(desk: Desk, *keys: str) -> None:
    """Have keys come all together, as behind a line that stood still for a moment."""
    for key in keys:
        character = {"slash": "/", "escape": "\x1b", "enter": "\r"}.get(key, key)
        desk.app.post_message(events.Key(key, character))


def test_letters_behind_the_key_of_the_filter_are_typed_and_take_nothing() -> None:
    async def walk() -> None:
        desk = Desk(ERRORS)
        async with opened(desk) as pilot:
            await desk.stands(pilot, 2)
            at_once(desk, "slash", *"aws")
            await until(pilot, lambda: desk.app.dashboard.words == "aws")
            assert not desk.taken

    run(walk())


def test_what_the_key_before_it_selected_is_taken() -> None:
    async def walk() -> None:
        desk = Desk(*MANY)
        async with opened(desk) as pilot:
            await pilot.press("exclamation_mark")
            await until(pilot, lambda: cursor(desk.app) == "down provider=hetzner")
            await desk.stands(pilot, 2)
            at_once(desk, "j", "a")
            await until(pilot, lambda: desk.taken)
            assert (cursor(desk.app), desk.taken) == ("errors provider=aws", ["acknowledge alert/errors/aws"])

    run(walk())


def test_what_only_just_came_to_be_the_next_is_not_taken_by_a_key_that_meant_another() -> None:
    async def walk() -> None:
        latency = alert("latency", "gcp")
        desk = Desk(ERRORS, latency)
        async with opened(desk) as pilot:
            await desk.stands(pilot, 2)
            await desk.becomes(pilot, replace(ERRORS, phase=Phase.RESOLVED, resolved_at=NOW), latency)
            await pilot.press("a")
            await desk.shows(pilot, "is what waits only since just now and was not taken")
            assert not desk.taken
            await desk.stands(pilot, 2)
            await pilot.press("a")
            await until(pilot, lambda: desk.taken == ["acknowledge alert/latency/gcp"])

    run(walk())


def test_two_enters_at_once_open_one_page() -> None:
    async def walk() -> None:
        desk = Desk(*MANY)
        async with opened(desk) as pilot:
            await pilot.press("exclamation_mark")
            await until(pilot, lambda: cursor(desk.app) is not None)
            at_once(desk, "enter", "enter")
            await until(pilot, lambda: not isinstance(desk.app.screen, AlertsScreen))
            await pilot.pause(0.1)
            assert len(desk.app.screen_stack) == 3

    run(walk())


def test_on_the_list_it_takes_what_is_under_the_cursor_which_follows_it() -> None:
    async def walk() -> None:
        desk = Desk(*MANY)
        async with opened(desk) as pilot:
            await pilot.press("exclamation_mark")
            await desk.shows(pilot, "alerts · 6 firing")
            await pilot.press("down", "down", "down")
            await until(pilot, lambda: cursor(desk.app) == "cache-hits provider=gcp")
            worse = replace(WARNING, severity=ERRORS.severity, acknowledged_by="")
            await desk.becomes(pilot, worse, *(each for each in MANY if each is not WARNING))
            assert cursor(desk.app) == "cache-hits provider=gcp"
            await pilot.press("a")
            await desk.shows(pilot, "you have cache-hits provider=gcp")
            assert desk.taken == ["acknowledge alert/cache-hits/gcp"]

    run(walk())


@pytest.mark.parametrize(
    ("one", "words"),
    [
        (TAKEN, "errors-rising provider=gcp was not taken: mo has it until 08:11 EDT"),
        (PENDING, "latency provider=gcp was not taken: it does not fire yet"),
        (OVER, "errors provider=azure was not taken: it is over"),
    ],
)
def test_what_cannot_be_taken_says_why(one: AlertIs, words: str) -> None:
    async def walk() -> None:
        desk = Desk(one)
        async with opened(desk) as pilot:
            await pilot.press("exclamation_mark", "a")
            await desk.shows(pilot, words)
            await pilot.press("enter", "a")
            await desk.shows(pilot, "alerts › ", words)
            assert not desk.taken

    run(walk())


@pytest.mark.parametrize("hidden", [SILENCED, HIDDEN])
def test_what_is_hidden_can_be_taken_from_its_row_and_is_not_offered_elsewhere(hidden: AlertIs) -> None:
    async def walk() -> None:
        desk = Desk(hidden)
        async with opened(desk) as pilot:
            await pilot.press("a")
            await desk.shows(
                pilot, f"nothing to take: of 1 that fires 1 {'silenced' if hidden is SILENCED else 'hidden by down'}"
            )
            await pilot.press("exclamation_mark", "a")
            await desk.shows(pilot, f"you have {hidden.rule} {hidden.about}")

    run(walk())


def test_on_the_list_the_key_is_not_said_to_take_what_the_cursor_is_not_on() -> None:
    async def walk() -> None:
        desk = Desk(ERRORS, WARNING)
        async with opened(desk) as pilot:
            await pilot.press("exclamation_mark", "a")
            await desk.shows(pilot, "you have errors provider=aws", "next is cache-hits")
            assert "then a takes" not in desk.text

    run(walk())


def test_who_may_not_is_not_offered_it_and_told_why() -> None:
    async def walk(desk: Desk, why: str) -> None:
        async with opened(desk) as pilot:
            await desk.shows(pilot, "NOBODY HAS IT")
            assert "a: take" not in desk.text
            await pilot.press("a")
            await desk.shows(pilot, f"errors provider=aws was not taken: {why}")
            assert not desk.taken
            await pilot.press("exclamation_mark", "enter")
            await desk.shows(pilot, "it cannot be taken here", why.split(maxsplit=1)[0])

    run(walk(Desk(ERRORS, read_only=True), "read-only: no key here changes anything"))
    run(walk(Desk(ERRORS, role=Role.VIEWER), "viewer may not acknowledge: needs engineer"))
    down = Desk(ERRORS)
    down.hand.problem = ServiceError("the service does not listen")
    run(walk(down, "the service does not answer: see `wedtui service status`"))


def test_a_service_that_refuses_is_quoted_and_nobody_has_it() -> None:
    async def walk() -> None:
        desk = Desk(ERRORS)
        desk.hand.refuses = ConflictError("it is over: look again")
        async with opened(desk) as pilot:
            await pilot.press("a")
            await desk.shows(pilot, "errors provider=aws was NOT taken: it is over: look again", "NOBODY HAS IT")
            desk.hand.refuses = None
            await pilot.press("a")
            await desk.shows(pilot, "you have errors provider=aws")

    run(walk())


def test_where_both_wait_a_is_the_alert_and_e_the_action() -> None:
    async def walk() -> None:
        desk = Desk(ERRORS)
        desk.hand.kept = [action(12, person="mo", plan=json_of())]
        async with opened(desk) as pilot:
            await pilot.press("a")
            await desk.shows(pilot, "you have errors provider=aws")
            assert desk.app.dashboard.panel is None
            await pilot.press("e")
            await until(pilot, lambda: desk.app.dashboard.panel is not None)
            # In the panel it is a letter.
            await pilot.press("a")
            assert desk.taken == [KEY]

    run(walk())


def test_where_no_alert_waits_a_says_why_and_opens_nothing() -> None:
    async def walk() -> None:
        desk = Desk(TAKEN, SILENCED)
        desk.hand.kept = [action(12, person="mo", plan=json_of())]
        async with opened(desk) as pilot:
            await desk.shows(pilot, "#12")
            await pilot.press("a")
            await desk.shows(
                pilot, "nothing to take: of 2 that fire 1 has somebody, 1 silenced; e opens the newest action; ! lists"
            )
            assert desk.app.dashboard.panel is None
            assert not desk.taken

    run(walk())


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (alarmed(), "no rule fires"),
        (alarmed(OVER, unknown=("cpu provider=aws",)), "no rule fires, 1 of 12 series unknown"),
        (alarmed(rules=0), "what fires is UNKNOWN: no rule counts, so nothing can fire"),
        (alarmed(known=False), "what fires is UNKNOWN: no service has judged the rules"),
        (alarmed(ERRORS, judged=4 * MINUTE), "what fires is UNKNOWN: judged 4 m 01 s ago; 1 fired then, worst errors"),
        (alarmed(TAKEN), "of 1 that fires 1 has somebody"),
        (alarmed(HIDDEN, SILENCED), "of 2 that fire 1 silenced, 1 hidden by down"),
    ],
)
def test_why_nothing_can_be_taken_is_said(source: FakeSource, words: str) -> None:
    assert untaken_words(Board(NOW + SECOND, picture=source.make(NOW))).startswith(words)


PROBES = tuple(
    replace(
        alert("down", "azure", key=f"alert/down/{page}", since=NOW - since * SECOND),
        labels=(("probe", f"{page}-azure"), ("provider", "azure")),
    )
    for page, since in (("healthz", 20), ("rsvp", 22))
)


def test_what_was_taken_and_what_comes_next_is_said_whole_at_80_columns() -> None:
    async def walk() -> None:
        desk = Desk(*PROBES, ERRORS)
        async with opened(desk, (80, 24)) as pilot:
            await pilot.press("a")
            await desk.shows(pilot, "down healthz-azure azure taken, 1 of 3; then a takes down rsvp-azure azure")
            desk.clock.advance(timedelta(seconds=AGAIN_AFTER_S))
            await pilot.press("a")
            await desk.shows(pilot, "2 of 3 taken; then a takes errors aws")

    run(walk())


def test_what_was_taken_is_said_as_fully_as_there_is_room() -> None:
    board = Board(NOW + SECOND, picture=alarmed(ERRORS).make(NOW))
    alone = taken_forms(board, ERRORS, (), NOW, "a")
    assert alone[0] == "you have errors provider=aws; lapses 08:15 EDT if it still fires; nothing else waits"
    assert sorted(map(len, alone), reverse=True) == [*map(len, alone)]
    several = taken_forms(board, PROBES[0], (PROBES[1],), NOW, "")
    assert sorted(map(len, several), reverse=True) == [*map(len, several)]
    assert all("next is" in form for form in several[:5])


@pytest.mark.parametrize("width", [80, 120])
@pytest.mark.parametrize("condition", [ServiceCondition.DEAD, ServiceCondition.STOPPED, ServiceCondition.STUCK])
def test_no_countdown_runs_on_while_nobody_judges(condition: ServiceCondition, width: int) -> None:
    """Whoever judges calls: of what nobody judges nobody is called, whatever was planned."""
    known = Board(NOW + SECOND, picture=replace(alarmed(ERRORS).make(NOW), condition=condition))
    rows = [plain(row.line) for row in alert_rows(known, "", width)]
    shown = [plain(each) for each in (*alerts_lines(known, width, 2, Keys("!", "a")), *bottom(known, width, 3, "1/2"))]
    page = [plain(row.line) for row in alert_facts(known, ERRORS, width, offer="", before=None)]
    said = "\n".join((*rows, *shown, *page, *spoken_alerts(known)))
    assert any(row.endswith("not sure") for row in rows)
    for countdown in ("1m34s", "1 m 34 s", "1 minute 34 seconds", "next call in", "the next call is in"):
        assert countdown not in said


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (alarmed(), " · 0 firing"),
        (alarmed(ERRORS, TAKEN), " · 2 firing"),
        (alarmed(ERRORS, judged=4 * MINUTE), " · ? firing"),
        (alarmed(known=False), " · ? firing"),
        (alarmed(rules=0), " · ? firing"),
        (alarmed(unknown=("cpu provider=aws",), series=1), " · ? firing"),
    ],
)
def test_the_title_of_the_list_counts_only_what_is_known(source: FakeSource, words: str) -> None:
    assert firing_count(Board(NOW + SECOND, picture=source.make(NOW))) == words


def test_in_the_list_what_fires_comes_first_and_says_whose_it_is() -> None:
    known = Board(NOW + SECOND, picture=alarmed(*PROBES, OVER, unknown=("cpu provider=aws",)).make(NOW))
    rows = [plain(row.line) for row in alert_rows(known, "", 80)]
    assert [("azure healthz-azure" in row, "azure rsvp-azure" in row) for row in rows[:2]] == [
        (True, False),
        (False, True),
    ]
    assert "? 1 of 12 series unknown: cpu provider=aws" in rows[2]
    assert "over" in rows[3]
    wide = [plain(row.line) for row in alert_rows(known, "", 120)]
    assert "probe=healthz-azure, provider=azure" in wide[0]


def test_who_joins_those_that_were_told_just_now_is_told_soon() -> None:
    first = replace(PROBES[0], told_at=NOW - 5 * SECOND)
    second = replace(PROBES[1], told_at=None, escalates_at=None, severity=ERRORS.severity)
    assert "NOBODY, told soon" in "".join(lines(second, first))
    stale = replace(first, told_at=NOW - 41 * SECOND)
    assert "NOBODY, not told" in "".join(lines(second, stale))


def test_it_takes_from_every_screen_and_not_while_a_person_types() -> None:
    async def walk() -> None:
        for key in ("f", "W", "w", "question_mark"):
            desk = Desk(ERRORS)
            async with opened(desk) as pilot:
                await pilot.press(key, "a")
                await desk.shows(pilot, "you have errors provider=aws")
        desk = Desk(ERRORS)
        async with opened(desk) as pilot:
            await pilot.press("slash", "a", "w", "s")
            await desk.shows(pilot, 'filter "aws"')
            assert not desk.taken

    run(walk())


@pytest.mark.parametrize(("what", "rung"), [("proposal", []), ("countdown", []), ("handed-over", ["bell"])])
def test_for_a_proposal_the_bell_rings_where_proposals_do(what: str, rung: list[str]) -> None:
    async def walk() -> None:
        labels = (("page", f"action/7/{what}"), ("page_number", "3"))
        page = replace(ERRORS, rule="wedtui/action", labels=labels, since=NOW + SECOND)
        desk = Desk(WARNING)
        async with opened(desk) as pilot:
            await desk.becomes(pilot, page, WARNING)
            assert desk.rung == rung

    run(walk())


def test_the_bell_rings_once_an_episode_and_never_for_what_fired_before() -> None:
    async def walk() -> None:
        new = replace(ERRORS, since=NOW + SECOND)
        desk = Desk(WARNING)
        async with opened(desk) as pilot:
            assert not desk.rung
            await desk.becomes(pilot, new, WARNING)
            assert desk.rung == ["bell"]
            assert desk.sent == ["\x1b]9;wedtui: production CRITICAL: errors provider=aws\a"]
            await desk.shows(pilot, "CRITICAL: errors provider=aws fires; a takes it; ! lists all")
            await desk.becomes(pilot, WARNING)
            await desk.becomes(pilot, new, WARNING)
            assert desk.rung == ["bell"]
            await desk.becomes(pilot, replace(new, key="another episode"), WARNING)
            assert desk.rung == ["bell", "bell"]

    run(walk())


def test_the_bell_rings_for_what_came_while_it_was_open_whenever_it_says_that_it_began() -> None:
    async def walk() -> None:
        earlier = NOW - timedelta(minutes=15)
        there, came = replace(WARNING, since=earlier), replace(ERRORS, since=earlier, key="came since")
        desk = Desk(there)
        async with opened(desk) as pilot:
            await desk.becomes(pilot, came, there)
            assert desk.rung == ["bell"]
            await desk.becomes(pilot, came, there)
            assert desk.rung == ["bell"]

    run(walk())


def test_several_that_begin_together_ring_once() -> None:
    async def walk() -> None:
        desk = Desk()
        both = [replace(each, since=NOW + SECOND) for each in (SILENT, ERRORS)]
        async with opened(desk) as pilot:
            await desk.becomes(pilot, *both)
            assert (len(desk.rung), len(desk.sent)) == (1, 1)
            assert "and 1 more" in desk.sent[0]

    run(walk())


@pytest.mark.parametrize("quiet", [TAKEN, SILENCED, HIDDEN, PENDING, OVER])
def test_nothing_rings_for_what_somebody_has_or_is_hidden_or_does_not_fire(quiet: AlertIs) -> None:
    async def walk() -> None:
        desk = Desk()
        begun = replace(quiet, since=NOW + SECOND)
        if quiet.acknowledged_at is not None:
            begun = replace(begun, acknowledged_at=NOW + SECOND)
        async with opened(desk) as pilot:
            await desk.becomes(pilot, begun)
            assert not desk.rung
            if quiet.phase is Phase.FIRING and not quiet.acknowledged_by:
                await desk.becomes(pilot, replace(begun, silenced_by="", inhibited_by=""))
                assert desk.rung == ["bell"]

    run(walk())


@pytest.mark.parametrize(
    ("kind", "sent"),
    [
        ("foot", ["\x1b]777;notify;wedtui;production CRITICAL: errors provider=aws\a"]),
        ("linux", []),
        ("tmux-256color", ["\x1bPtmux;\x1b\x1b]9;wedtui: production CRITICAL: errors provider=aws\a\x1b\\"]),
    ],
)
def test_each_terminal_is_told_as_it_understands_it(kind: str, sent: list[str]) -> None:
    async def walk() -> None:
        desk = Desk(kind=kind)
        async with opened(desk) as pilot:
            await desk.becomes(pilot, replace(ERRORS, since=NOW + SECOND))
            assert (desk.rung, desk.sent) == (["bell"], sent)

    run(walk())


def test_the_filter_narrows_the_list_and_escape_shows_all() -> None:
    async def walk() -> None:
        desk = Desk(*MANY)
        async with opened(desk) as pilot:
            await pilot.press("exclamation_mark", "slash", *"gcp")
            await desk.shows(pilot, 'filter "gcp": 3 of 8')
            assert "provider=azure" not in desk.text
            assert not desk.taken
            await pilot.press("enter")
            await until(pilot, lambda: cursor(desk.app) == "errors-rising provider=gcp")
            await pilot.press("slash", "escape")
            await desk.shows(pilot, "provider=azure")

    run(walk())


def test_escape_shows_all_before_it_goes_back() -> None:
    async def walk() -> None:
        desk = Desk(*MANY)
        async with opened(desk) as pilot:
            await pilot.press("exclamation_mark", "slash", *"gcp", "enter")
            await desk.shows(pilot, 'filter "gcp": 3 of 8')
            await pilot.press("escape")
            await desk.shows(pilot, "provider=azure")
            assert isinstance(desk.app.screen, AlertsScreen)
            await pilot.press("escape")
            await until(pilot, lambda: not isinstance(desk.app.screen, AlertsScreen))

    run(walk())


@pytest.mark.parametrize(
    ("words", "rules"),
    [
        ("nobody", {"errors", "down", "cache-hits"}),
        ("NOBODY critical", {"errors", "down"}),
        ("hidden", {"memory"}),
        ("hidden down", {"memory"}),
        ("grace", {"cpu"}),
        ("silenced", {"cpu"}),
        ("mo", {"errors-rising", "memory"}),
        ("warning aws", {"memory"}),
        ("over", {"errors"}),
    ],
)
def test_the_filter_finds_what_stands_in_the_rows(words: str, rules: set[str]) -> None:
    found = matching(Board(NOW + SECOND, picture=alarmed(*MANY).make(NOW)), words)
    assert {each.rule for each in found} == rules


LAPSED = replace(ERRORS, rule="lapsed", acknowledged_by="ada", acknowledged_at=NOW - 60 * MINUTE)
HAD = replace(OVER, rule="had", acknowledged_by="ada", acknowledged_at=NOW - 20 * MINUTE)
QUIET = replace(PENDING, rule="quiet", silenced_by="grace", silenced_until=NOW + MINUTE)
LOUD_AGAIN = replace(PENDING, rule="loud", silenced_by="grace", silenced_until=NOW - MINUTE)
INHIBITED = replace(OUTSIDE, rule="there", silenced_by="", inhibited_by="central")


@pytest.mark.parametrize(
    ("words", "rules"),
    [
        ("ada", {"lapsed", "had"}),
        ("nobody", {"lapsed"}),
        ("silenced", {"quiet"}),
        ("pending silenced", {"quiet"}),
        ("inhibited", {"there"}),
        ("hidden", {"there", "memory"}),
    ],
)
def test_the_filter_finds_who_had_it_and_what_hides_it(words: str, rules: set[str]) -> None:
    shown = (LAPSED, HAD, QUIET, LOUD_AGAIN, INHIBITED, HIDDEN)
    found = matching(Board(NOW + SECOND, picture=alarmed(*shown).make(NOW)), words)
    assert {each.rule for each in found} == rules


def test_what_another_system_judges_says_so_and_that_it_is_unknown() -> None:
    world = alarmed(OUTSIDE, unknown=("central/High Errors provider=aws",), sources=(CENTRAL,))
    board = Board(NOW, picture=world.make(NOW))
    text = " ".join(" ".join(plain(row.line) for row in alert_rows(board, "", 120)).split())
    assert "central (alertmanager): UNKNOWN what fires there: it answered last 5 m 00 s ago: timed out" in text
    assert "silenced by central, no end is known: it fires all the same, nobody is told" in text
    assert "UNKNOWN for 4 m 00 s how it stands: nothing newer from central" in text
    facts = " ".join(
        " ".join(plain(row.line) for row in alert_facts(board, OUTSIDE, 120, offer="", before=None)).split()
    )
    assert "it says 5 % of requests fail" in facts
    assert "source central answered last 5 m 00 s ago" in facts
    shown = replace(OUTSIDE, silenced_by="", inhibited_by="central")
    assert "inhibited in central: it fires all the same, nobody is told" in remarks(board, shown)
    quoted = alert_facts(board, shown, 120, offer="", before=None)
    assert any("silence --rule 'central/High Errors'" in plain(row.line) for row in quoted)
    assert [row for row in alert_rows(board, "requests fail", 120) if row.key]


def test_that_one_address_of_a_source_is_away_is_said_and_is_not_unknown() -> None:
    source = replace(CENTRAL, answered_at=NOW - SECOND, fresh=True, problem="b:9093: connection refused")
    board = Board(NOW, picture=alarmed(sources=(source,)).make(NOW))
    said = plain(alert_rows(board, "", 80)[0].line).strip()
    assert said == "▲ central (alertmanager): answered 1 s ago, 1 alert, b:9093: connection refused"
    assert plain(alerts_lines(board, 80, 1, Keys())[0]).strip().startswith("● no rule fires")


FILLING = replace(
    OUTSIDE, rule="central/KubePersistentVolumeFillingUp", labels=(("provider", "aws"), ("service", "rsvp"))
)


@pytest.mark.parametrize(
    ("width", "row"),
    [
        (80, "■ CRITICAL  KubePersistentVolumeFil… aws rsvp ce… "),
        (120, "■ CRITICAL  KubePersistentVolumeFillingUp provider=aws, service=rsvp in central"),
    ],
)
def test_what_another_system_judges_has_its_own_name_first(width: int, row: str) -> None:
    board = Board(NOW, picture=alarmed(FILLING, ERRORS).make(NOW))
    (ours, *_), rows = alert_rows(board, "errors", width), alert_rows(board, "Filling", width)
    assert plain(rows[0].line).strip().startswith(row)
    of = plain(alerts_header(board, width)).index(" OF ")
    assert plain(ours.line)[of:].startswith(" provider=aws ")
    # Without any of other systems the columns are as wide as they were.
    alone = Board(NOW, picture=alarmed(ERRORS).make(NOW))
    assert plain(alerts_header(alone, width)).startswith(" STATE       RULE           OF ")


@pytest.mark.parametrize(
    ("width", "words"),
    [
        (160, "FIRES  KubePersistentVolumeFillingUp provider=aws, service=rsvp in central  for 25 m 04 s"),
        (80, "FIRES  KubePersistentVolumeFillingUp aws rsvp  25m  NOBODY"),
    ],
)
def test_the_dashboard_says_its_own_name_first(width: int, words: str) -> None:
    assert words in lines(replace(FILLING, silenced_by="", unknown_since=None), width=width)[0]


@pytest.mark.parametrize("alerts", [(), MANY])
def test_what_nobody_was_told_of_stands_under_the_list(alerts: tuple[AlertIs, ...]) -> None:
    here = Board(NOW, alarmed(*alerts, suppressed=Suppressed(3, 0, 4)).picture(NOW))
    words = "not told one by one so far: 3 silenced, 4 while they flapped"
    assert plain(alert_rows(here, "", 80)[-1].line) == f" {words}"
    assert spoken_alerts(here)[-1] == f"N{words[1:]}."
    none = Board(NOW, alarmed(*alerts, suppressed=Suppressed()).picture(NOW))
    assert "one by one" not in plain(alert_rows(none, "", 80)[-1].line)


@pytest.mark.parametrize(
    ("shown", "words"),
    [
        (replace(TAKEN, told_at=None), "nobody is told while mo has it"),
        (replace(TAKEN, told_at=None, acknowledged_by=""), "nobody was told yet"),
        (replace(TAKEN, told_at=None, phase=Phase.RESOLVED), "not known of what is over"),
    ],
)
def test_of_what_somebody_has_nobody_is_told_and_one_alert_in_full_says_so(shown: AlertIs, words: str) -> None:
    board = Board(NOW, picture=alarmed(shown).make(NOW))
    assert words in " ".join(plain(row.line) for row in alert_facts(board, shown, 120, offer="", before=None))


def test_one_alert_in_full_says_who_is_next() -> None:
    async def walk() -> None:
        desk = Desk(replace(ERRORS, escalates_to="roster secondary (grace)"))
        async with opened(desk) as pilot:
            await pilot.press("exclamation_mark", "enter")
            await desk.shows(pilot, "next call", "roster secondary (grace)")

    run(walk())


def test_one_alert_in_full_says_what_changed_before_where_that_is_known() -> None:
    async def walk() -> None:
        desk = Desk(*MANY)
        async with opened(desk) as pilot:
            await pilot.press("exclamation_mark", "down", "enter")
            await desk.shows(
                pilot,
                "alerts › errors provider=aws",
                "condition   error_rate > 5%",
                "measured    errors 7.1 %",
                "NOBODY; a takes it",
                "https://wiki.example.com/errors",
                "nothing that is on record",
                "`wedtui alerts ack alert/errors/aws`",
                "`wedtui alerts silence --rule errors --label provider=aws --for 1h --reason WHY --preview`",
            )

    run(walk())


def _change(minutes: float, object_: str, **more: object) -> Change:
    """Make a release so many minutes before the errors of AWS began."""
    values: dict[str, object] = {"sentence": "release 41", "known_from": "ledger", "key": object_, **more}
    return Change(ERRORS.since - minutes * MINUTE, ChangeKind.RELEASE, object_, **values)  # type: ignore[arg-type]


def test_the_page_of_an_alert_reads_what_changed_before_it_and_only_while_it_is_open() -> None:
    async def walk() -> None:
        desk = Desk(*MANY)
        seen = _change(-2, "guests", not_before=ERRORS.since - 3 * MINUTE)
        changes = (_change(7, "rsvp", who="mo"), _change(31, "long before"), _change(-1, "long after"), seen)
        gaps = (Gap(frozenset({ChangeKind.VENDOR}), "nobody watched"),)
        later = Gap(frozenset({ChangeKind.FREEZE}), "what came later", since=ERRORS.since + MINUTE)
        desk.source.changed_lately = lambda _now: Told(changes, (*gaps, later))
        async with opened(desk) as pilot:
            await pilot.press("exclamation_mark")
            assert desk.source.looked == []
            await pilot.press("down", "enter")
            await desk.shows(
                pilot,
                "what changed in the 30 minutes before",
                "7 m 00 s before  release rsvp by mo: release 41",
                "maybe before  release guests: release 41 (seen 2 m 00 s after it began; it was as before until 3 m",
                "not known: vendor: nobody watched",
            )
            assert desk.text.index("release rsvp") < desk.text.index("release guests"), (
                "first what is known to be before"
            )
            for hidden in ("long before", "long after", "what came later", "nothing that is on record"):
                assert hidden not in desk.text
            await pilot.press("escape")
            reads = len(desk.source.looked)
            desk.clock.advance(10 * SECOND)
            await pilot.pause(0.5)
            assert len(desk.source.looked) == reads
            assert desk.app._reader._lookback is None

    run(walk())


def page(*changes: Change, gaps: tuple[Gap, ...] = (), width: int = 80, most: int = 7) -> list[str]:
    """Return the page of the errors of AWS, before which something changed."""
    question = BeforeAlert(ERRORS.since)
    query = before_query(ERRORS.since, NOW)
    told = ChangesTold(question, merge([Told(changes, gaps)], query), NOW)
    rows = alert_facts(
        Board(NOW, alarmed(ERRORS).picture(NOW)), ERRORS, width, offer="a takes it", before=told, most=most
    )
    return [plain(row.line) for row in rows]


def test_what_changed_before_is_the_first_thing_under_the_headline() -> None:
    shown = page(_change(7, "rsvp", who="mo"))
    assert shown[0].startswith(" ■ CRITICAL  errors")
    assert shown[1].startswith("─ what changed in the 30 minutes before ─")
    assert shown[2].startswith("   7 m 00 s before  release rsvp by mo")
    assert shown[3].startswith("─ how it stands ─")
    assert shown[4].startswith(" fires ")


@pytest.mark.parametrize("width", [80, 120])
def test_of_many_changes_those_that_have_no_room_are_counted_and_the_facts_stay_on_the_screen(width: int) -> None:
    many = [_change(1 + number / 2, f"rsvp-{number}", sentence="a release " * 40) for number in range(40)]
    gaps = tuple(Gap(frozenset({ChangeKind.VENDOR}), f"nobody watched {number}") for number in range(2))
    shown = page(*many, gaps=gaps, width=width)
    stands = next(number for number, line in enumerate(shown) if line.startswith("─ how it stands"))
    # Lines of the list at 80x24, its title not counted.
    assert stands + 8 < 19
    said = " ".join(line.strip() for line in shown[2:stands])
    assert (
        "and 38 more changes, 2 more of which nothing is known: `wedtui changes --since 2026-06-20T11:05:02Z`" in said
    )
    assert any(line.startswith(" runbook") for line in shown[:19])
    assert not any("more change" in line for line in page(*many[:1], width=width))


def test_with_more_room_more_of_what_changed_is_said() -> None:
    many = [_change(1 + number / 2, f"rsvp-{number}") for number in range(20)]
    assert sum("before  release" in line for line in page(*many)) == 7
    shown = page(*many, most=20)
    assert sum("before  release" in line for line in shown) == 20
    assert not any("more change" in line for line in shown)


def test_what_changed_before_is_not_said_where_it_cannot_be_read() -> None:
    async def walk() -> None:
        desk = Desk(*MANY)

        def unreadable(_now: object) -> Told:
            raise ServiceError("the ledger is away")

        desk.source.changed_lately = unreadable
        async with opened(desk) as pilot:
            await pilot.press("exclamation_mark", "down", "enter")
            command = "`wedtui changes --since 2026-06-20T11:05:02Z` lists it"
            await desk.shows(pilot, f"not known here: the ledger is away; {command}")
            assert "nothing that is on record" not in desk.text

    run(walk())


def test_a_problem_of_a_source_stands_above_what_the_others_know() -> None:
    async def walk() -> None:
        desk = Desk(*MANY)
        problem = Gap(frozenset({ChangeKind.FREEZE}), "the ledger cannot be read: it is away", problem=True)
        desk.source.changed_lately = lambda _now: Told((_change(7, "rsvp"),), (problem,))
        async with opened(desk) as pilot:
            await pilot.press("exclamation_mark", "down", "enter")
            await desk.shows(pilot, "freeze: the ledger cannot be read: it is away", "7 m 00 s before  release rsvp")
            assert desk.text.index("it is away") < desk.text.index("7 m 00 s before")

    run(walk())


def test_an_alert_that_is_gone_keeps_its_page() -> None:
    async def walk() -> None:
        desk = Desk(ERRORS)
        async with opened(desk) as pilot:
            await pilot.press("exclamation_mark", "enter")
            await desk.shows(pilot, "alerts › errors provider=aws")
            await desk.becomes(pilot)
            await desk.shows(pilot, "not among the alerts any more", "https://wiki.example.com/errors")

    run(walk())


def test_while_the_panel_has_its_line_an_alert_that_waits_takes_that_of_the_findings() -> None:
    async def walk() -> None:
        desk = Desk(ERRORS)
        desk.hand.kept = [action(12, person="mo", plan=json_of())]
        async with opened(desk, (80, 24)) as pilot:
            await pilot.press("e")
            await until(pilot, lambda: desk.app.dashboard.panel is not None)
            await desk.shows(pilot, "■ FIRES  errors aws")
            panel = desk.app.dashboard.panel
            await until(pilot, lambda: panel is not None and panel.ready)
            await pilot.press("escape")
            await until(pilot, lambda: desk.app.dashboard.panel is None)
            await desk.shows(pilot, "■ FIRES  errors aws", "rsvp-aws status 503")

    run(walk())
