"""How long nobody watches after a kill -9 or a standstill: real services, on a file and on a server.

On a server two services share the work: the time is from the death of one, or from when it stands still (SIGSTOP),
until the other holds all that it held. On a file there is one: the time is from its death, with whoever keeps it alive
starting it again at once, until a round of the new one is stored.
"""

from __future__ import annotations

import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import psycopg

from bench.figures import Figure, median
from tests.poller.service_process import Place, http_server
from tests.postgres import running_postgres

LIMIT_S = 15.0
"""What is promised."""
DEATHS = 6
STANDSTILLS = 4
QUERIES = 20
VANTAGES = ("london", "oregon")
GIVEN_UP_S = 60.0
_LOOK_S = 0.01
_HELD = """
SELECT s.vantage, count(*) FROM wedtui_cache.lease l JOIN wedtui_cache.service s ON s.instance = l.holder
WHERE l.name NOT LIKE 'vantage %' GROUP BY s.vantage
"""


def figures() -> Iterator[Figure]:
    """Measure both."""
    with http_server() as url, tempfile.TemporaryDirectory(prefix="wedtui-takeover-") as folder:
        alone = _on_a_file(Path(folder), url)
        yield _figure("SQLite", "kill -9", alone, "begun again at once (systemd waits 2 s), to its first round")
        dead, stalled = _on_a_server(Path(folder), url)
        whole = f"until the other of two holds all of {QUERIES + 2}"
        yield _figure("PostgreSQL", "kill -9", dead, whole)
        yield _figure("PostgreSQL", "SIGSTOP", stalled, whole)


def _figure(system: str, fate: str, took: Sequence[float], what: str) -> Figure:
    beside = f"{what}; median of {len(took)} {median(took):.1f} s, the shortest {min(took):.1f} s"
    return Figure(f"{system}: takeover after {fate}, worst", max(took), LIMIT_S, "s", beside)


def _on_a_file(folder: Path, url: str) -> list[float]:
    place = _place(folder, "alone", "", url)
    took = []
    with _killed_at_the_end() as running:
        running["alone"] = place.service()
        for _ in range(DEATHS):
            seen = len(place.rounds())
            _until(lambda seen=seen: len(place.rounds()) > seen + 2)  # type: ignore[misc]
            victim = running["alone"]
            began = time.monotonic()
            victim.kill()
            victim.wait()
            last = max(place.rounds())
            running["alone"] = place.service()
            _until(lambda last=last: max(place.rounds()) > last)  # type: ignore[misc]
            took.append(time.monotonic() - began)
    return took


def _on_a_server(folder: Path, url: str) -> tuple[list[float], list[float]]:
    """Return how long it took after each death, and after each standstill."""
    dead: list[float] = []
    stalled: list[float] = []
    with running_postgres(settings=()) as server, _killed_at_the_end() as running:
        stores = f'url = "{server.url(database := server.migrated())}"'
        text = f"[cache]\n{stores}\n[ledger]\n{stores}\n"
        places = {vantage: _place(folder, vantage, text, url) for vantage in VANTAGES}
        with psycopg.connect(server.dsn(database), autocommit=True) as session:

            def held() -> dict[str, int]:
                return dict(session.execute(_HELD.encode()).fetchall())

            def taken_over(number: int, of: int, fate: signal.Signals) -> float:
                victim, other = VANTAGES[number % 2], VANTAGES[1 - number % 2]
                _until(lambda: len(held()) == len(VANTAGES) and sum(held().values()) == QUERIES + 2)
                # Somewhere else in the second between two heartbeats each time.
                time.sleep(number / of)
                began = time.monotonic()
                running[victim].send_signal(fate)
                _until(lambda: held() == {other: QUERIES + 2})
                return time.monotonic() - began

            for vantage in VANTAGES:
                running[vantage] = places[vantage].service()
            for number in range(DEATHS):
                dead.append(taken_over(number, DEATHS, signal.SIGKILL))
                victim = VANTAGES[number % 2]
                running[victim].wait()
                running[victim] = places[victim].service()
            for number in range(STANDSTILLS):
                stalled.append(taken_over(number, STANDSTILLS, signal.SIGSTOP))
                running[VANTAGES[number % 2]].send_signal(signal.SIGCONT)
    return dead, stalled


@contextmanager
def _killed_at_the_end() -> Iterator[dict[str, subprocess.Popen[bytes]]]:
    running: dict[str, subprocess.Popen[bytes]] = {}
    try:
        yield running
    finally:
        for process in running.values():
            process.kill()
            process.wait()


def _until(condition: Callable[[], bool]) -> None:
    ends = time.monotonic() + GIVEN_UP_S
    while not condition():
        if time.monotonic() > ends:
            raise AssertionError(f"nobody took over within {GIVEN_UP_S:g} s")
        time.sleep(_LOOK_S)


def _place(folder: Path, vantage: str, stores: str, url: str) -> Place:
    """Write a configuration with a probe and with queries, of which it does not matter what they say."""
    state = folder / vantage
    state.mkdir(mode=0o750)
    text = f'{stores}[service]\nvantage = "{vantage}"\n[[providers]]\nname = "here"\nweight = 100\n[freeze]\n'
    text += f'[[probes]]\nname = "p"\nprovider = "here"\nurl = "{url}"\ninterval = "500ms"\n'
    text += f'[[prometheus]]\nname = "main"\nurl = "{url}"\n'
    for number in range(QUERIES):
        text += f'[[prometheus.queries]]\nprovider = "here"\nsignal = "q{number}"\nquery = "1"\n'
    config = folder / f"{vantage}.toml"
    config.write_text(text)
    return Place(state, config)
