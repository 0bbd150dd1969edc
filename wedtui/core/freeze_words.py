"""The reasons of a freeze in words, the same in every view."""

from __future__ import annotations

from collections.abc import Iterable

from wedtui.core.freeze import LOCKDOWN, Verdict


def with_persons(names: Iterable[str], persons: Iterable[tuple[str, str]]) -> list[str]:
    """Return reasons as every view says them: what persons froze with who and why, `summer sale (by sam: busy)`.

    A lockdown is told from whatever else freezes at a glance: `LOCKDOWN by sam: bad release`.
    """
    said: dict[str, list[str]] = {}
    for name, why in persons:
        said.setdefault(name, []).append(why)
    return [_with(name, "; ".join(said[name])) if name in said else name for name in names]


def _with(name: str, why: str) -> str:
    return f"{name.upper()} {why}" if name == LOCKDOWN else f"{name} ({why})"


def lockdown_words(verdict: Verdict) -> str:
    """Say that it is locked down, and by whom: `LOCKDOWN by sam`; empty while it is not."""
    if verdict.lockdown is None:
        return ""
    return f"{LOCKDOWN.upper()} {verdict.lockdown.by}".rstrip()


def endless_words(verdict: Verdict) -> str:
    """Say until when it is frozen where no end is known: of a lockdown that it is lifted, by a person."""
    return endless(lockdown=verdict.lockdown is not None)


def endless(*, lockdown: bool) -> str:
    """Say the same of what is known as plain data alone."""
    return "FROZEN until it is lifted" if lockdown else "FROZEN, no end known"
