"""Rules that Prometheus can express too, beside what its own rule engine says of the same series.

Thresholds without holes: there Prometheus takes the last value for five minutes more, and then takes silence for all is
well. With holes what fires for want of data, as its `absent_over_time` does; budgets that burn, in several windows;
means, and what counters rise by, which begin anew now and then; and several series of one rule.
"""

from __future__ import annotations

import random
import subprocess
from dataclasses import dataclass
from datetime import timedelta
from itertools import accumulate
from pathlib import Path

import pytest

from tests.core.alerts.world import World, minutes, rule
from tests.needs import require_program
from wedtui.core.alerts.evaluation import Around
from wedtui.core.alerts.memory import Phase
from wedtui.core.alerts.notation import parse_series
from wedtui.core.alerts.rule import NoData, RuleBook
from wedtui.core.alerts.track import labels_of

MINUTES = 40
TRIALS = 12
# As it is written here, as Prometheus has it, and between which values its signals go back and forth.
RULES: dict[str, tuple[str, str, dict[str, tuple[str, ...]]]] = {
    "errors": ("error_rate > 5%", "error_rate > 0.05", {"error_rate": ("0.01", "0.05", "0.2")}),
    "caches": ("cache_hit_rate < 85%", "cache_hit_rate < 0.85", {"cache_hit_rate": ("0.9", "0.85", "0.5")}),
    "either": (
        "cpu >= 80% or memory > 80%",
        "cpu >= 0.8 or memory > 0.8",
        {"cpu": ("0.1", "0.8"), "memory": ("0.1", "0.8", "0.9")},
    ),
    "both": (
        "cpu > 80% and memory > 80%",
        "cpu > 0.8 and memory > 0.8",
        {"cpu": ("0.1", "0.9"), "memory": ("0.1", "0.9")},
    ),
    "share": ("failed / requests > 5%", "failed / requests > 0.05", {"failed": ("0", "4", "6"), "requests": ("100",)}),
}
# What is evidence for two intervals here is looked for as far back there. Both ends of a range are in it there.
SILENT = "silence"
RULES[SILENT] = (
    "up < 1",
    'last_over_time(up[119s]) < 1 or absent_over_time(up{provider="aws"}[119s])',
    {"up": ("0", "1")},
)
# Of a ratio by its mean, and of two counters by what they rose by. No mean of these values is exactly a limit.
LONG, SHORT = 10, 3
BURNING: dict[str, tuple[str, str]] = {
    "burning ratio": (
        f"burn(error_rate, 99%, {LONG}m, {SHORT}m) > 5",
        " and ".join(f"avg_over_time(error_rate[{60 * window - 1}s]) / 0.01 > 5" for window in (LONG, SHORT)),
    ),
    "burning counters": (
        f"burn(failed / requests, 99%, {LONG}m, {SHORT}m) > 5",
        " and ".join(
            f"(failed - failed offset {window}m) / (requests - requests offset {window}m) / 0.01 > 5"
            for window in (LONG, SHORT)
        ),
    ),
}
RULES |= {name: (condition, expression, {}) for name, (condition, expression) in BURNING.items()}
# Both ends of a range are in it there: a mean is of one sample less, and a rise from the first to the last.
WINDOWS: dict[str, tuple[str, str]] = {
    "mean": (f"avg(cpu, {SHORT}m) > 50%", f"avg_over_time(cpu[{60 * SHORT - 1}s]) > 0.5"),
    "rise": (f"rate(failed, {SHORT}m) > 0.5", f"rate(failed[{SHORT}m]) > 0.5"),
    "rises": (
        f"rate(failed, {LONG}m) / rate(requests, {LONG}m) > 5%",
        f"rate(failed[{LONG}m]) / rate(requests[{LONG}m]) > 0.05",
    ),
}
RULES |= {name: (condition, expression, {}) for name, (condition, expression) in WINDOWS.items()}
SEVERAL = "several"
RULES[SEVERAL] = RULES["errors"]
PROVIDERS = ("aws", "azure", "gcp")
A_SECOND = timedelta(seconds=1)
"""A round is so much later than the sample of its minute."""


