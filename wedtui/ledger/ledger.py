"""Writing the ledger: what persons freeze and how far they raise protection; what changed in the configuration."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from wedtui.core.alerts.rule import RuleBook
from wedtui.core.alerts.silences import Preview, Silence
from wedtui.core.chain import Entry, instant_words
from wedtui.core.deployments.release import Release
from wedtui.core.freeze import LOCKDOWN, PRODUCTION, UNTIL_LIFTED
from wedtui.core.notify import Level
from wedtui.core.protection import RAISED_AT_MOST
from wedtui.core.season import Protection
from wedtui.core.tokens import Token
from wedtui.core.wording import duration, utc_words
from wedtui.errors import ConfigurationError, ConflictError, NotFoundError
from wedtui.ledger import automation
from wedtui.ledger.alerts import Acknowledged, acknowledge
from wedtui.ledger.audit import NOTHING, append, say_beside
from wedtui.ledger.broadcasts import broadcast
from wedtui.ledger.changes import FILES
from wedtui.ledger.frozen import judged_now
from wedtui.ledger.kind import LEDGER
from wedtui.ledger.outbox import dismiss
from wedtui.ledger.outbox_reader import NoticeEntry
from wedtui.ledger.overrides import end_all, end_override, override
from wedtui.ledger.reader import FreezeEntry, OverrideEntry, RaiseEntry, entry_of, raise_of
from wedtui.ledger.release_moves import Noted
from wedtui.ledger.releases import Move, moved, submitted
from wedtui.ledger.requests import StoredAnswer, answered, keep_answer
from wedtui.ledger.silence_reader import SilenceEntry
from wedtui.ledger.silences import end_silence, silence
from wedtui.ledger.tables import METADATA
from wedtui.ledger.tokens import TokenWanted, make_token, revoke_token, rotate_token, used_token
from wedtui.ledger.weddings import forget, settle
from wedtui.store.opening import WRITER_WAITS, writable

FREEZE_PERIOD = METADATA.tables["freeze_period"]
CONFIGURATION_CHANGE = METADATA.tables["configuration_change"]
PROTECTION_RAISE = METADATA.tables["protection_raise"]
WEDDING_IMPORT = METADATA.tables["wedding_import"]
IMPORT_KIND, DROP_KIND, ACCEPT_KIND = "weddings.import", "weddings.drop", "weddings.accept"
"""The kinds of the links that say what persons decide about sources of weddings."""


class Ledger:
    """The ledger in the hands of one who may write it. Used by one thread at a time; several processes may.

    A method that returns has stored what it says, through a crash of the machine, and with it a link of the audit chain
    for what a person decided. Each raises a StoreError when it cannot.
    """

    def __init__(self, url: str, *, waits: timedelta = WRITER_WAITS, drill: bool = False) -> None:
        """Open the ledger, make it where there is none, and bring it up to date (a copy is kept).

        Args:
            url: where it is.
            waits: how long to wait for another process that holds it.
            drill: whether its world is a made-up one: what is done goes on record as the drill that it is.

        Raises:
            ConfigurationError: the URL is not supported.
            StoreError: it cannot be opened.
        """
        self._store = writable(url, LEDGER, waits=waits)
        self._beside: Mapping[str, Any] = {"drill": True} if drill else NOTHING
        self._open: Connection | None = None

    @contextmanager
    def together(self, beside: Mapping[str, Any] = NOTHING) -> Iterator[None]:
        """Make one transaction of everything that is done in a block: all of it is stored, or nothing.

        Args:
            beside: what every link of it says beside its own words, such as the role of who asks.

        Raises:
            StoreError: it could not be stored.
        """
        with self._store.writing() as connection, self._within(connection):
            say_beside(connection, {**beside, **self._beside})
            yield

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        """Run a block in the transaction that is open, or else in one of its own."""
        if self._open is not None:
            yield self._open
            return
        with self._store.writing() as connection:
            say_beside(connection, self._beside)
            yield connection

    @contextmanager
    def _within(self, connection: Connection) -> Iterator[None]:
        """Have the methods that are called in a block take part in a transaction."""
        before, self._open = self._open, connection
        try:
            yield
        finally:
            self._open = before

    def record(self, kind: str, person: str, body: Mapping[str, Any], at: datetime) -> None:
        """Put something on the audit chain that no other method puts there."""
        with self._writing() as connection:
            append(connection, Entry(at, kind, person, body))

    def add_freeze(
        self,
        name: str,
        start: datetime,
        end: datetime,
        *,
        reason: str,
        added_by: str,
        added_at: datetime,
        environments: Iterable[str] = (PRODUCTION,),
        services: Iterable[str] = (),
    ) -> FreezeEntry:
        """Freeze an interval [start, end) of aware instants.

        Raises:
            ConfigurationError: it would end before it begins.
        """
        if end <= start:
            raise ConfigurationError(
                f'the freeze "{name}" would end at {utc_words(end)}, not after its start: name a later end'
            )
        values = {
            "name": name,
            "start": start,
            "end": end,
            "environments": sorted(environments),
            "services": sorted(services),
            "reason": reason,
            "added_by": added_by,
            "added_at": added_at,
        }
        with self._writing() as connection:
            number = connection.execute(insert(FREEZE_PERIOD).values(values).returning(FREEZE_PERIOD.c.id)).scalar_one()
            said = {"start": instant_words(start), "end": instant_words(end), "reason": reason}
            scope = {"environments": values["environments"], "services": values["services"]}
            body = {"freeze": number, "name": name, **said, **scope}
            append(connection, Entry(added_at, "freeze.add", added_by, body))
            return entry_of(_freeze_row(connection, number))

    def lift_freeze(self, number: int, *, by: str, at: datetime, reason: str) -> FreezeEntry:
        """End a freeze at an instant; what was frozen until then stays on record.

        Raises:
            NotFoundError: there is no freeze of that number.
            ConflictError: it was lifted already, or is over.
        """
        with self._writing() as connection:
            row = _freeze_row(connection, number)
            if row.lifted_at is not None:
                raise ConflictError(
                    f"freeze {number} was lifted already, by {row.lifted_by} at {utc_words(row.lifted_at)}: "
                    "see `wedtui freeze list --all`"
                )
            if row.end <= at:
                raise ConflictError(f"freeze {number} ended at {utc_words(row.end)}: there is nothing to lift")
            values = {"lifted_at": at, "lifted_by": by, "lift_reason": reason}
            connection.execute(update(FREEZE_PERIOD).where(FREEZE_PERIOD.c.id == number).values(values))
            body = {"freeze": number, "name": row.name, "end": instant_words(row.end), "reason": reason}
            append(connection, Entry(at, "freeze.lift", by, body))
            return entry_of(_freeze_row(connection, number))

    def lock_down(self, *, reason: str, by: str, at: datetime, until: datetime | None = None) -> FreezeEntry:
        """Freeze everything from an instant on, until another or until it is lifted; no override outlives that.

        Raises:
            ConfigurationError: it would end before it begins.
        """
        with self._writing() as connection:
            ended = end_all(connection, by=by, at=at, reason=f"{LOCKDOWN}: {reason}")
            end = until or UNTIL_LIFTED
            with self._within(connection):
                # No environment and no service is named: all are meant.
                entry = self.add_freeze(
                    LOCKDOWN, at, end, reason=reason, added_by=by, added_at=at, environments=(), services=()
                )
            return replace(entry, overrides_ended=ended)

    def override_freeze(self, name: str, *, reason: str, by: str, at: datetime, until: datetime) -> OverrideEntry:
        """Override a freeze for one object up to an instant; raises what `overrides.override` does."""
        with self._writing() as connection:
            return override(connection, name, reason=reason, by=by, at=at, until=until)

    def end_override(self, number: int, *, by: str, at: datetime, reason: str) -> OverrideEntry:
        """End an override before it ends by itself; raises what `overrides.end_override` does."""
        with self._writing() as connection:
            return end_override(connection, number, by=by, at=at, reason=reason)

    def raise_protection(
        self, level: Protection, *, reason: str, by: str, at: datetime, expires_at: datetime
    ) -> RaiseEntry:
        """Ask for at least a protection level from an instant up to another; it ends by itself.

        Raises:
            ConfigurationError: it would raise nothing, or not end in time.
        """
        if not level.wedding_day:
            raise ConfigurationError(f"a raise to {level} would raise nothing: name HIGH or MAXIMUM")
        if not at < expires_at <= at + RAISED_AT_MOST:
            raise ConfigurationError(
                f"a raise from {utc_words(at)} to {utc_words(expires_at)} is not possible: "
                f"name an end within {duration(RAISED_AT_MOST)}"
            )
        values = {"level": level.value, "reason": reason, "raised_by": by, "raised_at": at, "expires_at": expires_at}
        with self._writing() as connection:
            statement = insert(PROTECTION_RAISE).values(values).returning(PROTECTION_RAISE.c.id)
            number = connection.execute(statement).scalar_one()
            body = {"raise": number, "level": level.value, "until": instant_words(expires_at), "reason": reason}
            append(connection, Entry(at, "protection.raise", by, body))
            return raise_of(_raise_row(connection, number))

    def lower_protection(self, number: int, *, by: str, at: datetime, reason: str) -> RaiseEntry:
        """End a raise before it ends by itself; it stays on record.

        Raises:
            NotFoundError: there is no raise of that number.
            ConflictError: it is over.
        """
        with self._writing() as connection:
            entry = raise_of(_raise_row(connection, number))
            if entry.end <= at or entry.lowered_at is not None:
                who = f", lowered by {entry.lowered_by}" if entry.lowered_by else ""
                raise ConflictError(f"raise {number} ended at {utc_words(entry.end)}{who}: there is nothing to lower")
            values = {"lowered_at": at, "lowered_by": by, "lower_reason": reason}
            connection.execute(update(PROTECTION_RAISE).where(PROTECTION_RAISE.c.id == number).values(values))
            body = {"raise": number, "level": entry.level.value, "reason": reason}
            append(connection, Entry(at, "protection.lower", by, body))
            return raise_of(_raise_row(connection, number))

    def note_configuration(self, digest: str, *, at: datetime, seen_by: str, changes: Sequence[str]) -> bool:
        """Note that the configuration changed, unless it is the one that was noted last.

        Args:
            digest: of the whole configuration.
            at: when it was seen.
            seen_by: who runs with it.
            changes: what changed, in redacted sentences.

        Returns:
            Whether it was noted.
        """
        with self._writing() as connection:
            last = connection.execute(
                select(CONFIGURATION_CHANGE.c.digest)
                .where(CONFIGURATION_CHANGE.c.seen_by.not_in(FILES))
                .order_by(CONFIGURATION_CHANGE.c.id.desc())
                .limit(1)
            ).scalar()
            if last == digest:
                return False
            values = {"at": at, "digest": digest, "seen_by": seen_by, "changes": list(changes)}
            connection.execute(insert(CONFIGURATION_CHANGE).values(values))
            return True

    def forget_wedding(self, reference: str, *, by: str, at: datetime) -> str:
        """Forget the wedding of a reference; return the alias that stands in its place.

        What is kept of the reference is a keyed digest. Forgetting twice gives the same alias.
        """
        with self._writing() as connection:
            alias = forget(connection, reference, by=by, at=at)
            append(connection, Entry(at, "weddings.forget", by, {"alias": alias}))
            return alias

    def settle_forgotten(self, named: Collection[str], at: datetime) -> int:
        """Delete the digests of weddings that no source has named for a month; return how many.

        Args:
            named: the aliases that a source still names.
            at: an aware instant.
        """
        with self._writing() as connection:
            return settle(connection, named, at)

    def answered(self, identity: str, key: str) -> StoredAnswer | None:
        """Return what was answered to a request, or None where there was none of that identity and key."""
        with self._writing() as connection:
            return answered(connection, identity, key)

    def answer(self, identity: str, key: str, given: StoredAnswer, *, at: datetime) -> None:
        """Keep what is answered to a request, so that the same one again is not done again; old answers go."""
        with self._writing() as connection:
            keep_answer(connection, identity, key, given, at)

    def note_import(self, source: str, kind: str, changes: Mapping[str, int], *, by: str, at: datetime) -> None:
        """Note that a person imported weddings by hand: a cache that does not know them has lost them.

        Args:
            source: as which source.
            kind: of what kind the file was.
            changes: what it came to, as numbers of rows by name.
            by: who.
            at: when.
        """
        values = {"source": source, "kind": kind, "imported_at": at, "imported_by": by}
        with self._writing() as connection:
            connection.execute(insert(WEDDING_IMPORT).values(values))
            append(connection, Entry(at, IMPORT_KIND, by, {"source": source, "kind": kind, **changes}))

    def drop_import(self, source: str, rows: int | None, *, by: str, at: datetime) -> None:
        """Note that what persons imported as a source is not to count any more; it stays on record.

        Args:
            source: as which source it was imported.
            rows: how many counted; None where the cache has lost them, or cannot be asked.
            by: who.
            at: when.
        """
        here = (WEDDING_IMPORT.c.source == source, WEDDING_IMPORT.c.dropped_at.is_(None))
        with self._writing() as connection:
            done = connection.execute(update(WEDDING_IMPORT).where(*here).values(dropped_at=at, dropped_by=by))
            if done.rowcount:
                append(connection, Entry(at, DROP_KIND, by, {"source": source, "rows": rows}))

    def submit_release(self, make: Callable[[datetime], Release], key: str, *, by: str) -> Release:
        """Put a release in the queue, by the clock by which the database judges; raises what `releases.submitted` does.

        Args:
            make: the release, at an instant of that clock.
            key: of the request, unique to who asks.
            by: who.
        """
        with self._writing() as connection:
            return submitted(connection, make(judged_now(connection)), key, by)

    def move_release(self, number: int, name: str, move: Move, *, by: str, reason: str = "") -> Release:
        """Make one move of a release, by the clock by which the database judges; raises what `releases.moved` does."""
        with self._writing() as connection:
            return moved(connection, number, move, Noted(judged_now(connection), by, reason, name))

    def dismiss_notification(self, number: int, *, by: str, at: datetime, reason: str) -> NoticeEntry:
        """Note that a person looked at a dead letter; raises NotFoundError, and ConflictError where it is none."""
        with self._writing() as connection:
            return dismiss(connection, number, by=by, reason=reason, at=at)

    def acknowledge_alert(self, key: str, *, by: str, at: datetime, reason: str) -> Acknowledged:
        """Note that a person looks at an alert that fires; raises a NotFoundError where none of that key does."""
        with self._writing() as connection:
            return acknowledge(connection, key, by=by, at=at, reason=reason)

    def silence_alerts(self, asked: Silence, book: RuleBook, hides: Preview | None) -> SilenceEntry:
        """Have some alerts not be told for a while; raises what `silences.silence` does."""
        with self._writing() as connection:
            return silence(connection, asked, book, hides)

    def end_silence(self, number: int, *, by: str, at: datetime, reason: str) -> SilenceEntry:
        """End a silence before it ends by itself; raises what `silences.end_silence` does."""
        with self._writing() as connection:
            return end_silence(connection, number, by=by, at=at, reason=reason)

    def broadcast(
        self, message: str, severity: Level, *, by: str, at: datetime, channels: Sequence[str]
    ) -> NoticeEntry:
        """Have every channel told what a person says; raises what `broadcasts.broadcast` does."""
        with self._writing() as connection:
            return broadcast(connection, message, severity, by=by, at=at, channels=channels)

    def make_token(self, wanted: TokenWanted, *, by: str, at: datetime) -> Token:
        """Have a token count from an instant on; raises what `tokens.make_token` does."""
        with self._writing() as connection:
            return make_token(connection, wanted, by=by, at=at)

    def rotate_token(
        self, number: int, digest: str, *, overlap: timedelta, lasts: timedelta | None, by: str, at: datetime
    ) -> Token:
        """Give a token another secret; raises what `tokens.rotate_token` does."""
        with self._writing() as connection:
            return rotate_token(connection, number, digest, overlap=overlap, lasts=lasts, by=by, at=at)

    def revoke_token(self, number: int, *, by: str, at: datetime, reason: str) -> Token:
        """End a token at once; raises what `tokens.revoke_token` does."""
        with self._writing() as connection:
            return revoke_token(connection, number, by=by, at=at, reason=reason)

    def token_used(self, number: int, at: datetime) -> None:
        """Note when a token was used last."""
        with self._writing() as connection:
            used_token(connection, number, at)

    def stop_automation(self, *, by: str, at: datetime, reason: str) -> automation.Stop:
        """Stop all automation; raises a ConflictError where it is stopped already."""
        with self._writing() as connection:
            return automation.stop(connection, by=by, at=at, reason=reason)

    def resume_automation(self, *, by: str, at: datetime, reason: str) -> automation.Stop:
        """Let automation go on, and return what had stopped it; raises a ConflictError where nothing had."""
        with self._writing() as connection:
            return automation.resume(connection, by=by, at=at, reason=reason)

    def close(self) -> None:
        """Let go of the file."""
        self._store.close()


def _freeze_row(connection: Connection, number: int) -> Row[Any]:
    row = connection.execute(select(FREEZE_PERIOD).where(FREEZE_PERIOD.c.id == number)).one_or_none()
    if row is None:
        raise NotFoundError(f"there is no freeze {number}: `wedtui freeze list` says which there are")
    return row


def _raise_row(connection: Connection, number: int) -> Row[Any]:
    row = connection.execute(select(PROTECTION_RAISE).where(PROTECTION_RAISE.c.id == number)).one_or_none()
    if row is None:
        raise NotFoundError(f"there is no raise {number}: `wedtui protection list` says which there are")
    return row
