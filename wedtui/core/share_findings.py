"""Live shares that are others than they should be: than what was written here last, or than what is configured."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from wedtui.core.evidence import Freshness
from wedtui.core.finding import Finding, Severity
from wedtui.core.shares import WHOLE
from wedtui.core.traffic import TrafficReading, by_provider
from wedtui.core.traffic_facts import TrafficFacts, Written

SETTLES = timedelta(seconds=10)
"""So long after a change a reading that does not know it yet says nothing of anybody else."""
LOOK = "look with `wedtui traffic show --sample 100` and `wedtui audit list`, and ask who it was"
SET = "`wedtui failback run --to configured --reason WHY` and `wedtui failover run --from P --reason WHY` set them"


def share_findings(facts: TrafficFacts | None, weights: Mapping[str, int], now: datetime) -> tuple[Finding, ...]:
    """Say that live shares differ from those written here last, which somebody else did, or from those configured.

    Of shares that are not known nothing is said here, nor while a change of ours is being made.

    Args:
        facts: what is known of the record; None where none is configured.
        weights: the configured weight of each provider.
        now: an aware instant.
    """
    if facts is None or facts.reading is None or facts.freshness(now) is not Freshness.FRESH:
        return ()
    reading, written = facts.reading, facts.written
    if written is not None and _unsettled(reading, written):
        return ()
    since = f"seen since {_clock(facts.since or reading.read_at)}"
    # Weights that do not make the whole are no shares that could ever be live.
    whole = sum(weights.values()) == WHOLE
    configured = _differing(by_provider(reading.shares), weights) if whole else ""
    if written is not None and (others := _others(reading, written)):
        by = f"wedtui wrote last (action {written.action}, {written.what}, {_clock(written.at)})"
        beside = (
            f"; of the configured ones {configured}" if configured else ("; they are as configured" if whole else "")
        )
        text = f"differ from what {by}: {others}{beside}; somebody else changed them, {since}: {LOOK}; {SET}"
        severity = Severity.WARNING
    elif configured and written is not None:
        by = f"as wedtui wrote them (action {written.action}, {written.what}, {_clock(written.at)})"
        text = f"differ from the configured ones, {by}: {configured}, {since}: {SET}"
        severity = Severity.NOTE
    elif configured:
        text = (
            f"differ from the configured ones, and no change of wedtui is on record: {configured}, {since}: "
            f"{LOOK}; {SET}, or correct the weights"
        )
        severity = Severity.WARNING
    else:
        return ()
    return (Finding(severity, "traffic", f"the live shares of {facts.name} {text}", reading.read_at),)


def _unsettled(reading: TrafficReading, written: Written) -> bool:
    """Whether a reading may be from before the last change, or from its middle."""
    if written.at is None or reading.read_at <= written.at:
        return True
    return reading.generation < written.generation and reading.read_at < written.at + SETTLES


def _others(reading: TrafficReading, written: Written) -> str:
    live = {str(place): share for place, share in reading.shares.items()}
    said = _differing(live, {str(place): share for place, share in written.shares.items()})
    newer = f" (generation {reading.generation}, here it is {written.generation})"
    return said + (newer if said and reading.generation > written.generation else "")


def _differing(live: Mapping[str, int], should: Mapping[str, int]) -> str:
    """Return by what shares differ: `aws 60 % instead of 0 %`; a place without a record is OFF, and has none."""
    names = [name for name in sorted({*live, *should}) if live.get(name, 0) != should.get(name, 0)]
    return ", ".join(f"{name} {_share(live, name)} instead of {should.get(name, 0)} %" for name in names)


def _share(live: Mapping[str, int], name: str) -> str:
    return f"{live[name]} %" if name in live else "OFF"


def _clock(at: datetime | None) -> str:
    return "UNKNOWN" if at is None else f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
