"""`wedtui doctor`: what is wrong with this installation, and what to do about it."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlsplit

import typer

from wedtui.cli.account_checks import account_checks
from wedtui.cli.checks import Check, Level
from wedtui.cli.common import Session, person, print_json, session_of, starting
from wedtui.cli.control_checks import control_checks
from wedtui.cli.keys import key_problems
from wedtui.cli.looks import looks_of, peek
from wedtui.cli.saying import say
from wedtui.cli.terminal import LEAST_COLUMNS, LEAST_ROWS, look
from wedtui.core.observation import (
    AlertsObservation,
    ApiObservation,
    Observation,
    ProbeObservation,
    PrometheusObservation,
)
from wedtui.core.resource import Reach
from wedtui.core.wording import counted
from wedtui.errors import (
    ConfigurationError,
    ServiceError,
    StoreClosedError,
    StoreError,
    StoreMissingError,
    StoreVersionError,
    WedtuiError,
)
from wedtui.tui.terminal.abilities import CHARSET_WORDS, Charset

if TYPE_CHECKING:
    from wedtui.cache.reader import CacheReader
    from wedtui.cli.once import Outcome
    from wedtui.config import Configuration
    from wedtui.core.picture import ServiceFacts
    from wedtui.ledger.reader import LedgerReader

SKEW_WARNING, SKEW_PROBLEM = timedelta(seconds=2), timedelta(seconds=30)
SKEW_TIMEOUT = timedelta(seconds=3)
# Targets that a remedy names; `wedtui status` and the dashboard name all.
_NAMED = 3
_REACH = "check its address and whether this machine may reach it"
# Of an account that was reached; the sentence says what to do.
SAYS_WHAT_TO_DO = frozenset(
    {
        Reach.DENIED,
        Reach.EXPIRED,
        Reach.REJECTED,
        Reach.OTHER_ACCOUNT,
        Reach.NO_CREDENTIALS,
        Reach.THROTTLED,
        Reach.PARTIAL,
    }
)


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
                say(check.line(), indent=" " * 4)
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
        yield from _closed_configuration(session)
        yield from _terminal(session)
        return
    yield from _configuration(session, configuration)
    yield from _sharing(session, configuration)
    yield from _state(session)
    yield from _releases(session)
    yield from _audit(configuration)
    yield from control_checks(session)
    yield from _notify(configuration)
    yield from _oncall(session)
    yield from _reachability(session, configuration)
    yield from _costs(session)
    yield from _clocks(session, configuration)
    yield from _terminal(session)


def _closed_configuration(session: Session) -> Iterator[Check]:
    """Say what a user is not in, who may not read the configuration of a shared service."""
    from wedtui.cli.sharing import group_checks
    from wedtui.paths import find_configuration

    file = find_configuration(session.config_path)
    if file is not None and not os.access(file, os.R_OK):
        yield from group_checks(file.absolute(), os.getuid(), frozenset({os.getgid(), *os.getgroups()}))


def _configuration(session: Session, configuration: Configuration) -> Iterator[Check]:
    from wedtui.cli.themes import theme_problems, theme_warnings

    path = session.loaded.path
    if path is None:
        yield Check(Level.WARNING, "configuration", "there is no file, so nothing is watched", "`wedtui config init`")
        return
    yield Check(Level.OK, "configuration", f"{path} can be used")
    if session.loaded.unwatched is not None:
        yield Check(
            Level.WARNING, "configuration", session.loaded.unwatched, "docs/configuration.md says what there is"
        )
    for key, text in key_problems(configuration):
        name = ".".join(map(str, key))
        yield Check(Level.PROBLEM, "keys", f"{name}: {text}", "correct it: the dashboard does not open without")
    for text in theme_problems(session):
        yield Check(Level.PROBLEM, "themes", text, "correct it: docs/themes.md says how one is written")
    for text in theme_warnings(session):
        yield Check(Level.WARNING, "themes", text, "choose colours that are further apart in lightness")
    total = sum(p.weight for p in configuration.providers)
    if configuration.providers and total != 100:
        text = f"the providers' weights make {total}, not 100"
        yield Check(Level.WARNING, "weights", text, "correct them: they are shares of the traffic")
    watched = {p.provider for p in configuration.probes}
    for provider in configuration.providers:
        if provider.name not in watched:
            text = f"{provider.name} has no probe, so it is at most DEGRADED"
            yield Check(Level.WARNING, "probes", text, "add one: [[probes]]")


def _sharing(session: Session, configuration: Configuration) -> Iterator[Check]:
    """Look at who may read and write what, which matters most where a service has a user of its own."""
    from wedtui.cli import sharing
    from wedtui.paths import StatePaths, user_directory
    from wedtui.poller.lock import holder

    section = configuration.service
    shared = section.mode == "shared"
    account = sharing.account_of(section.user) if shared else None
    if session.loaded.path is not None:
        yield from sharing.configuration_checks(session.loaded.path, shared=shared)
        yield from sharing.mode_checks(session.loaded.path, section.mode)
    yield from sharing.secret_checks(configuration, account)
    if not shared:
        return
    yield from sharing.account_checks(section.user)
    if account is None:
        return
    yield from sharing.state_checks(session.paths.directory, account)
    yield from sharing.member_checks(account, os.getuid(), frozenset({os.getgid(), *os.getgroups()}))
    try:
        pid = holder(session.paths.lock)
    except ServiceError:
        pid = None  # who may not look at the lock is told why by the checks before
    if pid is not None:
        yield from sharing.process_checks(pid, account)
    own = StatePaths(user_directory())
    if own.directory != session.paths.directory:
        yield from sharing.beside_checks(person(), holder(own.lock))


def _audit(configuration: Configuration) -> Iterator[Check]:
    from wedtui.cli.audit_checks import audit_checks
    from wedtui.cli.sharing import account_of

    shared = configuration.service.mode == "shared"
    account = account_of(configuration.service.user) if shared else None
    yield from audit_checks(configuration.audit, account.uid if account else os.getuid(), shared=shared)


def _notify(configuration: Configuration) -> Iterator[Check]:
    from wedtui.cli.notify_checks import notify_checks

    yield from notify_checks(configuration)


def _oncall(session: Session) -> Iterator[Check]:
    from wedtui.cli.oncall_checks import oncall_checks

    yield from oncall_checks(session.loaded, session.clock.now())


def _state(session: Session) -> Iterator[Check]:
    from wedtui.cache.kind import CACHE
    from wedtui.cache.reader import CacheReader
    from wedtui.ledger.reader import LedgerReader

    now = session.clock.now()
    cache, ledger = CacheReader(session.cache_url), LedgerReader(session.ledger_url)
    try:
        try:
            facts = cache.facts(now)
            yield Check(Level.OK, "cache", "can be read")
            yield Check(Level.OK, "migrations", f"the cache is at {CACHE.head}, as this version wants it")
            yield from _services(session, facts.services, now, facts.keeper)
            yield from _unsent(session, ledger, facts.services, now)
            yield from account_checks(session.loaded.configuration, facts.inventory, now)
            yield from _weddings(session, cache, ledger, now)
        except StoreMissingError:
            yield Check(Level.WARNING, "cache", "there is none yet", f"`{starting(session)}` makes it")
            yield from _unsent(session, ledger, (), now)
        except StoreError as error:
            yield _unusable("cache", error)
        yield from _ledger(session, cache, ledger, now)
    finally:
        cache.close()
        ledger.close()
    yield from _room(session)


def _releases(session: Session) -> Iterator[Check]:
    from wedtui.cli.release_checks import release_checks

    yield from release_checks(session, starting(session))


def _weddings(session: Session, cache: CacheReader, ledger: LedgerReader, now: datetime) -> Iterator[Check]:
    """Say how old the calendar is, and what is wrong with each source: what has to be mended, or looked at."""
    from wedtui.cli.facts import calendar_facts
    from wedtui.core.calendar import Freshness, age_words, freshness
    from wedtui.core.calendar_findings import source_trouble, unusable_words

    calendar = calendar_facts(session.loaded.configuration, cache, ledger, now)
    fresh = freshness(calendar, now) is Freshness.FRESH
    troubles = [trouble for source in calendar.sources if (trouble := source_trouble(source, now)) is not None]
    if not troubles:
        # That there is none is a person's decision, and said by the page and in every status.
        yield Check(Level.OK if fresh else Level.NOTE, "weddings", age_words(calendar, now))
    for trouble in troubles:
        yield Check(Level.WARNING, "weddings", trouble)
    for unusable in filter(None, map(unusable_words, calendar.sources)):
        yield Check(Level.WARNING, "weddings", unusable, "`wedtui weddings sources` shows them")


def _ledger(session: Session, cache: CacheReader, ledger: LedgerReader, now: datetime) -> Iterator[Check]:
    from wedtui.cli.facts import copy_age, left_problems, must_exist
    from wedtui.core.wording import duration
    from wedtui.ledger.kind import LEDGER

    try:
        try:
            entries = ledger.freeze_entries()
            yield Check(Level.OK, "ledger", f"can be read; {len(entries)} freezes by persons")
            yield Check(Level.OK, "migrations", f"the ledger is at {LEDGER.head}, as this version wants it")
        except StoreClosedError:
            # That of a role that only reads is closed on purpose. A service's own would not be copied any more.
            copied = copy_age(cache, now)
            if copied is None:
                raise
            text = f"is closed to this role, so not looked into; the cache's copy of it is {duration(copied)} old"
            yield Check(Level.OK, "ledger", text)
        kept = session.loaded.configuration.cache.keep_vanished
        for text in left_problems(session.ledger_url, session.paths, cache, ledger, now, kept=kept):
            yield Check(Level.PROBLEM, "ledger", text)
    except StoreMissingError:
        if must_exist(session.loaded.configuration):
            text = f"there is none at {session.ledger_url}, where this configuration says that it is"
            yield Check(Level.WARNING, "ledger", text, "name the ledger's place, or `wedtui db migrate`")
        else:
            yield Check(Level.OK, "ledger", "there is none yet: nobody has decided anything")
    except StoreError as error:
        yield _closed_ledger(session) or _unusable("ledger", error)


def _services(session: Session, services: tuple[ServiceFacts, ...], now: datetime, keeper: str = "") -> Iterator[Check]:
    from wedtui.cli.render import service_sentence
    from wedtui.core.picture import ServiceCondition, see_services
    from wedtui.core.services import differences
    from wedtui.poller.lock import holder

    if not services:
        yield Check(Level.WARNING, "service", service_sentence(None, now), f"`{starting(session)}`")
    seen_services = see_services(services, now, process=holder(session.paths.lock), place=session.place)
    for seen in seen_services:
        name = "service" if len(services) == 1 else f"service {seen.facts.vantage}"
        text = service_sentence(seen, now)
        elsewhere = len(services) > 1 and seen.facts.place != session.place
        if seen.runs:
            yield Check(Level.WARNING if seen.facts.problems else Level.OK, name, text)
        elif seen.condition is ServiceCondition.STUCK:
            yield Check(Level.PROBLEM, name, text, f"look at the disk and at {session.paths.log}")
        else:
            todo = f"`{starting(session)}`" + (f" on {seen.facts.place}" if elsewhere else "")
            yield Check(Level.WARNING, name, text, todo)
    for finding in differences(seen_services, keeper):
        yield Check(Level.WARNING, finding.subject, finding.text)


def _unsent(
    session: Session, ledger: LedgerReader, services: tuple[ServiceFacts, ...], now: datetime
) -> Iterator[Check]:
    """Say what people were to be told, and no service runs that tells them."""
    from wedtui.core.services import see_services
    from wedtui.core.unsent import unsent_words
    from wedtui.poller.lock import holder

    try:
        waits = ledger.unsent()
    except StoreError:
        return  # that it cannot be read is said of the ledger
    process = holder(session.paths.lock) if services else None
    words = unsent_words(waits, see_services(services, now, process=process, place=session.place))
    if words:
        yield Check(Level.PROBLEM, "notify", words, f"`{starting(session)}`")


def _closed_ledger(session: Session) -> Check | None:
    """Return what to say of a shared service's ledger that is closed to who asks, as it should be; else None."""
    from wedtui.cli.sharing import own_file_of_another

    shared = session.loaded.configuration.service.mode == "shared"
    file = session.paths.directory / "ledger.db"
    if not shared or not own_file_of_another(file):
        return None
    return Check(Level.NOTE, "ledger", f"{file} is the service's own: it was not looked into")


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
    from wedtui.cli.once import ask_once, outcomes
    from wedtui.cli.sharing import own_file_of_another, secret_files
    from wedtui.providers.registry import build_targets

    section = configuration.service
    closed = [f for f in secret_files(configuration) if own_file_of_another(f)] if section.mode == "shared" else []
    if closed:
        text = f"nothing was asked: {closed[0]} is the service's own, and closed to you"
        yield Check(Level.WARNING, "reach", text, f"`sudo -u {section.user} wedtui doctor` asks")
        return
    try:
        observations = ask_once(lambda: build_targets(configuration, session.clock))
    except WedtuiError as error:
        yield Check(Level.PROBLEM, "secrets", str(error))
        return
    for outcome in outcomes(observations):
        yield _reached(outcome)
        for observation in outcome.of:
            yield from _certificate(session, observation)


