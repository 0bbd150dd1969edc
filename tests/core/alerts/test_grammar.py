"""The grammar as a table, what is refused and why, and that what is written is read as it was meant."""

from __future__ import annotations

import contextlib
import re
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wedtui.core.alerts.condition import (
    Burn,
    Comparison,
    Condition,
    Function,
    Joined,
    Limit,
    Term,
    signals_of,
    windows_in,
)
from wedtui.core.alerts.grammar import DEEPEST, LONGEST_CONDITION, parse_condition

MINUTE = timedelta(minutes=1)
ERRORS = Comparison(Term("error_rate"), ">", Limit(0.05, percent=True))
CPU = Comparison(Term("cpu"), ">=", Limit(0.8, percent=True))
MEMORY = Comparison(Term("memory"), ">", Limit(0.8))


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("error_rate > 5%", ERRORS),
        ("error_rate>5%", ERRORS),
        ("(error_rate > 5 %)", ERRORS),
        ("up < 1", Comparison(Term("up"), "<", Limit(1))),
        ("balance <= -2.5", Comparison(Term("balance"), "<=", Limit(-2.5))),
        ("latency_p95_ms > 2x normal", Comparison(Term("latency_p95_ms"), ">", Limit(2, normal=True))),
        ("x > 1.5x normal", Comparison(Term("x"), ">", Limit(1.5, normal=True))),
        ("rate > 1", Comparison(Term("rate"), ">", Limit(1))),
        ("avg(cpu, 10m) > 80%", Comparison(Term("cpu", Function.AVG, 10 * MINUTE), ">", Limit(0.8, percent=True))),
        (
            "rate(errors, 5m) / rate(requests, 90s) > 5%",
            Comparison(
                Term("errors", Function.RATE, 5 * MINUTE),
                ">",
                Limit(0.05, percent=True),
                Term("requests", Function.RATE, 1.5 * MINUTE),
            ),
        ),
        ("errors / requests > 0.05", Comparison(Term("errors"), ">", Limit(0.05), Term("requests"))),
        ("cpu >= 80% or memory > 0.8", Joined((CPU, MEMORY), every=False)),
        ("cpu >= 80% and memory > 0.8 and error_rate > 5%", Joined((CPU, MEMORY, ERRORS), every=True)),
        (
            "(cpu >= 80% or memory > 0.8) and error_rate > 5%",
            Joined((Joined((CPU, MEMORY), every=False), ERRORS), every=True),
        ),
        ("burn(error_rate, 99.9%, 1h) > 14.4", Burn("error_rate", None, 0.999, (60 * MINUTE,), 14.4)),
        ("burn(failing, 99%, 1h) > 6", Burn("failing", None, 0.99, (60 * MINUTE,), 6)),
        ("burn(e / r, 99%, 6h, 30m) > 6", Burn("e", "r", 0.99, (360 * MINUTE, 30 * MINUTE), 6)),
    ],
)
def test_what_is_written_is_read_as_it_was_meant(text: str, meant: Condition) -> None:
    assert parse_condition(text) == meant


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", 'expected a signal such as "error_rate" at column 1, got the end'),
        ("error_rate", 'expected a comparison such as "> 5%" behind error_rate'),
        ("error_rate >", 'expected a limit such as "5%", "800" or "2x normal" at column 13, got the end'),
        ("error_rate > high", 'got "high"'),
        ("error_rate == 5%", "one of > >= < <="),
        ("error_rate > 5% for", 'expected "and", "or" or the end of the condition at column 17, got "for"'),
        ("Error > 5%", 'small letters, digits and "_") at column 1, got "Error"'),
        ("5% > error_rate", 'expected a signal such as "error_rate" at column 1'),
        ("a > 1 and b > 1 or c > 1", 'where "and" and "or" are mixed at column 17'),
        ("a > 1 or b > 1 and c > 1", 'where "and" and "or" are mixed'),
        ("a > 1 and", 'expected a signal such as "error_rate" at column 10, got the end'),
        ("not a > 1", 'expected a signal such as "error_rate" at column 1, got "not"'),
        ("(a > 1", 'expected ")" that closes the parenthesis at column 7, got the end'),
        ("a > 2x", 'expected "normal" behind 2x'),
        ("a > 0x normal", "expected a factor over 0"),
        ("rate(a, 5m) > 2x normal", 'expected a signal alone beside "normal"'),
        ("a / b > 2x normal", 'expected a signal alone beside "normal"'),
        ("max(a, 5m) > 1", "expected one of rate, avg and burn before a parenthesis"),
        ("avg(a) > 1", 'expected "," and a window such as 5m'),
        ("avg(a, 5) > 1", 'expected a window such as "5m" at column 8, got "5"'),
        ("avg(a, 0m) > 1", "expected a window longer than nothing"),
        ("avg(a, 99w) > 1", "of at most 35d"),
        ("burn(a, 1h) > 1", 'expected an objective over 0% and under 100%, such as "99.9%"'),
        ("burn(a, 100%, 1h) > 1", "expected an objective over 0% and under 100%"),
        ("burn(a, 99%) > 1", 'expected a window or several, such as ", 1h, 5m"'),
        ("burn(a, 99%, 1h) < 1", 'expected ">" and a factor'),
        ("burn(a, 99%, 1h) > 0", "expected a factor over 0"),
        ("burn(up, 99.9%, 1h) > 6", 'expected "failing" alone, which is what is bad of "up"'),
        ("burn(up, 99.9%, 1h) > 6", 'such as burn(failing, 99.9%, 1h), at column 6, got "up"'),
        ("burn(failing / up, 99.9%, 1h) > 6", 'expected "failing" alone'),
        ("burn(failed / up, 99.9%, 1h) > 6", 'expected "failing" alone'),
        ("a > 1; b", 'expected a signal, a number or a sign at column 6, got ";"'),
        ("a > 5q", 'got "5q"'),
        ("__import__('os')", "expected a signal, a number or a sign"),
        ("a > " + "1" * LONGEST_CONDITION, "at most 500 characters"),
        ("(" * (DEEPEST + 1) + "a > 1", "at most 10 parentheses"),
    ],
)
def test_what_is_refused_says_where_and_what_was_expected(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=re.escape(said)) as caught:
        parse_condition(text)
    assert str(caught.value).startswith("expected")


