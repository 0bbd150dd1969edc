"""Asking the service about releases: for commands and the dashboard."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol, TypeVar

from wedtui.control.release_answers import GateIs, LineIs, LogIs, ReleaseIs, ReleaseToldIs

_Answer = TypeVar("_Answer")


class Asks(Protocol):
    """Who asks a service: at the socket of this machine, or on another one by a token."""

    def request(
        self, method: str, path: str, kind: type[_Answer], body: object = None, *, patience: float | None = None
    ) -> _Answer:
        """Ask; raises what the service refused, and ServiceError where it cannot be asked."""
        ...


class ReleaseClient:
    """Asks one service. Every method raises what `ControlClient.request` does."""

    def __init__(self, client: Asks) -> None:
        """Remember who is asked."""
        self._client = client

    def line(self) -> LineIs:
        """Return the queue, what is under way, and what ended lately."""
        return self._client.request("GET", "/v1/releases", LineIs)

    def one(self, number: int) -> ReleaseToldIs:
        """Return a release, and what became of it."""
        return self._client.request("GET", f"/v1/releases/{number}", ReleaseToldIs)

    def log(self, number: int) -> LogIs:
        """Return what was printed while a release was put in place, and taken back, as far as it is kept."""
        return self._client.request("GET", f"/v1/releases/{number}/log", LogIs)

    def submit(self, asked: Mapping[str, object]) -> ReleaseIs:
        """Put a release in the queue; `asked` has the fields of `ReleaseToSubmit`."""
        return self._client.request("POST", "/v1/releases", ReleaseIs, dict(asked))

    def approve(self, number: int, stage: str, reason: str = "") -> ReleaseIs:
        """Give one's word for a stage."""
        return self._moved(number, "approve", {"stage": stage, "reason": reason})

    def hold(self, number: int, reason: str) -> ReleaseIs:
        """Have it wait."""
        return self._moved(number, "hold", {"reason": reason})

    def resume(self, number: int, reason: str) -> ReleaseIs:
        """Let it go on."""
        return self._moved(number, "resume", {"reason": reason})

    def cancel(self, number: int, reason: str) -> ReleaseIs:
        """Take it out of the queue."""
        return self._moved(number, "cancel", {"reason": reason})

    def check(self, number: int, name: str, *, passed: bool) -> ReleaseIs:
        """Report how one of its checks ended."""
        return self._moved(number, "checks", {"check": name, "passed": passed})

    def gate(self, service: str, environment: str | None, version: str | None) -> GateIs:
        """Return whether a pipeline may go on."""
        asked = {"service": service, "environment": environment, "version": version}
        return self._client.request("POST", "/v1/gate", GateIs, asked)

    def _moved(self, number: int, move: str, body: Mapping[str, object]) -> ReleaseIs:
        return self._client.request("POST", f"/v1/releases/{number}/{move}", ReleaseIs, dict(body))
