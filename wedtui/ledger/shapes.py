"""The ledger's tables as its statements see them; `tables` is what they are."""

from __future__ import annotations

from wedtui.store.shape import shape

FREEZE_PERIOD = shape(
    "freeze_period",
    "id name reason added_by lifted_by lift_reason",
    instants="start end added_at lifted_at",
    documents="environments services",
)
CONFIGURATION_CHANGE = shape("configuration_change", "id digest seen_by", instants="at", documents="changes")

SHAPES = (FREEZE_PERIOD, CONFIGURATION_CHANGE)
