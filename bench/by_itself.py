"""A failover by the service itself on a wedding day: from the first failed probe to the change accepted.

Each time two real services that see everything for themselves, on a database of their own in a real PostgreSQL, with a
real PowerDNS: nobody may act by itself twice within ten minutes. What is injected is an answer of 503, or none at all.
"""

from __future__ import annotations

import random
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from bench.figures import Figure, median, quantile
from tests.actions.site import Zone
from tests.actions.test_automation_end_to_end import Pair
from tests.poller.service_process import eventually
from tests.postgres import Postgres, running_postgres
from tests.providers.traffic.pdns import PowerDns

WITHIN_S = 15.0
"""What is promised at p95, from the first failed probe to the change accepted."""
ALWAYS_S = 30.0
TIMES, AT_ONCE = 36, 3
"""So often that p95 by nearest rank is not the largest; more at once would be in each other's way on two cores."""
INTERVAL_S = 3
"""Of the probes, on a wedding day."""
ROUNDS, VANTAGES = 3, 2


class Took(NamedTuple):
    """One failover, in seconds from the first failed probe."""

    silent: bool
    """Whether the provider did not answer at all; else it said 503."""
    third: float
    """Until the last of three failed rounds of both vantages was asked for."""
    confirmed: float
    accepted: float


def figures(dns: PowerDns) -> Iterator[Figure]:
    """Fail over again and again, some at once; yield how long that took at p95, and at most."""
    dice, turn = random.Random(6), threading.Lock()
    apart = can_be_apart()
    phases = [(dice.randrange(INTERVAL_S), dice.uniform(0, INTERVAL_S)) for _ in range(TIMES)]
    with running_postgres() as server, ThreadPoolExecutor(AT_ONCE) as threads:

        def once(number: int) -> Took:
            with tempfile.TemporaryDirectory(prefix="wedtui-by-itself-") as folder:
                with turn:
                    pair = _pair(Path(folder), dns, server, phases[number][0] if apart else None)
                try:
                    return _took(pair, phases[number][1], silent=number % 2 == 1)
                finally:
                    pair.close()

        took = list(threads.map(once, range(TIMES)))
    yield _figure("p95", took, 0.95, WITHIN_S, apart=apart)
    yield _figure("worst", took, 1.0, ALWAYS_S, apart=apart)


def can_be_apart() -> bool:
    """Whether two services of this machine can have the rounds of their probes apart, as those of two machines do."""
    try:
        return subprocess.run([*_later(1), "true"], capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False


def _later(seconds: int) -> tuple[str, ...]:
    """Return what runs a program whose clock of schedules is ahead, in a time namespace of its own."""
    return ("unshare", "--time", "--monotonic", str(seconds), "--")


def _pair(folder: Path, dns: PowerDns, server: Postgres, apart_s: int | None) -> Pair:
    """Configure two services that probe as often as the day demands."""
    pair = Pair(folder, Zone(dns), server.url(server.migrated()), "auto")
    for station in pair.stations.values():
        config = station.place.config
        config.write_text(config.read_text().replace('interval = "500ms"\n', ""))
    if apart_s is not None:
        second = list(pair.stations.values())[1]
        second.place = replace(second.place, before=_later(apart_s))
    return pair


def _took(pair: Pair, phase_s: float, *, silent: bool) -> Took:
    """Start them, have AWS fail at any moment of an interval, and wait until the change is accepted."""
    pair.wedtui("protection", "raise", "HIGH", "--reason", "to measure it")
    for station in pair.stations.values():
        station.start()
    pair.well()
    threading.Event().wait(INTERVAL_S + phase_s)
    (pair.platform.silent if silent else pair.platform.down).add("aws")
    eventually(lambda: any(_accepted_at(pair)))
    (action,) = pair.own()
    failed = list(pair.platform.failed)
    first, third = failed[0], failed[ROUNDS * VANTAGES - 1]
    (accepted,), confirmed = _accepted_at(pair), action.confirmed_at
    assert confirmed is not None, "what was accepted had been confirmed"
    return Took(silent, *((at - first).total_seconds() for at in (third, confirmed, accepted)))


def _accepted_at(pair: Pair) -> list[datetime]:
    """Return when its change was accepted, as it is on record."""
    steps = [step for action in pair.own() for step in action.steps if step.name == "submit" and step.state == "done"]
    return [step.ended_at for step in steps if step.ended_at is not None]


def _figure(what: str, took: list[Took], share: float, limit: float, *, apart: bool) -> Figure:
    accepted = quantile([each.accepted for each in took], share)
    third, confirmed = (median([each[index] for each in took]) for index in (1, 2))
    kinds = " and ".join(
        f"{word} {median([each.accepted for each in took if each.silent is silent]):.1f} s"
        for word, silent in (("503", False), ("no answer", True))
    )
    # Of n values the largest is over the true p95 in all but 0.95^n of all series, whatever their distribution.
    largest, sure = max(each.accepted for each in took), 100 * (1 - 0.95 ** len(took))
    beside = (
        f"{len(took)} times: p95 is under {largest:.2f} s with {sure:.0f} % confidence; medians: {kinds}; "
        f"third failed round asked {third:.1f} s, confirmed {confirmed:.1f} s"
        f"{'' if apart else '; the rounds of both vantages are in step'}"
    )
    return Figure(f"by itself, first failed probe to accepted: {what}", accepted, limit, "s", beside)
