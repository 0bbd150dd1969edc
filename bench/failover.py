"""A failover by hand and one by itself, until the change is accepted; the journal; and what opening the panel sends.

Real services, a real PowerDNS and the real dashboard, on loopback; the journal on a file, beside the disk's own fsync.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bench import by_itself
from bench.figures import Figure, median, quantile
from bench.screen import environment
from bench.terminal import Terminal
from tests.actions.site import Site, Zone
from tests.poller.service_process import eventually
from tests.providers.traffic.pdns import PowerDns, running
from wedtui.core import actions, confirming
from wedtui.core.actions import Action, Step, StepState
from wedtui.core.confirming import Confirmation
from wedtui.ledger.journal import Journal

BY_HAND_S = 2.0
"""What is promised, from the confirmation to the change accepted."""
PANEL_KB = 8.0
"""What is promised, to the terminal at 120x40."""
ACTION_MS = 500.0
"""A quarter of what is promised by hand: so much of it may be storing every move of an action."""
RUNS = 20
ACTIONS = 60
SYNCS = 300
PAGE = 4096
HOUR = timedelta(hours=1)
_AT = datetime(2026, 6, 20, 13, 2, tzinfo=UTC)
STEPS = (
    Step("submit", StepState.INTENDED, _AT, changes=True),
    Step("in sync", StepState.INTENDED, _AT),
    Step("answers", StepState.INTENDED, _AT),
)
LOOKS_EVERY_S = 0.01
GIVEN_UP_S = 30.0
RESTS_S = 1.0
"""What a key brings comes within this."""


def figures() -> Iterator[Figure]:
    """Measure all."""
    with running() as dns, _site(dns) as site:
        took, bare = by_hand(site), _bare_patches(dns)
        beside = f"median of {len(took)} {median(took):.2f} s; a bare PATCH of that server {median(bare) * 1000:.0f} ms"
        yield Figure("failover by hand, confirm to accepted: p95", quantile(took, 0.95), BY_HAND_S, "s", beside)
        places, plan = opening(site)
        beside = f"its places {places / 1000:.1f} kB, its plan {plan / 1000:.1f} kB, with what changes behind it"
        yield Figure("opening the panel at 120x40", max(places, plan) / 1000, PANEL_KB, "kB", beside)
    with running() as dns:
        yield from by_itself.figures(dns)
    with tempfile.TemporaryDirectory(prefix="wedtui-journal-") as folder:
        yield journal(Path(folder))


def by_hand(site: Site) -> list[float]:
    """Fail over again and again, each time away from who carries all; return how long each took (s)."""
    took = []
    for number in range(RUNS):
        lost, other = ("aws", "gcp") if number % 2 == 0 else ("gcp", "aws")
        eventually(lambda other=other: site.station.seen(other, "PASS"))  # type: ignore[misc]
        asked = site.client.ask("failover", [lost], reason="to measure it")
        began = time.perf_counter()
        site.client.confirm(asked.id, digest=asked.digest, typed=lost)
        ends = began + GIVEN_UP_S
        while not any(s.name == "submit" and s.state == "done" for s in site.client.action(asked.id).steps):
            if time.perf_counter() > ends:
                raise TimeoutError(f"action {asked.id} was not accepted within {GIVEN_UP_S:g} s")
            time.sleep(LOOKS_EVERY_S)
        took.append(time.perf_counter() - began)
        site.station.ended(asked.id)
    return took


def opening(site: Site) -> tuple[int, int]:
    """Open the panel of a failover on a real terminal; return the bytes of its list of places and of its plan.

    What changes on the board behind it meanwhile is in them.
    """
    command = [sys.executable, "-m", "wedtui", "--config", str(site.place.config)]
    with Terminal(command, environ=environment(site.place.state)) as terminal:
        terminal.until("aws", "gcp", "F fail over")
        terminal.rest(RESTS_S)
        counted = []
        for key, word in (("F", "away from where?"), ("\r", "accepted: expected within")):
            before = terminal.bytes
            terminal.type(key)
            terminal.until(word)
            terminal.rest(RESTS_S)
            counted.append(terminal.bytes - before)
    return counted[0], counted[1]


def journal(folder: Path) -> Figure:
    """Carry whole actions through the journal, beside the disk's own syncs in the same folder."""
    kept = Journal(f"sqlite:///{folder}/ledger.db")
    try:
        _carry(kept, 0)
        began = time.perf_counter()
        moves = sum(_carry(kept, number) for number in range(1, ACTIONS + 1))
        took = time.perf_counter() - began
    finally:
        kept.close()
    sync = median(_syncs(folder / "bare"))
    rates = f"{ACTIONS / took:.0f} actions/s of {moves // ACTIONS} moves, {moves / took:.0f} moves/s"
    beside = f"{rates}; the disk's own fsync of one page: {1 / sync:.0f} a second"
    return Figure("journal on SQLite: one action", took / ACTIONS * 1000, ACTION_MS, "ms", beside)


def _carry(kept: Journal, number: int) -> int:
    """Carry one action from its request through three steps to its end; return in how many moves."""
    action = kept.request(lambda at: Action("failover", "aws", "traffic", "ada", "down", at), f"ada {number}")

    def move(name: str, made: Callable[[Action, datetime], Action]) -> Action:
        return kept.move(action.id, name, made)

    move("plan", lambda a, at: actions.propose(a, "{}", "d", at + HOUR, frozenset()))
    move("confirm", lambda a, at: confirming.confirm(a, Confirmation("ada", "d", "aws", at), at + HOUR))
    claimed = kept.claim("bench")
    assert claimed is not None, "nobody else works on this ledger"
    fence = claimed.fence
    for step in STEPS:
        move("begin", lambda a, at, step=step: actions.intend(a, fence, step, at))  # type: ignore[misc]
        move("done", lambda a, at: actions.conclude(a, fence, StepState.DONE, "{}", at))
    move("verify", lambda a, at: actions.verify(a, fence, "accepted", at))
    return 5 + 2 * len(STEPS)


def _syncs(path: Path) -> list[float]:
    """Append a page and sync it, again and again; return how long each took (s)."""
    took = []
    with path.open("wb", buffering=0) as file:
        for _ in range(SYNCS):
            began = time.perf_counter()
            file.write(bytes(PAGE))
            os.fsync(file.fileno())
            took.append(time.perf_counter() - began)
    return took


def _bare_patches(dns: PowerDns) -> list[float]:
    """Replace the records of a zone by nothing but the server's own API; return how long each took (s)."""
    took = []
    zone = Zone(dns)
    record = {"content": "A \"pickwrandom({{60,'192.0.2.1'},{40,'192.0.2.2'}})\"", "disabled": False}
    for _ in range(RUNS):
        began = time.perf_counter()
        dns.put(zone.name, {"name": f"www.{zone.name}", "type": "LUA", "ttl": 60, "records": [record]})
        took.append(time.perf_counter() - began)
    return took


@contextmanager
def _site(dns: PowerDns) -> Iterator[Site]:
    with tempfile.TemporaryDirectory(prefix="wedtui-failover-") as folder:
        made = Site(Path(folder), dns)
        try:
            yield made
        finally:
            made.close()
