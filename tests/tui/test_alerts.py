"""Alerts by keys alone: what the line and the list say, what `a` takes, and for what the bell rings."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from textual.pilot import Pilot

from tests.pictures import NOW, SECOND, MovableClock
from tests.tui.alerting import (
    HIDDEN,
    MANY,
    MINUTE,
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
from wedtui.core.alerts.standing import AlertIs
from wedtui.core.changes import Change, ChangeKind, Gap, Told
from wedtui.core.roles import Role
from wedtui.core.services import ServiceCondition
from wedtui.errors import ConflictError, ServiceError
from wedtui.tui.alerts import AGAIN_AFTER_S, SEEN_FOR_S
from wedtui.tui.app import WedtuiApp
from wedtui.tui.board import Board
from wedtui.tui.draw.alerts import Keys, alert_rows, alerts_lines, alerts_note
from wedtui.tui.plain.alerts import standing
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
            await desk.shows(pilot, "you have errors provider=aws; lapses 08:15 EDT if it still fires; 1 more waits")
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
            await desk.shows(pilot, "you have errors provider=aws")
            await pilot.press("a")
            await desk.shows(pilot, "you have errors provider=aws")
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
            await desk.shows(pilot, "no action is under way")
            await pilot.press("exclamation_mark", "a")
            await desk.shows(pilot, f"you have {hidden.rule} {hidden.about}")

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


def test_where_no_alert_waits_a_opens_the_newest_action() -> None:
    async def walk() -> None:
        desk = Desk(TAKEN, SILENCED)
        desk.hand.kept = [action(12, person="mo", plan=json_of())]
        async with opened(desk) as pilot:
            await pilot.press("a")
            await until(pilot, lambda: desk.app.dashboard.panel is not None)
            assert not desk.taken

    run(walk())


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
                "2 m 00 s after   release guests: release 41 (seen then; it was as before until 3 m 00 s before)",
                "not known: vendor: nobody watched",
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
