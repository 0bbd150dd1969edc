"""What a person who watches the demo sees of alerts: the shipped rules and the demo's own, judged on its story."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.cli.base import Machine, machine
from tests.demo.base import BEGAN
from tests.demo.test_configuration import ADDRESSES
from wedtui.core.alerts.evaluation import Around, Kind, evaluate
from wedtui.core.alerts.memory import AlertState
from wedtui.core.alerts.rule import RuleBook
from wedtui.core.alerts.track import Labels, Track
from wedtui.core.evidence import LATENCY_SIGNAL
from wedtui.core.season import Protection
from wedtui.demo.configuration import RULES, demo_configuration
from wedtui.demo.scenario import DEFAULT_SCENARIO, PROVIDERS, SCENARIOS, Behaviour, state
from wedtui.rule_files import load_rules

__all__ = ["machine"]

SECOND = timedelta(seconds=1)
SERVICE_BEGINS_S, PROBED_EVERY_S, ASKED_EVERY_S = 5, 2, 3


@pytest.fixture
def book(tmp_path: Path) -> RuleBook:
    own = tmp_path / "demo.toml"
    own.write_text(RULES, encoding="utf-8")
    return load_rules([own]).book


def happened(
    book: RuleBook, until_s: int, level: Protection = Protection.NORMAL
) -> Iterator[tuple[int, str, Labels, Kind]]:
    """Yield what happens to alerts of the default scenario: its second, rule, series, and what."""
    scenario, alerts = SCENARIOS[DEFAULT_SCENARIO], AlertState()
    up: dict[Labels, Track] = {
        (("probe", f"{page}-{p.name}"), ("provider", p.name)): Track(2 * SECOND) for p in PROVIDERS for page in "ab"
    }
    signals: dict[str, dict[Labels, Track]] = {
        name: {(("provider", p.name),): Track(3 * SECOND) for p in PROVIDERS} for name in _measured()
    }
    for second in range(SERVICE_BEGINS_S, until_s):
        at, world = BEGAN + second * SECOND, state(scenario, second * SECOND, began=BEGAN)
        for labels, track in up.items():
            if second % PROBED_EVERY_S == 0:
                serves = world.provider(dict(labels)["provider"]).conduct.behaviour is Behaviour.SERVING
                track.append(at, float(serves))
        for name, series in signals.items():
            for labels, track in series.items():
                value = world.provider(dict(labels)["provider"]).signals.get(name)
                if second % ASKED_EVERY_S == 0 and value is not None:
                    track.append(at, value)
        found = evaluate(book, {"up": up, **signals}, at, alerts, Around(level, False))
        alerts = found.state
        yield from ((second, event.rule, event.labels, event.kind) for event in found.events)


def _measured() -> frozenset[str]:
    return frozenset(state(SCENARIOS["calm"], timedelta()).providers[0].signals)


def test_an_alert_fires_and_is_over_before_three_minutes_are(book: RuleBook) -> None:
    seen = [each for each in happened(book, 180) if each[3] in {Kind.FIRING, Kind.RESOLVED}]
    assert {(rule, dict(labels)["provider"]) for _, rule, labels, _ in seen} == {("down", "azure")}
    fired = [second for second, *_, kind in seen if kind is Kind.FIRING]
    over = [second for second, *_, kind in seen if kind is Kind.RESOLVED]
    assert (len(fired), len(over)) == (2, 2), "both probes"
    # What README says of it.
    assert 85 <= min(fired) <= max(fired) <= 100
    assert max(over) <= 175


@pytest.mark.parametrize("level", [Protection.HIGH, Protection.MAXIMUM])
def test_on_a_wedding_day_it_fires_sooner_and_is_over_too(book: RuleBook, level: Protection) -> None:
    seen = [(second, kind) for second, rule, _, kind in happened(book, 180, level) if rule == "down"]
    fired = [second for second, kind in seen if kind is Kind.FIRING]
    assert len(fired) == 2
    assert max(fired) < 70
    assert len([second for second, kind in seen if kind is Kind.RESOLVED]) == 2


def test_the_next_illness_fires_again(book: RuleBook) -> None:
    cycle = SCENARIOS[DEFAULT_SCENARIO].cycle_s
    assert cycle is not None
    fired = [second for second, *_, kind in happened(book, int(cycle) + 100) if kind is Kind.FIRING]
    assert len(fired) == 4


def test_every_rule_knows_something_of_every_series_of_a_world_that_is_new(book: RuleBook) -> None:
    """Else `UNKNOWN` stands there all the time, and nobody looks at it any more."""
    assert "normal" not in str(next(rule.condition for rule in book.rules if rule.name == "latency"))
    assert not [rule.name for rule in book.rules if "normal" in str(rule.condition)]
    asked = {signal for rule in book.rules for signal in rule.signals}
    assert asked <= {"up", *_measured()}
    assert LATENCY_SIGNAL in asked


@pytest.mark.parametrize(("at", "who", "second"), [("12:00", "day", "night"), ("23:00", "night", "day")])
def test_somebody_is_on_call_at_any_time_and_it_is_no_person(machine: Machine, at: str, who: str, second: str) -> None:
    machine.configure(demo_configuration(ADDRESSES, machine.state))
    for day in ("2021-03-01", "2026-06-20"):
        shown = machine.run("oncall", "who", "--at", f"{day}T{at}Z")
        assert shown.code == 0
        assert re.search(rf"primary.*{who}-engineer", shown.out)
        assert re.search(rf"secondary.*{second}-engineer", shown.out)
    assert machine.run("oncall", "now").code == 0
    assert datetime(2020, 1, 6, tzinfo=UTC).weekday() == 0, "the layers begin before any date of a world"
