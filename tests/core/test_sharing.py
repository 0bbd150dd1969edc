"""Who asks what: never two, soon somebody, and only what has to moves."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wedtui.core.sharing import (
    HOUSE,
    LEASE,
    Division,
    Lease,
    Member,
    Takeover,
    divide,
    may_begin,
    owner,
    slow_beat,
    takeovers,
    vantage_lease,
)

NOW = datetime(2026, 6, 20, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
TARGETS = (HOUSE, *(f"aws here {service}" for service in ("ec2", "rds", "ecs", "elb", "s3", "acm", "ce")))


@dataclass
class Database:
    """Leases as the cache keeps them, in memory, with a clock that is moved."""

    at: datetime = NOW
    members: dict[str, Member] = field(default_factory=dict)
    leases: dict[str, Lease] = field(default_factory=dict)
    fence: int = 0
    busy: set[str] = field(default_factory=set)

    def begin(self, me: Member, *, same_place: bool = False) -> bool:
        name = vantage_lease(me.vantage)
        lease = self.leases.get(name)
        if not may_begin(lease, self.at, same_place=same_place):
            return False
        if lease is not None and lease.holder is not None:
            self._let_go({n for n, held in self.leases.items() if held.holder == lease.holder})
        self.members[me.vantage] = me
        self._take(me, {name})
        return True

    def beat(self, me: Member, targets: tuple[str, ...] = TARGETS) -> Division | None:
        found = divide(me, self.members.values(), self.leases, {t: t in self.busy for t in targets}, self.at)
        if found is None:
            return None
        self._let_go({n for n, held in self.leases.items() if held.holder in found.taken_away} | found.give_back)
        ran_out = self.leases[vantage_lease(me.vantage)].until < self.at
        for name in found.renew:
            held = self.leases[name]
            self.leases[name] = replace(held, until=self.at + LEASE, since=self.at if ran_out else held.since)
        self._take(me, set(found.take))
        return found

    def held(self, me: Member) -> set[str]:
        return {n for n, lease in self.leases.items() if lease.holder == me.instance and n in TARGETS}

    def _take(self, me: Member, names: set[str]) -> None:
        for name in sorted(names):
            self.fence += 1
            self.leases[name] = Lease(name, self.fence, self.at + LEASE, self.at, me.instance)

    def _let_go(self, names: set[str]) -> None:
        for name in names:
            self.leases[name] = replace(self.leases[name], holder=None)


LONDON, OREGON, TOKYO = (Member(name, f"{name}-1", "d") for name in ("london", "oregon", "tokyo"))


def settled(*members: Member) -> Database:
    """Begin services and let them beat until nothing moves."""
    database = Database()
    for member in members:
        assert database.begin(member)
    for _ in range(12):
        database.at += SECOND
        for member in members:
            database.beat(member)
    return database


def test_a_heartbeat_that_endangers_leases_is_said() -> None:
    assert slow_beat(LEASE / 2) is None
    said = slow_beat(timedelta(seconds=6))
    assert said is not None
    assert "took 6 s to be stored, and what it holds is held for 8 s" in said


def test_what_is_held_by_nobody_who_is_known_is_taken() -> None:
    database = settled(LONDON)
    database.leases[HOUSE] = replace(database.leases[HOUSE], holder="forgotten")
    found = database.beat(LONDON)
    assert found is not None
    assert found.take == {HOUSE}


def test_one_service_asks_everything() -> None:
    assert settled(LONDON).held(LONDON) == set(TARGETS)


def test_two_divide_everything_and_each_has_some() -> None:
    database = settled(LONDON, OREGON)
    assert database.held(LONDON) | database.held(OREGON) == set(TARGETS)
    assert database.held(LONDON)
    assert database.held(OREGON)


def test_one_more_moves_only_what_it_gains() -> None:
    before, after = settled(LONDON, OREGON), settled(LONDON, OREGON, TOKYO)
    assert after.held(LONDON) <= before.held(LONDON)
    assert after.held(OREGON) <= before.held(OREGON)


def test_what_a_newcomer_gains_is_given_back_before_it_is_taken() -> None:
    database = settled(LONDON)
    database.begin(OREGON)
    wanted = {t for t in TARGETS if owner(t, ("london", "oregon")) == "oregon"}
    first = database.beat(OREGON)
    assert first is not None
    assert not first.take
    given = database.beat(LONDON)
    assert given is not None
    assert given.give_back == wanted
    second = database.beat(OREGON)
    assert second is not None
    assert second.take == wanted


def test_what_is_being_asked_is_given_back_once_it_is_answered() -> None:
    database = settled(LONDON)
    wanted = {t for t in TARGETS if owner(t, ("london", "oregon")) == "oregon"}
    database.begin(OREGON)
    database.busy = {min(wanted)}
    given = database.beat(LONDON)
    assert given is not None
    assert given.give_back == wanted - database.busy
    database.busy = set()
    given = database.beat(LONDON)
    assert given is not None
    assert given.give_back == {min(wanted)}


@pytest.mark.parametrize("dies_at", [0.0, 0.4, 0.9])
def test_a_death_is_taken_over_within_ten_seconds(dies_at: float) -> None:
    database = settled(LONDON, OREGON)
    database.at += timedelta(seconds=dies_at)
    began = database.at
    while database.held(OREGON) != set(TARGETS):
        database.at += SECOND
        database.beat(OREGON)
        assert database.at - began <= timedelta(seconds=10)


def test_one_that_stood_still_holds_nothing_and_its_numbers_are_old() -> None:
    database = settled(LONDON, OREGON)
    old = {n: lease.fence for n, lease in database.leases.items() if lease.holder == LONDON.instance}
    for _ in range(10):
        database.at += SECOND
        database.beat(OREGON)
    assert database.beat(LONDON) is None
    assert database.begin(LONDON)
    database.at += SECOND
    for member in (OREGON, LONDON) * 3:
        database.beat(member)
    for name, fence in old.items():
        assert database.leases[name].fence > fence


def test_after_an_outage_of_the_database_nobody_is_taken_for_dead() -> None:
    database = settled(LONDON, OREGON)
    before = database.held(LONDON), database.held(OREGON)
    database.at += timedelta(minutes=1)
    for _ in range(5):
        for member in (OREGON, LONDON):
            assert database.beat(member) is not None
        database.at += SECOND
    assert (database.held(LONDON), database.held(OREGON)) == before


def test_one_that_did_not_come_back_from_an_outage_is_taken_over_a_lease_later() -> None:
    database = settled(LONDON, OREGON)
    database.at += timedelta(minutes=1)
    came_back = database.at
    while database.held(OREGON) != set(TARGETS):
        database.beat(OREGON)
        database.at += SECOND
        assert database.at - came_back <= LEASE + 3 * SECOND
    assert database.at - came_back > LEASE


def test_a_restart_in_the_same_place_takes_over_at_once() -> None:
    database = settled(LONDON, OREGON)
    before = database.held(LONDON)
    again = Member("london", "london-2", "d")
    assert not database.begin(again)
    assert database.begin(again, same_place=True)
    assert database.beat(again) is not None
    assert database.held(again) == before
    assert database.beat(LONDON) is None


def test_a_clean_end_leaves_nothing_to_wait_for() -> None:
    database = settled(LONDON, OREGON)
    database._let_go({n for n, held in database.leases.items() if held.holder == LONDON.instance})
    database.beat(OREGON)
    assert database.held(OREGON) == set(TARGETS)


def test_who_watches_something_else_does_not_share_but_never_asks_twice() -> None:
    other = replace(OREGON, digest="another")
    database = settled(LONDON, other)
    # But for keeping house, which is for who began last, by name where that is not known.
    assert database.held(LONDON) == set(TARGETS) - {HOUSE}
    assert database.held(other) == {HOUSE}


def test_who_began_last_says_what_there_is_to_be_watched() -> None:
    """A rolling restart: what only the newest configuration names has to have room from the first round on."""
    london, oregon = (replace(m, started_at=NOW) for m in (LONDON, OREGON))
    for old, new in ((london, oregon), (oregon, london)):
        database = settled(old)
        newer = replace(new, digest="newer", started_at=NOW + timedelta(hours=1))
        database.begin(newer)
        given, taken = database.beat(old), database.beat(newer)
        assert given is not None
        assert taken is not None
        # The rest stays with who asks it: the newer may know less.
        assert given.give_back == taken.take == {HOUSE}
        # The last one is restarted with it as well: now they divide all of it.
        again = replace(old, instance="again", digest="newer", started_at=NOW + timedelta(hours=2))
        database.begin(again, same_place=True)
        for _ in range(12):
            database.at += SECOND
            for member in (newer, again):
                database.beat(member)
        assert database.held(newer) | database.held(again) == set(TARGETS)
        assert database.held(newer)
        assert database.held(again)


def test_what_is_no_longer_configured_is_given_back() -> None:
    database = settled(LONDON)
    found = database.beat(LONDON, TARGETS[:3])
    assert found is not None
    assert found.give_back == set(TARGETS[3:])


@given(
    events=st.lists(
        st.tuples(st.integers(0, 2), st.sampled_from(["beat", "restart", "move"]), st.floats(0.1, 20.0)), max_size=60
    )
)
def test_never_two_and_every_taking_has_a_higher_number(events: list[tuple[int, str, float]]) -> None:
    """Whatever stands still, starts again or beats in whatever order: a lease has one holder, of the newest number."""
    database = Database()
    services = [LONDON, OREGON, TOKYO]
    taken: dict[str, int] = {}
    for count, (which, event, seconds) in enumerate(events):
        me = services[which]
        if event == "move":
            database.at += timedelta(seconds=seconds)
        elif event == "restart":
            services[which] = replace(me, instance=f"{me.vantage}-{count + 2}")
            assert database.begin(services[which], same_place=True)
        elif database.members.get(me.vantage) != me or database.beat(me) is None:
            database.begin(me, same_place=True)
        alive = {m.instance for m in database.members.values()}
        for name, lease in database.leases.items():
            assert lease.fence >= taken.get(name, 0)
            taken[name] = lease.fence
            assert lease.holder is None or lease.holder in alive
    for _ in range(30):
        database.at += SECOND
        for me in services:
            if database.members.get(me.vantage) != me or database.beat(me) is None:
                database.begin(me, same_place=True)
    held = [database.held(me) for me in services]
    assert set().union(*held) == set(TARGETS)
    assert sum(map(len, held)) == len(TARGETS)


def test_a_takeover_names_the_dead_what_was_taken_and_how_long_nobody_asked_it() -> None:
    database = Database()
    london, oregon = (Member(v, v, "d") for v in ("london", "oregon"))
    for each in (london, oregon):
        database.begin(each)
    for _ in range(12):
        database.at += SECOND
        database.beat(london)
        database.beat(oregon)
    last, held = database.at, database.held(oregon) - {HOUSE}
    assert held
    told: list[Takeover] = []
    for _ in range(15):
        database.at += SECOND
        before = dict(database.leases)
        division = database.beat(london)
        assert division is not None
        told += takeovers(database.members.values(), before, division, database.at)
    assert told == [Takeover("oregon", last, last + LEASE + SECOND, len(held))]
    assert told[0].words() == (
        f"oregon died, last heard 2026-06-20 12:00:12 UTC; it took over {len(held)} targets of it at "
        "2026-06-20 12:00:21 UTC, unasked for 9 s"
    )


def test_one_that_was_stopped_is_taken_over_from_without_a_takeover() -> None:
    database = Database()
    london, oregon = (Member(v, v, "d") for v in ("london", "oregon"))
    for each in (london, oregon):
        database.begin(each)
    for _ in range(12):
        database.at += SECOND
        database.beat(london)
        database.beat(oregon)
    database._let_go({n for n, lease in database.leases.items() if lease.holder == "oregon"})
    database.at += SECOND
    before = dict(database.leases)
    division = database.beat(london)
    assert division is not None
    assert division.take
    assert not takeovers(database.members.values(), before, division, database.at)
