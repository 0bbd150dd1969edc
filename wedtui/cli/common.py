"""What every command needs: the session it runs in, instants from the command line, JSON on standard output."""

from __future__ import annotations

import difflib
import json
import os
import pwd
import re
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from wedtui.clock import Clock, SystemClock
from wedtui.core.freeze import PRODUCTION, Scope
from wedtui.core.freeze_windows import shifted
from wedtui.errors import ConfigurationError
from wedtui.paths import STATE_DIR_VARIABLE, StatePaths, machine_name, state_paths

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from wedtui.config import Configuration
    from wedtui.config_file import Loaded
    from wedtui.ledger.ledger import Ledger
    from wedtui.ledger.reader import LedgerReader

_Decision = TypeVar("_Decision")
_YEARS = re.compile(r"([0-9]{1,3})\s*y")
_AGO = re.compile(r"(?P<sign>-?)\s*(?P<span>[0-9].*)")

LOOKED_AHEAD = timedelta(days=14)
"""How far a question about what is to come looks that does not say it."""

RANGE_FROM = Annotated[
    str, typer.Option("--from", metavar="T", help="An instant with its offset, now, or so long from now: +2d.")
]
RANGE_TO = Annotated[str | None, typer.Option("--to", metavar="T", help="Likewise; by default 14 days later.")]


@dataclass
class Session:
    """One run of the command line."""

    config_path: Path | None = None
    clock: Clock = field(default_factory=SystemClock)
    demo: bool = False
    """Whether it is about a demo's made-up world."""

    @cached_property
    def loaded(self) -> Loaded:
        """The configuration.

        Raises:
            ConfigurationError: it cannot be used.
        """
        from wedtui.config_file import load  # the validator is heavy, and `--help` does without

        return load(self.config_path, os.environ)

    @cached_property
    def paths(self) -> StatePaths:
        """The state directory.

        Raises:
            ConfigurationError: no variable names it, and the configuration, which might, cannot be used.
        """
        named = os.environ.get(STATE_DIR_VARIABLE)
        return state_paths(os.environ, None if named else self.loaded.configuration.service)

    @property
    def vantage(self) -> str:
        """From where this machine's service watches."""
        return self.loaded.configuration.service.vantage or machine_name()

    @property
    def place(self) -> str:
        """This machine and state directory, of which there is one service at a time."""
        return self.paths.place

    @property
    def cache_url(self) -> str:
        """Where the cache is."""
        return self.paths.cache_url(self.loaded.configuration)

    @property
    def ledger_url(self) -> str:
        """Where the ledger is."""
        return self.paths.ledger_url(self.loaded.configuration)


def session_of(context: typer.Context) -> Session:
    """Return the session that the root of the command line made."""
    session = context.find_object(Session)
    assert session is not None
    return session


def starting(session: Session) -> str:
    """Return the command that starts a service here."""
    shared = session.loaded.configuration.service.mode == "shared"
    return "systemctl start wedtui" if shared else "wedtui service start"


def person() -> str:
    """Return the operating-system user of this process, by the kernel's word rather than the environment's."""
    return _user(os.getuid())


def owner(path: Path) -> str:
    """Return the operating-system user that a file belongs to."""
    return _user(path.stat().st_uid)


def _user(number: int) -> str:
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return f"uid {number}"


def parse_instant(text: str, now: datetime) -> datetime:
    """Turn `now`, `+2d` (so long from now) or an ISO 8601 instant with its offset into an aware instant in UTC.

    Raises:
        ConfigurationError: it is none of these; without an offset an instant is another one on another machine.
    """
    if text == "now":
        return now
    if text.startswith("+"):
        return shifted(now, _duration(text))
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise ConfigurationError(
            f'expected an instant such as 2026-07-23T18:00+01:00, 2026-07-23T17:00Z, "now" or "+2d", got "{text}"'
        ) from None
    if at.tzinfo is None:
        raise ConfigurationError(
            f"expected an instant with its offset, such as 2026-07-23T18:00+01:00 or 2026-07-23T17:00Z, "
            f'got "{text}", which is another time on another machine'
        )
    try:
        return at.astimezone(UTC)
    except OverflowError:
        raise ConfigurationError(f'expected an instant between the years 1 and 9999, got "{text}"') from None


def parse_past(text: str, now: datetime) -> datetime:
    """Turn `2d`, `-2d` or `-1y` (so long ago; a year has 365 days), or what `parse_instant` takes, into an instant.

    Raises:
        ConfigurationError: it is none of these.
    """
    ago = _AGO.fullmatch(text)
    if ago is not None:
        years = _YEARS.fullmatch(ago["span"])
        try:
            return shifted(now, -_span(f"{365 * int(years[1])}d" if years else ago["span"]))
        except ValueError as error:
            if ago["sign"]:
                raise ConfigurationError(f'{error} behind "-", got "{text}"') from None
    try:
        return parse_instant(text, now)
    except ConfigurationError as error:
        raise ConfigurationError(f'{error}; "-2d" is so long ago') from None


