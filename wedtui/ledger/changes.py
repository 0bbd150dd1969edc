"""What persons decided and what was done here, as changes of the timeline: read from the tables of decisions."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any

from wedtui.core.actions import Action, Step, StepState
from wedtui.core.alerts.track import labels_of, labels_words
from wedtui.core.changes import LEDGER, READ_AT_MOST, Change, ChangeKind, ChangeQuery, Gap, Told, Write
from wedtui.core.freeze import LOCKDOWN, UNTIL_LIFTED
from wedtui.core.text import single_line
from wedtui.core.wording import listed, utc_words
from wedtui.ledger.actions import action_of
from wedtui.ledger.reader import FreezeEntry, OverrideEntry, RaiseEntry, entry_of, override_entry_of, raise_of
from wedtui.ledger.shapes import (
    ACTION,
    ACTION_STEP,
    ALERT_EVENT,
    ALERT_SILENCE,
    AUTOMATION_STOP,
    CONFIGURATION_CHANGE,
    FREEZE_OVERRIDE,
    FREEZE_PERIOD,
    PROTECTION_RAISE,
)
from wedtui.ledger.silence_reader import silence_of
from wedtui.store.instants import to_microseconds
from wedtui.store.shape import Shape
from wedtui.store.snapshot import Snapshot

DECIDED = frozenset(
    {
        ChangeKind.FREEZE,
        ChangeKind.PROTECTION,
        ChangeKind.WEIGHTS,
        ChangeKind.CONFIGURATION,
        ChangeKind.SERVICE,
        ChangeKind.ALERT,
    }
)
"""The kinds of which the ledger knows who did what, and what became of alerts."""
RULES, ROSTERS = "files of rules", "files of rosters"
"""By which a row of changes says what it is about, where one of the configuration says which service runs with it."""
FILES = (RULES, ROSTERS)
TRAFFIC = "traffic"
_AROUND = timedelta(days=1)
"""So far around the time that is asked for changes of shares are read: a reading is compared with those before it."""


def read_decided(snapshot: Snapshot, query: ChangeQuery) -> Told:
    """Return what was decided and done, with who did it.

    Args:
        snapshot: of the ledger.
        query: what is asked.
    """
    if not query.kinds & DECIDED:
        return Told()
    found: list[Change] = []
    cut: list[datetime] = []
    for kind, shape, columns, changes in _TABLES:
        if kind not in query.kinds:
            continue
        rows = _within(snapshot, shape, columns, query)
        found += [change for row in rows for change in changes(row)]
        if len(rows) == READ_AT_MOST:
            cut.append(min(getattr(row, columns[0]) for row in rows))
    actions, unread = _actions(snapshot, query)
    found += [change for action in actions for change in _of_action(action)]
    writes = tuple(write for action in actions for write in _writes(action))
    inside = tuple(change for change in found if query.since <= change.at <= query.newest)
    gaps = (Gap(frozenset({ChangeKind.WEIGHTS}), unread),) if unread else ()
    return Told(inside, gaps, writes, complete_after=max(cut, default=None))


def _within(snapshot: Snapshot, shape: Shape, columns: tuple[str, ...], query: ChangeQuery) -> list[Any]:
    """Return the newest rows of which any instant lies in the time that is asked for."""
    window = (to_microseconds(query.since), to_microseconds(query.newest))
    which = " OR ".join(f'"{column}" BETWEEN ? AND ?' for column in columns)
    return snapshot.rows(shape, f"WHERE {which} ORDER BY id DESC LIMIT {READ_AT_MOST}", *window * len(columns))


def _freezes(row: Any) -> Iterator[Change]:
    entry = entry_of(row)
    name = LOCKDOWN if entry.name == LOCKDOWN else f"freeze {entry.id}"
    subject = f"{LOCKDOWN} ({entry.id})" if entry.name == LOCKDOWN else f'freeze {entry.id} "{entry.name}"'
    reason = "" if entry.name == entry.reason else f": {entry.reason}"

    def change(at: datetime, move: str, words: str, who: str | None) -> Change:
        key = f"freeze {entry.id:010d} {move}"
        return _change(ChangeKind.FREEZE, at, name, words, key, who=who, more="wedtui freeze list")

    yield change(entry.added_at, "1", f"{subject} added, {_span(entry)}{_scope(entry)}{reason}", entry.added_by)
    if entry.start > entry.added_at and (entry.lifted_at is None or entry.lifted_at > entry.start):
        yield change(entry.start, "2", f"{subject} began", None)
    if entry.lifted_at is not None:
        yield change(entry.lifted_at, "3", f"{subject} lifted: {entry.lift_reason}", entry.lifted_by)
    else:
        yield change(entry.end, "3", f"{subject} ended by itself", None)


def _span(entry: FreezeEntry) -> str:
    end = "until it is lifted" if entry.end >= UNTIL_LIFTED else f"to {utc_words(entry.end)}"
    return end if entry.start <= entry.added_at else f"{utc_words(entry.start)} {end}"


def _scope(entry: FreezeEntry) -> str:
    names = tuple(sorted((*entry.environments, *entry.services)))
    return f" for {listed(names)}" if names else ""


def _overrides(row: Any) -> Iterator[Change]:
    entry = override_entry_of(row)
    until = f"overridden to {utc_words(entry.expires_at)}"
    yield _override(entry, entry.overridden_at, "1", until, reason=entry.reason, who=entry.overridden_by)
    if entry.ended_at is not None:
        yield _override(entry, entry.ended_at, "2", "override ended", reason=entry.end_reason or "", who=entry.ended_by)
    else:
        yield _override(entry, entry.expires_at, "2", "override ended by itself")


def _override(
    entry: OverrideEntry, at: datetime, move: str, what: str, *, reason: str = "", who: str | None = None
) -> Change:
    words = f"freeze {what} for {entry.object} (override {entry.id}){_because(reason)}"
    key = f"override {entry.id:010d} {move}"
    return _change(ChangeKind.FREEZE, at, f"override {entry.id}", words, key, who=who, more="wedtui freeze list")


def _raises(row: Any) -> Iterator[Change]:
    entry = raise_of(row)
    until = f"raised to at least {entry.level} until {utc_words(entry.expires_at)}{_because(entry.reason)}"
    yield _raise(entry, entry.raised_at, "1", until, entry.raised_by)
    if entry.lowered_at is not None:
        lowered = f"raise to {entry.level} ended{_because(entry.lower_reason or '')}"
        yield _raise(entry, entry.lowered_at, "2", lowered, entry.lowered_by)
    else:
        yield _raise(entry, entry.expires_at, "2", f"raise to {entry.level} ended by itself", None)


def _raise(entry: RaiseEntry, at: datetime, move: str, words: str, who: str | None) -> Change:
    key = f"raise {entry.id:010d} {move}"
    return _change(ChangeKind.PROTECTION, at, f"raise {entry.id}", words, key, who=who, more="wedtui protection list")


def _configurations(row: Any) -> Iterator[Change]:
    said = "; ".join(row.changes) or "it is another than before"
    if row.seen_by in FILES:
        name, more = ("rules", "wedtui rules check") if row.seen_by == RULES else ("rosters", "wedtui oncall check")
        key = f"configuration {row.id:010d}"
        yield _change(ChangeKind.CONFIGURATION, row.at, name, f"others count: {said}", key, who=None, more=more)
        return
    words = f"the service of {row.seen_by} runs with it: {said}"
    key = f"configuration {row.id:010d}"
    yield _change(ChangeKind.CONFIGURATION, row.at, "configuration", words, key, who=None, more="wedtui config show")


def _stops(row: Any) -> Iterator[Change]:
    def change(at: datetime, move: str, words: str, who: str) -> Change:
        key = f"automation {row.id:010d} {move}"
        return _change(ChangeKind.SERVICE, at, "automation", words, key, who=who, more="wedtui automation status")

    yield change(row.stopped_at, "1", f"all automation stopped{_because(row.reason)}", row.stopped_by)
    if row.resumed_at is not None:
        yield change(row.resumed_at, "2", f"automation goes on{_because(row.resume_reason or '')}", row.resumed_by)


_BECAME = {
    "firing": "fires",
    "raised": "got graver",
    "acknowledged": "acknowledged",
    "noted": "more was said of it by whoever has it",
    "lapsed": "its acknowledgement lapsed",
    "escalated": "was passed on",
    "resolved": "is over",
    "withdrawn": "is not watched any more: nobody knows how it stands",
}


def _alerts(row: Any) -> Iterator[Change]:
    about = f"{row.rule} ({labels_words(labels_of(dict(row.labels)))})"
    words = f"{row.severity} {about} {_BECAME.get(row.kind, row.kind)}{_because(row.said)}"
    key = f"alert {row.id:012d}"
    yield _change(ChangeKind.ALERT, row.at, about, words, key, who=row.person or None, more="wedtui alerts history")


def _silences(row: Any) -> Iterator[Change]:
    entry = silence_of(row)
    name = f"silence {entry.id}"

    def change(at: datetime, move: str, words: str, who: str | None) -> Change:
        key = f"silence {entry.id:010d} {move}"
        return _change(ChangeKind.ALERT, at, name, f"{name} {words}", key, who=who, more="wedtui alerts silences")

    until = f"to {utc_words(entry.until)}{_because(entry.reason)}"
    yield change(entry.since, "1", f"of alerts {entry.asked}, {until}", entry.by)
    if entry.ended_at is not None:
        yield change(entry.ended_at, "2", f"ended{_because(entry.end_reason or '')}", entry.ended_by)
    else:
        yield change(entry.until, "2", "ended by itself", None)


_TABLES: tuple[tuple[ChangeKind, Shape, tuple[str, ...], Callable[[Any], Iterable[Change]]], ...] = (
    (ChangeKind.FREEZE, FREEZE_PERIOD, ("added_at", "start", "end", "lifted_at"), _freezes),
    (ChangeKind.FREEZE, FREEZE_OVERRIDE, ("overridden_at", "expires_at", "ended_at"), _overrides),
    (ChangeKind.PROTECTION, PROTECTION_RAISE, ("raised_at", "expires_at", "lowered_at"), _raises),
    (ChangeKind.CONFIGURATION, CONFIGURATION_CHANGE, ("at",), _configurations),
    (ChangeKind.SERVICE, AUTOMATION_STOP, ("stopped_at", "resumed_at"), _stops),
    (ChangeKind.ALERT, ALERT_EVENT, ("at",), _alerts),
    (ChangeKind.ALERT, ALERT_SILENCE, ("since", "until", "ended_at"), _silences),
)
"""A kind, a table, the instants of its rows of which each may be a change, and the changes of a row."""


def _actions(snapshot: Snapshot, query: ChangeQuery) -> tuple[list[Action], str]:
    """Return the actions that changed anything around the time that is asked for, and what of them is not known."""
    first, last = to_microseconds(query.since - _AROUND), to_microseconds(query.until + _AROUND)
    which = (
        "WHERE id IN (SELECT action_id FROM action_step WHERE (changes OR undoes) AND state <> ? "
        "AND intended_at <= ? AND (ended_at IS NULL OR ended_at >= ?)) ORDER BY id DESC "
        "LIMIT ?"
    )
    rows = snapshot.rows(ACTION, which, StepState.FAILED.value, last, first, READ_AT_MOST)
    marks = ", ".join("?" * len(rows))
    steps: dict[int, list[Any]] = {row.id: [] for row in rows}
    if rows:
        rest = f"WHERE action_id IN ({marks}) ORDER BY action_id, number"
        for step in snapshot.rows(ACTION_STEP, rest, *steps):
            steps[step.action_id].append(step)
    unread = "there are more actions than are read at once" if len(rows) == READ_AT_MOST else ""
    return [action_of(row, steps[row.id]) for row in rows], unread


def _of_action(action: Action) -> Iterator[Change]:
    """Yield each of its steps that changed something, or may have."""
    kind = ChangeKind.WEIGHTS if action.resource == TRAFFIC else ChangeKind.SERVICE
    for number, step in enumerate(action.steps, start=1):
        if step.state is StepState.FAILED or not (step.changes or step.undoes):
            continue
        words = f"{action.kind} {action.target}{_moves(action, step)}{_how(step)}{_because(action.reason)}"
        key = f"action {action.id:010d} {number:04d}"
        at = step.intended_at if step.ended_at is None else step.ended_at
        yield _change(kind, at, action.target, words, key, who=_who(action), more=f"wedtui actions show {action.id}")


def _how(step: Step) -> str:
    if step.state is not StepState.DONE:
        return ", whether it took is not known"
    return ", undone" if step.undoes else ", accepted" if step.changes else ""


def _who(action: Action) -> str:
    by = f"{action.confirmed_by}, as {action.person} proposed" if action.by_a_person else action.person
    return f"{by}, approved by {action.approved_by}" if action.approved_by else by


def _moves(action: Action, step: Step) -> str:
    shares = _shares(action)
    if shares is None:
        return ""
    before, after = shares if not step.undoes else shares[::-1]
    places = (place for place in sorted({*before, *after}) if before.get(place) != after.get(place))
    moved = [f"{place} {_share(before.get(place))} → {_share(after.get(place))}" for place in places]
    return f": {', '.join(moved)}" if moved else ""


def _share(share: int | None) -> str:
    return "OFF" if share is None else f"{share} %"


def _shares(action: Action) -> tuple[dict[str, int], dict[str, int]] | None:
    """Return the shares before and after what it submits; None where its plan is none that this version knows."""
    try:
        said = json.loads(action.plan)["change"]
        before, after = ({str(p): int(s) for p, s in said[name].items()} for name in ("before", "after"))
    except (KeyError, TypeError, ValueError, AttributeError):
        return None
    return before, after


def _writes(action: Action) -> Iterator[Write]:
    shares = _shares(action) if action.resource == TRAFFIC else None
    for step in action.steps if shares is not None else ():
        if shares is not None and step.state is not StepState.FAILED and (step.changes or step.undoes):
            yield Write(shares[0] if step.undoes else shares[1], step.intended_at, step.ended_at)


def _because(reason: str) -> str:
    return f": {reason}" if reason else ""


def _change(kind: ChangeKind, at: datetime, name: str, words: str, key: str, *, who: str | None, more: str) -> Change:
    return Change(at, kind, single_line(name), single_line(words, 1000), LEDGER, key, who, more)
