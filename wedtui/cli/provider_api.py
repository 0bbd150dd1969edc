"""`wedtui providers sync|regions|services`: a provider's own API, asked now, and how asking it went."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from wedtui.cli.account_checks import configured_regions
from wedtui.cli.common import Session, print_json, session_of
from wedtui.cli.resources import check_provider, kinds_of
from wedtui.core.inventory import ApiFacts, InventoryFacts
from wedtui.core.observation import ApiObservation, Observation
from wedtui.core.resource import GLOBAL, STOPPED, Reach
from wedtui.core.state import State, badness
from wedtui.core.wording import age
from wedtui.errors import AlreadyRunningError, ConfigurationError

if TYPE_CHECKING:
    from wedtui.core.picture import CacheFacts

NAME = Annotated[str, typer.Argument(metavar="NAME")]
_WORST_FIRST = (*(state.value for state in sorted(State, key=badness, reverse=True)), STOPPED)
ANSWERED = frozenset({Reach.ANSWERED, Reach.PARTIAL})
AS_JSON = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def sync(session: Session, name: str | None, *, costs: bool = False) -> tuple[list[Observation], bool]:
    """Ask the API of one provider, or of all, once.

    What comes of it is stored, unless a service runs: then that keeps the cache.

    Args:
        session: of the command.
        name: of a provider; None: all.
        costs: whether what costs money is asked too.

    Returns:
        What was observed, and whether it was stored.

    Raises:
        ConfigurationError, NotFoundError, StoreError: it cannot be done.
    """
    from wedtui.cache.kind import CACHE
    from wedtui.cache.remembered import Remembered
    from wedtui.cache.writer import CacheWriter
    from wedtui.cli.once import ask_once
    from wedtui.cli.protection import current_protection
    from wedtui.core.season import pace
    from wedtui.poller.lock import ServiceLock
    from wedtui.providers.aws.paid import Paying
    from wedtui.providers.registry import build_apis
    from wedtui.store.opening import file_of

    configuration, clock = session.loaded.configuration, session.clock

    def ask() -> list[Observation]:
        remembered, paying = Remembered(session.cache_url), Paying.NOW if costs else Paying.NEVER
        return ask_once(lambda: build_apis(configuration, name, clock, remembered, paying=paying))

    if file_of(session.cache_url, CACHE) is None:
        # What several share is its services' to write.
        return ask(), False
    session.paths.make()
    try:
        with ServiceLock(session.paths.lock):
            writer = CacheWriter(session.cache_url)
            try:
                paces = pace(current_protection(session).level)
                writer.configure(configuration, probe_interval=paces.probe, query_interval=paces.query)
                observations = ask()
                writer.record(observations)
            finally:
                writer.close(clean=True)
            return observations, True
    except AlreadyRunningError:
        return ask(), False


def register(app: typer.Typer) -> None:
    """Add the commands to those of `providers`."""

    @app.command("sync")
    def sync_command(
        context: typer.Context,
        name: Annotated[str | None, typer.Argument(metavar="[NAME]")] = None,
        cost: Annotated[
            bool, typer.Option("--cost", help="Also what costs money: Cost Explorer takes US$ 0.01 a request.")
        ] = False,
        as_json: AS_JSON = False,
    ) -> None:
        """Ask a provider's own API now, or that of all. Exit code: 0 all was answered in full, 1 not all."""
        raise typer.Exit(_sync(session_of(context), name, costs=cost, as_json=as_json))

    @app.command("regions")
    def regions_command(context: typer.Context, name: NAME, as_json: AS_JSON = False) -> None:
        """List the regions of a provider: how asking there went, how long ago, and what is there."""
        session = session_of(context)
        rows = _regions(_facts(session, name).inventory, name, session)
        if as_json:
            print_json(rows)
            return
        if not rows:
            typer.echo(_nothing_asked(session, name))
            return
        _print_regions(rows)

    @app.command("services")
    def services_command(
        context: typer.Context,
        name: NAME,
        region: Annotated[str | None, typer.Option("--region", metavar="REGION", help="In this one only.")] = None,
        as_json: AS_JSON = False,
    ) -> None:
        """List what was asked of a provider where: how it went, how long ago, and what was wrong."""
        _services(session_of(context), name, region, as_json=as_json)


