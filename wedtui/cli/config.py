"""`wedtui config`: write one, check it, show what counts."""

from __future__ import annotations

import os
import shutil
import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from wedtui.cli.common import Session, print_json, session_of
from wedtui.cli.keys import key_notes, key_problems, key_table
from wedtui.errors import ConfigurationError
from wedtui.paths import CONFIG_VARIABLE, configuration_candidates

if TYPE_CHECKING:
    from wedtui.config import ProviderSection

app = typer.Typer(no_args_is_help=True, help="The configuration.")


@app.command("init")
def init_command(
    context: typer.Context,
    path: Annotated[Path | None, typer.Option("--path", help="Where to write it.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a file that exists.")] = False,
) -> None:
    """Write a commented configuration file to start from."""
    from wedtui.cli.config_text import TEMPLATE

    named = os.environ.get(CONFIG_VARIABLE)
    session = session_of(context)
    target = path or session.config_path or (Path(named) if named else configuration_candidates()[0])
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _write(target, TEMPLATE, replace=force)
    except FileExistsError:
        raise ConfigurationError(f"{target} exists: edit it, or replace it with --force") from None
    except OSError as error:
        raise ConfigurationError(f"cannot write {target} ({error.strerror}): name another with --path") from None
    typer.echo(f"wrote {target}: edit it, then run `wedtui config check`")


def _write(target: Path, text: str, *, replace: bool) -> None:
    """Write a file whole or not at all.

    Raises:
        FileExistsError: there is one, and it is not to be replaced.
    """
    draft = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        # It may come to name where secrets are; others have no business with it.
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o640), "w", encoding="utf-8") as file:
            file.write(text)
        if replace:
            draft.replace(target)
        else:
            os.link(draft, target)
    finally:
        draft.unlink(missing_ok=True)


@app.command("check")
def check_command(context: typer.Context) -> None:
    """Check the configuration. Exit code: 0 it can be used, 2 it cannot, with one line for each reason."""
    from wedtui.cli.themes import theme_problems, theme_warnings
    from wedtui.config_file import load
    from wedtui.roster_files import load_rosters
    from wedtui.tui.terminal.abilities import own_abilities

    session = session_of(context)
    session.loaded = loaded = load(session.config_path, os.environ, [key_problems])
    configuration = loaded.configuration
    _check_stores(session)
    load_rosters(loaded)
    wrong = list(theme_problems(session))
    if wrong:
        raise ConfigurationError("\n".join(wrong))
    counts = {
        "providers": len(configuration.providers),
        "probes": len(configuration.probes),
        "queries": sum(len(server.queries) for server in configuration.prometheus),
        **({"alert sources": len(configuration.alert_sources)} if configuration.alert_sources else {}),
        "freeze windows": len(configuration.freeze.windows),
    }
    typer.echo(f"ok: {loaded.path or 'no file, so the defaults count'}")
    typer.echo(", ".join(f"{name}: {count}" for name, count in counts.items()))
    if loaded.unwatched is not None:
        typer.echo(f"note: {loaded.unwatched}")
    for section in configuration.providers:
        if section.kind == "aws":
            typer.echo(account_line(section))
    total = sum(p.weight for p in configuration.providers)
    if configuration.providers and total != 100:
        typer.echo(f"note: the providers' weights make {total}, not 100")
    if not configuration.freeze.windows:
        typer.echo("note: no freeze window, so the default counts: Friday 18:00 to Monday 06:00 in every zone")
    for source in configuration.alert_sources:
        if not source.expects and source.kind == "alertmanager":
            typer.echo(
                f"note: the alert source {source.name} expects no alert that always fires: an Alertmanager of which no "
                "Prometheus tells anything any more lets all its alerts run out, and they would be told as over"
            )
    for note in key_notes(configuration):
        typer.echo(f"note: {note}")
    for warning in theme_warnings(session):
        typer.echo(f"note: {warning}")
    looks = configuration.dashboard
    abilities = own_abilities().chosen(charset=looks.charset, colours=looks.colours)
    typer.echo(f"terminal: {abilities.words()}")