def _span(text: str) -> timedelta:
    from wedtui.config_values import parse_duration

    return parse_duration(text)


def _duration(text: str) -> timedelta:
    from wedtui.config_values import parse_duration

    try:
        return parse_duration(text[1:])
    except ValueError as error:
        raise ConfigurationError(f'{error} behind "+", got "{text}"') from None


def parse_range(start: str, end: str | None, now: datetime) -> tuple[datetime, datetime]:
    """Turn `--from` and `--to` into aware instants; without an end it is `LOOKED_AHEAD` after the start.

    Raises:
        ConfigurationError: one is no instant, or they are not in order.
    """
    first = parse_instant(start, now)
    last = shifted(first, LOOKED_AHEAD) if end is None else parse_instant(end, now)
    if last <= first:
        got = f"{start}, after which there is no time" if end is None else f"{start} and {end}"
        raise ConfigurationError(f"expected --to after --from, got {got}")
    return first, last


def scope_of(session: Session, environment: str | None, service: str | None) -> Scope:
    """Return what a question is about: the configured environment where none is named.

    Raises:
        ConfigurationError: a name that nothing can have, which would be found open; or the configuration.
    """
    from pydantic import TypeAdapter, ValidationError

    from wedtui.config_values import Environment, Name

    for option, value, kind in (("--environment", environment, Environment), ("--service", service, Name)):
        if value is None:
            continue
        try:
            TypeAdapter[str](kind).validate_python(value)
        except ValidationError as error:
            expected = error.errors()[0]["msg"].removeprefix("Value error, ")
            raise ConfigurationError(f'{option}: {expected}, got "{value}"') from None
    configuration = session.loaded.configuration
    if environment is not None:
        _refuse_likely_mistake(environment, configuration)
    return Scope(environment or configuration.environment, service)


def _refuse_likely_mistake(environment: str, configuration: Configuration) -> None:
    """Refuse an environment that nobody named but that looks like one: what no freeze names would be found open."""
    section = configuration.freeze
    known = {configuration.environment, PRODUCTION}
    known.update(name for part in (*section.windows, *section.periods, *section.feeds) for name in part.environments)
    if environment in known:
        return
    short = [name for name in known if name.startswith(environment) or environment.startswith(name)]
    near = short or difflib.get_close_matches(environment, known, n=1, cutoff=0.7)
    if near:
        raise ConfigurationError(f'--environment: "{environment}" is not known here; did you mean "{near[0]}"?')


def decisions(session: Session, read: Callable[[LedgerReader], tuple[_Decision, ...]]) -> tuple[_Decision, ...]:
    """Read decisions of persons; none where there is no ledger yet.

    Args:
        session: where it is.
        read: what is read of it.

    Raises:
        StoreError: it cannot be read.
    """
    from wedtui.errors import StoreMissingError
    from wedtui.ledger.reader import LedgerReader

    reader = LedgerReader(session.ledger_url)
    try:
        return read(reader)
    except StoreMissingError:
        return ()  # nobody has decided anything yet
    finally:
        reader.close()


def writable_ledger(session: Session) -> Ledger:
    """Open the ledger for writing; make it where there is none.

    Raises:
        StoreError: it cannot be opened; where it is another user's, with that user's name.
    """
    from wedtui.errors import StoreUnreadableError
    from wedtui.ledger.kind import LEDGER
    from wedtui.ledger.ledger import Ledger
    from wedtui.store.opening import file_of

    path = file_of(session.ledger_url, LEDGER)
    if path is None:
        return Ledger(session.ledger_url, drill=session.demo)
    # Where there is no file, the nearest directory decides whether one can be made.
    nearest = next(p for p in (path, *path.parents) if p.parent == p or os.path.lexists(p))
    if not os.access(nearest, os.W_OK):
        who = owner(nearest)
        raise StoreUnreadableError(f"the ledger at {path} belongs to {who}: run this command as {who}")
    return Ledger(session.ledger_url, drill=session.demo)


@contextmanager
def recording(session: Session, kind: str) -> Iterator[Callable[[Mapping[str, Any]], None]]:
    """Open the ledger and give what puts a person's decision on its audit chain, at the moment at which it is made.

    Args:
        session: this run.
        kind: of the link.

    Raises:
        StoreError: the ledger cannot be written: nobody decides anything without a trace.
    """
    ledger = writable_ledger(session)
    try:
        yield lambda body: ledger.record(kind, person(), body, session.clock.now())
    finally:
        ledger.close()


def print_json(value: Any, *, record: bool = False) -> None:
    """Print a value as indented JSON; a record as it is, for its hash is of every letter."""
    from wedtui.cli.demo_words import typed_here

    typer.echo(json.dumps(value if record else typed_here(value), indent=2, ensure_ascii=False))
