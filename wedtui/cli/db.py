"""`wedtui db`: where cache and ledger are, bringing them up to date, and moving them from files into PostgreSQL."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from wedtui.cli.common import Session, print_json, session_of
from wedtui.errors import AlreadyRunningError, ServiceError, StoreClosedError

if TYPE_CHECKING:
    from wedtui.store.kind import Kind
    from wedtui.store.state import State

app = typer.Typer(help="Where cache and ledger are, and moving them.", no_args_is_help=True)


@app.command("status")
def status_command(
    context: typer.Context, as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False
) -> None:
    """Say where cache and ledger are, and whether this version can read them; exit with the first problem's code.

    That the ledger is closed to a role that only reads is none, while a service copies it into the cache.
    """
    from wedtui.store.state import state_of

    session = session_of(context)
    found = [state_of(url, kind) for kind, url in _stores(session)]
    closed = {s.kind: words for s in found if (words := _closed_on_purpose(session, s))}
    problems = [s.problem for s in found if s.problem is not None and s.kind not in closed]
    if as_json:
        print_json(
            [
                {
                    "store": s.kind,
                    "place": s.place,
                    "system": s.system,
                    "exists": s.exists,
                    "ok": s.problem is None,
                    "closed": closed.get(s.kind),
                    "problem": None if s.problem is None else str(s.problem),
                }
                for s in found
            ]
        )
    else:
        for s in found:
            words = "up to date" if s.problem is None else closed.get(s.kind) or str(s.problem)
            # A sentence that names the place says it once.
            typer.echo(f"{s.kind:<7} {s.system:<11} {words if s.place in words else f'{s.place}: {words}'}")
    raise typer.Exit(next((problem.exit_code for problem in problems), 0))


@app.command("migrate")
def migrate_command(context: typer.Context) -> None:
    """Make cache and ledger where there are none, and bring them up to date.

    A file's ledger is copied beforehand. Nobody else may be writing a file meanwhile: stop the service first.
    """
    from wedtui.store.opening import file_of, writable

    session = session_of(context)
    with ExitStack() as stack:
        if any(file_of(url, kind) is not None for kind, url in _stores(session)):
            _alone(session, stack)
        for kind, url in _stores(session):
            store = writable(url, kind)
            store.settle()
            store.close()
            typer.echo(f"{kind.name}: {_brought(store.found, kind.head)}")


@app.command("copy")
def copy_command(
    context: typer.Context,
    source: Annotated[
        Path | None,
        typer.Option("--from", metavar="DIRECTORY", help="Where cache.db and ledger.db are.  [default: the state]"),
    ] = None,
) -> None:
    """Copy cache.db and ledger.db into the PostgreSQL that the configuration names; the files stay as they are.

    Each store is copied whole or not at all, and only into an empty one. Stop the service first.
    """
    from wedtui.cache.kind import CACHE
    from wedtui.cache.tables import METADATA as CACHE_TABLES
    from wedtui.ledger.kind import LEDGER
    from wedtui.ledger.tables import METADATA as LEDGER_TABLES
    from wedtui.store.copying import copy_store
    from wedtui.store.opening import is_postgresql, url_of

    session = session_of(context)
    folder = (source or session.paths.directory).absolute()
    # The ledger first: it is what cannot be learnt again.
    # What a service notes at its start, which it may have had there already, stands in no copy's way.
    noted = ("configuration_change",)
    # The service that was here is none of those there: it would be missed as one that died.
    left = ("service", "lease", "probe_seen")
    wanted = (
        (LEDGER, session.ledger_url, LEDGER_TABLES, noted, ()),
        (CACHE, session.cache_url, CACHE_TABLES, (), left),
    )
    with ExitStack() as stack:
        _alone(session, stack)
        for kind, url, tables, behind, without in wanted:
            if not is_postgresql(url):
                typer.echo(f"{kind.name}: {kind.name}.url names no PostgreSQL, so it stays where it is")
                continue
            file = url_of(folder / f"{kind.name}.db")
            counts = copy_store(file, url, kind, tables, behind=behind, without=without)
            rows = ", ".join(f"{name} {count}" for name, count in counts.items() if count) or "nothing in it"
            typer.echo(f"{kind.name}: copied ({rows})")


def _brought(found: str | None, head: str) -> str:
    """Say from which revision to which a store was brought."""
    if found is None:
        return f"made, at {head}"
    return f"up to date ({head})" if found == head else f"brought from {found} to {head}"


def _closed_on_purpose(session: Session, found: State) -> str | None:
    """Say of a ledger that is closed to this role how old the cache's copy of it is; None where that is a problem.

    A role that only reads sees what persons decided in the cache: a service copies it there.
    """
    from wedtui.cache.reader import CacheReader
    from wedtui.cli.facts import copy_age
    from wedtui.core.wording import duration
    from wedtui.ledger.kind import LEDGER

    if found.kind != LEDGER.name or not isinstance(found.problem, StoreClosedError):
        return None
    cache = CacheReader(session.cache_url)
    try:
        copied = copy_age(cache, session.clock.now())
    finally:
        cache.close()
    return None if copied is None else f"closed to this role; the cache's copy of it is {duration(copied)} old"


def _stores(session: Session) -> tuple[tuple[Kind, str], ...]:
    from wedtui.cache.kind import CACHE
    from wedtui.ledger.kind import LEDGER

    return (CACHE, session.cache_url), (LEDGER, session.ledger_url)


def _alone(session: Session, stack: ExitStack) -> None:
    """Hold the service's lock for as long as this takes.

    Raises:
        ServiceError: a service runs.
    """
    from wedtui.poller.lock import ServiceLock

    session.paths.make()
    try:
        stack.enter_context(ServiceLock(session.paths.lock))
    except AlreadyRunningError:
        raise ServiceError("a service is writing there: stop it with `wedtui service stop` first") from None