def _reached(outcome: Outcome) -> Check:
    """Say what came of an asking; what answered but has targets that are down, or is not ready, is not well."""
    if not outcome.ok:
        return Check(Level.PROBLEM, "reach", outcome.words, _remedy(outcome.of[0]))
    seen = outcome.of[0]
    if isinstance(seen, PrometheusObservation) and (seen.targets_down or not seen.ready):
        names = ", ".join(seen.targets_down[:_NAMED])
        remedy = f"look at what it cannot scrape: {names}" if names else "its own log says why it is not ready"
        return Check(Level.WARNING, "reach", outcome.words, remedy)
    if isinstance(seen, AlertsObservation) and not seen.expected:
        remedy = "look at the Prometheus behind it that should keep that alert firing, and at `expects`"
        return Check(Level.WARNING, "reach", outcome.words, remedy)
    if isinstance(seen, AlertsObservation) and seen.beside:
        return Check(Level.WARNING, "reach", outcome.words, _REACH)
    return Check(Level.OK, "reach", outcome.words)


def _remedy(observation: Observation) -> str:
    """Say what to do about an asking that failed; what an account says holds its own remedy."""
    if isinstance(observation, ApiObservation) and observation.reach in SAYS_WHAT_TO_DO:
        return ""
    if isinstance(observation, AlertsObservation):
        # It answered, or says itself what to look at.
        said = observation.alerts is not None or "check" in (observation.problem or "")
        return "" if said else _REACH
    return _REACH


