"""Places and shares."""

from __future__ import annotations

import pytest

from tests.core.emergency import SHARES, places
from wedtui.core.traffic import Place, by_provider, lost_places, parse_place, unfit

EU, US = Place("aws", "eu-west-1"), Place("aws", "us-east-1")


@pytest.mark.parametrize(("place", "text"), [(Place("aws"), "aws"), (EU, "aws/eu-west-1")])
def test_a_place_is_written_and_read_back(place: Place, text: str) -> None:
    assert (str(place), parse_place(text)) == (text, place)


@pytest.mark.parametrize(
    ("place", "other", "covers"),
    [(Place("aws"), EU, True), (EU, EU, True), (EU, US, False), (EU, Place("aws"), False), (Place("gcp"), EU, False)],
)
def test_a_provider_covers_its_regions(place: Place, other: Place, covers: bool) -> None:
    assert place.covers(other) is covers


def test_what_is_lost_and_what_each_provider_has() -> None:
    shares = {EU: 40, US: 20, Place("gcp"): 40}
    assert lost_places(shares, [Place("aws")]) == {EU, US}
    assert lost_places(shares, [US, Place("else")]) == {US}
    assert by_provider(shares) == {"aws": 60, "gcp": 40}


@pytest.mark.parametrize(
    ("shares", "why"),
    [
        (SHARES, None),
        ({"aws": 100}, None),
        ({}, "the shares sum to 0 and not to 100"),
        ({"aws": 0, "gcp": 0}, "the shares sum to 0 and not to 100"),
        ({"aws": 60, "gcp": 41}, "the shares sum to 101 and not to 100"),
        ({"aws": 120, "gcp": -20}, "not within 0..100: aws, gcp"),
    ],
)
def test_shares_that_may_be_live(shares: dict[str, int], why: str | None) -> None:
    assert unfit(places(shares)) == why
