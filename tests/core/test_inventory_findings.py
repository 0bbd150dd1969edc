"""What is wrong with resources and with asking a provider's API: each fault once, with its age, never too good."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wedtui.cli.inventory_words import asking_json
from wedtui.core import resource_state as meaning
from wedtui.core.finding import Finding, Severity
from wedtui.core.inventory import ApiFacts, Example, Expiring, InventoryFacts, ResourceGroup, Unbacked
from wedtui.core.inventory_findings import credentials_text, inventory_findings, never_read, troubles, unreached
from wedtui.core.resource import Reach
from wedtui.core.state import State
from wedtui.core.wording import age

NOW = datetime(2026, 6, 20, 12, tzinfo=UTC)
SECOND, MINUTE, HOUR, DAY = (timedelta(**{unit: 1}) for unit in ("seconds", "minutes", "hours", "days"))
ASKED = NOW - 4 * SECOND
API = ApiFacts("aws", "eu-west-1", "ec2", MINUTE, ASKED, ASKED, Reach.ANSWERED)
GROUP = ResourceGroup("aws", "ec2.instance", "eu-west-1", MINUTE, ASKED, ((State.OK, 12),))
EXPIRING = Expiring("aws", "acm.certificate", "eu-west-1", "rsvp.example.com", NOW + 30 * DAY, ASKED)
UNBACKED = Unbacked("aws", "rds.instance", "eu-west-1", 1, "orders", NOW - 30 * HOUR, ASKED)

CRITICAL, UNKNOWN, WARNING, NOTE = Severity


def found(
    *apis: ApiFacts,
    groups: tuple[ResourceGroup, ...] = (),
    expiring: tuple[Expiring, ...] = (),
    unbacked: tuple[Unbacked, ...] = (),
    now: datetime = NOW,
) -> list[Finding]:
    return inventory_findings(InventoryFacts(apis, groups, expiring, unbacked), now)


def failed(reach: Reach, **more: object) -> ApiFacts:
    return replace(API, reach=reach, **more)  # type: ignore[arg-type]


def test_where_all_is_well_nothing_is_found() -> None:
    assert not found(API, groups=(GROUP,), expiring=(EXPIRING,), unbacked=(replace(UNBACKED, oldest_at=NOW),))


@pytest.mark.parametrize(
    ("api", "severity", "text"),
    [
        (
            failed(Reach.DENIED, problem="it may not"),
            WARNING,
            "denied: ec2 in eu-west-1; last answered in full 2026-06-20 11:59 UTC: it may not",
        ),
        (
            failed(Reach.UNREACHABLE, answered_at=None, problem="timed out"),
            CRITICAL,
            "unreachable: ec2 in eu-west-1; never answered in full: timed out",
        ),
        (
            failed(Reach.PARTIAL),
            WARNING,
            "answered in part: ec2 in eu-west-1; last answered in full 2026-06-20 11:59 UTC",
        ),
        (failed(Reach.THROTTLED), WARNING, "throttled: ec2 in eu-west-1; last answered in full 2026-06-20 11:59 UTC"),
        (
            failed(Reach.GARBLED),
            WARNING,
            "not understood: ec2 in eu-west-1; last answered in full 2026-06-20 11:59 UTC",
        ),
        (
            failed(Reach.HELD, answered_at=NOW - 9 * MINUTE),
            WARNING,
            "not asked, held back by the circuit breaker: ec2 in eu-west-1; last answered in full 2026-06-20 11:51 UTC",
        ),
        (
            failed(Reach.EXPIRED),
            CRITICAL,
            "credentials expired: ec2 in eu-west-1; last answered in full 2026-06-20 11:59 UTC",
        ),
        (
            failed(Reach.REJECTED),
            CRITICAL,
            "credentials refused: ec2 in eu-west-1; last answered in full 2026-06-20 11:59 UTC",
        ),
        (
            failed(Reach.NO_CREDENTIALS, answered_at=None, problem="there are none"),
            CRITICAL,
            "no credentials: ec2 in eu-west-1; never answered in full: there are none",
        ),
        (failed(Reach.SWITCHED_OFF), NOTE, "switched off by the account, not an outage: eu-west-1"),
        (failed(Reach.NOT_ON_PLAN, service="health"), NOTE, "not on this plan, not an outage: health"),
        (
            failed(Reach.NOT_ENABLED, service="resource-cost", problem="enable it"),
            NOTE,
            "not enabled in the account, not an outage: resource-cost: enable it",
        ),
        (
            replace(API, asked_at=NOW - 2 * MINUTE - SECOND),
            WARNING,
            "its API was not asked lately, what is known of it is stale: ec2 in eu-west-1",
        ),
        (
            failed(Reach.SWITCHED_OFF, asked_at=NOW + HOUR),
            WARNING,
            "its API was not asked lately, what is known of it is stale: ec2 in eu-west-1",
        ),
        (
            replace(API, credentials_expire_at=NOW + 9 * MINUTE),
            WARNING,
            "its credentials expire 2026-06-20 12:09 UTC and were not renewed: sign in again",
        ),
        (
            replace(API, credentials_expire_at=NOW - MINUTE),
            CRITICAL,
            "its credentials expired 2026-06-20 11:59 UTC: sign in again",
        ),
    ],
)
def test_an_asking_that_went_wrong_is_said_once(api: ApiFacts, severity: Severity, text: str) -> None:
    assert found(api) == [Finding(severity, "aws", text, api.asked_at)]


@pytest.mark.parametrize("reach", [Reach.UNREACHABLE, Reach.HELD, Reach.DENIED, Reach.THROTTLED, Reach.GARBLED])
def test_an_account_of_which_nothing_ever_answered_is_as_grave_as_one_without_credentials(reach: Reach) -> None:
    silent = failed(reach, answered_at=None)
    other = replace(silent, service="rds")
    assert [f.severity for f in found(silent, other)] == [CRITICAL]
    assert [f.severity for f in found(silent, replace(API, service="rds"))] == [WARNING]
    assert [f.severity for f in found(silent, failed(Reach.PARTIAL, service="rds", answered_at=None))] == [WARNING] * 2
    assert [f.severity for f in found(silent, replace(other, answered_at=NOW - HOUR))] == [WARNING]


def test_what_was_held_back_was_not_asked() -> None:
    held = failed(Reach.HELD, answered_at=None, problem="not asked before 12:01:00 UTC")
    (said,) = never_read(InventoryFacts((held,)), None, NOW)
    assert said == f"nothing was ever read of aws: held back, as of {age(held.asked_at, NOW)} ago: {held.problem}"


def test_an_asking_within_two_intervals_is_believed() -> None:
    assert not found(replace(API, asked_at=NOW - 2 * MINUTE))


def test_credentials_that_will_be_renewed_are_not_spoken_of() -> None:
    assert not found(replace(API, credentials_expire_at=NOW + 11 * MINUTE))
    gone = replace(API, reach=Reach.EXPIRED, credentials_expire_at=NOW - MINUTE)
    assert [f.text for f in found(gone)] == [
        "credentials expired: ec2 in eu-west-1; last answered in full 2026-06-20 11:59 UTC"
    ]


def test_credentials_are_those_of_the_newest_asking() -> None:
    """They renew themselves: what was asked before that knows of an end that is past."""
    before = replace(API, service="ebs", asked_at=ASKED - MINUTE, credentials_expire_at=NOW - SECOND)
    after = replace(API, credentials_expire_at=NOW + HOUR)
    assert not found(before, after)
    assert credentials_text([before, after], NOW) == "credentials expire 2026-06-20 13:00 UTC, in 1 h 00 m"
    assert credentials_text([before], NOW) == "credentials expired 2026-06-20 11:59 UTC, 1 s ago"
    assert credentials_text([before, API], NOW) is None, "those of now have no end"
    refused = failed(Reach.UNREACHABLE)
    assert credentials_text([before, refused], NOW) == "credentials expired 2026-06-20 11:59 UTC, 1 s ago"


def test_the_end_of_credentials_that_are_gone_is_not_that_of_none() -> None:
    before = replace(API, service="ebs", asked_at=ASKED - MINUTE, credentials_expire_at=NOW - SECOND)
    none = failed(Reach.REJECTED)
    assert [f.text for f in found(before, none) if "expired" in f.text] == []
    assert credentials_text([before, none], NOW) is None


@pytest.mark.parametrize(("days", "severity"), [(12, UNKNOWN), (5, CRITICAL)])
def test_what_was_not_critical_when_it_was_seen_is_unknown_and_counts_as_much(days: int, severity: Severity) -> None:
    """A certificate that had `days` left when it was seen has expired since, unless it was renewed."""
    seen = NOW - 20 * DAY
    certificate = replace(EXPIRING, expires_at=seen + days * DAY, seen_at=seen)
    group = replace(GROUP, kind="acm.certificate", listed_at=seen)
    facts = InventoryFacts(groups=(group,), expiring=(certificate,))
    (finding,) = (f for f in inventory_findings(facts, NOW) if "rsvp.example.com" in f.text)
    assert (finding.severity, finding.text.split(":")[0]) == (severity, "last known")
    counted = troubles(facts, inventory_findings(facts, NOW), NOW)
    assert counted is not None
    assert (counted.critical, counted.critical_at) == (1, seen)
    facts = InventoryFacts(groups=(replace(group, listed_at=NOW),), expiring=(certificate,))
    (finding,) = (f for f in inventory_findings(facts, NOW) if "rsvp.example.com" in f.text)
    assert finding.severity is Severity.CRITICAL


def test_troubles_with_asking_alone_say_whose_since_no_list_of_resources_shows_them() -> None:
    def asking(*apis: ApiFacts, groups: tuple[ResourceGroup, ...] = ()) -> str | None:
        facts = InventoryFacts(apis, groups)
        counted = troubles(facts, inventory_findings(facts, NOW), NOW)
        assert counted is not None
        return counted.asking

    sick, ill = (replace(GROUP, counts=((state, 1),)) for state in (State.CRITICAL, State.DEGRADED))
    none = failed(Reach.NO_CREDENTIALS)
    assert asking(API) is None
    assert (asking(none), asking(none, groups=(ill,)), asking(none, groups=(sick,))) == ("aws", "aws", None)
    denied = failed(Reach.DENIED)
    assert (asking(denied), asking(denied, groups=(ill,))) == ("aws", None)


def test_what_is_asked_rarely_for_money_does_not_make_the_rest_look_old() -> None:
    costs = replace(API, service="cost", interval=12 * HOUR, asked_at=NOW - 11 * HOUR)
    counted = troubles(InventoryFacts((API, costs, replace(costs, service="resource-cost"))), [], NOW)
    assert counted is not None
    assert counted.asked_at == ASKED


def test_one_fault_in_many_places_is_one_finding() -> None:
    regions = [f"region-{n}" for n in range(9)]
    denied = [failed(Reach.DENIED, region=r, service=s) for r in regions for s in ("ec2", "rds")]
    (one,) = found(*denied)
    assert one.text == (
        "denied: ec2, rds in region-0, ec2, rds in region-1, ec2, rds in region-2 and 6 more; "
        "last answered in full 2026-06-20 11:59 UTC"
    )
    (off,) = found(*(failed(Reach.SWITCHED_OFF, region=r) for r in regions))
    assert off.text == "switched off by the account, not an outage: region-0, region-1, region-2 and 6 more"
    (plan,) = found(*(failed(Reach.NOT_ON_PLAN, region=r, service="health") for r in regions))
    assert plan.text == "not on this plan, not an outage: health"


@pytest.mark.parametrize(
    ("counts", "examples", "severity", "text"),
    [
        (
            ((State.CRITICAL, 3), (State.OK, 9)),
            (Example(State.CRITICAL, "web-1", "status checks"), Example(State.CRITICAL, "web-2")),
            CRITICAL,
            "3 of 12 ec2.instance in eu-west-1 are CRITICAL: web-1 (status checks), web-2 and 1 more",
        ),
        (
            ((State.DEGRADED, 1), (State.OK, 1)),
            (Example(State.DEGRADED, "web-1"),),
            WARNING,
            "1 of 2 ec2.instance in eu-west-1 is DEGRADED: web-1",
        ),
        (
            ((State.CRITICAL, 1), (State.UNKNOWN, 2), (State.DEGRADED, 4)),
            (Example(State.CRITICAL, "a"), Example(State.UNKNOWN, "b")),
            CRITICAL,
            "1 of 7 ec2.instance in eu-west-1 is CRITICAL (and 2 UNKNOWN, 4 DEGRADED): a",
        ),
        (((State.UNKNOWN, 5),), (), WARNING, "5 of 5 ec2.instance in eu-west-1 are UNKNOWN"),
    ],
)
def test_the_unhealthy_are_summed_up_by_kind_and_region(
    counts: tuple[tuple[State, int], ...], examples: tuple[Example, ...], severity: Severity, text: str
) -> None:
    group = replace(GROUP, counts=counts, examples=examples)
    assert found(groups=(group,)) == [Finding(severity, "aws", text, ASKED)]


def test_resources_that_were_not_listed_lately_are_unknown_and_the_unhealthy_stay_so() -> None:
    old = NOW - HOUR
    sick = replace(GROUP, counts=((State.CRITICAL, 1),), listed_at=old, region="eu-west-2")
    assert found(groups=(replace(GROUP, listed_at=old), sick)) == [
        Finding(CRITICAL, "aws", "last known: 1 of 1 ec2.instance in eu-west-2 is CRITICAL", old),
        Finding(
            WARNING,
            "aws",
            "13 resources are UNKNOWN, not listed completely of late: "
            "ec2.instance in eu-west-1, ec2.instance in eu-west-2",
            old,
        ),
    ]
    (never,) = found(groups=(replace(GROUP, listed_at=None),))
    assert never.text == "12 resources are UNKNOWN, never listed completely: ec2.instance in eu-west-1"


def test_what_lies_in_a_region_that_is_off_is_no_outage() -> None:
    findings = found(failed(Reach.SWITCHED_OFF), groups=(replace(GROUP, listed_at=NOW - HOUR),))
    assert [f.severity for f in findings] == [NOTE]


def test_nothing_in_a_region_that_is_off_is_unhealthy_expires_or_lacks_a_backup() -> None:
    group = replace(GROUP, listed_at=NOW - HOUR, counts=((State.CRITICAL, 3),))
    off = failed(Reach.SWITCHED_OFF)
    ending = replace(EXPIRING, expires_at=NOW + DAY)
    findings = found(off, groups=(group,), expiring=(ending,), unbacked=(UNBACKED,))
    assert [(f.severity, f.text) for f in findings] == [(NOTE, "switched off by the account, not an outage: eu-west-1")]
    elsewhere = replace(group, region="eu-west-2")
    assert [f.severity for f in found(off, groups=(elsewhere,))] == [NOTE, CRITICAL, WARNING]


def test_a_region_that_was_off_when_it_was_last_asked_is_not_asked_for_nothing() -> None:
    """Where no regions are configured, a service that starts anew does not ask there: the account's list has it off."""
    off = failed(Reach.SWITCHED_OFF, region="me-south-1", asked_at=NOW - DAY)
    assert [(f.severity, f.text) for f in found(API, off)] == [
        (NOTE, "switched off by the account, not an outage: me-south-1")
    ]
    (stale,) = found(replace(API, asked_at=NOW - HOUR), off)
    assert stale.text == (
        "its API was not asked lately, what is known of it is stale: ec2 in eu-west-1, ec2 in me-south-1"
    )


