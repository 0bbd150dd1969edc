"""How the cache describes itself to `store`."""

from __future__ import annotations

from wedtui.store.kind import Kind

CACHE = Kind(
    name="cache",
    package="wedtui.cache",
    revisions=(
        "cache_0001",
        "cache_0002",
        "cache_0003",
        "cache_0004",
        "cache_0005",
        "cache_0006",
        "cache_0007",
        "cache_0008",
        "cache_0009",
        "cache_0010",
        "cache_0011",
        "cache_0012",
        "cache_0013",
        "cache_0014",
        "cache_0015",
        "cache_0016",
        "cache_0017",
        "cache_0018",
        "cache_0019",
        "cache_0020",
        "cache_0021",
        "cache_0023",
    ),
    # The service's group reads it: the second user of a machine watches without writing.
    file_mode=0o640,
    durable=False,
    if_missing="start the service with `wedtui service start`, which makes it",
    if_damaged=(
        "stop the service, move the file away and start it again: a new cache fills itself within a minute, "
        "but weddings that were imported by hand have to be imported again"
    ),
)
