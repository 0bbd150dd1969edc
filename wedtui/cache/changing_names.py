"""Names that who records changes and who reads them share, without the tables."""

from __future__ import annotations

RECORD = "record"
"""The mark that says since when changes are recorded."""
RELEASED = frozenset({"ecs.service"})
"""The kinds of resources whose coming, going and task definition are releases."""
