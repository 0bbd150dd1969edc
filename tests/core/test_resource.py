"""How resources name each other: within a region, across regions, and for the whole account."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.examples import examples
from wedtui.core.resource import GLOBAL, elsewhere, places_named, references_to

HOME, AWAY = "eu-west-1", "us-east-1"
ARN = f"arn:aws:ecs:{AWAY}:123456789012:service/web/api"


@pytest.mark.parametrize(
    ("reference", "region", "places"),
    [
        ("db-1", HOME, ((HOME, "db-1"), (GLOBAL, "db-1"))),
        ("db-1", GLOBAL, ((GLOBAL, "db-1"),)),
        (elsewhere(AWAY, "db-1"), HOME, ((HOME, f"{AWAY}/db-1"), (GLOBAL, f"{AWAY}/db-1"), (AWAY, "db-1"))),
        (ARN, HOME, ((None, ARN),)),
        (ARN, GLOBAL, ((None, ARN),)),
    ],
)
def test_where_what_is_named_may_be(reference: str, region: str, places: tuple[tuple[str | None, str], ...]) -> None:
    assert places_named(reference, region) == places


regions = st.sampled_from([HOME, AWAY, GLOBAL])
identifiers = st.sampled_from(["db-1", "a/b", ARN])


@examples(200)
@given(
    region=regions,
    reference=st.one_of(identifiers, st.builds(elsewhere, regions, identifiers)),
    place=st.tuples(regions, identifiers),
)
def test_both_directions_agree(region: str, reference: str, place: tuple[str, str]) -> None:
    below = any(at in {None, place[0]} and identifier == place[1] for at, identifier in places_named(reference, region))
    above = any(name == reference and only_in in {None, region} for name, only_in in references_to(place[0], place[1]))
    assert below == above