def _services(session: Session, name: str, region: str | None, *, as_json: bool) -> None:
    """Print what was asked of a provider where, and what its vendor says of itself."""
    from wedtui.cli.inventory_words import account_json, account_lines, asking_heading, asking_json, asking_lines
    from wedtui.core.inventory_findings import credentials_text

    now = session.clock.now()
    facts = _facts(session, name)
    everywhere = facts.inventory.apis_of(name)
    found = [a for a in everywhere if region in {None, a.region}]
    account = facts.inventory.account_of(name)
    if as_json:
        identity = account_json(account, now, in_full=True)
        print_json(
            [{**asking_json(each, now), "identity": identity if each.service == "sts" else None} for each in found]
        )
        return
    if not found:
        typer.echo(_nothing_asked(session, name))
        return
    typer.echo(asking_heading())
    for each in found:
        for line in asking_lines(each, now):
            typer.echo(line)
    if any(each.region == GLOBAL for each in found):
        typer.echo(f"{GLOBAL}: the account as a whole, which is asked in one region; what fails names that")
    for line in account_lines(account, now) if account is not None else ():
        typer.echo(line)
    ending = credentials_text(everywhere, now)
    if ending is not None:
        typer.echo(ending)
    for line in _vendor_lines(facts, name, now):
        typer.echo(line)


def _sync(session: Session, name: str | None, *, costs: bool, as_json: bool) -> int:
    """Ask, store and print; return the exit code."""
    from wedtui.cache.kind import CACHE
    from wedtui.cli.costs import cost_json, cost_lines, has_costs, known_costs, resource_cost_lines
    from wedtui.cli.once import observation_json, outcomes, succeeded
    from wedtui.store.opening import file_of

    check_provider(session, name)
    if costs and not has_costs(session, name):
        raise ConfigurationError(
            f"{name or 'no provider here'} is {'not ' if name else ''}configured to be asked for its costs: "
            "set cost = true or resource_cost = true under [providers.aws]"
        )
    observations, stored = sync(session, name, costs=costs)
    known, now = [] if costs else known_costs(session, name), session.clock.now()
    if as_json:
        print_json(
            {
                "stored": stored,
                "observations": [observation_json(o) for o in observations],
                "known_costs": [cost_json(each, now) for each in known],
            }
        )
    else:
        for outcome in outcomes(observations):
            typer.echo(outcome.line)
        for line in (
            () if costs else (*cost_lines(known, now), *(words for words, _well in resource_cost_lines(session, name)))
        ):
            typer.echo(f"note: {line}")
        on_file = file_of(session.cache_url, CACHE) is not None
        typer.echo(_outcome(observations, name, stored=stored, on_file=on_file))
    return 0 if observations and all(map(succeeded, observations)) else 1


def _outcome(observations: list[Observation], name: str | None, *, stored: bool, on_file: bool) -> str:
    if not observations:
        who = name or "any provider"
        return f"there is no API to ask of {who}: probes and queries are asked by `wedtui poll --once`"
    if stored:
        return _stored(observations)
    if not on_file:
        return "this was only shown: what stands in a PostgreSQL is stored by its services; `wedtui service start` one"
    return "a service runs and keeps the cache: this was only shown, not stored"


