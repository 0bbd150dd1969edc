"""Who has a panel open on what: seen by other dashboards before anything is asked for. Kept nowhere.

A dashboard says so every few seconds; what is not said again is gone. No reason and nothing typed is among it.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace

from fastapi import FastAPI

from wedtui.clock import Clock
from wedtui.control.answers import ArmingIs, Problem
from wedtui.control.bodies import ToArm
from wedtui.control.office import ACTING, Asking, Token
from wedtui.core.emergency import emergency
from wedtui.core.roles import decide
from wedtui.errors import ConflictError, NotPermittedError

GONE_AFTER_S = 15.0
"""Two that are missed, of one every six seconds."""
OF_ONE = 4
OF_ALL = 32


@dataclass(frozen=True, slots=True)
class _Beat:
    arming: ArmingIs
    heard: float


class Presence:
    """Remembers for seconds who is arming what; may be used by several threads."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._turn = threading.Lock()
        self._beats: dict[tuple[str, str], _Beat] = {}

    def arm(self, user: str, token: str, kind: str, target: str) -> None:
        """Note that a user's dashboard has a panel open.

        Raises:
            ConflictError: there are too many.
        """
        now = self._clock.monotonic()
        with self._turn:
            self._forget(now)
            before = self._beats.get((user, token))
            made = ArmingIs(user, kind, target, self._clock.now())
            if before is not None and (before.arming.kind, before.arming.target) == (kind, target):
                made = replace(made, since=before.arming.since)
            own = sum(name == user for name, _ in self._beats)
            if before is None and (own >= OF_ONE or len(self._beats) >= OF_ALL):
                raise ConflictError("too many panels are open at once for others to be told of this one too")
            self._beats[user, token] = _Beat(made, now)

    def leave(self, user: str, token: str) -> None:
        """Note that a panel was closed."""
        with self._turn:
            self._beats.pop((user, token), None)

    def others(self, user: str, token: str) -> list[ArmingIs]:
        """Return what is armed elsewhere than at one dashboard, the oldest first."""
        with self._turn:
            self._forget(self._clock.monotonic())
            found = [beat.arming for key, beat in self._beats.items() if key != (user, token)]
        return sorted(found, key=lambda each: each.since)

    def _forget(self, now: float) -> None:
        self._beats = {key: beat for key, beat in self._beats.items() if now - beat.heard < GONE_AFTER_S}


def add_presence(app: FastAPI, presence: Presence) -> None:
    """Add the paths; a dashboard names itself by a number that it made up."""

    @app.get("/v1/arming/{token}", summary="Who is arming what, elsewhere than at that dashboard")
    def list_arming(who: Asking, token: Token) -> list[ArmingIs]:
        return presence.others(who.account.name, token)

    @app.put(
        "/v1/arming/{token}",
        summary="Say that a panel is open",
        responses={status: {"model": Problem} for status in ACTING},
    )
    def arm(who: Asking, token: Token, body: ToArm) -> list[ArmingIs]:
        decision = decide(who, emergency(body.kind).permission)
        if not decision.allowed:
            raise NotPermittedError(decision.sentence)
        presence.arm(who.account.name, token, body.kind, body.target)
        return presence.others(who.account.name, token)

    @app.delete("/v1/arming/{token}", summary="Say that it was closed")
    def leave(who: Asking, token: Token) -> list[ArmingIs]:
        presence.leave(who.account.name, token)
        return presence.others(who.account.name, token)
