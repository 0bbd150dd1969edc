"""`wedtui service`: run it, start it in the background, stop it, ask how it is."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from wedtui.cli.common import Session, owner, person, print_json, session_of
from wedtui.clock import Clock
from wedtui.errors import ConfigurationError, ServiceError, StoreError, StoreMissingError
from wedtui.paths import StatePaths, boot_id, state_paths
from wedtui.poller.lock import ServiceLock, holder
from wedtui.poller.process import ServiceFiles, start, stop

if TYPE_CHECKING:
    from wedtui.config import ServiceSection

app = typer.Typer(no_args_is_help=True, help="The service that watches and fills the cache.")

# What it makes is for its user to write and its group to read.
UMASK = 0o027


def files_of(paths: StatePaths) -> ServiceFiles:
    """Return the files by which the service of a state directory is found."""
    return ServiceFiles(paths.lock, paths.output)


def background_arguments(config: Path | None) -> list[str]:
    """Return the command line of a service in the background."""
    named = ["--config", str(config.absolute())] if config is not None else []
    return [*named, "service", "run", "--log-to-file"]


def run_service(session: Session, clock: Clock, *, log_to_file: bool, ready_fd: int | None) -> None:
    """Watch in this process until it is told to end.

    Raises:
        ConfigurationError, AlreadyRunningError, ServiceError, StoreError: it cannot begin.
    """
    from wedtui.cli.config_text import flatten
    from wedtui.ledger.former import former_place
    from wedtui.ledger.ledger import Ledger
    from wedtui.poller.log import set_up_logging
    from wedtui.poller.notify import Notifier
    from wedtui.poller.service import Identity, Service, Stores, Told

    loaded, paths = session.loaded, session.paths
    configuration = loaded.configuration
    os.umask(UMASK)
    _refuse_another_user(paths, configuration.service)
    paths.make()
    with ServiceLock(paths.lock):
        section = configuration.log
        set_up_logging(paths.log if log_to_file else None, level=section.level, max_bytes=section.max_bytes)
        ledger = Ledger(session.ledger_url)
        try:
            changes = note_changes(paths.directory / "configuration.seen.json", flatten(configuration))
            ledger.note_configuration(loaded.digest, at=clock.now(), seen_by=person(), changes=changes)
        finally:
            ledger.close()
        former = former_place(session.ledger_url, paths.directory)
        stores = Stores(session.cache_url, session.ledger_url, former)
        # The lock is held: of this place there is no other service.
        identity = Identity(session.vantage, session.place, boot_id(), loaded.digest)
        service = Service(configuration, stores, clock, mode=configuration.service.mode, identity=identity)
        notifier = Notifier()

        def ready() -> None:
            _say_ready(ready_fd)
            notifier.ready()

        try:
            asyncio.run(service.run(Told(ready, notifier.alive, notifier.stopping)))
        finally:
            notifier.close()


def _refuse_another_user(paths: StatePaths, section: ServiceSection) -> None:
    """Keep root, or anybody else, from leaving files in a shared service's directory that it cannot write."""
    try:
        elsewhere = section.mode == "shared" and paths.directory.stat().st_uid != os.getuid()
    except OSError:
        return  # there is none yet, or it cannot be had: whoever makes it says so
    if elsewhere:
        raise ServiceError(
            f"{paths.directory} belongs to {owner(paths.directory)}, and a shared service runs as that user: "
            "`systemctl start wedtui`"
        )


def _refuse_shared(session: Session, verb: str) -> None:
    """Leave starting a shared service to the init system, which starts it again when it dies."""
    if session.loaded.configuration.service.mode == "shared":
        raise ServiceError(f"service.mode is shared, so it is not {verb}ed from here: `systemctl {verb} wedtui`")


def _paths_to_stop(session: Session) -> StatePaths:
    """Return where the service is that is to be stopped; a configuration that broke meanwhile must not protect it."""
    try:
        return session.paths
    except ConfigurationError:
        own = state_paths(os.environ)
        if holder(own.lock) is None:
            raise
        return own


