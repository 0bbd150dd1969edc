"""`wedtui resources`: what the providers have, by page, and one of it in full."""

from __future__ import annotations

import shlex
from typing import Annotated

import typer

from wedtui.cli.common import Session, print_json, session_of
from wedtui.cli.demo_words import command_here
from wedtui.core.inventory import (
    MOST_ROWS,
    ApiFacts,
    InventoryFacts,
    KnownResource,
    Order,
    ResourcePage,
    ResourceQuery,
    alike,
)
from wedtui.core.state import State
from wedtui.core.wording import choice_words
from wedtui.errors import ConfigurationError, NotFoundError

app = typer.Typer(no_args_is_help=True, help="What the providers have.")

PROVIDER = Annotated[str | None, typer.Option("--provider", metavar="NAME", help="Of this provider only.")]
KIND = Annotated[str | None, typer.Option("--kind", metavar="KIND", help="`ec2.instance`, or all of a service: `ec2`.")]
REGION = Annotated[str | None, typer.Option("--region", metavar="REGION", help="In this region only.")]
AS_JSON = Annotated[bool, typer.Option("--json", help="Print JSON.")]
# What was not answered in full is named up to here; `providers services` has all of it.
NOTES = 5


@app.command("list")
def list_command(
    context: typer.Context,
    provider: PROVIDER = None,
    kind: KIND = None,
    region: REGION = None,
    state: Annotated[
        State | None, typer.Option("--state", case_sensitive=False, help="What it is in; old knowledge is UNKNOWN.")
    ] = None,
    words: Annotated[str, typer.Option("--words", metavar="WORDS", help="All in its name, id or tags.")] = "",
    vanished: Annotated[bool, typer.Option("--vanished", help="Those that are gone instead.")] = False,
    order: Annotated[Order, typer.Option("--order", help="What comes first.")] = Order.PLACE,
    limit: Annotated[int, typer.Option("--limit", min=1, max=MOST_ROWS, help="How many at most.")] = 100,
    after: Annotated[str | None, typer.Option("--after", metavar="NEXT", help="The page after that one.")] = None,
    as_json: AS_JSON = False,
) -> None:
    """List resources with their state and the age of what is known. Exit code: 0, also where there are none."""
    from wedtui.cache.reader import CacheReader
    from wedtui.cli.inventory_words import asking_json, incomplete, resource_json
    from wedtui.cli.render import iso

    session = session_of(context)
    check_provider(session, provider)
    query = ResourceQuery(provider, kind, region, state, words, vanished, order, limit, after)
    reader, now = CacheReader(session.cache_url), session.clock.now()
    try:
        page, inventory = reader.resources(query, now), reader.facts(now).inventory
    finally:
        reader.close()
    askings = _asked(inventory, query)
    if as_json:
        print_json(
            {
                "generated_at": iso(now),
                "total": page.total,
                "next": page.next,
                "resources": [resource_json(each, now) for each in page.rows],
                "kinds": _kinds(query, inventory),
                "incomplete": [asking_json(each, now) for each in incomplete(askings, query.kind, now)],
            }
        )
        return
    _print_page(session, query, page, inventory)


@app.command("show")
def show_command(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="ID", help="Its id, its name, or the beginning of either.")],
    provider: PROVIDER = None,
    kind: KIND = None,
    region: REGION = None,
    as_json: AS_JSON = False,
) -> None:
    """Show one resource in full: state, ages, tags, what it rests on and what rests on it."""
    from wedtui.cache.reader import CacheReader
    from wedtui.cli.inventory_words import resource_json, view_lines

    session = session_of(context)
    check_provider(session, provider)
    reader, now = CacheReader(session.cache_url), session.clock.now()
    try:
        known = _the_one(name, reader.find_resources(name, ResourceQuery(provider, kind, region)))
        view = reader.resource(known.provider, known.resource.kind, known.resource.region, known.resource.id)
    finally:
        reader.close()
    if view is None:
        raise NotFoundError(f'"{name}" went while it was read: list what there is with `wedtui resources list`')
    if as_json:
        print_json(
            {
                **resource_json(view.known, now),
                "rests_on": [
                    {"id": each.id, "known": resource_json(each.known, now) if each.known else None}
                    for each in view.depends_on
                ],
                "needed_by": [resource_json(each, now) for each in view.needed_by],
                "needed_by_more": view.needed_by_more,
            }
        )
        return
    for line in view_lines(view, now):
        typer.echo(line)


