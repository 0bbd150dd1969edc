"""`wedtui doctor`: what is wrong with this installation, and what to do about it."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlsplit

import typer

from wedtui.cli.common import Session, print_json, session_of
from wedtui.cli.keys import key_problems
from wedtui.cli.terminal import LEAST_COLUMNS, LEAST_ROWS, look
from wedtui.core.observation import Observation, ProbeObservation
from wedtui.errors import ConfigurationError, StoreError, StoreMissingError, StoreVersionError, WedtuiError

if TYPE_CHECKING:
    from wedtui.config import Configuration
    from wedtui.core.picture import ServiceFacts

SKEW_WARNING, SKEW_PROBLEM = timedelta(seconds=2), timedelta(seconds=30)
SKEW_TIMEOUT = timedelta(seconds=3)


class Level(StrEnum):
    """How a check came out."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at."""

    level: Level
    name: str
    text: str
    remedy: str = ""

    def line(self) -> str:
        """Return it as one line."""
        return f"{self.level.value:<7}  {self.name}: {self.text}{f' -> {self.remedy}' if self.remedy else ''}"


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command("doctor")
    def doctor_command(
        context: typer.Context, as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False
    ) -> None:
        """Look at everything that wedtui needs. Exit code: 0 ok, 1 warnings, 2 problems."""
        checks: list[Check] = []
        for check in examine(session_of(context)):
            checks.append(check)
            if not as_json:
                typer.echo(check.line())
        if as_json:
            print_json([{"level": c.level.value, "name": c.name, "text": c.text, "remedy": c.remedy} for c in checks])
        levels = {check.level for check in checks}
        raise typer.Exit(2 if Level.PROBLEM in levels else 1 if Level.WARNING in levels else 0)


def examine(session: Session) -> Iterator[Check]:
    """Look at everything, in the order in which one thing rests on another."""
    try:
        configuration = session.loaded.configuration
    except ConfigurationError as error:
        for line in str(error).splitlines():
            yield Check(Level.PROBLEM, "configuration", line, "correct it; `wedtui config check` says when it is right")
        yield from _terminal()
        return
    yield from _configuration(session, configuration)
    yield from _state(session)
    yield from _reachability(session, configuration)
    yield from _clocks(session, configuration)
    yield from _terminal()


def _configuration(session: Session, configuration: Configuration) -> Iterator[Check]:
    path = session.loaded.path
    if path is None:
        yield Check(Level.WARNING, "configuration", "there is no file, so nothing is watched", "`wedtui config init`")
        return
    yield Check(Level.OK, "configuration", f"{path} can be used")
    if path.stat().st_mode & 0o002:
        yield Check(Level.PROBLEM, "configuration", f"anybody can write {path}", f"chmod o-w {path}")
    for key, text in key_problems(configuration):
        name = ".".join(map(str, key))
        yield Check(Level.PROBLEM, "keys", f"{name}: {text}", "correct it: the dashboard does not open without")
    total = sum(p.weight for p in configuration.providers)
    if configuration.providers and total != 100:
        text = f"the providers' weights make {total}, not 100"
        yield Check(Level.WARNING, "weights", text, "correct them: they are shares of the traffic")
    watched = {p.provider for p in configuration.probes}
    for provider in configuration.providers:
        if provider.name not in watched:
            text = f"{provider.name} has no probe, so it is at most DEGRADED"
            yield Check(Level.WARNING, "probes", text, "add one: [[probes]]")


def _state(session: Session) -> Iterator[Check]:
    from wedtui.cache.kind import CACHE
    from wedtui.cache.reader import CacheReader
    from wedtui.ledger.kind import LEDGER
    from wedtui.ledger.reader import LedgerReader

    now = session.clock.now()
    cache, ledger = CacheReader(session.cache_url), LedgerReader(session.ledger_url)
    try:
        service = cache.facts(now).service
        yield Check(Level.OK, "cache", "can be read")
        yield Check(Level.OK, "migrations", f"the cache is at {CACHE.head}, as this version wants it")
        yield _service(session, service, now)
    except StoreMissingError:
        yield Check(Level.WARNING, "cache", "there is none yet", "`wedtui service start` makes it")
    except StoreError as error:
        yield _unusable("cache", error)
    try:
        entries = ledger.freeze_entries()
        yield Check(Level.OK, "ledger", f"can be read; {len(entries)} freezes by persons")
        yield Check(Level.OK, "migrations", f"the ledger is at {LEDGER.head}, as this version wants it")
    except StoreMissingError:
        yield Check(Level.OK, "ledger", "there is none yet: nobody has decided anything")
    except StoreError as error:
        yield _unusable("ledger", error)
    finally:
        cache.close()
        ledger.close()
    yield from _room(session)


