"""What the figures of releasing are made of is read as it was stored, on both systems."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from tests.core.deployments.made import HOUR, MINUTE, NOW
from tests.ledger.base import writing
from tests.ledger.releasing import OPEN, begun, judged_at, queueing, submit
from tests.places import PLACES
from wedtui.core.deployments import moves
from wedtui.core.deployments.release import ReleaseState
from wedtui.core.deployments.stats import History, by_month
from wedtui.core.freeze import Origin, Period
from wedtui.ledger.release_history import ReleaseHistoryReader

RSVP, GALLERY = ("production", "rsvp"), ("production", "gallery")


def read(path: Path) -> History:
    with closing(ReleaseHistoryReader(PLACES.url(path))) as reader:
        return reader.read()


def test_a_queue_without_a_start_has_no_history(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    with queueing(path) as queue:
        submit(queue)
    assert read(path) == History((), (), {})


def test_each_start_and_what_became_of_it_is_there(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    closed = replace(OPEN, periods=(Period("launch", NOW - HOUR, NOW + 5 * HOUR, Origin.CONFIGURATION),))
    with queueing(path) as queue, writing(path) as ledger:
        submit(queue)
        submit(queue, "k2", service="gallery")
        ledger.override_freeze("release/1", reason="the venue asks", by="mo", at=NOW, until=NOW + HOUR)
        ledger.override_freeze("traffic", reason="x", by="mo", at=NOW, until=NOW + HOUR)
        assert queue.start_next(closed, begun) is not None
        judged_at(path, NOW + 10 * MINUTE)
        queue.move(1, "place", moves.place)
        judged_at(path, NOW + 20 * MINUTE)
        queue.move(1, "fail", lambda each, at: moves.fail(each, "errors", at))
        queue.move(1, "roll back", lambda each, at: moves.roll_back(replace(each, previous="1"), "errors", at))
        judged_at(path, NOW + 25 * MINUTE)
        queue.move(1, "end", lambda each, at: moves.end_rollback(each, "1 is in place", at))
        ledger.add_freeze(
            "gala",
            NOW + 4 * HOUR,
            NOW + 7 * HOUR,
            reason="x",
            added_by="ada",
            added_at=NOW,
            environments=("production",),
            services=("rsvp",),
        )
    found = read(path)
    (one,) = found.ran
    assert (one.number, one.where, one.state) == (1, RSVP, ReleaseState.ROLLED_BACK)
    assert one.failed_at is not None
    assert one.restored_at is not None
    assert MINUTE * 5 <= one.restored_at - one.failed_at + timedelta(seconds=30) < MINUTE * 6
    assert [each.release for each in found.overrides] == [1]
    (month,) = by_month(found, NOW + 24 * HOUR)
    assert (month.failure_rate, month.overrides, month.not_restored, month.lead_median) == (1.0, 1, 0, None)
    # From when the claim stored it up to its end, and what a person added; what lies in both counts once.
    assert month.frozen is not None
    assert timedelta() <= NOW + 7 * HOUR - (NOW - HOUR) - month.frozen <= HOUR + MINUTE
