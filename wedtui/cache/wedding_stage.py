"""One reading of a source of weddings, between the source and the cache: checked row by row, held in a file.

The file has no name: whatever ends the process ends it too. Memory stays bounded however many rows there are.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from enum import Enum, auto
from typing import Any

from wedtui.cache.wedding_days import added, days_columns, days_of, near
from wedtui.core.calendar import EXAMPLES_KEPT
from wedtui.core.erasure import NOTHING_FORGOTTEN, Forgotten
from wedtui.core.wedding_loss import (
    ALL_DAYS,
    DAY,
    MISSING_KEPT,
    Coming,
    Loss,
    Lost,
    Missing,
    OfDay,
    Placed,
    lost_between,
    spans,
)
from wedtui.core.wedding_rows import Defaults, RawRow, Rejection, Row, Unusable, read_row, reference_of
from wedtui.store.instants import to_microseconds

MEMORY_KIB = 16 * 1024
PAGE = 10_000
"""Rows that one piece of work compares or hands on."""

MOVED_WITHIN = 12 * 3600 * 1_000_000
"""Microseconds: what is named at another start so near has moved; further away it may be a second day."""

NOTES_KEPT = 5
"""Of the rows of one reading that were used but for a field that counts as other than it says, so many of each kind."""

Values = tuple[Any, ...]
Key = tuple[str, int]
"""Reference and start in microseconds: what a wedding is within its source."""
FIRST: Key = ("", -(2**62))
OfStored = tuple[str, int, int, int]
"""Reference, start, end and load of a row."""


class Stays(Enum):
    """Which of some rows of the cache a reading leaves, beside what `Stage.named` yields."""

    ALL = auto()
    """They are another source's."""
    UNNAMED = auto()
    """Those of weddings that it does not name: it tells what changed, and a wedding that it names may have moved."""
    NONE = auto()
    """It is whole."""


