"""What weddings weigh on each of the days by which a reading is judged, asked of any table of weddings.

Which days these are, and what is judged, is in `core.wedding_loss`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from wedtui.core.wedding_loss import Coming, OfDay, spans


def days_columns(now: int) -> str:
    """Return, for each day that is judged, the columns of its load and of its work; of any table of weddings."""
    columns = []
    for _, since, until in spans(now):
        ends = f"CASE WHEN ends_at < {until} THEN ends_at ELSE {until} END"
        starts = f"CASE WHEN starts_at > {since} THEN starts_at ELSE {since} END"
        for what in ("load", f"load * ((({ends}) - ({starts})) / 1000000)"):
            columns.append(f"sum(CASE WHEN starts_at < {until} AND ends_at > {since} THEN {what} ELSE 0 END)")
    return ", ".join(columns)


def near(now: int) -> str:
    """Return the condition of what touches the days that are judged."""
    return f"ends_at > {now} AND starts_at < {spans(now)[-1][2]}"


def days_of(columns: Sequence[Any], now: int) -> dict[int, OfDay]:
    """Return the days that `days_columns` asked for."""
    pairs = zip(columns[::2], columns[1::2], strict=True)
    return {
        day: OfDay(int(load or 0), int(work or 0)) for (day, _, _), (load, work) in zip(spans(now), pairs, strict=True)
    }


def added(one: Coming, other: Coming) -> Coming:
    """Return both together."""
    days = dict(one.days)
    for day, more in other.days.items():
        had = days.get(day, OfDay())
        days[day] = OfDay(had.load + more.load, had.work + more.work)
    return Coming(one.weddings + other.weddings, one.load + other.load, days)