@pytest.mark.parametrize(
    ("answered", "is_off"),
    [(ASKED, False), (ASKED - 59 * SECOND, False), (ASKED - 61 * SECOND, True), (ASKED + SECOND, False)],
)
def test_a_region_in_which_others_answer_is_not_off(answered: datetime, is_off: bool) -> None:
    """A service that has to be signed up for says the same as a region that is switched off."""
    off = failed(Reach.SWITCHED_OFF, service="shield")
    sick = replace(GROUP, counts=((State.CRITICAL, 1),))
    findings = found(off, replace(API, asked_at=answered), groups=(sick,))
    assert any(f.severity is CRITICAL for f in findings) is not is_off


@pytest.mark.parametrize(
    ("left", "severity", "words"),
    [
        (21 * DAY, WARNING, "expires in 21 d (2026-07-11 12:00 UTC)"),
        (7 * DAY + SECOND, WARNING, "expires in 7 d (2026-06-27 12:00 UTC)"),
        (7 * DAY, CRITICAL, "expires in 7 d (2026-06-27 12:00 UTC)"),
        (-SECOND, CRITICAL, "has expired (2026-06-20 11:59 UTC)"),
    ],
)
def test_certificates_that_expire(left: timedelta, severity: Severity, words: str) -> None:
    text = f"acm.certificate rsvp.example.com in eu-west-1 {words}"
    assert found(expiring=(replace(EXPIRING, expires_at=NOW + left),)) == [Finding(severity, "aws", text, ASKED)]


