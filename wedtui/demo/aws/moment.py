"""How the demo's account is at one instant: as the world is, a little later.

What AWS says of trouble it says with a delay, each service its own: targets fail their checks within seconds, the
status checks of machines and AWS Health only after a while. The account is asked how the world was that long ago.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from wedtui.core.evidence import ERRORS_SIGNAL
from wedtui.demo.aws.inventory import MAIN, Group, Machine, machines_of
from wedtui.demo.scenario import Behaviour, ProviderState

TARGETS_LATE = timedelta(seconds=10)
TASKS_LATE = timedelta(seconds=15)
CHECKS_LATE = timedelta(seconds=25)
ALARMS_LATE = timedelta(seconds=30)
VENDOR_LATE = timedelta(seconds=60)

# The share of failed requests from which the account looks ill.
FAILS_ABOVE = 0.05


@dataclass(frozen=True, slots=True)
class Moment:
    """The account at one instant."""

    now: datetime
    began: datetime
    """When the world began."""
    provider_at: Callable[[datetime], ProviderState]
    """How the provider was; before the world began as at its beginning."""

    def ill(self, late: timedelta) -> bool:
        """Whether the provider was failing so long ago."""
        return self._ill_at(self.now - late)

    def ill_since(self) -> datetime:
        """Return since when the provider fails that fails now, to the second; one that fell ill once."""
        # Whole seconds since the beginning, so that whoever asks again hears the same.
        second = timedelta(seconds=1)
        well, ill = -1, (self.now - self.began) // second + 1
        while ill - well > 1:
            middle = (well + ill) // 2
            well, ill = (well, middle) if self._ill_at(self.began + middle * second) else (middle, ill)
        return (self.began + ill * second).replace(microsecond=0)

    def signals(self, at: datetime) -> Mapping[str, float]:
        """Return what could be measured of the provider at an instant."""
        return self.provider_at(at).signals

    def failing(self, region: str, count: int, late: timedelta) -> int:
        """Return how many of so many fail in a region.

        All of them where the trouble is; half of them, rounded up, where they only wait for what lies there.
        """
        if not self.ill(late):
            return 0
        return count if region == MAIN else -(-count // 2)

    def unhealthy(self, group: Group) -> frozenset[str]:
        """Return the machines of a group that fail the checks of its load balancer."""
        machines = machines_of(group.region, group.role)
        return frozenset(m.id for m in machines[: self.failing(group.region, len(machines), TARGETS_LATE)])

    def impaired(self, machine: Machine) -> bool:
        """Whether the hardware under a machine is in trouble."""
        return machine.region == MAIN and machine.status == "running" and self.ill(CHECKS_LATE)

    def _ill_at(self, at: datetime) -> bool:
        found = self.provider_at(at)
        return found.conduct.behaviour is not Behaviour.SERVING or found.signals[ERRORS_SIGNAL] > FAILS_ABOVE
