"""Alerts beside a model that looks at everything anew each time; and what no series, pause or clock can bring about."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from tests.core.alerts.world import START, TICK, World, rule, world
from wedtui.core.alerts.evaluation import Around, Kind
from wedtui.core.alerts.memory import Phase
from wedtui.core.alerts.rule import FEWEST_SAMPLES, NoData
from wedtui.core.season import Protection

FRESH = 2  # ticks for which a sample is evidence
RANK = {"o": 0, "r": 0, "p": 1, "f": 2}

# Runs of a sign are what alerts are made of; single ones are what they have to see through.
runs = st.lists(
    st.tuples(st.sampled_from("xm._n"), st.integers(1, 9)).map(lambda run: run[0] * run[1]), min_size=1, max_size=14
)
series = runs.map("".join)
policies = st.sampled_from([NoData.HOLD, NoData.FIRE])
levels = st.sampled_from(list(Protection))
ticks = st.integers(1, 8)


@dataclass
class Model:
    """Rounds and samples each tick, from the whole past each time, for one rule."""

    lasting: int
    over_for: int
    fires_silent: bool
    signs: str = ""
    firing_since: int | None = None
    """The tick after which the end is looked for."""
    was_firing: bool = False
    phases: str = field(default="")

    def tick(self, sign: str) -> str:
        self.signs += sign
        now = len(self.signs) - 1
        if self.firing_since is None:
            since = self._wrong_since(now)
            phase = "p" if since is not None else "r" if self.was_firing else "o"
            if since is not None and self._is_due(since, now):
                self.firing_since, self.was_firing, phase = now, True, "f"
        else:
            phase = "f"
            if self._is_over(now):
                self.firing_since, phase = None, "r"
        self.phases += phase
        return phase

    def _wrong_since(self, now: int) -> float | None:
        """Look for the first sign of what is wrong behind the last that says it is not, and behind the last episode."""
        begin = max(self.signs.rfind("."), self.signs.rfind("m"), self._ended())
        bad = [at for at in range(begin + 1, now + 1) if self.signs[at] == "x"]
        if self.fires_silent:
            bad += [at for at in range(begin + 1, now + 1) if self.signs[at] == "n"]
            bad += [at for at in range(max(begin, 0) + 1, now + 1) if self._is_stale(at)]
        if not bad:
            return None
        first = min(bad)
        # A silence begins when the last sample is too old, which the tick after that sees.
        return first - 1 if self.signs[first] == "_" and first > 0 else first

    def _is_stale(self, at: int) -> bool:
        return set(self.signs[max(at - FRESH, 0) : at + 1]) == {"_"}

    def _ended(self) -> int:
        return self.phases.rfind("f") + 1 if "f" in self.phases else -1

    def _is_due(self, since: float, now: int) -> bool:
        if now - since < self.lasting:
            return False
        begin = max(self.signs.rfind("."), self.signs.rfind("m"), self._ended())
        said = self.signs[begin + 1 : now + 1]
        samples = said.count("x") + (said.count("n") if self.fires_silent else 0)
        newest = self.signs.rstrip("_")[-1:]
        if self._is_stale(now):
            return self.fires_silent
        if self.fires_silent and any(self._is_stale(at) for at in range(max(begin, 0) + 1, now)):
            # Evidence that was too old in between was missed twice, and counts like what is wrong.
            samples = max(samples, FEWEST_SAMPLES)
        return samples >= FEWEST_SAMPLES and (newest == "x" or (newest == "n" and self.fires_silent))

    def _is_over(self, now: int) -> bool:
        assert self.firing_since is not None
        if self.signs[now] != ".":
            return False
        well = [now]
        for at in range(now - 1, self.firing_since, -1):
            if self.signs[at] == ".":
                well.append(at)
            elif self.signs[at] != "_" or well[-1] - at >= FRESH:
                break
        return len(well) >= FEWEST_SAMPLES and now - well[-1] >= self.over_for


@given(series, ticks, ticks, policies)
def test_it_is_what_a_look_at_everything_says(signs: str, lasting: int, over_for: int, nodata: NoData) -> None:
    # Before anything was measured, silence is another matter: `test_what_was_never_measured...`.
    signs = "." + signs
    found = world(rule(lasting=lasting * TICK, over_for=over_for * TICK, nodata=nodata))
    model = Model(lasting, over_for, nodata is NoData.FIRE)
    assert found.ticks(signs) == "".join(model.tick(sign) for sign in signs)


@given(series, ticks, ticks, st.sampled_from(list(NoData)), st.lists(levels, min_size=1, max_size=9))
def test_what_is_stored_between_two_rounds_is_all_that_the_next_one_needs(
    signs: str, lasting: int, over_for: int, nodata: NoData, changing: list[Protection]
) -> None:
    one, split = (
        world(rule(lasting=lasting * TICK, over_for=over_for * TICK, nodata=nodata), stored=stored)
        for stored in (False, True)
    )
    for number, sign in enumerate(signs):
        for each in (one, split):
            each.around = Around(changing[number % len(changing)])
            each.tick(sign)
    assert split.events == one.events
    assert split.state == one.state


@given(series, ticks, ticks, st.sampled_from(list(NoData)), levels)
def test_no_missing_sample_improves_anything(
    signs: str, lasting: int, over_for: int, nodata: NoData, level: Protection
) -> None:
    found = world(rule(lasting=lasting * TICK, over_for=over_for * TICK, nodata=nodata), level=level)
    before = "o"
    for sign in signs:
        after = found.tick(sign).value[0]
        if sign in "_n":
            assert RANK[after] >= RANK[before]
        before = after


@given(series, st.sets(st.integers(0, 125)), ticks, ticks, st.sampled_from([NoData.HOLD, NoData.FIRE]))
def test_losing_what_says_that_all_is_well_never_makes_it_better(
    signs: str, lost: set[int], lasting: int, over_for: int, nodata: NoData
) -> None:
    signs = "." + signs
    fewer = "".join("_" if at and at in lost and sign in ".m" else sign for at, sign in enumerate(signs))
    phases = [
        world(rule(lasting=lasting * TICK, over_for=over_for * TICK, nodata=nodata)).ticks(each)
        for each in (signs, fewer)
    ]
    # Up to the end of the first episode: what fired too early may have been over when the other one begins.
    until = next((at for at, phase in enumerate(phases[1]) if phase == "r"), len(signs))
    assert all(RANK[less] >= RANK[whole] for whole, less in zip(phases[0][:until], phases[1][:until], strict=True))


@given(series, st.integers(0, 8), st.integers(0, 8), st.lists(levels, min_size=1, max_size=9))
def test_never_fewer_than_two_samples_fire_or_end_anything(
    signs: str, lasting: int, over_for: int, changing: list[Protection]
) -> None:
    quick = timedelta(microseconds=1)
    found = world(rule(lasting=lasting * quick, over_for=over_for * quick))
    run = ""
    for number, sign in enumerate(signs):
        before = found.memory().phase
        found.around = Around(changing[number % len(changing)])
        after = found.tick(sign)
        run = run + sign if before is after else sign
        if after is Phase.FIRING and before is not Phase.FIRING:
            said = signs[: number + 1].replace("m", ".").rpartition(".")[2]
            assert said.count("x") >= FEWEST_SAMPLES
        if after is Phase.RESOLVED and before is Phase.FIRING:
            assert signs[: number + 1].replace("_", "").endswith("..")


@given(series, ticks, ticks, st.data())
def test_rounds_that_come_late_find_what_each_in_time_would_have(
    signs: str, lasting: int, over_for: int, data: st.DataObject
) -> None:
    signs = "." + signs.replace("_", ".")
    each, late = (world(rule(lasting=lasting * TICK, over_for=over_for * TICK)) for _ in range(2))
    pause = 0
    for number, sign in enumerate(signs):
        each.tick(sign)
        pause += 1
        # Fifteen minutes are looked back.
        judged = number in {0, len(signs) - 1} or pause > 80 or data.draw(st.booleans())
        late.tick(sign, judged=judged)
        pause = 0 if judged else pause
    assert late.events == each.events
    assert late.memory() == each.memory()


@given(series, ticks, ticks, st.dictionaries(st.integers(0, 60), st.integers(-400, 400), max_size=4))
def test_no_clock_that_is_set_forgets_or_repeats_an_episode(
    signs: str, lasting: int, over_for: int, steps: dict[int, int]
) -> None:
    found = world(rule(lasting=lasting * TICK, over_for=over_for * TICK, nodata=NoData.FIRE))
    for number, sign in enumerate(signs):
        before, told = found.memory(), len(found.events)
        found.now = max(found.now + steps.get(number, 0) * TICK, START - timedelta(days=300))
        back = found.state.judged_at is not None and found.now < found.state.judged_at
        after = found.tick(sign)
        if back:
            assert found.events[told:] == []
            assert found.memory().phase is before.phase
        if before.phase is Phase.FIRING and sign != ".":
            assert after is Phase.FIRING
    fired = [event.key for event in found.events if event.kind is Kind.FIRING]
    ended = [event.key for event in found.events if event.kind is Kind.RESOLVED]
    assert len(set(fired)) == len(fired)
    assert len(set(ended)) == len(ended)
    assert set(ended) <= set(fired)
    assert len(fired) - len(ended) == (found.memory().phase is Phase.FIRING)


@given(series, ticks)
def test_what_is_read_is_left_as_it_was(signs: str, lasting: int) -> None:
    found: World = world(rule(lasting=lasting * TICK))
    found.ticks(signs)
    state, now = found.state, found.now
    first, second = (World(found.book, found.around, now, state=state, tracks=found.tracks) for _ in range(2))
    first.round()
    second.round()
    assert first.state == second.state
    assert first.events == second.events
    assert found.state is state
