"""How a condition is written, and what was expected where it is not written so.

error_rate > 5%                                    the newest value; a percentage is a ratio
latency_p95_ms > 2x normal                         beside what is usual in that hour of the week
rate(errors, 5m) / rate(requests, 5m) > 5%         windows and ratios; also avg(cpu, 10m)
cpu > 80% or memory > 80%                          and, or, parentheses
burn(errors / requests, 99.9%, 1h, 5m) > 14.4      an objective's budget, in every one of the windows
burn(failing, 99.9%, 1h, 5m) > 14.4                that of probes that have to pass
"""

from __future__ import annotations

import math
import re
from datetime import timedelta
from decimal import Decimal
from typing import NamedTuple

from wedtui.core.alerts.condition import (
    FAILING,
    SIGNS,
    UP,
    Burn,
    Comparison,
    Condition,
    Function,
    Joined,
    Limit,
    Term,
)

LONGEST_CONDITION = 500
DEEPEST = 10
_TOKEN = re.compile(
    r"\s*(?:(?P<span>\d+(?:\.\d+)?(?:ms|[smhdw]))(?![A-Za-z0-9_.])"
    r"|(?P<times>\d+(?:\.\d+)?)x(?![A-Za-z0-9_])"
    r"|(?P<number>-?\d+(?:\.\d+)?)(?![A-Za-z0-9_.])"
    r"|(?P<name>[A-Za-z_][A-Za-z0-9_]*)"
    r"|(?P<sign>>=|<=|==|!=|[><=%/(),]))"
)
_SIGNAL = re.compile(r"[a-z][a-z0-9_]{0,62}")
_SECONDS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_WORDS = frozenset({"and", "or", "not", "normal"})
_LONGEST_WINDOW = timedelta(days=35)
_END = "the end"


class _Token(NamedTuple):
    kind: str
    text: str
    column: int
    """From 1."""

    @property
    def told(self) -> str:
        return self.text if self.kind == "end" else f'"{self.text}"'


def parse_condition(text: str) -> Condition:
    """Read a condition.

    Raises:
        ValueError: it is none; says the column, what was expected there and what stands there.
    """
    if len(text) > LONGEST_CONDITION:
        raise ValueError(f"expected a condition of at most {LONGEST_CONDITION} characters")
    parser = _Parser(_tokens(text))
    found = parser.condition()
    parser.end()
    return found


def _tokens(text: str) -> list[_Token]:
    tokens = []
    at = 0
    while text[at:].strip():
        match = _TOKEN.match(text, at)
        if match is None:
            column = at + len(text[at:]) - len(text[at:].lstrip()) + 1
            odd = text[column - 1 :].split(maxsplit=1)[0][:20]
            raise ValueError(f'expected a signal, a number or a sign at column {column}, got "{odd}"')
        kind = match.lastgroup or ""
        tokens.append(_Token(kind, match.group().strip(), match.start(kind) + 1))
        at = match.end()
    return [*tokens, _Token("end", _END, len(text) + 1)]