def _stored(observations: list[Observation]) -> str:
    """Say what there is to be listed now."""
    from wedtui.cli.once import NO_FAILURE

    askings = [each for each in observations if isinstance(each, ApiObservation)]
    answered = sum(each.reach in ANSWERED for each in askings)
    failed = sum(each.reach not in ANSWERED | NO_FAILURE for each in askings)
    if failed and not answered:
        return "nothing was answered, and only that is stored: what was known before grows old, and then is UNKNOWN"
    if failed:
        return (
            f"stored what {answered} of {answered + failed} askings answered: `wedtui resources list` shows it, and "
            "what else was known before, with its age"
        )
    return "stored: `wedtui resources list` shows what there is"


def _vendor_lines(facts: CacheFacts, name: str, now: datetime) -> Iterator[str]:
    """Yield what the vendor of a provider says is wrong, with its age."""
    from wedtui.core.vendor import event_texts
    from wedtui.tui.spans import clean

    vendor = next((each.vendor for each in facts.providers if each.name == name), None)
    if vendor is None:
        return
    yield f"{vendor.source}: {vendor.status}, as of {age(vendor.measured_at, now)} ago"
    yield from (f"  {clean(text)}" for text in event_texts(vendor))


def _facts(session: Session, name: str) -> CacheFacts:
    from wedtui.cache.reader import CacheReader

    check_provider(session, name)
    reader = CacheReader(session.cache_url)
    try:
        return reader.facts(session.clock.now())
    finally:
        reader.close()


def _nothing_asked(session: Session, name: str) -> str:
    from wedtui.core.inventory_findings import no_api_words

    without = no_api_words(kinds_of(session), name)
    return without or f"the API of {name} was never asked here: ask with `wedtui providers sync {name}`"


def _regions(inventory: InventoryFacts, name: str, session: Session) -> list[dict[str, Any]]:
    """Return a row for each region: its askings by how they went, and its resources by their last known state."""
    from wedtui.cli.inventory_words import believed
    from wedtui.cli.render import age_s, iso

    now = session.clock.now()
    askings: dict[str, list[ApiFacts]] = defaultdict(list)
    for asking in inventory.apis_of(name):
        askings[asking.region].append(asking)
    counts: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for group in inventory.groups_of(name):
        for state, count in group.counts:
            counts[group.region][state.value] += count
        if group.stopped:
            counts[group.region][STOPPED] += group.stopped
    configured = next((configured_regions(p) for p in session.loaded.configuration.providers if p.name == name), ())
    account = inventory.account_of(name)
    unwatched = frozenset(account.unwatched(configured)) if account is not None else frozenset()
    rows = []
    for region in sorted({*askings, *counts, *unwatched}):
        oldest = min((a.asked_at for a in askings[region]), default=None)
        reaches: dict[str, int] = defaultdict(int)
        for asking in askings[region]:
            reaches[believed(asking, now)] += 1
        rows.append(
            {
                "region": region,
                "services": len(askings[region]),
                "configured": region not in unwatched,
                "reach": dict(reaches),
                "asked_at": iso(oldest),
                "age_s": age_s(oldest, now),
                "last_states": {state: counts[region][state] for state in _WORST_FIRST if state in counts[region]},
            }
        )
    return rows


def _print_regions(rows: list[dict[str, Any]]) -> None:
    from wedtui.cli.inventory_words import cells

    widths = (14, -8, -7, 48)
    typer.echo(cells(*zip(("REGION", "SERVICES", "AGE", "REACH AND LAST STATES"), widths, strict=True)))
    for row in rows:
        reach = ", ".join(f"{count} {word}" for word, count in row["reach"].items()) or "listed from elsewhere"
        if not row["configured"]:
            reach = "not configured: nothing there is watched"
        states = ", ".join(f"{count} {state}" for state, count in row["last_states"].items()) or "no resources known"
        states = f"listed from elsewhere: {states}" if row["last_states"] and not row["configured"] else states
        old = "-" if row["age_s"] is None else f"{row['age_s']:g} s"
        typer.echo(cells(*zip((row["region"], str(row["services"]), old, reach), widths, strict=True)))
        typer.echo(cells(*zip(("", "", "", states), widths, strict=True)))
