"""How the share of a lost provider is spread over the others: whole percents, never over a cap.

Source: DESIGN, "Traffic and failover". Shares are whole percents that sum to 100. What is lost is added to the others
in proportion to what they have, up to their caps; what is left goes to those that have nothing, in proportion to
their caps. Fractions are kept exactly until the end and rounded by largest remainder, ties to the larger weight and
then to the name.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from fractions import Fraction
from typing import NamedTuple

WHOLE = 100
HEADROOM = Fraction(13, 10)
"""What can be served has to be this many times the peak, of which the rest is for what nobody foresaw."""


class Spread(NamedTuple):
    """Shares after something was lost."""

    shares: Mapping[str, int]
    """Percent by name, of everything that was there before; what was lost has 0."""
    unplaced: int
    """Percent for which there is no room under the caps: with any, these shares are none to use."""


def cap(capacity: float, peak: float) -> int:
    """Return the largest share (percent) that a capacity can serve: floor(100 x capacity / (1.3 x peak)), at most 100.

    Args:
        capacity: requests a second.
        peak: requests a second, of everything together; one of 0 tells nothing, and gives no room.
    """
    if peak <= 0:
        return 0
    return min(WHOLE, math.floor(WHOLE * Fraction(capacity) / (HEADROOM * Fraction(peak))))


def spread(shares: Mapping[str, int], lost: Collection[str], caps: Mapping[str, int]) -> Spread:
    """Spread the shares of what is lost over what may gain.

    Args:
        shares: percent by name, before.
        lost: names that get 0.
        caps: the largest share (percent) of each that may gain; who is not in it keeps what it has. One that has more
            than its cap already keeps that, and gains nothing.

    Returns:
        The shares after, and how many percent found no room.
    """
    after = {name: Fraction(0 if name in lost else share) for name, share in shares.items()}
    gaining = [name for name in shares if name in caps and name not in lost]
    left = Fraction(sum(shares[name] for name in lost))
    carrying = {name: Fraction(shares[name]) for name in gaining if shares[name] > 0}
    idle = {name: Fraction(caps[name]) for name in gaining if shares[name] == 0 and caps[name] > 0}
    for proportions in (carrying, idle):
        room = {name: max(Fraction(caps[name]) - after[name], Fraction(0)) for name in proportions}
        gained = _filled(left, proportions, room)
        for name, gain in gained.items():
            after[name] += gain
        left -= sum(gained.values(), Fraction(0))
    return Spread(whole(after, shares), int(left))


def _filled(amount: Fraction, proportions: Mapping[str, Fraction], room: Mapping[str, Fraction]) -> dict[str, Fraction]:
    """Pour an amount into vessels in proportion; what does not fit into one goes to the others in proportion."""
    gained = dict.fromkeys(proportions, Fraction(0))
    open_to = {name for name in proportions if room[name] > 0}
    while amount > 0 and open_to:
        total = sum((proportions[name] for name in open_to), Fraction(0))
        rise = amount / total
        full = {name for name in open_to if proportions[name] * rise >= room[name] - gained[name]}
        for name in full or open_to:
            more = room[name] - gained[name] if full else proportions[name] * rise
            gained[name] += more
            amount -= more
        open_to -= full
        if not full:
            break
    return gained


def whole(shares: Mapping[str, Fraction], before: Mapping[str, int]) -> dict[str, int]:
    """Round to whole percents with the same sum, by largest remainder; ties to the larger one before, then to the name.

    A share that is no whole number is under its cap, which is one, so that rounding up never exceeds it.
    """
    rounded = {name: math.floor(share) for name, share in shares.items()}
    missing = math.floor(sum(shares.values(), Fraction(0))) - sum(rounded.values())
    order = sorted(
        (name for name in shares if shares[name] > rounded[name]),
        key=lambda name: (-(shares[name] - rounded[name]), -before[name], name),
    )
    for name in order[:missing]:
        rounded[name] += 1
    return rounded
