"""A row of a list: a line, and the identity of the object that it shows."""

from __future__ import annotations

from typing import NamedTuple

from wedtui.tui.spans import Line


class Row(NamedTuple):
    """One row; without a key it is a heading or a remark, which the cursor passes over."""

    line: Line
    key: str | None = None
