"""Rules that Prometheus can express too, beside what its own rule engine says of the same series.

Without holes: there Prometheus takes the last value for five minutes more, and then takes silence for all is well.
"""

from __future__ import annotations

import random
import subprocess
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from tests.core.alerts.world import AWS, World, minutes, rule
from tests.needs import require_program
from wedtui.core.alerts.evaluation import Around
from wedtui.core.alerts.memory import Phase
from wedtui.core.alerts.notation import parse_series
from wedtui.core.alerts.rule import RuleBook

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


@dataclass(frozen=True)
class Drawn:
    """One trial: series in promtool's notation, which both sides read."""

    name: str
    lasting: int
    over_for: int
    series: dict[str, str]


def drawn(name: str, dice: random.Random) -> Drawn:
    _condition, _expression, values = RULES[name]
    series = {}
    for signal, levels in values.items():
        words, length = [], 0
        while length <= MINUTES:
            run = dice.randint(0, 7)
            words.append(f"{dice.choice(levels)}x{run}")
            length += run + 1
        series[signal] = " ".join(words)
    return Drawn(name, dice.randint(1, 5), dice.randint(1, 4), series)


def phases(trial: Drawn) -> list[Phase]:
    """Return how it stands after each minute."""
    made = rule(RULES[trial.name][0], lasting=minutes(trial.lasting), over=None, over_for=minutes(trial.over_for))
    found = World(RuleBook((made,)), Around())
    series = {signal: parse_series(text) for signal, text in trial.series.items()}
    after = []
    for minute in range(MINUTES + 1):
        for signal, samples in series.items():
            value = samples[minute]
            assert value is not None
            found.track(signal, interval=timedelta(minutes=1)).append(found.now, value)
        found.round()
        after.append(found.memory().phase)
        found.now += timedelta(minutes=1)
    return after


def rules_text(trials: list[Drawn]) -> str:
    lines = ["groups:", "  - name: trials", "    rules:"]
    for number, trial in enumerate(trials):
        lines += [
            f"      - alert: A{number}",
            f"        expr: '{RULES[trial.name][1]} and on () trial == {number}'",
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
        for signal, text in trial.series.items():
            lines += [f"      - series: '{signal}{{provider=\"aws\"}}'", f"        values: '{text}'"]
        lines.append("    promql_expr_test:")
        for minute, phase in enumerate(phases(trial)):
            expression = f'count by (alertstate, provider) (ALERTS{{alertname="A{number}"}})'
            lines += [f"      - expr: '{expression}'", f"        eval_time: {minute + shift}m"]
            if phase in {Phase.PENDING, Phase.FIRING}:
                labels = f'{{alertstate="{phase}", provider="{dict(AWS)["provider"]}"}}'
                lines += ["        exp_samples:", f"          - labels: '{labels}'", "            value: 1"]
    return "\n".join(lines) + "\n"


def promtool(folder: Path, trials: list[Drawn], shift: int = 0) -> subprocess.CompletedProcess[str]:
    program = require_program("promtool", package="prometheus")
    (folder / "rules.yml").write_text(rules_text(trials))
    (folder / "tests.yml").write_text(trials_text(trials, shift))
    return subprocess.run(
        [program, "test", "rules", "tests.yml"], cwd=folder, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("name", RULES)
def test_the_engine_of_prometheus_says_the_same_minute_by_minute(name: str, tmp_path: Path) -> None:
    dice = random.Random(f"rules {name}")
    trials = [drawn(name, dice) for _ in range(TRIALS)]
    there = {phase for trial in trials for phase in phases(trial)}
    assert there == set(Phase), "what is drawn has to go through every phase"
    found = promtool(tmp_path, trials)
    assert found.returncode == 0, (found.stdout + found.stderr)[-3000:]


def test_a_minute_late_would_be_noticed(tmp_path: Path) -> None:
    dice = random.Random("rules errors")
    assert promtool(tmp_path, [drawn("errors", dice)], shift=1).returncode == 1
