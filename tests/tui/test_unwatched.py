"""Providers that nobody watches any more: known to be so, no state of theirs is said as if it were one of now."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.pictures import NOW, SECOND, WELL, picture
from wedtui.core.services import ServiceCondition
from wedtui.core.state import State
from wedtui.tui.board import Board
from wedtui.tui.draw.detail import detail_rows
from wedtui.tui.draw.providers import provider_row
from wedtui.tui.draw.sentences import provider_subject
from wedtui.tui.plain.answers import provider as spoken
from wedtui.tui.plain.describe import counts
from wedtui.tui.spans import Role, plain

GONE = [ServiceCondition.DEAD, ServiceCondition.STOPPED, ServiceCondition.STUCK]


def watched_by(condition: ServiceCondition) -> Board:
    """Return a world in which every provider was well a second ago."""
    return Board(NOW + SECOND, picture=replace(picture(WELL), condition=condition))


@pytest.mark.parametrize("condition", GONE)
@pytest.mark.parametrize("width", [80, 120, 160])
def test_no_state_is_green_once_the_service_is_known_to_be_gone(condition: ServiceCondition, width: int) -> None:
    board = watched_by(condition)
    assert board.picture is not None
    for provider in board.picture.providers:
        assert provider.health.state is State.OK, "by its age it could still be believed"
        row = provider_row(board, provider, width).line
        assert Role.OK not in {role for _, role in row}
        assert f"? UNKNOWN   {provider.name}" in plain(row)
        assert f"({provider.score_words}"[:5] in plain(row)
        page = [span for each in detail_rows(board, provider.name, width) for span in each.line]
        assert Role.OK not in {role for _, role in page[:3]}
        assert f"{provider.name} UNKNOWN" in provider_subject(board, provider).text
        assert spoken(board, provider)[0].startswith(f"{provider.name} is UNKNOWN: ")
        assert "nobody watches it now; it was OK" in " ".join(spoken(board, provider))
    assert "OK" not in counts(board, board.picture.providers)


def test_while_it_runs_they_are_as_they_were_judged() -> None:
    board = watched_by(ServiceCondition.RUNNING)
    assert board.picture is not None
    assert all("● OK" in plain(provider_row(board, each, 120).line) for each in board.picture.providers)
