"""What people are shown of alerts: whole over JSON, and known to be old."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from wedtui.core.alerts.attention import Doubt, doubt
from wedtui.core.alerts.memory import Phase, Reason
from wedtui.core.alerts.rule import Severity
from wedtui.core.alerts.standing import FRESH_FOR, AlertIs, AlertsNow, Suppressed, by_urgency, unjudged
from wedtui.core.alerts.standing_document import alert_document, alert_of, looked_at_document, looked_at_of
from wedtui.core.alerts.track import labels_of
from wedtui.core.services import ServiceCondition

NOW = datetime(2026, 6, 20, 14, tzinfo=UTC)
SECOND = timedelta(seconds=1)
FULL = AlertIs(
    "down",
    labels_of({"provider": "aws", "probe": "p"}),
    Phase.FIRING,
    Severity.CRITICAL,
    Reason.NO_DATA,
    NOW,
    key="alert/down/1",
    condition="up < 1",
    value=0.5,
    measured_at=NOW - SECOND,
    resolved_at=NOW + SECOND,
    told_at=NOW + 2 * SECOND,
    acknowledged_by="ada",
    acknowledged_at=NOW + 3 * SECOND,
    inhibited_by="other",
    silenced_by="bo",
    silenced_until=NOW + 4 * SECOND,
    escalates_at=NOW + 5 * SECOND,
    escalates_to="roster secondary (grace)",
    lapse_s=420.0,
    flaps=2,
    runbook="https://wiki.example.com",
)


def test_an_alert_is_whole_over_json() -> None:
    plain = AlertIs("down", (), Phase.PENDING, Severity.WARNING, Reason.CONDITION, NOW)
    for alert in (FULL, plain):
        document = json.loads(json.dumps(alert_document(alert)))
        assert alert_of(document) == alert
        assert alert_of({**document, "of a newer version": 1}) == alert


def test_what_is_hidden_comes_after_what_somebody_is_called_for() -> None:
    loud = replace(FULL, inhibited_by="", silenced_by="", acknowledged_by="")
    warning = replace(loud, rule="w", severity=Severity.WARNING)
    taken, over = replace(loud, rule="t", acknowledged_by="ada"), replace(FULL, rule="o", phase=Phase.RESOLVED)
    silenced, inhibited = replace(loud, rule="s", silenced_by="bo"), replace(loud, rule="i", inhibited_by="down")
    every = by_urgency((over, silenced, inhibited, taken, warning, loud))
    assert [each.rule for each in every] == ["down", "t", "w", "i", "s", "o"]


def test_what_was_judged_long_ago_or_in_the_future_is_no_answer() -> None:
    now = AlertsNow(NOW, (FULL,))
    assert unjudged(now, NOW + FRESH_FOR) == ()
    (finding,) = unjudged(now, NOW + FRESH_FOR + SECOND)
    assert "judged last at 2026-06-20 14:00:00 UTC" in finding.text
    assert unjudged(now, NOW - 3 * SECOND) != ()
    assert unjudged(None, NOW) == ()


RUNNING = ServiceCondition.RUNNING


@pytest.mark.parametrize(
    ("judged", "condition", "expected"),
    [
        (SECOND, RUNNING, None),
        (FRESH_FOR, RUNNING, None),
        (FRESH_FOR + SECOND, RUNNING, Doubt.OLD),
        (-SECOND, RUNNING, None),
        (-3 * SECOND, RUNNING, Doubt.FUTURE),
        (None, RUNNING, Doubt.NEVER),
        (None, ServiceCondition.STUCK, Doubt.NEVER),
        (SECOND, ServiceCondition.STUCK, Doubt.STUCK),
        (SECOND, ServiceCondition.STOPPED, Doubt.STOPPED),
        (SECOND, ServiceCondition.DEAD, Doubt.DEAD),
        (SECOND, ServiceCondition.UNSEEN, Doubt.UNSEEN),
        (SECOND, ServiceCondition.NEVER, Doubt.NONE),
        (2 * FRESH_FOR, ServiceCondition.DEAD, Doubt.DEAD),
        (-3 * SECOND, ServiceCondition.STUCK, Doubt.FUTURE),
    ],
)
def test_only_a_new_judgement_while_a_service_runs_says_what_fires(
    judged: timedelta | None, condition: ServiceCondition, expected: Doubt | None
) -> None:
    known = None if judged is None else AlertsNow(NOW - judged, ())
    assert doubt(known, condition, NOW) is expected


def test_no_condition_of_a_service_but_that_it_runs_leaves_no_doubt() -> None:
    sure = [each for each in ServiceCondition if doubt(AlertsNow(NOW, ()), each, NOW) is None]
    assert sure == [RUNNING]


def test_that_nothing_fires_says_something_only_where_something_is_known() -> None:
    known = AlertsNow(NOW, (), 7, ("cpu",), judged=6, series=4, unknown=3, unknown_named=("down provider=aws",))
    assert known.knows
    assert AlertsNow(NOW, (), 7, **looked_at_of(json.loads(json.dumps(looked_at_document(known))))) == known
    assert not replace(known, unknown=4).knows
    assert not replace(known, judged=0).knows
    counted = replace(known, suppressed=Suppressed(3, 1, 4, 2_000, 2))
    written = json.loads(json.dumps(looked_at_document(counted)))
    assert AlertsNow(NOW, (), 7, **looked_at_of(written)) == counted
    del written["suppressed"]["taken"]
    assert AlertsNow(NOW, (), 7, **looked_at_of(written)).suppressed == Suppressed(3, 1, 4, 2_000)
    del written["suppressed"]
    assert AlertsNow(NOW, (), 7, **looked_at_of(written)).suppressed is None
    # What an older version wrote says nothing of it, and so nothing is known.
    older = AlertsNow(NOW, (), 7, **looked_at_of(["cpu"]))
    assert (older.not_set, older.knows) == (("cpu",), False)


@pytest.mark.parametrize(
    ("suppressed", "words"),
    [
        (Suppressed(), ""),
        (Suppressed(silenced=1), "not told one by one so far: 1 silenced"),
        (
            Suppressed(3, 1, 4, 2_000, 2),
            "not told one by one so far: 3 silenced, 1 hidden by others, 2 taken before anybody was told, "
            "4 while they flapped, 2,000 counted in storms",
        ),
    ],
)
def test_what_nobody_was_told_of_is_said_in_words(suppressed: Suppressed, words: str) -> None:
    assert suppressed.words == words
