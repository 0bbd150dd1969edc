"""The rules that are shipped, with the limits at which they are over, beside what Prometheus's rule engine says.

What fires there goes on below its first limit as long as `ALERTS` says that it fires. Nothing is silent here: what
fires for want of data, as `down` does too, is in `test_promtool`; and what is usual is a constant here, and looked up
in `test_served_prometheus`.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from tests.core.alerts.test_promtool import A_SECOND, checked
from tests.core.alerts.world import World
from wedtui.core.alerts.evaluation import Around
from wedtui.core.alerts.memory import Phase
from wedtui.core.alerts.rule import RuleBook
from wedtui.core.alerts.track import HOURS_OF_WEEK, Usual, labels_of
from wedtui.rule_files import load_rules

TRIALS = 4
SPANS = 14
"""A trial is so many times as long as what it takes until the rule fires."""
LEAST = 60
"""Minutes."""
MINUTE = timedelta(minutes=1)


@dataclass(frozen=True)
class Expressed:
    """A rule as Prometheus has it, and as DESIGN ("Alerts") and docs/alerts.md have its spans, in minutes."""

    signal: str
    wrong: str
    not_over: str
    lasting: int
    over_for: int
    well: tuple[str, ...]
    between: tuple[str, ...]
    """From where it is over only below that on: on either limit first, and between them."""
    wrong_at: tuple[str, ...]


USUAL = 100.0
"""Of latency, in every hour of the week."""
_USED = (("0.2",), ("0.75", "0.8", "0.78"), ("0.9", "1"))
EXPRESSED = {
    "down": Expressed("up", "< 1", "< 1", 1, 1, ("1",), (), ("0",)),
    "errors": Expressed("error_rate", "> 0.05", ">= 0.04", 5, 5, ("0.01",), ("0.04", "0.05", "0.045"), ("0.2", "0.3")),
    "errors-rising": Expressed(
        "error_rate", "> 0.01", ">= 0.008", 10, 10, ("0.001",), ("0.008", "0.01", "0.009"), ("0.02", "0.03")
    ),
    "latency": Expressed(
        "latency_p95_ms", "> 200", ">= 150", 10, 10, ("90", "110"), ("150", "200", "170"), ("201", "400")
    ),
    "cpu": Expressed("cpu", "> 0.8", ">= 0.75", 15, 15, *_USED),
    "memory": Expressed("memory", "> 0.8", ">= 0.75", 15, 15, *_USED),
    "cache-hits": Expressed(
        "cache_hit_rate", "< 0.85", "<= 0.87", 30, 15, ("0.95",), ("0.87", "0.85", "0.86"), ("0.5", "0.4")
    ),
}


def drawn(each: Expressed, dice: random.Random) -> list[str]:
    """Draw runs that are mostly shorter than what it takes, and at times longer."""
    found: list[str] = []
    minutes = max(SPANS * each.lasting, LEAST)
    while len(found) < minutes:
        span = dice.choice((1, 2, 3, each.lasting // 2 + 1, each.lasting + 2, each.over_for + 2))
        # A run goes back and forth on one side of the limits, or between them; or stays right on one of them.
        sides = (each.well, each.between, each.between[:1], each.wrong_at)
        side = dice.choice([some for some in sides if some])
        found += [dice.choice(side) for _ in range(span)]
    return found[:minutes]


def phases(name: str, values: list[str]) -> list[Phase]:
    """Return how it stands after each minute."""
    shipped = next(rule for rule in load_rules(()).book.rules if rule.name == name)
    world, stood = World(RuleBook((shipped,)), Around()), []
    track = world.track(EXPRESSED[name].signal, labels_of({"provider": "aws"}), interval=MINUTE)
    track.usual = Usual((USUAL,) * HOURS_OF_WEEK)
    for value in values:
        track.append(world.now, float(value))
        world.now += A_SECOND
        world.round()
        stood.append(world.memory(name).phase)
        world.now += MINUTE - A_SECOND
    return stood


def rules_text(each: Expressed) -> str:
    lines = ["groups:", "  - name: trials", "    rules:"]
    for number in range(TRIALS):
        signal = f'{each.signal}{{trial="{number}"}}'
        fires = f'ALERTS{{alertname="A{number}", alertstate="firing"}}'
        lines += [
            f"      - alert: A{number}",
            f"        expr: '{signal} {each.wrong} or ({signal} {each.not_over} and on (provider, trial) {fires})'",
            f"        for: {each.lasting}m",
            f"        keep_firing_for: {each.over_for}m",
        ]
    return "\n".join(lines) + "\n"


def trials_text(each: Expressed, trials: list[list[str]], stood: list[list[Phase]], shift: int) -> str:
    lines = ["rule_files: [rules.yml]", "evaluation_interval: 1m", "tests:"]
    for number, values in enumerate(trials):
        series = f'{each.signal}{{provider="aws", trial="{number}"}}'
        lines += ["  - interval: 1m", "    input_series:", f"      - series: '{series}'"]
        lines += [f"        values: '{' '.join(values)}'", "    promql_expr_test:"]
        for minute, phase in enumerate(stood[number]):
            expression = f'count by (alertstate) (ALERTS{{alertname="A{number}"}})'
            lines += [f"      - expr: '{expression}'", f"        eval_time: {minute + shift}m"]
            if phase in {Phase.PENDING, Phase.FIRING}:
                labels = f'{{alertstate="{phase}"}}'
                lines += ["        exp_samples:", f"          - labels: '{labels}'", "            value: 1"]
    return "\n".join(lines) + "\n"


def test_every_rule_that_is_shipped_is_compared_somewhere() -> None:
    assert {rule.name for rule in load_rules(()).book.rules} == EXPRESSED.keys()


@pytest.mark.parametrize("shift", [0, 1], ids=["as-it-is", "a-minute-late-would-be-noticed"])
@pytest.mark.parametrize("name", EXPRESSED)
def test_the_engine_of_prometheus_says_the_same_of_what_is_shipped(name: str, shift: int, tmp_path: Path) -> None:
    each, dice = EXPRESSED[name], random.Random(f"shipped {name}")
    trials = [drawn(each, dice) for _ in range(TRIALS)]
    stood = [phases(name, values) for values in trials]
    assert {phase for some in stood for phase in some} == set(Phase), "what is drawn has to go through every phase"
    every = (pair for values, some in zip(trials, stood, strict=True) for pair in zip(values, some, strict=True))
    between = {phase for value, phase in every if value in each.between}
    assert not each.between or {Phase.FIRING, Phase.OK} <= between, "between the limits it depends on what was before"
    (tmp_path / "rules.yml").write_text(rules_text(each))
    (tmp_path / "tests.yml").write_text(trials_text(each, trials, stood, shift))
    found = checked(tmp_path)
    assert (found.returncode == 0) is (shift == 0), (found.stdout + found.stderr)[-3000:]
