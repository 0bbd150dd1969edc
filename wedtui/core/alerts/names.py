"""What alerts that other systems judge are called here: `central/HighErrors` is `HighErrors` of `central`."""

from __future__ import annotations

WATCHES = "sources"
"""What stands before the name of a source in that of the rule that watches over it; no source may have that name."""

PAGES = "wedtui"
"""What stands before the name of what the service has somebody called for by itself; likewise."""

PAGED = ("action", "automation", "weddings")
"""What these are about: a page is called by what its key begins with."""


def rule_of(source: str, name: str) -> str:
    """Return by which name alerts of a source are known here: `central/HighErrors`."""
    return f"{source}/{name}"


def source_of(rule: str) -> str:
    """Return the source of an alert by its name; empty where a rule of ours finds it."""
    source, _, name = rule.partition("/")
    return source if name and source != WATCHES else ""


def own_name(rule: str) -> str:
    """Return what an alert is called where it is judged, `HighErrors` of `central/HighErrors`; ours as it is."""
    return rule.partition("/")[2] if source_of(rule) not in {"", PAGES} else rule
