"""What a confirmation is bound to: each value of a plan as it is kept, changed alone."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from tests.core.emergency import NOW, SHARES, come_back, facts, leave, provider
from wedtui.core.failover import plan, plan_json
from wedtui.core.failover_facts import Request
from wedtui.core.plan_essence import what_decides
from wedtui.core.state import State

FIGURES = frozenset({"at", "expires_at", "peak", "sentence", "measured_at", "capacity"})
"""What is another one a minute later, and decides nothing by itself."""
JUDGED = frozenset({("rooms", name) for name in ("before", "after", "cap", "spare")})
"""What counts only where it is judged otherwise; the shares are those of the places, told by provider."""
Path = tuple[str | int, ...]


def leaves(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Yield each value of plain data, with where it stands."""
    if isinstance(value, Mapping | list) and value:
        for key, each in value.items() if isinstance(value, Mapping) else enumerate(value):
            yield from leaves(each, (*path, key))
    else:
        yield path, value


def other(value: Any) -> Any:
    """Return another value than this one."""
    if isinstance(value, bool) or value is None:
        return not value
    return value + 1 if isinstance(value, int | float) else f"{value}x" if isinstance(value, str) else ["x"]


def with_another(said: Mapping[str, Any], path: Path) -> dict[str, Any]:
    """Return a plan of which one value is another one."""
    changed: Any = copy.deepcopy(said)
    where = changed
    for key in path[:-1]:
        where = where[key]
    where[path[-1]] = other(where[path[-1]])
    return dict(changed)


PLANS = {
    "failover": (leave(), {}),
    "overload": (leave(accepts_overload=True), {"azure": 45, "gcp": 30, "digitalocean": 20}),
    "vouched": (leave(vouched=frozenset({"gcp"})), {}),
    "failback": (come_back({**SHARES, "aws": 50, "azure": 35}), {}),
}


@pytest.mark.parametrize(("request_", "caps"), PLANS.values(), ids=PLANS)
def test_all_of_a_plan_decides_but_what_merely_grows_older(request_: Request, caps: dict[str, int | None]) -> None:
    said = plan_json(plan(request_, facts(provider("digitalocean", None, State.UNKNOWN), caps=caps), NOW))
    decides = what_decides(said)
    seen = set()
    for path, _value in leaves(said):
        ((name, *_), last) = (path, path[-1])
        if (name, last) in JUDGED:
            continue
        assert (what_decides(with_another(said, path)) == decides) is (last in FIGURES), path
        seen |= {name}
    assert seen == set(said), "each of its parts was tried"
