"""What happens in the demo's world: scenarios as data, and its state as a pure function of time.

Nothing here opens a socket or reads a clock. Ratios are 0..1, latencies milliseconds, traffic requests per second.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from itertools import pairwise
from types import MappingProxyType

from wedtui.core.calendar import GOOD_FOR
from wedtui.core.evidence import (
    CACHE_HIT_SIGNAL,
    CPU_SIGNAL,
    ERRORS_SIGNAL,
    LATENCY_SIGNAL,
    MEMORY_SIGNAL,
    REQUESTS_SIGNAL,
)
from wedtui.demo.weddings import Feast, FeastDay

# Signals measured in front of the providers, where traffic arrives: they are there even while a provider is down.
EDGE_SIGNALS = (LATENCY_SIGNAL, ERRORS_SIGNAL, REQUESTS_SIGNAL)
# Signals that a provider's own machines report: they end when it can no longer be scraped.
MACHINE_SIGNALS = (CPU_SIGNAL, MEMORY_SIGNAL, CACHE_HIT_SIGNAL)

DEFAULT_BEGAN = datetime(2026, 6, 17, 17, 0, tzinfo=UTC)

PEAK_REQUESTS = 900.0
PEAK_HOUR_UTC = 19
STANDBY_REQUESTS = 1.5  # what health checks alone bring to a provider of weight 0
EDGE_TIMEOUT_MS = 5000.0
SLOWEST_ANSWER_S = 0.75  # a strained provider is slow, not silent: it stays under the probes' timeout of 1 s
NOISE_BUCKET_S = 5.0


class Behaviour(StrEnum):
    """How a server treats those who connect."""

    SERVING = "serving"
    FAILING = "failing"  # every answer is 503
    HANGING = "hanging"  # accepts, never answers
    RESETTING = "resetting"  # accepts, then resets the connection
    REFUSING = "refusing"  # nothing listens


@dataclass(frozen=True, slots=True)
class Conduct:
    """What a server does with the next request."""

    behaviour: Behaviour = Behaviour.SERVING
    delay_s: float = 0.0
    """Seconds before it answers."""
    failing_share: float = 0.0
    """The share of requests, 0..1, that it answers with 503 while it serves."""


@dataclass(frozen=True, slots=True)
class Provider:
    """A provider of the demo's platform."""

    name: str
    weight: int
    """Its share of traffic, 0..100."""
    capacity: float
    """Requests per second."""
    usual_p95_ms: float


PROVIDERS = (
    Provider("aws", weight=60, capacity=1200, usual_p95_ms=140),
    Provider("azure", weight=25, capacity=500, usual_p95_ms=170),
    Provider("gcp", weight=15, capacity=800, usual_p95_ms=155),
    Provider("digitalocean", weight=0, capacity=400, usual_p95_ms=120),
)


@dataclass(frozen=True, slots=True)
class Beat:
    """A turn in a provider's story, `at` seconds from its beginning.

    `behaviour` holds from here to the next beat; `strain` (0 well, 1 at the point of failing) moves in a straight
    line to that of the next beat.
    """

    at: float
    behaviour: Behaviour = Behaviour.SERVING
    strain: float = 0.0


@dataclass(frozen=True, slots=True)
class Scenario:
    """A script for the world."""

    name: str
    description: str
    stories: Mapping[str, tuple[Beat, ...]] = field(default_factory=dict)
    """Provider -> beats in order of time; who has none is well."""
    prometheus: tuple[Beat, ...] = ()
    """The beats of the Prometheus server."""
    feasts: tuple[Feast, ...] = ()
    """Weddings beside those that are drawn from the date."""
    half_empty_s: tuple[float, float] | None = None
    """From and until which second the calendar of weddings has lost most of what it lists."""
    calendar_max_age: timedelta = GOOD_FOR
    """How long those who watch believe one reading of it."""
    began: datetime | None = None
    """What the world's clock says at the beginning where nobody says otherwise; None: the time that it is."""
    cycle_s: float | None = None
    """After how many seconds everything starts over; None means never."""


