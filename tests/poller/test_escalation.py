"""Who is told next while nobody has an alert: with real stores, through restarts, gaps and changes of the files."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.cache.base import configuration
from tests.places import PLACES
from tests.poller.test_alerts import MINUTE, PROBE, QUERY, SECOND, Watch
from wedtui.config import Configuration
from wedtui.core.alerts.attention import lapses_at
from wedtui.core.alerts.memory import Phase
from wedtui.core.season import Protection
from wedtui.ledger.alert_history import AlertHistory
from wedtui.ledger.kind import LEDGER
from wedtui.ledger.ledger import Ledger
from wedtui.store.instants import to_microseconds

CHANNELS = {name: {"kind": "webhook", "url": f"http://127.0.0.1:1/{name}"} for name in ("chat", "ada", "grace")}
ROSTERS = [
    {
        "name": name,
        "layers": [{"participants": [who], "zone": "UTC", "since": "2026-01-01", "hand_over": "00:00", "length": "1d"}],
    }
    for name, who in (("primary", "ada"), ("secondary", "grace"))
]
CONTACTS = {"ada": {"channels": ["ada", "chat"]}, "grace": {"channels": ["grace"]}}
ON_CALL: dict[str, Any] = {"contacts": CONTACTS, "rosters": ROSTERS}
ROSTER_FILE = """
[[rosters]]
name = "primary"

[[rosters.layers]]
participants = ["{who}"]
zone = "UTC"
since = 2026-01-01
hand_over = "00:00"
length = "1d"
"""

GRAVER = """
[[rules]]
name = "errors"
condition = "error_rate > 5%"
for = "1m"
nodata = "warn"
severity = "critical"

