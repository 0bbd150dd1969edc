"""`wedtui changes`: what changed, in one order, and of what nothing is known."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from wedtui.cli.common import Session, parse_past, print_json, session_of
from wedtui.core.changes import EVERY_KIND, LISTED, LOOKED_BACK, ChangeKind
from wedtui.errors import ConfigurationError

if TYPE_CHECKING:
    from wedtui.core.changes import Change, ChangeQuery, Gap, Timeline

UNREAD = 1
_MOST = 2_000
_KIND, _INDENT = 13, 22


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command("changes")
    def changes_command(
        context: typer.Context,
        since: Annotated[
            str | None,
            typer.Option("--since", metavar="T", help="So long ago (-2d, 30m), or an instant with its offset; or 24h."),
        ] = None,
        until: Annotated[
            str | None, typer.Option("--until", metavar="T", help="Before it: likewise; by default now.")
        ] = None,
        kinds: Annotated[
            list[str] | None,
            typer.Option("--kind", metavar="K", help=f"Only {', '.join(ChangeKind)}; may be repeated."),
        ] = None,
        limit: Annotated[
            int, typer.Option("--limit", metavar="N", min=1, max=_MOST, help="At most so many, the newest.")
        ] = LISTED,
        as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    ) -> None:
        """Say what changed: releases, configuration, weights, freezes, vendor incidents, protection, services, alerts.

        Oldest first; below it of what nothing is known. Exit code: 0, and 1 where a source could not be read.
        """
        session = session_of(context)
        found = read_timeline(session, _query(session, since, until, kinds or [], limit))
        if as_json:
            print_json(timeline_json(found))
        else:
            for line in timeline_lines(found):
                typer.echo(line)
        if any(gap.problem for gap in found.gaps):
            raise typer.Exit(UNREAD)


def read_timeline(session: Session, query: ChangeQuery) -> Timeline:
    """Return what changed, from cache and ledger.

    Raises:
        ConfigurationError: it cannot be used.
    """
    from wedtui.cache.reader import CacheReader
    from wedtui.cli.timeline import timeline
    from wedtui.ledger.reader import LedgerReader

    cache, ledger = CacheReader(session.cache_url), LedgerReader(session.ledger_url)
    try:
        return timeline(session.loaded.configuration, cache, ledger, query, session.clock.now())
    finally:
        cache.close()
        ledger.close()


def _query(session: Session, since: str | None, until: str | None, kinds: list[str], limit: int) -> ChangeQuery:
    """Return what is asked; what is to come has not changed yet.

    Raises:
        ConfigurationError: no such kind, no instant, or they are not in order.
    """
    from wedtui.core.changes import ChangeQuery
    from wedtui.core.freeze_windows import shifted

    now = session.clock.now()
    end = now if until is None else min(parse_past(until, now), now)
    start = shifted(end, -LOOKED_BACK) if since is None else parse_past(since, now)
    if end <= start:
        raise ConfigurationError("expected --until after --since, and --since in the past, such as -2d")
    unknown = next((kind for kind in kinds if kind not in set(ChangeKind)), None)
    if unknown is not None:
        raise ConfigurationError(f'--kind: expected one of {", ".join(ChangeKind)}, got "{unknown}"')
    return ChangeQuery(start, end, frozenset(map(ChangeKind, kinds)) or EVERY_KIND, limit)


def timeline_lines(found: Timeline) -> list[str]:
    """Return a timeline in words: each change with its instant in UTC, then what is not known."""
    lines = []
    if found.earlier:
        lines.append("there are older ones: ask with --until, or with a larger --limit")
    for change in found.changes:
        lines.append(f"{change.at.astimezone(UTC):%Y-%m-%d %H:%M:%S}  {change.kind:<{_KIND}} {change_words(change)}")
        lines += [f"{'':<{_INDENT}}{line}" for line in _below(change)]
    if not found.changes:
        lines.append("nothing is known to have changed")
    if found.gaps:
        lines += ["", "not known:", *(f"  {gap.words}" for gap in found.gaps)]
    return lines


def change_words(change: Change) -> str:
    """Return what changed, how, and who did it."""
    return f"{change.object}: {change.words}"


def _below(change: Change) -> list[str]:
    from wedtui.core.changes import clock_words

    found = []
    if change.not_before is not None:
        found.append(f"seen then, and as before at {clock_words(change.not_before, change.at)}")
    return found


def timeline_json(found: Timeline) -> dict[str, Any]:
    """Return a timeline for a program, instants in UTC to the millisecond."""
    return {
        "since": _text(found.query.since),
        "until": _text(found.query.until),
        "kinds": [kind.value for kind in ChangeKind if kind in found.query.kinds],
        "changes": [_change_json(change) for change in found.changes],
        "earlier": found.earlier,
        "gaps": [_gap_json(gap) for gap in found.gaps],
    }


def _change_json(change: Change) -> dict[str, Any]:
    return {
        "at": _text(change.at),
        "not_before": _text(change.not_before),
        "kind": change.kind.value,
        "object": change.object,
        "sentence": change.sentence,
        "who": change.who,
        "known_from": change.known_from,
        "key": change.key,
        "more": change.more,
    }


def _gap_json(gap: Gap) -> dict[str, Any]:
    return {
        "kinds": [kind.value for kind in ChangeKind if kind in gap.kinds],
        "since": _text(gap.since),
        "until": _text(gap.until),
        "sentence": gap.sentence,
        "problem": gap.problem,
    }


def _text(at: datetime | None) -> str | None:
    if at is None:
        return None
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
