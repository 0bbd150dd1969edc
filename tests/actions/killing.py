"""Kills a real service again and again in the middle of actions, and looks what came of each.

Before its PowerDNS stands a gate that knows every change that was made, and can kill at any request: before it arrives,
while it is on its way, or after it was done and before that is heard.
"""

from __future__ import annotations

import random
import re
import threading
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from tests.actions.site import Platform, Station, Zone, generation_in, shares_in
from tests.poller.service_process import eventually
from tests.providers.traffic.between import Between
from tests.providers.traffic.strict_route53 import Answer
from wedtui.control.answers import ActionIs
from wedtui.errors import ConflictError, WedtuiError

REQUESTS = 10
"""To PowerDNS from asking to accepted: two to plan, two to plan again, and at most six to change."""
STRIKES_WITHIN_S = 4.0
LONGEST_S = 1.6
PATIENCE = 2400
"""Looks at an action before it is said to have no end: a claim and a request that may still arrive take 10 s each."""


class Moment(NamedTuple):
    """When the service dies."""

    request: int
    """At which request after the question; 0: at none."""
    how: str
    """`before` it, `on its way`, `after` it; or `later`."""
    after_s: float = 0.0
    """After the confirmation."""


@dataclass
class Gate(Between):
    """Lets everything through, and kills at one request."""

    kill: Callable[[], None] = lambda: None
    changes: list[tuple[int, dict[str, int]]] = field(default_factory=list)
    """Generation and shares of every change that was made."""
    moment: Moment | None = None
    seen: int = 0
    struck: threading.Event = field(default_factory=threading.Event)
    turn: threading.Lock = field(default_factory=threading.Lock)

    def arm(self, moment: Moment | None) -> None:
        """Kill at this moment; with None at none any more."""
        with self.turn:
            self.moment, self.seen = moment, 0
            self.struck.clear()

    def handle(self, method: str, target: str, key: str, body: bytes) -> Answer:
        how = self._strikes()
        if how == "before":
            return Answer(b"", 503)
        answer = super().handle(method, target, key, body)
        if method == "PATCH" and answer.status == 204:
            text = body.decode().replace('\\"', '"')
            with self.turn:
                self.changes.append((generation_in(text), shares_in(text)))
        if how == "after":
            self._strike()
        return answer

    def _strikes(self) -> str:
        """Return how the service dies at the request that just came; empty where it does not."""
        with self.turn:
            self.seen += 1
            if self.moment is None or self.seen != self.moment.request:
                return ""
            how = self.moment.how
        if how != "after":
            self._strike()
        return how

    def _strike(self) -> None:
        with self.turn:
            if self.moment is not None:
                self.kill()
                self.moment = None
            self.struck.set()


class Lane:
    """One service with a zone of its own, killed again and again."""

    def __init__(self, station: Station, zone: Zone, gate: Gate, seed: int) -> None:
        self.station, self.zone, self.gate = station, zone, gate
        self.dice = random.Random(seed)
        self.told: Counter[str] = Counter()
        self.kills = 0
        gate.kill = self.die

    def die(self) -> None:
        """Kill -9, counted."""
        self.kills += 1
        self.station.die()

    def moment(self) -> Moment:
        """Half of the deaths are at a request, the others at any instant."""
        if self.dice.random() < 0.5:
            return Moment(self.dice.randint(1, REQUESTS), self.dice.choice(["before", "on its way", "after"]))
        return Moment(0, "later", self.dice.uniform(0.0, LONGEST_S))

    def once(self) -> None:
        """Ask for a failover, confirm it, die, begin anew, and look what is there."""
        generation, shares = self.zone.live()
        lost, other = sorted(shares, key=lambda name: -shares[name])
        eventually(lambda: self.station.seen(other, "PASS"))
        known = self._newest()
        moment = self.moment()
        self.gate.arm(moment)
        self._ask(lost)
        if moment.request:
            self.gate.struck.wait(STRIKES_WITHIN_S)
        else:
            threading.Event().wait(moment.after_s)
        self.gate.arm(None)
        self._begin_anew()
        if self.dice.random() < 0.2:
            threading.Event().wait(self.dice.uniform(0.0, LONGEST_S))
            self._begin_anew()
        action = self._newest()
        how = "not asked" if action is None or (known and action.id == known.id) else self._end(action)
        # Of what failed the sentence counts, and not the number of the action.
        self.told[re.sub(r"action \d+", "the action", how)] += 1
        made = int(how in {"verified", "settled, made"})
        assert self.zone.live() == (generation + made, {lost: 0, other: 100} if made else shares), (moment, how)

    def whole(self) -> None:
        """Every change that was made was made once, and whole."""
        assert [number for number, _ in self.gate.changes] == list(range(1, len(self.gate.changes) + 1))
        assert all(sorted(shares.values()) == [0, 100] for _, shares in self.gate.changes)
        assert len(self.gate.changes) == self.told["verified"] + self.told["settled, made"], self.told
        assert self.station.client.actions(open_only=True) == []
        verified = self.station.place.wedtui("audit", "verify")
        assert verified.returncode == 0, verified.stdout

    def _ask(self, lost: str) -> None:
        try:
            asked = self.station.client.ask("failover", [lost], reason="to see what a death does")
            self.station.client.confirm(asked.id, digest=asked.digest, typed=lost)
        except WedtuiError:
            return  # it died meanwhile; what came of it is looked at afterwards

    def _begin_anew(self) -> None:
        if self.station.service is not None:
            self.die()
        self.station.start()

    def _newest(self) -> ActionIs | None:
        return next(iter(self.station.client.actions()), None)

    def _end(self, action: ActionIs) -> str:
        """See an action to its end, and return which that is."""
        if action.state in {"requested", "awaiting confirmation"}:
            # Its plan may run out just now.
            with suppress(ConflictError):
                return str(self.station.client.cancel(action.id).outcome)
        action = self.station.ended(action.id, tries=PATIENCE)
        if action.outcome == "failed":
            return f"failed, {action.sentence}"
        if action.state != "handed over":
            return str(action.outcome)
        made = any(step.changes and step.state == "done" for step in action.steps)
        self.station.client.settle(action.id, sentence="I looked")
        return f"settled, {'made' if made else 'not made'}"


def lane(folder: Path, platform: Platform, gate: Gate, zone: Zone, *, more: str, seed: int) -> Lane:
    """Make a lane in an empty folder, and start its service."""
    station = Station(folder, zone, platform, api=gate.own_url, more=more)
    made = Lane(station, zone, gate, seed)
    station.start()
    return made
