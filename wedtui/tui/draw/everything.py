"""All that the dashboard draws with, so that it can be imported at once and late."""

from wedtui.tui.draw.findings import worst_lines
from wedtui.tui.draw.later import deployments_lines
from wedtui.tui.draw.metrics import charted_first, metrics_lines, signals_of
from wedtui.tui.draw.on_call import on_call_line
from wedtui.tui.draw.providers import matching, provider_header, provider_row, resources_note, shares_note
from wedtui.tui.draw.status import status_lines

__all__ = [
    "charted_first",
    "deployments_lines",
    "matching",
    "metrics_lines",
    "on_call_line",
    "provider_header",
    "provider_row",
    "resources_note",
    "shares_note",
    "signals_of",
    "status_lines",
    "worst_lines",
]
