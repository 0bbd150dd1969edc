"""A release as lines of text, from what the service answers: how it stands, what it waits for, what became of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from wedtui.core.text import abridged, single_line
from wedtui.core.wording import duration, listed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from wedtui.control.release_answers import LineIs, QueuedIs, ReleaseIs, ReleaseToldIs

_SHORT = 160
_ORDER = ("#", "ID", "SERVICE", "VERSION", "WHERE", "STATE", "SINCE", "WHY")


def line_of(release: ReleaseIs) -> str:
    """Say in one line how a release stands."""
    what = f"release {release.id}: {release.service} {release.version} in {release.environment}"
    return f"{what} {_state(release)}{_why(release)}"


def table_lines(line: LineIs) -> Iterator[str]:
    """Yield the queue as a table: what waits, what is under way, what ended lately."""
    rows = [_row(each, line.at, str(each.queued.position) if each.queued else "") for each in line.waiting]
    rows += [_row(each, line.at, ">") for each in line.under_way]
    rows += [_row(each, line.at, "") for each in line.over]
    if not rows:
        yield "nothing waits, is under way, or ended within the last 24 h"
        return
    widths = [max(len(row[i]) for row in (_ORDER, *rows)) for i in range(len(_ORDER) - 1)]
    for row in (_ORDER, *rows):
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=False)]
        yield "  ".join((*cells, row[-1])).rstrip()


def release_lines(release: ReleaseIs) -> Iterator[str]:
    """Yield everything that is known of a release, but what became of it."""
    yield line_of(release)
    by = f"submitted by {release.submitted_by} at {_at(release.submitted_at)}"
    source = f", from pipeline {release.source_name}" if release.source == "pipeline" else ""
    yield f"{by}{source}, priority {release.priority}, template {release.template}"
    if release.source_link or release.links:
        yield f"links: {' '.join(filter(None, (release.source_link, *release.links)))}"
    within, soak = (duration(timedelta(seconds=each)) for each in (release.within_s, release.soak_s))
    yield f"takes up to {within}, and is watched for {soak} after that"
    if release.checks:
        marks = [f"{each} {'passed' if each in release.passed else 'awaited'}" for each in release.checks]
        yield f"checks: {listed(tuple(marks))}"
    if release.stages:
        yield f"approvals: {listed(tuple(_stages(release)))}"
    if release.after:
        yield f"after: {listed(tuple(f'release {each}' for each in release.after))}"
    queued = release.queued
    if queued is not None:
        yield f"position {queued.position}"
        for wait in queued.waits:
            yield f"waits for {wait.what}: {single_line(wait.sentence)}"
        if queued.never:
            yield f"cannot start any more: {single_line(queued.never)}"
        if queued.overridden:
            yield f"freeze overridden for {single_line(queued.overridden)}"
        if not queued.waits and not queued.never:
            yield "nothing stops it: it starts within seconds"
    if release.previous:
        yield f"version before it: {release.previous}"
    if release.action is not None:
        yield f"steps: `wedtui actions show {release.action}`; what it printed: `wedtui deploy logs {release.id}`"


def history_lines(known: ReleaseToldIs) -> Iterator[str]:
    """Yield what became of a release, the oldest first."""
    for each in known.moves:
        said = f": {abridged(single_line(each.reason), _SHORT)}" if each.reason else ""
        yield f"{_at(each.at)}  {each.after} by {each.actor}{said}"


def _row(release: ReleaseIs, now: datetime, place: str) -> tuple[str, ...]:
    since = duration(max(now - release.since, timedelta()))
    why = _why(release).removeprefix(": ")
    return (
        place,
        str(release.id),
        release.service,
        release.version,
        release.environment,
        _state(release),
        since,
        abridged(why, _SHORT),
    )


def _state(release: ReleaseIs) -> str:
    words = {"rolling back": "ROLLING BACK", "failed": "FAILED", "blocked": "BLOCKED", "rolled back": "ROLLED BACK"}
    return words.get(release.state, release.state)


def _why(release: ReleaseIs) -> str:
    queued = release.queued
    if queued is None:
        return f": {single_line(release.sentence)}" if release.sentence else ""
    if queued.never:
        return f": {single_line(queued.never)}"
    if not queued.waits:
        return f": nothing stops it{_overridden(queued)}"
    said = single_line(queued.waits[0].sentence)
    more = f" (and {len(queued.waits) - 1} more)" if len(queued.waits) > 1 else ""
    first = queued.first_allowed_at
    only_frozen = {wait.what for wait in queued.waits} == {"freeze"}
    then = f"; it may start at {_at(first)}" if first is not None and only_frozen else ""
    return f": {said}{more}{then}"


def _overridden(queued: QueuedIs) -> str:
    return f" (freeze overridden for {single_line(queued.overridden)})" if queued.overridden else ""


def _stages(release: ReleaseIs) -> Sequence[str]:
    given = {each.stage: each for each in release.approvals}
    return [
        f"{stage} by {given[stage].person} at {_at(given[stage].at)}" if stage in given else f"{stage} MISSING"
        for stage in release.stages
    ]


def _at(instant: datetime) -> str:
    return f"{instant.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
