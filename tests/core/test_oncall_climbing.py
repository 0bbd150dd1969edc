"""Who is told next: a ladder is climbed step by step, stands still while somebody has it, and ends with its alert."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.oncall_made import ADA, GRACE, MUTE, daily, shift, utc
from tests.examples import examples
from wedtui.core.alerts.memory import Episode, Reason
from wedtui.core.alerts.rule import Severity
from wedtui.core.alerts.told import Bundle, Flap, Telling
from wedtui.core.alerts.track import labels_of
from wedtui.core.notify import ROUTE, Event, Level, Notice
from wedtui.core.oncall.climbing import Climbed, Climbing, Firing, Now, climb_on, climbing_document, climbing_of
from wedtui.core.oncall.ladder import EVERYBODY, Kind, Ladder, Step, Target
from wedtui.core.oncall.plan import OnCallPlan
from wedtui.core.oncall.roster import Roster
from wedtui.core.season import Protection

BEGAN = utc("2026-06-01 12:00")
MINUTE = timedelta(minutes=1)
NORMAL, HIGH, MAXIMUM = Protection
CRITICAL, WARNING = Severity.CRITICAL, Severity.WARNING
PRIMARY = daily("UTC", "00:00", "2026-06-01", "ada")
SECONDARY = replace(daily("UTC", "00:00", "2026-06-01", "grace"), name="secondary")
CHANNELS = ("pager", "chat", "mail")
PLAN = OnCallPlan((ADA, GRACE, MUTE), (PRIMARY, SECONDARY), channels=CHANNELS)
NOBODY_NAMED = OnCallPlan(channels=CHANNELS)


class World:
    """What was told, what fires of it, and what is remembered, from one round to the next."""

    def __init__(self, plan: OnCallPlan = PLAN) -> None:
        self.plan, self.level, self.at = plan, NORMAL, BEGAN
        self.climbing = Climbing()
        self.bundles: dict[str, Bundle] = {}
        self.flaps: tuple[Flap, ...] = ()
        self.fires: dict[str, Firing] = {}
        self.notices: list[Notice] = []
        self.said: list[tuple[float, str, tuple[tuple[str, ...], ...]]] = []
        self.result = Climbed((), Climbing())
        self.escalated: list[tuple[float, str]] = []

    def begins(self, *keys: str, severity: Severity = CRITICAL, told_as: str = "", route: str = "") -> None:
        """Have alerts begin, and be told together."""
        key = told_as or keys[0]
        for each in keys:
            episode = Episode(each, self.at, severity, Reason.CONDITION)
            self.fires[each] = Firing("down", labels_of({"probe": each}), episode, False)
        members = dict.fromkeys(keys, severity)
        self.bundles[key] = Bundle(key, f"about {key}", self.at, severity, members, len(keys), "down")
        self.notices.append(Notice(key, Level(severity.value), "it fires", {ROUTE: route} if route else {}))

    def ends(self, key: str) -> None:
        """Have what was told be over."""
        for each in self.bundles.pop(key).members:
            del self.fires[each]
        self.notices.append(Notice(key, Level.INFO, "over", event=Event.RESOLVE))

    def change(self, key: str, **what: object) -> None:
        self.fires[key] = self.fires[key]._replace(**what)  # type: ignore[arg-type]

    def take(self, key: str, at: datetime | None) -> None:
        """Have somebody take it, or have that be over."""
        self.change(key, episode=self.fires[key].episode._replace(acknowledged_at=at))

    def lapses(self) -> None:
        for key, each in self.fires.items():
            at = each.episode.acknowledged_at
            if at is not None and self.at - at >= self.plan.lapse:
                self.take(key, None)

    def round(self) -> Climbed:
        """Have one round; what is remembered goes through JSON."""
        self.lapses()
        telling = Telling(self.at, tuple(self.bundles.values()), flaps=self.flaps)
        before = climbing_of(json.loads(json.dumps(climbing_document(self.climbing))))
        found = climb_on(Now(self.plan, self.level, self.at, {"platform"}), before, telling, self.notices, self.fires)
        self.result, self.climbing, self.notices = found, found.climbing, []
        minute = (self.at - BEGAN) / MINUTE
        for notice in found.notices:
            self.said.append((minute, f"{notice.event} {notice.key}", self.whom(notice)))
        self.escalated += [(minute, said) for _of, said in found.escalated]
        return found

    def whom(self, notice: Notice) -> tuple[tuple[str, ...], ...]:
        return (("*",),) if notice.everybody else notice.channels

    def until(self, minute: float, every: timedelta = 30 * timedelta(seconds=1)) -> None:
        while self.at < BEGAN + minute * MINUTE:
            self.at = min(self.at + every, BEGAN + minute * MINUTE)
            self.round()

    def calls(self) -> list[tuple[float, str]]:
        """Return what was told beside the first messages, and when."""
        return [(at, what) for at, what, _ in self.said if "/step/" in what]


ADAS, GRACES, ALL = (("pager", "chat"),), (("chat",),), (("*",),)


def test_the_first_message_is_the_first_step_and_the_others_follow_at_their_minute() -> None:
    world = World()
    world.begins("a")
    world.round()
    world.until(60)
    assert world.said == [
        (0, "trigger a", ADAS),
        (5, "trigger a/step/2", GRACES),
        (10, "trigger a/step/3", ALL),
        (15, "trigger a/step/4", ALL),
    ]
    assert world.escalated == [
        (5, "step 2: roster secondary (grace)"),
        (10, "step 3: everybody"),
        (15, "step 4: everybody"),
    ]


def test_whoever_is_called_is_told_which_of_several_nobody_has_and_by_which_key() -> None:
    world = World()
    world.begins("alert/down/aaaabbbbccccdddd", "alert/down/eeeeffff00001111", told_as="both")
    world.take("alert/down/aaaabbbbccccdddd", BEGAN)
    world.round()
    world.until(4.5)
    world.at = BEGAN + 5 * MINUTE
    [one] = world.round().notices
    assert one.sentence.startswith("nobody has 1 of about both, told ")
    assert one.sentence.endswith("and `wedtui alerts ack eeeeffff0000` that you have it")
    world.take("alert/down/aaaabbbbccccdddd", None)
    world.at = BEGAN + 10 * MINUTE
    both = world.round().notices[-1].sentence
    assert "has 1 of" not in both
    assert both.endswith(
        "and `wedtui alerts ack KEY` that you have one of them: aaaabbbbcccc is down "
        "(probe=alert/down/aaaabbbbccccdddd) and eeeeffff0000 is down (probe=alert/down/eeeeffff00001111)"
    )


@pytest.mark.parametrize(
    ("level", "severity", "calls"),
    [
        (HIGH, CRITICAL, [2, 4, 6]),
        (MAXIMUM, CRITICAL, [2, 4, 6]),
        (NORMAL, CRITICAL, [5, 10, 15]),
        (MAXIMUM, WARNING, []),
    ],
)
def test_on_wedding_days_it_is_every_two_minutes_and_a_warning_is_told_once(
    level: Protection, severity: Severity, calls: list[float]
) -> None:
    world = World()
    world.level = level
    world.begins("a", severity=severity)
    world.round()
    world.until(60)
    assert [at for at, _ in world.calls()] == calls


def test_where_nobody_is_named_the_first_message_goes_as_ever_and_each_step_to_every_channel() -> None:
    world = World(NOBODY_NAMED)
    world.begins("a")
    world.round()
    world.until(20)
    assert [whom for _, _, whom in world.said] == [(), ALL, ALL, ALL]


def test_a_route_that_is_configured_is_told_first_and_the_ladder_then() -> None:
    world = World()
    world.begins("a", route="platform")
    world.begins("b", route="nowhere")
    world.round()
    world.until(5)
    assert [whom for _, _, whom in world.said] == [(), ADAS, GRACES]


def test_steps_that_wait_for_nothing_are_one_first_message() -> None:
    steps = (Step(timedelta(), Target(Kind.CONTACT, "ada")), Step(timedelta(), Target(Kind.CONTACT, "grace")))
    world = World(replace(PLAN, ladders=(Ladder("mine", (*steps, Step(MINUTE, EVERYBODY))),)))
    world.begins("a")
    world.round()
    world.until(1)
    assert world.said == [(0, "trigger a", (*ADAS, *GRACES)), (1, "trigger a/step/2", ALL)]


def test_of_a_roster_that_two_have_each_is_told() -> None:
    both = replace(PRIMARY, shifts=(shift("grace", "2026-06-01 00:00", "2026-06-02 00:00"),))
    world = World(replace(PLAN, rosters=(both,)))
    world.begins("a")
    world.round()
    assert world.said == [(0, "trigger a", (*ADAS, *GRACES))]


@pytest.mark.parametrize(("default", "whom"), [("grace", GRACES), ("", ALL), ("mute", ALL)])
def test_a_hole_falls_to_the_default_contact_or_to_every_channel_and_never_to_nobody(
    default: str, whom: tuple[tuple[str, ...], ...]
) -> None:
    world = World(OnCallPlan((ADA, GRACE, MUTE), (Roster("primary"),), default=default, channels=CHANNELS))
    world.begins("a")
    world.round()
    world.until(5)
    assert [each for _, _, each in world.said] == [whom, whom]
    assert "nobody has primary" in world.escalated[0][1]


def test_who_has_it_stops_it_and_after_the_lapse_the_last_one_is_told_again() -> None:
    world = World()
    world.begins("a")
    world.round()
    world.until(6)
    world.take("a", world.at)
    world.until(20.5)
    assert (world.calls(), world.result.following) == ([(5, "trigger a/step/2")], {})
    world.until(60)
    # Four of the ten minutes to the third step were left when it was taken.
    assert world.calls()[1:] == [(21, "trigger a/step/3"), (25, "trigger a/step/4"), (30, "trigger a/step/5")]
    assert world.escalated[1] == (21, "step 2 again: roster secondary (grace)")


def test_at_the_end_of_the_ladder_a_lapse_calls_again_each_time() -> None:
    world = World()
    world.begins("a")
    world.round()
    world.until(20)
    for minute in (20, 40):
        world.until(minute)
        world.take("a", world.at)
    world.until(90)
    assert world.calls()[3:] == [(35, "trigger a/step/5"), (55, "trigger a/step/6")]


def test_who_took_a_part_has_not_the_rest() -> None:
    world = World()
    world.begins("a", "b")
    world.round()
    world.take("a", world.at)
    world.until(5)
    assert world.calls() == [(5, "trigger a/step/2")]
    world.take("b", world.at)
    world.until(14.5)
    assert len(world.calls()) == 1
    # What ada has lapses after 15 minutes: nobody has that part any more.
    world.until(15)
    assert world.calls()[1:] == [(15, "trigger a/step/3")]


def test_what_is_hidden_does_not_climb_and_goes_on_when_that_ends() -> None:
    world = World()
    world.begins("a")
    world.round()
    world.until(3)
    world.change("a", hidden=True)
    world.until(33)
    assert (world.calls(), world.result.following) == ([], {})
    world.change("a", hidden=False)
    world.until(36)
    assert world.calls() == [(35, "trigger a/step/2")]


def test_what_somebody_had_while_it_was_hidden_and_has_no_more_is_told_again() -> None:
    world = World()
    world.begins("a")
    world.round()
    world.until(20)
    world.take("a", world.at)
    world.until(21)
    world.change("a", hidden=True)
    world.until(60)
    world.change("a", hidden=False)
    world.until(61)
    assert world.calls()[3:] == [(60.5, "trigger a/step/5")]


def test_the_time_in_which_it_was_hidden_and_somebodys_counts_once() -> None:
    world = World()
    world.begins("a")
    world.round()
    world.until(1)
    world.change("a", hidden=True)
    world.until(21)
    world.take("a", world.at)
    world.until(31)
    world.change("a", hidden=False)
    world.until(35.5)
    assert world.calls() == []
    world.until(40)
    # It was taken at minute 21, so it lapses at 36: whoever was first is told again, and after 3.5 minutes the next.
    assert world.calls() == [(36, "trigger a/step/2"), (39.5, "trigger a/step/3")]


def test_what_became_graver_climbs_as_what_it_is() -> None:
    steps = tuple(Step(each * MINUTE, EVERYBODY) for each in (0, 10, 20, 30))
    world = World(replace(PLAN, ladders=(Ladder("warnings", steps, frozenset({WARNING})),)))
    world.begins("a", severity=WARNING)
    world.round()
    world.until(4)
    world.begins("a", told_as="a/critical")
    world.round()
    world.until(60)
    assert world.calls() == [
        (9, "trigger a/critical/step/2"),
        (14, "trigger a/critical/step/3"),
        (19, "trigger a/critical/step/4"),
    ]


def test_a_level_that_rises_brings_nearer_and_one_that_falls_puts_nothing_off() -> None:
    world = World()
    world.begins("a")
    world.round()
    world.until(1)
    world.level = HIGH
    world.until(3)
    world.level = NORMAL
    world.until(30)
    assert [at for at, _ in world.calls()] == [2, 4, 6]


def test_a_storm_climbs_as_one() -> None:
    world = World()
    world.begins(*(f"a{n:04}" for n in range(2000)), told_as="a/storm")
    world.round()
    world.until(60, every=MINUTE)
    assert [what for _, what in world.calls()] == [f"trigger a/storm/step/{n}" for n in (2, 3, 4)]


def test_what_is_due_at_once_to_the_same_people_is_one_message_and_over_with_the_last() -> None:
    world = World()
    world.begins("a")
    world.begins("b")
    world.begins("w", severity=WARNING)
    world.round()
    world.until(5)
    assert world.calls() == [(5, "trigger a/step/2")]
    assert world.climbing.keys_of({"b"}) == ("a/step/2",)
    world.ends("a")
    world.until(6)
    assert len(world.calls()) == 1
    world.ends("b")
    world.until(7)
    assert world.calls()[1:] == [(6.5, "resolve a/step/2")]
    assert world.climbing.calls == ()


def test_of_what_nobody_knows_how_it_stands_no_end_is_told() -> None:
    world = World()
    world.begins("a")
    world.begins("b")
    world.round()
    world.until(5)
    del world.bundles["a"]
    world.until(6)
    world.ends("b")
    world.until(7)
    assert [what for _, what in world.calls()] == ["trigger a/step/2"]
    assert world.climbing.calls == ()


def test_a_series_that_flaps_climbs_while_it_fires_and_its_episodes_call_nobody_by_themselves() -> None:
    world = World()
    world.begins("a")
    del world.bundles["a"]
    labels = world.fires["a"].labels
    flap = Flap(("a/flapping",), "down", labels, CRITICAL, BEGAN, BEGAN, "a")
    world.flaps, world.notices = (flap,), [Notice("a/flapping", Level.CRITICAL, "it flaps")]
    world.round()
    world.until(2)
    fires, world.fires = world.fires, {}
    world.until(10)
    world.fires = {"b": fires["a"]}
    world.flaps = (replace(flap, episode="b"),)
    world.until(12.5)
    assert world.calls() == []
    world.until(14)
    assert world.calls() == [(13, "trigger a/flapping/step/2")]


def test_after_a_gap_all_that_is_due_is_told_and_nobody_is_left_out() -> None:
    world = World()
    world.begins("a")
    world.round()
    world.until(50, every=50 * MINUTE)
    assert [(what, whom) for _, what, whom in world.said[1:]] == [
        ("trigger a/step/2", GRACES),
        ("trigger a/step/3", ALL),
    ]


def test_a_clock_that_is_set_back_takes_it_along() -> None:
    world = World()
    world.begins("a")
    world.round()
    world.until(4)
    world.at -= 60 * MINUTE
    world.climbing = world.climbing.moved(60 * MINUTE)
    world.until(-55)
    assert [at for at, _ in world.calls()] == [-55]


def test_who_is_next_is_said_with_the_instant() -> None:
    world = World()
    world.begins("a")
    found = world.round()
    assert found.following["a"] == (BEGAN + 5 * MINUTE, "roster secondary (grace)")
    world.until(15)
    assert world.result.following == {}


def test_what_another_version_remembers_begins_anew() -> None:
    assert climbing_of({"version": 0}) == climbing_of({}) == climbing_of({"version": 1}) == Climbing()


@given(data=st.data())
@examples(60)
def test_each_step_is_told_once_in_order_whatever_happens_and_never_to_nobody(data: st.DataObject) -> None:
    world = World(data.draw(st.sampled_from([PLAN, NOBODY_NAMED, replace(PLAN, rosters=(Roster("primary"),))])))
    world.begins("a")
    world.round()
    world.until(0.5)
    for _ in range(data.draw(st.integers(1, 12))):
        match data.draw(st.sampled_from(["passes", "pause", "take", "hide", "show", "level", "restart"])):
            case "pause":
                world.at += data.draw(st.integers(1, 90)) * MINUTE
            case "take":
                world.take("a", world.at)
            case "hide" | "show" as what:
                world.change("a", hidden=what == "hide")
            case "level":
                world.level = data.draw(st.sampled_from(list(Protection)))
        world.until((world.at - BEGAN) / MINUTE + data.draw(st.integers(1, 12)), every=MINUTE)
    steps = [int(said.split()[1].rstrip(":")) for _, said in world.escalated if "again" not in said]
    assert steps == sorted(set(steps))
    # That somebody has it goes to whoever was told.
    assert all(whom for _, what, whom in world.said if what.startswith("trigger ") and "/step/" in what)
    keys = [what for _, what in world.calls()]
    assert len(keys) == len(set(keys))
    # In the end nobody has it, and nothing hides it: everybody was told, or will be.
    world.take("a", None)
    world.change("a", hidden=False)
    world.until((world.at - BEGAN) / MINUTE + 40, every=MINUTE)
    steps = [int(said.split()[1].rstrip(":")) for _, said in world.escalated if "again" not in said]
    assert steps == [2, 3, 4]


def test_a_part_that_is_nobodys_again_calls_again_at_the_end_of_the_ladder_and_together_once() -> None:
    world = World()
    world.begins("a", "b", "c")
    world.round()
    world.until(20)
    world.take("a", world.at)
    world.until(22)
    world.take("b", world.at)
    world.until(34.5)
    assert len(world.calls()) == 3
    world.until(60)
    # What was told together, and is nobody's two minutes later, is not told once more.
    assert world.calls()[3:] == [(35, "trigger a/step/5")]
    world.take("b", world.at)
    world.until(80)
    assert world.calls()[4:] == [(75, "trigger a/step/6")]


def test_a_part_that_is_hidden_when_it_is_nobodys_again_calls_when_it_is_not() -> None:
    world = World()
    world.begins("a", "b")
    world.round()
    world.until(20)
    world.take("a", world.at)
    world.until(21)
    world.change("a", hidden=True)
    world.until(50)
    assert len(world.calls()) == 3
    world.change("a", hidden=False)
    world.until(60)
    assert world.calls()[3:] == [(50.5, "trigger a/step/5")]


@pytest.mark.parametrize("plan", [NOBODY_NAMED, replace(PLAN, rosters=(Roster("primary"),))])
def test_for_a_warning_a_hole_calls_nobody_who_is_told_of_what_is_graver(plan: OnCallPlan) -> None:
    world = World(plan)
    world.begins("a", severity=WARNING)
    world.round()
    world.take("a", world.at)
    world.until(20)
    assert world.said == [(0, "trigger a", ()), (15, "trigger a/step/2", ())]


def test_a_step_for_everybody_is_for_everybody_also_of_a_warning() -> None:
    steps = tuple(Step(each * MINUTE, EVERYBODY) for each in (0, 5))
    world = World(replace(PLAN, ladders=(Ladder("warnings", steps, frozenset({WARNING})),)))
    world.begins("a", severity=WARNING)
    world.round()
    world.until(5)
    assert [whom for _, _, whom in world.said] == [ALL, ALL]


def test_that_nobody_has_it_is_said_with_the_first_message() -> None:
    world = World(replace(PLAN, rosters=(Roster("primary"),)))
    world.begins("a")
    (first,) = world.round().notices
    assert first.details["on call"] == "nobody has primary"


def test_the_end_says_how_it_stands() -> None:
    world = World()
    world.begins("a")
    world.round()
    world.until(5)
    del world.bundles["a"]
    world.notices = [Notice("a", Level.INFO, "a flaps no more; it fires", event=Event.RESOLVE)]
    assert [each.sentence for each in world.round().notices] == ["a flaps no more; it fires"] * 2


def test_a_warning_for_everybody_is_not_one_message_with_one_that_a_hole_has() -> None:
    targets = Target(Kind.ROSTER, "primary"), EVERYBODY
    steps = (Step(timedelta(), EVERYBODY), *(Step(5 * MINUTE, target) for target in targets))
    ladder = Ladder("warnings", steps, frozenset({WARNING}))
    world = World(replace(PLAN, rosters=(Roster("primary"),), ladders=(ladder,)))
    world.begins("a", severity=WARNING)
    world.round()
    world.until(5)
    assert [whom for _, _, whom in world.said] == [ALL, (), ALL]


def acknowledged(world: World) -> list[tuple[float, str]]:
    return [(at, what) for at, what, _ in world.said if what.startswith("acknowledge")]


def test_that_somebody_has_it_is_told_where_that_was_before_anybody_was_told_of_it() -> None:
    world = World()
    world.begins("a")
    world.take("a", world.at)
    world.round()
    world.until(10)
    assert acknowledged(world) == [(0, "acknowledge a")]


def test_that_somebody_has_all_of_it_is_told_once_the_rest_is_over() -> None:
    world = World()
    world.begins("a", "b")
    world.round()
    world.until(5)
    world.take("a", world.at)
    world.until(6)
    # The acknowledgement said nothing, because nobody had the other.
    assert acknowledged(world) == []
    del world.fires["b"]
    world.until(10)
    assert acknowledged(world) == [(6.5, "acknowledge a"), (6.5, "acknowledge a/step/2")]


def test_what_an_acknowledgement_said_itself_is_not_said_again() -> None:
    world = World()
    world.begins("a", "b")
    world.round()
    for key in ("a", "b"):
        world.take(key, world.at)
        world.until((world.at - BEGAN) / MINUTE + 1)
    del world.fires["b"]
    world.until(30)
    assert acknowledged(world) == []
