"""kill -9 of a real service in the middle of actions, many times: what was accepted was made once, and all has an end.

`make soak` kills 1,000 times.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.actions.killing import Gate, Lane, lane
from tests.actions.site import Platform, Zone, stores
from tests.places import SYSTEMS
from tests.providers.traffic.between import running as standing_before
from tests.providers.traffic.pdns import PowerDns
from tests.soaking import kills, parts, tell

LANES = 3
"""A life begins in CPU time, and waits most of the rest: more of them fill the waits."""
PARTS = parts(kills(36) // len(SYSTEMS), 63)


@contextmanager
def lanes(folder: Path, pdns: PowerDns, part: int) -> Iterator[list[Lane]]:
    """Have some services at once, each with state, records and dice of its own."""
    with ExitStack() as stack:
        platform = Platform()
        stack.callback(platform.close)
        made = []
        for number in range(LANES * part, LANES * (part + 1)):
            place = folder / str(number)
            place.mkdir()
            gate = Gate(pdns.url)
            stack.enter_context(standing_before(pdns.url, gate))
            made.append(lane(place, platform, gate, Zone(pdns), more=stores(place / "stores"), seed=number))
            stack.callback(made[-1].station.end)
        yield made


@pytest.mark.parametrize("part", range(len(PARTS)))
def test_what_was_accepted_is_made_once(
    tmp_path: Path, pdns: PowerDns, part: int, system: str, capsys: pytest.CaptureFixture[str]
) -> None:
    count = len(PARTS[part])

    def killed(each: Lane) -> None:
        while each.kills < math.ceil(count / LANES):
            each.once()
            tell(capsys, f"{system}, part {part}: {sum(other.kills for other in all_of_them)} kills")
        each.whole()

    with lanes(tmp_path, pdns, part) as all_of_them:
        with ThreadPoolExecutor(LANES) as threads:
            list(threads.map(killed, all_of_them))
        told = sum((each.told for each in all_of_them), Counter())
    assert told["verified"] >= count // 4, told
    deaths = sum(each.kills for each in all_of_them)
    tell(capsys, f"{system}, part {part} is done: {deaths} kills; actions ended so: {dict(told)}")