def check_provider(session: Session, name: str | None) -> None:
    """Refuse a provider that is not configured: nothing found of it would look like nothing there.

    Raises:
        NotFoundError: there is none of that name.
    """
    names = [p.name for p in session.loaded.configuration.providers]
    if name is not None and name not in names:
        raise NotFoundError(f'the configuration has no provider "{name}": {choice_words(names)}')


def kinds_of(session: Session) -> dict[str, str]:
    """Return the kinds of the configured providers, by name."""
    return {p.name: p.kind for p in session.loaded.configuration.providers}


def _asked(inventory: InventoryFacts, query: ResourceQuery) -> tuple[ApiFacts, ...]:
    """Return the askings that the answer to a question rests on, as far as its provider and region say."""
    regions = {query.region, "global"}
    return tuple(
        each
        for each in inventory.apis
        if query.provider in {None, each.provider} and (query.region is None or each.region in regions)
    )


def _kinds(query: ResourceQuery, inventory: InventoryFacts) -> list[str]:
    """Return the kinds of which there is anything, of the provider that is asked for."""
    return sorted({g.kind for g in inventory.groups if g.total and query.provider in {None, g.provider}})


def _no_match(query: ResourceQuery, inventory: InventoryFacts) -> str:
    """Say that nothing matches, and which kinds there are where one was asked for that is not among them."""
    kinds = _kinds(query, inventory)
    if query.kind is None or any(kind == query.kind or kind.startswith(f"{query.kind}.") for kind in kinds):
        return "no resource matches"
    if not kinds:
        return f'no resource is of the kind "{query.kind}": no resource is known at all'
    return f'no resource is of the kind "{query.kind}": there are {", ".join(kinds)}'


def _print_page(session: Session, query: ResourceQuery, page: ResourcePage, inventory: InventoryFacts) -> None:
    from wedtui.cli.inventory_words import believed, incomplete, resource_heading, resource_lines
    from wedtui.core.inventory_findings import asked_words, never_read, no_api_words
    from wedtui.tui.spans import clean

    now, askings = session.clock.now(), _asked(inventory, query)
    if page.rows:
        typer.echo(resource_heading(vanished=query.vanished))
    same = alike(page.rows)
    for each in page.rows:
        for line in resource_lines(each, now, with_id=each.resource.id in same):
            typer.echo(line)
    if not askings:
        nothing = "no provider's API was ever asked here: ask with `wedtui providers sync`"
        typer.echo(no_api_words(kinds_of(session), query.provider) or nothing)
    elif not page.total:
        unread = never_read(inventory, query.provider, now)
        if not unread or any(group.total for group in inventory.groups):
            typer.echo("nothing vanished of late" if query.vanished else _no_match(query, inventory))
        for sentence in unread:
            typer.echo(clean(sentence))
    else:
        typer.echo(f"{len(page.rows):,} of {page.total:,} shown")
    unsure = incomplete(askings, query.kind, now)
    for asking in unsure[:NOTES]:
        where = f"{asking.provider} {asking.service} in {asking.region}"
        typer.echo(f"note: {where}: {believed(asking, now)}, {asked_words(asking, now)}; some may be missing")
    if len(unsure) > NOTES:
        typer.echo(f"note: and {len(unsure) - NOTES} more: `wedtui providers services NAME` lists them")
    if page.next is not None:
        typer.echo(f"next: {command_here(_command(query, page.next, demo=session.demo))}")


def _command(query: ResourceQuery, after: str, *, demo: bool) -> str:
    """Return the command that prints the next page."""
    words = ["wedtui", *(["--demo"] if demo else []), "resources", "list"]
    for option, value in (
        ("--provider", query.provider),
        ("--kind", query.kind),
        ("--region", query.region),
        ("--state", query.state),
        ("--words", query.words),
        ("--order", query.order if query.order is not Order.PLACE else None),
        ("--limit", str(query.limit) if query.limit != 100 else None),
        ("--after", after),
    ):
        words += [option, str(value)] if value else []
    return shlex.join([*words, *(["--vanished"] if query.vanished else [])])


def _the_one(name: str, found: tuple[KnownResource, ...]) -> KnownResource:
    """Return the only resource that a text names.

    Raises:
        NotFoundError: it names none.
        ConfigurationError: it names several.
    """
    if not found:
        raise NotFoundError(f'no resource is called "{name}": find it with `wedtui resources list --words {name}`')
    if len(found) > 1:
        places = [f"{f.provider} {f.resource.region} {f.resource.kind} {f.resource.id}" for f in found]
        some = ", ".join(places[:NOTES]) + (" and more" if len(places) > NOTES else "")
        raise ConfigurationError(
            f'"{name}" could be any of {some}: type more of it, or narrow it with --provider, --kind and --region'
        )
    return found[0]
