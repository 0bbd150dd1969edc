"""What there is to choose of freezes: how long, and what for."""

from __future__ import annotations

from wedtui.core.emergency import Target
from wedtui.core.freeze_plan import ADD_HOURS, EVERYTHING, OVERRIDE_HOURS
from wedtui.core.override import OBJECTS
from wedtui.tui.arming import Choice


def freeze_choices(target: Target, environment: str) -> tuple[Choice, ...]:
    """Return them by what the service is asked with; which freezes can be lifted it alone knows."""
    if target is Target.EVERYTHING:
        return (Choice(EVERYTHING, "in every environment, until a manager lifts it", ""),)
    if target is Target.HOURS:
        return tuple(Choice(f"{hours}h", f"{environment} is frozen for {hours} h from now", "") for hours in ADD_HOURS)
    if target is Target.OBJECT:
        return tuple(
            Choice(f"{name} {hours}h", f"a freeze does not stop {what} for {hours} h from now", "")
            for name, what in OBJECTS.items()
            for hours in OVERRIDE_HOURS
        )
    return ()