# The shipped rule `down` needs a minute to fire and one to be over: whoever watches sees both within three minutes.
# Then it is well for longer than the five minutes of which its availability is counted.
_SICK = (
    Beat(0),
    Beat(10),
    Beat(30, Behaviour.FAILING, strain=1.0),
    Beat(75, Behaviour.HANGING, strain=1.0),
    Beat(105, strain=0.3),
    Beat(125),
)

# Its second day begins two hours and a minute after the world of its scenario, and weighs 26.
_LARGE = Feast(
    "Lotus Palace Hotel",
    "hotel",
    "Asia/Kolkata",
    "indian",
    (
        FeastDay(-1, time(18, 30), hours=5, guests=2700),
        FeastDay(0, time(18, 30), hours=6, guests=7800),
        FeastDay(1, time(19, 30), hours=5, guests=3600),
    ),
)

SCENARIOS: Mapping[str, Scenario] = MappingProxyType(
    {
        s.name: s
        for s in (
            Scenario(
                "sick-azure",
                "azure slows down, fails for 75 s, which fires an alert, and recovers, every 8 minutes",
                stories={"azure": _SICK},
                cycle_s=480,
            ),
            Scenario("calm", "nothing happens"),
            Scenario(
                "dead-aws",
                "aws, with 60 % of the traffic, dies after 20 s and stays dead",
                stories={"aws": (Beat(0), Beat(20, Behaviour.RESETTING), Beat(26, Behaviour.REFUSING))},
            ),
            Scenario(
                "blind-prometheus",
                "Prometheus stops answering after 30 s and returns at 2 minutes",
                prometheus=(Beat(0), Beat(30, Behaviour.HANGING), Beat(120)),
            ),
            Scenario(
                "june-saturday",
                "a Saturday afternoon in June, with a hundred weddings live and more to come",
                began=datetime(2026, 6, 20, 14, 30, tzinfo=UTC),
            ),
            Scenario(
                "large-wedding",
                "a Wednesday on which one indian wedding of 7,800 guests freezes production, a minute after the start",
                feasts=(_LARGE,),
                began=datetime(2026, 11, 25, 10, 59, tzinfo=UTC),
            ),
            Scenario(
                "lost-calendar",
                "the calendar of weddings loses most of them after 30 s and has them again at 3 minutes, by itself",
                half_empty_s=(30, 180),
                # It has to grow stale while somebody watches.
                calendar_max_age=timedelta(minutes=1),
                began=datetime(2026, 6, 17, 14, 30, tzinfo=UTC),
                cycle_s=300,
            ),
        )
    }
)
DEFAULT_SCENARIO = "sick-azure"


@dataclass(frozen=True, slots=True)
class ProviderState:
    """One provider at one instant."""

    name: str
    conduct: Conduct
    signals: Mapping[str, float]
    """Signal -> value; a signal that nobody can measure now is absent."""

    @property
    def reachable(self) -> bool:
        """Whether it answers at all, if only with 503."""
        return self.conduct.behaviour in {Behaviour.SERVING, Behaviour.FAILING}


@dataclass(frozen=True, slots=True)
class WorldState:
    """The whole world at one instant."""

    providers: tuple[ProviderState, ...]
    prometheus: Conduct
    calendar_is_whole: bool = True
    """Whether the calendar of weddings lists what it should."""

    def provider(self, name: str) -> ProviderState:
        """Return the provider of that name.

        Raises:
            KeyError: there is none.
        """
        for provider in self.providers:
            if provider.name == name:
                return provider
        raise KeyError(name)


USUAL_SHARES: Mapping[str, float] = MappingProxyType({p.name: p.weight / 100 for p in PROVIDERS})
"""The share of traffic of each provider, 0..1, as it is while nobody moves any."""


def state(
    scenario: Scenario,
    elapsed: timedelta,
    *,
    began: datetime = DEFAULT_BEGAN,
    shares: Mapping[str, float] = USUAL_SHARES,
) -> WorldState:
    """Return the world as it is `elapsed` after it began.

    Args:
        scenario: what happens.
        elapsed: since the world began; before that it is as at its beginning.
        began: the aware instant of its beginning, from which traffic takes the hour of the day.
        shares: of the traffic, by provider.
    """
    seconds = max(0.0, elapsed.total_seconds())
    moment = seconds if scenario.cycle_s is None else seconds % scenario.cycle_s
    traffic = _traffic(seconds, began)
    providers = tuple(
        _provider(p, scenario.stories.get(p.name, ()), moment, seconds, traffic * shares[p.name]) for p in PROVIDERS
    )
    lost = scenario.half_empty_s
    whole = lost is None or not lost[0] <= moment < lost[1]
    return WorldState(providers, Conduct(_beat(scenario.prometheus, moment).behaviour), whole)


