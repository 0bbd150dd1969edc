"""What was done without the ledger is on record in it once and whole, whatever the clock says and whatever fails."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.ledger.base import NOW
from tests.places import PLACES
from wedtui.core import actions
from wedtui.core.actions import Action
from wedtui.core.chain import Link, verify
from wedtui.errors import NotFoundError, StoreError
from wedtui.ledger.audit_reader import AuditReader, link_of
from wedtui.ledger.journal import Journal
from wedtui.ledger.kind import LEDGER
from wedtui.ledger.standby import action_done_aside, first_number, next_number, put_away, take_in
from wedtui.store.opening import url_of, writable

PLACE = "here:/var/lib/wedtui"
OUTAGE = datetime(2026, 6, 3, 14, 2, 50, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@dataclass
class Host:
    """A state directory, the ledger of its service, and what is asked for while that cannot be reached."""

    folder: Path
    asked: int = field(default=0)

    @property
    def file(self) -> Path:
        return self.folder / "standby.db"

    @property
    def url(self) -> str:
        return PLACES.url(self.folder / "ledger.db")

    def refuses(self, count: int, first: int) -> list[int]:
        """Have so many requests refused on the emergency path; return their numbers there."""
        with closing(Journal(url_of(self.file), clock=lambda _connection: NOW, first=first)) as journal:
            return [self._refused(journal) for _ in range(count)]

    def _refused(self, journal: Journal) -> int:
        self.asked += 1
        reason = f"outage {self.asked}"
        number = journal.request(lambda at: Action("failover", "aws", "traffic", "ada", reason, at), reason).id
        journal.move(number, "refuse", lambda action, at: actions.refuse(action, "no room", at, ""))
        return number

    def takes_in(self) -> int:
        added = take_in(self.url, self.file, PLACE)
        put_away(self.url, self.file)
        return added

    @property
    def links(self) -> list[Link]:
        """Those of the chain of the ledger, which is whole."""
        with closing(AuditReader(self.url)) as reader:
            written = [*reader.written()]
        assert verify(written).bad is None
        return [link for link in map(link_of, written) if link is not None]

    @property
    def reasons(self) -> list[str]:
        """Of each request of the emergency path, as the chain has it."""
        return [str(link.body["link"]["body"]["said"]) for link in self._of("standby.action.request")]

    def _of(self, kind: str) -> Sequence[Link]:
        return [link for link in self.links if link.kind == kind]

    def reason(self, number: int) -> str:
        """Return that of the action that had a number on the emergency path."""
        return action_done_aside(self.url, PLACE, number).reason


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(tmp_path)


def test_two_outages_within_a_minute_are_both_on_record(host: Host) -> None:
    first = host.refuses(3, first_number(OUTAGE))
    assert take_in(host.url, host.file, PLACE) == 3
    host.file.rename(host.folder / "elsewhere")
    # The file begins with a number that another of the same place had: nothing in the directory tells of that.
    second = host.refuses(2, first_number(OUTAGE + MINUTE))
    assert second[0] == first[1]
    assert take_in(host.url, host.file, PLACE) == 2
    assert host.reasons == [f"outage {number}" for number in range(1, 6)]
    assert host.reason(first[0]) == "outage 1"
    assert host.reason(second[0]) == "outage 4", "the newest that had the number"


def test_no_number_is_given_twice(host: Host) -> None:
    first = host.refuses(3, next_number(host.file, OUTAGE))
    host.takes_in()
    later = host.refuses(1, next_number(host.file, OUTAGE + MINUTE))
    host.takes_in()
    # The clock was set back since.
    back = host.refuses(1, next_number(host.file, OUTAGE - 60 * MINUTE))
    assert [*first, *later, *back] == list(range(first[0], first[0] + 5))


def test_what_was_done_after_it_was_taken_in_is_taken_in_too(host: Host) -> None:
    host.refuses(1, first_number(OUTAGE))
    assert take_in(host.url, host.file, PLACE) == 1
    # It could not be put away, and the ledger was gone again before that was tried once more.
    host.refuses(1, first_number(OUTAGE))
    assert take_in(host.url, host.file, PLACE) == 1
    assert host.reasons == ["outage 1", "outage 2"]
    before = host.links
    assert take_in(host.url, host.file, PLACE) == 0
    assert host.links == before


def test_it_is_put_away_only_once_all_of_it_is_on_record(host: Host) -> None:
    host.refuses(1, first_number(OUTAGE))
    with pytest.raises(StoreError, match="not on record yet"):
        put_away(host.url, host.file)
    take_in(host.url, host.file, PLACE)
    host.refuses(1, first_number(OUTAGE))
    with pytest.raises(StoreError, match="not on record yet"):
        put_away(host.url, host.file)
    take_in(host.url, host.file, PLACE)
    kept = put_away(host.url, host.file)
    assert kept == host.folder / "standby.taken-in-1.db"
    assert not host.file.exists()


def test_a_link_that_somebody_changed_is_on_record_as_it_was_found(host: Host) -> None:
    host.refuses(1, first_number(OUTAGE))
    with closing(writable(url_of(host.file), LEDGER)) as store, store.writing() as connection:
        connection.exec_driver_sql("DROP TRIGGER IF EXISTS audit_link_update")
        connection.exec_driver_sql("UPDATE audit_link SET person = 'eve' WHERE kind = 'action.request'")
    assert host.takes_in() == 1
    [said] = [link for link in host.links if link.kind == "standby.taken-in"]
    assert "was changed" in said.body["chain"]
    [changed] = [link for link in host.links if link.kind == "standby.unreadable"]
    assert '"person":"eve"' in changed.body["link"]["content"]


def test_a_number_that_nobody_had_is_no_action(host: Host) -> None:
    [number] = host.refuses(1, first_number(OUTAGE))
    host.takes_in()
    with pytest.raises(NotFoundError):
        host.reason(number * 10)
    with pytest.raises(NotFoundError):
        host.reason(number // 10)


def test_one_with_which_nothing_was_done_leaves_nothing(host: Host) -> None:
    Journal(url_of(host.file), first=first_number(OUTAGE)).close()
    assert host.takes_in() == 0
    assert not [*host.folder.glob("standby*")]
    with closing(writable(host.url, LEDGER)):
        assert not host.links