class _Parser:
    """Goes once through the tokens, from left to right."""

    def __init__(self, tokens: list[_Token]) -> None:
        self._tokens = tokens
        self._at = 0
        self._deep = 0

    @property
    def _here(self) -> _Token:
        return self._tokens[self._at]

    def _take(self) -> _Token:
        token = self._here
        if token.kind != "end":
            self._at += 1
        return token

    def _stands(self, text: str) -> bool:
        """Whether a word or sign stands here; then it is taken."""
        if self._here.kind in {"name", "sign"} and self._here.text == text:
            self._at += 1
            return True
        return False

    def _refuse(self, expected: str, token: _Token | None = None) -> ValueError:
        token = token or self._here
        return ValueError(f"expected {expected} at column {token.column}, got {token.told}")

    def _demand(self, sign: str, where: str) -> None:
        if not self._stands(sign):
            raise self._refuse(f'"{sign}" {where}')

    def end(self) -> None:
        if self._here.kind != "end":
            raise self._refuse('"and", "or" or the end of the condition')

    def condition(self) -> Condition:
        """Read parts that are joined by one word; both words in one row would be read differently by two people."""
        parts = [self._part()]
        word = next((w for w in ("and", "or") if self._here.kind == "name" and self._here.text == w), None)
        while word is not None and self._stands(word):
            parts.append(self._part())
        if word is not None and self._here.text in {"and", "or"}:
            raise self._refuse('parentheses around one of them where "and" and "or" are mixed')
        return parts[0] if len(parts) == 1 else Joined(tuple(parts), every=word == "and")

    def _part(self) -> Condition:
        if not self._stands("("):
            return self._comparison()
        self._deep += 1
        if self._deep > DEEPEST:
            raise ValueError(f"expected at most {DEEPEST} parentheses within each other")
        found = self.condition()
        self._demand(")", "that closes the parenthesis")
        self._deep -= 1
        return found

    def _comparison(self) -> Condition:
        if self._here.text == "burn" and self._tokens[self._at + 1].text == "(":
            return self._burn()
        begin = self._here
        term = self._term()
        divisor = self._term() if self._stands("/") else None
        sign = self._take()
        if sign.text not in SIGNS:
            example = f'a comparison such as "> 5%" behind {divisor or term}: one of {" ".join(SIGNS)}'
            raise self._refuse(example, sign)
        limit = self._limit()
        if limit.normal and (divisor is not None or term.function is not Function.NEWEST):
            raise ValueError(
                f'expected a signal alone beside "normal", which is known of signals, at column {begin.column}'
            )
        return Comparison(term, sign.text, limit, divisor)

    def _term(self) -> Term:
        name = self._take()
        if name.kind != "name" or name.text in _WORDS:
            raise self._refuse('a signal such as "error_rate"', name)
        if not self._stands("("):
            return Term(_signal(name))
        known = {each.value: each for each in (Function.RATE, Function.AVG)}
        if name.text not in known:
            raise self._refuse(f"one of {', '.join(known)} and burn before a parenthesis", name)
        signal = _signal(self._take())
        self._demand(",", "and a window such as 5m behind the signal")
        window = self._window()
        self._demand(")", "behind the window")
        return Term(signal, known[name.text], window)

    def _window(self) -> timedelta:
        token = self._take()
        if token.kind != "span":
            raise self._refuse('a window such as "5m"', token)
        digits = token.text.rstrip("mshdw")
        span = timedelta(seconds=float(digits) * _SECONDS[token.text[len(digits) :]])
        if not timedelta() < span <= _LONGEST_WINDOW:
            raise self._refuse(f"a window longer than nothing and of at most {_LONGEST_WINDOW.days}d", token)
        return span

    def _limit(self) -> Limit:
        token = self._take()
        if token.kind == "times":
            if not self._stands("normal"):
                raise self._refuse(f'"normal" behind {token.text}')
            factor = float(token.text.removesuffix("x"))
            if not factor:
                raise self._refuse('a factor over 0 before "normal"', token)
            return Limit(factor, normal=True)
        if token.kind != "number":
            raise self._refuse('a limit such as "5%", "800" or "2x normal"', token)
        if self._stands("%"):
            return Limit(_ratio(token.text), percent=True)
        return Limit(float(token.text))

    def _burn(self) -> Burn:
        self._at += 2
        first = self._here
        bad = _signal(self._take())
        total = _signal(self._take()) if self._stands("/") else None
        if bad == UP or (total is not None and {bad, total} & {UP, FAILING}):
            wanted = f'"{FAILING}" alone, which is what is bad of "{UP}", such as burn({FAILING}, 99.9%, 1h),'
            raise self._refuse(wanted, first)
        self._demand(",", "and an objective such as 99.9% behind the signal")
        objective = self._objective()
        windows = []
        while self._stands(","):
            windows.append(self._window())
        if not windows:
            raise self._refuse('a window or several, such as ", 1h, 5m", behind the objective')
        self._demand(")", "behind the windows")
        self._demand(">", "and a factor such as 14.4 behind burn(...)")
        factor = self._take()
        if factor.kind != "number" or float(factor.text) <= 0:
            raise self._refuse("a factor over 0 such as 14.4", factor)
        return Burn(bad, total, objective, tuple(windows), float(factor.text))

    def _objective(self) -> float:
        token = self._take()
        share = _ratio(token.text) if token.kind == "number" else math.nan
        if not (0 < share < 1 and self._stands("%")):
            raise self._refuse('an objective over 0% and under 100%, such as "99.9%"', token)
        return share


def _ratio(percent: str) -> float:
    """Return the ratio that a percentage is: of 99.9 exactly 0.999, which a division of floats misses."""
    return float(Decimal(percent) / 100)


def _signal(token: _Token) -> str:
    if token.kind != "name" or token.text in _WORDS or not _SIGNAL.fullmatch(token.text):
        raise ValueError(
            f'expected a signal such as "error_rate" (small letters, digits and "_") at column {token.column}, '
            f"got {token.told}"
        )
    return token.text
