"""How the service is: what it says of itself with every heartbeat."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from wedtui import __version__
from wedtui.cache.configured import digest_by_name
from wedtui.clock import Clock
from wedtui.config import Configuration
from wedtui.core.picture import ServiceFacts
from wedtui.core.sharing import Takeover, slow_beat
from wedtui.poller.clock_watch import ahead_s
from wedtui.poller.figures import Figures
from wedtui.poller.house import House
from wedtui.poller.problems import Problems
from wedtui.poller.recorder import Recorder
from wedtui.poller.schedule import Punctuality
from wedtui.poller.surroundings import Identity

TAKEOVER = "takeover"
SLOW = "slow heartbeat"
"""Whose problem it is that a heartbeat takes long."""


def first_facts(configuration: Configuration, identity: Identity, mode: str, at: datetime) -> ServiceFacts:
    """Return what a service says of itself before anything happened.

    Args:
        configuration: what it watches.
        identity: which one it is.
        mode: `personal` or `shared`.
        at: when it begins, aware.
    """
    return ServiceFacts(
        instance=uuid.uuid4().hex,
        pid=os.getpid(),
        mode=mode,
        version=__version__,
        environment=configuration.environment,
        started_at=at,
        heartbeat_at=at,
        vantage=identity.vantage,
        place=identity.place,
        boot=identity.boot,
        configuration_digest=digest_by_name(identity.digest, configuration),
    )


class Condition:
    """The facts of the last heartbeat, for any thread; they are made in the thread that writes."""

    def __init__(
        self,
        first: ServiceFacts,
        clock: Clock,
        problems: Problems,
        *,
        recorder: Recorder,
        house: House,
        figures: Figures,
        on_server: bool,
    ) -> None:
        """Remember who knows how it is.

        Args:
            first: what holds before the first heartbeat.
            clock: the time of day.
            problems: what is wrong.
            recorder: what was not stored.
            house: what stayed in a former ledger.
            figures: told how many problems there are, and of every heartbeat that was stored.
            on_server: whether the cache has a clock that is not this machine's.
        """
        self.facts = replace(first, left_behind=house.left_behind)
        self._clock, self._problems = clock, problems
        self._recorder, self._house, self._figures = recorder, house, figures
        self._on_server = on_server

    def look(self, punctuality: Punctuality) -> ServiceFacts:
        """Find out how it is now.

        Args:
            punctuality: how well the schedules were kept.
        """
        self.facts = replace(
            self.facts,
            heartbeat_at=self._clock.now(),
            skipped=punctuality.skipped,
            dropped=self._recorder.dropped,
            refused=self._recorder.refused,
            late_ms_p99=punctuality.late_ms(),
            problems=self._problems.all(),
            left_behind=self._house.left_behind,
        )
        self._figures.problems(len(self.facts.problems))
        return self.facts

    def took_over(self, takeovers: Iterable[Takeover]) -> None:
        """Say with each heartbeat from now on whom it took over, for as long as that is told."""
        self._problems.take(TAKEOVER, "; ".join(each.words() for each in takeovers) or None)

    def stored(self, database_at: datetime, took: timedelta) -> None:
        """Take that a heartbeat was stored; how long this one took is said with the next one.

        Args:
            database_at: when, by the database's clock.
            took: how long it was under way.
        """
        beat_at = self.facts.heartbeat_at
        self._figures.heartbeat(beat_at.timestamp())
        if self._on_server:
            # A file's clock is this machine's.
            self.facts = replace(self.facts, clock_ahead_s=ahead_s(beat_at, database_at, self._clock.now()))
        self._problems.take(SLOW, slow_beat(took))
