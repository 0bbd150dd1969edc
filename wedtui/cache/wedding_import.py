"""From a reading of a source of weddings to the cache: only what differs, and never too few weddings on the way.

What is new or changed is written first, what is gone goes afterwards, and only at the end does the source say that it
was read; each in bounded transactions, between which others write. Whoever is stopped in the middle leaves a calendar
with more weddings than there are, and a source as old as it was; the next reading mends it.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, Connection, String, delete, func, literal, select, text, tuple_, update

from wedtui.cache.rows import elsewhere
from wedtui.cache.tables import METADATA
from wedtui.cache.wedding_days import added, days_columns, days_of, near
from wedtui.cache.wedding_rise import risen
from wedtui.cache.wedding_stage import (
    COLUMNS,
    FIRST,
    PAGE,
    Key,
    Stage,
    Stays,
    Values,
)
from wedtui.core.calendar_rise import Rise
from wedtui.core.wedding import standard
from wedtui.core.wedding_loss import (
    Coming,
    Loss,
    Lost,
    Placed,
    lost_between,
    lost_of,
    questionable,
    remembered,
    with_losses,
    with_moved,
)
from wedtui.core.wording import counted
from wedtui.store.bulk import store_rows
from wedtui.store.instants import from_microseconds, to_microseconds
from wedtui.store.upsert import upsert

_T = METADATA.tables
_WEDDING, _SOURCE, _CALENDAR = _T["wedding"], _T["wedding_source"], _T["wedding_calendar"]
# What was read before that was kept is rewritten only where it says something.
_NAMES = ", ".join("coalesce(assumed, '')" if name == "assumed" else name for name in COLUMNS)
_PAGE = text(
    f"SELECT {_NAMES} FROM wedding WHERE source = :source AND (reference, starts_at) > (:reference, :starts_at) "  # noqa: S608
    "ORDER BY reference, starts_at LIMIT :most"
)
_LOAD = text("SELECT sum(load) FROM wedding WHERE source = :source AND ends_at > :now")
_DAYS = "SELECT {} FROM wedding WHERE source = :source AND {}"
_KEYS_AT_ONCE = 500

NOT_QUESTIONED: dict[str, Any] = {"questioned": False, "questioned_at": None, "missing": {}}
"""What stands of a source whose newest reading is not in question."""

Transaction = Callable[[], AbstractContextManager[Connection]]
_REASONS = 3
"""So many of the rows of a reading that is not taken are quoted in what is said of it."""


class Outcome(StrEnum):
    """What became of a reading."""

    TAKEN = "taken"
    QUESTIONED = "questioned"
    """It lost more than half of the coming weddings, or names none: a person has to look."""
    REFUSED = "refused"
    """Too many of its rows cannot be used."""
    OVERTAKEN = "overtaken"
    """The source was changed by someone else meanwhile, or is not where the reading began: read it again, in full."""
    NOT_OURS = "not ours"
    """Another service reads this source now, or it is not configured any more."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What is known of a reading beside its rows."""

    source: str
    at: datetime
    """When it was begun; the calendar is as old as that."""
    began_at: str | None = None
    """The mark from which it tells only what changed; None: it is whole."""
    mark: str | None = None
    """Up to where it came, for the next one to begin at."""
    reject_at_most: int = 50
    """Percent."""
    address: str = ""
    """Of which place it is; empty: of whichever is configured."""