@dataclass(frozen=True)
class Drawn:
    """One trial: series in promtool's notation, which both sides read."""

    name: str
    lasting: int
    over_for: int
    series: dict[tuple[str, str], str]
    """By signal and provider."""


def drawn(name: str, dice: random.Random) -> Drawn:
    if name == SILENT:
        return _with_holes(dice)
    if name in BURNING:
        return _burning(name, dice)
    if name in WINDOWS:
        return _windowed(name, dice)
    _condition, _expression, values = RULES[name]
    series = {}
    of = PROVIDERS if name == SEVERAL else PROVIDERS[:1]
    for key, levels in (((signal, each), levels) for signal, levels in values.items() for each in of):
        words, length = [], 0
        while length <= MINUTES:
            run = dice.randint(0, 7)
            words.append(f"{dice.choice(levels)}x{run}")
            length += run + 1
        series[key] = " ".join(words)
    return Drawn(name, dice.randint(1, 5), dice.randint(1, 4), series)


def _with_holes(dice: random.Random) -> Drawn:
    """Draw samples and holes. Where both sides mean something else by a hole, none is drawn.

    Nothing is over here but by samples that say so; there the last one says so for another minute. And a single sample
    fires nothing here, nor does it where a silence has lasted just long enough when it comes.
    """
    lasting, over_for = dice.randint(2, 5), dice.randint(1, 4)
    words, length, before, run = ["1x1"], 2, "1", 2
    while length <= MINUTES:
        next_ = dice.choice([each for each in ("0", "1", "_") if each != before])
        if next_ == "_" and before == "1" and run == over_for:
            continue
        if next_ == "0" and before == "_" and run == lasting + 1:
            continue
        run = dice.randint(2 if next_ == "_" else 1, 8)
        words.append(f"_x{run}" if next_ == "_" else f"{next_}x{run - 1}")
        length, before = length + run, next_
    return Drawn(SILENT, lasting, over_for, {("up", "aws"): " ".join(words)})


def _burning(name: str, dice: random.Random) -> Drawn:
    """Draw minutes in which something fails, after as many in which nothing does as the longest window has."""
    failing: list[bool] = [False] * (LONG + 1)
    while len(failing) <= MINUTES:
        failing += [dice.random() < 0.5] * dice.randint(1, 9)
    lasting, over_for = dice.randint(1, 4), dice.randint(1, 4)
    if name == "burning ratio":
        values = " ".join("0.37" if each else "0" for each in failing)
        return Drawn(name, lasting, over_for, {("error_rate", "aws"): values})
    risen = accumulate(20 * each for each in failing)
    series = {("failed", "aws"): " ".join(map(str, risen)), ("requests", "aws"): f"0+100x{len(failing)}"}
    return Drawn(name, lasting, over_for, series)


def _windowed(name: str, dice: random.Random) -> Drawn:
    """Draw as for budgets that burn; counters begin anew now and then, each by itself."""
    failing: list[bool] = [False] * (LONG + 1)
    while len(failing) <= MINUTES:
        failing += [dice.random() < 0.5] * dice.randint(1, 9)
    lasting, over_for = dice.randint(1, 4), dice.randint(1, 4)
    if name == "mean":
        values = " ".join("0.9" if each else "0.1" for each in failing)
        return Drawn(name, lasting, over_for, {("cpu", "aws"): values})
    series = {("failed", "aws"): _counter([(60 if name == "rise" else 20) * each for each in failing], dice)}
    if name == "rises":
        series["requests", "aws"] = _counter([100] * len(failing), dice)
    return Drawn(name, lasting, over_for, series)


def _counter(steps: list[int], dice: random.Random) -> str:
    """Return what a counter shows that rises by so much each minute; it begins anew about every tenth."""
    shown, counter = [], 0
    for step in steps:
        counter = step if dice.random() < 0.1 else counter + step
        shown.append(counter)
    return " ".join(map(str, shown))