@given(seconds=st.integers(-90 * 86400, 90 * 86400))
def test_findings_and_states_judge_an_end_alike(seconds: int) -> None:
    end = NOW + seconds * SECOND
    state = meaning.certificate("ISSUED", end, NOW, in_use=True).state
    severity = {State.OK: [], State.DEGRADED: [WARNING], State.CRITICAL: [CRITICAL]}[state]
    assert [f.severity for f in found(expiring=(replace(EXPIRING, expires_at=end),))] == severity


@pytest.mark.parametrize(
    ("count", "hours", "text"),
    [
        (1, 30, "rds.instance orders in eu-west-1 last backed up 1 d 6 h ago, longer than 1 d 2 h"),
        (1, None, "rds.instance orders in eu-west-1 has no backup"),
        (
            3,
            30,
            "3 rds.instance in eu-west-1 have no backup of the last 1 d 2 h: the oldest of 1 d 6 h, such as orders",
        ),
        (3, None, "3 rds.instance in eu-west-1 have no backup of the last 1 d 2 h: one without any, such as orders"),
        (1, 26, None),
    ],
)
def test_backups_that_are_too_old(count: int, hours: int | None, text: str | None) -> None:
    oldest = None if hours is None else NOW - hours * HOUR
    expected = [] if text is None else [Finding(WARNING, "aws", text, ASKED)]
    assert found(unbacked=(replace(UNBACKED, count=count, oldest_at=oldest),)) == expected


