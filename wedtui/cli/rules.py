"""`wedtui rules`: check the rules of alerts, and try them on made-up series."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from wedtui.cli.common import Session, print_json, session_of
from wedtui.errors import ConfigurationError

if TYPE_CHECKING:
    from wedtui.core.alerts.rule import Elevation, Rule
    from wedtui.core.alerts.trial import Difference
    from wedtui.rule_files import LoadedRules

app = typer.Typer(no_args_is_help=True, help="The rules of alerts: check and try them.")
FAILED = 1
SHIPPED_RULE = "shipped"
_AS_JSON = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command("check")
def check_command(
    context: typer.Context,
    files: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[FILE]...", help="In place of rules/*.toml beside the configuration."),
    ] = None,
    as_json: _AS_JSON = False,
) -> None:
    """Say what each rule is. Exit code: 0 they can be used, 2 they cannot, with one line for each reason."""
    from wedtui.core.alerts.rule import rule_words
    from wedtui.core.wording import counted, listed

    session = session_of(context)
    loaded = _load(session, files)
    unrouted, unmeasured = _unrouted(session, loaded), _unmeasured(session, loaded)
    not_set = [name for name in unmeasured if _origin(loaded, name) == SHIPPED_RULE]
    own = {name: why for name, why in unmeasured.items() if name not in not_set}
    outlasting, watching = _outlasting(session, loaded), _watching(session)
    if as_json:
        notes = {"unrouted": unrouted, "not_set": not_set, "unmeasured": own, "outlasting": outlasting}
        print_json({**_loaded_json(loaded, watching), **notes})
        return
    rules: list[Rule | Elevation] = [*loaded.book.rules, *loaded.book.elevations]
    for rule in rules:
        typer.echo(f"{rule_words(rule)} ({_origin(loaded, rule.name)})")
    for origin, rule in watching:
        typer.echo(f"{rule_words(rule)} ({origin})")
    for name in loaded.off:
        typer.echo(f"{name}: switched off ({_origin(loaded, name)})")
    for name in loaded.replaced:
        typer.echo(f'note: the shipped rule "{name}" does not count: {_origin(loaded, name)} has its name')
    for route in unrouted:
        typer.echo(f'note: no channel is configured for the route "{route}" under [routes]: all are asked, in order')
    for name, why in own.items():
        typer.echo(f'note: the rule "{name}" can never fire by a value: {why} ({_origin(loaded, name)})')
    for name, why in outlasting.items():
        typer.echo(f'note: the rule "{name}" {why} ({_origin(loaded, name)})')
    if not_set:
        typer.echo(
            f"note: shipped rules that are not set, because nothing is configured for them: {listed(tuple(not_set))}"
        )
    typer.echo(f"ok: {counted(len(rules) + len(watching), 'rule')}; `wedtui alerts list` says what fires")


@app.command("test")
def test_command(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Series, instants, and what is expected.")],
    as_json: _AS_JSON = False,
) -> None:
    """Try rules on made-up series. Exit code: 0 all is as expected, 1 something is not, 2 a file cannot be used."""
    from wedtui.core.alerts.trial import differences
    from wedtui.core.wording import counted
    from wedtui.rule_trials import read_trials

    session = session_of(context)
    read = read_trials(file)
    loaded = _load(session, None if read.rules is None else list(read.rules))
    trials = read.trials(loaded.book)
    found = [difference for trial in trials for difference in differences(trial, loaded.book)]
    if as_json:
        print_json({"tests": [trial.name for trial in trials], "differences": [_difference_json(d) for d in found]})
    else:
        for each in found:
            typer.echo(f"{each.place}: {each.trial}: {each.text}")
        expectations = sum(len(trial.expectations) for trial in trials)
        said = f"{counted(len(trials), 'test')} with {counted(expectations, 'expectation')}"
        typer.echo(f"not as expected: {counted(len(found), 'difference')} in {said}" if found else f"ok: {said}")
    if found:
        raise typer.Exit(FAILED)


def _load(session: Session, files: list[Path] | None) -> LoadedRules:
    """Read the shipped rules and the named files, else those beside the configuration.

    Raises:
        ConfigurationError: they cannot be used.
    """
    from wedtui.paths import find_configuration
    from wedtui.rule_files import load_rules, rule_paths

    return load_rules(files or rule_paths(find_configuration(session.config_path, os.environ)))


def _unrouted(session: Session, loaded: LoadedRules) -> list[str]:
    """Return the routes of rules that no channel is configured for; of a configuration that cannot be used none."""
    try:
        known = set(session.loaded.configuration.routes)
    except ConfigurationError:
        return []
    return sorted({rule.route for rule in loaded.book.rules if rule.route} - known)


def _unmeasured(session: Session, loaded: LoadedRules) -> dict[str, str]:
    """Return the rules that nothing configured can make fire, each with why; of a configuration with problems none."""
    from wedtui.core.alerts.scope import unmeasured
    from wedtui.poller.measured import configured_series

    try:
        configuration = session.loaded.configuration
        elsewhere = bool(configuration.alert_sources)
        return unmeasured(loaded.book, configured_series(configuration), elsewhere=elsewhere)
    except ConfigurationError:
        return {}


def _outlasting(session: Session, loaded: LoadedRules) -> dict[str, str]:
    """Return the rules that look further back than anything is kept, each with what that means."""
    from wedtui.core.alerts.condition import span_words
    from wedtui.core.alerts.scope import outlasting

    try:
        kept = session.loaded.configuration.cache.keep_samples
    except ConfigurationError:
        return {}
    return {
        name: f"looks back {span_words(window)}, of which {span_words(kept)} are kept (keep_samples under [cache]): "
        f"after each start of the service it says nothing until that has run for {span_words(window / 2)}"
        for name, window in outlasting(loaded.book, kept).items()
    }


def _watching(session: Session) -> list[tuple[str, Rule]]:
    """Return the rules that watch over systems whose alerts are taken in, each with where it comes from."""
    from wedtui.core.alerts.outside import watching
    from wedtui.poller.told_elsewhere import sources_of

    try:
        sources = sources_of(session.loaded.configuration)
    except ConfigurationError:
        return []
    return [(f"watches over the alert source {source.name}", rule) for source in sources for rule in watching(source)]


def _origin(loaded: LoadedRules, name: str) -> str:
    from wedtui.rule_files import SHIPPED

    place = loaded.places[name]
    return SHIPPED_RULE if place.startswith(f"{SHIPPED}:") else place


def _loaded_json(loaded: LoadedRules, watching: list[tuple[str, Rule]]) -> dict[str, Any]:
    rules = [_rule_json(rule, _origin(loaded, rule.name)) for rule in loaded.book.rules]
    raising = [_elevation_json(rule, _origin(loaded, rule.name)) for rule in loaded.book.elevations]
    over = [_rule_json(rule, origin) for origin, rule in watching]
    return {"rules": [*rules, *raising, *over], "replaced": list(loaded.replaced), "off": list(loaded.off)}


def _rule_json(rule: Rule, origin: str) -> dict[str, Any]:
    over = rule.clear.condition
    hidden = rule.inhibit
    return {
        "name": rule.name,
        "origin": origin,
        "condition": str(rule.condition),
        "signals": list(rule.signals),
        "for_s": rule.duration.total_seconds(),
        "clear": {"when": None if over is None else str(over), "for_s": rule.clear.duration.total_seconds()},
        "nodata": rule.nodata,
        "severity": rule.severity,
        "where": {name: list(values) for name, values in rule.where.wanted.items()},
        "during": "live weddings" if rule.live_only else None,
        "group": list(rule.group),
        "inhibit": None if hidden is None else {"by": list(hidden.by), "equal": list(hidden.equal)},
        "route": rule.route or None,
        "runbook": rule.runbook or None,
    }


def _elevation_json(rule: Elevation, origin: str) -> dict[str, Any]:
    return {
        "name": rule.name,
        "origin": origin,
        "raises": rule.severity,
        "where": {name: list(values) for name, values in rule.where.wanted.items()},
        "during": "live weddings" if rule.live_only else None,
    }


def _difference_json(difference: Difference) -> dict[str, Any]:
    return {"test": difference.trial, "at": difference.place, "text": difference.text}