class _EndedError(Exception):
    """The reading is not taken."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome)
        self.outcome = outcome


class WeddingImport:
    """One reading on its way into the cache; run its pieces one after the other."""

    def __init__(
        self,
        writing: Transaction,
        asking: Transaction,
        holds: Callable[[Connection], bool],
        reading: Reading,
        stage: Stage | None,
    ) -> None:
        """Remember with what it is done; nothing is written yet.

        Args:
            writing: begins a transaction in which nobody else writes.
            asking: begins one that only reads, for which nobody waits and of which nobody is told.
            holds: whether the right by which it was read is still ours.
            reading: what is known of it.
            stage: its rows; None: the source says that nothing changed since `began_at`.
        """
        self._writing = writing
        self._asking = asking
        self._holds = holds
        self._reading = reading
        self._stage = stage
        self._now = to_microseconds(reading.at)
        self._revision = 0
        self._accepted = False
        self._asked: Lost | None = None
        self._questioned_at: datetime | None = None
        self._may_be_empty = False
        self._has_read = False
        self._losses: tuple[Loss, ...] = ()
        self._kept = 0
        self.outcome: Outcome | None = None
        """What became of it; None while it is under way."""
        self.written = 0
        """Rows that were new or changed."""
        self.deleted = 0
        self.rise: Rise | None = None
        """Of a reading that is not taken: the level that the calendar would ask for with it, and does not without."""

    def pieces(self) -> Iterator[None]:
        """Do it, a bounded piece at a time, each in one transaction.

        Raises:
            StoreError: a piece could not be stored; those before it are.
        """
        try:
            yield from self._pieces()
        except _EndedError as ended:
            self.outcome = ended.outcome

    def _pieces(self) -> Iterator[None]:
        stage = self._stage
        self._begin()
        if stage is None:
            self._end({})
            return
        if stage.rejected * 100 > self._reading.reject_at_most * stage.rows:
            yield from self._refuse(stage)
        yield
        last = (yield from self._compare_whole(stage)) if self._whole else (yield from self._compare_named(stage))
        yield
        yield from self._write(stage, last)
        yield from self._delete(stage)
        self._end(self._counts(stage))

    def _compare_whole(self, stage: Stage) -> Generator[None, None, Key]:
        """Compare all that is stored, and judge what is lost; return after which key nothing is left."""
        last, counted, before = FIRST, "", Coming()
        while (until := self._compare(stage, last)) is not None:
            last = until
            more, counted = stage.known(self._now, counted)
            before = added(before, more)
            yield
        # What has begun stays, listed or not: whether it is says nothing about what is lost.
        before = before._replace(weddings=before.weddings - stage.unlisted(self._now))
        lost = stage.lost(self._now)
        self._kept = stage.keep(self._now)
        left = stage.left(self._now)
        # What is new says nothing about what is lost.
        load = before.load - stage.lost_load(self._now)
        after = left._replace(weddings=before.weddings - lost, load=load)
        yield from self._judge(stage, *with_moved(before, after, stage.moved(self._now)), left.load)
        return last

    def _begin(self) -> None:
        here = select(_SOURCE).where(_SOURCE.c.name == self._reading.source)
        with self._writing() as connection:
            row = connection.execute(here).one_or_none() if self._holds(connection) else None
            if row is None:
                raise _EndedError(Outcome.NOT_OURS)
            here_no_more = elsewhere(self._reading.address, row.address)
            if here_no_more or (self._reading.began_at is not None and self._reading.began_at != row.mark):
                raise _EndedError(Outcome.OVERTAKEN)
        self._revision, self._accepted = row.revision, row.accept_next
        self._may_be_empty, self._has_read = row.none_to_come, row.read_at is not None
        self._asked = lost_of(row.asked)
        self._questioned_at = row.questioned_at if row.questioned else None
        self._losses = tuple(Loss(*each) for each in row.losses if each[0] > self._now)

    def _compare(self, stage: Stage, after: Key) -> Key | None:
        """Compare the next page of what is stored; return its last key, or None where there is no more."""
        parameters = {"source": self._reading.source, "reference": after[0], "starts_at": after[1], "most": PAGE}
        with self._asking() as connection:
            page: list[Values] = [tuple(row) for row in connection.execute(_PAGE, parameters)]
        if not page:
            return None
        until = (page[-1][0], page[-1][1])
        stage.compare(page, after, until, whole=True)
        return until

    def _compare_named(self, stage: Stage) -> Generator[None, None, Key]:
        """Compare what the reading names, which is not all that there is; return after which key nothing is left.

        Of a wedding that it names at another time near by the former one goes; what it does not name stays.
        """
        after = FIRST
        columns = (_WEDDING.c[name] for name in COLUMNS)
        named = (func.coalesce(column, "") if column.name == "assumed" else column for column in columns)
        here = select(*named).where(_WEDDING.c.source == self._reading.source)
        while names := stage.references(after[0]):
            until = (names[-1], -FIRST[1])
            with self._asking() as connection:
                found = connection.execute(here.where(_WEDDING.c.reference.in_(names)))
                page: list[Values] = [_stored(row) for row in found]
            stage.compare(page, after, until, whole=False)
            after = until
            yield
        lost, moved = stage.lighter(self._now), stage.moved(self._now)
        if lost.load or any(lost.days.values()) or any(day.work for day in moved.values()):
            before = self._loads()
            days = {day: had._replace(work=had.work - lost.days.get(day, 0)) for day, had in before.days.items()}
            left = before._replace(load=before.load - lost.load, days=days)
            yield from self._judge(stage, *with_moved(before, left, moved), before.load)
        return after

    def _loads(self) -> Coming:
        """Return the load of all that is stored and not over; of weddings that are only named lighter none is lost."""
        here = {"source": self._reading.source, "now": self._now}
        with self._asking() as connection:
            load = connection.execute(_LOAD, here).scalar_one()
            days = connection.execute(text(_DAYS.format(days_columns(self._now), near(self._now))), here).one()
        return Coming(0, int(load or 0), days_of(tuple(days), self._now))

    def _judge(self, stage: Stage, before: Coming, after: Coming, most: int) -> Iterator[None]:
        """Question a reading that lost too much of what is not over, or names nothing of it; remember what it lost."""
        back, named = stage.found(self._losses, self._now)
        losses, accepted = self._losses, self._asked if self._accepted else None
        whole, plain = before, after
        if accepted is None:
            stored = self._stored_of(losses)
            whole = with_losses(before, losses, stored, self._now)
            # What was lost and is named again is no news either, however light it came back.
            here = {row.reference for row in stored if row.ends_at > self._now}
            again = [loss for loss in losses if loss.reference in named - here]
            found = with_losses(after, again, (), self._now)
            after = after._replace(weddings=found.weddings, load=min(found.load, max(most, after.load)))
        passed = stage.passed(accepted.at, self._now) if accepted is not None and accepted.at else {}
        problem = questionable(before, after, whole, accepted, passed)
        comes = stage.names_what_comes(self._now)
        # What names nothing is what an export looks like which failed, or of which the last wedding is long over.
        nothing = self._whole and not comes and not self._may_be_empty and (accepted is None or accepted.comes)
        if problem is not None or nothing:
            # As it is without what was lost before: that ends, and what was accepted must not seem less then.
            loses = lost_between(before, plain, comes=comes)._replace(at=self._now)
            yield from self._question(stage, None if problem is None else f"it lost {problem}", loses)
        self._losses = () if self._accepted else remembered(losses, stage.losses(self._now), back, self._now)

    def _stored_of(self, losses: tuple[Loss, ...]) -> list[Placed]:
        """Return what is stored of the weddings in some losses: there is a bounded number of these."""
        references = sorted({loss.reference for loss in losses})
        here = select(_WEDDING.c.reference, _WEDDING.c.starts_at, _WEDDING.c.ends_at, _WEDDING.c.load)
        found: list[Placed] = []
        with self._asking() as connection:
            for first in range(0, len(references), _KEYS_AT_ONCE):
                some = _WEDDING.c.reference.in_(references[first : first + _KEYS_AT_ONCE])
                for reference, starts_at, ends_at, load in connection.execute(
                    here.where(_WEDDING.c.source == self._reading.source, some)
                ):
                    found.append(Placed(reference, to_microseconds(starts_at), to_microseconds(ends_at), load))
        return found

    def _question(self, stage: Stage, what: str | None, lost: Lost) -> Iterator[None]:
        unusable = [_unusable(stage)] if stage.rejected else []
        risen = yield from self._risen(stage)
        said = [*([what] if what else []), _what_remains(stage, self._now, whole=self._whole), *unusable, *risen]
        again = "it is not what was accepted: " if self._accepted else ""
        problem = f"{again}{'; '.join(said)}"
        missing = {"rows": [list(each) for each in stage.missing(self._now)], "total": stage.missing_in_all(self._now)}
        since = self._questioned_at or self._reading.at
        asked = {"accept_next": False, "asked": lost.stored(), "missing": missing, "questioned_at": since}
        self._say({"questioned": True, "problem": problem, **asked, **self._examples(stage)})
        raise _EndedError(Outcome.QUESTIONED)

    def _refuse(self, stage: Stage) -> Iterator[None]:
        if self._whole and stage.names_what_comes(self._now):
            # What stays though the reading does not name it is known only then.
            last: Key | None = FIRST
            while last is not None and (last := self._compare(stage, last)) is not None:
                yield
            stage.keep(self._now)
        risen = yield from self._risen(stage)
        problem = f"{'; '.join([_unusable(stage), *risen])}: correct it, or the names of its columns"
        self._say({**NOT_QUESTIONED, "problem": problem, **self._examples(stage)})
        raise _EndedError(Outcome.REFUSED)

    def _risen(self, stage: Stage) -> Generator[None, None, list[str]]:
        """Return that the level would be higher with a reading that is not taken, in words; nothing where it is not.

        What protects least must not look calm only because a person has not looked at it yet. Never too high: what a
        reading of changes moves counts at its new time alone. A page at a time, and only sums stay in memory. Ask
        after `keep`.
        """
        if not stage.names_what_comes(self._now):
            return []
        own = Stays.NONE if self._whole else Stays.UNNAMED
        self.rise = yield from risen(self._asking, stage, self._reading.source, self._reading.at, own)
        return [self.rise.words] if self.rise else []

    def _examples(self, stage: Stage) -> dict[str, Any]:
        """Return what is said of the rows of a reading that is not taken: nothing where that is said of a good one."""
        return {} if self._has_read else _examples(stage)

    def _say(self, values: dict[str, Any]) -> None:
        """Write what there is to say of the source, and leave its weddings as they are."""
        with self._writing() as connection:
            self._check(connection)
            here = update(_SOURCE).where(_SOURCE.c.name == self._reading.source)
            connection.execute(here.values(attempted_at=self._reading.at, **values))

    def _write(self, stage: Stage, compared: Key) -> Iterator[None]:
        after = FIRST
        while rows := stage.changes(after):
            self._store(rows)
            after = (rows[-1][0], rows[-1][1])
            yield
        while rows := stage.rest(compared):
            self._store(rows)
            compared = (rows[-1][0], rows[-1][1])
            yield

    def _store(self, rows: list[Values]) -> None:
        source = (self._reading.source,)
        with self._changing() as connection:
            store_rows(connection, _WEDDING, [source + row for row in rows])
        self.written += len(rows)

    def _delete(self, stage: Stage) -> Iterator[None]:
        after = FIRST
        key = tuple_(_WEDDING.c.reference, _WEDDING.c.starts_at)
        while gone := stage.deletions(after):
            with self._changing() as connection:
                for first in range(0, len(gone), _KEYS_AT_ONCE):
                    some = [
                        tuple_(literal(reference, String), literal(at, BigInteger))
                        for reference, at in gone[first : first + _KEYS_AT_ONCE]
                    ]
                    here = (_WEDDING.c.source == self._reading.source, key.in_(some))
                    connection.execute(delete(_WEDDING).where(*here))
            self.deleted += len(gone)
            after = gone[-1]
            yield

    @contextmanager
    def _changing(self) -> Iterator[Connection]:
        """Begin a transaction that changes weddings: readers, and whoever else reads the source, can tell."""
        with self._writing() as connection:
            self._check(connection)
            revision = change(connection, self._reading.source, announced=False)
            yield connection
        self._revision = revision

    def _check(self, connection: Connection) -> None:
        """Make sure that nobody else changed the source since this reading began.

        Raises:
            _EndedError: somebody did, or took it over.
        """
        if not self._holds(connection):
            raise _EndedError(Outcome.NOT_OURS)
        here = select(_SOURCE.c.revision, _SOURCE.c.address).where(_SOURCE.c.name == self._reading.source)
        row = connection.execute(here).one_or_none()
        if row is None or row.revision != self._revision or elsewhere(self._reading.address, row.address):
            raise _EndedError(Outcome.OVERTAKEN)

    @property
    def _whole(self) -> bool:
        return self._reading.began_at is None

    def _counts(self, stage: Stage) -> dict[str, Any]:
        if not self._whole:
            # What the last whole reading could not use, or took for other than it says, is as it was.
            said = _examples(stage)
            names = [*(["rejected", "examples"] if stage.rejected else []), *(["notes"] if stage.notes else [])]
            return {"weddings": None, **{name: said[name] for name in names}}
        return {
            "weddings": None,
            "unknown_cultures": stage.unknown_cultures,
            "unknown_kinds": stage.unknown_kinds,
            "repeated": stage.rows - stage.rejected - stage.weddings,
            "kept": self._kept,
            **_examples(stage),
        }

    def _end(self, counts: dict[str, Any]) -> None:
        name = self._reading.source
        taken = {"attempted_at": self._reading.at, "read_at": self._reading.at, "mark": self._reading.mark}
        with self._writing() as connection:
            self._check(connection)
            if "weddings" in counts:
                here = select(func.count()).select_from(_WEDDING).where(_WEDDING.c.source == name)
                counts["weddings"] = connection.execute(here).scalar_one()
            said = {**taken, **NOT_QUESTIONED, "problem": None, **counts}
            if self._stage is not None:
                said["losses"] = [list(each) for each in self._losses]
                comes = self._stage.names_what_comes(self._now)
                if self._whole or comes:
                    said["none_to_come"] = not comes
            if self._whole:
                said |= {"accept_next": False, "asked": []}
            # Only now: a reader that looked after every piece would make the steps of all weddings anew each time.
            said["announced"] = self._revision
            before = select(_SOURCE.c.announced).where(_SOURCE.c.name == name)
            if connection.execute(before).scalar() != self._revision:
                touch(connection)
            connection.execute(update(_SOURCE).where(_SOURCE.c.name == name).values(said))
        self.outcome = Outcome.TAKEN


def change(connection: Connection, source: str, *, announced: bool = True) -> int:
    """Say that the weddings of a source change in this transaction; return the source's new revision.

    Args:
        connection: in a transaction.
        source: whose they are.
        announced: whether readers are told now, or when the reading is at its end.
    """
    grown = update(_SOURCE).where(_SOURCE.c.name == source).values(revision=_SOURCE.c.revision + 1)
    revision = connection.execute(grown.returning(_SOURCE.c.revision)).scalar()
    if announced:
        touch(connection)
    return int(revision or 0)


def touch(connection: Connection) -> None:
    """Say that the calendar changes in this transaction."""
    statement = upsert(connection, _CALENDAR).values(id=1, generation=1)
    connection.execute(
        statement.on_conflict_do_update(index_elements=["id"], set_={"generation": _CALENDAR.c.generation + 1})
    )


def _what_remains(stage: Stage, now: int, *, whole: bool) -> str:
    """Say what a questioned reading still names."""
    if whole and not stage.rows:
        return "it is empty"
    weddings, load, first, last = stage.coming(now)
    if not weddings:
        return "it names no wedding that is still to come"
    days = [from_microseconds(each).strftime("%Y-%m-%d") for each in (first, last)]
    return (
        f"it names {counted(weddings, 'wedding')} to come of load {standard(load)}, from {days[0]} to {days[1]} (UTC)"
    )


def _unusable(stage: Stage) -> str:
    """Say how many rows of a reading cannot be used, and why the first of them."""
    first = "; ".join(stage.examples[:_REASONS])
    return f"{stage.rejected:,} of its {counted(stage.rows, 'row')} cannot be used ({first})"


def _examples(stage: Stage) -> dict[str, Any]:
    return {"rejected": stage.rejected, "examples": list(stage.examples), "notes": list(stage.notes)}


def _stored(row: Any) -> Values:
    """Return a row as it is stored: instants in microseconds."""
    reference, starts_at, ends_at, *others = row
    return (reference, to_microseconds(starts_at), to_microseconds(ends_at), *others)