_RANK = {NOTE: 0, WARNING: 1, UNKNOWN: 2, CRITICAL: 2}


@given(
    reaches=st.lists(st.sampled_from(Reach), max_size=8),
    counts=st.dictionaries(st.sampled_from(State), st.integers(1, 5000)),
    first=st.integers(-7200, 7200),
    later=st.integers(0, 7200),
)
def test_time_alone_never_makes_it_look_better(
    reaches: list[Reach], counts: dict[State, int], first: int, later: int
) -> None:
    """Nothing is learnt between two instants: what was wrong with the resources is no less wrong at the second."""
    apis = tuple(failed(reach, region=f"r{n}") for n, reach in enumerate(reaches))
    groups = (replace(GROUP, counts=tuple(counts.items())),)

    def worst(seconds: int) -> int:
        findings = found(*apis, groups=groups, now=ASKED + seconds * SECOND)
        return max((_RANK[f.severity] for f in findings if "ec2.instance" in f.text), default=-1)

    start = max(first, 0)
    assert worst(start + later) >= worst(start)


@given(left=st.integers(-30, 60), first=st.integers(0, 60), later=st.integers(0, 60), lost=st.booleans())
def test_a_signal_that_is_lost_never_makes_a_certificate_look_better(
    left: int, first: int, later: int, lost: bool
) -> None:
    """It is listed until the first of two days, and no more until the second: no less of it is wrong then."""

    def worst(day: int, listed: int) -> int:
        at = NOW + listed * DAY
        group = replace(GROUP, kind="acm.certificate", listed_at=at)
        certificate = replace(EXPIRING, expires_at=NOW + left * DAY, seen_at=at)
        findings = found(groups=(group,), expiring=(certificate,), now=NOW + day * DAY)
        return max((_RANK[f.severity] for f in findings if certificate.name in f.text), default=-1)

    second = first + later
    assert worst(second, first if lost else second) >= worst(first, first)
    assert worst(second, first) >= worst(second, second), "what is not looked at is no better than what is"


