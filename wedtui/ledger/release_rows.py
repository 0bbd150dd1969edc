"""Releases as the ledger's tables hold them: from rows, and to rows; the same for who reads and for who writes."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from wedtui.core.deployments.release import (
    Approval,
    Hold,
    Migration,
    Release,
    ReleaseState,
    Source,
    SourceKind,
    Transition,
)

_PLAIN = (
    "service",
    "environment",
    "version",
    "template",
    "submitted_by",
    "submitted_at",
    "since",
    "sentence",
    "priority",
    "previous",
    "started_at",
    "placed_at",
    "ended_at",
    "action",
)
_LISTS = ("links", "checks", "passed", "stages", "after", "apart")
_MICROSECOND = timedelta(microseconds=1)


def release_of(row: Any, approvals: Iterable[Any]) -> Release:
    """Return the release of a row and of the rows of its approvals, in the order of its stages.

    Raises:
        ValueError: a word in it is none of ours.
    """
    given = {each.stage: Approval(each.stage, each.person, each.at, each.reason) for each in approvals}
    held = row.held_by is not None and row.held_at is not None
    columns: dict[str, Any] = {
        **{name: getattr(row, name) for name in _PLAIN},
        **{name: tuple(getattr(row, name)) for name in _LISTS},
    }
    return Release(
        **columns,
        id=row.id,
        source=Source(SourceKind(row.source_kind), row.source_name, row.source_link),
        within=row.within_us * _MICROSECOND,
        soak=row.soak_us * _MICROSECOND,
        state=ReleaseState(row.state),
        approvals=tuple(given[stage] for stage in row.stages if stage in given),
        migration=None if row.migration is None else Migration(row.migration, row.migration_undo),
        hold=Hold(row.held_by, row.held_at, row.hold_reason or "") if held else None,
    )


def release_values(release: Release) -> dict[str, Any]:
    """Return the columns of a release, but its number and the key of its request."""
    hold, migration = release.hold, release.migration
    return {
        **{name: getattr(release, name) for name in _PLAIN},
        **{name: list(getattr(release, name)) for name in _LISTS},
        "source_kind": release.source.kind.value,
        "source_name": release.source.name,
        "source_link": release.source.link,
        "within_us": release.within // _MICROSECOND,
        "soak_us": release.soak // _MICROSECOND,
        "state": release.state.value,
        "migration": None if migration is None else migration.name,
        "migration_undo": "" if migration is None else migration.undo,
        "held_by": None if hold is None else hold.by,
        "held_at": None if hold is None else hold.at,
        "hold_reason": None if hold is None else hold.reason,
    }


def transition_of(row: Any) -> Transition:
    """Return one move of a release."""
    before = None if row.before is None else ReleaseState(row.before)
    return Transition(row.release_id, row.at, before, ReleaseState(row.after), row.actor, row.reason)
