"""`wedtui poll --once`: one round of everything, in the foreground."""

from __future__ import annotations

import tempfile
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from wedtui.cli.common import Session, print_json, session_of
from wedtui.core.observation import Observation, WeddingsObservation
from wedtui.core.picture import Picture
from wedtui.errors import AlreadyRunningError, ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from wedtui.cache.writer import CacheWriter
    from wedtui.config import Configuration
    from wedtui.core.finding import Finding
    from wedtui.core.freeze import FreezeFacts
    from wedtui.core.picture import CacheFacts
    from wedtui.core.protection import ProtectionVerdict


def poll_once(session: Session) -> tuple[list[Observation], Picture, bool]:
    """Ask everything once and judge what came of it.

    The round is stored in a cache of one's own, unless a service keeps it: then it is judged by itself.

    Returns:
        What was observed, the picture that follows, and whether the round was stored.

    Raises:
        ConfigurationError, StoreError: it cannot be done.
    """
    from wedtui.cache.kind import CACHE
    from wedtui.cache.reader import CacheReader
    from wedtui.cache.writer import CacheWriter
    from wedtui.cli.facts import calendar_facts, freeze_facts, raise_facts
    from wedtui.core.protection import protection
    from wedtui.core.season import pace
    from wedtui.ledger.reader import LedgerReader
    from wedtui.poller.lock import ServiceLock
    from wedtui.store.opening import file_of, url_of

    configuration, clock = session.loaded.configuration, session.clock
    session.paths.make()
    with ExitStack() as stack:
        # What several share is its services' to write: this configuration may be another than theirs.
        url, stored = session.cache_url, file_of(session.cache_url, CACHE) is not None
        try:
            stack.enter_context(ServiceLock(session.paths.lock))
        except AlreadyRunningError:
            stored = False
        if not stored:
            url = url_of(Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="wedtui-poll-"))) / "cache.db")
        writer = CacheWriter(url, vantage=session.vantage)
        stack.callback(writer.close, clean=True)
        # What is frozen is not one round's to say: a feed that shrank keeps its last good state in the real cache.
        cache, kept, ledger = CacheReader(url), CacheReader(session.cache_url), LedgerReader(session.ledger_url)
        for reader in (cache, ledger, kept):
            stack.callback(reader.close)
        now = clock.now()
        raises, problems = raise_facts(configuration, kept, ledger, now)
        calendar = calendar_facts(configuration, kept, ledger, now)
        paces = pace(protection(calendar, raises, configuration.zones, now).level)
        writer.configure(configuration, probe_interval=paces.probe, query_interval=paces.query)
        observations = _asked(session, writer, stored=stored)
        now = clock.now()
        freeze = freeze_facts(configuration, kept, ledger, now, session.paths)
        level = protection(freeze.calendar, raises, configuration.zones, now)
        picture = _judged(configuration, cache.facts(now), freeze, level, problems, now)
    return observations, _without_service(picture), stored


def _asked(session: Session, writer: CacheWriter, *, stored: bool) -> list[Observation]:
    """Ask everything once and put what came of it where it is judged; return what came of it.

    Args:
        session: of the command.
        writer: of that cache.
        stored: whether it is the one that everybody reads.
    """
    from wedtui.cache.remembered import Remembered
    from wedtui.cli.costs import known_costs, read_costs
    from wedtui.cli.once import ask_once
    from wedtui.poller.weddings import rules_of, store_weddings
    from wedtui.providers.registry import build_targets

    configuration, clock = session.loaded.configuration, session.clock
    # Where it is judged by itself, what costs money to ask is known from before, with its age.
    known: list[Observation] = [] if stored else [*read_costs(known_costs(session))]
    observations = ask_once(lambda: build_targets(configuration, clock, Remembered(session.cache_url)))
    store_weddings(writer, rules_of(configuration, session.ledger_url), observations)
    writer.record([*known, *(each for each in observations if not isinstance(each, WeddingsObservation))])
    return observations


def _judged(
    configuration: Configuration,
    facts: CacheFacts,
    freeze: FreezeFacts,
    level: ProtectionVerdict,
    problems: Iterable[Finding],
    now: datetime,
) -> Picture:
    """Return the picture that follows from one round."""
    from wedtui.cli.facts import freeze_findings
    from wedtui.core.freeze import Scope, verdict
    from wedtui.core.picture import assemble

    return assemble(
        facts,
        verdict(freeze, now, Scope(configuration.environment)),
        level,
        environment=configuration.environment,
        now=now,
        calendar=freeze.calendar,
        problems=(*freeze_findings(freeze, now), *problems),
    )


def _without_service(picture: Picture) -> Picture:
    """Return a picture without whether a service runs: that was not asked here, and is no finding of this round."""
    from wedtui.core.picture import ServiceCondition

    findings = tuple(f for f in picture.findings if not f.subject.startswith("service"))
    return replace(picture, findings=findings, condition=ServiceCondition.RUNNING, service=None, services=())


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command("poll")
    def poll_command(
        context: typer.Context,
        once: Annotated[bool, typer.Option("--once", help="Do one round; `wedtui service run` goes on.")] = False,
        as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    ) -> None:
        """Ask every probe, query, server and feed once. Exit code: 0 the round was done, whatever it found.

        What costs money is not asked: what was read of it last is shown.
        """
        from wedtui.cli.costs import cost_json, cost_lines, known_costs, resource_cost_lines
        from wedtui.cli.once import observation_json, outcomes
        from wedtui.cli.render import iso, picture_json

        if not once:
            raise ConfigurationError("expected --once: `wedtui service run` is what goes on polling")
        session = session_of(context)
        observations, picture, stored = poll_once(session)
        costs, now = known_costs(session), session.clock.now()
        if as_json:
            whole = picture_json(picture)
            print_json(
                {
                    "generated_at": iso(picture.at),
                    "stored": stored,
                    "observations": [observation_json(o) for o in observations],
                    "known_costs": [cost_json(each, now) for each in costs],
                    **{key: whole[key] for key in ("environment", "state", "freeze", "providers", "findings")},
                }
            )
            return
        for outcome in outcomes(observations):
            typer.echo(outcome.line)
        for line in (*cost_lines(costs, now), *(words for words, _well in resource_cost_lines(session))):
            typer.echo(f"note: {line}")
        for provider in picture.providers:
            health = provider.health
            score = "no score" if health.said is None else f"score {health.said:g}"
            score += f" ({'; '.join(provider.lacks)})" if provider.lacks else ""
            typer.echo(f"{health.state.value:<8}  {provider.name}: {score}")
        for finding in picture.findings:
            if finding.subject == "freeze":
                typer.echo(f"note: {finding.text}")
        if not stored:
            typer.echo("a service keeps the cache: this round was not stored")
