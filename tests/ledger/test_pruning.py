"""Links over seven years old are removed by command alone: what is left proves itself, and says what is gone."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.ledger.test_audit import REFUSED, auditing, chain, links, signer, unlocked
from tests.places import PLACES
from wedtui.core.chain import PRUNE_KIND, Anchor, Entry, Fault, Verdict, verify, verify_cut
from wedtui.errors import AuditError, ConfigurationError, ConflictError
from wedtui.ledger import pruning
from wedtui.ledger.audit import AuditLedger
from wedtui.ledger.audit_reader import AuditReader
from wedtui.ledger.kind import LEDGER
from wedtui.ledger.pruning import prune

OLD = datetime(2010, 6, 3, 9, tzinfo=UTC)
DAY = timedelta(days=1)
NOW = OLD + 3000 * DAY
"""Over eight years later, and over seven before any clock that runs this."""
HOUR = timedelta(hours=1)


def entry(at: datetime) -> Entry:
    return Entry(at, "freeze.add", "ada", {"reason": "royal wedding"})


def grown(folder: Path, *, signed: bool = True) -> Path:
    """Make a chain of five old links and two young ones, of which the sixth is signed."""
    path = folder / "l.db"
    with auditing(path) as ledger:
        for number in range(5):
            ledger.record(entry(OLD + number * DAY))
        ledger.record(entry(NOW - DAY))
        if signed:
            ledger.anchor(signer(folder), NOW - DAY, HOUR, person="service")
        ledger.record(entry(NOW))
    return path


def verified(path: Path, outside: tuple[Anchor, ...] = (), now: datetime = NOW) -> Verdict:
    """Verify it as the command does."""
    with closing(AuditReader(PLACES.url(path))) as reader:
        anchors, cut = [*outside, *(anchor for _, anchor in reader.anchors())], reader.cut()
        return verify(reader.written(), anchors) if cut is None else verify_cut(reader.written(), anchors, cut, now)


def pruned(path: Path, years: int = 7) -> int:
    """Return how many links were removed."""
    link = prune(PLACES.url(path), years, person="grace", now=NOW)
    return 0 if link is None else int(link.body["removed"])


def test_what_is_old_is_removed_and_what_is_left_proves_itself(tmp_path: Path) -> None:
    path = grown(tmp_path)
    before = links(path)
    assert pruned(path) == 5
    after = links(path)
    said = after[-1]
    assert [link.number for link in after] == [*range(6, before[-1].number + 2)]
    assert (said.kind, said.person, said.body["first"], said.body["through"]) == (PRUNE_KIND, "grace", 1, 5)
    assert (said.body["hash"], after[0].previous) == (before[4].hash, before[4].hash)
    found = verified(path)
    assert (found.bad, found.links, found.head) == (None, len(after), said.head)
    assert pruned(path) == 0, "nothing more is so old"


def test_it_is_signed_on_and_pruned_again(tmp_path: Path) -> None:
    path = grown(tmp_path)
    pruned(path)
    newer = tmp_path / "newer"
    newer.mkdir()
    with auditing(path) as ledger:
        assert ledger.anchor(signer(newer), NOW, HOUR, person="service") is not None
        ledger.record(entry(NOW))
    later = prune(PLACES.url(path), 7, person="grace", now=NOW + 2600 * DAY)
    assert later is not None
    assert (later.body["first"], verified(path, now=NOW + 2600 * DAY).bad) == (6, None)


def test_what_is_young_or_signed_last_stays(tmp_path: Path) -> None:
    path = grown(tmp_path)
    assert prune(PLACES.url(path), 9, person="grace", now=NOW) is None
    with pytest.raises(ConfigurationError, match="at least 7 years"):
        prune(PLACES.url(path), 6, person="grace", now=NOW)
    assert len(chain(path)) >= 7
    late = prune(PLACES.url(path), 7, person="grace", now=NOW + 5000 * DAY)
    assert late is not None
    signed = max(anchor.number for _, anchor in anchors(path))
    assert late.body["through"] == signed - 1
    assert verified(path).bad is None


def anchors(path: Path) -> list[tuple[int, Anchor]]:
    with closing(AuditReader(PLACES.url(path))) as reader:
        return reader.anchors()


def test_a_link_behind_a_younger_one_stays(tmp_path: Path) -> None:
    path = tmp_path / "l.db"
    with auditing(path) as ledger:
        for at in (OLD, NOW, OLD, NOW):
            ledger.record(entry(at))
    assert pruned(path) == 1


@pytest.mark.parametrize(
    ("statement", "fault"),
    [
        ("UPDATE audit_link SET person = 'eve' WHERE number = 6", Fault.CHANGED),
        ("DELETE FROM audit_link WHERE number = 6", Fault.HEAD_CUT),
        ("DELETE FROM audit_link WHERE kind = 'audit.prune'", Fault.HEAD_CUT),
        ("UPDATE audit_link SET person = 'eve' WHERE kind = 'audit.prune'", Fault.HEAD_CUT),
        ("DELETE FROM audit_link WHERE number = 7", Fault.MISSING),
    ],
)
def test_tampering_after_it_is_found(tmp_path: Path, statement: str, fault: Fault) -> None:
    path = grown(tmp_path)
    pruned(path)
    unlocked(path, statement)
    bad = verified(path).bad
    assert bad is not None
    assert bad.fault is fault


def test_the_link_that_says_so_has_to_be_in_the_chain(tmp_path: Path) -> None:
    path = grown(tmp_path)
    pruned(path)
    with closing(AuditReader(PLACES.url(path))) as reader:
        cut = reader.cut()
        assert cut is not None
        assert verify_cut(reader.written(), (), cut, NOW).bad is None
        unlocked(path, "DELETE FROM audit_link WHERE kind = 'audit.prune'")
        bad = verify_cut(reader.written(), (), cut, NOW).bad
    assert bad is not None
    assert (bad.fault, bad.number) == (Fault.HEAD_CUT, 6)


def test_what_was_changed_is_not_removed_but_told(tmp_path: Path) -> None:
    path = grown(tmp_path)
    unlocked(path, "UPDATE audit_link SET person = 'eve' WHERE number = 3")
    count = len(chain(path))
    with pytest.raises(AuditError, match="nothing was removed: link 3 was changed"):
        pruned(path)
    assert len(chain(path)) == count


def test_an_anchor_tells_that_younger_links_were_removed_or_others(tmp_path: Path) -> None:
    path = grown(tmp_path)
    hashes = [link.hash for link in links(path)]
    pruned(path)
    young = Anchor(3, hashes[2], NOW - DAY, "0" * 16, "")
    found = verified(path, (young,)).bad
    assert found is not None
    assert (found.fault, found.number) == (Fault.HEAD_CUT, 4)
    other = verified(path, (Anchor(5, "f" * 64, OLD + 4 * DAY, "0" * 16, ""),)).bad
    assert other is not None
    assert other.fault is Fault.REWRITTEN
    assert verified(path, (Anchor(5, hashes[4], OLD + 4 * DAY, "0" * 16, ""),)).bad is None


@pytest.mark.parametrize("signed", [False, True])
def test_a_link_of_years_to_come_is_no_licence(tmp_path: Path, signed: bool) -> None:
    """Whoever may change the ledger removes young links, and has a link say so that pretends to be of much later."""
    path = grown(tmp_path, signed=False)
    written = links(path)
    young = Anchor(2, written[1].hash, NOW - 2 * DAY, "0" * 16, "")
    with auditing(path) as ledger:
        body = {"first": 1, "through": 6, "hash": written[5].hash}
        said = ledger.record(Entry(NOW + 9000 * DAY, PRUNE_KIND, "eve", body))
    unlocked(path, "DELETE FROM audit_link WHERE number <= 6")
    of_it = Anchor(said.number, said.hash, NOW - HOUR, "0" * 16, "")
    found = verified(path, (young, of_it) if signed else (young,)).bad
    assert found is not None
    assert (found.fault, found.number) == (Fault.HEAD_CUT, 3)


def test_it_is_believed_where_who_signed_it_had_a_clock_that_was_behind(tmp_path: Path) -> None:
    path = tmp_path / "l.db"
    with auditing(path) as ledger:
        for at in (NOW - 2562 * DAY - 36 * HOUR, NOW - 2562 * DAY - 30 * HOUR, NOW - 2562 * DAY - 12 * HOUR, NOW):
            ledger.record(entry(at))
        ledger.anchor(signer(tmp_path), NOW - HOUR, HOUR, person="service")
    written = links(path)
    assert pruned(path) == 2, "what is over seven years old by less than a day stays"
    said = links(path)[-1]
    first = Anchor(1, written[0].hash, written[0].at, "0" * 16, "")
    late = Anchor(said.number, said.hash, NOW - 20 * HOUR, "0" * 16, "")
    assert verified(path, (first, late)).bad is None


def test_each_link_that_is_removed_is_looked_up_by_an_index(tmp_path: Path) -> None:
    path = tmp_path / "l.db"
    with auditing(path) as ledger:
        ledger.record(entry(OLD))
    if PLACES.on_server:
        PLACES.execute(
            path,
            LEDGER,
            "INSERT INTO audit_link SELECT n, version, at, kind, person, action, body, n::text, hash "
            "FROM audit_link, generate_series(2, 3000) AS n",
        )
        asked = "SELECT 1 FROM audit_link WHERE kind = 'audit.prune' AND number > 5"
        plan = " ".join(row[0] for row in PLACES.execute(path, LEDGER, f"EXPLAIN {asked}"))
        assert "audit_link_prune" in plan
        return
    [(page,)] = PLACES.execute(path, LEDGER, "SELECT rootpage FROM sqlite_master WHERE name = 'audit_link_prune'")
    program = PLACES.execute(path, LEDGER, "EXPLAIN DELETE FROM audit_link WHERE number <= 5")
    # With the instructions of its triggers: (address, instruction, cursor, page, ...).
    assert ("OpenRead", page) in [(step[1], step[3]) for step in program]


def test_it_is_verified_beside_whoever_writes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, count = grown(tmp_path), []

    def verifying(*arguments: Any, **named: Any) -> Verdict:
        with closing(AuditLedger(PLACES.url(path), waits=timedelta())) as ledger:
            count.append(ledger.record(entry(NOW)).number)
        return verify(*arguments, **named)

    monkeypatch.setattr(pruning, "verify", verifying)
    assert pruned(path) == 5
    assert len(count) == 1
    assert verified(path).bad is None


def test_what_another_removed_meanwhile_is_not_removed_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = grown(tmp_path)

    def verifying(*arguments: Any, **named: Any) -> Verdict:
        monkeypatch.setattr(pruning, "verify", verify)
        assert pruned(path) == 5
        return verify(*arguments, **named)

    monkeypatch.setattr(pruning, "verify", verifying)
    with pytest.raises(ConflictError, match="nothing was removed"):
        pruned(path)
    assert [link.kind for link in links(path)].count(PRUNE_KIND) == 1


def test_the_database_removes_nothing_that_no_link_speaks_of(tmp_path: Path) -> None:
    path = grown(tmp_path)
    for statement in ("DELETE FROM audit_link WHERE number = 1", "DELETE FROM audit_link"):
        with pytest.raises(REFUSED, match="append-only"):
            PLACES.execute(path, LEDGER, statement)
    pruned(path)
    said = max(link.number for link in links(path))
    for number in (6, said):
        with pytest.raises(REFUSED, match="append-only"):
            PLACES.execute(path, LEDGER, f"DELETE FROM audit_link WHERE number = {number}")
    assert verified(path).bad is None


def test_the_database_removes_nothing_young_whatever_a_link_says(tmp_path: Path) -> None:
    path, young = tmp_path / "l.db", datetime.now(UTC) - 2000 * DAY
    with auditing(path) as ledger:
        ledger.record(entry(young))
        ledger.record(Entry(young + 5000 * DAY, PRUNE_KIND, "eve", {"through": 1}))
    with pytest.raises(REFUSED, match="append-only"):
        PLACES.execute(path, LEDGER, "DELETE FROM audit_link WHERE number = 1")
