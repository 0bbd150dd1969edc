"""Nothing is silenced that nobody confirmed after it was said what that hides."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import typer

from wedtui.cli import silencing, typing_in
from wedtui.clock import SystemClock


class Wanted:
    """A silence that is asked for, whose preview is known; it counts how often it is stored."""

    def __init__(self) -> None:
        self.stored = 0

    def preview(self) -> Any:
        return SimpleNamespace(sentence="it would hide all")

    def notes(self) -> list[str]:
        return []

    def store(self) -> Any:
        self.stored += 1
        return object()


@pytest.mark.parametrize(("attended", "typed", "stored"), [(False, True, 0), (True, False, 0), (True, True, 1)])
def test_a_silence_is_stored_once_its_word_was_typed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], attended: bool, typed: bool, stored: int
) -> None:
    wanted = Wanted()
    monkeypatch.setattr(silencing, "session_of", lambda _context: SimpleNamespace(clock=SystemClock()))
    monkeypatch.setattr(silencing, "_Wanted", lambda *_given: wanted)
    monkeypatch.setattr(silencing, "_line", lambda _made: "silence 1")
    monkeypatch.setattr(silencing, "unserved", lambda *_asked: None)
    monkeypatch.setattr(typing_in, "attended", lambda: attended)
    monkeypatch.setattr(typing_in, "typed", lambda _word: typed)
    context: Any = None
    if stored:
        silencing.silence_command(context, "it is moved", "1h")
    else:
        with pytest.raises(typer.Exit) as ended:
            silencing.silence_command(context, "it is moved", "1h")
        assert ended.value.exit_code == silencing.NOT_CONFIRMED
    assert wanted.stored == stored
    assert capsys.readouterr().out.startswith("it would hide all")
