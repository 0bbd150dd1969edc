"""What of a plan a person gives their word for: what will be done, and what they were told of its safety.

A plan holds more than that: requests a second, caps and ages, which are others each minute. Were the word bound to
those too, each new peak would throw away what a tired person has typed, and they would learn to type it without
reading. What those decide is in here: the shares, each rule's verdict, who ends up over its cap or short of capacity,
and at which protection level: whose wedding it is that is risked is what a person sees first (DESIGN, law 7).
Everything is asked anew before anything is submitted (DESIGN, law 5), so what was confirmed by an older peak is not
carried out against a newer one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

ASKED = ("kind", "lost", "to", "to_words", "accepts_overload", "automatic", "vouched")
"""What is asked for, by whom, and what is taken knowingly."""
DONE = ("backend", "name", "ttl_seconds", "records", "generation", "before", "after", "unplaced")
"""What is submitted, and to what; a made-up world has records of its own, so a drill is another plan."""


def what_decides(said: Mapping[str, Any]) -> dict[str, object]:
    """Return what a confirmation is bound to, of a plan as `core.failover.plan_json` writes it.

    Args:
        said: the plan; one that was stored says the same as when it was made.
    """
    return {
        **{name: said[name] for name in (*ASKED, *DONE)},
        "rooms": [_headroom(room, accepted=said["accepts_overload"]) for room in said["rooms"]],
        # The service by itself is not made to count down anew: it acts by health, at any level.
        "protection": None if said["automatic"] else said.get("protection"),
        "checks": sorted([check["rule"], check["result"], check["stops"]] for check in said["checks"]),
    }


def _headroom(room: Mapping[str, Any], *, accepted: bool) -> dict[str, object]:
    """Return what is to be judged of a provider's room: over its cap or not, short of capacity or not.

    By how many percent over counts where a person takes that knowingly: by so much, and no more.
    """
    cap, spare = room["cap"], room["spare"]
    over = None if cap is None else max(room["after"] - cap, 0)
    takes = accepted and room["after"] > room["before"]
    return {
        "provider": room["provider"],
        "over": over if takes or over is None else over > 0,
        "short": None if spare is None else spare < 0,
    }
