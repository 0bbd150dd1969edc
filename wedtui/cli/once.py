"""Asking targets once, in the foreground, and what they said in lines."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import typer

from wedtui.cli.common import print_json
from wedtui.cli.traffic import shares_words
from wedtui.core.observation import (
    AlertsObservation,
    ApiObservation,
    FeedObservation,
    Observation,
    ProbeObservation,
    PrometheusObservation,
    SignalObservation,
    TrafficObservation,
    VendorObservation,
    WeddingsObservation,
)
from wedtui.core.resource import Reach
from wedtui.core.vendor import SAID, event_words
from wedtui.core.wording import counted
from wedtui.providers.base import Target
from wedtui.providers.registry import Targets
from wedtui.tui.spans import clean

AT_ONCE = 64
# What an account does not have is not asked of it.
NO_FAILURE = frozenset({Reach.SWITCHED_OFF, Reach.NOT_ON_PLAN, Reach.NOT_ENABLED})

OfProvider = ApiObservation | VendorObservation | SignalObservation


def ask_once(build: Callable[[], Targets]) -> list[Observation]:
    """Ask targets once, at the same time; return what they observed, in their order.

    Args:
        build: makes the targets; called inside the event loop that asks them.

    Raises:
        ConfigurationError: one of them cannot be asked as configured.
        NotFoundError: there is no such target.
    """
    from wedtui.poller.schedule import ask

    async def work() -> list[Observation]:
        targets = build()
        places = asyncio.Semaphore(AT_ONCE)

        async def one(target: Target) -> tuple[Observation, ...]:
            async with places:
                return await ask(target)

        try:
            found = await asyncio.gather(*(one(t) for t in targets.all))
        finally:
            await targets.close()
        return [observation for observations in found for observation in observations]

    return asyncio.run(work())


def succeeded(observation: Observation) -> bool:
    """Whether an asking gave what it was asked for."""
    if isinstance(observation, ProbeObservation):
        return observation.passed
    if isinstance(observation, ApiObservation) and observation.reach in NO_FAILURE:
        return True
    return observation.problem is None


class Outcome(NamedTuple):
    """What a line says: of one asking, or of several that failed for the same reason."""

    ok: bool
    words: str
    of: tuple[Observation, ...]

    @property
    def line(self) -> str:
        """The line for a person."""
        return f"{'ok  ' if self.ok else 'FAIL'}  {self.words}"


def outcomes(observations: Sequence[Observation]) -> list[Outcome]:
    """Return what came of askings, in their order; what one fault did to many askings of an account is said once."""
    alike: dict[object, list[Observation]] = defaultdict(list)
    for number, each in enumerate(observations):
        if isinstance(each, OfProvider) and not succeeded(each):
            alike[each.provider, each.problem].append(each)
        else:
            alike[number].append(each)
    return [
        Outcome(succeeded(some[0]), _words(some[0]) if len(some) == 1 else _shared(some), tuple(some))
        for some in alike.values()
    ]


def _shared(some: Sequence[Observation]) -> str:
    """Say a fault that several askings of one provider share, and of how many."""
    from wedtui.core.inventory_findings import named

    first = some[0]
    assert isinstance(first, OfProvider)
    # What the same asking would have told beside its resources is not another one that failed.
    some = [each for each in some if isinstance(each, ApiObservation)] or some
    if len(some) == 1:
        return _words(some[0])
    places = named([_asked(each) for each in some])
    return f"{first.provider}: {first.problem} ({len(some)} askings failed: {places})"


def _asked(observation: Observation) -> str:
    match observation:
        case ApiObservation():
            return f"{observation.service} in {observation.region}"
        case SignalObservation():
            return observation.signal
        case VendorObservation():
            return observation.source
        case _:
            return ""


def _words(observation: Observation) -> str:
    """Say in one line what was observed."""
    match observation:
        case ProbeObservation():
            line = f"probe {observation.probe}: {_probe_words(observation)}"
        case SignalObservation():
            said = observation.problem or f"{observation.value:g}"
            line = f"{observation.provider} {observation.signal}: {said} ({observation.source})"
        case PrometheusObservation():
            up = f"{'ready' if observation.ready else 'NOT READY'}, {counted(observation.targets_up, 'target')} up"
            down = f", {len(observation.targets_down)} down" if observation.targets_down else ""
            said = observation.problem or f"{up}{down}, {counted(len(observation.alerts), 'alert')}"
            line = f"prometheus {observation.name}: {said}"
        case AlertsObservation():
            line = f"alerts {observation.source}: {_alerts_words(observation)}"
        case FeedObservation():
            count = len(observation.periods or ())
            line = f"feed {observation.name}: {observation.problem or counted(count, 'period')}"
        case ApiObservation():
            line = f"{observation.provider} {observation.region} {observation.service}: {_api_words(observation)}"
        case WeddingsObservation():
            rows = observation.rows
            said = "unchanged" if rows is None else f"{counted(rows.rows, 'row')}, {rows.rejected:,} unusable"
            line = f"weddings {observation.source}: {observation.problem or said}"
        case TrafficObservation():
            line = f"traffic {observation.name}: {observation.problem or _share_words(observation)}"
        case VendorObservation():
            said = "; ".join(event_words(event, SAID) for event in observation.events)
            words = f"{observation.status}: {clean(said)}" if said else observation.status
            line = f"{observation.provider} {observation.source}: {observation.problem or words}"
    return line


def _alerts_words(seen: AlertsObservation) -> str:
    if seen.alerts is None:
        return seen.problem or "no answer"
    firing = sum(each.firing for each in seen.alerts)
    words = [f"{counted(firing, 'alert')} firing", f"{len(seen.alerts) - firing:,} pending"]
    words += [f"{seen.ignored:,} that are none by their severity"] if seen.ignored else []
    words += [] if seen.expected else ["LACKS the one that always fires"]
    return ", ".join([*words, *(said for said in (seen.problem, seen.beside) if said)])


def _api_words(seen: ApiObservation) -> str:
    if seen.problem is not None:
        return seen.problem
    if seen.principal is not None:
        words = (f"account {seen.principal.account}", seen.principal.name)
        return ", ".join([seen.reach, *(clean(each) for each in words if each)])
    if seen.costs is not None:
        return f"{seen.reach}, costs of {counted(len(seen.costs), 'resource')}"
    return f"{seen.reach}, {counted(len(seen.resources), 'resource')}"


def _share_words(seen: TrafficObservation) -> str:
    return "" if seen.reading is None else shares_words(seen.reading.shares)


def _probe_words(seen: ProbeObservation) -> str:
    steps = [
        f"{name} {value:.0f} ms"
        for name, value in (
            ("connect", seen.connect_ms),
            ("TLS", seen.tls_ms),
            ("first byte", seen.first_byte_ms),
            ("total", seen.total_ms),
        )
        if value is not None
    ]
    words = [seen.failure or f"status {seen.status}", *steps]
    if seen.certificate_expires_at is not None:
        words.append(f"certificate until {seen.certificate_expires_at:%Y-%m-%d}")
    return ", ".join(words)


def observation_json(observation: Observation) -> dict[str, Any]:
    """Return what was observed as JSON-ready values."""
    common = {"at": observation.at.strftime("%Y-%m-%dT%H:%M:%S.%fZ"), "ok": succeeded(observation)}
    said: dict[str, Any]
    match observation:
        case ProbeObservation():
            expires = observation.certificate_expires_at
            said = {
                "kind": "probe",
                "name": observation.probe,
                "failure": observation.failure,
                "status": observation.status,
                "connect_ms": observation.connect_ms,
                "tls_ms": observation.tls_ms,
                "first_byte_ms": observation.first_byte_ms,
                "total_ms": observation.total_ms,
                "certificate_expires_at": expires.strftime("%Y-%m-%dT%H:%M:%SZ") if expires else None,
            }
        case SignalObservation():
            said = {
                "kind": "signal",
                "provider": observation.provider,
                "signal": observation.signal,
                "source": observation.source,
                "value": observation.value,
                "problem": observation.problem,
            }
        case PrometheusObservation():
            said = {
                "kind": "prometheus",
                "name": observation.name,
                "ready": observation.ready,
                "targets_up": observation.targets_up,
                "targets_down": list(observation.targets_down),
                "alerts": [{"name": a.name, "state": a.state, "severity": a.severity} for a in observation.alerts],
                "problem": observation.problem,
            }
        case _:
            said = _less_often(observation)
    return {**said, **common}


def _less_often(
    observation: AlertsObservation
    | FeedObservation
    | ApiObservation
    | WeddingsObservation
    | TrafficObservation
    | VendorObservation,
) -> dict[str, Any]:
    """Return what was observed of what is no probe and no query."""
    match observation:
        case AlertsObservation():
            return {
                "kind": "alerts",
                "name": observation.source,
                "alerts": None if observation.alerts is None else len(observation.alerts),
                "ignored": observation.ignored,
                "expected": observation.expected,
                "problem": observation.problem,
                "beside": observation.beside or None,
            }
        case FeedObservation():
            return {
                "kind": "feed",
                "name": observation.name,
                "periods": None if observation.periods is None else len(observation.periods),
                "problem": observation.problem,
            }
        case ApiObservation():
            return {
                "kind": "api",
                "name": f"{observation.provider} {observation.region} {observation.service}",
                "reach": observation.reach.value,
                "requests": observation.requests,
                "resources": len(observation.resources),
                "account": observation.principal.account if observation.principal else None,
                "principal": observation.principal.name if observation.principal else None,
                "problem": observation.problem,
            }
        case WeddingsObservation():
            return {
                "kind": "weddings",
                "name": observation.source,
                "rows": None if observation.rows is None else observation.rows.rows,
                "rejected": None if observation.rows is None else observation.rows.rejected,
                "problem": observation.problem,
            }
        case TrafficObservation():
            reading = observation.reading
            return {
                "kind": "traffic",
                "name": observation.name,
                "shares": None if reading is None else _share_words(observation),
                "generation": None if reading is None else reading.generation,
                "problem": observation.problem,
            }
        case VendorObservation():
            return {
                "kind": "vendor",
                "name": f"{observation.provider} {observation.source}",
                "status": None if observation.status is None else observation.status.value,
                "events": [event_words(event) for event in observation.events],
                "more_events": observation.more,
                "problem": observation.problem,
            }


def say(observations: Sequence[Observation], *, as_json: bool, more: Sequence[dict[str, Any]] = ()) -> int:
    """Print what was observed; return 0 where every asking gave what it was asked for, else 1, as for no asking.

    Args:
        observations: what came of asking.
        as_json: whether a program reads it.
        more: what else is to be said to a program.
    """
    if as_json:
        print_json([*(observation_json(o) for o in observations), *more])
    else:
        for outcome in outcomes(observations):
            typer.echo(outcome.line)
    return 0 if observations and all(map(succeeded, observations)) else 1