def phases(trial: Drawn) -> dict[str, list[Phase]]:
    """Return how it stands after each minute, by provider."""
    nodata = NoData.FIRE if trial.name == SILENT else NoData.HOLD
    lasting, over_for = minutes(trial.lasting), minutes(trial.over_for)
    made = rule(RULES[trial.name][0], lasting=lasting, over=None, over_for=over_for, nodata=nodata)
    found = World(RuleBook((made,)), Around())
    series = {key: parse_series(text) for key, text in trial.series.items()}
    after: dict[str, list[Phase]] = {provider: [] for _signal, provider in series}
    for minute in range(MINUTES + 1):
        for (signal, provider), samples in series.items():
            track = found.track(signal, labels_of({"provider": provider}), interval=timedelta(minutes=1))
            if (value := samples[minute]) is not None:
                track.append(found.now, value)
        found.now += A_SECOND
        found.round()
        for provider, stood in after.items():
            stood.append(found.memory(labels=labels_of({"provider": provider})).phase)
        found.now += timedelta(minutes=1) - A_SECOND
    return after


def rules_text(trials: list[Drawn]) -> str:
    lines = ["groups:", "  - name: trials", "    rules:"]
    for number, trial in enumerate(trials):
        lines += [
            f"      - alert: A{number}",
            f"        expr: '({RULES[trial.name][1]}) and on () trial == {number}'",
            f"        for: {trial.lasting}m",
            f"        keep_firing_for: {trial.over_for}m",
        ]
    return "\n".join(lines) + "\n"


def trials_text(trials: list[Drawn], shift: int) -> str:
    lines = ["rule_files: [rules.yml]", "evaluation_interval: 1m", "tests:"]
    for number, trial in enumerate(trials):
        lines += [
            "  - interval: 1m",
            "    input_series:",
            "      - series: trial",
            f"        values: {number}x{MINUTES}",
        ]
        for (signal, provider), text in trial.series.items():
            lines += [f"      - series: '{signal}{{provider=\"{provider}\"}}'", f"        values: '{text}'"]
        lines.append("    promql_expr_test:")
        stood = phases(trial)
        for minute in range(MINUTES + 1):
            expression = f'count by (alertstate, provider) (ALERTS{{alertname="A{number}"}})'
            lines += [f"      - expr: '{expression}'", f"        eval_time: {minute + shift}m"]
            there = {provider: each[minute] for provider, each in stood.items()}
            expected = {each: phase for each, phase in there.items() if phase in {Phase.PENDING, Phase.FIRING}}
            lines += ["        exp_samples:"] if expected else []
            for provider, phase in expected.items():
                labels = f'{{alertstate="{phase}", provider="{provider}"}}'
                lines += [f"          - labels: '{labels}'", "            value: 1"]
    return "\n".join(lines) + "\n"


def promtool(folder: Path, trials: list[Drawn], shift: int = 0) -> subprocess.CompletedProcess[str]:
    (folder / "rules.yml").write_text(rules_text(trials))
    (folder / "tests.yml").write_text(trials_text(trials, shift))
    return checked(folder)


def checked(folder: Path) -> subprocess.CompletedProcess[str]:
    """Have promtool run the tests of a folder."""
    program = require_program("promtool", package="prometheus")
    return subprocess.run(
        [program, "test", "rules", "tests.yml"], cwd=folder, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("name", RULES)
def test_the_engine_of_prometheus_says_the_same_minute_by_minute(name: str, tmp_path: Path) -> None:
    dice = random.Random(f"rules {name}")
    trials = [drawn(name, dice) for _ in range(TRIALS)]
    there = {phase for trial in trials for stood in phases(trial).values() for phase in stood}
    assert there == set(Phase), "what is drawn has to go through every phase"
    found = promtool(tmp_path, trials)
    assert found.returncode == 0, (found.stdout + found.stderr)[-3000:]


@pytest.mark.parametrize("name", RULES)
def test_a_minute_late_would_be_noticed(name: str, tmp_path: Path) -> None:
    dice = random.Random(f"rules {name}")
    assert promtool(tmp_path, [drawn(name, dice) for _ in range(3)], shift=1).returncode == 1
