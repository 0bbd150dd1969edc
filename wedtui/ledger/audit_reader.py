"""Reading the audit chain: page by page, and believing nothing of what is there."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from wedtui.core.chain import PRUNE_KIND, START, Anchor, Cut, Head, Link, Written, canonical, cut_of, understood
from wedtui.errors import StoreUnreadableError
from wedtui.ledger.kind import LEDGER
from wedtui.ledger.shapes import AUDIT_ANCHOR, AUDIT_DELIVERY
from wedtui.store.instants import from_microseconds, to_microseconds
from wedtui.store.opening import READER_WAITS, readable

PAGE = 500
"""How many links are in memory at once."""
_PAGED = f"ORDER BY number LIMIT {PAGE}"
_COLUMNS = 'number, version, "at", kind, person, action, body, previous, hash'


class AuditReader:
    """Reads the chain, for those who may read the ledger. Used by one thread."""

    def __init__(self, url: str, *, waits: timedelta = READER_WAITS) -> None:
        """Remember where the ledger is; nothing is opened yet.

        Raises:
            ConfigurationError: the URL is not supported.
        """
        self._store = readable(url, LEDGER, waits=waits)

    def written(self, *, since: datetime | None = None, until: datetime | None = None) -> Iterator[Written]:
        """Yield links in their order, as they are found.

        What is appended meanwhile is read too. No snapshot is held between two pages, for a chain only grows.

        Args:
            since: the first link is the first at or after this instant; the links behind it follow whatever they say.
            until: the last link is the last one before this instant.

        Raises:
            StoreError: the ledger cannot be read.
        """
        first, last = self._numbers(since, until)
        while True:
            try:
                page = self._page(first, last)
            except StoreUnreadableError:
                page = self._one_by_one(first, last)
            yield from page
            if len(page) < PAGE:
                return
            first = page[-1].number + 1

    def cut(self) -> Cut | None:
        """Return what a link says was removed from the beginning; None where nothing was, or no link says it."""
        with self._store.reading() as snapshot:
            first = snapshot.scalar("SELECT min(number) FROM audit_link")
            statement = f"SELECT {_COLUMNS} FROM audit_link WHERE kind = ? ORDER BY number DESC"  # noqa: S608 - as above
            rows = [written_of(row) for row in snapshot.values(statement, PRUNE_KIND)]
        links = [link for link in map(link_of, rows) if link is not None]
        return next((cut for link in links if (cut := cut_of(link, first or 1)) is not None), None)

    def before(self, number: int) -> Head:
        """Return where the chain ended before a link."""
        with self._store.reading() as snapshot:
            statement = "SELECT number, hash FROM audit_link WHERE number < ? ORDER BY number DESC LIMIT 1"
            return next((Head(*row) for row in snapshot.values(statement, number)), START)

    def newest(self, most: int) -> list[Written]:
        """Return the newest links, oldest first."""
        with self._store.reading() as snapshot:
            statement = f"SELECT {_COLUMNS} FROM audit_link ORDER BY number DESC LIMIT ?"  # noqa: S608 - as above
            return [written_of(row) for row in snapshot.values(statement, most)][::-1]

    def link(self, number: int) -> Written | None:
        """Return one link."""
        with self._store.reading() as snapshot:
            statement = f"SELECT {_COLUMNS} FROM audit_link WHERE number = ?"  # noqa: S608 - as above
            return next((written_of(row) for row in snapshot.values(statement, number)), None)

    def public_keys(self, kind: str) -> dict[str, str]:
        """Return fingerprint -> public key of every key that the chain says to have signed it.

        Args:
            kind: of the links that say it.
        """
        found: dict[str, str] = {}
        with self._store.reading() as snapshot:
            statement = f"SELECT {_COLUMNS} FROM audit_link WHERE kind = ? ORDER BY number"  # noqa: S608 - as above
            rows = [written_of(row) for row in snapshot.values(statement, kind)]
        for each in rows:
            link = link_of(each)
            if link is not None:
                found[str(link.body.get("fingerprint"))] = str(link.body.get("public_key"))
        return found

    def ends(self) -> tuple[Head, Anchor | None]:
        """Return where the chain ends, and what was signed last."""
        links = "SELECT number, hash FROM audit_link ORDER BY number DESC LIMIT 1"
        with self._store.reading() as snapshot:
            head = next((Head(*row) for row in snapshot.values(links)), START)
            rows = snapshot.rows(AUDIT_ANCHOR, "ORDER BY id DESC LIMIT 1")
            return head, next((anchor_of(row) for row in rows), None)

    def anchors(self, *, after: int = 0, most: int | None = None) -> list[tuple[int, Anchor]]:
        """Return what was signed, oldest first, each with its id.

        Args:
            after: only anchors of a larger id.
            most: at most so many.
        """
        rest = "WHERE id > ? ORDER BY id" + ("" if most is None else f" LIMIT {most:d}")
        with self._store.reading() as snapshot:
            rows = snapshot.rows(AUDIT_ANCHOR, rest, after)
            return [(row.id, anchor_of(row)) for row in rows]

    def delivered(self) -> dict[str, int]:
        """Return place -> the id of the newest anchor that it took."""
        with self._store.reading() as snapshot:
            return {row.place: row.through for row in snapshot.rows(AUDIT_DELIVERY)}

    def close(self) -> None:
        """Let go of every file."""
        self._store.close()

    def _page(self, first: int, last: int) -> list[Written]:
        # Names of ours alone make up the statement.
        statement = f"SELECT {_COLUMNS} FROM audit_link WHERE number >= ? AND number <= ? {_PAGED}"  # noqa: S608
        with self._store.reading() as snapshot:
            return [written_of(row) for row in snapshot.values(statement, first, last)]

    def _one_by_one(self, first: int, last: int) -> list[Written]:
        """Read a page in which a link holds what cannot even be read as text, so that this one can be named.

        Raises:
            StoreUnreadableError: not even the numbers can be read.
        """
        statement = f"SELECT number FROM audit_link WHERE number >= ? AND number <= ? {_PAGED}"  # noqa: S608 - as above
        with self._store.reading() as snapshot:
            numbers = [row[0] for row in snapshot.values(statement, first, last)]
        found = []
        for number in numbers:
            try:
                found += self._page(number, number)
            except StoreUnreadableError:
                found.append(Written(number, None, ""))
        return found

    def _numbers(self, since: datetime | None, until: datetime | None) -> tuple[int, int]:
        """Return the first and the last number that are meant: of the whole chain whatever there is."""
        lowest, highest = -(2**31), 2**31 - 1
        with self._store.reading() as snapshot:
            if since is not None:
                statement = 'SELECT min(number) FROM audit_link WHERE "at" >= ?'
                found = snapshot.scalar(statement, to_microseconds(since))
                lowest = highest if found is None else found
            if until is not None:
                statement = 'SELECT max(number) FROM audit_link WHERE "at" < ?'
                found = snapshot.scalar(statement, to_microseconds(until))
                highest = lowest - 1 if found is None else found
        return lowest, highest


def anchor_of(row: Any) -> Anchor:
    """Return what a row of the table says, whoever read it."""
    return Anchor(row.number, row.hash, row.at, row.key, row.signature)


def written_of(row: Any) -> Written:
    """Return a row of the table as it is found; without a content where no link can have such values."""
    number, version, at, kind, person, action, body, previous, digest = row
    try:
        said = json.loads(body)
        if canonical(said) != body:
            return Written(number, None, str(digest))
        link = Link(number, from_microseconds(at), kind, person, action, said, previous, digest, version)
        return Written(number, link.content, str(digest))
    except (TypeError, ValueError, OverflowError, RecursionError):
        return Written(number, None, str(digest))


def link_of(written: Written) -> Link | None:
    """Return what a link says; None where it was changed."""
    try:
        return understood(written)
    except ValueError:
        return None
