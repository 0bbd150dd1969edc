"""Probes asked from several places: judged by quorum, disagreement is said, and what is lost improves nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wedtui.cli.render import service_sentence
from wedtui.core.evidence import Freshness, ProbeEvidence, ProbeRound, ProviderEvidence, righted
from wedtui.core.failover_facts import newest_round
from wedtui.core.freeze import Verdict
from wedtui.core.health import failed_rounds, judge
from wedtui.core.picture import CacheFacts, Picture, ProbeDetails, Severity, assemble
from wedtui.core.protection import ProtectionVerdict
from wedtui.core.season import Protection
from wedtui.core.services import ServiceCondition, ServiceFacts, differences, leading, see_services, share_words
from wedtui.core.state import State, badness
from wedtui.core.vantages import vantage_words
from wedtui.core.wording import listed

NOW = datetime(2026, 6, 20, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
EVERY = 3 * SECOND


def seen(vantage: str, pattern: str, *, name: str = "rsvp", age: float = 1, latency: float = 100) -> ProbeEvidence:
    """Make what a vantage saw, newest first: `.` passed, `x` failed."""
    rounds = tuple(
        ProbeRound(
            NOW - age * SECOND - i * EVERY,
            sign == ".",
            None if sign == "." else "status 503",
            latency if sign == "." else None,
        )
        for i, sign in enumerate(pattern)
    )
    return ProbeEvidence(name, EVERY, rounds, vantage)


def doubted(probe: ProbeEvidence) -> ProbeEvidence:
    """Make what a vantage saw that of one whose clock is wrong."""
    return replace(probe, rounds=(), doubted=probe.rounds)


def provider(*probes: ProbeEvidence) -> ProviderEvidence:
    return ProviderEvidence("aws", "probed", 60, probes=probes)


PASS, FAIL = "." * 100, "xxx" + "." * 97


@pytest.mark.parametrize(
    ("probes", "failed", "state"),
    [
        ((seen("london", PASS), seen("oregon", PASS)), 0, State.OK),
        # One of two is no quorum, but a failed round all the same.
        ((seen("london", FAIL), seen("oregon", PASS)), 0, State.DEGRADED),
        ((seen("london", FAIL), seen("oregon", FAIL)), 3, State.CRITICAL),
        ((seen("london", FAIL), seen("oregon", "x" + PASS)), 1, State.DEGRADED),
        ((seen("london", FAIL), seen("oregon", FAIL), seen("tokyo", PASS)), 3, State.CRITICAL),
        ((seen("london", FAIL), seen("oregon", PASS), seen("tokyo", PASS)), 0, State.DEGRADED),
        # Who is lost does not vouch for anything …
        ((seen("london", FAIL), seen("oregon", PASS, age=30)), 3, State.CRITICAL),
        ((seen("london", PASS), seen("oregon", PASS, age=30)), 0, State.OK),
        # … and what was failing there does not pass by being lost.
        ((seen("london", FAIL, age=30), seen("oregon", PASS)), 0, State.DEGRADED),
        ((seen("london", FAIL, age=30), seen("oregon", FAIL), seen("tokyo", PASS)), 3, State.CRITICAL),
        # Too long ago to mean anything.
        ((seen("london", FAIL, age=301), seen("oregon", PASS)), 0, State.OK),
        # Nobody is fresh.
        ((seen("london", PASS, age=30), seen("oregon", PASS, age=40)), 0, State.UNKNOWN),
        ((seen("london", ""), seen("oregon", "")), 0, State.UNKNOWN),
        ((seen("london", ""), seen("oregon", PASS)), 0, State.OK),
        # Two probes: a quorum of probes, each by a quorum of vantages.
        (
            (
                seen("london", FAIL),
                seen("oregon", FAIL),
                seen("london", PASS, name="gallery"),
                seen("oregon", PASS, name="gallery"),
            ),
            0,
            State.DEGRADED,
        ),
        (
            (
                seen("london", FAIL),
                seen("oregon", FAIL),
                seen("london", FAIL, name="gallery"),
                seen("oregon", FAIL, name="gallery"),
            ),
            3,
            State.CRITICAL,
        ),
    ],
)
def test_by_quorum_of_vantages(probes: tuple[ProbeEvidence, ...], failed: int, state: State) -> None:
    found = judge(provider(*probes), NOW)
    assert failed_rounds(probes, NOW) == failed == found.failed_rounds
    if state is State.OK:
        # Probes alone weigh 0.75: enough for OK.
        assert found.ceilings == ()
    assert found.state is state, found.ceilings


@pytest.mark.parametrize(
    ("probes", "failed", "state"),
    [
        # What fails there goes on counting …
        ((doubted(seen("london", FAIL)), seen("oregon", PASS)), 0, State.DEGRADED),
        ((seen("london", FAIL), doubted(seen("oregon", FAIL)), seen("tokyo", PASS)), 3, State.CRITICAL),
        ((doubted(seen("london", FAIL)), doubted(seen("oregon", FAIL)), seen("tokyo", PASS)), 3, State.CRITICAL),
        # … and what passes vouches for nothing.
        ((seen("london", FAIL), doubted(seen("oregon", PASS))), 3, State.CRITICAL),
        ((doubted(seen("london", PASS)), seen("oregon", PASS)), 0, State.OK),
        ((doubted(seen("london", PASS)), doubted(seen("oregon", PASS)), seen("tokyo", PASS)), 0, State.DEGRADED),
        ((doubted(seen("london", FAIL, age=301)), seen("oregon", PASS)), 0, State.OK),
        # Nobody else sees anything.
        ((doubted(seen("london", PASS)),), 0, State.UNKNOWN),
        ((doubted(seen("london", FAIL)), doubted(seen("oregon", FAIL))), 3, State.UNKNOWN),
    ],
)
def test_a_vantage_whose_clock_is_wrong_is_a_lost_one(
    probes: tuple[ProbeEvidence, ...], failed: int, state: State
) -> None:
    found = judge(provider(*probes), NOW)
    assert failed_rounds(probes, NOW) == failed == found.failed_rounds
    assert found.state is state, found.ceilings
    # Nothing may be done by itself because of what it says.
    assert newest_round([p for p in probes if p.doubted], NOW) == (None, None)


@pytest.mark.parametrize("ahead", [-3600, -40, 40, 200, 864_000])
@pytest.mark.parametrize("since", [0, 3, 100, 10_000])
def test_rounds_are_righted_from_where_the_clock_went_wrong(ahead: int, since: int) -> None:
    true = seen("london", PASS).rounds
    stamped = [replace(r, at=r.at + ahead * SECOND) if NOW - r.at <= since * SECOND else r for r in true]
    assert righted(stamped, ahead * SECOND, NOW) == true


def test_one_vantage_is_enough_for_fresh_evidence_and_its_age_counts() -> None:
    found = judge(provider(seen("london", PASS, age=4), seen("oregon", PASS, age=60)), NOW)
    availability = found.component("availability")
    assert availability.freshness is Freshness.FRESH
    assert availability.measured_at == NOW - 4 * SECOND


def test_the_slow_way_from_a_lost_vantage_is_not_forgotten_at_once() -> None:
    near, far, also = (seen(v, PASS, latency=ms) for v, ms in (("london", 100), ("tokyo", 1400), ("sydney", 1300)))
    all_of_them = judge(provider(near, far, also), NOW).component("latency")
    old = replace(also, rounds=tuple(replace(r, at=r.at - 60 * SECOND) for r in also.rounds))
    lost = judge(provider(near, far, old), NOW).component("latency")
    assert all_of_them.measure == lost.measure == 1300


@pytest.mark.parametrize(
    ("signs", "state"),
    [
        (("x", "."), State.DEGRADED),
        (("x", ".", "."), State.DEGRADED),
        (("x", "x", "."), State.CRITICAL),
        (("x", "x"), State.CRITICAL),
        (("x", "x", ".", ".", "."), State.DEGRADED),
    ],
)
def test_one_bad_line_is_no_outage_however_long_it_is_bad(signs: tuple[str, ...], state: State) -> None:
    found = judge(provider(*(seen(f"v{i}", sign * 100) for i, sign in enumerate(signs))), NOW)
    assert found.state is state
    assert found.ceilings or state is State.CRITICAL


def test_few_of_many_vantages_vouch_for_nothing() -> None:
    gone = [replace(seen(v, PASS), rounds=seen(v, PASS, age=3600).rounds) for v in ("oregon", "tokyo")]
    found = judge(provider(seen("london", PASS), *gone), NOW)
    assert found.state is State.DEGRADED
    assert found.ceilings == ("it is seen from 1 of 3 vantages",)
    assert judge(provider(seen("london", PASS), gone[0]), NOW).state is State.OK


patterns = st.text(alphabet=".x", min_size=4, max_size=12)


@given(
    signs=st.lists(patterns, min_size=2, max_size=4),
    latencies=st.lists(st.floats(10, 3000), min_size=4, max_size=4),
    gone=st.integers(20, 200),
)
def test_losing_a_vantage_never_improves_a_state(signs: list[str], latencies: list[float], gone: int) -> None:
    """For as long as what it saw belongs to the last five minutes, and where it sees on by a clock that is wrong."""
    probes = [seen(f"v{i}", pattern, latency=latencies[i]) for i, pattern in enumerate(signs)]
    before = judge(provider(*probes), NOW)
    assert before.score is not None
    for which, probe in enumerate(probes):
        old = replace(probe, rounds=tuple(replace(r, at=r.at - gone * SECOND) for r in probe.rounds))
        for lost in (old, doubted(probe)):
            # The others go on seeing what they saw.
            after = judge(provider(*probes[:which], lost, *probes[which + 1 :]), NOW)
            assert badness(after.state) >= badness(before.state)
            assert after.score is not None
            assert after.score <= before.score


def test_disagreement_is_said_with_names() -> None:
    probes = (seen("london", FAIL), seen("oregon", PASS), seen("tokyo", PASS))
    assert vantage_words(probes, NOW) == "fails from london, passes from oregon and tokyo"
    assert vantage_words(probes[1:], NOW) is None
    assert vantage_words(probes[:1], NOW) is None
    # From london nothing has been seen for a minute: it says nothing about now.
    assert vantage_words((seen("london", FAIL, age=60), *probes[1:]), NOW) is None
    (finding,) = (f for f in picture(probes).findings if f.subject == "aws")
    assert finding.severity is Severity.WARNING
    assert finding.text.startswith(
        "DEGRADED: fails from london, passes from oregon and tokyo; rsvp from london status 503"
    )


# Fresh, stale, and gone for longer than any evidence counts.
AGES = {"fresh": 1, "stale": 30, "lost": 420}
WORDS = {"none": None, **{f"{age} {sign}": (age, sign) for age, sign in product(AGES, ".x")}}


def sight(vantage: str, word: str, *, name: str = "rsvp") -> ProbeEvidence:
    """Make what is seen from a vantage of which the newest round is of that age and end."""
    known = WORDS[word]
    if known is None:
        return seen(vantage, "", name=name)
    # What was before it ended the other way: only the newest counts.
    return seen(vantage, known[1] + (".x" if known[1] == "x" else "x."), age=AGES[known[0]], name=name)


@pytest.mark.parametrize("words", product(WORDS, repeat=3), ids=" ".join)
def test_what_is_said_to_pass_or_fail_did_so_just_now(words: tuple[str, str, str]) -> None:
    places = ("london", "oregon", "tokyo")
    said = vantage_words([sight(*each) for each in zip(places, words, strict=True)], NOW)
    of = {wanted: tuple(p for p, word in zip(places, words, strict=True) if word == wanted) for wanted in WORDS}
    failing, passing = of["fresh x"], of["fresh ."]
    others = tuple(p for p in places if p not in {*failing, *passing})
    if failing and passing:
        missing = f", no fresh round {listed(tuple(f'from {p}' for p in others))}" if others else ""
        assert said == f"fails from {listed(failing)}, passes from {listed(passing)}{missing}"
    elif failing or passing or set(words) == {"none"}:
        assert said is None
    else:
        assert said is not None
        assert said.startswith("no fresh round: ")
        assert "passes" not in said
        assert "fails" not in said
        clauses = {".": "last passed", "x": "last failed", "none": "none that counts"}
        for place, word in zip(places, words, strict=True):
            before = said[: said.index(place)]
            assert max(clauses.values(), key=before.rfind) == clauses[word.split()[-1]]


@pytest.mark.parametrize(
    ("probes", "says"),
    [
        # What was asked of a place where nothing listens, by one that died and one that stands still.
        (
            (seen("london", "xxx", age=13), seen("oregon", "xxx", age=420)),
            "no fresh round: last failed from london at 11:59:47 UTC and from oregon at 11:53:00 UTC",
        ),
        (
            (seen("london", ".", age=60), seen("oregon", "x", age=13 * 3600), seen("tokyo", "")),
            "no fresh round: last failed from oregon at 2026-06-19 23:00:00 UTC, last passed from london at 11:59:00 "
            "UTC, none that counts from tokyo",
        ),
        # A time that is yet to come is no time at which anything was seen.
        (
            (seen("london", ".", age=-60), seen("oregon", ".", age=60)),
            "no fresh round: last passed from oregon at 11:59:00 UTC, none that counts from london",
        ),
        # Of two probes one fails; where one is not seen nobody says that the provider passes.
        (
            (seen("london", "x"), seen("london", ".", name="gallery"), seen("oregon", "."), seen("tokyo", ".")),
            "fails from london, passes from oregon and tokyo",
        ),
        (
            (seen("london", "x"), seen("oregon", "."), seen("oregon", ".", name="gallery", age=60), seen("tokyo", ".")),
            "fails from london, passes from tokyo, no fresh round of gallery from oregon",
        ),
        ((seen("london", "x"), seen("oregon", "."), seen("oregon", "x", name="gallery", age=60)), None),
        ((seen("", "x"),), None),
        ((), None),
    ],
)
def test_what_is_seen_from_where(probes: tuple[ProbeEvidence, ...], says: str | None) -> None:
    assert vantage_words(probes, NOW) == says


def test_nobody_is_said_to_pass_while_all_are_silent() -> None:
    probes = (seen("london", "x" * 100, age=13), seen("oregon", "xxx", age=420))
    (finding,) = (f for f in picture(probes).findings if f.subject == "aws")
    assert finding.severity is Severity.UNKNOWN
    assert finding.text == ("no fresh round: last failed from london at 11:59:47 UTC and from oregon at 11:53:00 UTC")


def service(vantage: str, **more: object) -> ServiceFacts:
    values: dict[str, object] = {"vantage": vantage, "configuration_digest": "d", "heartbeat_at": NOW - SECOND, **more}
    return replace(ServiceFacts(vantage, 7, "shared", "0", "production", NOW - timedelta(hours=1), NOW), **values)  # type: ignore[arg-type]


def picture(
    probes: tuple[ProbeEvidence, ...], *services: ServiceFacts, details: tuple[ProbeDetails, ...] = ()
) -> Picture:
    facts = CacheFacts((provider(*probes),), details, (), services or (service("london"), service("oregon")))
    return assemble(facts, Verdict(False, NOW), ProtectionVerdict(Protection.NORMAL), environment="production", now=NOW)


GOOD = (seen("london", PASS), seen("oregon", PASS))
DEAD = NOW - 40 * SECOND


@pytest.mark.parametrize(
    ("services", "says"),
    [
        ((service("london"), service("oregon")), []),
        (
            (service("london", heartbeat_at=DEAD), service("oregon")),
            [("service london", "it is dead: nothing is seen from there; oregon asks what it asked", Severity.WARNING)],
        ),
        (
            (service("london", heartbeat_at=DEAD, stopped_at=DEAD), service("oregon"), service("tokyo")),
            [
                (
                    "service london",
                    "it was stopped: nothing is seen from there; oregon and tokyo ask what it asked",
                    Severity.NOTE,
                )
            ],
        ),
        (
            (service("london", heartbeat_at=DEAD), service("oregon", heartbeat_at=DEAD - SECOND)),
            [
                (
                    "service",
                    "the service is dead: nothing is being watched; start it with `wedtui service start`",
                    Severity.CRITICAL,
                )
            ],
        ),
        (
            (
                service("london", clock_ahead_s=7.13, heartbeat_at=NOW + 6 * SECOND),
                service("oregon", clock_ahead_s=-1.9),
            ),
            [
                (
                    "service london",
                    "its clock is 7.1 s ahead of the database's: what its probes see counts only where it makes things "
                    "worse; let both keep time by NTP",
                    Severity.WARNING,
                )
            ],
        ),
        (
            (service("london", configuration_digest="other"), service("oregon")),
            [
                (
                    "service",
                    "london is configured to watch other things than oregon: give them one configuration",
                    Severity.WARNING,
                )
            ],
        ),
        (
            (service("london", problems=("its disk is full",), refused=3), service("oregon")),
            [
                ("service london", "its disk is full", Severity.WARNING),
                (
                    "service london",
                    "3 observations were refused since it started: another had taken over what it asked",
                    Severity.NOTE,
                ),
            ],
        ),
    ],
)
def test_what_is_wrong_with_services(services: tuple[ServiceFacts, ...], says: list[tuple[str, str, Severity]]) -> None:
    found = picture(GOOD, *services)
    assert [(f.subject, f.text, f.severity) for f in found.findings if f.subject != "aws"] == says


def test_one_of_several_is_enough_to_be_believed_and_none_is_not() -> None:
    dead = service("london", heartbeat_at=DEAD)
    found = picture(GOOD, dead, service("oregon"))
    assert found.condition is ServiceCondition.RUNNING
    assert found.service is not None
    assert found.service.vantage == "oregon"
    assert picture(GOOD, dead).state is State.UNKNOWN


def test_a_process_speaks_for_its_own_service_only() -> None:
    # Numbers of processes of two machines may well be the same.
    silent = tuple(service(name, heartbeat_at=DEAD, pid=7, place=f"{name}:/") for name in ("london", "oregon"))
    assert [s.condition for s in see_services(silent, NOW, process=7, place="london:/")] == [
        ServiceCondition.STUCK,
        ServiceCondition.DEAD,
    ]
    assert [s.condition for s in see_services(silent[1:], NOW, process=7, place="london:/")] == [ServiceCondition.DEAD]
    assert leading(()) is None


@pytest.mark.parametrize("ahead", [600.0, -600.0])
def test_who_asks_by_a_wrong_clock_is_told_of_it_by_the_service_of_the_machine(ahead: float) -> None:
    here = service("oregon", place="oregon:/", clock_ahead_s=ahead)
    services, asked_at = (service("london", place="london:/"), here), NOW + ahead * SECOND
    found = see_services(services, asked_at, process=7, place="oregon:/")
    assert [s.runs for s in found] == [True, True]
    (finding,) = differences(found)
    way = "ahead of" if ahead > 0 else "behind"
    assert finding.subject == "service oregon"
    assert finding.text.startswith(
        f"this machine's clock is 600.0 s {way} the database's: no age that is said here can be believed; "
    )
    # Who asks from elsewhere, or was set right meanwhile, asks by a clock that is right;
    for place in ("london:/", "oregon:/"):
        (finding,) = differences(see_services(services, NOW, place=place))
        assert finding.text.startswith("its clock is ")
    # what no service of the machine says now is no word on its clock.
    for silent in (replace(here, heartbeat_at=DEAD), replace(here, stopped_at=NOW)):
        assert not any(s.runs or s.same_clock for s in see_services((services[0], silent), asked_at, place="oregon:/"))


def test_of_a_cache_that_cannot_be_read_nobody_is_called_dead() -> None:
    silent = (service("london", heartbeat_at=DEAD), service("oregon", heartbeat_at=DEAD))
    facts = CacheFacts((provider(*GOOD),), (), (), silent)
    for known in (facts, CacheFacts()):
        found = assemble(
            known,
            Verdict(False, NOW),
            ProtectionVerdict(Protection.NORMAL),
            environment="production",
            now=NOW,
            unread=True,
            process=7,
        )
        assert found.condition is ServiceCondition.UNSEEN
        assert found.state is State.UNKNOWN
        assert not [f for f in found.findings if f.subject.startswith("service")]
    # One that was heard a moment ago was heard.
    heard = see_services((service("london"),), NOW, unread=True)
    assert heard[0].condition is ServiceCondition.RUNNING


def test_one_certificate_seen_from_two_places_is_one_finding() -> None:
    def details(vantage: str, days: int) -> ProbeDetails:
        return ProbeDetails(
            "rsvp",
            "https://rsvp.example.com/",
            2 * SECOND,
            certificate_expires_at=NOW + timedelta(days=days, hours=1),
            measured_at=NOW,
            vantage=vantage,
        )

    same = picture(GOOD, details=(details("london", 3), details("oregon", 3)))
    assert sum("certificate" in f.text for f in same.findings) == 1
    two = picture(GOOD, details=(details("london", 3), details("oregon", 2)))
    assert sum("certificate" in f.text for f in two.findings) == 2


@pytest.mark.parametrize(
    ("digests", "keeper", "says"),
    [
        ({"london": "a", "oregon": "a"}, "oregon", None),
        (
            {"london": "a", "oregon": "b"},
            "oregon",
            "oregon is configured to watch other things than london; what counts and is shown is the configuration of "
            "oregon: give them one configuration",
        ),
        (
            {"london": "a", "oregon": "b", "tokyo": "a"},
            "tokyo",
            "tokyo and london are configured to watch other things than oregon; what counts and is shown is the "
            "configuration of tokyo: give them one configuration",
        ),
        (
            {"london": "a", "oregon": "b", "tokyo": "c"},
            "",
            "london is configured to watch other things than oregon and than tokyo: give them one configuration",
        ),
        # Who wrote what counts has died since: nobody's word is taken for it.
        (
            {"london": "a", "oregon": "b"},
            "paris",
            "london is configured to watch other things than oregon: give them one configuration",
        ),
    ],
)
def test_services_that_watch_different_things_are_named_and_whose_configuration_counts(
    digests: dict[str, str], keeper: str, says: str | None
) -> None:
    services = tuple(service(name, configuration_digest=digest) for name, digest in digests.items())
    found = differences(see_services(services, NOW), keeper)
    assert [f.text for f in found] == ([says] if says else [])


@pytest.mark.parametrize(
    ("mine", "theirs", "words"),
    [
        (("a", 2), ("a", 2), "asks 2 targets for all"),
        (("a", 0), ("a", 1), "asks 0 targets for all (the 1 that there is falls to others by name)"),
        (("a", 0), ("a", 4), "asks 0 targets for all (the 4 that there are fall to others by name)"),
        (("a", 0), ("b", 4), "asks 0 targets for all (not divided: no other service is configured as it is)"),
        (("b", 4), ("a", 0), "asks 4 targets for all (not divided: no other service is configured as it is)"),
        (("a", 0), ("a", 0), "asks 0 targets for all"),
    ],
)
def test_who_asks_nothing_or_everything_for_all_says_why(
    mine: tuple[str, int], theirs: tuple[str, int], words: str
) -> None:
    services = see_services(
        [
            service(vantage, configuration_digest=digest, shares=shares)
            for vantage, (digest, shares) in (("london", mine), ("oregon", theirs))
        ],
        NOW,
    )
    assert share_words(services[0], services) == words
    assert words in service_sentence(services[0], NOW, among=services)