COLUMNS = ("reference", "starts_at", "ends_at", "zone", "venue", "venue_kind", "culture", "guests", "load", "assumed")
_LOAD = COLUMNS.index("load")
_NAMES = ", ".join(COLUMNS)
_TABLE = """
reference TEXT NOT NULL, starts_at INTEGER NOT NULL, ends_at INTEGER NOT NULL, zone TEXT NOT NULL,
venue TEXT NOT NULL, venue_kind TEXT NOT NULL, culture TEXT NOT NULL, guests INTEGER NOT NULL, load INTEGER NOT NULL,
assumed TEXT NOT NULL, PRIMARY KEY (reference, starts_at)
"""
_MAKE = (
    f"PRAGMA cache_size = -{MEMORY_KIB}",
    "PRAGMA journal_mode = OFF",
    "PRAGMA synchronous = OFF",
    # In the order in which they come: sorted once, in the end, they cost a fraction of what each in its place would.
    f"CREATE TABLE incoming ({_NAMES}, place)",
    f"CREATE TABLE fresh ({_TABLE}) WITHOUT ROWID",
    # What the cache has of the page that is being compared.
    f"CREATE TABLE before ({_TABLE}) WITHOUT ROWID",
    "CREATE TABLE unusable (reference TEXT PRIMARY KEY) WITHOUT ROWID",
    """
    CREATE TABLE changed (
        reference TEXT, starts_at INTEGER, is_new INTEGER, PRIMARY KEY (reference, starts_at)
    ) WITHOUT ROWID
    """,
    """
    CREATE TABLE gone (
        reference TEXT, starts_at INTEGER, ends_at INTEGER, load INTEGER, zone TEXT, PRIMARY KEY (reference, starts_at)
    ) WITHOUT ROWID
    """,
    # What is still named but weighs less or is shorter, and what stays though it is not named.
    """
    CREATE TABLE lighter (
        reference TEXT, starts_at INTEGER, ends_at INTEGER, load INTEGER, ends_after INTEGER, load_after INTEGER,
        zone TEXT
    )
    """,
    "CREATE TABLE kept (reference TEXT, starts_at INTEGER, ends_at INTEGER, load INTEGER)",
    # What counts of each wedding, whichever sources name it: without the reading, and with it.
    """
    CREATE TABLE counted (
        reference TEXT, starts_at INTEGER, ends_at INTEGER, had INTEGER, has INTEGER,
        PRIMARY KEY (reference, starts_at, ends_at)
    ) WITHOUT ROWID
    """,
)
_ONE = "both count as one with the longer time and the heavier load"
_ADD = f"INSERT INTO incoming VALUES ({', '.join('?' * (len(COLUMNS) + 1))})"  # noqa: S608 - as below
# Of two rows with one reference and one start the longer time and the heavier load count: never too little.
_SETTLE = f"""
INSERT INTO fresh ({_NAMES}) SELECT {_NAMES} FROM incoming WHERE true ORDER BY reference, starts_at, rowid
ON CONFLICT (reference, starts_at) DO UPDATE SET
    ends_at = max(ends_at, excluded.ends_at), zone = excluded.zone, venue = excluded.venue,
    venue_kind = excluded.venue_kind,
    culture = CASE WHEN excluded.load > load THEN excluded.culture ELSE culture END,
    guests = CASE WHEN excluded.load > load THEN excluded.guests ELSE guests END,
    assumed = CASE WHEN excluded.load > load THEN excluded.assumed ELSE assumed END,
    load = max(load, excluded.load)
"""  # noqa: S608 - names of ours alone make up the statements here
_REPEATS = """
SELECT i.place, f.place FROM (
    SELECT reference, starts_at, min(rowid) AS first FROM incoming
    GROUP BY reference, starts_at HAVING count(*) > 1 LIMIT :most
) r JOIN incoming f ON f.rowid = r.first
JOIN incoming i ON i.reference = r.reference AND i.starts_at = r.starts_at AND i.rowid > r.first
ORDER BY i.rowid LIMIT :most
"""
_WITHIN = "(f.reference, f.starts_at) > (:after, :after_at) AND (f.reference, f.starts_at) <= (:until, :until_at)"
_DIFFERS = " OR ".join(f"f.{name} <> b.{name}" for name in COLUMNS[2:])
_CHANGED = f"""
INSERT INTO changed SELECT f.reference, f.starts_at, b.reference IS NULL FROM fresh f
LEFT JOIN before b ON b.reference = f.reference AND b.starts_at = f.starts_at
WHERE {_WITHIN} AND (b.reference IS NULL OR {_DIFFERS})
"""  # noqa: S608
_GONE = """
INSERT INTO gone SELECT b.reference, b.starts_at, b.ends_at, b.load, b.zone FROM before b
LEFT JOIN fresh f ON f.reference = b.reference AND f.starts_at = b.starts_at WHERE f.reference IS NULL
"""
# Of a wedding that a reading of changes names: what lies across a time that is named, and its only time if one that is
# named begins near. One that begins further away may as well be a day that was added: both count, never too little.
_MOVED = f"""
{_GONE} AND b.reference NOT IN (SELECT reference FROM unusable) AND EXISTS (
    SELECT 1 FROM fresh n WHERE n.reference = b.reference AND (
        (n.starts_at < b.ends_at AND n.ends_at > b.starts_at)
        OR (abs(n.starts_at - b.starts_at) <= {MOVED_WITHIN}
            AND (SELECT count(*) FROM before o WHERE o.reference = b.reference) = 1)
    )
)
"""  # noqa: S608
_LIGHTER = """
INSERT INTO lighter SELECT b.reference, b.starts_at, b.ends_at, b.load, f.ends_at, f.load, b.zone FROM before b
JOIN fresh f ON f.reference = b.reference AND f.starts_at = b.starts_at
WHERE f.load < b.load OR f.ends_at < b.ends_at
"""
_COMING = "SELECT count(DISTINCT reference) FROM before WHERE ends_at > ? AND reference <> ?"
_LAST_COMING = "SELECT max(reference) FROM before WHERE ends_at > ?"
_NOT_NAMED = "NOT EXISTS (SELECT 1 FROM fresh f WHERE f.reference = g.reference AND f.ends_at > :now)"
_LOST = f"""
SELECT count(DISTINCT g.reference) FROM gone g WHERE g.starts_at > :now AND {_NOT_NAMED}
AND NOT EXISTS (SELECT 1 FROM unusable u WHERE u.reference = g.reference)
"""  # noqa: S608
_UNLISTED = f"""
SELECT count(DISTINCT g.reference) FROM gone g WHERE g.starts_at <= :now AND g.ends_at > :now AND {_NOT_NAMED}
AND NOT EXISTS (SELECT 1 FROM gone l WHERE l.reference = g.reference AND l.starts_at > :now)
"""  # noqa: S608
_LOST_LOAD = f"""
SELECT (SELECT total(load) FROM gone g WHERE ends_at > :now AND {_NOT_NAMED})
    + (SELECT total(max(0, load - load_after)) FROM lighter WHERE ends_at > :now)
"""  # noqa: S608
_LOSSES = """
SELECT reference, starts_at, ends_at, load FROM gone WHERE ends_at > :now
UNION ALL SELECT reference, starts_at, ends_at, load FROM lighter WHERE ends_at > :now
"""
_MISSING = """
SELECT reference, zone, starts_at, ends_at, load FROM gone WHERE ends_at > :now
UNION ALL SELECT reference, zone, starts_at, ends_at, load FROM lighter WHERE ends_at > :now
"""
_MISSING_ROWS = f"{_MISSING} ORDER BY starts_at, reference LIMIT :most"
# What the reading names instead: the same start, or the one that is nearest.
_INSTEAD = """
SELECT zone, starts_at, ends_at, load FROM fresh WHERE reference = ? ORDER BY abs(starts_at - ?), starts_at LIMIT 1
"""
_LIGHT = "(SELECT starts_at, ends_after AS ends_at, load_after AS load FROM lighter)"
_NAMED = """
(SELECT starts_at, ends_at, load FROM gone g WHERE EXISTS (SELECT 1 FROM fresh f WHERE f.reference = g.reference))
"""
# The times to which these moved.
_NEW = """
(SELECT f.starts_at, f.ends_at, f.load FROM changed c
JOIN fresh f ON f.reference = c.reference AND f.starts_at = c.starts_at
WHERE c.is_new AND c.reference IN (SELECT reference FROM gone))
"""
# Of each row that is gone, on each day, what is still named at its hours: never more than it weighed there itself.
_SAME_HOURS = """
WITH span(day, since, until) AS (VALUES {})
SELECT day, sum(min(own, same)) FROM (
    SELECT s.day, g.load * ((min(g.ends_at, s.until) - max(g.starts_at, s.since)) / 1000000) AS own,
        sum(min(g.load, f.load) * ((min(g.ends_at, f.ends_at, s.until) - max(g.starts_at, f.starts_at, s.since))
            / 1000000)) AS same
    FROM gone g
    CROSS JOIN fresh f ON f.reference = g.reference AND f.starts_at < g.ends_at AND f.ends_at > g.starts_at
    CROSS JOIN span s ON min(g.ends_at, f.ends_at) > s.since AND max(g.starts_at, f.starts_at) < s.until
    GROUP BY g.reference, g.starts_at, s.day
) GROUP BY day
"""
_KEEP = """
INSERT INTO kept SELECT reference, starts_at, ends_at, load FROM gone
WHERE reference NOT IN (SELECT reference FROM forgotten) AND (
    reference IN (SELECT reference FROM unusable)
    OR (:nameless AND ends_at > :now AND reference NOT IN (SELECT reference FROM fresh))
    OR (starts_at <= :now AND ends_at > :now AND reference NOT IN (SELECT reference FROM fresh))
)
"""
_KEPT = "DELETE FROM gone WHERE (reference, starts_at) IN (SELECT reference, starts_at FROM kept)"
_HEAVIER = "ON CONFLICT DO UPDATE SET had = max(had, excluded.had), has = max(has, excluded.has)"
_COUNT = f"INSERT INTO counted VALUES (?, ?, ?, ?, ?) {_HEAVIER}"  # noqa: S608
_COUNT_UNNAMED = f"""
INSERT INTO counted
VALUES (?1, ?2, ?3, ?4, CASE WHEN EXISTS (SELECT 1 FROM fresh WHERE reference = ?1) THEN 0 ELSE ?4 END) {_HEAVIER}
"""  # noqa: S608
_COUNTED = """
SELECT reference, starts_at, ends_at, had, has FROM counted WHERE (reference, starts_at, ends_at) > (?, ?, ?)
ORDER BY reference, starts_at, ends_at LIMIT ?
"""
_PAGE_OF_KEPT = "SELECT rowid, reference, starts_at, ends_at, load FROM kept WHERE rowid > ? ORDER BY rowid LIMIT ?"
_TO_WRITE = f"""
SELECT {", ".join(f"f.{name}" for name in COLUMNS)} FROM changed c
JOIN fresh f ON f.reference = c.reference AND f.starts_at = c.starts_at
WHERE (c.reference, c.starts_at) > (?, ?) ORDER BY c.reference, c.starts_at LIMIT ?
"""  # noqa: S608
_REST = f"""
SELECT {_NAMES} FROM fresh WHERE (reference, starts_at) > (?, ?) ORDER BY reference, starts_at LIMIT ?
"""  # noqa: S608
_TO_DELETE = """
SELECT reference, starts_at FROM gone WHERE (reference, starts_at) > (?, ?) ORDER BY reference, starts_at LIMIT ?
"""


