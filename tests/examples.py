"""How many examples Hypothesis draws, and which: the profile that WEDTUI_HYPOTHESIS names, for the whole run.

`random` draws others in each run and keeps what failed, `ci` always the same (no change is refused by the luck of the
day), `soak` many more of them. No profile has a deadline, and none minds how fast examples are made: how long something
takes is a matter of the machine.
"""

from __future__ import annotations

import os
from collections.abc import Collection

from hypothesis import HealthCheck, settings

_DEFAULT = 100
_SOAK_TIMES = 20
EXAMPLES = "WEDTUI_SOAK_EXAMPLES"
_CHOSEN = os.environ.get("WEDTUI_HYPOTHESIS") or "random"
_SLOW = (HealthCheck.too_slow,)

settings.register_profile("random", deadline=None, suppress_health_check=_SLOW)
settings.register_profile("ci", settings.get_profile("random"), derandomize=True, database=None, print_blob=True)
settings.register_profile("soak", settings.get_profile("random"), max_examples=_DEFAULT * _SOAK_TIMES, print_blob=True)


def use_profile() -> None:
    """Have every property follow the chosen profile; before the first of them is imported.

    Raises:
        InvalidArgument: there is no such profile.
    """
    settings.load_profile(_CHOSEN)


def examples(count: int = _DEFAULT, *, steps: int | None = None, unminded: Collection[HealthCheck] = ()) -> settings:
    """Return the settings of a property that needs another number of examples than 100.

    Args:
        count: of a usual run; a soak draws twenty times as many, or as many as WEDTUI_SOAK_EXAMPLES says.
        steps: of a state machine, at most.
        unminded: checks of Hypothesis that are known not to matter here.
    """
    use_profile()
    made = settings(
        max_examples=_soaked(count) if _CHOSEN == "soak" else count,
        suppress_health_check={*_SLOW, *unminded},
    )
    return made if steps is None else settings(made, stateful_step_count=steps)


def _soaked(count: int) -> int:
    return int(os.environ.get(EXAMPLES) or count * _SOAK_TIMES)
