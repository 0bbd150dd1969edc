"""The freeze screen: the verdict, why, what cannot be read, and the same instants on several walls."""

from __future__ import annotations

from datetime import datetime

from wedtui.core.freeze import Period
from wedtui.core.freeze_words import with_persons
from wedtui.core.override import override_words
from wedtui.core.wording import duration, local_time
from wedtui.tui.board import Board
from wedtui.tui.draw.status import freeze_words
from wedtui.tui.rows import Row
from wedtui.tui.spans import Line, Role, rule, wrap


def freeze_rows(board: Board, width: int) -> tuple[Row, ...]:
    """Return the rows of the freeze screen."""
    picture = board.picture
    if picture is None:
        return (Row(((" … reading the cache", Role.MUTED),)),)
    verdict = picture.freeze
    role = Role.DEGRADED if verdict.frozen else Role.OK
    rows: list[Line] = [((f" {picture.environment}: {freeze_words(verdict, board.now)}", role),), ()]
    if verdict.lockdown is not None:
        rows += _lockdown(verdict.lockdown, verdict.zone, board.now, width)
    if verdict.since is not None:
        rows += _instant("frozen since", verdict.since, verdict.zone, board.now)
    if verdict.until is not None:
        rows += _instant("frozen until", verdict.until, verdict.zone, board.now)
    if verdict.next_start is not None:
        rows += _instant("next freeze", verdict.next_start, verdict.zone, board.now)
    if verdict.reasons:
        rows += [(), rule("reasons", width)]
        rows += [
            line
            for reason in with_persons(verdict.reasons, verdict.persons)
            for line in wrap(reason, width, indent="   ")
        ]
    if verdict.next_reasons:
        rows += [(), rule("reasons of the next freeze", width)]
        following = with_persons(verdict.next_reasons, verdict.persons)
        rows += [line for reason in following for line in wrap(reason, width, indent="   ")]
    if verdict.unreadable:
        rows += [(), rule("unreadable, therefore frozen", width)]
        rows += [line for text in verdict.unreadable for line in wrap(text, width, Role.DEGRADED, indent="   ")]
    if verdict.runs_out_besides:
        rows += [(), rule("runs out before that", width)]
        rows += [line for text in verdict.runs_out_besides for line in wrap(text, width, Role.DEGRADED, indent="   ")]
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


def _lockdown(lockdown: Period, zone: str | None, now: datetime, width: int) -> list[Line]:
    """Return since when it is locked down, by whom and why, and what ends that."""
    who = f"{lockdown.why or 'it is not known by whom'}"
    ends = f"; `wedtui freeze lift {lockdown.number}` ends it" if lockdown.number else ""
    rows = _instant("locked down", lockdown.start, zone, now)
    return [*rows, *wrap(f"{who}{ends}", width - 1, Role.STRONG, indent=" " * 17), ()]


def _instant(title: str, at: datetime, zone: str | None, now: datetime) -> list[Line]:
    """Return one instant in UTC and in the zone that decides it, with how far away it is."""
    away = f"{duration(at - now)} {'ahead' if at > now else 'ago'}"
    rows: list[Line] = [
        ((f"   {title:<14}", Role.MUTED), (local_time(at, "UTC", now), Role.TEXT), (f"   {away}", Role.MUTED))
    ]
    if zone and zone != "UTC":
        rows.append((("   " + " " * 14, Role.MUTED), (local_time(at, zone, now), Role.TEXT)))
    return rows