def account_line(section: ProviderSection) -> str:
    """Say in one line with what an account is asked, where, and what of it costs money; nothing is asked for it."""
    from wedtui.config import AwsSection
    from wedtui.config_values import format_duration
    from wedtui.core.redact import redacted_url
    from wedtui.core.wording import counted

    aws = section.aws or AwsSection()
    profile = f'profile "{aws.profile}"' if aws.profile else "the SDK's default credentials"
    parts = [
        f"{profile}, role {aws.role_arn}" if aws.role_arn else profile,
        f"regions {', '.join(aws.regions)}" if aws.regions else "all regions that the account has switched on",
    ]
    if aws.account:
        parts.insert(1, f"of account {aws.account} alone")
    if aws.endpoint_url:
        parts.append(f"at {redacted_url(aws.endpoint_url)} instead of Amazon's own addresses")
    if aws.metrics:
        parts.append(f"{counted(len(aws.metrics), 'metric')} each {format_duration(aws.metrics_interval)}")
    if aws.cost:
        parts.append(f"costs each {format_duration(aws.cost_interval)}")
    if aws.resource_cost:
        services = ", ".join(aws.resource_cost_services)
        parts.append(f"costs of the resources of {services} each {format_duration(aws.resource_cost_interval)}")
    return f"aws account {section.name}: {'; '.join(parts)}"


def _check_stores(session: Session) -> None:
    """Say of a store's URL now what opening it would say later.

    Raises:
        ConfigurationError: one of them, or both, cannot be opened by this version.
    """
    from wedtui.cache.kind import CACHE
    from wedtui.ledger.kind import LEDGER
    from wedtui.store.opening import check_url

    wrong: list[str] = []
    for kind, url in ((CACHE, session.cache_url), (LEDGER, session.ledger_url)):
        try:
            check_url(url, kind)
        except ConfigurationError as error:
            wrong.append(f"{session.loaded.named_origin(f'{kind.name}.url')}: {error}")
    if wrong:
        raise ConfigurationError("\n".join(wrong))


@app.command("show")
def show_command(
    context: typer.Context, as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False
) -> None:
    """Print every key that counts, redacted, and where its value comes from."""
    from wedtui.cli.config_text import flatten

    loaded = session_of(context).loaded
    values = flatten(loaded.configuration)
    origins = {key: loaded.named_origin(key) for key in values}
    if as_json:
        print_json({key: {"value": value, "origin": origins[key]} for key, value in values.items()})
        return
    width = min(60, max(len(f"{key} = {value}") for key, value in values.items()))
    for key, value in values.items():
        typer.echo(f"{f'{key} = {value}':<{width}}  # {origins[key]}")


@app.command("keys")
def keys_command(
    context: typer.Context, as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False
) -> None:
    """Print every action of the dashboard: its id, its keys (`*` where they were changed), its word, what it does."""
    from wedtui.config_file import load

    loaded = load(session_of(context).config_path, os.environ, [key_problems])
    lines = key_table(loaded.configuration)
    if as_json:
        print_json([line.as_json() for line in lines])
        return
    widths = [max(len(text) for text in column) for column in zip(*(line.head for line in lines), strict=True)]
    room = shutil.get_terminal_size().columns - sum(widths) - 2 * len(widths) if sys.stdout.isatty() else 0
    for line in lines:
        head = "  ".join(f"{text:<{width}}" for text, width in zip(line.head, widths, strict=True))
        first, *rest = textwrap.wrap(line.does, room) if room > 10 else [line.does]
        typer.echo("\n".join([f"{head}  {first}", *(" " * (len(head) + 2) + more for more in rest)]))
    if any(line.changed for line in lines):
        typer.echo(f"* changed by {loaded.path or 'the environment'}")
