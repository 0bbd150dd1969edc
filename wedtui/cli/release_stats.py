"""The figures of releasing as a table, and as JSON."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from wedtui.core.deployments.stats import MonthOf, by_month
from wedtui.core.wording import duration
from wedtui.errors import ConfigurationError

if TYPE_CHECKING:
    from wedtui.cli.common import Session

_HEAD = (
    "MONTH",
    "SERVICE",
    "WHERE",
    "RELEASES",
    "LEAD p50",
    "LEAD p90",
    "FAILED",
    "RESTORED p50",
    "FROZEN",
    "OVERRIDES",
)
_NOTHING = "-"
_NONE = "no release"
LEGEND = (
    "lead: from submission until in place, of those that succeeded; failed: of those that are finished; restored: from "
    "failing until well again; frozen: as far as it was stored, up to now; - is nothing to count, or not known"
)
_MONTH = re.compile(r"(\d{4})-(0[1-9]|1[0-2])")


def months_of(session: Session, service: str | None, month: str | None) -> tuple[MonthOf, ...]:
    """Return the figures that are asked for; raises a ConfigurationError, and a StoreError where nothing can be read.

    Args:
        session: whose ledger it is.
        service: of this one alone.
        month: of this one alone, as `2026-06`.
    """
    from wedtui.ledger.release_history import ReleaseHistoryReader

    wanted = None if month is None else _begins(month)
    with closing(ReleaseHistoryReader(session.ledger_url)) as reader:
        found = by_month(reader.read(), session.clock.now())
    return tuple(
        each for each in found if service in {None, each.service} and (wanted is None or each.begins == wanted)
    )


def table_lines(months: Sequence[MonthOf]) -> Iterator[str]:
    """Yield them as a table, and what its words mean."""
    if not months:
        yield "nothing was released there yet"
        return
    rows = [_HEAD, *map(_row, months)]
    widths = [max(len(row[i]) for row in rows) for i in range(len(_HEAD))]
    for row in rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
    yield LEGEND


def as_json(each: MonthOf) -> dict[str, Any]:
    """Return one as JSON has it: seconds, hours, shares from 0 to 1; null where there is nothing to count."""
    counted = {"finished": each.finished, "failed": each.failed, "not_restored": each.not_restored}
    return {
        "month": each.month,
        "environment": each.environment,
        "service": each.service,
        "releases": each.releases,
        **{name: count if each.releases else None for name, count in counted.items()},
        "failure_rate": each.failure_rate,
        "lead_median_s": _seconds(each.lead_median),
        "lead_p90_s": _seconds(each.lead_p90),
        "restore_median_s": _seconds(each.restore_median),
        "frozen_hours": None if each.frozen is None else round(each.frozen / timedelta(hours=1), 3),
        "overrides": each.overrides if each.releases else None,
    }


def _row(each: MonthOf) -> tuple[str, ...]:
    rate = _NOTHING if each.failure_rate is None else f"{100 * each.failure_rate:.0f} % ({each.failed}/{each.finished})"
    restored = _words(each.restore_median)
    if each.not_restored:
        restored = (
            f"{each.not_restored} NOT YET" if restored == _NOTHING else f"{restored}, {each.not_restored} NOT YET"
        )
    return (
        each.month,
        each.service,
        each.environment,
        str(each.releases) if each.releases else _NONE,
        _words(each.lead_median),
        _words(each.lead_p90),
        rate,
        restored,
        _NOTHING if each.frozen is None else f"{each.frozen / timedelta(hours=1):.1f} h",
        str(each.overrides) if each.releases else _NOTHING,
    )


def _words(span: timedelta | None) -> str:
    return _NOTHING if span is None else duration(span)


def _seconds(span: timedelta | None) -> float | None:
    return None if span is None else round(span.total_seconds(), 3)


def _begins(month: str) -> datetime:
    found = _MONTH.fullmatch(month)
    if found is None or found[1] == "0000":
        raise ConfigurationError(f'--month: "{month}" is no month: write one as 2026-06')
    return datetime(int(found[1]), int(found[2]), 1, tzinfo=UTC)
