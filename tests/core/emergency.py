"""Facts for the rules of failover: four providers by DESIGN's default, all of them well, and what may be otherwise."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from wedtui.core.evidence import ProbeEvidence, ProbeRound, ProviderEvidence
from wedtui.core.failover_facts import Facts, Kind, Measured, ProviderFacts, Request
from wedtui.core.freeze import Verdict
from wedtui.core.state import State
from wedtui.core.traffic import Place, TrafficReading, parse_place

NOW = datetime(2026, 6, 20, 14, 2, tzinfo=UTC)
"""A Saturday in June."""
SECOND = timedelta(seconds=1)
NAMES = ("aws", "azure", "gcp", "digitalocean")
SHARES = dict(zip(NAMES, (60, 25, 15, 0), strict=True))
PEAK = 1000.0
DAY = timedelta(days=1)


def places(shares: Mapping[str, int]) -> dict[Place, int]:
    return {parse_place(name): share for name, share in shares.items()}


def reading(shares: Mapping[str, int] = SHARES, *, at: datetime = NOW - SECOND, **other: Any) -> TrafficReading:
    made = TrafficReading(
        backend="route53",
        name="www.example.com.",
        shares=places(shares),
        ttl=timedelta(seconds=30),
        read_at=at,
        generation=7,
        records=json.dumps(shares),
    )
    return replace(made, **other)


def capacity_for(cap: int) -> float:
    """Return the capacity (requests/s) whose cap at the peak is exactly so many percent."""
    return cap * 13.0


def provider(name: str, cap: int | None = 100, state: State = State.OK, **other: Any) -> ProviderFacts:
    capacity = None if cap is None else capacity_for(cap)
    made = ProviderFacts(name, state, round_passed=True, round_at=NOW - 2 * SECOND, capacity=capacity)
    return replace(made, **other)


LOST = provider("aws", state=State.CRITICAL, round_passed=False)


def facts(*providers: ProviderFacts, caps: Mapping[str, int | None] | None = None, **other: Any) -> Facts:
    """Return facts in which AWS is CRITICAL and all else is well; `providers` take the place of those of their name."""
    known = {"aws": LOST, **{n: provider(n, (caps or {}).get(n, 100)) for n in NAMES if n != "aws"}}
    known |= {each.name: each for each in providers}
    made = Facts(
        reading=reading(),
        providers=tuple(known.values()),
        observed=Measured(PEAK, NOW - 30 * SECOND),
        known_for=dict.fromkeys(NAMES, DAY),
        planned=Measured(PEAK / 2, NOW - 30 * SECOND),
        freeze=Verdict(frozen=False, at=NOW - SECOND),
    )
    return replace(made, **other)


def leave(*lost: str, **other: Any) -> Request:
    made = Request(Kind.FAILOVER, lost=frozenset(parse_place(name) for name in lost or ("aws",)))
    return replace(made, **other)


def come_back(to: Mapping[str, int] | None = SHARES, **other: Any) -> Request:
    made = Request(Kind.FAILBACK, to=None if to is None else places(to))
    return replace(made, **other)


def rounds(
    passed: Iterable[bool], *, newest: datetime = NOW - SECOND, interval: timedelta = 3 * SECOND
) -> tuple[ProbeRound, ...]:
    """Return rounds, newest first."""
    return tuple(ProbeRound(newest - n * interval, each) for n, each in enumerate(passed))


def watched(name: str, *, vantages: Mapping[str, tuple[ProbeRound, ...]]) -> ProviderEvidence:
    """Return what is known of a provider with one probe, asked from some vantages."""
    probes = tuple(ProbeEvidence(f"{name}-web", 3 * SECOND, seen, vantage) for vantage, seen in vantages.items())
    return ProviderEvidence(name, "probed", SHARES.get(name, 0), probes=probes)
