"""The pane whose room is still empty: it says what will stand there, and that nothing is configured."""

from __future__ import annotations

from functools import lru_cache

from wedtui.tui.spans import Line, Role, rule, wrap


@lru_cache(maxsize=16)
def deployments_lines(width: int, height: int) -> tuple[Line, ...]:
    """Return the deployment queue's lines."""
    return _pane(
        "deployments",
        "No deployment source is configured.",
        "Releases that wait, run or verify will be listed here.",
        (width, height),
    )


def _pane(title: str, nothing: str, later: str, size: tuple[int, int]) -> tuple[Line, ...]:
    width, height = size
    body = [*wrap(nothing, width - 1, Role.TEXT, indent=" "), *wrap(later, width - 1, Role.MUTED, indent=" ")]
    return (rule(title, width), *body)[:height]