def _costs(session: Session) -> Iterator[Check]:
    from wedtui.cli.costs import cost_lines, known_costs, resource_cost_lines

    for known in known_costs(session):
        for line in cost_lines([known], session.clock.now()):
            yield Check(Level.WARNING if known.problem or known.unread else Level.OK, "cost", line)
    for line, well in resource_cost_lines(session):
        yield Check(Level.OK if well else Level.WARNING, "cost", line)


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

    urls = [p.url for p in configuration.prometheus]
    urls += [url for source in configuration.alert_sources for url in source.addresses]
    urls += [p.url for p in configuration.probes]
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
    text = f"within {size.total_seconds():.1f} s of {counted(len(found), 'host')} (the furthest is {host})"
    yield Check(level, "clock", text, "" if level is Level.OK else "set this machine's clock by NTP, or theirs")


def _terminal(session: Session) -> Iterator[Check]:
    terminal, looks = look(), looks_of(peek(session.config_path))
    if not terminal.interactive:
        yield Check(Level.OK, "terminal", "none here, or one without escapes: `wedtui` prints text instead")
        return
    size = f"{terminal.columns}x{terminal.rows}"
    abilities = terminal.abilities.chosen(charset=looks.charset, colours=looks.colours)
    yield Check(Level.OK, "terminal", f"{size}, {abilities.words()}")
    if terminal.columns < LEAST_COLUMNS or terminal.rows < LEAST_ROWS:
        text = f"{size} is smaller than {LEAST_COLUMNS}x{LEAST_ROWS}"
        yield Check(Level.WARNING, "terminal", text, "make the window larger")
    if abilities.charset is not Charset.UTF8:
        text = f"its locale has no UTF-8, so signs and charts are drawn in {CHARSET_WORDS[abilities.charset]}"
        remedy = 'set LANG, for instance to C.UTF-8, or dashboard.charset = "utf-8"'
        yield Check(Level.WARNING, "terminal", text, remedy)
