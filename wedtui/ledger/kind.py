"""How the ledger describes itself to `store`."""

from __future__ import annotations

from wedtui.store.kind import Kind

LEDGER = Kind(
    name="ledger",
    package="wedtui.ledger",
    revisions=(
        "ledger_0001",
        "ledger_0002",
        "ledger_0003",
        "ledger_0004",
        "ledger_0005",
        "ledger_0006",
        "ledger_0007",
        "ledger_0008",
        "ledger_0009",
        "ledger_0010",
        "ledger_0011",
        "ledger_0012",
        "ledger_0013",
        "ledger_0014",
        "ledger_0015",
        "ledger_0016",
        "ledger_0017",
    ),
    file_mode=0o600,
    durable=True,
    if_missing="start the service with `wedtui service start`, which makes it",
    if_damaged="keep the file and put its newest backup in its place: it holds what cannot be learnt again",
)
