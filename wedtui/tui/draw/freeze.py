"""The freeze screen: the verdict, why, what cannot be read, and the same instants on several walls."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from wedtui.core.freeze import Period, Verdict
from wedtui.core.freeze_words import bounded, coming_words, holding_words, with_persons
from wedtui.core.override import override_words
from wedtui.core.wording import duration, local_time
from wedtui.tui.board import Board
from wedtui.tui.draw.status import freeze_words
from wedtui.tui.rows import Row
from wedtui.tui.spans import Line, Role, rule, wrap

COMING = 8
"""So many of what comes later in a stretch are listed."""


def freeze_rows(board: Board, width: int) -> tuple[Row, ...]:
    """Return the rows of the freeze screen."""
    picture = board.picture
    if picture is None:
        return (Row(((" … reading the cache", Role.MUTED),)),)
    verdict = picture.freeze
    role = Role.DEGRADED if verdict.frozen else Role.OK
    rows: list[Line] = [((f" {picture.environment}: {freeze_words(verdict, board.now)}", role),), ()]
    if verdict.lockdown is not None:
        rows += _lockdown(verdict.lockdown, verdict, board.now, width)
    if verdict.since is not None:
        rows += _instant("frozen since", verdict.since, verdict, board.now)
    if verdict.until is not None:
        rows += _instant("frozen until", verdict.until, verdict, board.now)
    if verdict.next_start is not None:
        rows += _instant("next freeze", verdict.next_start, verdict, board.now)
    rows += _reasons(verdict, board.now, width)
    if verdict.unreadable:
        rows += [(), rule("unreadable, therefore frozen", width)]
        rows += [line for text in verdict.unreadable for line in wrap(text, width, Role.DEGRADED, indent="   ")]
    if verdict.runs_out_besides:
        rows += [(), rule("runs out before that", width)]
        rows += [line for text in verdict.runs_out_besides for line in wrap(text, width, Role.DEGRADED, indent="   ")]
    if verdict.doubts:
        rows += [(), rule("in question or failed: the last good reading counts", width)]
        rows += [line for text in verdict.doubts for line in wrap(text, width, Role.DEGRADED, indent="   ")]
    if verdict.overrides:
        rows += [(), rule("overridden, each for one object", width)]
        for each in verdict.overrides:
            words = f"{override_words(each, board.now)} (override {each.id})"
            rows += wrap(words, width, Role.DEGRADED, indent="   ")
    level = picture.protection
    rows += [(), rule("protection", width), ((f"   {level.level}", Role.STRONG),)]
    rows += wrap(level.reason, width, Role.MUTED, indent="   ")
    rows += [(), rule("always allowed", width)]
    rescue = (
        "A freeze never stops a rescue: failover by a person, rollback within 24 h of a release, restart of an "
        "unhealthy target, scale-up, lockdown, acknowledgement."
    )
    rows += wrap(rescue, width, Role.MUTED, indent="   ")
    return tuple(Row(line) for line in rows)


def _reasons(verdict: Verdict, now: datetime, width: int) -> Iterator[Line]:
    """Yield what freezes now, each until when, and what goes on to freeze then; while it is open, what freezes next."""
    clock: Line = ((f"by the clock of {verdict.clock}", Role.MUTED),)
    # What begins later is named among the reasons, and during a lockdown it has no time: nobody knows what comes then.
    elsewhere = {*(reason.name for reason in (*verdict.holding, *verdict.coming)), *verdict.later}
    untimed = [name for name in verdict.reasons or verdict.next_reasons if name not in elsewhere]
    named = with_persons((name for name in untimed if name not in verdict.unreadable), verdict.persons)
    coming = bounded(coming_words(verdict, now), COMING)
    blocks = (
        ("freezes now", [*holding_words(verdict, now), *named] if verdict.frozen else []),
        (
            "freezes on after that" if verdict.frozen else "freezes next",
            coming if verdict.frozen else [*coming, *named],
        ),
    )
    for title, said in blocks:
        if said:
            yield ()
            yield rule(title, width, clock)
            yield from (line for words in said for line in wrap(words, width, indent="   "))


def _lockdown(lockdown: Period, verdict: Verdict, now: datetime, width: int) -> list[Line]:
    """Return since when it is locked down, by whom and why, and what ends that."""
    who = f"{lockdown.why or 'it is not known by whom'}"
    ends = f"; `wedtui freeze lift {lockdown.number} --reason WHY` ends it" if lockdown.number else ""
    rows = _instant("locked down", lockdown.start, verdict, now)
    return [*rows, *wrap(f"{who}{ends}", width - 1, Role.STRONG, indent=" " * 17), ()]


def _instant(title: str, at: datetime, verdict: Verdict, now: datetime) -> list[Line]:
    """Return one instant on the clock of the screen, with how far away it is; then in UTC, and where its end is set."""
    away = f"{duration(at - now)} {'ahead' if at > now else 'ago'}"
    rows: list[Line] = [
        ((f"   {title:<14}", Role.MUTED), (local_time(at, verdict.clock, now), Role.TEXT), (f"   {away}", Role.MUTED))
    ]
    own = {"UTC": None, verdict.zone: None} if at == verdict.until else {"UTC": None}
    others = [zone for zone in own if zone and zone != verdict.clock]
    if others:
        also = ", ".join(local_time(at, zone, now) for zone in others)
        rows.append((("   " + " " * 14, Role.MUTED), (also, Role.MUTED)))
    return rows