[[rules]]
name = "errors-rising"
enabled = false
"""


def wanted(oncall: dict[str, Any] | None = None, queries: list[Any] | None = None) -> Configuration:
    servers = [{"name": "main", "url": "http://127.0.0.1:9090", "queries": queries or []}]
    probes: list[Any] = [] if queries else [PROBE]
    return configuration(probes=probes, prometheus=servers, freeze={}, notify=CHANNELS, oncall=oncall or {})


class Ladders(Watch):
    """A place where it is looked at who was told."""

    def fails(self) -> None:
        self.probes(False)

    def take(self, by: str = "ada") -> None:
        with closing(Ledger(self.stores.ledger_url)) as ledger:
            ledger.acknowledge_alert(self.alert().key, by=by, at=self.clock.at, reason="")

    def silence(self, span: timedelta) -> None:
        insert = 'INSERT INTO alert_silence (wanted, rules, reason, "by", since, until) VALUES (?, ?, ?, ?, ?, ?)'
        since, until = map(to_microseconds, (self.clock.at, self.clock.at + span))
        PLACES.execute(self.folder / "ledger.db", LEDGER, insert, "{}", "[]", "work", "ada", since, until)

    def steps(self) -> list[tuple[str, tuple[tuple[str, ...], ...]]]:
        """Return what was told of the one alert, without its key, and whom."""
        every = self.notices()
        key = every[0].key
        return [
            (f"{each.event}{each.key.removeprefix(key)}", (("*",),) if each.everybody else each.channels)
            for each in every
        ]

    def escalated(self) -> list[str]:
        with closing(AlertHistory(self.stores.ledger_url)) as history:
            every = history.events(self.clock.at - timedelta(days=1))
            return [each.said for each in reversed(every) if each.kind == "escalated"]


@pytest.fixture
def make(tmp_path: Path, places: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Ladders]]:
    made: list[Ladders] = []
    # A server has a clock of its own, which no test moves.
    monkeypatch.setattr("wedtui.poller.alerts.database_now", lambda _connection: made[-1].clock.now())

    def _make(oncall: dict[str, Any] | None = None, **what: Any) -> Ladders:
        made.append(Ladders(tmp_path, wanted(oncall, **what)))
        return made[-1]

    yield _make
    for each in made:
        each.close()


ADA, GRACE, ALL = (("ada", "chat"),), (("grace",),), (("*",),)


def test_through_a_restart_in_each_round_the_ladder_is_climbed_once_and_its_end_is_told(
    make: Callable[..., Ladders],
) -> None:
    watch = make(ON_CALL)

    def fails() -> None:
        watch.fails()
        watch.begins()

    watch.for_(70 * SECOND, fails)
    assert watch.steps() == [("trigger", ADA)]
    alert = watch.alert()
    assert (alert.escalates_at, alert.escalates_to) == (alert.since + 5 * MINUTE, "roster secondary (grace)")
    watch.for_(20 * MINUTE, fails, every=20 * SECOND)
    expected = [("trigger", ADA), ("trigger/step/2", GRACE), ("trigger/step/3", ALL), ("trigger/step/4", ALL)]
    assert watch.steps() == expected
    assert watch.escalated() == ["step 2: roster secondary (grace)", "step 3: everybody", "step 4: everybody"]
    assert (watch.alert().escalates_at, watch.alert().escalates_to) == (None, "")
    watch.for_(3 * MINUTE, lambda: watch.probes(True))
    assert watch.phases() == [Phase.RESOLVED]
    ends = ["resolve", "resolve/step/2", "resolve/step/3", "resolve/step/4"]
    assert watch.steps()[4:] == [(each, ()) for each in ends]


def test_without_anybody_who_is_on_call_every_channel_is_told_at_each_step(make: Callable[..., Ladders]) -> None:
    watch = make()
    watch.for_(20 * MINUTE, watch.fails)
    assert watch.steps() == [("trigger", ()), *((f"trigger/step/{n}", ALL) for n in (2, 3, 4))]


def of_hours(*layers: tuple[str, str, str], default: str = "") -> dict[str, Any]:
    """Return who is on call where a roster has layers of hours, each of somebody."""
    day = {"zone": "UTC", "since": "2026-01-01", "hand_over": "00:00", "length": "1d"}
    made = [{**day, "participants": [who], "hours": [{"start": start, "end": end}]} for who, start, end in layers]
    rosters = [{"name": "primary", "layers": made}]
    return {"contacts": CONTACTS, "rosters": rosters, **({"default": default} if default else {})}


@pytest.mark.parametrize(("default", "told"), [("grace", GRACE), ("", ALL)])
def test_in_a_hole_of_a_roster_the_first_message_and_each_step_reach_somebody_until_it_is_over(
    make: Callable[..., Ladders], default: str, told: tuple[tuple[str, ...], ...]
) -> None:
    # From 12:00 on nobody has it until 12:08: it fires at 12:01:10, and nobody takes it.
    watch = make(of_hours(("ada", "12:08", "12:00"), default=default))
    watch.for_(70 * SECOND, watch.fails)
    assert watch.steps() == [("trigger", told)]
    (first,) = watch.notices()
    assert "nobody has primary" in str(first.details)
    watch.for_(5 * MINUTE, watch.fails)
    assert watch.steps()[1:] == [("trigger/step/2", told)]
    assert "nobody has primary" in watch.escalated()[0]
    watch.for_(5 * MINUTE, watch.fails)
    assert watch.steps()[2][0] == "trigger/step/3"


def test_a_hole_that_begins_while_it_fires_counts_from_the_next_step_on(make: Callable[..., Ladders]) -> None:
    watch = make(of_hours(("ada", "00:00", "12:05"), default="grace"))
    watch.for_(70 * SECOND, watch.fails)
    assert watch.steps() == [("trigger", ADA)]
    watch.for_(5 * MINUTE, watch.fails)
    assert watch.steps()[1:] == [("trigger/step/2", GRACE)]


def test_where_shifts_overlap_both_are_told_and_either_takes_it(make: Callable[..., Ladders]) -> None:
    watch = make(of_hours(("ada", "00:00", "12:05"), ("grace", "11:00", "00:00")))
    watch.for_(70 * SECOND, watch.fails)
    assert watch.steps() == [("trigger", ADA + GRACE)]
    watch.take("grace")
    watch.for_(10 * MINUTE, watch.fails)
    assert watch.steps()[1:] == [("acknowledge", ())]


def test_on_a_wedding_day_the_next_one_is_told_every_two_minutes(make: Callable[..., Ladders]) -> None:
    watch = make(ON_CALL)
    watch.level = Protection.MAXIMUM
    watch.for_(30 * SECOND, watch.fails)
    assert watch.alert().escalates_at == watch.alert().since + 2 * MINUTE
    watch.for_(7 * MINUTE, watch.fails)
    assert len(watch.steps()) == 4


def test_who_has_it_stops_it_until_the_lapse_that_is_configured(make: Callable[..., Ladders]) -> None:
    watch = make({**ON_CALL, "lapse": "7m"})
    watch.for_(7 * MINUTE, watch.fails)
    watch.take()
    at = watch.clock.at
    watch.for_(6 * MINUTE + 50 * SECOND, watch.fails)
    alert = watch.alert()
    assert (alert.acknowledged_by, alert.escalates_at, lapses_at(alert)) == ("ada", None, at + 7 * MINUTE)
    expected = [("trigger", ADA), ("trigger/step/2", GRACE), ("acknowledge", ()), ("acknowledge/step/2", ())]
    assert watch.steps() == expected
    watch.for_(10 * SECOND, watch.fails)
    assert watch.alert().acknowledged_by == ""
    assert watch.steps()[4:] == [("trigger/step/3", GRACE)]
    assert watch.kinds() == ["firing", "escalated", "acknowledged", "lapsed", "escalated"]


def test_a_clock_that_is_set_back_neither_repeats_nor_puts_off(make: Callable[..., Ladders]) -> None:
    watch = make(ON_CALL)
    watch.for_(5 * MINUTE, watch.fails)
    watch.clock.at -= timedelta(hours=1)
    watch.for_(50 * SECOND, watch.fails)
    assert len(watch.steps()) == 1
    watch.for_(30 * SECOND, watch.fails)
    assert [what for what, _ in watch.steps()] == ["trigger", "trigger/step/2"]


def test_a_clock_that_leaps_forward_makes_no_step_and_lets_nothing_lapse(make: Callable[..., Ladders]) -> None:
    watch = make(ON_CALL)
    watch.for_(5 * MINUTE, watch.fails)
    watch.clock.leaps(timedelta(hours=1))
    watch.for_(50 * SECOND, watch.fails)
    assert len(watch.steps()) == 1
    watch.for_(30 * SECOND, watch.fails)
    assert [what for what, _ in watch.steps()] == ["trigger", "trigger/step/2"]
    watch.take()
    watch.for_(10 * MINUTE, watch.fails)
    watch.clock.leaps(timedelta(hours=1))
    watch.for_(4 * MINUTE, watch.fails)
    assert watch.alert().acknowledged_by == "ada"
    assert watch.kinds() == ["firing", "escalated", "acknowledged"]
    watch.for_(70 * SECOND, watch.fails)
    assert watch.kinds()[3:] == ["lapsed", "escalated"]


def test_what_somebody_took_between_a_leap_and_the_next_round_is_theirs_from_then(
    make: Callable[..., Ladders],
) -> None:
    watch = make(ON_CALL)
    watch.for_(2 * MINUTE, watch.fails)
    watch.clock.leaps(timedelta(hours=1))
    watch.take()
    taken_at = watch.clock.at
    watch.for_(10 * SECOND, watch.fails)
    acknowledged_at = watch.alert().acknowledged_at
    assert acknowledged_at is not None
    assert taken_at <= acknowledged_at <= watch.clock.at
    watch.for_(14 * MINUTE, watch.fails)
    assert (watch.alert().acknowledged_by, len(watch.steps())) == ("ada", 2)


def test_a_leap_before_another_life_goes_on_makes_no_step_either(make: Callable[..., Ladders]) -> None:
    watch = make(ON_CALL)
    watch.for_(2 * MINUTE, watch.fails)
    watch.clock.leaps(timedelta(hours=1))
    watch.begins()
    watch.for_(3 * MINUTE, watch.fails)
    assert len(watch.steps()) == 1
    watch.for_(80 * SECOND, watch.fails)
    assert [what for what, _ in watch.steps()] == ["trigger", "trigger/step/2"]


def test_a_leap_that_nobody_saw_is_a_gap_to_whoever_comes_after_it(make: Callable[..., Ladders]) -> None:
    watch = make(ON_CALL)
    watch.for_(2 * MINUTE, watch.fails)
    watch.clock.leaps(timedelta(hours=1))
    watch.begins()
    watch.alerting.boot = "of a machine that was started since"
    watch.fails()
    watch.look()
    assert len(watch.steps()) == 3


def test_after_a_gap_whoever_goes_on_tells_all_that_is_due(make: Callable[..., Ladders]) -> None:
    watch = make(ON_CALL)
    watch.for_(2 * MINUTE, watch.fails)
    watch.dies()
    watch.clock.at += timedelta(hours=1)
    watch.life = ""
    watch.begins()
    watch.fails()
    watch.look()
    assert watch.steps() == [("trigger", ADA), ("trigger/step/2", GRACE), ("trigger/step/3", ALL)]
    assert len(watch.escalated()) == 3


def test_what_is_silenced_does_not_climb_and_begins_when_that_ends(make: Callable[..., Ladders]) -> None:
    watch = make(ON_CALL)
    watch.fails()
    watch.look()
    watch.silence(30 * MINUTE)
    watch.for_(29 * MINUTE, watch.fails)
    assert (watch.notices(), watch.alert().escalates_at) == ([], None)
    watch.for_(MINUTE + 10 * SECOND, watch.fails)
    assert len(watch.steps()) == 1
    watch.for_(4 * MINUTE + 40 * SECOND, watch.fails)
    assert len(watch.steps()) == 1
    watch.for_(30 * SECOND, watch.fails)
    assert [what for what, _ in watch.steps()] == ["trigger", "trigger/step/2"]


def test_what_became_graver_is_nobodys_again(make: Callable[..., Ladders]) -> None:
    watch = make(ON_CALL, queries=[QUERY])
    watch.rules(GRAVER)
    watch.measures(0.01)
    watch.look()
    watch.for_(5 * MINUTE)
    watch.take()
    watch.for_(MINUTE)
    assert watch.alert().acknowledged_by == "ada"
    watch.for_(2 * MINUTE, lambda: watch.measures(0.2))
    alert = watch.alert()
    assert (alert.acknowledged_by, alert.severity.value) == ("", "critical")
    assert alert.escalates_to == "roster secondary (grace)"
    assert watch.kinds()[-2:] == ["raised", "lapsed"]


def test_rosters_that_change_count_and_where_they_break_the_last_good_ones_do(
    make: Callable[..., Ladders], tmp_path: Path
) -> None:
    file = tmp_path / "rosters" / "own.toml"
    file.parent.mkdir()
    file.write_text(ROSTER_FILE.format(who="ada"))
    watch = make({"contacts": CONTACTS})
    watch.for_(2 * MINUTE, watch.fails)
    assert watch.alert().escalates_to == "roster primary (ada)"
    file.write_text(ROSTER_FILE.format(who="grace"))
    watch.for_(10 * SECOND, watch.fails)
    assert watch.alert().escalates_to == "roster primary (grace)"
    file.write_text(ROSTER_FILE.format(who="nobody-there"))
    watch.for_(10 * SECOND, watch.fails)
    assert watch.alert().escalates_to == "roster primary (grace)"
    assert "the last that could be used count on" in (watch.alerting.problem or "")
    watch.begins()
    watch.for_(10 * MINUTE, watch.fails)
    assert "every channel is told" in (watch.alerting.problem or "")
    assert watch.steps()[-1][1] == ALL
    file.write_text(ROSTER_FILE.format(who="ada"))
    watch.for_(10 * SECOND, watch.fails)
    assert watch.alerting.problem is None
