"""`wedtui metrics`: the history of signals, from the cache and, for what is longer ago, from Prometheus."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from enum import Enum
from typing import TYPE_CHECKING, Annotated

import typer

from wedtui.cli.common import Session, parse_past, print_json, session_of

if TYPE_CHECKING:
    from wedtui.cache.history import Gathered
    from wedtui.cli.metrics_text import Told
    from wedtui.config import PrometheusSection, QuerySection
    from wedtui.core.history import Question
    from wedtui.core.rollup import Segment

_AGO = re.compile(r"-.*|[0-9.]+\s*[a-z].*")

app = typer.Typer(no_args_is_help=True, help="The history of signals.")


class Agg(Enum):
    """What to say of the samples of each interval."""

    AVG = "avg"
    SUM = "sum"
    MIN = "min"
    MAX = "max"
    COUNT = "count"
    P95 = "p95"
    P99 = "p99"


@app.command("list")
def list_command(
    context: typer.Context, as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False
) -> None:
    """List the series that there are: provider, signal, how many samples, when the first and the newest was."""
    from wedtui.cache.history import HistoryReader
    from wedtui.cli.metrics_text import zulu
    from wedtui.core.wording import age, counted

    session = session_of(context)
    now = session.clock.now()
    reader = HistoryReader(session.cache_url)
    try:
        found = reader.series()
    finally:
        reader.close()
    if as_json:
        rows = [
            {
                "provider": s.provider,
                "signal": s.signal,
                "first": zulu(s.first),
                "newest": zulu(s.newest),
                "newest_age_s": round((now - s.newest).total_seconds(), 3),
                "count": s.count,
            }
            for s in found
        ]
        print_json(rows)
        return
    for s in found:
        old = age(s.newest, now)
        ago = old if old == "in the future" else f"{old} old"
        newest = f"newest {zulu(s.newest)}, {ago}"
        typer.echo(f"{s.provider}  {s.signal}  {counted(s.count, 'sample')}  first {zulu(s.first)}  {newest}")
    if not found:
        typer.echo("the cache has no history yet")


@app.command("query")
def query_command(
    context: typer.Context,
    signal: Annotated[str, typer.Option("--signal", metavar="NAME", help='Such as cpu, or "probe NAME".')],
    provider: Annotated[str, typer.Option("--provider", metavar="NAME", help="Whose signal.")],
    vantage: Annotated[
        str | None, typer.Option("--vantage", metavar="NAME", help="From where a probe is asked, of several services.")
    ] = None,
    start: Annotated[
        str,
        typer.Option(
            "--from",
            metavar="T",
            help="An instant with its offset, or so long ago, from where its interval begins: -24h, -1y.",
        ),
    ] = "-24h",
    end: Annotated[str, typer.Option("--to", metavar="T", help="Where it ends, exclusive.")] = "now",
    interval: Annotated[
        str | None, typer.Option("--interval", metavar="D", help="Such as 5m or 1h; by default what suits the range.")
    ] = None,
    agg: Annotated[Agg, typer.Option("--agg", help="What to say of the samples of each interval.")] = Agg.AVG,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV; notes go to standard error.")] = False,
) -> None:
    """Print one figure for each interval of a range, in UTC. An interval without samples has no line.

    What is older than the cache keeps is asked of Prometheus, where a query for the signal is configured. Quantiles of
    longer intervals are estimates, and how far they may be off is said.
    """
    from wedtui.cli import metrics_text
    from wedtui.errors import ConfigurationError

    if as_json and as_csv:
        raise ConfigurationError("expected --json or --csv, got both")
    session = session_of(context)
    now = session.clock.now()
    question = _question(now, (provider, _from(signal, vantage)), (start, end), interval, agg)
    answer = _answer(session, question, now)
    if as_json:
        print_json(metrics_text.as_json(answer, now))
    elif as_csv:
        typer.echo(metrics_text.as_csv(answer), nl=False)
        for note in (*metrics_text.overtaken_words(answer.overtaken, now), *metrics_text.notes_of(answer)):
            typer.echo(f"wedtui: {note}", err=True)
    else:
        typer.echo(metrics_text.as_text(answer, now))


def _answer(session: Session, question: Question, now: datetime) -> Told:
    """Return what cache and Prometheus have.

    Raises:
        NotFoundError: there is no such series, and nobody who could be asked for it.
        StoreError: the cache cannot be read.
    """
    from wedtui.cache.history import Gathered, HistoryReader
    from wedtui.cli.metrics_text import Told
    from wedtui.core.rollup import Segment
    from wedtui.errors import NotFoundError

    reader = HistoryReader(session.cache_url)
    try:
        gathered = reader.gather(question)
        elsewhere, overtaken = reader.by_vantage(question), reader.overtaken(question, now)
    except NotFoundError:
        if _asked_of(session, question) is None:
            raise
        # The service has not asked for it yet; whom it is going to ask may know.
        gathered = Gathered(question, missing=[Segment(None, question.start, question.end)])
        elsewhere, overtaken = [], None
    finally:
        reader.close()
    notes = [_by_vantage(question, elsewhere)] if elsewhere else []
    notes += _ask_for_missing(session, gathered)
    return Told(question, gathered.points(), gathered.parts_in_order(), tuple(notes), overtaken)


def _from(signal: str, vantage: str | None) -> str:
    """Return the series that is meant.

    Raises:
        ConfigurationError: it has no vantages.
    """
    from wedtui.core.series import probe_of, probe_signal
    from wedtui.errors import ConfigurationError

    if vantage is None:
        return signal
    probe = probe_of(signal)
    if probe is None:
        raise ConfigurationError(f'expected --vantage for a probe only ("probe NAME"), got --signal "{signal}"')
    return probe_signal(probe, vantage)


def _by_vantage(question: Question, series: list[str]) -> str:
    names = ", ".join(f'"{name}"' for name in series)
    return f'this is from when one service alone asked "{question.signal}"; since there are several, ask for {names}'


def _question(
    now: datetime, series: tuple[str, str], stretch: tuple[str, str], interval: str | None, agg: Agg
) -> Question:
    """Return what is asked.

    Raises:
        ConfigurationError: it cannot be asked.
    """
    from wedtui.core.history import MOST_POINTS, Question, default_interval
    from wedtui.core.rollup import Aggregate, floor_to
    from wedtui.errors import ConfigurationError
    from wedtui.store.instants import to_microseconds

    first, last = (to_microseconds(parse_past(text, now)) for text in stretch)
    if last <= first:
        raise ConfigurationError(f"expected --to after --from, got {stretch[0]} and {stretch[1]}")
    if first < 0:
        raise ConfigurationError(f"expected --from after 1970, got {stretch[0]}")
    width = default_interval(first, last) if interval is None else _width(interval)
    if _AGO.fullmatch(stretch[0]):
        # "About so long ago": nobody means the seconds that would cut the first interval short.
        first = floor_to(first, width)
    if (last - first) // width > MOST_POINTS:
        raise ConfigurationError(
            f"expected at most {MOST_POINTS} intervals, got {(last - first) // width}: "
            "ask for a longer --interval or a shorter range"
        )
    return Question(*series, first, last, width, Aggregate(agg.value))


def _width(text: str) -> int:
    from wedtui.config_values import parse_duration
    from wedtui.errors import ConfigurationError

    try:
        span = parse_duration(text)
    except ValueError as error:
        raise ConfigurationError(f'--interval: {error}, got "{text}"') from None
    day = timedelta(days=1)
    if span % timedelta(seconds=1) or (day % span and span % day):
        raise ConfigurationError(
            f'--interval: expected whole seconds that fit evenly into a day, or whole days, got "{text}"'
        )
    return span // timedelta(microseconds=1)


def _ask_for_missing(session: Session, gathered: Gathered) -> list[str]:
    """Ask Prometheus for what the cache does not hold; return a sentence for each stretch that it has no answer for."""
    if not gathered.missing:
        return []
    import asyncio

    from wedtui.cli.metrics_text import between
    from wedtui.errors import ProviderUnavailableError
    from wedtui.providers.prometheus_history import ask_history

    question = gathered.question
    place = _asked_of(session, question)
    notes = []
    for segment in gathered.missing:
        stretch = f"of {between(segment.start, segment.end)} the cache has nothing in this detail"
        if place is None:
            notes.append(f"{stretch}, and no Prometheus query is configured for {question.signal}")
            continue
        server, query = place
        name = f"prometheus {server.name}"
        try:
            found = asyncio.run(ask_history(server, query, session.clock, question, segment))
        except ProviderUnavailableError as error:
            notes.append(f"{stretch}, and {name} could not be asked: {error}")
            continue
        if not found:
            notes.append(f"{stretch}, and {name} has no value of it either")
        gathered.add_samples(name, segment, [each for each in found if _within(each[0], segment)])
    return notes


def _within(at: int, segment: Segment) -> bool:
    return segment.start <= at < segment.end


def _asked_of(session: Session, question: Question) -> tuple[PrometheusSection, QuerySection] | None:
    for server in session.loaded.configuration.prometheus:
        for query in server.queries:
            if (query.provider, query.signal) == (question.provider, question.signal):
                return server, query
    return None
