"""Conditions that Prometheus can express too, beside what a running Prometheus answers of the same samples.

`test_promtool` has the phases of an alert minute by minute, by Prometheus's rule engine. Here the samples stand in the
blocks of a server, and each condition is asked of it for every minute: thresholds, ratios, windows, budgets that burn,
and what is usual in that hour of the week, which no trial of rules reaches back for.
"""

from __future__ import annotations

import random
import statistics
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tests.core.alerts.test_promtool import MINUTES, RULES, SILENT, Drawn, drawn
from tests.core.alerts.world import START
from tests.needs import require_program
from tests.providers.prometheus_server import RunningPrometheus, serving
from wedtui.core.alerts.grammar import parse_condition
from wedtui.core.alerts.judging import Question, judge
from wedtui.core.alerts.notation import parse_series
from wedtui.core.alerts.track import Track, usual_of

MINUTE, HOUR, WEEK = timedelta(minutes=1), timedelta(hours=1), timedelta(weeks=1)
APART = timedelta(hours=6)
"""So far from one another trials lie in time: no window reaches into the one before."""
TRIALS = 4
NAMES = tuple(name for name in RULES if name != SILENT)
WEEKS = 4
HOURS = 30

Series = dict[tuple[str, str], list[tuple[datetime, float]]]
"""By signal and provider."""


@dataclass(frozen=True)
class Placed:
    """A trial, and when it begins."""

    trial: Drawn
    begins: datetime

    @property
    def samples(self) -> Iterator[tuple[tuple[str, str], datetime, float]]:
        for key, text in self.trial.series.items():
            for minute, value in enumerate(parse_series(text)[: MINUTES + 1]):
                if value is not None:
                    yield key, self.begins + minute * MINUTE, value


def placed() -> list[Placed]:
    dice = random.Random("served")
    trials = [drawn(name, dice) for name in NAMES for _ in range(TRIALS)]
    return [Placed(trial, START + number * APART) for number, trial in enumerate(trials)]


def latencies() -> tuple[list[tuple[datetime, float]], list[tuple[datetime, float]]]:
    """Return what each hour of some weeks was like, and each fifth minute of the hours after them."""
    dice = random.Random("usual")
    begins = START - WEEK * WEEKS
    past = [(begins + n * HOUR, float(dice.choice((100, 200, 400, 800)))) for n in range(WEEKS * 168)]
    now = [(START + n * 5 * MINUTE, float(dice.choice((150, 300, 600, 1200, 2400)))) for n in range(HOURS * 12)]
    return past, now


def served(directory: Path, series: Mapping[tuple[str, str], list[tuple[datetime, float]]]) -> Path:
    """Write samples into the blocks of a Prometheus; return its data."""
    promtool = require_program("promtool", package="prometheus")
    lines = [
        f'{signal}{{provider="{provider}"}} {value} {at.timestamp():.0f}'
        for (signal, provider), samples in sorted(series.items())
        for at, value in samples
    ]
    text, data = directory / "samples.txt", directory / "data"
    text.write_text("\n".join([*lines, "# EOF", ""]))
    command = [promtool, "tsdb", "create-blocks-from", "openmetrics", str(text), str(data)]
    subprocess.run(command, check=True, capture_output=True)
    return data


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPrometheus]:
    """Give a Prometheus that has all of it."""
    series: Series = {}
    for each in placed():
        for key, at, value in each.samples:
            series.setdefault(key, []).append((at, value))
    past, now = latencies()
    # What an hour was like, each fifth minute of it.
    series["latency_ms", "aws"] = [(at + n * 5 * MINUTE, value) for at, value in past for n in range(12)] + now
    directory = tmp_path_factory.mktemp("served")
    with serving(served(directory, series)) as running:
        yield running


def judged(condition: str, tracks: Mapping[str, Track], at: datetime) -> bool:
    return judge(parse_condition(condition), Question(tracks, at, at)).holds is True


def said(server: RunningPrometheus, expression: str, each: Placed) -> dict[str, set[int]]:
    """Return in which minutes of a trial an expression has an answer, by provider."""
    found = server.ranged(expression, each.begins, each.begins + MINUTES * MINUTE, MINUTE)
    return {
        provider: {round((at - each.begins.timestamp()) / 60) for at in instants}
        for provider, instants in found.items()
    }


@pytest.mark.parametrize("name", NAMES)
def test_a_running_prometheus_says_the_same_of_every_minute(name: str, server: RunningPrometheus) -> None:
    condition, expression, _values = RULES[name]
    mine = [each for each in placed() if each.trial.name == name]
    held = 0
    for each in mine:
        tracks: dict[str, dict[str, Track]] = {}
        here: dict[str, set[int]] = {}
        for (signal, provider), at, value in sorted(each.samples, key=lambda sample: sample[1]):
            tracks.setdefault(provider, {}).setdefault(signal, Track(MINUTE)).append(at, value)
        for provider, of in tracks.items():
            holds = {n for n in range(MINUTES + 1) if judged(condition, of, each.begins + n * MINUTE)}
            here |= {provider: holds} if holds else {}
        assert said(server, expression, each) == here
        held += sum(map(len, here.values()))
    assert 0 < held < len(mine) * MINUTES * 3, "what is drawn holds at times"


def test_a_running_prometheus_says_the_same_of_what_is_usual(server: RunningPrometheus) -> None:
    past, now = latencies()
    track = Track(5 * MINUTE, now, usual_of(past))
    weeks = " or ".join(
        f'label_replace(latency_ms offset {week}w, "week", "{week}", "", "")' for week in range(1, WEEKS + 1)
    )
    expression = f"latency_ms > 2 * quantile without (week) (0.5, {weeks})"
    found = server.ranged(expression, START, START + HOURS * HOUR - MINUTE, 5 * MINUTE)
    here = {at.timestamp() for at, _ in now if judged("latency_ms > 2x normal", {"latency_ms": track}, at)}
    assert found == {"aws": here}
    assert 10 < len(here) < len(now) - 10
    medians = {statistics.median(value for then, value in past if (at - then) % WEEK < HOUR) for at, _ in now}
    assert len(medians) > 3, "what is usual differs from hour to hour"
