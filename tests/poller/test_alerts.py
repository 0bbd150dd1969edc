"""What was measured, judged once for all services: what fires, goes on through restarts, and is withdrawn."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.cache.base import configuration
from tests.core.weddings import Booked, calendar_of, read
from tests.places import PLACES
from tests.poller.test_guarding import Moved
from wedtui.cache.kind import CACHE
from wedtui.cache.reader import CacheReader
from wedtui.cache.writer import CacheWriter
from wedtui.config import Configuration
from wedtui.core.alerts.memory import Phase, Reason
from wedtui.core.alerts.rule import Severity, Where
from wedtui.core.alerts.silences import Silence
from wedtui.core.alerts.standing import AlertIs, AlertsNow, Suppressed
from wedtui.core.calendar import Freshness, freshness
from wedtui.core.observation import Claim, ProbeObservation, SignalObservation
from wedtui.core.picture import ServiceFacts
from wedtui.core.season import Protection
from wedtui.core.sharing import HOUSE
from wedtui.errors import NotFoundError
from wedtui.ledger.alert_history import AlertHistory
from wedtui.ledger.kind import LEDGER
from wedtui.ledger.ledger import Ledger
from wedtui.ledger.outbox_reader import NoticeEntry, OutboxReader
from wedtui.poller.alerts import Alerting
from wedtui.poller.guarding import Guarding
from wedtui.poller.surroundings import Stores
from wedtui.rule_files import load_rules
from wedtui.store.instants import to_microseconds

SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
MONDAY = datetime(2026, 11, 23, 12, tzinfo=UTC)
FIRING, PENDING, RESOLVED = Phase.FIRING, Phase.PENDING, Phase.RESOLVED
CHANNEL = {"chat": {"kind": "webhook", "url": "http://127.0.0.1:1/"}}
PROBE = {"name": "rsvp-aws", "provider": "aws", "url": "http://127.0.0.1:1/", "interval": "10s"}
QUERY = {"provider": "aws", "signal": "error_rate", "query": "a", "interval": "10s"}


def watched(
    *, probes: list[Any] | None = None, queries: list[Any] | None = None, notify: Any = None, **other: Any
) -> Configuration:
    servers = [{"name": "main", "url": "http://127.0.0.1:9090", "queries": queries or []}]
    found: dict[str, Any] = {
        "probes": [PROBE] if probes is None else probes,
        "prometheus": servers,
        "freeze": {},
        **other,
    }
    return configuration(**found, notify=CHANNEL if notify is None else notify)


class Watch:
    """A cache and a ledger, and services that judge one after the other by a clock that the test moves."""

    def __init__(self, folder: Path, wanted: Configuration) -> None:
        self.folder, self.clock = folder, Moved(MONDAY)
        self.stores = Stores(PLACES.url(folder / "cache.db"), PLACES.url(folder / "ledger.db"))
        self.writers: dict[str, CacheWriter] = {}
        self.level = Protection.NORMAL
        self.life = ""
        self.configuration = wanted
        self.begins(wanted)

    def begins(self, wanted: Configuration | None = None, *, probes_every: timedelta = 10 * SECOND) -> None:
        """Have another life of the service go on, maybe with another configuration."""
        if self.life:
            self.dies()
        self.configuration, self.life = wanted or self.configuration, uuid.uuid4().hex
        self.cache().configure(self.configuration, probe_interval=probes_every, query_interval=10 * SECOND)
        self.guarding = Guarding(self.configuration, self.stores.cache_url, self.clock)
        self.guarding.level = lambda: self.level  # type: ignore[method-assign]
        rules = self.folder / "config.toml"
        self.alerting = Alerting(self.configuration, self.stores, self.clock, self.guarding, rules=rules)
        # One place is one service's: who begins there knows that the one before is over.
        self.begun = getattr(self, "begun", 0) + 1
        self.alerting.life, self.alerting.boot = f"{self.life} boot:1:2 {self.begun}", "boot"

    def another(self, boot: str) -> Alerting:
        """Return one that begins beside it, on a machine of its own."""
        rules = self.folder / "config.toml"
        found = Alerting(self.configuration, self.stores, self.clock, self.guarding, rules=rules)
        found.life, found.boot = f"{uuid.uuid4().hex} {boot}:1:2 1", boot
        return found

    def dies(self) -> None:
        self.alerting.close()
        self.guarding.close()

    def cache(self, vantage: str = "one") -> CacheWriter:
        if vantage not in self.writers:
            self.writers[vantage] = CacheWriter(self.stores.cache_url, vantage=vantage)
            facts = ServiceFacts("1", 1, "personal", "1", "production", self.clock.now(), self.clock.now())
            named = replace(facts, vantage=vantage, place=f"{vantage}:/", instance=vantage)
            self.writers[vantage].begin(named)
            self.writers[vantage].heartbeat(named, {HOUSE: False})
        return self.writers[vantage]

    def claim(self) -> Claim:
        (row,) = PLACES.execute(self.folder / "cache.db", CACHE, "SELECT fence FROM lease WHERE name = ?", HOUSE)
        return Claim(HOUSE, row[0])

    def rules(self, text: str) -> None:
        (self.folder / "rules").mkdir(exist_ok=True)
        (self.folder / "rules" / "own.toml").write_text(text)

    def probes(self, passed: bool, *, name: str = "rsvp-aws", vantage: str = "one", at: datetime | None = None) -> None:
        seen = ProbeObservation(name, self.clock.now() if at is None else at, passed=passed)
        self.cache(vantage).record([seen])

    def measures(self, value: float, signal: str = "error_rate") -> None:
        now = self.clock.now()
        self.cache().record([SignalObservation("aws", signal, "prometheus main", now, value)])

    def both(self, passed: bool, value: float, signal: str = "error_rate") -> None:
        self.probes(passed)
        self.measures(value, signal)

    def for_(self, span: timedelta, each: Callable[[], None] = lambda: None, every: timedelta = 10 * SECOND) -> None:
        """Let time pass; something happens every ten seconds, and is judged."""
        ends = self.clock.at + span
        while self.clock.at < ends:
            self.clock.at += every
            each()
            self.look()

    def look(self) -> None:
        self.alerting.look(self.claim())

    def now(self) -> AlertsNow:
        reader = CacheReader(self.stores.cache_url)
        try:
            found = reader.alerts()
        finally:
            reader.close()
        assert found is not None
        return found

    def alert(self) -> AlertIs:
        (found,) = self.now().alerts
        return found

    def troubled(self) -> bool:
        """Whether the rules that are written do not count."""
        return self.alerting.problem is not None

    def phases(self) -> list[Phase]:
        return [each.phase for each in self.now().alerts]

    def kinds(self) -> list[str]:
        history = AlertHistory(self.stores.ledger_url)
        try:
            return [each.kind for each in reversed(history.events(MONDAY - timedelta(days=1)))]
        finally:
            history.close()

    def told(self) -> list[str]:
        """Return what became of first messages."""
        return [each.event for each in self.notices() if "/step/" not in each.key]

    def notices(self) -> list[NoticeEntry]:
        """Return all that was told of alerts, oldest first."""
        reader = OutboxReader(self.stores.ledger_url)
        try:
            return [each for each in reversed(reader.notifications()) if "alert" in each.key]
        finally:
            reader.close()

    def close(self) -> None:
        self.dies()
        for writer in self.writers.values():
            writer.close(clean=False)


@pytest.fixture
def make(tmp_path: Path, places: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Watch]]:
    made: list[Watch] = []
    # A server has a clock of its own, which no test moves.
    for room in ("poller.alerts", "ledger.silences"):
        monkeypatch.setattr(f"wedtui.{room}.database_now", lambda _connection: made[-1].clock.now())

    def _make(**what: Any) -> Watch:
        made.append(Watch(tmp_path, watched(**what)))
        return made[-1]

    yield _make
    for each in made:
        each.close()


def test_what_is_shipped_fires_after_a_minute_and_is_over_after_a_minute(make: Callable[..., Watch]) -> None:
    watch = make()
    watch.for_(MINUTE, lambda: watch.probes(True))
    assert watch.phases() == []
    watch.for_(MINUTE, lambda: watch.probes(False))
    assert watch.phases() == [PENDING]
    assert watch.told() == []
    watch.for_(10 * SECOND, lambda: watch.probes(False))
    alert = watch.alert()
    assert (alert.rule, alert.phase, alert.severity, alert.value) == ("down", FIRING, Severity.CRITICAL, 0.0)
    assert dict(alert.labels) == {"provider": "aws", "probe": "rsvp-aws"}
    assert watch.told() == ["trigger"]
    watch.for_(50 * SECOND, lambda: watch.probes(True))
    assert watch.phases() == [FIRING]
    watch.for_(20 * SECOND, lambda: watch.probes(True))
    assert watch.phases() == [RESOLVED]
    assert watch.told() == ["trigger", "resolve"]
    assert watch.kinds() == ["firing", "resolved"]


def test_on_a_wedding_day_it_takes_a_quarter(make: Callable[..., Watch]) -> None:
    watch = make()
    watch.level = Protection.MAXIMUM
    watch.for_(20 * SECOND, lambda: watch.probes(True))
    watch.for_(30 * SECOND, lambda: watch.probes(False))
    assert watch.phases() == [FIRING]


def test_a_restart_in_each_round_neither_forgets_nor_repeats(make: Callable[..., Watch]) -> None:
    watch = make()

    def fails() -> None:
        watch.probes(False)
        watch.begins()

    watch.for_(60 * SECOND, fails)
    assert watch.phases() == [PENDING]
    watch.for_(2 * MINUTE, fails)
    key = watch.alert().key
    assert (watch.phases(), watch.told()) == ([FIRING], ["trigger"])

    def passes() -> None:
        watch.probes(True)
        watch.begins()

    watch.for_(2 * MINUTE, passes)
    assert (watch.alert().phase, watch.alert().key, watch.told()) == (RESOLVED, key, ["trigger", "resolve"])
    assert watch.kinds() == ["firing", "resolved"]


def test_silence_ends_nothing_and_fires_after_a_while(make: Callable[..., Watch]) -> None:
    watch = make()
    watch.for_(MINUTE, lambda: watch.probes(True))
    watch.for_(2 * MINUTE)
    assert (watch.alert().phase, watch.alert().reason) == (FIRING, Reason.NO_DATA)
    watch.for_(10 * MINUTE)
    assert watch.phases() == [FIRING]
    assert watch.told() == ["trigger"]


def test_a_service_that_begins_after_a_long_silence_judges(make: Callable[..., Watch]) -> None:
    """What is in the cache is older than anything that a rule looks back at, and is forgotten at once."""
    watch = make()
    watch.for_(MINUTE, lambda: watch.probes(True))
    watch.clock.at += timedelta(days=3)
    watch.begins()
    watch.for_(3 * MINUTE)
    assert watch.alert().reason is Reason.NO_DATA
    watch.for_(3 * MINUTE, lambda: watch.probes(True))
    assert watch.phases() == [RESOLVED]


def test_a_clock_that_is_set_back_neither_ends_nor_repeats(make: Callable[..., Watch]) -> None:
    watch = make()
    watch.for_(2 * MINUTE, lambda: watch.probes(False))
    key = watch.alert().key
    watch.clock.at -= timedelta(hours=1)
    watch.for_(2 * MINUTE, lambda: watch.probes(False))
    assert (watch.alert().phase, watch.alert().key) == (FIRING, key)
    assert watch.told() == ["trigger"]
    watch.for_(2 * MINUTE, lambda: watch.probes(True))
    assert (watch.phases(), watch.told()) == ([RESOLVED], ["trigger", "resolve"])


def test_a_clock_that_leaps_forward_lasts_nothing(make: Callable[..., Watch]) -> None:
    watch = make()
    watch.for_(MINUTE, lambda: watch.probes(True))
    watch.for_(30 * SECOND, lambda: watch.probes(False))
    watch.clock.leaps(timedelta(hours=1))
    watch.for_(30 * SECOND, lambda: watch.probes(False))
    assert (watch.phases(), watch.told()) == ([PENDING], [])
    watch.for_(10 * SECOND, lambda: watch.probes(False))
    assert (watch.phases(), watch.told()) == ([FIRING], ["trigger"])
    watch.for_(30 * SECOND, lambda: watch.probes(True))
    watch.clock.leaps(timedelta(hours=1))
    watch.for_(30 * SECOND, lambda: watch.probes(True))
    assert watch.phases() == [FIRING]
    watch.for_(20 * SECOND, lambda: watch.probes(True))
    assert (watch.phases(), watch.told()) == ([RESOLVED], ["trigger", "resolve"])


def test_a_clock_that_leaps_while_no_service_runs_lasts_nothing(make: Callable[..., Watch]) -> None:
    watch = make()
    watch.for_(MINUTE, lambda: watch.probes(True))
    watch.for_(30 * SECOND, lambda: watch.probes(False))
    watch.clock.at += 5 * SECOND
    watch.clock.leaps(timedelta(hours=1))
    watch.begins()
    watch.for_(30 * SECOND, lambda: watch.probes(False))
    assert (watch.phases(), watch.told()) == ([PENDING], [])
    watch.for_(20 * SECOND, lambda: watch.probes(False))
    assert (watch.phases(), watch.told()) == ([FIRING], ["trigger"])


def test_time_that_passed_while_no_service_ran_has_passed(make: Callable[..., Watch]) -> None:
    watch = make()
    watch.for_(2 * MINUTE, lambda: watch.probes(False))
    with closing(Ledger(watch.stores.ledger_url)) as ledger:
        ledger.acknowledge_alert(watch.alert().key, by="ada", at=watch.clock.at, reason="")
    watch.begins()
    watch.clock.at += HOUR
    watch.for_(20 * SECOND, lambda: watch.probes(False))
    assert watch.alert().acknowledged_by == "", "it lapsed"


@pytest.mark.parametrize("waits", [True, False], ids=["waited", "just-began"])
def test_who_waited_for_its_turn_knows_of_a_leap_since_the_last_round(make: Callable[..., Watch], waits: bool) -> None:
    watch = make()
    watch.for_(2 * MINUTE, lambda: watch.probes(False))
    with closing(Ledger(watch.stores.ledger_url)) as ledger:
        ledger.acknowledge_alert(watch.alert().key, by="ada", at=watch.clock.at, reason="")
    watch.for_(20 * SECOND, lambda: watch.probes(False))
    with closing(watch.another("elsewhere")) as another:
        if waits:
            another.wait()
        watch.clock.at += SECOND
        watch.clock.leaps(timedelta(hours=1))
        # Its own lease has run out by that clock too, so that it is a while before it is its turn.
        for _ in range(8 * waits):
            another.wait()
            watch.clock.at += SECOND
        watch.probes(False)
        another.look(watch.claim())
        assert watch.alert().acknowledged_by == ("ada" if waits and PLACES.on_server else "")


def test_what_was_well_is_not_silent_because_the_clock_leapt(make: Callable[..., Watch]) -> None:
    watch = make()
    watch.rules('[[rules]]\nname = "down"\ncondition = "up < 1"\nfor = "20s"\nseverity = "critical"\nnodata = "fire"\n')
    watch.level = Protection.MAXIMUM
    watch.for_(MINUTE, lambda: watch.probes(True))
    watch.clock.leaps(timedelta(hours=1))
    # The next sample comes a while after the leap, as any does.
    watch.for_(9 * SECOND, every=SECOND)
    assert watch.phases() == []
    watch.for_(MINUTE, lambda: watch.probes(True))
    assert (watch.phases(), watch.kinds()) == ([], [])
    watch.for_(MINUTE)
    assert watch.alert().reason is Reason.NO_DATA


OBJECTIVE = (
    '[[rules]]\nname = "objective"\ncondition = "burn(failing, 99%, 30m, 5m) > 5"\nseverity = "critical"\n'
    '[[rules]]\nname = "half"\ncondition = "avg(up, 30m) < 50%"\nseverity = "critical"\n'
    '[[rules]]\nname = "down"\nenabled = false\n'
)


def test_an_objective_of_availability_burns_by_the_rounds_that_failed_and_over_a_restart(
    make: Callable[..., Watch],
) -> None:
    watch = make()
    watch.rules(OBJECTIVE)
    watch.for_(25 * MINUTE, lambda: watch.probes(True))
    # That it is well is known once nine tenths of the window are; the other provider has no probe.
    assert watch.now().unknown_named == ("half probe=rsvp-aws, provider=aws", "objective provider=gcp (no probe)")
    watch.for_(5 * MINUTE, lambda: watch.probes(True))
    watch.begins()
    watch.for_(20 * SECOND, lambda: watch.probes(True))
    assert (watch.phases(), watch.now().unknown_named) == ([], ("objective provider=gcp (no probe)",))
    watch.for_(2 * MINUTE, lambda: watch.probes(False))
    watch.begins()
    watch.for_(20 * SECOND, lambda: watch.probes(False))
    alert = watch.alert()
    assert (alert.rule, alert.phase) == ("objective", FIRING)
    # Fourteen of the 180 rounds of half an hour failed.
    assert alert.value == pytest.approx(14 / 180 / 0.01, rel=0.01)


def test_what_was_asked_slowly_before_a_restart_is_known_in_the_rhythm_of_a_wedding_day(
    make: Callable[..., Watch],
) -> None:
    watch = make(probes=[{key: value for key, value in PROBE.items() if key != "interval"}])
    watch.rules(OBJECTIVE)
    watch.for_(30 * MINUTE, lambda: watch.probes(True), 11 * SECOND)
    watch.begins(probes_every=3 * SECOND)
    watch.for_(9 * SECOND, lambda: watch.probes(True), 3 * SECOND)
    assert watch.now().unknown_named == ("objective provider=gcp (no probe)",)


def test_what_another_place_saw_is_known_after_a_restart(make: Callable[..., Watch]) -> None:
    watch = make()
    watch.rules(OBJECTIVE)

    def seen(one: bool, two: bool) -> Callable[[], None]:
        def look() -> None:
            watch.probes(one, vantage="one")
            watch.probes(two, vantage="two", at=watch.clock.at - SECOND)

        return look

    watch.for_(30 * MINUTE, seen(True, True))
    watch.for_(2 * MINUTE, seen(True, False))
    before = watch.alert()
    watch.begins()
    watch.for_(20 * SECOND, seen(True, False))
    now = watch.alert()
    assert (now.rule, now.key, now.phase) == ("objective", before.key, FIRING)
    # One of two places saw it fail, which counts: 14 of 180 rounds of half an hour.
    assert now.value == pytest.approx(14 / 180 / 0.01, rel=0.01)


def test_what_is_not_configured_any_more_is_withdrawn_and_never_resolved(make: Callable[..., Watch]) -> None:
    watch = make()
    watch.for_(2 * MINUTE, lambda: watch.probes(False))
    watch.begins(watched(probes=[{**PROBE, "name": "other"}]))
    watch.for_(MINUTE, lambda: watch.probes(True, name="other"))
    assert watch.phases() == []
    assert watch.kinds() == ["firing", "withdrawn"]
    # That nobody knows how it stands is told, as something of its own; no end is.
    assert watch.told() == ["trigger", "trigger"]


def test_a_cache_that_was_begun_anew_withdraws_nothing(make: Callable[..., Watch]) -> None:
    watch = make(queries=[QUERY])
    watch.for_(6 * MINUTE, lambda: watch.both(False, 0.5))
    assert watch.phases() == [FIRING, FIRING, PENDING]
    for table in ("probe", "probe_round", "probe_seen", "signal", "sample"):
        PLACES.execute(watch.folder / "cache.db", CACHE, f"DELETE FROM {table}")
    watch.begins()
    watch.for_(MINUTE)
    assert watch.phases() == [FIRING, FIRING, PENDING]
    assert watch.kinds() == ["firing", "firing", "escalated"]


def test_a_shipped_rule_of_which_nothing_is_configured_is_not_set(make: Callable[..., Watch]) -> None:
    watch = make(queries=[QUERY])
    watch.for_(30 * MINUTE, lambda: watch.both(True, 0.0), MINUTE / 3)
    found = watch.now()
    assert found.not_set == ("latency", "cpu", "memory", "cache-hits")
    assert (found.alerts, watch.told()) == ((), [])
    assert (found.rules, found.judged) == (7, 3)


def test_what_nobody_looks_at_is_not_said_to_be_well(make: Callable[..., Watch]) -> None:
    watch = make(probes=[])
    watch.for_(MINUTE)
    found = watch.now()
    assert (found.alerts, found.judged, found.knows) == ((), 0, False)
    assert found.unknown == found.series == len(watch.configuration.providers)


def test_of_what_is_never_measured_nothing_is_known_and_it_is_named(make: Callable[..., Watch]) -> None:
    watch = make(queries=[{**QUERY, "signal": "cpu"}, {**QUERY, "signal": "memory", "query": "b"}])
    watch.rules('[[rules]]\nname = "own"\ncondition = "errror_rate > 5%"\nseverity = "critical"\n')
    watch.for_(MINUTE, lambda: watch.both(True, 0.1, "memory"))
    found = watch.now()
    others = [each.name for each in watch.configuration.providers if each.name != "aws"]
    named = {"cpu provider=aws", "own everything", *(f"down provider={name} (no probe)" for name in others)}
    assert (found.alerts, found.knows) == ((), True)
    assert (found.unknown, found.series) == (len(named), len(named) + 2)
    assert set(found.unknown_named) == set(sorted(named)[:6])
    watch.measures(0.1, "cpu")
    watch.for_(10 * SECOND, lambda: watch.both(True, 0.1, "memory"))
    assert watch.now().unknown == len(named) - 1
    # What was known and grew too old is not known either.
    watch.for_(MINUTE, lambda: watch.probes(True))
    assert {"cpu provider=aws", "memory provider=aws"} <= {*watch.now().unknown_named}


def test_a_rule_of_ones_own_on_a_signal_that_never_existed_warns(make: Callable[..., Watch]) -> None:
    watch = make()
    watch.rules('[[rules]]\nname = "own"\ncondition = "nowhere > 1"\nnodata = "warn"\nseverity = "critical"\n')
    watch.for_(5 * MINUTE, lambda: watch.probes(True))
    alert = watch.alert()
    assert (alert.rule, alert.severity, alert.reason, alert.value) == ("own", Severity.WARNING, Reason.NO_DATA, None)


@pytest.mark.parametrize(("guests", "severity"), [(True, Severity.CRITICAL), (False, Severity.WARNING)])
def test_what_guests_see_is_critical_while_nobody_knows_that_none_marries(
    make: Callable[..., Watch], guests: bool, severity: Severity
) -> None:
    query = {**QUERY, "service": "rsvp", "guest_facing": guests}
    watch = make(queries=[query])
    watch.rules('[[rules]]\nname = "own"\ncondition = "error_rate > 1%"\nseverity = "warning"\n')
    watch.for_(MINUTE, lambda: watch.both(True, 0.02))
    own = next(each for each in watch.now().alerts if each.rule == "own")
    assert own.severity is severity
    assert dict(own.labels) == {"provider": "aws", "service": "rsvp", **({"guest_facing": "true"} if guests else {})}


def test_a_service_that_guests_see_by_one_probe_is_seen_by_them_in_all_that_is_measured_of_it(
    make: Callable[..., Watch],
) -> None:
    seen, other = {**PROBE, "service": "rsvp", "guest_facing": True}, {**PROBE, "name": "two", "service": "rsvp"}
    jobs = {**QUERY, "signal": "cpu", "query": "b", "service": "jobs"}
    watch = make(probes=[seen, other], queries=[{**QUERY, "service": "rsvp"}, jobs])
    watch.rules(
        '[[rules]]\nname = "own"\ncondition = "error_rate > 1%"\nseverity = "warning"\n'
        '[[rules]]\nname = "down"\ncondition = "up < 1"\nseverity = "warning"\n'
        '[[rules]]\nname = "cpu"\ncondition = "cpu > 80%"\nseverity = "warning"\n'
    )

    def measured() -> None:
        watch.probes(True)
        watch.probes(False, name="two")
        watch.both(True, 0.02)
        watch.measures(0.9, "cpu")

    watch.for_(MINUTE, measured)
    found = {each.rule: each for each in watch.now().alerts if each.phase is FIRING}
    grave = {"own": Severity.CRITICAL, "down": Severity.CRITICAL, "cpu": Severity.WARNING}
    assert {name: each.severity for name, each in found.items()} == grave
    assert [dict(each.labels).get("guest_facing") for each in map(found.__getitem__, grave)] == ["true", "true", None]


@pytest.mark.parametrize(
    ("begins", "severity"), [(6 * HOUR, Severity.WARNING), (-HOUR, Severity.CRITICAL)], ids=["later", "live"]
)
def test_what_guests_see_is_as_grave_as_the_calendar_says(
    make: Callable[..., Watch], begins: timedelta, severity: Severity
) -> None:
    watch = make(queries=[{**QUERY, "service": "rsvp", "guest_facing": True}])
    known = calendar_of([Booked("W", MONDAY + begins, MONDAY + begins + 5 * HOUR, 1)], read(MONDAY))
    assert freshness(known, MONDAY + MINUTE) is Freshness.FRESH
    watch.guarding._facts = watch.guarding._facts._replace(calendar=known)
    watch.rules('[[rules]]\nname = "own"\ncondition = "error_rate > 1%"\nseverity = "warning"\n')
    watch.for_(MINUTE, lambda: watch.both(True, 0.02))
    own = next(each for each in watch.now().alerts if each.rule == "own")
    assert (own.phase, own.severity) == (FIRING, severity)


def test_of_two_places_that_look_one_that_fails_is_half(make: Callable[..., Watch]) -> None:
    watch = make()

    def seen(one: bool, two: bool, three: bool) -> Callable[[], None]:
        def look() -> None:
            # Each has its own clock, and what they saw is stored in whatever order.
            watch.probes(one, vantage="one", at=watch.clock.at)
            watch.probes(two, vantage="two", at=watch.clock.at - timedelta(milliseconds=700))
            watch.probes(three, vantage="three", at=watch.clock.at - timedelta(milliseconds=300))

        return look

    watch.for_(2 * MINUTE, seen(True, True, False))
    assert watch.phases() == []
    watch.for_(2 * MINUTE, seen(True, False, False))
    assert watch.phases() == [FIRING]


def test_rules_that_break_go_on_and_are_said_and_those_that_are_mended_count(make: Callable[..., Watch]) -> None:
    watch = make()
    watch.rules('[[rules]]\nname = "down"\ncondition = "up < 1"\nseverity = "warning"\n')
    watch.for_(MINUTE, lambda: watch.probes(False))
    assert watch.alert().severity is Severity.WARNING
    watch.rules("[[rules]]\nname = 1\n")
    watch.look()
    assert watch.alerting.problem is not None
    assert "the last that could be used count on" in watch.alerting.problem
    watch.begins()
    watch.for_(MINUTE, lambda: watch.probes(False))
    assert watch.alert().severity is Severity.WARNING
    assert watch.alerting.problem is not None
    watch.rules('[[rules]]\nname = "down"\nenabled = false\n')
    watch.look()
    assert not watch.troubled()
    assert (watch.phases(), watch.kinds()) == ([], ["firing", "withdrawn"])


def test_where_no_rules_were_ever_good_the_shipped_ones_count(make: Callable[..., Watch]) -> None:
    watch = make()
    watch.rules("nonsense")
    watch.for_(2 * MINUTE, lambda: watch.probes(False))
    assert watch.phases() == [FIRING]
    assert watch.alerting.problem is not None
    assert "the shipped ones count alone" in watch.alerting.problem


def test_an_acknowledgement_lapses_after_a_quarter_of_an_hour(make: Callable[..., Watch]) -> None:
    watch = make()
    watch.for_(2 * MINUTE, lambda: watch.probes(False))
    ledger = Ledger(watch.stores.ledger_url)
    try:
        ledger.acknowledge_alert(watch.alert().key, by="ada", at=watch.clock.at, reason="")
        with pytest.raises(NotFoundError):
            ledger.acknowledge_alert("alert/down/other", by="ada", at=watch.clock.at, reason="")
    finally:
        ledger.close()
    watch.for_(14 * MINUTE + 50 * SECOND, lambda: watch.probes(False))
    assert watch.alert().acknowledged_by == "ada"
    watch.for_(10 * SECOND, lambda: watch.probes(False))
    assert (watch.alert().acknowledged_by, watch.alert().phase) == ("", FIRING)
    assert watch.kinds() == ["firing", "acknowledged", "lapsed", "escalated"]
    # Somebody is called again, and hears the end of both.
    assert [each.event for each in watch.notices()] == ["trigger", "acknowledge", "trigger"]
    watch.for_(10 * MINUTE, lambda: watch.probes(True))
    assert [each.event for each in watch.notices()][3:] == ["resolve", "resolve"]


@pytest.mark.parametrize("early", [False, True])
def test_a_silence_hides_messages_and_no_row_and_what_fires_at_its_end_is_told(
    make: Callable[..., Watch], early: bool
) -> None:
    watch = make()
    watch.for_(20 * SECOND, lambda: watch.probes(True))
    began = watch.clock.now()
    asked = Silence(0, Where({"provider": ("aws",)}), ("down",), "moved", "ada", began, began + 5 * MINUTE)
    book = load_rules(()).book
    with closing(Ledger(watch.stores.ledger_url)) as ledger:
        ledger.silence_alerts(asked, book, None)
    watch.for_(3 * MINUTE, lambda: watch.probes(False))
    alert = watch.alert()
    assert (alert.phase, alert.severity) == (FIRING, Severity.CRITICAL)
    assert (alert.silenced_by, alert.silenced_until, alert.told_at) == ("ada", began + 5 * MINUTE, None)
    assert watch.now().suppressed == Suppressed()
    assert (watch.kinds(), watch.told()) == (["firing"], [])
    if early:
        with closing(Ledger(watch.stores.ledger_url)) as ledger:
            ledger.end_silence(1, by="bo", at=watch.clock.now(), reason="it is moved")
        watch.for_(10 * SECOND, lambda: watch.probes(False))
    else:
        watch.for_(110 * SECOND, lambda: watch.probes(False))
        assert watch.told() == []
        watch.begins()
        watch.for_(10 * SECOND, lambda: watch.probes(False))
    assert watch.told() == ["trigger"]
    with closing(OutboxReader(watch.stores.ledger_url)) as reader:
        assert "until now silenced by ada" in reader.notifications()[0].sentence
    assert watch.alert().silenced_by == ""
    with closing(Ledger(watch.stores.ledger_url)) as ledger:
        now = watch.clock.now()
        ledger.silence_alerts(replace(asked, since=now, until=now + HOUR), book, None)
    watch.for_(70 * SECOND, lambda: watch.probes(True))
    assert watch.told() == ["trigger", "resolve"], "the end of what was told is told"
    watch.for_(3 * MINUTE, lambda: watch.probes(False))
    watch.for_(2 * MINUTE, lambda: watch.probes(True))
    assert len(watch.told()) == 2
    assert watch.now().suppressed == Suppressed(silenced=1), "readers see how many nobody was told of"


def test_without_a_channel_it_is_judged_and_told_once_there_is_one(make: Callable[..., Watch]) -> None:
    watch = make(notify={})
    watch.for_(2 * MINUTE, lambda: watch.probes(False))
    assert (watch.phases(), watch.told()) == ([FIRING], [])
    assert (watch.alerting.problem or "").startswith("1 alert fires, and NOBODY IS TOLD: no channel is configured")
    watch.for_(3 * MINUTE, lambda: watch.probes(True))
    assert (watch.phases(), watch.alerting.problem) == ([RESOLVED], None)
    watch.for_(2 * MINUTE, lambda: watch.probes(False))
    watch.begins(watched())
    watch.look()
    assert watch.told() == ["trigger"]
    assert watch.alerting.problem is None


def test_that_nobody_is_told_is_said_by_whoever_judges(make: Callable[..., Watch]) -> None:
    watch = make(notify={})
    watch.for_(2 * MINUTE, lambda: watch.probes(False))
    assert watch.alerting.problem is not None
    taken = "UPDATE alert_round SET holder = ?, lease_until = ?"
    until = to_microseconds(watch.clock.at + 20 * SECOND)
    PLACES.execute(watch.folder / "ledger.db", LEDGER, taken, "another", until)
    watch.look()
    assert watch.alerting.problem is None


def test_who_waits_says_nothing_of_nobody_being_told(make: Callable[..., Watch]) -> None:
    watch = make(notify={})
    watch.for_(2 * MINUTE, lambda: watch.probes(False))
    assert watch.alerting.problem is not None
    watch.alerting.wait()
    assert watch.alerting.problem is None


def test_a_lease_that_a_clock_set_back_made_long_keeps_nobody_from_judging(make: Callable[..., Watch]) -> None:
    watch = make()
    watch.for_(30 * SECOND, lambda: watch.probes(False))
    watch.clock.at -= HOUR
    with closing(watch.another("elsewhere")) as another:
        watch.probes(False)
        another.look(watch.claim())
        assert watch.now().judged_at == watch.clock.at


def test_what_is_usual_is_that_of_this_hour_of_the_week(make: Callable[..., Watch]) -> None:
    latency = {**QUERY, "signal": "latency_p95_ms"}
    watch = make(queries=[latency])
    place = watch.folder / "cache.db"
    watch.measures(100.0, "latency_p95_ms")
    ((series,),) = PLACES.execute(place, CACHE, "SELECT id FROM series WHERE signal = 'latency_p95_ms'")
    for week in (1, 2, 3):
        at = int((MONDAY - timedelta(weeks=week)).timestamp() * 1_000_000)
        PLACES.execute(
            place,
            CACHE,
            "INSERT INTO rollup (series, step, start, count, total, low, low_at, high, high_at)"
            " VALUES (?, 3600, ?, 2, 200, 100, ?, 100, ?)",
            series,
            at,
            at,
            at,
        )
    watch.for_(12 * MINUTE, lambda: watch.both(True, 190.0, "latency_p95_ms"))
    assert watch.phases() == []
    watch.for_(12 * MINUTE, lambda: watch.both(True, 210.0, "latency_p95_ms"))
    assert (watch.alert().rule, watch.alert().phase) == ("latency", FIRING)


def test_by_a_right_that_is_lost_no_copy_is_written(make: Callable[..., Watch]) -> None:
    watch = make()
    watch.for_(10 * SECOND, lambda: watch.probes(True))
    before = watch.now().judged_at
    watch.clock.at += MINUTE
    watch.alerting.look(Claim(HOUSE, 99_999))
    assert watch.now().judged_at == before
