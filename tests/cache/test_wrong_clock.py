"""What a vantage saw whose clock is wrong: of another time than it says, never a better picture."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from tests.cache.base import NOW, SECOND, configuration, configure, probe, service
from tests.places import PLACES
from wedtui.cache.reader import CacheReader
from wedtui.cache.writer import CacheWriter
from wedtui.core.evidence import FUTURE_TOLERANCE
from wedtui.core.health import judge
from wedtui.core.picture import ServiceFacts
from wedtui.core.state import State

EVERY = 3 * SECOND
ROUNDS = 20


class Vantages:
    """Services that watch one provider, each from its vantage and by its clock."""

    def __init__(self, path: Path, opened: ExitStack) -> None:
        self._url, self._opened = PLACES.url(path), opened
        self._reader = opened.enter_context(closing(CacheReader(self._url)))
        self._of: dict[str, tuple[CacheWriter, ServiceFacts]] = {}

    def watch(self, vantage: str, sign: str, *, ahead: float = 0.0, since: int = ROUNDS) -> None:
        """Have a new vantage see round after round up to a second ago, each with the same end.

        Args:
            vantage: its name.
            sign: `.` for rounds that passed, `x` for rounds that failed.
            ahead: by how many seconds its clock is.
            since: how many of its newest rounds were stamped by that.
        """
        cache = self._opened.enter_context(closing(CacheWriter(self._url, vantage=vantage)))
        if not self._of:
            configure(cache, configuration(prometheus=[]))
        facts = service(instance=vantage, vantage=vantage, place=vantage)
        cache.begin(facts)
        self._of[vantage] = (cache, facts)
        errors = [timedelta(seconds=ahead if number < since else 0.0) for number in range(ROUNDS)]
        instants = [NOW - SECOND - number * EVERY + error for number, error in enumerate(errors)]
        cache.record([probe(at, passed=sign == ".", ms=100.0) for at in reversed(instants)])
        self.turn(vantage, ahead)

    def turn(self, vantage: str, ahead: float) -> None:
        """Have a service find out by how much its clock is ahead."""
        cache, facts = self._of[vantage]
        cache.heartbeat(replace(facts, heartbeat_at=NOW + timedelta(seconds=ahead), clock_ahead_s=ahead), {})

    def state(self) -> State:
        """Return the state of the provider, by every way of reading."""
        facts = self._reader.facts(NOW)
        providers, _shares = self._reader.probing(NOW)
        assert [p.probes for p in providers] == [p.probes for p in facts.providers]
        return judge(facts.providers[0], NOW).state


@pytest.fixture
def vantages(tmp_path: Path) -> Iterator[Vantages]:
    with ExitStack() as opened:
        yield Vantages(tmp_path / "c.db", opened)


@pytest.mark.parametrize(
    "error", [(40.0, ROUNDS), (-3600.0, ROUNDS), (-3600.0, 1), (864_000.0, ROUNDS), (864_000.0, 0)], ids=str
)
@pytest.mark.parametrize(
    ("others", "sign", "state"),
    [
        # What fails there is not mended by a clock.
        ({"oregon": "."}, "x", State.DEGRADED),
        ({"london": "x", "tokyo": "."}, "x", State.CRITICAL),
        # What passes there is nobody's word for the others.
        ({"oregon": "x"}, ".", State.CRITICAL),
        ({"oregon": "."}, ".", State.OK),
        ({}, ".", State.UNKNOWN),
        ({}, "x", State.UNKNOWN),
    ],
)
def test_a_clock_that_goes_wrong_improves_nothing(
    vantages: Vantages, others: dict[str, str], sign: str, state: State, error: tuple[float, int]
) -> None:
    for name, others_sign in others.items():
        vantages.watch(name, others_sign)
    vantages.watch("paris", sign, ahead=error[0], since=error[1])
    assert vantages.state() is state


def test_a_clock_that_is_right_is_believed(vantages: Vantages) -> None:
    vantages.watch("london", "x")
    vantages.watch("paris", ".")
    assert vantages.state() is State.DEGRADED
    vantages.turn("paris", -FUTURE_TOLERANCE.total_seconds())
    assert vantages.state() is State.DEGRADED
    vantages.turn("paris", -40.0)
    assert vantages.state() is State.CRITICAL
