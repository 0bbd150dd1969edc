"""Which rules count: the last good ones, whatever becomes of their files, until they are really gone."""

from __future__ import annotations

from pathlib import Path

import pytest

from wedtui.poller.alert_rules import GONE_AFTER_S, CountingRules, Files
from wedtui.rule_files import FOLDER

OWN = '[[rules]]\nname = "own"\ncondition = "cpu > 90%"\nseverity = "critical"\n'
KEPT: Files = (("own.toml", OWN),)


class Beside:
    """A configuration with a folder of rules beside it, and who reads them."""

    def __init__(self, folder: Path, kept: Files = ()) -> None:
        self.folder, self.kept = folder / FOLDER, kept
        self.file = self.folder / "own.toml"
        self.rules = CountingRules(folder / "config.toml")

    def write(self, text: str = OWN) -> None:
        self.folder.mkdir(exist_ok=True)
        self.file.write_text(text)

    def counts(self, at: float = 0.0) -> bool:
        """Whether the own rule does at an instant."""
        kept = self.kept if self.rules.loaded is None else ()
        return any(rule.name == "own" for rule in self.rules.look(kept, at).book.rules)


@pytest.fixture
def beside(tmp_path: Path) -> Beside:
    found = Beside(tmp_path)
    found.write()
    assert found.counts()
    found.rules.news = None
    return found


@pytest.mark.parametrize("folder_too", [False, True])
def test_files_that_are_gone_for_a_moment_count_on(beside: Beside, folder_too: bool) -> None:
    beside.file.unlink()
    if folder_too:
        beside.folder.rmdir()
    assert beside.counts(1.0)
    assert "their files are gone" in (beside.rules.problem or "")
    assert beside.counts(GONE_AFTER_S)
    beside.write()
    assert beside.counts(GONE_AFTER_S + 1)
    assert beside.rules.problem is None
    # The minute begins anew.
    beside.file.unlink()
    assert beside.counts(2 * GONE_AFTER_S)
    assert beside.counts(3 * GONE_AFTER_S - 1)


def test_files_that_stay_away_count_no_more_and_are_not_kept(beside: Beside) -> None:
    beside.file.unlink()
    assert beside.counts(1.0)
    assert not beside.counts(1.0 + GONE_AFTER_S)
    assert beside.rules.problem is None
    assert beside.rules.news == []


def test_what_is_switched_off_counts_no_more_at_once(beside: Beside) -> None:
    beside.write('[[rules]]\nname = "own"\nenabled = false\n')
    assert not beside.counts()
    assert beside.rules.problem is None


def test_a_folder_that_cannot_be_listed_takes_nothing_away(beside: Beside, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(_folder: Path) -> list[str]:
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as patched:
        patched.setattr(Path, "iterdir", refused)
        for at in (1.0, 10 * GONE_AFTER_S):
            assert beside.counts(at)
            assert "Permission denied" in (beside.rules.problem or "")
    assert beside.counts()
    assert beside.rules.problem is None


def test_at_a_start_the_kept_ones_count_where_the_folder_is_away(tmp_path: Path) -> None:
    beside = Beside(tmp_path, KEPT)
    assert beside.counts(5.0)
    assert (beside.rules.news, bool(beside.rules.problem)) == (None, True)
    assert beside.counts(4.0 + GONE_AFTER_S)
    assert not beside.counts(5.0 + GONE_AFTER_S)
    assert (beside.rules.news, beside.rules.problem) == ([], None)


def test_where_there_never_were_any_nothing_is_wrong(tmp_path: Path) -> None:
    beside = Beside(tmp_path)
    assert not beside.counts()
    assert (beside.rules.news, beside.rules.problem) == (None, None)


def test_what_could_not_be_read_once_is_read_again(beside: Beside, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_args: object, **_named: object) -> str:
        raise OSError(5, "Input/output error")

    beside.write(OWN.replace('"own"', '"own"\nfor = "1h"'))
    with monkeypatch.context() as patched:
        patched.setattr(Path, "read_text", refused)
        assert beside.counts()
        assert "Input/output error" in (beside.rules.problem or "")
    assert beside.counts()
    assert beside.rules.problem is None
    assert beside.rules.loaded is not None
    (own,) = (rule for rule in beside.rules.loaded.book.rules if rule.name == "own")
    assert own.duration.total_seconds() == 3600