def _service(session: Session, service: ServiceFacts | None, now: datetime) -> Check:
    from wedtui.cli.render import service_sentence
    from wedtui.core.picture import ServiceCondition, condition_of
    from wedtui.poller.lock import holder

    condition = condition_of(service, now, process=holder(session.paths.lock))
    text = service_sentence(service, condition, now)
    if condition is ServiceCondition.RUNNING:
        return Check(Level.WARNING if service and service.problems else Level.OK, "service", text)
    if condition is ServiceCondition.STUCK:
        return Check(Level.PROBLEM, "service", text, f"look at the disk and at {session.paths.log}")
    return Check(Level.WARNING, "service", text, "`wedtui service start`")


def _unusable(name: str, error: StoreError) -> Check:
    """Say what is wrong with a store; its sentence holds the remedy."""
    return Check(Level.PROBLEM, "migrations" if isinstance(error, StoreVersionError) else name, str(error))


def _room(session: Session) -> Iterator[Check]:
    directory = session.paths.directory
    if not directory.is_dir():
        return
    found = os.statvfs(directory)
    free = found.f_bavail * found.f_frsize
    enough = free > 200 * 2**20
    text = f"{free // 2**20} MiB free for {directory}"
    yield Check(Level.OK if enough else Level.PROBLEM, "disk", text, "" if enough else "make room")


def _reachability(session: Session, configuration: Configuration) -> Iterator[Check]:
    from wedtui.cli.once import ask_once, observation_line, succeeded
    from wedtui.providers.registry import build_targets

    try:
        observations = ask_once(lambda: build_targets(configuration, session.clock))
    except WedtuiError as error:
        yield Check(Level.PROBLEM, "secrets", str(error))
        return
    for observation in observations:
        good = succeeded(observation)
        words = observation_line(observation)[6:]
        remedy = "" if good else "check its address and whether this machine may reach it"
        yield Check(Level.OK if good else Level.PROBLEM, "reach", words, remedy)
        yield from _certificate(session, observation)


def _certificate(session: Session, observation: Observation) -> Iterator[Check]:
    from wedtui.core.picture import CERTIFICATE_CRITICAL, CERTIFICATE_WARNING

    expires = observation.certificate_expires_at if isinstance(observation, ProbeObservation) else None
    if expires is None or not isinstance(observation, ProbeObservation):
        return
    left = expires - session.clock.now()
    level = (
        Level.PROBLEM if left <= CERTIFICATE_CRITICAL else Level.WARNING if left <= CERTIFICATE_WARNING else Level.OK
    )
    text = f"that of probe {observation.probe} is valid for {left.days} d"
    yield Check(level, "certificate", text, "" if level is Level.OK else "renew it")


def _clocks(session: Session, configuration: Configuration) -> Iterator[Check]:
    """Compare our clock with that of each host that is watched; one answer a host is enough."""
    from wedtui.providers.skew import clock_skew

    urls = [*(p.url for p in configuration.prometheus), *(p.url for p in configuration.probes)]
    hosts = {urlsplit(url).netloc: url for url in reversed(urls)}

    async def ask() -> list[timedelta | None]:
        return await asyncio.gather(*(clock_skew(url, session.clock, within=SKEW_TIMEOUT) for url in hosts.values()))

    found = [(host, skew) for host, skew in zip(hosts, asyncio.run(ask()), strict=True) if skew is not None]
    if not found:
        yield Check(Level.WARNING, "clock", "no host that is watched says what time it is", "check NTP by other means")
        return
    host, worst = max(found, key=lambda pair: abs(pair[1]))
    size = abs(worst)
    level = Level.PROBLEM if size > SKEW_PROBLEM else Level.WARNING if size > SKEW_WARNING else Level.OK
    text = f"within {size.total_seconds():.1f} s of {len(found)} hosts (the furthest is {host})"
    yield Check(level, "clock", text, "" if level is Level.OK else "set this machine's clock by NTP, or theirs")


def _terminal() -> Iterator[Check]:
    terminal = look()
    if not terminal.interactive:
        yield Check(Level.OK, "terminal", "none here, or one without escapes: `wedtui` prints text instead")
        return
    size = f"{terminal.columns}x{terminal.rows}"
    between = ", through tmux or screen" if terminal.multiplexed else ""
    yield Check(Level.OK, "terminal", f"{terminal.kind}, {size}, {terminal.colours} colours{between}")
    if terminal.columns < LEAST_COLUMNS or terminal.rows < LEAST_ROWS:
        text = f"{size} is smaller than {LEAST_COLUMNS}x{LEAST_ROWS}"
        yield Check(Level.WARNING, "terminal", text, "make the window larger")
    if not terminal.utf8:
        text = "its locale is not UTF-8, so signs and charts may not show"
        yield Check(Level.WARNING, "terminal", text, "set LANG, for instance to C.UTF-8")