class Stage:
    """Rows of one reading. Used by one thread at a time; every method may raise `sqlite3.Error` on a full disk."""

    _forgotten = NOTHING_FORGOTTEN

    def __init__(self, defaults: Defaults) -> None:
        """Make an empty one.

        Args:
            defaults: what counts where a row does not say.
        """
        self._defaults = defaults
        # Without a name: SQLite makes it in the directory for temporary files and deletes it at once.
        self._file = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        for statement in _MAKE:
            self._file.execute(statement)
        self.rows = 0
        """That the source sent."""
        self.rejected = 0
        """Of these, could not be used."""
        self.nameless = 0
        """Of these, which wedding they are about cannot be told either."""
        self.examples: list[str] = []
        """Some of those: `line 17: zone: expected an IANA time zone`."""
        self.notes: list[str] = []
        """Some of those that were used, but count as other than they say; a few of each kind."""
        self._noted: Counter[Rejection] = Counter()
        self.unknown_cultures = 0
        self.unknown_kinds = 0

    def take(self, rows: Iterable[RawRow | Unusable]) -> None:
        """Check rows and keep those that can be used."""
        good: list[Values] = []
        unusable: list[tuple[str]] = []
        for raw in rows:
            self.rows += 1
            read = raw.why if isinstance(raw, Unusable) else read_row(raw, self._defaults)
            if isinstance(read, Rejection):
                self._reject(raw, read, unusable)
                continue
            for note in read.notes:
                self._note(raw, note)
            self.unknown_cultures += read.unknown_culture
            self.unknown_kinds += read.unknown_kind
            good.append((*_values(read), raw.place))
        self._file.execute("BEGIN")
        self._file.executemany(_ADD, good)
        self._file.executemany("INSERT OR IGNORE INTO unusable VALUES (?)", unusable)
        self._file.execute("COMMIT")

    def settle(self) -> None:
        """Put in order what was taken; then it can be asked for. Takes seconds for a million rows."""
        self._file.execute(_SETTLE)
        if self.weddings < self.rows - self.rejected:
            # Sorts it all once more, so only where there is any.
            for place, first in self._file.execute(_REPEATS, {"most": EXAMPLES_KEPT}):
                self.notes.append(f"{place}: reference: repeats {first}, start included, and {_ONE}")
        self._file.execute("DROP TABLE incoming")

    def _reject(self, raw: RawRow | Unusable, why: Rejection, unusable: list[tuple[str]]) -> None:
        self.rejected += 1
        self._quote(self.examples, raw, why)
        reference = reference_of(raw)
        if reference is not None:
            unusable.append((reference,))
        else:
            self.nameless += 1

    def _note(self, raw: RawRow | Unusable, why: Rejection) -> None:
        """Quote some of each kind: many cultures that are not known must not hide a guest too many."""
        self._noted[why] += 1
        if self._noted[why] <= NOTES_KEPT:
            self._quote(self.notes, raw, why)

    @staticmethod
    def _quote(where: list[str], raw: RawRow | Unusable, why: Rejection) -> None:
        if len(where) < EXAMPLES_KEPT:
            where.append(f"{raw.place}: {why.field}: {why.expected}")

    @property
    def weddings(self) -> int:
        """How many there are."""
        return int(self._file.execute("SELECT count(*) FROM fresh").fetchone()[0])

    def anonymise(self, forgotten: Forgotten) -> None:
        """Give forgotten weddings the aliases that stand in their places, and erase where they are."""
        if not forgotten.aliases:
            return
        self._forgotten = forgotten
        self._file.create_function("alias_of", 1, forgotten.alias_of, deterministic=True)
        self._file.execute(
            "UPDATE OR REPLACE fresh SET reference = alias_of(reference), venue = '', venue_kind = ''"
            " WHERE alias_of(reference) IS NOT NULL"
        )
        self._file.execute(
            "UPDATE OR REPLACE unusable SET reference = alias_of(reference) WHERE alias_of(reference) IS NOT NULL"
        )

    def references(self, after: str) -> list[str]:
        """Return the next references in their order, at most 500."""
        statement = "SELECT DISTINCT reference FROM fresh WHERE reference > ? ORDER BY reference LIMIT 500"
        return [reference for (reference,) in self._file.execute(statement, (after,))]

    def compare(self, page: Sequence[Values], after: Key, until: Key, *, whole: bool) -> None:
        """Note what differs from what the cache has between two keys.

        Args:
            page: all that the cache has there, with the values of `COLUMNS`.
            after: what is after this key.
            until: up to this one, included.
            whole: whether what the reading does not name is gone; else, of the weddings that it names, what has moved.
        """
        bounds = {"after": after[0], "after_at": after[1], "until": until[0], "until_at": until[1]}
        self._file.execute("BEGIN")
        self._file.execute("DELETE FROM before")
        self._file.executemany(f"INSERT INTO before VALUES ({', '.join('?' * len(COLUMNS))})", page)  # noqa: S608
        self._file.execute(_CHANGED, bounds)
        self._file.execute(_LIGHTER)
        self._file.execute(_GONE if whole else _MOVED)
        self._file.execute("COMMIT")

    def known(self, now: int, counted: str) -> tuple[Coming, str]:
        """Return what is not over of the page compared last, and the last wedding that was counted.

        Args:
            now: in microseconds.
            counted: the last that was counted of the page before: its other days may be on this one.
        """
        last = self._file.execute(_LAST_COMING, (now,)).fetchone()[0]
        weddings = int(self._file.execute(_COMING, (now, counted)).fetchone()[0])
        return self._loads("before", now)._replace(weddings=weddings), last or counted

    def lost(self, now: int) -> int:
        """Return how many weddings that have not begun the reading does not name any more; ask before `keep`."""
        return int(self._file.execute(_LOST, {"now": now}).fetchone()[0])

    def unlisted(self, now: int) -> int:
        """Return how many have begun, are not over, and are not named any more; ask before `keep`."""
        return int(self._file.execute(_UNLISTED, {"now": now}).fetchone()[0])

    def lost_load(self, now: int) -> int:
        """Return the load of these, and of what is named and weighs less now; ask after `keep`."""
        return int(self._file.execute(_LOST_LOAD, {"now": now}).fetchone()[0])

    def left(self, now: int) -> Coming:
        """Return what is not over once the reading is taken; ask after `keep`."""
        named = "SELECT count(DISTINCT reference) FROM fresh WHERE ends_at > ?"
        weddings = int(self._file.execute(named, (now,)).fetchone()[0])
        return added(Coming(weddings), added(self._loads("fresh", now), self._loads("kept", now)))

    def passed(self, since: int, now: int) -> dict[int, int]:
        """Return what went by of the day that it is, and of all days, in what is left; ask after `keep`.

        Args:
            since: from when on, in microseconds.
            now: until when.
        """
        midnight = now // DAY * DAY
        return {ALL_DAYS: self._worked(since, now), now // DAY: self._worked(max(since, midnight), now)}

    def _worked(self, since: int, until: int) -> int:
        """Return load x seconds of what is left, from one instant to another."""
        work = "total(load * ((min(ends_at, :until) - max(starts_at, :since)) / 1000000))"
        here = "WHERE starts_at < :until AND ends_at > :since"
        found = 0
        for table in ("fresh", "kept"):
            statement = f"SELECT {work} FROM {table} {here}"  # noqa: S608
            found += int(self._file.execute(statement, {"since": since, "until": until}).fetchone()[0])
        return found

    def moved(self, now: int) -> dict[int, OfDay]:
        """Return what of each day weddings weighed that are named now, but not at those hours; ask after `keep`."""
        was = self._loads(_NAMED, now).days
        days = ", ".join(f"({day}, {since}, {until})" for day, since, until in spans(now))
        same = dict(self._file.execute(_SAME_HOURS.format(days)).fetchall())
        return {day: had._replace(work=max(0, had.work - same.get(day, 0))) for day, had in was.items()}

    def lighter(self, now: int) -> Lost:
        """Return by how much weddings weigh less, or are shorter, that are named as before and are not over.

        Of all the days together also what moved off them: on a day alone that shows in its hours (`moved`).
        """
        lost = lost_between(self._loads("lighter", now), self._loads(_LIGHT, now), comes=True)
        was, here = (self._loads(table, now).days[ALL_DAYS].work for table in (_NAMED, _NEW))
        together = lost.days.get(ALL_DAYS, 0) + max(0, was - here)
        return lost._replace(load=self.lost_load(now), days={**lost.days, ALL_DAYS: together})

    def coming(self, now: int) -> tuple[int, int, int, int]:
        """Return what the reading names that is not over: how many, their load, the first start, the last end."""
        statement = "SELECT count(DISTINCT reference), total(load), min(starts_at), max(ends_at) FROM fresh"
        count, load, first, last = self._file.execute(f"{statement} WHERE ends_at > ?", (now,)).fetchone()
        return count, int(load), first or 0, last or 0

    def count_stored(self, rows: Iterable[OfStored], *, stays: Stays) -> None:
        """Count some rows of the cache without the reading, and those that stay also with it.

        Args:
            rows: a page of them.
            stays: which.
        """
        if stays is Stays.UNNAMED:
            self._count(_COUNT_UNNAMED, rows)
        else:
            self._count(_COUNT, ((*row, row[3] if stays is Stays.ALL else 0) for row in rows))

    def count_named(self, rows: Iterable[OfStored]) -> None:
        """Count some rows with the reading that it brings, or leaves though it does not name them."""
        self._count(_COUNT, ((reference, start, end, 0, load) for reference, start, end, load in rows))

    def _count(self, statement: str, rows: Iterable[Values]) -> None:
        self._file.execute("BEGIN")
        self._file.executemany(statement, rows)
        self._file.execute("COMMIT")

    def named(self) -> Iterator[list[OfStored]]:
        """Yield, by the page, what the reading brings, and what stays though it does not name it; ask after `keep`."""
        after = FIRST
        while page := self.rest(after):
            after = (page[-1][0], page[-1][1])
            yield [(*row[:3], row[_LOAD]) for row in page]
        last = 0
        while kept := self._file.execute(_PAGE_OF_KEPT, (last, PAGE)).fetchall():
            last = kept[-1][0]
            yield [row[1:] for row in kept]

    def counted(self) -> Iterator[list[tuple[int, int, int, int]]]:
        """Yield by the page what was counted: start, end, what it weighs without the reading, and with it."""
        after: Values = (*FIRST, FIRST[1])
        while page := self._file.execute(_COUNTED, (*after, PAGE)).fetchall():
            after = page[-1][:3]
            yield [row[1:] for row in page]

    def found(self, losses: Iterable[Loss], now: int) -> tuple[set[Key], set[str]]:
        """Return what of earlier losses the reading names as it was before, and what it names at any time."""
        back, named = set(), set()
        same = "SELECT 1 FROM fresh WHERE reference = ? AND starts_at = ? AND ends_at >= ? AND load >= ?"
        any_time = "SELECT 1 FROM fresh WHERE reference = ? AND ends_at > ? LIMIT 1"
        for loss in losses:
            if self._file.execute(same, loss[1:5]).fetchone() is not None:
                back.add((loss.reference, loss.starts_at))
            if self._file.execute(any_time, (loss.reference, now)).fetchone() is not None:
                named.add(loss.reference)
        return back, named

    def names_what_comes(self, now: int) -> bool:
        """Whether the reading names any wedding that is not over."""
        return bool(self._file.execute("SELECT EXISTS (SELECT 1 FROM fresh WHERE ends_at > ?)", (now,)).fetchone()[0])

    def losses(self, now: int) -> Iterator[Placed]:
        """Yield rows as they were that taking the reading takes away, makes lighter or shorter; ask after `keep`."""
        for row in self._file.execute(_LOSSES, {"now": now}):
            yield Placed(*row)

    def missing(self, now: int) -> Iterator[Missing]:
        """Yield the soonest of these, `MISSING_KEPT` at most, with what is named instead; ask after `keep`."""
        for row in self._file.execute(_MISSING_ROWS, {"now": now, "most": MISSING_KEPT}).fetchall():
            before = Missing(*row)
            instead = self._file.execute(_INSTEAD, (before.reference, before.starts_at)).fetchone()
            yield before if instead is None else Missing(*row, *instead)

    def missing_in_all(self, now: int) -> int:
        """Return how many of these there are; ask after `keep`."""
        return int(self._file.execute(f"SELECT count(*) FROM ({_MISSING})", {"now": now}).fetchone()[0])  # noqa: S608

    def _loads(self, table: str, now: int) -> Coming:
        total = f"SELECT total(load) FROM {table} WHERE ends_at > ?"  # noqa: S608
        load = int(self._file.execute(total, (now,)).fetchone()[0])
        days = self._file.execute(f"SELECT {days_columns(now)} FROM {table} WHERE {near(now)}").fetchone()  # noqa: S608
        return Coming(0, load, days_of(days, now))

    def keep(self, now: int) -> int:
        """Keep what is not to be deleted though the reading does not name it; return how many weddings that are.

        It is what a row named that could not be used: its last good state stays. And what has begun and is not over:
        many a source lists only what is still to come. While it cannot be told which weddings the unusable rows are
        about, everything stays that is not over. What was forgotten never stays under its own name.
        """
        known = self._file.execute("SELECT DISTINCT reference FROM gone") if self._forgotten.aliases else ()
        named = [(reference,) for (reference,) in known if self._forgotten.alias_of(reference) is not None]
        self._file.execute("CREATE TEMP TABLE IF NOT EXISTS forgotten (reference TEXT PRIMARY KEY)")
        self._file.executemany("INSERT OR IGNORE INTO forgotten VALUES (?)", named)
        nameless = self.nameless > 0
        kept = self._file.execute(_KEEP, {"now": now, "nameless": nameless}).rowcount
        self._file.execute(_KEPT)
        return kept

    def changes(self, after: Key) -> list[Values]:
        """Return the next rows that are new or changed, of what was compared."""
        return self._file.execute(_TO_WRITE, (*after, PAGE)).fetchall()

    def rest(self, after: Key) -> list[Values]:
        """Return the next rows after a key: all of them, for the end that nothing in the cache compares with."""
        return self._file.execute(_REST, (*after, PAGE)).fetchall()

    def deletions(self, after: Key) -> list[Key]:
        """Return the next keys that are gone."""
        return self._file.execute(_TO_DELETE, (*after, PAGE)).fetchall()

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()


def _values(row: Row) -> Values:
    w = row.wedding
    return (
        w.reference,
        to_microseconds(w.start),
        to_microseconds(w.end),
        w.zone,
        w.venue,
        w.venue_kind,
        w.culture,
        w.guests,
        w.load,
        ",".join(w.assumed),
    )
