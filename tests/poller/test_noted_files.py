"""Edits of files of rules and rosters: each is a change of the timeline, noted once, whoever judges next."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing

from tests.poller.test_alerts import MONDAY, SECOND, Watch, make, watched
from wedtui.core.changes import Change, ChangeKind, ChangeQuery
from wedtui.ledger.ledger import Ledger
from wedtui.ledger.reader import LedgerReader

__all__ = ["make"]

RULE = '[[rules]]\nname = "busy"\ncondition = "cpu > {}%"\nfor = "5m"\nseverity = "warning"\n'
ROSTER = """
[[rosters]]
name = "primary"
[[rosters.layers]]
participants = ["{}"]
zone = "UTC"
since = 2026-01-05
hand_over = "09:00"
"""


def changed(watch: Watch) -> list[Change]:
    """Return the changes of rules and rosters, oldest first."""
    query = ChangeQuery(MONDAY, watch.clock.at + SECOND, frozenset({ChangeKind.CONFIGURATION}))
    with closing(LedgerReader(watch.stores.ledger_url)) as reader:
        return sorted((c for c in reader.changes(query).changes if c.object != "configuration"), key=lambda c: c.order)


def said(watch: Watch) -> list[tuple[str, str]]:
    return [(change.object, change.sentence) for change in changed(watch)]


def test_each_edit_of_rules_is_a_change_and_a_restart_is_none(make: Callable[..., Watch]) -> None:
    watch = make()
    watch.for_(20 * SECOND)
    assert said(watch) == []
    watch.rules(RULE.format(80))
    watch.for_(10 * SECOND)
    assert said(watch) == [("rules", "others count: first seen: own.toml")]
    watch.begins()
    watch.for_(20 * SECOND)
    assert len(said(watch)) == 1
    watch.rules(RULE.format(90))
    watch.for_(10 * SECOND)
    (_, edit) = changed(watch)
    assert (edit.sentence, edit.at, edit.more) == (
        "others count: own.toml changed",
        watch.clock.at,
        "wedtui rules check",
    )
    watch.rules("nonsense")
    watch.for_(20 * SECOND)
    assert len(said(watch)) == 2, "what cannot be used does not count"


def test_each_edit_of_rosters_is_a_change_also_where_nobody_watched(make: Callable[..., Watch]) -> None:
    watch = make()
    files = watch.folder / "rosters"
    files.mkdir()
    watch.begins(watched(oncall={"contacts": {name: {"channels": ["chat"]} for name in ("ada", "grace")}}))
    (files / "a.toml").write_text(ROSTER.format("ada"))
    watch.for_(20 * SECOND)
    assert said(watch) == [("rosters", "others count: first seen: a.toml")]
    (files / "a.toml").write_text(ROSTER.format("grace"))
    watch.begins()
    watch.for_(20 * SECOND)
    assert said(watch)[1:] == [("rosters", "others count: a.toml changed")]
    (files / "a.toml").rename(files / "b.toml")
    watch.for_(20 * SECOND)
    assert said(watch)[2:] == [("rosters", "others count: a.toml is gone; b.toml is new")]


def test_the_configuration_is_still_compared_with_the_last_one_that_ran(make: Callable[..., Watch]) -> None:
    watch = make()
    with closing(Ledger(watch.stores.ledger_url)) as ledger:
        assert ledger.note_configuration("one", at=MONDAY, seen_by="wedtui", changes=["first seen"])
    watch.rules(RULE.format(80))
    watch.for_(10 * SECOND)
    assert len(said(watch)) == 1
    with closing(Ledger(watch.stores.ledger_url)) as ledger:
        assert not ledger.note_configuration("one", at=MONDAY, seen_by="wedtui", changes=["another"])
