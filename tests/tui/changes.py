"""A made-up Saturday of changes."""

from __future__ import annotations

from datetime import datetime, timedelta

from tests.pictures import NOW, FakeSource, source_of
from wedtui.core.changes import Change, ChangeKind, Gap, Told

MINUTE = timedelta(minutes=1)


def some(now: datetime = NOW) -> Told:
    """Return a Saturday's changes."""
    return Told(
        (
            Change(
                now - 25 * MINUTE,
                ChangeKind.FREEZE,
                "freeze 3",
                'freeze 3 "late fixes" added, to 2026-06-06 18:00:00 UTC for production',
                "ledger",
                "freeze 3 1",
                "grace",
                "wedtui freeze list",
            ),
            Change(
                now - 4 * MINUTE,
                ChangeKind.WEIGHTS,
                "aws",
                "failover aws: aws 60 % → 0 %, gcp 25 % → 85 %, accepted: probes fail",
                "ledger",
                "action 7 1",
                "ada",
                "wedtui actions show 7",
            ),
            Change(
                now - 6 * MINUTE,
                ChangeKind.VENDOR,
                "aws",
                "AWS Health: an incident began: EC2 in eu-west-1: issue since 11:40 UTC: machines do not start",
                "vendor",
                "12",
                not_before=now - 20 * MINUTE,
            ),
            Change(now - 90 * MINUTE, ChangeKind.SERVICE, "london", "started, wedtui 0.1.0, shared", "service", "11"),
            Change(now - 55 * MINUTE, ChangeKind.PROTECTION, "protection", "NORMAL → HIGH: load 9.2", "service", "10"),
        ),
        (Gap(frozenset({ChangeKind.ALERT}), "no history of alerts is kept here"),),
    )


def changed() -> FakeSource:
    source = source_of()
    source.changed_lately = some
    return source
