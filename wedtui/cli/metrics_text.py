"""What `wedtui metrics query` prints: text, JSON and CSV."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from wedtui.core.history import HistoryPoint, Overtaken, Part, Question
from wedtui.core.rollup import RANKS
from wedtui.core.wording import age
from wedtui.store.instants import from_microseconds
from wedtui.tui.values import unit_of

_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Told:
    """An answer as it is told."""

    question: Question
    points: tuple[HistoryPoint, ...]
    parts: tuple[Part, ...]
    notes: tuple[str, ...]
    """Sentences about what is missing."""
    overtaken: Overtaken | None = None
    """That all of it is old while the same probe is seen from elsewhere."""


def zulu(at: datetime) -> str:
    """Return an instant in UTC, to the second where it is a whole one."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def between(start: int, end: int) -> str:
    """Return a stretch (microseconds since 1970) in words."""
    return f"{_instant(start)} to {_instant(end)}"


def as_text(answer: Told, now: datetime) -> str:
    """Return a table with the age of each interval's beginning, what it rests on, and what is missing."""
    question = answer.question
    unit = f" in {unit_of(question.signal)}" if unit_of(question.signal) else ""
    title = (
        f"{question.signal} of {question.provider}{unit}: {question.aggregate} of each {_interval(question)}, "
        f"{between(question.start, question.end)}"
    )
    lines = ["; ".join([title, *overtaken_words(answer.overtaken, now)])]
    rows = [
        (
            zulu(from_microseconds(point.at)),
            "unknown" if point.value is None else f"{point.value:.6g}",
            _counted(point.count),
            f"began {_ago(from_microseconds(point.at), now)}",
        )
        for point in answer.points
    ]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines += ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    if not rows:
        lines.append("there is no sample in that range")
    lines += [f"from {part.source}: {between(part.start, part.end)}, {_counted(part.count)}" for part in answer.parts]
    lines += [f"note: {note}" for note in notes_of(answer)]
    return "\n".join(lines)


def as_json(answer: Told, now: datetime) -> dict[str, Any]:
    """Return all of it as JSON."""
    question = answer.question
    return {
        "provider": question.provider,
        "signal": question.signal,
        "unit": unit_of(question.signal) or None,
        "from": _instant(question.start),
        "to": _instant(question.end),
        "interval_s": question.interval * _MICROSECOND / timedelta(seconds=1),
        "agg": question.aggregate.value,
        "asked_at": zulu(now),
        "overtaken": _overtaken_json(answer.overtaken, now),
        "points": [
            {
                "at": _instant(point.at),
                "age_s": round((now - from_microseconds(point.at)).total_seconds(), 3),
                "value": point.value,
                "count": point.count,
                "rank_error": point.rank_error,
            }
            for point in answer.points
        ],
        "parts": [
            {"source": p.source, "from": _instant(p.start), "to": _instant(p.end), "count": p.count}
            for p in answer.parts
        ],
        "rank_error": max((point.rank_error for point in answer.points), default=0.0),
        "notes": list(notes_of(answer)),
    }


def overtaken_words(found: Overtaken | None, now: datetime) -> list[str]:
    """Return a sentence where all of it is old; else none."""
    if found is None:
        return []
    return [f'OLD: its newest is {_ago(found.newest, now)}, that of "{found.by}" {_ago(found.by_newest, now)}']


def _overtaken_json(found: Overtaken | None, now: datetime) -> dict[str, Any] | None:
    if found is None:
        return None
    return {
        "newest": zulu(found.newest),
        "newest_age_s": round((now - found.newest).total_seconds(), 3),
        "by": found.by,
        "by_newest": zulu(found.by_newest),
        "by_newest_age_s": round((now - found.by_newest).total_seconds(), 3),
    }


def as_csv(answer: Told) -> str:
    """Return the points with a line of titles."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["at", "value", "count", "rank_error"])
    for point in answer.points:
        value = "" if point.value is None else repr(point.value)
        writer.writerow([_instant(point.at), value, point.count, f"{point.rank_error:.6g}"])
    return text.getvalue()


def notes_of(answer: Told) -> tuple[str, ...]:
    """Return what has to be known beside the figures."""
    notes = list(answer.notes)
    damaged = sum(point.value is None for point in answer.points)
    if damaged:
        notes.append(
            f"the {answer.question.aggregate} of {damaged} of these intervals is not known, their roll-ups are "
            "damaged: look at the disk, and ask for avg, min or max instead"
        )
    if answer.question.aggregate in RANKS and answer.points:
        notes.append(_accuracy(answer))
    return tuple(notes)


def _accuracy(answer: Told) -> str:
    worst = max(point.rank_error for point in answer.points)
    if worst:
        return f"{answer.question.aggregate} within {100 * worst:.2g} % of rank, at 95 % confidence"
    return f"{answer.question.aggregate} is exact, of every sample"


def _counted(count: int) -> str:
    return f"{count} sample{'' if count == 1 else 's'}"


def _interval(question: Question) -> str:
    from wedtui.config_values import format_duration

    return format_duration(question.interval * _MICROSECOND)


def _instant(at: int) -> str:
    return zulu(from_microseconds(at))


def _ago(at: datetime, now: datetime) -> str:
    old = age(at, now)
    return old if old == "in the future" else f"{old} ago"
