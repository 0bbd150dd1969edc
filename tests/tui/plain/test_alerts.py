"""Alerts in plain lines: what the command says, and what is announced of each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from tests.pictures import NOW, SECOND, FakeSource
from tests.tui.alerting import (
    CENTRAL,
    HIDDEN,
    MANY,
    MINUTE,
    OUTSIDE,
    OVER,
    PENDING,
    SILENCED,
    TAKEN,
    WARNING,
    alarmed,
    alert,
)
from wedtui.core.alerts.memory import Phase
from wedtui.tui.board import Board
from wedtui.tui.plain.alerts import alerts, standing
from wedtui.tui.plain.changes import changes
from wedtui.tui.plain.commands import find

ERRORS = alert()


def board(source: FakeSource) -> Board:
    return Board(NOW, picture=source.make(NOW))


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (alarmed(known=False), "ALERTS UNKNOWN: no service has judged the rules."),
        (alarmed(rules=0), "ALERTS UNKNOWN: no rule counts, so nothing can fire, judged 3 seconds ago."),
        (
            alarmed(not_set=8),
            "ALERTS UNKNOWN: nothing is measured by which a rule could be judged (8 rules not set), "
            "judged 3 seconds ago.",
        ),
        (
            alarmed(unknown=("cpu provider=aws",), series=1),
            "ALERTS UNKNOWN: 1 of 1 series unknown, judged 3 seconds ago.",
        ),
        (
            alarmed(unknown=("cpu provider=aws",), not_set=2),
            "No rule fires, judged 3 seconds ago, of 6 of 8 rules. UNKNOWN: 1 of 12 series unknown: cpu provider=aws.",
        ),
        (alarmed(judged=4 * MINUTE), "ALERTS UNKNOWN: judged 4 minutes ago; nothing fired then."),
        (
            alarmed(ERRORS, judged=4 * MINUTE),
            "ALERTS UNKNOWN: judged 4 minutes ago; 1 fired then: errors provider=aws.",
        ),
        (alarmed(OVER, PENDING), "No rule fires, judged 3 seconds ago, of 8 rules."),
        (alarmed(ERRORS), "1 alert fires: errors provider=aws; judged 3 seconds ago."),
        (
            alarmed(*MANY),
            "6 alerts fire: down provider=hetzner, errors provider=aws, errors-rising provider=gcp and 3 more; "
            "judged 3 seconds ago.",
        ),
    ],
)
def test_one_sentence_says_how_it_stands(source: FakeSource, words: str) -> None:
    assert standing(board(source)) == words


def test_the_command_says_each_and_takes_words() -> None:
    known = board(alarmed(*MANY))
    _, worst, *_ = alerts(known)
    assert worst == (
        "CRITICAL: down provider=hetzner fires for 20 seconds; NOBODY HAS IT, the next call is in 1 minute 35 seconds; "
        "because nothing is known."
    )
    said = alerts(known, "azure")
    assert [each.partition(",")[0] for each in said[1:]] == [
        "WARNING: cpu provider=azure fires for 25 minutes 3 seconds; silenced by grace for 2 hours more; cpu 87.0 %",
        "Over: errors provider=azure",
    ]
    assert alerts(known, "nowhere")[-1] == 'No alert matches "nowhere".'
    command = find("alerts")
    assert not isinstance(command, str)
    assert command.word == "alerts"


CASES: dict[str, tuple[Callable[[], FakeSource], Callable[[], FakeSource], tuple[str, ...]]] = {
    "time alone": (lambda: alarmed(*MANY), lambda: alarmed(*MANY, judged=2 * SECOND), ()),
    "begins": (alarmed, lambda: alarmed(ERRORS), ("CRITICAL: errors provider=aws fires",)),
    "taken": (
        lambda: alarmed(ERRORS),
        lambda: alarmed(replace(ERRORS, acknowledged_by="mo", acknowledged_at=NOW)),
        ("mo has errors provider=aws, at 12:00:05 UTC.",),
    ),
    "lapses": (
        lambda: alarmed(TAKEN),
        lambda: alarmed(replace(TAKEN, acknowledged_at=NOW - 16 * MINUTE)),
        ("NOBODY has errors-rising provider=gcp any more: mo had it, and it still fires.",),
    ),
    "graver": (
        lambda: alarmed(WARNING),
        lambda: alarmed(replace(WARNING, severity=ERRORS.severity)),
        ("Worse: CRITICAL: cache-hits provider=gcp",),
    ),
    "silenced": (
        lambda: alarmed(replace(SILENCED, silenced_by="")),
        lambda: alarmed(SILENCED),
        ("WARNING: cpu provider=azure fires for 25 minutes 3 seconds; silenced by grace",),
    ),
    "no longer hidden": (
        lambda: alarmed(HIDDEN),
        lambda: alarmed(replace(HIDDEN, inhibited_by="")),
        ("WARNING: memory provider=aws fires for 25 minutes 3 seconds; NOBODY HAS IT",),
    ),
    "over": (
        lambda: alarmed(ERRORS),
        lambda: alarmed(replace(ERRORS, phase=Phase.RESOLVED, resolved_at=NOW)),
        ("Over: errors provider=aws, it fired for 25 minutes",),
    ),
    "withdrawn": (
        lambda: alarmed(ERRORS),
        alarmed,
        ("Withdrawn: errors provider=aws, it fired for 25 minutes 3 seconds; it is not judged any more, and nobody",),
    ),
    "over and wrong again": (
        lambda: alarmed(ERRORS),
        lambda: alarmed(replace(ERRORS, phase=Phase.PENDING, key="", since=NOW)),
        ("Pending: errors provider=aws, for ",),
    ),
    "nobody judges": (
        lambda: alarmed(ERRORS),
        lambda: alarmed(judged=2 * MINUTE),
        ("ALERTS UNKNOWN: judged 2 minutes ago; nothing fired then.",),
    ),
    "gone": (lambda: alarmed(ERRORS), lambda: alarmed(known=False), ("ALERTS UNKNOWN: no service",)),
    "judged again": (
        lambda: alarmed(ERRORS, judged=2 * MINUTE),
        lambda: alarmed(ERRORS),
        ("Alerts are judged again, at 12:00:05 UTC. 1 alert fires",),
    ),
    "first judged": (
        lambda: alarmed(known=False),
        lambda: alarmed(ERRORS),
        ("CRITICAL: errors provider=aws", "Alerts are judged again"),
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_what_becomes_of_an_alert_is_announced(case: str) -> None:
    before, after, words = CASES[case]
    said = [each.text for each in changes(board(before()), board(after()))]
    assert len(said) == len(words)
    assert all(text.startswith(begin) for text, begin in zip(said, words, strict=True))


def test_what_nobody_judges_any_more_is_not_over() -> None:
    then = board(alarmed(ERRORS))
    later = replace(then, now=NOW + timedelta(minutes=2))
    said = [each.text for each in changes(then, later) if "ALERTS" in each.text or "Over" in each.text]
    assert said == [
        "ALERTS UNKNOWN: judged 2 minutes 3 seconds ago, whether the service runs is not known; "
        "1 fired then: errors provider=aws."
    ]


def test_what_another_system_judges_says_so_and_that_it_is_unknown() -> None:
    _, source, told = alerts(board(alarmed(OUTSIDE, sources=(CENTRAL,))))
    assert source == (
        "central, alertmanager: UNKNOWN what fires there: it answered last 5 m 00 s ago: timed out after 5 s; "
        "its alerts stand as of then."
    )
    assert told.startswith("CRITICAL: central/High Errors provider=aws fires for 25 minutes")
    assert "silenced by central; central answered last 5 m 00 s ago; 5 % of requests fail;" in told
    assert told.endswith("UNKNOWN for 4 minutes whether it still does.")
