"""Who is on call in one line: the forms of it, the fullest first."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.core.oncall_made import utc
from wedtui.core.oncall.standing import OnCallNow
from wedtui.core.oncall.words import on_call_forms

NOW = utc("2026-07-22 12:00")
ADA = OnCallNow("primary", NOW, ("ada",), utc("2026-07-22 18:00"), ("grace",))
MO = OnCallNow("secondary", NOW, ("mo",))
HOLE = OnCallNow("secondary", NOW, (), utc("2026-07-22 18:00"), ("mo",))
ENDS = OnCallNow("primary", NOW, ("ada", "mo"), utc("2026-07-27 08:00"), (), overridden=True)


def forms(*rosters: OnCallNow, **other: Any) -> tuple[str, ...]:
    made: dict[str, Any] = {"zone": "Europe/London", "now": NOW, "looked_at": NOW - timedelta(seconds=3), **other}
    return on_call_forms(rosters, **{"known": True, **made})


def test_one_roster_says_who_until_when_and_who_follows() -> None:
    assert forms(ADA) == (
        "on call ada until 19:00 BST, then grace · read 3 s ago",
        "on call ada until 19:00 BST, then grace",
        "on call ada until 19:00 BST",
        "on call ada",
    )


def test_whoever_has_it_for_good_has_no_end() -> None:
    assert forms(MO) == ("on call mo · read 3 s ago", "on call mo")


def test_who_stands_in_is_said_and_that_nobody_follows() -> None:
    assert forms(ENDS)[1] == "on call ada and mo (standing in) until Mon 09:00 BST, then NOBODY"


def test_of_several_the_one_that_nobody_has_is_the_last_to_go() -> None:
    assert forms(ADA, HOLE) == (
        "on call secondary NOBODY until 19:00 BST, then mo; primary ada until 19:00 BST, then grace · read 3 s ago",
        "on call secondary NOBODY until 19:00 BST, then mo; primary ada until 19:00 BST, then grace",
        "on call NOBODY until 19:00 BST, then mo +1",
        "on call NOBODY until 19:00 BST +1",
        "on call secondary NOBODY, primary ada",
        "on call NOBODY +1",
    )


def test_what_may_name_others_says_so() -> None:
    doubted = OnCallNow("night", NOW, (), doubted=True)
    assert forms(doubted)[-1] == "on call NOBODY?"


@pytest.mark.parametrize(
    ("rosters", "looked_at", "said"),
    [
        ((ADA, MO), NOW - timedelta(minutes=5), "on call UNKNOWN, primary ada, secondary mo as of 5 m 00 s ago"),
        ((), NOW, "on call UNKNOWN"),
        ((), None, "on call UNKNOWN"),
    ],
)
def test_what_cannot_be_read_is_unknown_and_of_when_it_is(rosters: Any, looked_at: Any, said: str) -> None:
    found = forms(*rosters, looked_at=looked_at, known=False)
    assert found[0] == said
    assert found[-1] == "on call UNKNOWN"


def test_without_a_roster_there_is_nothing_to_say() -> None:
    assert forms() == ()