def noise(name: str, seconds: float) -> float:
    """Return smooth noise in -1..1 that depends on nothing but a name and the time."""
    bucket, within = divmod(seconds, NOISE_BUCKET_S)

    def at(index: float) -> float:
        digest = hashlib.blake2b(f"{name}:{int(index)}".encode(), digest_size=8).digest()
        return int.from_bytes(digest, "big") / (2**63) - 1.0

    share = within / NOISE_BUCKET_S
    return at(bucket) * (1 - share) + at(bucket + 1) * share


def _beat(beats: tuple[Beat, ...], moment: float) -> Beat:
    """Return what holds at a moment: the last beat's behaviour, and the strain on the way to the next."""
    for beat, following in pairwise(beats):
        if moment < following.at:
            share = max(0.0, (moment - beat.at) / (following.at - beat.at))
            return Beat(moment, beat.behaviour, beat.strain + share * (following.strain - beat.strain))
    return beats[-1] if beats else Beat(0)


def _traffic(seconds: float, began: datetime) -> float:
    """Return the platform's requests per second: a day's curve with slow waves on it."""
    at = began.astimezone(UTC)
    hour = (at.hour + at.minute / 60 + at.second / 3600 + seconds / 3600) % 24
    day = 0.675 + 0.325 * math.cos(math.tau * (hour - PEAK_HOUR_UTC) / 24)
    waves = 1 + 0.08 * math.sin(math.tau * seconds / 180) + 0.04 * math.sin(math.tau * seconds / 47)
    return PEAK_REQUESTS * day * waves


def _provider(
    provider: Provider, story: tuple[Beat, ...], moment: float, seconds: float, traffic: float
) -> ProviderState:
    beat = _beat(story, moment)
    serving = beat.behaviour is Behaviour.SERVING

    def wobble(signal: str, size: float) -> float:
        return 1 + size * noise(f"{provider.name}:{signal}", seconds)

    requests = max(STANDBY_REQUESTS, traffic) * wobble(REQUESTS_SIGNAL, 0.03)
    p95 = provider.usual_p95_ms * wobble(LATENCY_SIGNAL, 0.12) + 1000 * beat.strain
    failing = 0.06 * beat.strain**2 if serving else 1.0
    values = {
        LATENCY_SIGNAL: p95,
        ERRORS_SIGNAL: min(1.0, 0.002 * wobble(ERRORS_SIGNAL, 0.6) + failing),
        REQUESTS_SIGNAL: requests,
        CPU_SIGNAL: min(
            0.99, (0.22 + 0.5 * requests / provider.capacity + 0.3 * beat.strain) * wobble(CPU_SIGNAL, 0.05)
        ),
        MEMORY_SIGNAL: min(0.99, (0.5 + 0.25 * beat.strain) * wobble(MEMORY_SIGNAL, 0.02)),
        CACHE_HIT_SIGNAL: min(1.0, (0.94 - 0.2 * beat.strain) * wobble(CACHE_HIT_SIGNAL, 0.01)),
    }
    delay = min(SLOWEST_ANSWER_S, 0.35 * p95 / 1000)
    conduct = Conduct(beat.behaviour, round(delay, 4), round(failing, 4) if serving else 0.0)
    known = MappingProxyType({k: round(v, 4) for k, v in _measurable(values, beat.behaviour).items()})
    return ProviderState(provider.name, conduct, known)


def _measurable(values: dict[str, float], behaviour: Behaviour) -> dict[str, float]:
    """Return the signals that somebody can still measure while a provider behaves so."""
    if behaviour in {Behaviour.SERVING, Behaviour.FAILING}:
        return values
    edge = {name: values[name] for name in EDGE_SIGNALS}
    if behaviour is Behaviour.HANGING:
        return edge | {LATENCY_SIGNAL: EDGE_TIMEOUT_MS}
    del edge[LATENCY_SIGNAL]  # no answer, no latency
    return edge
