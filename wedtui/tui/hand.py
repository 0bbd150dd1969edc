"""What the dashboard asks of a service to act through it; the client of the control socket is one.

Every method may block for seconds and is called on a thread of its own, one call at a time.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from wedtui.control.answers import ActionIs, ArmingIs, FreezeIs, OverrideIs, PlanIs, StandingIs
    from wedtui.control.client import Aside


class Hand(Protocol):
    """Whoever acts for a person; each method raises a WedtuiError that says why it did not."""

    def standing(self, token: str) -> StandingIs:
        """Return who one is, what is under way, and who is arming what elsewhere than at that dashboard."""
        ...

    def plan(
        self,
        kind: str,
        lost: Sequence[str],
        *,
        accepts_overload: bool = False,
        to: str = "configured",
        aside: Aside | None = None,
        subject: str = "",
    ) -> PlanIs:
        """Plan without asking for it; `aside`: without the ledger, `subject`: on what, where it moves no traffic."""
        ...

    def ask(
        self,
        kind: str,
        lost: Sequence[str],
        *,
        reason: str,
        accepts_overload: bool = False,
        to: str = "configured",
        aside: Aside | None = None,
        subject: str = "",
    ) -> ActionIs:
        """Ask for an action: it awaits its confirmation, or was refused."""
        ...

    def confirm(self, number: int, *, digest: str, typed: str, break_glass: str | None = None) -> ActionIs:
        """Confirm exactly the plan of that digest; with `break_glass` without the second person who is demanded."""
        ...

    def approve(self, number: int, *, digest: str, typed: str) -> ActionIs:
        """Be the second person for exactly the plan of that digest."""
        ...

    def cancel(self, number: int) -> ActionIs:
        """End what was not begun."""
        ...

    def abort(self) -> ActionIs:
        """End the countdown of the service that runs."""
        ...

    def action(self, number: int) -> ActionIs:
        """Return one action."""
        ...

    def acknowledge(self, key: str, reason: str = "") -> object:
        """Have the alert of that episode: nobody else is called for it until that lapses."""
        ...

    def freezes(self) -> list[FreezeIs]:
        """Return the freezes by persons that are not over."""
        ...

    def overrides(self) -> list[OverrideIs]:
        """Return the overrides that are not over."""
        ...

    def plan_freeze(self, kind: str, subject: str) -> PlanIs:
        """Plan a lockdown, a freeze, its end or an override, and ask for nothing."""
        ...

    def confirm_freeze(
        self, kind: str, subject: str, *, reason: str, digest: str, at: str, typed: str
    ) -> FreezeIs | OverrideIs:
        """Do exactly what the plan of that digest and instant says."""
        ...

    def arming(self, token: str, kind: str | None, target: str = "", *, left: bool = False) -> list[ArmingIs]:
        """Return who is arming what elsewhere; say on what a panel is open here, or that it was closed."""
        ...
