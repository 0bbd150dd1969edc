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
PROTECTION_RAISE = shape(
    "protection_raise",
    "id level reason raised_by lowered_by lower_reason",
    instants="raised_at expires_at lowered_at",
)

FORGOTTEN_WEDDING = shape("forgotten_wedding", "digest alias forgotten_by", instants="forgotten_at missing_since")
WEDDING_KEY = shape("wedding_key", "id secret")
WEDDING_IMPORT = shape("wedding_import", "id source kind imported_by dropped_by", instants="imported_at dropped_at")

SHAPES = (FREEZE_PERIOD, CONFIGURATION_CHANGE, PROTECTION_RAISE, FORGOTTEN_WEDDING, WEDDING_KEY, WEDDING_IMPORT)
