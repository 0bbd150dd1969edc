"""Numbers in the words that fit a screen: every signal in its unit, and what is missing as a dash."""

from __future__ import annotations

import math

from wedtui.core.evidence import (
    CACHE_HIT_SIGNAL,
    COST_SIGNAL,
    CPU_SIGNAL,
    ERRORS_SIGNAL,
    LATENCY_SIGNAL,
    MEMORY_SIGNAL,
    RATIO_SIGNALS,
    REQUESTS_SIGNAL,
)
from wedtui.core.health import LATENCY, VENDOR
from wedtui.core.series import probe_of

MISSING = "–"

_TITLES = {
    LATENCY_SIGNAL: "latency p95",
    ERRORS_SIGNAL: "errors",
    CPU_SIGNAL: "cpu",
    MEMORY_SIGNAL: "memory",
    CACHE_HIT_SIGNAL: "cache hits",
    REQUESTS_SIGNAL: "requests",
}


def signal_title(signal: str) -> str:
    """Return a signal's name for people."""
    return _TITLES.get(signal, signal)


def percent(ratio: float | None) -> str:
    """Return a ratio 0..1 as `0.12 %`, with two decimals only where they matter."""
    value = math.nan if ratio is None else 100 * ratio
    if not math.isfinite(value):
        return MISSING
    if abs(value) >= 99.995 or value == 0:
        return f"{value:.0f} %"
    return f"{value:.2f} %" if abs(value) < 1 else f"{value:.1f} %"


def milliseconds(value: float | None) -> str:
    """Return milliseconds as `240 ms`, those under ten with one decimal."""
    if value is None or not math.isfinite(value):
        return MISSING
    return f"{value:.1f} ms" if 0 < abs(value) < 9.95 else f"{value:.0f} ms"


def number(value: float | None) -> str:
    """Return a number without a unit in about four digits."""
    if value is None or not math.isfinite(value):
        return MISSING
    return f"{value:.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def reading(signal: str, value: float | None) -> str:
    """Return a signal's value with its unit."""
    if signal in RATIO_SIGNALS:
        return percent(value)
    if signal.endswith("_ms") or probe_of(signal) is not None:
        return milliseconds(value)
    if signal == REQUESTS_SIGNAL and value is not None and math.isfinite(value):
        return f"{number(value)} /s"
    return number(value)


def unit_of(signal: str) -> str:
    """Return in what the values of a signal are stored, for whoever prints them as they are; nothing where unknown."""
    if signal in RATIO_SIGNALS:
        return "parts of 1"
    if signal.endswith("_ms") or probe_of(signal) is not None:
        return "ms"
    return {REQUESTS_SIGNAL: "requests/s", COST_SIGNAL: "US$"}.get(signal, "")


def measure(component: str, value: float | None) -> str:
    """Return what a component of a score was made from, with its unit."""
    if component == LATENCY:
        return milliseconds(value)
    return number(value) if component == VENDOR else percent(value)
