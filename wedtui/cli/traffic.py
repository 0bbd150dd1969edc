"""`wedtui traffic`: which share of traffic each place has."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from wedtui.cli.common import Session, print_json, session_of
from wedtui.core.evidence import Freshness
from wedtui.core.share_findings import share_findings
from wedtui.core.traffic import Place
from wedtui.core.traffic_facts import TrafficFacts

if TYPE_CHECKING:
    from wedtui.config_traffic import TrafficSection

app = typer.Typer(no_args_is_help=True, help="Which share of traffic each place has.")

SAMPLE_AT_MOST = 1000


@app.callback()
def traffic_command() -> None:
    """Keep `show` a command of its own."""


@app.command("show")
def show_command(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    sample: Annotated[
        int,
        typer.Option("--sample", metavar="N", min=0, max=SAMPLE_AT_MOST, help="Ask traffic.nameservers that often."),
    ] = 0,
) -> None:
    """Say the shares as the service read them last, how old that is, and what is wrong with it.

    Exit code: 0 where the reading is fresh and its newest attempt went well, else 1.
    """
    session = session_of(context)
    section = session.loaded.configuration.traffic
    if section.backend is None:
        from wedtui.errors import ConfigurationError

        raise ConfigurationError("no backend of traffic is configured: add backend and places to [traffic]")
    facts = _facts(session, section)
    answers = _sampled(section, sample) if sample else None
    now = session.clock.now()
    weights = {p.name: p.weight for p in session.loaded.configuration.providers}
    found = share_findings(facts, weights, now)
    if as_json:
        print_json({**_json(section, facts, answers, now), "findings": [each.text for each in found]})
    else:
        for line in (*_lines(section, facts, answers, now), *(f"{each.severity}: {each.text}" for each in found)):
            typer.echo(line)
    if facts.problem is not None or facts.freshness(now) is not Freshness.FRESH:
        raise typer.Exit(1)


def _facts(session: Session, section: TrafficSection) -> TrafficFacts:
    """Return what the cache knows of the record that is configured here.

    Raises:
        StoreError: it cannot be read.
    """
    from datetime import timedelta

    from wedtui.cache.reader import CacheReader

    cache = CacheReader(session.cache_url)
    try:
        facts = cache.traffic()
    finally:
        cache.close()
    if facts is None or (facts.name, facts.backend) != (section.name, section.backend):
        why = "the service does not read this record: start it again with this configuration"
        return TrafficFacts(str(section.name), str(section.backend), timedelta(minutes=1), problem=why)
    return facts


def _sampled(section: TrafficSection, count: int) -> Mapping[Place, int]:
    """Ask the authoritative servers, which takes no credentials.

    Raises:
        ConfigurationError: none are configured.
        ForeignRecordsError, ProviderUnavailableError: an answer is none of the places, or a question had none.
    """
    import asyncio

    from wedtui.errors import ConfigurationError
    from wedtui.providers.traffic.base import Wanted
    from wedtui.providers.traffic.questions import found
    from wedtui.providers.traffic.questions import sample as ask

    if not section.nameservers:
        raise ConfigurationError("--sample: no nameservers are configured: name those of the zone in [traffic]")

    async def work() -> Mapping[Place, int]:
        return await ask(Wanted.of(section), await found(section.nameservers), count)

    return asyncio.run(work())


def shares_words(shares: Mapping[Place, int], unit: str = " %") -> str:
    """Return shares on one line, by place."""
    return ", ".join(f"{place} {share}{unit}" for place, share in sorted(shares.items()))


def _places(section: TrafficSection) -> list[Place]:
    return [Place(place.provider, place.region or "") for place in section.places]


def _lines(
    section: TrafficSection, facts: TrafficFacts, answers: Mapping[Place, int] | None, now: datetime
) -> list[str]:
    from wedtui.config_values import format_duration
    from wedtui.core.wording import age

    reading = facts.reading
    lines = []
    if reading is None:
        tried = "" if facts.attempted_at is None else f"; tried {age(facts.attempted_at, now)} ago"
        lines.append(f"{facts.name} by {facts.backend}: never read, so its shares are UNKNOWN{tried}")
    else:
        fresh = facts.freshness(now) is Freshness.FRESH
        said = f"TTL {format_duration(reading.ttl)}, generation {reading.generation}"
        read = f"read {age(reading.read_at, now)} ago" + ("" if fresh else ", which is STALE")
        lines.append(f"{facts.name} by {facts.backend}: {said}, {_sync(facts)}; {read}")
        width = max(len(str(place)) for place in _places(section))
        for place in _places(section):
            share = reading.shares.get(place)
            lines.append(f"  {place!s:<{width}}  {'OFF' if share is None else f'{share:>3} %'}")
    if answers is not None:
        lines.append(f"answers of {sum(answers.values())}: {shares_words(answers, '')}")
    return lines if facts.problem is None else [*lines, f"note: {facts.problem}"]


def _sync(facts: TrafficFacts) -> str:
    """Return whether the last change is in sync, by what was read and by what is on record of actions."""
    from wedtui.core.wording import utc_words

    written, read = facts.under_way, facts.reading.submission if facts.reading else None
    if written is None:
        return "in sync" if read is None else f"change {read} is under way (PENDING)"
    number = read or written.pending
    change = f"change {number}" if number else "the change"
    if written.at is None:
        return f"{change} of action {written.action} is under way, or it is not known whether it took"
    return f"{change} of action {written.action} is under way (PENDING since {utc_words(written.at)})"


def _json(
    section: TrafficSection, facts: TrafficFacts, answers: Mapping[Place, int] | None, now: datetime
) -> dict[str, Any]:
    from wedtui.cli.render import age_s, iso

    reading, written = facts.reading, facts.under_way
    submission = reading.submission if reading is not None and reading.submission else None
    submission = submission or (written.pending if written is not None else None) or None
    read_at = None if reading is None else reading.read_at
    shares = {} if reading is None else reading.shares
    places = [
        {
            "provider": place.provider,
            "region": place.region or None,
            "state": "UNKNOWN" if reading is None else "ON" if place in shares else "OFF",
            "share": shares.get(place),
            **({} if answers is None else {"answers": answers.get(place, 0)}),
        }
        for place in _places(section)
    ]
    return {
        "name": facts.name,
        "backend": facts.backend,
        "mode": section.mode,
        "places": places,
        "ttl_s": None if reading is None else int(reading.ttl.total_seconds()),
        "generation": None if reading is None else reading.generation,
        "in_sync": None if reading is None else reading.submission is None and written is None,
        "submission": submission,
        "pending_since": None if written is None else iso(written.at),
        "action": None if written is None else written.action,
        "read_at": iso(read_at),
        "age_s": age_s(read_at, now),
        "attempted_at": iso(facts.attempted_at),
        "fresh": facts.freshness(now) is Freshness.FRESH,
        "problem": facts.problem,
    }
