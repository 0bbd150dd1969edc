"""`wedtui demo`: a small world on loopback, watched by the real service and the real dashboard.

Three processes: the world, the service, and the dashboard in the foreground. The first two end when the pipe on
their standard input does, so that they never outlive the third, however it dies.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from wedtui.cli.common import Session, parse_instant, session_of
from wedtui.cli.demo_place import PREFIX, DemoPlace, enter, with_credentials
from wedtui.cli.demo_words import saying_demo
from wedtui.clock import SystemClock
from wedtui.errors import ConfigurationError, NotFoundError, ServiceError
from wedtui.paths import own_directory, state_paths
from wedtui.tui.private_files import add_own

ENDS_WITHIN_S = 10.0


def register(app: typer.Typer) -> None:
    """Add the command, and the two hidden ones that it runs as processes of their own."""

    @app.command("demo")
    def demo_command(
        context: typer.Context,
        scenario: Annotated[str | None, typer.Option("--scenario", metavar="NAME", help="See --list.")] = None,
        at: Annotated[
            str | None,
            typer.Option("--at", metavar="T", help="What the world's clock says at the start; the scenario may say."),
        ] = None,
        headless: Annotated[
            float | None,
            typer.Option("--headless", metavar="SECONDS", min=0, help="Print `wedtui status` after that time instead."),
        ] = None,
        wall: Annotated[bool, typer.Option("--wall", help="Show `wedtui wall` instead of the dashboard.")] = False,
        plain: Annotated[
            bool, typer.Option("--plain", help="Tell it line by line instead, for screen readers.")
        ] = False,
        names: Annotated[bool, typer.Option("--list", help="List the scenarios and end.")] = False,
    ) -> None:
        """Open the dashboard on a made-up world of four clouds; nothing outside loopback is touched.

        In a second terminal `wedtui --demo COMMAND` runs any command on it: `wedtui --demo resources list`.
        """
        from wedtui.demo.scenario import DEFAULT_SCENARIO, SCENARIOS

        if names:
            for known in SCENARIOS.values():
                typer.echo(f"{known.name}{' (default)' if known.name == DEFAULT_SCENARIO else ''}: {known.description}")
            return
        chosen = scenario or DEFAULT_SCENARIO
        if chosen not in SCENARIOS:
            raise NotFoundError(f'there is no scenario "{chosen}": known are {", ".join(SCENARIOS)}')
        now = session_of(context).clock.now()
        began = SCENARIOS[chosen].began if at is None else parse_instant(at, now)
        offset = began - now if began is not None else timedelta()
        watch = _watch(headless, wall=wall, plain=plain)
        if headless is None:
            _say_how_to_ask()
        raise typer.Exit(run_demo(chosen, offset, watch))

    _register_world(app)
    _register_service(app)


def _register_world(app: typer.Typer) -> None:
    @app.command("demo-world", hidden=True)
    def world_command(
        scenario: Annotated[str, typer.Option("--scenario")], offset: Annotated[float, typer.Option("--offset")]
    ) -> None:
        """Be the world, until standard input ends."""
        from wedtui.demo.scenario import SCENARIOS
        from wedtui.demo.world import announce, run_world

        asyncio.run(run_world(SCENARIOS[scenario], SystemClock(timedelta(seconds=offset)), announce))


def _register_service(app: typer.Typer) -> None:
    @app.command("demo-service", hidden=True)
    def service_command(
        context: typer.Context,
        offset: Annotated[float, typer.Option("--offset")],
        remove: Annotated[Path, typer.Option("--remove")],
    ) -> None:
        """Be the service, until standard input ends; then remove what the demo made."""
        from wedtui.cli.service import run_service
        from wedtui.store.clock import keep_files_by

        session = session_of(context)
        keep_files_by(timedelta(seconds=offset))
        # Until the service listens for it itself, the signal must not end us without the clean-up below.
        signal.signal(signal.SIGTERM, _interrupt)
        try:
            threading.Thread(target=_end_with_input, daemon=True).start()
            clock = SystemClock(timedelta(seconds=offset))
            # Whatever it puts on record, and whomever it tells, it says that this is a drill.
            drill = replace(session, demo=True)
            run_service(drill, clock, log_to_file=True, ready_fd=sys.stdout.fileno())
        finally:
            # The dashboard removes it too; where that was killed, nobody else is left to do it.
            shutil.rmtree(remove, ignore_errors=True)


def run_demo(scenario: str, offset: timedelta, watch: Callable[[Path, SystemClock], int]) -> int:
    """Run a scenario; return the exit code.

    Args:
        scenario: its name.
        offset: how far the world's clock is ahead of ours.
        watch: called with the demo's configuration and its clock once the service watches; the demo ends with it.

    Raises:
        ServiceError: a part of it did not start.
    """
    place = DemoPlace(Path(tempfile.mkdtemp(prefix=PREFIX)))
    place.state.mkdir(mode=0o750)
    enter(place)
    seconds = str(offset.total_seconds())
    # A hang-up must end the context managers below like any other end.
    signal.signal(signal.SIGTERM, _interrupt)
    signal.signal(signal.SIGHUP, _interrupt)
    try:
        with _child(["demo-world", "--scenario", scenario, f"--offset={seconds}"]) as world:
            _write_configuration(place, scenario, _first_line(world, "the demo's world"))
            service = ["--config", str(place.config), "demo-service", f"--offset={seconds}"]
            service += ["--remove", str(place.folder)]
            with _child(service, with_credentials(place, os.environ)) as watcher:
                _first_line(watcher, "the demo's service")
                place.announce(offset, scenario)
                with saying_demo():
                    return watch(place.config, SystemClock(offset))
    finally:
        shutil.rmtree(place.folder, ignore_errors=True)


def _watch(headless: float | None, *, wall: bool, plain: bool) -> Callable[[Path, SystemClock], int]:
    """Return how the demo is watched.

    Raises:
        ConfigurationError: two ways at once, or a wall where there is no terminal.
    """
    ways = [
        name for name, chosen in (("--headless", headless is not None), ("--wall", wall), ("--plain", plain)) if chosen
    ]
    if len(ways) > 1:
        raise ConfigurationError(f"{' and '.join(ways)} are different ways to watch the demo: choose one")
    if headless is not None:
        return partial(print_after, headless)
    if plain:
        return open_plain
    if not wall:
        # Asked before the demo's own environment takes the place of the user's.
        return partial(open_dashboard, own_directory(state_paths()))
    from wedtui.cli.wall import require_terminal

    require_terminal()
    return open_wall


def open_wall(config: Path, clock: SystemClock) -> int:
    """Watch with the wall."""
    from wedtui.cli.wall import show_wall

    return show_wall(config, clock, demo=True)


def open_dashboard(pictures: Path, config: Path, clock: SystemClock) -> int:
    """Watch with the dashboard; pictures go to where they go without a demo."""
    from wedtui.cli.dashboard import run

    return run(config, clock=clock, demo=True, pictures=pictures)


def open_plain(config: Path, clock: SystemClock) -> int:
    """Watch line by line."""
    from wedtui.cli.plain import run

    return run(config, clock=clock, demo=True)


def _say_how_to_ask() -> None:
    """Say how commands reach the demo, where a person reads it while the screen is prepared and after it was left."""
    if sys.stderr is not None and sys.stderr.isatty():
        typer.echo("wedtui: commands on this demo, in another terminal: wedtui --demo resources list", err=True)


def print_after(seconds: float, config: Path, clock: SystemClock) -> int:
    """Watch without a terminal: print the status after a while."""
    from wedtui.cli.status import print_status

    time.sleep(seconds)
    typer.echo("DEMO: a made-up world")
    print_status(Session(config, clock), as_json=False)
    return 0


def _write_configuration(place: DemoPlace, scenario: str, addresses: str) -> None:
    from wedtui.demo.configuration import KEY_NAME, RULES, demo_configuration, demo_credentials
    from wedtui.demo.names import API_KEY
    from wedtui.demo.scenario import SCENARIOS
    from wedtui.demo.world import Addresses

    text = demo_configuration(Addresses.from_json(addresses), place.state, SCENARIOS[scenario].calendar_max_age)
    add_own(place.state / KEY_NAME, f"{API_KEY}\n".encode())
    add_own(place.credentials, demo_credentials().encode())
    rules = place.config.with_name("rules")
    rules.mkdir()
    (rules / "demo.toml").write_text(RULES, encoding="utf-8")
    # The demo's service is started here; the dashboard must not start another.
    place.config.write_text(f"{text}\n[service]\nautostart = false\n", encoding="utf-8")


@contextmanager
def _child(arguments: list[str], environ: Mapping[str, str] | None = None) -> Iterator[subprocess.Popen[str]]:
    """Run a part of the demo as a process that ends with us; by default in our own environment."""
    child = subprocess.Popen(
        [sys.executable, "-m", "wedtui", *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environ,
        # Ctrl-C in the dashboard's terminal is the dashboard's.
        start_new_session=True,
    )
    try:
        yield child
    finally:
        assert child.stdin is not None
        child.stdin.close()
        try:
            child.wait(ENDS_WITHIN_S)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def _first_line(child: subprocess.Popen[str], name: str) -> str:
    """Return the line by which a part says that it is ready.

    Raises:
        ServiceError: it ended without one; it has said why on standard error.
    """
    assert child.stdout is not None
    line = child.stdout.readline()
    if not line:
        raise ServiceError(f"{name} did not start: see above")
    return line


def _interrupt(_number: int, _frame: object) -> None:
    raise KeyboardInterrupt


def _end_with_input() -> None:
    """Wait for the end of standard input, then end as if told to."""
    try:
        while sys.stdin.read(4096):
            pass
    except (OSError, ValueError) as error:
        raise ConfigurationError("this command is run by `wedtui demo` alone") from error
    finally:
        os.kill(os.getpid(), signal.SIGTERM)
