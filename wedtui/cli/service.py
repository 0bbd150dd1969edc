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
    from wedtui.cli.copying import Copying
    from wedtui.cli.releasing import ReleaseService
    from wedtui.cli.standby import Standby
    from wedtui.config import ServiceSection
    from wedtui.control.outside_server import OutsideServer
    from wedtui.control.server import ControlServer
    from wedtui.ledger.outbox import Addressing
    from wedtui.notify.running import Notifying
    from wedtui.poller.log import LogFile
    from wedtui.poller.service import Service

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

    Args:
        session: the configuration and its places.
        clock: the time.
        log_to_file: whether the log goes to the state directory.
        ready_fd: told once it watches.

    Raises:
        ConfigurationError, AlreadyRunningError, ServiceError, StoreError: it cannot begin.
    """
    from wedtui.poller.log import set_up_logging
    from wedtui.poller.notify import Notifier
    from wedtui.poller.surroundings import Told

    paths, configuration = session.paths, session.loaded.configuration
    os.umask(UMASK)
    _refuse_another_user(paths, configuration.service)
    paths.make()
    with ServiceLock(paths.lock) as lock:
        section = configuration.log
        file = set_up_logging(paths.log if log_to_file else None, level=section.level, max_bytes=section.max_bytes)
        _note_configuration(session, clock)
        boot, notifier = boot_id(), Notifier()
        service = _watching(session, clock, boot)
        if file is not None:
            _tell_of_log(file, service)
        life = lock.life(service.facts.instance, boot).name
        service.lives(life)
        beside = _beside(session, clock, service, life)

        def ready() -> None:
            _say_ready(ready_fd)
            notifier.ready()

        try:
            for part in beside:
                part.start()
            asyncio.run(service.run(Told(ready, notifier.alive, notifier.stopping)))
        finally:
            for part in reversed(beside):
                part.close()
            notifier.close()


def _tell_of_log(file: LogFile, service: Service) -> None:
    """Have the service tell how its log is: nobody reads there that it cannot be written."""
    from wedtui.poller.figures import log_figures

    file.tell = lambda problem: service.trouble("log", problem)
    service.figures.look_up(log_figures(lambda: file.lost))


def _watching(session: Session, clock: Clock, boot: str) -> Service:
    """Return what watches; the lock of its place is held, so that there is no other."""
    from wedtui.ledger.former import former_place
    from wedtui.poller.service import Service
    from wedtui.poller.surroundings import Identity, Stores

    loaded = session.loaded
    former = former_place(session.ledger_url, session.paths.directory)
    return Service(
        loaded.configuration,
        Stores(session.cache_url, session.ledger_url, former),
        clock,
        mode=loaded.configuration.service.mode,
        identity=Identity(session.vantage, session.place, boot, loaded.digest),
        unwatched=loaded.unwatched,
        rules=loaded.path,
    )


def _beside(
    session: Session, clock: Clock, service: Service, life: str
) -> list[Notifying | Copying | Standby | ReleaseService | ControlServer | OutsideServer]:
    """Return what runs beside what watches, in the order in which it begins; it ends the other way round."""
    from wedtui.cli.copying import Copying
    from wedtui.ledger.alert_history import Judged
    from wedtui.notify.running import Notifying
    from wedtui.poller.figures import outbox_figures

    copying = Copying(session.cache_url, session.ledger_url, clock)
    acting = _acting(session, clock, service, life, copying)
    told = (life, service.trouble)
    judged = Judged(session.ledger_url)
    notifying = Notifying(
        session.loaded.configuration,
        session.ledger_url,
        clock,
        *told,
        drill=session.demo,
        evaluated=judged.at,
        address=_on_call(session, service),
    )
    outbox = outbox_figures(
        lambda: None if (known := notifying.standing) is None else known.waiting,
        lambda: None if (known := notifying.standing) is None else known.dead,
    )
    service.figures.look_up(outbox)
    releases = _releasing(session, clock, service, life, copying)
    control = _control(session, clock, service, acting)
    # What copies begins before who acts, and ends after: the last moves of a service that ends are copied too.
    acts: list[Copying | Standby] = [] if acting is None else [copying, acting]
    return [notifying, *acts, *([] if releases is None else [releases]), *control]


def _on_call(session: Session, service: Service) -> Addressing:
    """Return who says for what calls and names nobody who is on call: for the one thread that sends."""
    from wedtui.core.oncall.climbing import Now, addressed
    from wedtui.poller.alert_plan import CountingPlan

    configuration = session.loaded.configuration
    plan = CountingPlan(configuration, session.loaded.path)
    return lambda notice, at: addressed(Now(plan.look(at), service.level, at, configuration.routes), notice)


def _note_configuration(session: Session, clock: Clock) -> None:
    """Put on record with which configuration the service runs, and what changed in it since the last time."""
    from wedtui.cli.config_text import flatten
    from wedtui.ledger.ledger import Ledger

    loaded = session.loaded
    ledger = Ledger(session.ledger_url, drill=session.demo)
    try:
        changes = note_changes(session.paths.directory / "configuration.seen.json", flatten(loaded.configuration))
        ledger.note_configuration(loaded.noted, at=clock.now(), seen_by=person(), changes=changes)
    finally:
        ledger.close()


def _acting(session: Session, clock: Clock, service: Service, life: str, copying: Copying) -> Standby | None:
    """Return what carries out actions; None where no backend of traffic is configured, and nothing else registered."""
    from wedtui.actions.deeds import registered

    loaded = session.loaded
    nothing = loaded.configuration.traffic.backend is None and not loaded.configuration.deployments.templates
    if nothing and not registered():
        return None
    from wedtui.cli.acting import Told, Who
    from wedtui.cli.standby import Standby
    from wedtui.notify import paging_configured
    from wedtui.providers.traffic.target import KEY

    # Who reads the records for all acts for all: there is one lease of that.
    told = Told(
        service.trouble,
        service.decided,
        lambda: service.ask_soon(KEY),
        lambda: service.asks(KEY),
        lambda: service.wedding_day,
        paging_configured(loaded.configuration),
        copying.moved,
    )
    made = Standby(loaded, session.paths, clock, Who(life, service.facts.vantage, session.demo), told)
    copying.of(made)
    return made


def _releasing(session: Session, clock: Clock, service: Service, life: str, copying: Copying) -> ReleaseService | None:
    """Return what starts releases and carries them out; None where nothing is configured to be released."""
    configuration = session.loaded.configuration
    if not configuration.deployments.templates:
        return None
    from wedtui.cli.releasing import ReleaseService, Told, Who
    from wedtui.core.sharing import HOUSE

    told = Told(service.trouble, service.decided, lambda: service.asks(HOUSE), copying.moved)
    who = Who(life, service.facts.vantage, session.place, session.demo)
    return ReleaseService(configuration, session.paths, clock, who, told)


def _control(
    session: Session, clock: Clock, service: Service, acting: Standby | None
) -> list[ControlServer | OutsideServer]:
    """Return what serves the control socket of a service, and what answers other machines; they end the other way."""
    from wedtui.cli.alerting import AlertDesk
    from wedtui.cli.freeze_plans import FreezePlanner
    from wedtui.cli.release_desk import ReleaseDesk
    from wedtui.control.desk import Desk
    from wedtui.control.mapping import demands_of, mapped_of
    from wedtui.control.server import ControlServer, Plan

    loaded = session.loaded
    configuration, uid = loaded.configuration, os.geteuid()
    mapped = mapped_of(loaded, uid)
    personal = configuration.service.mode == "personal"
    personal_uid = uid if personal else None
    desk = Desk(session.ledger_url, clock, mapped, personal_uid=personal_uid, acted=service.decided, drill=session.demo)
    if not personal:
        service.trouble("roles", mapped.refused)
    plan = Plan(
        session.paths.control(configuration),
        configuration.control,
        lambda: service.facts,
        lambda problem: service.trouble("control", problem),
        changes=acting,
        demands=demands_of(configuration),
        freezes=FreezePlanner(configuration, session.paths, session.ledger_url),
        alerting=AlertDesk(loaded, session.cache_url, session.ledger_url),
        releases=ReleaseDesk(configuration, session.paths, session.cache_url, session.ledger_url),
    )
    served = ControlServer(plan, desk, clock)
    section = configuration.control
    if section.listen is None or section.certificate is None or section.key is None:
        return [served]
    from wedtui.config_values import address_parts
    from wedtui.control.outside_server import Outside, OutsideServer

    where = address_parts(section.listen)
    outside = Outside(*where, section.certificate, section.key, lambda problem: service.trouble("outside", problem))
    return [served, OutsideServer(outside, plan, desk, clock)]


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


def _does(session: Session) -> str:
    unwatched = session.loaded.unwatched
    return "watches" if unwatched is None else f"runs, but {unwatched}"


def _of_no_demo(context: typer.Context) -> Session:
    """Return the session of a command on one's own service.

    Raises:
        BadParameter: it is about a demo, which keeps its service itself: it takes all of the demo with it.
    """
    session = session_of(context)
    if session.demo:
        raise typer.BadParameter(
            "a demo keeps its service itself: of that there is `service status` only", param_hint="--demo"
        )
    return session


@app.command("run")
def run_command(
    context: typer.Context,
    log_to_file: Annotated[
        bool, typer.Option("--log-to-file", help="Log to the state directory instead of standard error.")
    ] = False,
    ready_fd: Annotated[int | None, typer.Option("--ready-fd", hidden=True)] = None,
) -> None:
    """Watch in the foreground until SIGTERM or Ctrl-C."""
    session = _of_no_demo(context)
    run_service(session, session.clock, log_to_file=log_to_file, ready_fd=ready_fd)


@app.command("start")
def start_command(context: typer.Context) -> None:
    """Start the service in the background and wait until it watches."""
    session = _of_no_demo(context)
    _refuse_shared(session, "start")
    session.paths.make()
    pid = start(files_of(session.paths), background_arguments(session.loaded.path))
    typer.echo(f"the service {_does(session)} (process {pid}); its log is {session.paths.log}")


@app.command("stop")
def stop_command(context: typer.Context) -> None:
    """Tell the service to end, and wait until it has."""
    pid = stop(files_of(_paths_to_stop(_of_no_demo(context))))
    typer.echo("no service runs" if pid is None else f"the service (process {pid}) has stopped")


@app.command("restart")
def restart_command(context: typer.Context) -> None:
    """Stop the service, if it runs, and start it with the configuration as it is now."""
    session = _of_no_demo(context)
    _refuse_shared(session, "restart")
    # A configuration that cannot be used must not cost the service that still runs.
    arguments = background_arguments(session.loaded.path)
    stop(files_of(session.paths))
    session.paths.make()
    pid = start(files_of(session.paths), arguments)
    typer.echo(f"the service {_does(session)} (process {pid})")


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
            typer.echo(f"{seen.facts.vantage}: {service_sentence(seen, now, among=services, clock=True)}")
    elif len(services) < 2:
        typer.echo(service_sentence(first, now, unread=unread, clock=True))
    else:
        for seen in services:
            typer.echo(f"{seen.facts.vantage}: {service_sentence(seen, now, among=services, clock=True)}")
    if not as_json and pid is not None:
        typer.echo(f"the lock of {session.paths.directory} is held by process {pid}")
    raise typer.Exit(0 if first is not None and first.runs else 1)