def note_changes(seen: Path, present: Mapping[str, str]) -> list[str]:
    """Return what changed since the configuration that was seen last, and remember the present one."""
    try:
        before: dict[str, str] = json.loads(seen.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        before = {}
    changes = [
        f"{key}: {before.get(key, 'not set')} -> {present.get(key, 'not set')}"
        for key in sorted({*before, *present})
        if before.get(key) != present.get(key)
    ]
    draft = seen.with_suffix(".new")
    draft.write_text(json.dumps(dict(present)), encoding="utf-8")
    draft.replace(seen)
    return changes if before else [f"first seen, with {len(present)} keys"]


def _say_ready(descriptor: int | None) -> None:
    if descriptor is not None:
        os.write(descriptor, b"ready\n")
        os.close(descriptor)


@app.command("run")
def run_command(
    context: typer.Context,
    log_to_file: Annotated[
        bool, typer.Option("--log-to-file", help="Log to the state directory instead of standard error.")
    ] = False,
    ready_fd: Annotated[int | None, typer.Option("--ready-fd", hidden=True)] = None,
) -> None:
    """Watch in the foreground until SIGTERM or Ctrl-C."""
    session = session_of(context)
    run_service(session, session.clock, log_to_file=log_to_file, ready_fd=ready_fd)


@app.command("start")
def start_command(context: typer.Context) -> None:
    """Start the service in the background and wait until it watches."""
    session = session_of(context)
    _refuse_shared(session, "start")
    session.paths.make()
    pid = start(files_of(session.paths), background_arguments(session.loaded.path))
    typer.echo(f"the service watches (process {pid}); its log is {session.paths.log}")


@app.command("stop")
def stop_command(context: typer.Context) -> None:
    """Tell the service to end, and wait until it has."""
    pid = stop(files_of(_paths_to_stop(session_of(context))))
    typer.echo("no service runs" if pid is None else f"the service (process {pid}) has stopped")


@app.command("restart")
def restart_command(context: typer.Context) -> None:
    """Stop the service, if it runs, and start it with the configuration as it is now."""
    session = session_of(context)
    _refuse_shared(session, "restart")
    # A configuration that cannot be used must not cost the service that still runs.
    arguments = background_arguments(session.loaded.path)
    stop(files_of(session.paths))
    session.paths.make()
    pid = start(files_of(session.paths), arguments)
    typer.echo(f"the service watches (process {pid})")


@app.command("status")
def status_command(
    context: typer.Context, as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False
) -> None:
    """Say whether the service runs and how it is, of several each. Exit code: 0 that of this machine runs, 1 not."""
    from wedtui.cache.kind import CACHE
    from wedtui.cache.reader import CacheReader
    from wedtui.cli.render import service_json, service_sentence
    from wedtui.core.picture import ServiceFacts, leading, see_services
    from wedtui.store.opening import file_of

    session = session_of(context)
    now = session.clock.now()
    reader = CacheReader(session.cache_url)
    unread = False
    try:
        facts: tuple[ServiceFacts, ...] = reader.facts(now).services
    except StoreError as error:
        if not as_json:
            typer.echo(f"wedtui: {error}", file=sys.stderr)
        facts, unread = (), not isinstance(error, StoreMissingError)
    finally:
        reader.close()
    pid = holder(session.paths.lock)
    services = see_services(facts, now, process=pid, place=session.place)
    # Whoever asks about "the service" means the one of this machine; who fills a file can only be that one.
    first = next((seen for seen in services if seen.facts.place == session.place), None)
    if first is None and file_of(session.cache_url, CACHE) is not None:
        first = leading(services)
    if as_json:
        each = [service_json(seen, now) for seen in services]
        print_json({**service_json(first, now), "lock_held_by": pid, "services": each})
    elif first is None and services:
        typer.echo(f"no service was ever started as {session.place}; elsewhere:")
        for seen in services:
            typer.echo(f"{seen.facts.vantage}: {service_sentence(seen, now, among=services)}")
    elif len(services) < 2:
        typer.echo(service_sentence(first, now, unread=unread))
    else:
        for seen in services:
            typer.echo(f"{seen.facts.vantage}: {service_sentence(seen, now, among=services)}")
    if not as_json and pid is not None:
        typer.echo(f"the lock of {session.paths.directory} is held by process {pid}")
    raise typer.Exit(0 if first is not None and first.runs else 1)
