"""200 probes at 1 s intervals on one core, beside a bare httpx loop that asks the same server as often."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import resource
from collections.abc import Callable, Coroutine
from contextlib import suppress
from datetime import timedelta
from multiprocessing.connection import Connection
from typing import Any

import httpx

from bench.figures import Figure, quantile
from wedtui.clock import SystemClock
from wedtui.config import Configuration, ProbeSection, ProviderSection
from wedtui.core.observation import Observation, ProbeObservation
from wedtui.core.season import NORMAL_PACE
from wedtui.poller.schedule import Scheduler, spread
from wedtui.providers.registry import build_targets

PROBES = 200
SECONDS = 20.0
WARM_UP = 3.0
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"


def serve(ready: Connection, core: int) -> None:
    """Answer every request with 200 until killed."""
    os.sched_setaffinity(0, {core})

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # A contender that stops leaves requests half asked.
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            await reader.readuntil(b"\r\n\r\n")
            writer.write(ANSWER)
            await writer.drain()
        writer.close()

    async def main() -> None:
        server = await asyncio.start_server(answer, "127.0.0.1", 0, backlog=512)
        ready.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(main())


def ours(port: int, result: Connection, core: int) -> None:
    """Run the real scheduler with real probe targets."""
    os.sched_setaffinity(0, {core})
    section = [
        ProbeSection(name=f"p{i}", provider="here", url=f"http://127.0.0.1:{port}/", interval=timedelta(seconds=1))
        for i in range(PROBES)
    ]
    configuration = Configuration(providers=(ProviderSection(name="here"),), probes=tuple(section))
    seen: list[Observation] = []

    async def main() -> None:
        clock = SystemClock()
        targets = build_targets(configuration, clock)
        scheduler = Scheduler(targets.all, clock, lambda: NORMAL_PACE, lambda found, _claim: seen.extend(found))
        task = asyncio.create_task(scheduler.run())
        await asyncio.sleep(WARM_UP)
        scheduler.punctuality.lateness.clear()
        scheduler.punctuality.lateness = type(scheduler.punctuality.lateness)(maxlen=PROBES * 60)
        before = cpu_seconds()
        seen.clear()
        await asyncio.sleep(SECONDS)
        used = cpu_seconds() - before
        failed = sum(isinstance(o, ProbeObservation) and not o.passed for o in seen)
        result.send((list(scheduler.punctuality.lateness), used, len(seen), failed + scheduler.punctuality.skipped))
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await targets.close()

    asyncio.run(main())


def bare(port: int, result: Connection, core: int) -> None:
    """Ask as often with nothing but httpx and a loop."""
    os.sched_setaffinity(0, {core})
    lateness: list[float] = []
    answers = 0

    async def keep_asking(client: httpx.AsyncClient, number: int) -> None:
        nonlocal answers
        loop = asyncio.get_running_loop()
        slot = loop.time() + spread(f"bare {number}", 1.0)
        while True:
            await asyncio.sleep(max(0.0, slot - loop.time()))
            lateness.append(max(0.0, loop.time() - slot))
            answers += (await client.get(f"http://127.0.0.1:{port}/")).status_code == httpx.codes.OK
            slot += 1.0

    async def main() -> None:
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=0)
        async with httpx.AsyncClient(limits=limits, trust_env=False) as client:
            tasks = [asyncio.create_task(keep_asking(client, i)) for i in range(PROBES)]
            await asyncio.sleep(WARM_UP)
            lateness.clear()
            before, counted = cpu_seconds(), answers
            await asyncio.sleep(SECONDS)
            result.send((list(lateness), cpu_seconds() - before, answers - counted, 0))
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    asyncio.run(main())


def cpu_seconds() -> float:
    """Return the CPU time that this process has used."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def measure(
    work: Callable[[int, Connection, int], None] | Callable[..., Coroutine[Any, Any, None]], port: int
) -> tuple[list[float], float, int, int]:
    """Run one contender in a process of its own on one core."""
    here, there = multiprocessing.Pipe()
    child = multiprocessing.get_context("spawn").Process(target=work, args=(port, there, cores()[0]))
    child.start()
    measured: tuple[list[float], float, int, int] = here.recv()
    child.join()
    return measured


def cores() -> list[int]:
    """Return the cores that we may use: the contender's first, the server's last."""
    return sorted(os.sched_getaffinity(0))


def figures() -> list[Figure]:
    """Measure both, one after the other, against the same server."""
    here, there = multiprocessing.Pipe()
    server = multiprocessing.get_context("spawn").Process(target=serve, args=(there, cores()[-1]), daemon=True)
    server.start()
    port = here.recv()
    try:
        lateness, used, asked, bad = measure(ours, port)
        limit_lateness, limit_used, limit_asked, _ = measure(bare, port)
    finally:
        server.kill()
        server.join()
    ours_p99, bare_p99 = quantile(lateness, 0.99) * 1000, quantile(limit_lateness, 0.99) * 1000
    return [
        Figure(
            "200 probes/s: lateness p99",
            ours_p99,
            250.0,
            "ms",
            f"bare httpx loop {bare_p99:.2f} ms; {asked} rounds, {bad} failed or skipped; bare {limit_asked}",
        ),
        Figure(
            "200 probes/s: CPU per probe",
            used / asked * 1000,
            1.5 * limit_used / limit_asked * 1000,
            "ms",
            f"limit is 1.5 x the bare httpx loop's {limit_used / limit_asked * 1000:.2f} ms",
        ),
    ]
