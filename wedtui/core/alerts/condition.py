"""What a condition says, as a tree: comparisons of signals, joined by `and` and `or`. How it is written: `grammar`."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

UP, FAILING = "up", "failing"
"""Of each probe: 1 where its newest round passed, else 0; and 1 less that, which is what an objective is about."""
_UNITS = ((604800, "w"), (86400, "d"), (3600, "h"), (60, "m"), (1, "s"))


class Function(StrEnum):
    """What is made of a window of a signal."""

    NEWEST = "newest"
    """No window: the newest value."""
    RATE = "rate"
    """By how much a counter rises in a second."""
    AVG = "avg"
    """The mean over the time for which anything is known."""


@dataclass(frozen=True, slots=True)
class Term:
    """One signal, or what is made of a window of it."""

    signal: str
    function: Function = Function.NEWEST
    window: timedelta = timedelta()

    def __str__(self) -> str:
        if self.function is Function.NEWEST:
            return self.signal
        return f"{self.function}({self.signal}, {span_words(self.window)})"


@dataclass(frozen=True, slots=True)
class Limit:
    """What a measure is compared with."""

    number: float
    percent: bool = False
    """Whether it is written as a percentage; `number` is the ratio."""
    normal: bool = False
    """Whether it is so many times what is usual in that hour of the week."""

    def __str__(self) -> str:
        if self.normal:
            return f"{_number(self.number)}x normal"
        return f"{_number(self.number * 100)}%" if self.percent else _number(self.number)


@dataclass(frozen=True, slots=True)
class Comparison:
    """One measure beside one limit."""

    term: Term
    sign: str
    limit: Limit
    divisor: Term | None = None
    """By what the term is divided, where the measure is a ratio."""

    @property
    def compare(self) -> Callable[[float, float], bool]:
        """The comparison itself."""
        return SIGNS[self.sign]

    @property
    def measure(self) -> str:
        """What is compared, as it is written."""
        return str(self.term) if self.divisor is None else f"{self.term} / {self.divisor}"

    def __str__(self) -> str:
        return f"{self.measure} {self.sign} {self.limit}"


@dataclass(frozen=True, slots=True)
class Burn:
    """How many times faster than the objective allows its budget is used up, in each of several windows."""

    bad: str
    total: str | None
    """The counter of everything, where `bad` is the counter of what failed; None where `bad` is a ratio itself."""
    objective: float
    """The share that has to be good, under 1."""
    windows: tuple[timedelta, ...]
    factor: float

    def __str__(self) -> str:
        what = self.bad if self.total is None else f"{self.bad} / {self.total}"
        windows = ", ".join(span_words(each) for each in self.windows)
        return f"burn({what}, {_number(self.objective * 100)}%, {windows}) > {_number(self.factor)}"


@dataclass(frozen=True, slots=True)
class Joined:
    """Several conditions of which all have to hold, or any."""

    parts: tuple[Condition, ...]
    every: bool

    def __str__(self) -> str:
        word = " and " if self.every else " or "
        return word.join(f"({part})" if isinstance(part, Joined) else str(part) for part in self.parts)


Condition = Comparison | Burn | Joined

SIGNS: dict[str, Callable[[float, float], bool]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}


def leaves_of(condition: Condition) -> Iterator[Comparison | Burn]:
    """Yield the comparisons of a condition, in the order in which they are written."""
    if isinstance(condition, Joined):
        for part in condition.parts:
            yield from leaves_of(part)
    else:
        yield condition


def signals_of(condition: Condition) -> tuple[str, ...]:
    """Return the signals of a condition, each once, in the order in which they are written."""
    found: list[str] = []
    for leaf in leaves_of(condition):
        if isinstance(leaf, Burn):
            found += [leaf.bad] if leaf.total is None else [leaf.bad, leaf.total]
        else:
            found += [leaf.term.signal] if leaf.divisor is None else [leaf.term.signal, leaf.divisor.signal]
    return tuple(dict.fromkeys(found))


def windows_in(condition: Condition) -> Iterator[timedelta]:
    """Yield every window of a condition; nothing for the newest value of a signal."""
    for leaf in leaves_of(condition):
        if isinstance(leaf, Burn):
            yield from leaf.windows
        else:
            yield from (term.window for term in (leaf.term, leaf.divisor) if term is not None)


def span_words(span: timedelta) -> str:
    """Return a length of time as it is written: `90s`, `5m`, `500ms`."""
    for seconds, unit in _UNITS:
        if span >= timedelta(seconds=seconds) and not span % timedelta(seconds=seconds):
            return f"{span // timedelta(seconds=seconds)}{unit}"
    return f"{_number(span / timedelta(milliseconds=1))}ms"


def _number(value: float) -> str:
    # Twelve digits: of 0.07 * 100 a person wrote 7.
    text = f"{value:.12g}"
    return text if "e" not in text else f"{value:.12f}".rstrip("0").rstrip(".")