@given(reaches=st.lists(st.tuples(st.sampled_from(Reach), st.integers(0, 200)), max_size=60))
def test_findings_are_few_and_each_has_an_age(reaches: list[tuple[Reach, int]]) -> None:
    apis = [failed(reach, region=f"r{n}", asked_at=NOW - age * SECOND) for n, (reach, age) in enumerate(reaches)]
    findings = found(*apis)
    assert len(findings) <= len(Reach) + 1
    assert all(f.measured_at is not None and len(f.text) < 300 for f in findings)
    wrong = [a for a in apis if a.reach is not Reach.ANSWERED or NOW - a.asked_at > 2 * MINUTE]
    assert bool(findings) == bool(wrong)


def test_an_answer_that_never_came_is_not_fresh() -> None:
    never = failed(Reach.UNREACHABLE, answered_at=None)
    assert asking_json(never, NOW)["freshness"] == "missing"
    assert asking_json(API, NOW)["freshness"] == "fresh"
    assert asking_json(failed(Reach.SWITCHED_OFF, answered_at=None), NOW)["freshness"] == "fresh"


@pytest.mark.parametrize(
    ("reaches", "said"),
    [
        ((Reach.ANSWERED, Reach.DENIED), None),
        ((Reach.PARTIAL, Reach.EXPIRED), None),
        ((Reach.DENIED, Reach.HELD), "its account does not answer: denied"),
        ((Reach.UNREACHABLE, Reach.NO_CREDENTIALS), "its account does not answer: no credentials"),
        ((Reach.HELD,), "its account does not answer: held back"),
        ((), None),
    ],
)
def test_why_nothing_is_heard_of_an_account(reaches: tuple[Reach, ...], said: str | None) -> None:
    apis = tuple(replace(API, service=f"s{n}", reach=reach) for n, reach in enumerate(reaches))
    assert unreached(InventoryFacts(apis), "aws", NOW) == said
    assert unreached(InventoryFacts(apis), "gcp", NOW) is None
    old = unreached(InventoryFacts(apis), "aws", NOW + 10 * API.interval)
    assert (old or "").startswith("its account was not asked lately, last ") is bool(reaches)