signals = st.sampled_from(["error_rate", "cpu", "x", "rate", "burn", "avg"])
spans = st.integers(1, 10**6).map(lambda seconds: timedelta(seconds=seconds))
numbers = st.integers(-10_000, 10_000).map(lambda number: number / 100)
windows = st.builds(Term, signals, st.sampled_from([Function.AVG, Function.RATE]), spans)
terms = st.one_of(st.builds(Term, signals), windows)
signs = st.sampled_from([">", ">=", "<", "<="])
limits = st.one_of(st.builds(Limit, numbers), numbers.map(lambda n: Limit(n / 100, percent=True)))
normal = st.integers(1, 900).map(lambda n: Limit(n / 100, normal=True))
comparisons = st.one_of(
    st.builds(Comparison, terms, signs, limits, st.none() | terms),
    st.builds(Comparison, st.builds(Term, signals), signs, normal),
)
burns = st.builds(
    Burn,
    signals,
    st.none() | signals,
    st.integers(1, 99_999).map(lambda n: n / 100_000),
    st.lists(spans, min_size=1, max_size=3).map(tuple),
    st.integers(1, 5000).map(lambda n: n / 100),
)


def joined(parts: st.SearchStrategy[Condition]) -> st.SearchStrategy[Condition]:
    return st.builds(Joined, st.lists(parts, min_size=2, max_size=3).map(tuple), every=st.booleans())


@given(st.recursive(comparisons | burns, joined, max_leaves=6))
def test_what_a_condition_says_of_itself_is_read_as_the_same(condition: Condition) -> None:
    again = parse_condition(str(condition))
    assert str(again) == str(condition)
    assert signals_of(again) == signals_of(condition)
    assert [*windows_in(again)] == [*windows_in(condition)]


@given(
    st.text(max_size=40)
    | st.lists(
        st.sampled_from(["a", ">", "5", "%", "(", ")", "and", "or", "1h", "burn", "rate", ",", "/", "x", "normal"])
    ).map(" ".join)
)
def test_whatever_is_written_is_read_or_refused_in_a_sentence(text: str) -> None:
    with contextlib.suppress(ValueError):
        parse_condition(text)
        return
    with pytest.raises(ValueError, match=r"\Aexpected"):
        parse_condition(text)
