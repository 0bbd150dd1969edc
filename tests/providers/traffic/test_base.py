"""What all backends share."""

from __future__ import annotations

import pytest

from wedtui.providers.traffic.base import canonical, generation_of, generation_text


def test_the_same_records_are_the_same_text_in_whichever_order_they_come() -> None:
    one, other = {"Name": "a.", "TTL": 60}, {"TTL": 60, "Name": "b."}
    assert canonical([one, other]) == canonical([other, one]) == '[{"Name":"a.","TTL":60},{"Name":"b.","TTL":60}]'
    assert canonical([one]) != canonical([one, one])
    assert canonical([]) == "[]"


@pytest.mark.parametrize("mark", [None, "0123456789abcdef"])
@pytest.mark.parametrize("generation", [0, 7, 10**17])
def test_a_generation_is_read_as_it_was_written(generation: int, mark: str | None) -> None:
    text = generation_text(generation, mark)
    assert generation_of(text) == generation_of(text.strip('"')) == (generation, mark)


@pytest.mark.parametrize("text", ["", '""', "wedtui", '"wedtui generation="', '"wedtui generation=1"x', "generation=1"])
def test_what_is_no_generation(text: str) -> None:
    assert generation_of(text) is None
