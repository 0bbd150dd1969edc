"""Tokens in the ledger: hashed, ending, one of a name, rotated and revoked once, and all of it on the audit chain."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.places import PLACES
from wedtui.core.tokens import LASTS_AT_MOST, OVERLAP_AT_MOST, Scope, digest_of_secret, token_of
from wedtui.errors import ConfigurationError, ConflictError, NotFoundError
from wedtui.ledger import tokens
from wedtui.ledger.audit_reader import AuditReader, link_of
from wedtui.ledger.ledger import Ledger
from wedtui.ledger.token_reader import TokenReader
from wedtui.ledger.tokens import TokenWanted

pytestmark = pytest.mark.usefixtures("places")

NOW = datetime(2026, 6, 3, 9, tzinfo=UTC)
DAY, SECOND = timedelta(days=1), timedelta(seconds=1)


def wanted(number: int = 1, name: str = "ci", lasts: timedelta = DAY) -> TokenWanted:
    return TokenWanted(name, digest_of_secret(f"{number}"), [Scope.SUBMIT], lasts, ["rsvp"], ["production"])


@pytest.fixture
def url(tmp_path: Path) -> str:
    return PLACES.url(tmp_path / "ledger.db")


@pytest.fixture
def ledger(url: str) -> Iterator[Ledger]:
    with closing(Ledger(url)) as made:
        yield made


def whose(url: str, secret: str, now: datetime) -> int | None:
    with closing(TokenReader(url)) as reader:
        found = token_of(reader.tokens(), digest_of_secret(secret), now)
    return None if found is None else found.id


def test_it_counts_from_its_making_to_its_end(ledger: Ledger, url: str) -> None:
    made = ledger.make_token(wanted(), by="kay", at=NOW)
    assert (made.scopes, made.services, made.environments) == ((Scope.SUBMIT,), ("rsvp",), ("production",))
    instants = (NOW - SECOND, NOW, NOW + DAY - SECOND, NOW + DAY)
    assert [whose(url, "1", each) for each in instants] == [None, 1, 1, None]
    assert whose(url, "2", NOW) is None


@pytest.mark.parametrize("lasts", [timedelta(), -DAY, LASTS_AT_MOST + SECOND])
def test_each_has_an_end(ledger: Ledger, lasts: timedelta) -> None:
    with pytest.raises(ConfigurationError, match="at most 366d"):
        ledger.make_token(wanted(lasts=lasts), by="kay", at=NOW)


def test_there_is_one_of_a_name_and_of_a_secret_at_a_time(ledger: Ledger) -> None:
    ledger.make_token(wanted(), by="kay", at=NOW)
    with pytest.raises(ConflictError, match='"ci" counts already'):
        ledger.make_token(wanted(2), by="kay", at=NOW)
    with pytest.raises(ConflictError, match="that secret is a token's already"):
        ledger.make_token(wanted(1, "other"), by="kay", at=NOW)
    assert ledger.make_token(wanted(3), by="kay", at=NOW + DAY).id == 2, "the first is over"


def test_there_are_so_many_and_no_more(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens, "HELD_AT_MOST", 2)
    for number in (1, 2):
        ledger.make_token(wanted(number, f"ci-{number}"), by="kay", at=NOW)
    with pytest.raises(ConflictError, match="2 tokens count already"):
        ledger.make_token(wanted(3, "ci-3"), by="kay", at=NOW)


def test_the_secret_before_counts_for_the_overlap_and_the_one_before_that_no_more(ledger: Ledger, url: str) -> None:
    ledger.make_token(wanted(1), by="kay", at=NOW)
    hour = timedelta(hours=1)
    ledger.rotate_token(1, digest_of_secret("2"), overlap=hour, lasts=None, by="mo", at=NOW)
    assert [whose(url, "1", each) for each in (NOW, NOW + hour - SECOND, NOW + hour)] == [1, 1, None]
    third = ledger.rotate_token(1, digest_of_secret("3"), overlap=hour, lasts=3 * DAY, by="mo", at=NOW)
    assert [whose(url, each, NOW) for each in "123"] == [None, 1, 1]
    assert third.expires_at == NOW + 3 * DAY
    ledger.rotate_token(1, digest_of_secret("4"), overlap=timedelta(), lasts=None, by="mo", at=NOW)
    assert [whose(url, each, NOW) for each in "1234"] == [None, None, None, 1]
    with pytest.raises(ConfigurationError, match="at most 7d"):
        ledger.rotate_token(1, digest_of_secret("5"), overlap=OVERLAP_AT_MOST + SECOND, lasts=None, by="mo", at=NOW)


def test_an_overlap_never_outlives_the_end_that_was(ledger: Ledger, url: str) -> None:
    ledger.make_token(wanted(1), by="kay", at=NOW)
    at = NOW + DAY - SECOND
    ledger.rotate_token(1, digest_of_secret("2"), overlap=DAY, lasts=DAY, by="mo", at=at)
    assert [whose(url, each, NOW + DAY) for each in "12"] == [None, 1]


def test_what_is_revoked_counts_no_more_with_either_secret(ledger: Ledger, url: str) -> None:
    ledger.make_token(wanted(1), by="kay", at=NOW)
    ledger.rotate_token(1, digest_of_secret("2"), overlap=DAY, lasts=None, by="mo", at=NOW)
    ledger.revoke_token(1, by="mo", at=NOW, reason="lost")
    assert [whose(url, each, NOW) for each in "12"] == [None, None]
    with pytest.raises(ConflictError, match="was revoked by mo"):
        ledger.revoke_token(1, by="mo", at=NOW, reason="again")
    with pytest.raises(ConflictError, match="was revoked by mo"):
        ledger.rotate_token(1, digest_of_secret("3"), overlap=DAY, lasts=None, by="mo", at=NOW)
    with pytest.raises(NotFoundError, match="there is no token 2"):
        ledger.revoke_token(2, by="mo", at=NOW, reason="lost")


def test_all_of_it_is_on_the_chain_and_no_digest_is(ledger: Ledger, url: str) -> None:
    ledger.make_token(wanted(1), by="kay", at=NOW)
    ledger.rotate_token(1, digest_of_secret("2"), overlap=DAY, lasts=None, by="mo", at=NOW)
    ledger.token_used(1, NOW)
    ledger.revoke_token(1, by="jo", at=NOW, reason="lost")
    with closing(AuditReader(url)) as reader:
        links = [link for link in map(link_of, reader.written()) if link is not None]
    assert [(each.kind, each.person) for each in links] == [
        ("token.create", "kay"),
        ("token.rotate", "mo"),
        ("token.revoke", "jo"),
    ]
    assert not [each for each in "12" if digest_of_secret(each) in str(links)]


def test_a_last_use_never_goes_back(ledger: Ledger, url: str) -> None:
    ledger.make_token(wanted(), by="kay", at=NOW)
    for at in (NOW + SECOND, NOW):
        ledger.token_used(1, at)
    with closing(TokenReader(url)) as reader:
        assert reader.tokens()[0].last_used_at == NOW + SECOND
