"""The rows of the table: see `tests/safety.py`."""

from __future__ import annotations

from tests.safety import Rule

_SHARES, _FAILOVER, _FAILBACK = "core/test_shares.py::", "core/test_failover.py::", "core/test_failback.py::"
_FREEZES = "core/test_freeze_plan.py::"
_AUTOMATION, _UNDO, _HAND = "core/test_automation.py::", "core/test_undo.py::", "core/test_by_hand.py::"
_FAILOVER_ROOM = "core/test_failover_room.py::"
_KEYS = "tui/test_emergency_keys.py::test_nothing_is_confirmed_that_was_not_meant"

ROOM = (
    Rule(
        "a cap leaves room for 1.3 times the peak",
        "core.shares",
        "HEADROOM = Fraction(13, 10)",
        "HEADROOM = Fraction(1)",
        _SHARES + "test_a_cap_leaves_room_for_what_nobody_foresaw",
    ),
    Rule(
        "a cap is rounded down",
        "core.shares",
        "math.floor(WHOLE * Fraction(capacity)",
        "math.ceil(WHOLE * Fraction(capacity)",
        _SHARES + "test_a_cap_leaves_room_for_what_nobody_foresaw",
    ),
    Rule(
        "a peak of 0 gives no room",
        "core.shares",
        "        return 0\n",
        "        return WHOLE\n",
        _SHARES + "test_a_cap_leaves_room_for_what_nobody_foresaw",
    ),
    Rule(
        "nobody is given more than its cap",
        "core.shares",
        "max(Fraction(caps[name]) - after[name], Fraction(0))",
        "Fraction(WHOLE)",
        _SHARES + "test_aws_is_lost",
    ),
    Rule(
        "who has nothing gains only what the others cannot take",
        "core.shares",
        "for proportions in (carrying, idle):",
        "for proportions in (idle, carrying):",
        _SHARES + "test_aws_is_lost",
    ),
    Rule(
        "ties go to the larger share",
        "core.shares",
        "-before[name], name)",
        "before[name], name)",
        _SHARES + "test_aws_is_lost",
    ),
    Rule(
        "the larger peak counts, observed or planned",
        "core.failover_room",
        "value = max(known, default=0.0)",
        "value = min(known, default=0.0)",
        _FAILOVER + "test_the_larger_peak_counts",
    ),
    Rule(
        "a peak that grew old still counts where it is the larger",
        "core.failover_room",
        "both = (facts.observed.value, facts.planned.value)",
        "both = (facts.observed.value if observed.passed else None, facts.planned.value if planned.passed else None)",
        _FAILOVER + "test_an_old_peak_still_counts_where_it_is_the_larger",
    ),
    Rule(
        "without a peak that is known now nobody has room",
        "core.failover_room",
        "value if value > 0 and (observed.passed or planned.passed) else None",
        "value if value > 0 else None",
        _FAILOVER + "test_without_a_peak_nobody_is_known_to_have_room",
    ),
    Rule(
        "a planned peak is as old as the calendar that it rests on",
        "core.failover_room",
        "max((ends - verdict.read_at) / 2, timedelta())",
        "timedelta(days=1)",
        _FAILOVER_ROOM + "test_a_planned_peak_is_as_good_as_the_calendar",
    ),
    Rule(
        "every wedding that is live at the peak asks for its requests",
        "core.failover_room",
        "demand.base + demand.per_wedding * verdict.peak.load / UNITS",
        "demand.base",
        _FAILOVER_ROOM + "test_what_the_next_hours_ask_for",
    ),
    Rule(
        "a person vouches for what is not known, never for what is bad",
        "core.failover_facts",
        "if provider.state is State.UNKNOWN and provider.vouched:",
        "if provider.vouched:",
        "core/test_failover_facts.py::test_a_person_vouches_for_what_is_not_known_and_for_nothing_that_is_bad",
    ),
    Rule(
        "without a measured request there is no observed peak",
        "core.failover_room",
        "(least and figure.value == 0)",
        "False",
        _FAILOVER + "test_the_service_does_not_act_upon_a_day_without_a_request",
    ),
    Rule(
        "a peak of some hours, or of some providers, is not known",
        "core.failover_room",
        "if span < KNOWN_AT_LEAST * OBSERVED}",
        "if span < timedelta()}",
        _FAILOVER_ROOM + "test_a_peak_of_some_hours_or_some_providers_is_not_known",
    ),
    Rule(
        "who is to have its share back counts among those whose peak has to be known",
        "core.failover_room",
        "for shares in (before, back)",
        "for shares in (before,)",
        _FAILOVER_ROOM + "test_who_is_to_have_its_share_back_has_to_be_known_too",
    ),
    Rule(
        "a peak that is not known stops the service",
        "core.failover_room",
        'return Check(rule, Result.UNKNOWN, f"{name} {why}", figure.measured_at, stops=Stops.AUTOMATIC)',
        'return Check(rule, Result.UNKNOWN, f"{name} {why}", figure.measured_at, stops=Stops.NOBODY)',
        _FAILOVER + "test_a_peak_that_is_not_known_stops_the_service_and_no_person",
    ),
    Rule(
        "a capacity that is not known is no room",
        "core.failover_room",
        "        provider.name: cap(provider.capacity, peak)\n"
        "        for provider in facts.providers\n"
        "        if provider.capacity is not None and _is_figure(provider.capacity)\n",
        "        provider.name: cap(provider.capacity, peak) if _is_figure(provider.capacity or -1) else 100\n"
        "        for provider in facts.providers\n",
        _FAILOVER + "test_a_capacity_that_is_not_known_is_no_room",
    ),
)

GAINING = (
    Rule(
        "who is CRITICAL gains nothing",
        "core.failover_facts",
        "if provider.state is State.CRITICAL:",
        "if False:",
        _FAILOVER + "test_who_may_not_gain_keeps_what_it_has",
    ),
    Rule(
        "who is UNKNOWN keeps what it has and gains nothing",
        "core.failover_facts",
        "if provider.state is State.UNKNOWN:",
        "if False:",
        _FAILOVER + "test_who_may_not_gain_keeps_what_it_has",
    ),
    Rule(
        "who failed its last probe round gains nothing",
        "core.failover_facts",
        "if not provider.round_passed:",
        "if False:",
        _FAILOVER + "test_who_may_not_gain_keeps_what_it_has",
    ),
    Rule(
        "whose probe evidence is older than 10 s gains nothing",
        "core.failover_facts",
        "if not is_fresh or provider.round_passed is None:",
        "if provider.round_passed is None:",
        _FAILOVER + "test_who_may_not_gain_keeps_what_it_has",
    ),
    Rule(
        "of whose last round nothing is known gains nothing",
        "core.failover_facts",
        "if not is_fresh or provider.round_passed is None:",
        "if not is_fresh:",
        _FAILOVER + "test_who_may_not_gain_keeps_what_it_has",
    ),
    Rule(
        "a round passed when a majority of the vantages says so",
        "core.failover_facts",
        ">= quorum(len(fresh)) if fresh",
        ">= 1 if fresh",
        "core/test_failover_facts.py::test_how_the_newest_round_went",
    ),
    Rule(
        "only who is eligible gains",
        "core.failover",
        "for name, check in judged.items() if check.passed)",
        "for name, check in judged.items())",
        _FAILOVER + "test_who_may_not_gain_keeps_what_it_has",
    ),
    Rule(
        "what is OFF gains nothing, and is said",
        "core.failover_checks",
        "if provider.name not in routed:",
        "if False:",
        _FAILOVER + "test_what_is_off_gains_nothing_and_is_said",
    ),
    Rule(
        "the other regions of a provider that lost one gain nothing",
        "core.failover_shares",
        " and name in caps and name not in torn}",
        " and name in caps}",
        _FAILOVER + "test_one_region_is_left_and_its_provider_gains_nothing_elsewhere",
    ),
)

FAILOVER = (
    Rule(
        "the loser gets 0, and is not OFF",
        "core.failover_shares",
        "{place: after[place] for place in before}, found.unplaced)",
        "{place: after[place] for place in before if after[place]}, found.unplaced)",
        _FAILOVER + "test_the_loser_gets_0_and_is_not_off",
    ),
    Rule(
        "all bad: hold the shares, and page",
        "core.failover",
        'passing("gains", bool(gaining), may',
        'passing("gains", True, may',
        _FAILOVER + "test_all_bad_holds_the_shares_and_pages_whoever_asks",
    ),
    Rule(
        "without room it is refused, and paged",
        "core.failover_checks",
        "    if not accepted:\n",
        "    if False:\n",
        _FAILOVER + "test_without_room_it_is_refused_and_says_how_much_finds_none",
    ),
    Rule(
        "an overload is accepted by a person alone",
        "core.failover_checks",
        "elif request.automatic and request.accepts_overload:",
        "elif False:",
        _FAILOVER + "test_the_service_never_accepts_an_overload",
    ),
    Rule(
        "an overload goes to those alone that may gain",
        "core.failover_shares",
        "{name: WHOLE for name in kept if name in eligible}",
        "{name: WHOLE for name in kept}",
        _FAILOVER + "test_an_overload_goes_to_those_alone_that_may_gain",
    ),
    Rule(
        "something is always routed: the new shares sum to 100",
        "core.failover_checks",
        'passing("whole", wrong is None,',
        'passing("whole", True,',
        _FAILOVER + "test_something_is_always_routed",
    ),
    Rule(
        "what has no record, or carries nothing, is not left",
        "core.failover",
        "bool(request.lost) and not unnamed and carried > 0",
        "True",
        _FAILOVER + "test_what_is_not_there_or_carries_nothing_cannot_be_left",
    ),
    Rule(
        "the service leaves a CRITICAL provider alone, a person any",
        "core.failover_checks",
        "if states == {State.CRITICAL}:",
        "if True:",
        _FAILOVER + "test_a_person_may_leave_any_provider_and_the_service_a_critical_one_alone",
    ),
    Rule(
        "a freeze never stops a failover",
        "core.failover_checks",
        "if request.kind is Kind.FAILOVER:",
        "if False:",
        _FAILOVER + "test_a_freeze_never_stops_a_failover",
    ),
    Rule(
        "live shares that are old or not known are not changed",
        "core.failover_checks",
        "Result.PASS if fresh else Result.UNKNOWN",
        "Result.PASS",
        _FAILOVER + "test_shares_that_are_not_known_or_make_no_sense_are_not_changed",
    ),
    Rule(
        "live shares that do not sum to 100 are not changed",
        "core.failover_checks",
        '"shares", wrong is None,',
        '"shares", True,',
        _FAILOVER + "test_shares_that_are_not_known_or_make_no_sense_are_not_changed",
    ),
    Rule(
        "while a change is on its way the service waits",
        "core.failover_checks",
        "reading.submission is None,",
        "True,",
        _FAILOVER + "test_a_change_on_its_way_stops_the_service_and_no_person",
    ),
    Rule(
        "a plan that is refused would change nothing",
        "core.failover",
        "after = before if refused else draft.moved.shares",
        "after = draft.moved.shares",
        _FAILOVER + "test_without_room_it_is_refused_and_says_how_much_finds_none",
    ),
    Rule(
        "a word is for exactly what will be submitted",
        "core.plan_essence",
        '"records", "generation", "before", "after", "unplaced")',
        '"before", "after", "unplaced")',
        _FAILOVER + "test_the_digest_is_of_what_will_be_submitted",
    ),
    Rule(
        "a word is for exactly what was asked for, by whom, and what is taken knowingly",
        "core.plan_essence",
        '"accepts_overload", "automatic", "vouched")',
        '"automatic")',
        _FAILOVER + "test_the_digest_is_of_who_asks_for_what_and_what_they_take_knowingly",
    ),
    Rule(
        "a word is for exactly the verdicts that were seen",
        "core.plan_essence",
        'check["result"], ',
        "",
        _FAILOVER + "test_the_digest_is_of_each_rules_verdict",
    ),
    Rule(
        "a word is for the protection level that was seen",
        "core.plan_essence",
        'else said.get("protection")',
        "else None",
        _FAILOVER + "test_the_digest_is_of_the_protection_level_where_a_person_gives_their_word",
    ),
    Rule(
        "a word is for exactly the overload that was seen",
        "core.plan_essence",
        "over if takes or over is None else over > 0",
        "None",
        _FAILOVER + "test_the_digest_is_of_the_overload_that_is_accepted_to_the_percent",
    ),
    Rule(
        "a word is for who is over its cap, and who is short of capacity",
        "core.plan_essence",
        "None if spare is None else spare < 0",
        "None",
        _FAILOVER + "test_the_digest_is_of_who_is_over_its_cap_and_who_is_overloaded",
    ),
    Rule(
        "a figure that decides nothing throws away no word: who types for ever stops reading",
        "core.failover",
        "canonical(what_decides(plan_json(made)))",
        "canonical(plan_json(made))",
        _FAILOVER + "test_a_new_peak_that_decides_nothing_is_no_other_plan",
    ),
    Rule(
        "a plan expires",
        "core.failover",
        "return now >= self.expires_at or ",
        "return ",
        _FAILOVER + "test_a_plan_expires_and_is_none_before_it_was_made",
    ),
    Rule(
        "a plan from before the clock jumped back is none",
        "core.failover",
        "now >= self.expires_at or self.at - now > FUTURE_TOLERANCE",
        "now >= self.expires_at",
        _FAILOVER + "test_a_plan_expires_and_is_none_before_it_was_made",
    ),
    Rule(
        "other records than were seen make another plan",
        "core.failover",
        "if (seen.records, seen.generation, seen.before) != (newer.records, newer.generation, newer.before):",
        "if False:",
        _FAILOVER + "test_what_would_be_another_change_is_another_plan",
    ),
    Rule(
        "other new shares than were seen make another plan",
        "core.failover",
        "if seen.after != newer.after:",
        "if False:",
        _FAILOVER + "test_what_would_be_another_change_is_another_plan",
    ),
    Rule(
        "a rule that became worse makes another plan",
        "core.failover",
        "    return (*found, *(check.sentence for check in worse))",
        "    return tuple(found)",
        _FAILOVER + "test_what_would_be_another_change_is_another_plan",
    ),
    Rule(
        "a larger overload than was accepted makes another plan",
        "core.failover",
        "if newer.unplaced > seen.unplaced:",
        "if False:",
        _FAILOVER + "test_a_larger_overload_than_was_accepted_is_another_plan",
    ),
    Rule(
        "a person's plan is none of the service",
        "core.failover",
        "return why if self.request.automatic else (",
        "return why if True else (",
        _FAILOVER + "test_a_plan_of_a_person_is_none_of_the_service",
    ),
)

FAILBACK = (
    Rule(
        "a failback is never made by the service",
        "core.failover_checks",
        "if request.automatic and request.kind is Kind.FAILBACK:",
        "if False:",
        _FAILBACK + "test_it_is_never_made_by_the_service",
    ),
    Rule(
        "a freeze forbids a failback",
        "core.failover_checks",
        "if fresh and verdict is not None and not verdict.frozen:",
        "if fresh and verdict is not None:",
        _FAILBACK + "test_a_freeze_forbids_it",
    ),
    Rule(
        "a freeze that is not known, or was judged long ago, forbids a failback",
        "core.failover_checks",
        "fresh = verdict is not None and freshness(verdict.at, AT_ONCE, now) is Freshness.FRESH",
        "fresh = verdict is not None",
        _FAILBACK + "test_a_freeze_forbids_it",
    ),
    Rule(
        "an override of a freeze expires, and is for 4 h at most",
        "core.override",
        "self.at <= now < self.expires_at and self.expires_at - self.at <= OVERRIDDEN_AT_MOST",
        "self.at <= now",
        _FAILBACK + "test_a_person_may_override_the_freeze_for_the_traffic",
    ),
    Rule(
        "an override of a freeze is for one object, and for nothing else",
        "core.override",
        "each.object == name and each.holds(now)",
        "each.holds(now)",
        _FAILBACK + "test_an_override_of_another_object_lets_no_failback_through",
    ),
    Rule(
        "what changes a freeze is planned for those alone who may do it",
        "core.freeze_plan",
        'passing("by-whom", decision.allowed,',
        'passing("by-whom", True,',
        _FREEZES + "test_who_may_not_is_refused_and_nothing_would_change",
    ),
    Rule(
        "a confirmation of what changes a freeze is for what was frozen when it was seen",
        "core.freeze_plan",
        '"before": _essence(self.before),',
        '"before": None,',
        _FREEZES + "test_what_would_be_another_change_is_another_plan",
    ),
    Rule(
        "a lockdown ends what is let through",
        "core.freeze_plan",
        "periods=(*facts.periods, everything), overrides=())",
        "periods=(*facts.periods, everything))",
        _FREEZES + "test_a_lockdown_freezes_all_and_ends_what_is_let_through",
    ),
    Rule(
        "only what is there, and not over, is lifted",
        "core.freeze_plan",
        "there = lifted is not None and lifted.period.end > now",
        "there = True",
        _FREEZES + "test_what_is_not_there_or_over_is_not_lifted",
    ),
    Rule(
        "an override is asked for 4 h at most",
        "core.freeze_plan",
        "if not timedelta(0) < hours <= most:",
        "if False:",
        _FREEZES + "test_an_override_is_for_4_h_at_most",
    ),
    Rule(
        "no overload is accepted for a failback",
        "core.failover_checks",
        "elif request.accepts_overload and request.kind is Kind.FAILBACK:",
        "elif False:",
        _FAILBACK + "test_no_overload_is_accepted_for_it",
    ),
    Rule(
        "a failback goes only as far as there is room",
        "core.failover_shares",
        "min(more, max(caps[name] - old[name], 0))",
        "more",
        _FAILBACK + "test_it_comes_back_in_steps_as_far_as_there_is_room",
    ),
    Rule(
        "nothing comes back to who may not gain",
        "core.failover_shares",
        "if name in eligible and name in caps else 0",
        "if name in caps else 0",
        _FAILBACK + "test_nothing_comes_back_to_who_may_not_gain",
    ),
    Rule(
        "within a provider too a share comes back only where it may gain",
        "core.failover_shares",
        "if name not in eligible:",
        "if False:",
        _FAILBACK + "test_within_a_provider_only_where_it_may_gain",
    ),
    Rule(
        "who is UNKNOWN keeps what it has in a failback",
        "core.failover_shares",
        "name: 0 if name in held else -more",
        "name: -more",
        _FAILBACK + "test_who_is_unknown_keeps_what_it_has",
    ),
    Rule(
        "a failback waits for a change that is on its way",
        "core.failover_checks",
        "Stops.AUTOMATIC if rescue else Stops.EVERYBODY",
        "Stops.AUTOMATIC",
        _FAILBACK + "test_it_waits_for_a_change_that_is_on_its_way",
    ),
    Rule(
        "a failback is to shares that fit the live records",
        "core.failover_checks",
        'passing("target", why is None,',
        'passing("target", to is not None and set(to) == set(before),',
        _FAILBACK + "test_what_it_comes_back_to_has_to_fit_the_records",
    ),
)


def _condition(says: str, was: str, without: str, test: str) -> Rule:
    return Rule(f"automatic: {says}", "core.automation", was, without, _AUTOMATION + test)


_ALONE = "test_each_condition_alone_keeps_it_from_acting"
_AGAIN = "test_what_is_asked_for_again_while_the_same_thing_fails"

AUTOMATION = (
    _condition("in mode auto alone", 'passing("mode", facts.mode is Mode.AUTO,', 'passing("mode", True,', _ALONE),
    _condition("in shared mode alone", 'passing("shared", facts.shared,', 'passing("shared", True,', _ALONE),
    _condition("with paging alone", 'passing("paging", facts.paging,', 'passing("paging", True,', _ALONE),
    _condition(
        "not while a person stopped it",
        'passing("running", facts.stopped is None,',
        'passing("running", True,',
        _ALONE,
    ),
    _condition(
        "nothing in mode off",
        "if facts.mode is Mode.OFF or not names:",
        "if not names:",
        "test_off_does_nothing_and_so_does_a_world_in_which_nothing_failed",
    ),
    _condition(
        "for one provider",
        "if len(names) != 1:",
        "if not names:",
        "test_two_that_fail_at_once_are_proposed_and_not_acted_upon",
    ),
    _condition(
        "not while another that carries share fails a round",
        "passing(rule, not others, alone,",
        "passing(rule, True, alone,",
        _ALONE,
    ),
    _condition(
        "three rounds in a row",
        "if _streak(p, now) >= FAILED_ROUNDS_CRITICAL))",
        "if _streak(p, now) >= 2))",
        "test_three_rounds_in_a_row_and_no_fewer",
    ),
    _condition("two vantages at least", "VANTAGES = 2", "VANTAGES = 1", _ALONE),
    _condition(
        "a quorum of all vantages",
        "needed = max(VANTAGES, quorum(len(sights)))",
        "needed = VANTAGES",
        "test_vantages_that_see_no_more_do_not_make_a_minority_a_quorum",
    ),
    _condition(
        "what a vantage does not see any more is no vote",
        "for v in fresh if failed_rounds(sights[v], now)",
        "for v in sights if failed_rounds(sights[v], now)",
        _ALONE,
    ),
    _condition("not while an action changes the traffic, or waits for a person", "facts.busy is None", "True", _ALONE),
    _condition(
        "what a person took back is not proposed again for the same failure",
        "if last.outcome in {None, Outcome.CANCELLED, Outcome.SETTLED}:",
        "if last.outcome is None:",
        _AGAIN,
    ),
    _condition(
        "what came to nothing is not proposed again within a minute",
        "return last.ended_at is None or now - last.ended_at >= ASKS_AGAIN_AFTER",
        "return True",
        _AGAIN,
    ),
    _condition("2 an hour at most", '("an hour", timedelta(hours=1), 2)', '("an hour", timedelta(hours=1), 9)', _ALONE),
    _condition("4 a day at most", '("a day", timedelta(days=1), 4)', '("a day", timedelta(days=1), 9)', _ALONE),
    _condition(
        "not while the journal cannot be read",
        "        if facts.acted is None:\n            yield Check(rule, Result.UNKNOWN,",
        "        if facts.acted is None:\n            yield Check(rule, Result.PASS,",
        _ALONE,
    ),
    _condition(
        "10 min after the last change by anyone, or abort",
        "over = last is None or now - last >= COOLDOWN",
        "over = True",
        _ALONE,
    ),
    _condition(
        "what is dated ahead of the clock counts as now",
        "count = sum(now - at < span for at in facts.acted)",
        "count = sum(now - span < at <= now for at in facts.acted)",
        _ALONE,
    ),
    _condition(
        "in wedding-day mode with timeouts that keep the promise of 30 s",
        'passing("in-time", longest < PROMISE,',
        'passing("in-time", True,',
        _ALONE,
    ),
    _condition(
        "the plan passes every rule",
        "elif plan.refused_automatic:",
        "elif False:",
        _ALONE,
    ),
    _condition(
        "the plan is for exactly what failed",
        "if plan.request.lost != frozenset(Place(name) for name in names):",
        "if False:",
        _ALONE,
    ),
    _condition("the plan is not old", "elif plan.expired(now):", "elif False:", _ALONE),
    _condition(
        "after a countdown of 5 s",
        "COUNTDOWN = timedelta(seconds=5)",
        "COUNTDOWN = timedelta(seconds=0)",
        "test_with_every_condition_met_it_counts_down",
    ),
    _condition(
        "a countdown is for one change alone",
        "return countdown.since if same and ",
        "return countdown.since if ",
        "test_a_countdown_is_for_one_change_alone",
    ),
    _condition(
        "a countdown that was slept through begins anew",
        "<= ran < COUNTDOWN + LATE else None",
        "<= ran else None",
        "test_it_acts_when_the_countdown_is_over",
    ),
    _condition(
        "a countdown from before the clock jumped back begins anew",
        "if same and -FUTURE_TOLERANCE <= ran < ",
        "if same and ran < ",
        "test_a_clock_that_jumped_back_begins_the_countdown_anew",
    ),
    _condition(
        "nothing is proposed where all is bad",
        "facts.plan is not None and _is_for_a_person(facts.plan) else",
        "facts.plan is not None else",
        "test_nothing_is_proposed_where_all_is_bad_and_somebody_is_paged",
    ),
)


def _undo(says: str, was: str, without: str, test: str) -> Rule:
    return Rule(f"undo: {says}", "core.undo", was, without, _UNDO + test)


_KEPT, _HELD = "test_it_is_kept_while_it_did_not_make_things_worse", "test_else_it_is_held_and_somebody_is_paged"

UNDO = (
    _undo("after two rounds that are worse", "ROUNDS = 2", "ROUNDS = 1", _KEPT),
    _undo("in a row", "len(percents) == ROUNDS and max(percents)", "len(percents) == ROUNDS and min(percents)", _KEPT),
    _undo("rounds after the change alone", "if r.at > change.accepted_at)", ")", _KEPT),
    _undo(
        "what is not known is no reason",
        "if change.served is None or None in found or",
        "if change.served is None or",
        _KEPT,
    ),
    _undo(
        "old rounds are no reason",
        ' or freshness(at, AT_ONCE, now) is not Freshness.FRESH:\n        return Check("worse"',
        ':\n        return Check("worse"',
        _KEPT,
    ),
    _undo("once", 'passing("once", not change.final,', 'passing("once", True,', _HELD),
    _undo("not where somebody changed the shares since", 'passing("ours", same,', 'passing("ours", True,', _HELD),
    _undo(
        "not where the live shares are not known", 'Check("ours", Result.UNKNOWN,', 'Check("ours", Result.PASS,', _HELD
    ),
    _undo(
        "every provider that it adds share to is eligible",
        "*(eligible(facts.provider(name), now) for name in gaining),",
        "",
        _HELD,
    ),
    _undo("only where the service may do anything by itself", "*standing(automation),", "", _HELD),
    _undo("to shares that may be live", 'passing("whole", wrong is None,', 'passing("whole", True,', _HELD),
)

BY_HAND = (
    Rule(
        "by hand: what was under way is said as it is known, and never that nothing was where that is not",
        "core.left_under_way",
        "    if copied is None:\n",
        "    if False:\n",
        "core/test_left_under_way.py::test_nothing_under_way_is_said_with_its_age_and_never_where_it_is_not_known",
    ),
    Rule(
        "by hand: what nobody knows to have been made is said to be unknown",
        "core.left_under_way",
        "if last.state is not StepState.DONE and _acts(last):",
        "if False:",
        "core/test_left_under_way.py::test_the_step_it_was_at_and_what_that_means",
    ),
    Rule(
        "by hand: the batch deletes exactly what was read",
        "core.by_hand",
        '[("DELETE", record) for record in weighted] + ',
        "",
        _HAND + "test_route53_is_one_batch_that_deletes_exactly_what_was_read_and_creates_the_new",
    ),
    Rule(
        "by hand: what a shell reads is what was meant",
        "core.by_hand",
        'return shlex.quote(json.dumps(value, separators=(",", ":"), ensure_ascii=True))',
        'return "\'" + json.dumps(value) + "\'"',
        _HAND + "test_route53_keeps_all_else_that_a_record_has",
    ),
    Rule(
        "by hand: shares that may not be live give no command",
        "core.by_hand",
        "wrong = unfit(shares)",
        "wrong = None",
        _HAND + "test_what_cannot_be_used_gives_a_sentence_and_no_command",
    ),
    Rule(
        "by hand: every place gets its new share",
        "core.by_hand",
        "    if missing:\n",
        "    if False:\n",
        _HAND + "test_what_cannot_be_used_gives_a_sentence_and_no_command",
    ),
    Rule(
        "by hand: a look lists what somebody added beside what was read",
        "core.by_hand",
        "--max-items {len(records) + BEYOND}",
        "--max-items {len(weighted)}",
        _HAND + "test_route53_is_one_batch_that_deletes_exactly_what_was_read_and_creates_the_new",
    ),
    Rule(
        "by hand: no key stands on a command line",
        "core.by_hand",
        "--globoff --header @-",
        '--globoff --header \\"X-API-Key: ${KEY_VARIABLE}\\"',
        _HAND + "test_a_shell_gives_curl_the_key_where_no_other_user_sees_it",
    ),
)


def _begun(says: str, was: str, without: str, test: str) -> Rule:
    return Rule(f"at the claim: {says}", "core.failover", was, without, f"core/test_lapsed.py::{test}")


def _by_itself(says: str, was: str, without: str, test: str) -> Rule:
    return Rule(f"by itself: {says}", "actions.automation", was, without, f"actions/test_automation.py::{test}")


_NOT_SUPERSEDED = "core/test_actions.py::test_what_may_still_change_or_made_things_worse_is_not_superseded"
_ENDS = "test_what_a_person_confirmed_ends_where_a_rule_is_broken_by_now"
BEGUN = (
    Rule(
        "at the claim: who only stands still is not taken for dead",
        "core.life",
        "theirs.lock == mine.lock",
        "True",
        "core/test_life.py::test_who_held_my_lock_before_me_is_over",
    ),
    Rule(
        "at the claim: an earlier life never takes over a later one",
        "core.life",
        "theirs.since < mine.since",
        "True",
        "core/test_life.py::test_who_held_my_lock_before_me_is_over",
    ),
    Rule(
        "at the claim: it is planned again before anything is submitted",
        "actions.executor",
        "if part.step.changes and not action.in_effect:",
        "if False:",
        "actions/test_executor.py::test_a_plan_that_no_longer_holds_when_it_is_to_be_begun_ends_refused_and_on_record",
    ),
    Rule(
        "who is no person has a name on record that no user can have",
        "ledger.audit",
        'SERVICE = "the service"',
        'SERVICE = "service"',
        "ledger/test_journal.py::test_a_user_who_is_called_service_is_told_from_who_is_no_person",
    ),
    Rule(
        "once: where nobody compares, what was sent and not seen is neither sent again nor said to have failed",
        "actions.traffic",
        "if self.backend.compares:",
        "if True:",
        "actions/test_executor.py::test_what_may_land_at_any_time_is_not_sent_again_nor_said_to_have_failed",
    ),
    Rule(
        "once automation is stopped nothing begins that no person confirmed, whatever was confirmed before",
        "ledger.journal",
        "            keep_stopped(connection, before, after)\n",
        "",
        "actions/test_executor.py::test_once_automation_is_stopped_nothing_is_sent_that_no_person_confirmed",
    ),
    Rule(
        "once automation is stopped nothing is taken back by itself",
        "ledger.automation",
        "step.undoes or (step.changes and alone)",
        "step.changes and alone",
        "actions/test_executor.py::test_once_automation_is_stopped_nothing_is_taken_back",
    ),
    Rule(
        "at the claim: what cannot be seen is waited for, and not taken for allowed",
        "actions.requests",
        "            raise ProviderUnavailableError(gathered.away, wait_s=gathered.away_s)\n",
        "            return None\n",
        "actions/test_requests.py::test_records_that_cannot_be_seen_are_waited_for_and_foreign_ones_are_not",
    ),
    Rule(
        "at the claim: nobody holds what waits, so that its deadline ends it",
        "actions.executor",
        '        await self._move(action, "wait", wait)\n',
        "",
        "actions/test_executor.py::test_while_the_outside_is_away_it_waits_until_its_deadline_and_is_never_begun_late",
    ),
    Rule(
        "at the claim: what was throttled is tried again by nobody after its deadline",
        "core.actions",
        "        if self.begun:\n            return False\n",
        "        if self.steps:\n            return False\n",
        "actions/test_executor.py::test_a_change_that_is_throttled_until_its_deadline_is_never_sent_late",
    ),
    Rule(
        "at the claim: only what certainly changed nothing is put down",
        "core.actions",
        "    if action.begun:\n",
        "    if False:\n",
        "core/test_actions.py::test_every_move_in_every_state",
    ),
    Rule(
        "a change that nobody saw in sync is on its way, whoever made it",
        "actions.planning",
        'return replace(reading, submission=made.id or f"of generation {made.generation}")',
        "return reading",
        "actions/test_on_its_way.py::test_a_plan_knows_whether_the_change_that_made_the_records_is_in_sync",
    ),
    Rule(
        "a key with other options is that of another request",
        "ledger.journal",
        "return len(options) <= 1",
        "return True",
        "actions/test_requests.py::test_a_key_keeps_its_options_whatever_becomes_of_the_action",
    ),
    Rule(
        "a request that was answered moves nothing again, and is not refused for that",
        "ledger.requests",
        "        return AnsweredBeforeError(known)\n",
        "        return None\n",
        "ledger/test_journal.py::test_a_request_that_was_answered_is_answered_the_same_and_moves_nothing",
    ),
    Rule(
        "the answer is kept with the move that it is of",
        "ledger.journal",
        "            keep_once(connection, by.once, by.instead or became, at)\n",
        "            pass\n",
        "ledger/test_journal.py::test_a_request_that_was_answered_is_answered_the_same_and_moves_nothing",
    ),
    Rule(
        "what stood before a person is on record with their word",
        "ledger.journal",
        "    if move in {CONFIRM, APPROVE, ACT}:\n",
        "    if False:\n",
        "ledger/test_journal.py::test_a_word_is_on_record_with_what_stood_there",
    ),
    Rule(
        "who stood alone, and what another found of that, is on record",
        "ledger.journal",
        '_WORDS_OF_PERSONS = ("confirmed_by", "approved_by", "broke_glass", "reviewed_by", "review")',
        "_WORDS_OF_PERSONS = ()",
        "ledger/test_journal.py::test_a_word_is_on_record_with_what_stood_there",
    ),
    Rule(
        "what was confirmed of a freeze is on record with what stood there",
        "control.freezes",
        "    ledger.record(CONFIRMED, caller.name, said, now)\n",
        "",
        "control/test_freezes.py::TestPlans::test_what_was_confirmed_is_on_record_with_all_that_stood_there",
    ),
    Rule(
        "what may have arrived and is refused the second time is looked at",
        "actions.executor",
        "if changes and any(step.detail.startswith(NOT_MADE) for step in _tries(action, part)):",
        "if False:",
        "actions/test_executor.py::test_a_throttled_retry_of_what_may_have_arrived_is_looked_at_and_not_sent_again",
    ),
    Rule(
        "what came of a step and cannot be compared goes to a person",
        "actions.executor",
        "looked = Looked(Found.UNKNOWABLE, str(error))",
        "raise",
        "actions/test_executor.py::test_records_that_cannot_be_compared_go_to_a_person",
    ),
    _begun(
        "the records are those that were read",
        'return (*newer.refused, "the live records are no longer those of the plan")',
        "pass",
        _ENDS,
    ),
    _begun("nothing stops who asked", "    if newer.refused:\n        return newer.refused\n", "", _ENDS),
    _begun("who gains by it may gain now", "if not may.passed:", "if False:", _ENDS),
    _begun("who gains by it has room now", "elif share > room and not", "elif False and not", _ENDS),
    _begun(
        "the service plans anew what would be divided otherwise",
        "if confirmed.request.automatic and confirmed.after != newer.after:",
        "if False:",
        "test_what_the_service_asked_for_by_itself_is_planned_anew_where_it_would_be_divided_otherwise",
    ),
)
_SEEN = "core/test_customers_seen.py::"
CUSTOMERS = (
    Rule(
        "customers have not moved before the change is in sync and the TTL has passed",
        "core.customers_seen",
        "passed = now >= shift.until",
        "passed = True",
        _SEEN + "test_each_is_waited_for",
    ),
    Rule(
        "customers have not moved while authoritative answers are others than chance explains",
        "core.customers_seen",
        "    if wrong:\n",
        "    if False:\n",
        _SEEN + "test_each_is_waited_for",
    ),
    Rule(
        "customers have not moved while who has nothing left is answered",
        "core.customers_seen",
        "        return part == expected\n",
        "        return True\n",
        _SEEN + "test_who_has_nothing_is_never_named",
    ),
    Rule(
        "customers have not moved while who gains passes no fresh round",
        "core.customers_seen",
        "if passed is None or at is None or at < shift.accepted_at:",
        "if False:",
        _SEEN + "test_each_is_waited_for",
    ),
    Rule(
        "customers have not moved while whoever was left is observed to serve more than may be left",
        "core.customers_seen",
        "if share.part <= most:",
        "if True:",
        _SEEN + "test_each_is_waited_for",
    ),
    Rule(
        "customers are not seen to move by requests from before the change",
        "core.customers_seen",
        "signal.measured_at < shift.accepted_at or ",
        "",
        _SEEN + "test_each_is_waited_for",
    ),
    Rule(
        "customers are not seen to move by requests that are old",
        "core.customers_seen",
        "return signal.value if fresh else None",
        "return signal.value",
        _SEEN + "test_each_is_waited_for",
    ),
    Rule(
        "a share of requests that nobody measures is never good",
        "core.customers_seen",
        'Check(rule, Result.UNKNOWN, f"{name} {NO_SIGNAL}", stops=Stops.NOBODY)',
        'Check(rule, Result.PASS, f"{name} {NO_SIGNAL}", stops=Stops.NOBODY)',
        _SEEN + "test_without_a_signal_it_is_said_to_be_not_observed_and_never_good",
    ),
    Rule(
        "an action that ended gets no other end by what is seen of its customers",
        "core.following",
        "    if action.outcome is not Outcome.VERIFIED:\n",
        "    if False:\n",
        "core/test_following.py::test_only_a_change_that_was_verified_is_followed_and_once",
    ),
    Rule(
        "a look for customers ends, with what was seen, when they were not seen for so long",
        "core.following",
        "return times.until is None or now >= times.until + GIVEN_UP_AFTER",
        "return times.until is None",
        "core/test_following.py::test_it_is_looked_from_the_ttl_on_for_a_while",
    ),
    Rule(
        "customers of a change are looked for no longer once another changed the shares",
        "actions.following",
        "if newest is not None and newest.id != action.id:",
        "if False:",
        "actions/test_following.py::test_a_later_change_ends_it",
    ),
    Rule(
        "customers have not moved where an authoritative answer names no place",
        "actions.following",
        "except (ConflictError, ProviderUnavailableError) as error:",
        "except ProviderUnavailableError as error:",
        "actions/test_following.py::test_answers_that_name_no_place_are_asked_for_and_given_up_as_silence_is",
    ),
)

_SILENCES = "core/alerts/test_silences.py::"
SILENCES = (
    Rule(
        "a silence is over at its end: what fires then is told",
        "core.alerts.silences",
        "return self.since <= now < self.until",
        "return self.since <= now",
        _SILENCES + "test_it_counts_from_its_beginning_until_its_end",
    ),
    Rule(
        "nothing silences everything: a rule or a label is named",
        "core.alerts.silences",
        "if not silence.rules and not silence.where.wanted:",
        "if False:",
        _SILENCES + "test_one_that_may_not_be",
    ),
    Rule(
        "a silence ends within a day, by the clock by which alerts are judged",
        "ledger.silences",
        'return database_now(connection) if connection.dialect.name == "postgresql" else at',
        "return at",
        "ledger/test_silences.py::test_a_server_says_by_which_clock_a_silence_holds",
    ),
    Rule(
        "a silence that a person asks for holds only once it was confirmed",
        "cli.silencing",
        "if not yes and not _confirmed():",
        "if False:",
        "cli/test_silence_confirming.py::test_a_silence_is_stored_once_its_word_was_typed",
    ),
)

_EVALUATION, _HIDING = "core/alerts/test_evaluation.py::", "core/alerts/test_hiding.py::"
_PAGES = "core/alerts/test_pages.py::"
_TELLING, _OUTBOX = "core/alerts/test_telling.py::", "ledger/test_outbox.py::"
_HIDDEN = _HIDING + "test_a_message_is_hidden_by_what_is_as_grave_and_by_what_it_follows_from"
ALERTS = (
    Rule(
        "no single sample fires anything, however short a wedding day makes a rule",
        "core.alerts.evaluation",
        "if self._is_off or memory.samples < FEWEST_SAMPLES or",
        "if self._is_off or",
        _EVALUATION + "test_two_samples_have_to_say_it_however_short_the_duration_becomes",
    ),
    Rule(
        "no single sample ends anything, however short a wedding day makes a rule",
        "core.alerts.evaluation",
        "if memory.samples < FEWEST_SAMPLES or at - memory.since < self._shrunk(clear.duration):",
        "if at - memory.since < self._shrunk(clear.duration):",
        _EVALUATION + "test_two_samples_have_to_say_it_however_short_the_duration_becomes",
    ),
    Rule(
        "what is no number is not known, and never well",
        "core.alerts.judging",
        "    if not math.isfinite(value):\n        return _UNKNOWN\n",
        "",
        _EVALUATION + "test_silence",
    ),
    Rule(
        "a hole in the samples begins the end of an alert anew",
        "core.alerts.evaluation",
        "return memory.quiet() if at - memory.seen > shortest else memory",
        "return memory",
        _EVALUATION + "test_what_was_not_known_while_nobody_judged_begins_the_end_anew",
    ),
    Rule(
        "no message is hidden by what is less grave",
        "core.alerts.hiding",
        "if worse(severity, hides.severity) is hides.severity:",
        "if True:",
        _HIDDEN,
    ),
    Rule(
        "what fires for want of data hides nothing that was measured",
        "core.alerts.hiding",
        "return _Hides(frozenset(Reason) if measured else frozenset({Reason.NO_DATA}), severity, until)",
        "return _Hides(frozenset(Reason), severity, until)",
        _EVALUATION + "test_a_rule_hides_by_what_is_known_of_it",
    ),
    Rule(
        "what began more than an hour after what would hide it is not hidden",
        "core.alerts.hiding",
        "or reason not in hides.reasons or held > hides.until:",
        "or reason not in hides.reasons:",
        _HIDDEN,
    ),
    Rule(
        "the first critical alert of a group never waits",
        "core.alerts.telling",
        "return not paged and any(each.severity is Severity.CRITICAL for each in waiting)",
        "return False",
        _TELLING + "TestGroup::test_its_first_critical_one_never_waits",
    ),
    Rule(
        "the first critical alert of a storm of warnings never waits",
        "core.alerts.telling",
        "return not (grave and self.storm_severity is Severity.WARNING)",
        "return True",
        _TELLING + "TestStorm::test_the_first_critical_one_of_a_storm_of_warnings_never_waits",
    ),
    Rule(
        "nobody is told the end of what they were not told of",
        "ledger.outbox",
        "return (Audience(_told_of(connection, row.episode, channels)),)",
        "return (Audience(tuple(channels)),)",
        _OUTBOX + "test_nobody_is_told_the_end_of_what_nobody_was_told_of",
    ),
    Rule(
        "the next channel is asked where the one before has not accepted within 15 s",
        "core.notify",
        "if called or any(now - each.since < SECOND_AFTER for each in here):",
        "if called or here:",
        "core/test_notify.py::test_the_next_channel_is_used_after_15_s_or_a_refusal",
    ),
    Rule(
        "of one key only the oldest that waits leaves",
        "ledger.outbox",
        ".group_by(_NOTICE.c.key)",
        ".group_by(_NOTICE.c.id)",
        _OUTBOX + "test_of_a_key_only_the_oldest_leaves",
    ),
    Rule(
        "what is newer of an episode is never followed by what was said before it",
        "ledger.outbox",
        "newer=_has_newer(connection, row)",
        "newer=False",
        "ledger/test_outbox_again.py::TestNewer::test_an_acknowledgement_is_not_told_again_behind_the_end",
    ),
    Rule(
        "an acknowledgement lapses while it still fires",
        "core.alerts.acknowledging",
        "if episode is not None and since is not None and now - since >= after:",
        "if False:",
        "core/alerts/test_acknowledging.py::test_it_lapses_after_a_quarter_of_an_hour_and_says_whose_it_was",
    ),
    Rule(
        "a page that names nobody calls who is on call when it is sent",
        "ledger.outbox",
        "if GRAVITY[severity] >= GRAVITY[CALLS_FROM]:",
        "if False:",
        _OUTBOX + "TestReach::test_what_calls_and_names_nobody_calls_who_is_on_call_when_it_is_sent",
    ),
    Rule(
        "a page is told once: it is the first message of its alert",
        "core.alerts.pages",
        "*telling.bundles, *(each for each in _told(state) if not known & {*each.members})",
        "*telling.bundles,",
        _PAGES + "test_a_page_is_its_alerts_first_message",
    ),
    Rule(
        "a refusal that somebody had calls nobody again once that is forgotten",
        "core.alerts.pages",
        "(TOO_OLD if ends else FORGOTTEN_AFTER)",
        "TOO_OLD",
        _PAGES + "test_what_has_no_end_begins_only_while_it_is_remembered_that_somebody_had_it",
    ),
    Rule(
        "no alert tells the end of a page, which may have begun anew",
        "core.alerts.pages",
        "elif notice.event is not Event.RESOLVE:",
        "else:",
        _PAGES + "test_the_end_of_a_page_is_told_by_whoever_paged_and_all_else_by_alerts",
    ),
    Rule(
        "no heartbeat says that all goes on while a page calls nobody",
        "core.heartbeat",
        "return oldest is not None and now - oldest > CALLED_WITHIN",
        "return False",
        "notify/test_heartbeat.py::test_it_is_not_asked_while_nobody_was_called_by_a_page_for_longer_than_two_minutes",
    ),
)

_PRUNING = "ledger/test_pruning.py::"
PRUNING = (
    Rule(
        "pruning the audit chain: a link that is young, or behind a younger one, stays",
        "ledger.pruning",
        "ends = [head_of(connection).number, younger, signed]",
        "ends = [head_of(connection).number, signed]",
        _PRUNING + "test_a_link_behind_a_younger_one_stays",
    ),
    Rule(
        "pruning the audit chain: what was signed last stays",
        "ledger.pruning",
        "signed = connection.execute(select(func.max(_ANCHOR.c.number))).scalar()",
        "signed = None",
        _PRUNING + "test_what_is_young_or_signed_last_stays",
    ),
    Rule(
        "pruning the audit chain: the database removes nothing that no link speaks of",
        "ledger.migrations.versions.ledger_0011",
        "BEFORE DELETE ON audit_link WHEN NOT ({old} AND {said}) ",
        "BEFORE DELETE ON audit_link WHEN NOT ({old}) ",
        _PRUNING + "test_the_database_removes_nothing_that_no_link_speaks_of",
    ),
    Rule(
        "pruning the audit chain: the database removes nothing young",
        "ledger.migrations.versions.ledger_0011",
        "BEFORE DELETE ON audit_link WHEN NOT ({old} AND {said}) ",
        "BEFORE DELETE ON audit_link WHEN NOT ({said}) ",
        _PRUNING + "test_the_database_removes_nothing_young_whatever_a_link_says",
    ),
    Rule(
        "a beginning that is gone has to be said by a link of the chain itself",
        "core.chain",
        "if bad is None and not seen:",
        "if False:",
        _PRUNING + "test_the_link_that_says_so_has_to_be_in_the_chain",
    ),
    Rule(
        "a beginning that is gone was not seven years old where an anchor says so",
        "core.chain",
        "if each.number < last.number and each.at >= said_at - KEPT_AT_LEAST:",
        "if False:",
        _PRUNING + "test_an_anchor_tells_that_younger_links_were_removed_or_others",
    ),
    Rule(
        "a beginning that is gone: no link of years to come is believed",
        "core.chain",
        "said_at = min(cut.said.at, signed)",
        "said_at = cut.said.at",
        _PRUNING + "test_a_link_of_years_to_come_is_no_licence",
    ),
)

SUPERSEDING = (
    Rule(
        "a change is superseded by a failover that a person asked for alone",
        "core.superseding",
        "newer.kind != Kind.FAILOVER or newer.automatic:",
        "False:",
        "core/test_superseding.py::test_only_a_failover_that_a_person_confirmed_supersedes",
    ),
    Rule(
        "a change is superseded by one alone that was planned on the shares that it left",
        "core.superseding",
        "read >= made",
        "read >= 0",
        "core/test_superseding.py::test_a_plan_from_before_the_change_supersedes_nothing",
    ),
    Rule(
        "what may still be changing something is not superseded",
        "core.actions",
        "if not changing or changing[-1].state is not StepState.DONE:",
        "if not changing:",
        _NOT_SUPERSEDED,
    ),
    Rule(
        "what is being taken back is not superseded",
        "core.actions",
        '    if any(step.undoes for step in action.steps):\n        raise IllegalMoveError("it is being taken back")\n',
        "",
        _NOT_SUPERSEDED,
    ),
    Rule(
        "what made things worse is not superseded",
        "core.actions",
        "step.detail.startswith(MADE_WORSE) for step in action.steps",
        "False for step in action.steps",
        _NOT_SUPERSEDED,
    ),
    Rule(
        "only a mere look is broken off, never what changes something",
        "actions.executor",
        "part.make(intended) if _acts(part) else",
        "part.make(intended) if False else",
        "actions/test_superseding.py::test_while_anything_is_being_changed_the_second_waits",
    ),
)
BY_ITSELF = (
    _by_itself(
        "the rules are asked again in the transaction in which it confirms",
        "if again.next is not Next.ACT:",
        "if False:",
        "test_what_comes_between_the_last_look_and_the_confirmation_prevents_it",
    ),
    _by_itself(
        "one passing round ends a countdown",
        "                await self._end_countdown(open_)\n",
        "                pass\n",
        "test_one_passing_round_ends_the_countdown",
    ),
    _by_itself(
        "of several services one alone",
        "if not self._edge.holds():",
        "if False:",
        "test_of_several_only_the_one_that_acts_asks",
    ),
    _by_itself(
        "one proposal for one failure",
        "if since is None and not asks_again(",
        "if since is None and False and not asks_again(",
        "test_what_a_person_took_back_is_not_proposed_again",
    ),
    Rule(
        "undo: the service waits for two rounds of whoever gets traffic",
        "actions.watching",
        "if at is None or at <= last:",
        "if at is None:",
        "actions/test_watching.py::test_one_bad_round_is_no_verdict",
    ),
)

PANEL = (
    Rule(
        "on the panel: what came before it was drawn is thrown away",
        "tui.emergency",
        "return came_late(event) or panel.unseen(event.time)",
        "return came_late(event)",
        _KEYS,
    ),
    Rule(
        "on the panel: what came while the line hung is thrown away",
        "tui.emergency",
        "return came_late(event) or panel.unseen(event.time)",
        "return panel.unseen(event.time)",
        _KEYS,
    ),
    Rule(
        "on the panel: what no widget wanted is looked at again before it does anything",
        "tui.app",
        "if self.emergencies.unheard(event):",
        "if not event.is_forwarded and self.emergencies.unheard(event):",
        "tui/test_emergency.py::test_a_key_that_comes_back_from_the_widgets_is_not_for_a_panel_that_opened_meanwhile",
    ),
    Rule(
        "on the panel: what follows the key that leaves it confirms nothing",
        "tui.panel",
        "return self._left or self._seen_at is None",
        "return self._seen_at is None",
        "tui/test_emergency.py::test_enter_behind_the_key_that_leaves_confirms_nothing",
    ),
    Rule(
        "on the panel: while the line hangs nothing that stands there counts as seen",
        "tui.panel",
        " or (link is not None and link.hangs_for)",
        "",
        "tui/test_emergency.py::test_a_line_that_hangs_while_a_plan_is_made_anew_locks_nobody_out",
    ),
    Rule(
        "on the panel: no page opens over it",
        "tui.app",
        "if self.emergencies.panel is None:",
        "if True:",
        "tui/test_emergency.py::test_no_page_opens_over_a_panel_whatever_asked_for_it",
    ),
    Rule(
        "on the panel: what was typed while something lay over it is thrown away",
        "tui.panel",
        "    self._seen_at = None\n\n    def uncovered(",
        "    pass\n\n    def uncovered(",
        "tui/test_emergency.py::test_what_lies_over_a_panel_has_its_keys_and_what_was_typed_there_confirms_nothing",
    ),
    Rule(
        "on the panel: what was typed for another plan is thrown away",
        "tui.heard",
        "if stays and same:",
        "if stays:",
        _KEYS,
    ),
    Rule(
        "on the panel: Enter alone confirms nothing, the name does",
        "tui.arming",
        "if arming.dangerous and (not arming.target or arming.text != arming.target):",
        "if False:",
        _KEYS,
    ),
    Rule(
        "on the panel: a plan that expired is not confirmed",
        "tui.arming",
        "    if arming.expired(now):\n",
        "    if False:\n",
        _KEYS,
    ),
)


def _word(says: str, was: str, without: str, test: str, file: str = "core/test_actions.py") -> Rule:
    return Rule(f"a word: {says}", "core.confirming", was, without, f"{file}::{test}")


_BOUND = "test_a_confirmation_is_bound_to_person_plan_name_and_time"
_BOTH = "test_with_two_persons_it_is_confirmed_by_the_last_word_whoever_gives_it"
WORDS = (
    _word(
        "of who asked alone",
        "if word.person != action.person and not action.automatic:",
        "if False:",
        _BOUND,
    ),
    _word("for exactly the plan that was shown", "if word.digest != action.digest:", "if False:", _BOUND),
    _word(
        "with the name typed out", "if word.typed != action.target and takes_name(action.kind):", "if False:", _BOUND
    ),
    _word("for a plan that has not expired", "if action.expired(word.at):", "if False:", _BOUND),
    _word(
        "without the second person who is demanded it waits",
        "needs, broke_glass = action.needs, None",
        "needs, broke_glass = frozenset[Demand](), None",
        _BOTH,
    ),
    _word(
        "of a second person alone confirms nothing", "if approved.confirmed_by is None or needs:", "if needs:", _BOTH
    ),
    _word(
        "of a second person is that of another one",
        "return person not in {asked_by, confirmed_by}",
        "return True",
        "test_nobody_is_both_persons",
    ),
    _word(
        "of who approved it does not confirm it too",
        "if word.person == action.approved_by:",
        "if False:",
        "test_nobody_is_both_persons",
    ),
    _word(
        "breaking the glass stands for the second person, and for nothing else",
        "needs - {Demand.SECOND_PERSON}, word.break_glass",
        "frozenset[Demand](), word.break_glass",
        "test_the_glass_stands_for_the_second_person_and_for_nothing_else",
        "core/test_paging.py",
    ),
    _word(
        "nobody reviews what they did alone",
        "if person == action.confirmed_by:",
        "if False:",
        "test_everybody_is_told_of_broken_glass_until_another_person_reviewed_it",
        "core/test_paging.py",
    ),
    Rule(
        "a word: a new plan takes back what was said of the old one",
        "core.actions",
        "        confirmed_by=None,\n        confirmed_at=None,\n"
        "        approved_by=None,\n        approved_at=None,\n",
        "",
        "core/test_actions.py::test_a_new_plan_takes_back_the_word_of_who_waits_for_a_second_person",
    ),
)


def _once(says: str, was: str, without: str, test: str) -> Rule:
    return Rule(f"once: {says}", "core.actions", was, without, f"core/test_actions.py::{test}")


ONCE = (
    Rule(
        "once: what is about to be done is stored before it is done",
        "actions.executor",
        'intended = await self._move(action, f"begin {part.step.name}", begin)',
        "intended = action",
        "actions/test_executor.py::test_what_is_submitted_was_stored_before",
    ),
    _once(
        "what another holds is not taken",
        "if action.held(at, holder):",
        "if False:",
        "test_a_lease_keeps_others_away_until_it_runs_out",
    ),
    _once(
        "who has lost it stores nothing more",
        "if fence != action.fence:",
        "if False:",
        "test_a_lease_keeps_others_away_until_it_runs_out",
    ),
    _once(
        "while it is not known what came of a step, none is begun",
        "    if action.open_step is not None:\n"
        "        raise IllegalMoveError(f'what came of \"{action.open_step.name}\" is not known yet')\n"
        "    if action.cancelled_by is not None",
        "    if action.cancelled_by is not None",
        "test_every_move_in_every_state",
    ),
    _once(
        "a cancelled one begins nothing more but to be undone",
        "if action.cancelled_by is not None and not step.undoes:",
        "if False:",
        "test_a_cancelled_one_that_was_begun_begins_nothing_more_but_may_be_undone",
    ),
    _once(
        "undoing is tried once",
        "if step.undoes and (not action.in_effect or any(each.undoes for each in action.steps)):",
        "if False:",
        "test_undoing_is_tried_once",
    ),
    _once(
        "what was undone changes nothing again",
        "if step.changes and any(each.undoes for each in action.steps):",
        "if False:",
        "test_what_was_not_begun_in_time_is_never_begun",
    ),
    _once(
        "what was confirmed is never claimed late",
        "    if action.expired(at):\n",
        "    if False:\n",
        "test_what_was_not_begun_in_time_is_never_begun",
    ),
    _once(
        "what was claimed is never begun late",
        "if begins and _late(action, at):",
        "if False:",
        "test_what_was_not_begun_in_time_is_never_begun",
    ),
    _once(
        "a word from before the clock went back is worth nothing",
        "return at >= action.deadline or action.confirmed_at - at > FUTURE_TOLERANCE",
        "return at >= action.deadline",
        "test_where_the_clock_went_back_behind_a_word_it_is_worth_nothing",
    ),
    _once(
        "what it changed and is in effect is no failure",
        '    if action.in_effect:\n        raise IllegalMoveError("what it changed is still in effect',
        '    if False:\n        raise IllegalMoveError("what it changed is still in effect',
        "test_undoing_is_tried_once",
    ),
    Rule(
        "once: one action at a time changes the traffic",
        "ledger.journal",
        "ending = self._alone(connection, before, after, at)",
        "ending = ()",
        "ledger/test_journal.py::test_one_action_at_a_time_changes_one_thing",
    ),
    Rule(
        "once: what is refused is on record",
        "ledger.journal",
        'self._record(connection, f"{name} refused", before, at, by=by.person, said=str(error))',
        "pass",
        "ledger/test_journal.py::test_what_is_refused_changes_nothing_and_is_on_record",
    ),
)


def _role(says: str, was: str, without: str, test: str) -> Rule:
    return Rule(f"roles: {says}", "core.roles", was, without, f"core/test_roles.py::{test}")


ROLES = (
    _role(
        "saying what became of a change takes what the change takes",
        "if how is Ending.CANCEL and not made:",
        "if True:",
        "test_stopping_a_change_is_a_rescue_and_saying_what_became_of_it_is_not",
    ),
    _role(
        "nobody does what their role does not reach",
        "if not who.role.reaches(needed):",
        "if False:",
        "test_the_table_is_that_of_the_design",
    ),
    _role(
        "in a freeze nobody deploys, nor where that is not known",
        "if permission is Permission.DEPLOY and frozen is not False:",
        "if permission is Permission.DEPLOY and frozen:",
        "test_nobody_deploys_in_a_freeze_nor_where_that_is_not_known",
    ),
    _role(
        "nobody is her own second person",
        "second.account.uid != who.account.uid and ",
        "",
        "TestDemands::test_a_second_person_is_another_one_who_may_do_it_too",
    ),
    _role(
        "a second person may do it too",
        " and second.role.reaches(needed)",
        "",
        "TestDemands::test_a_second_person_is_another_one_who_may_do_it_too",
    ),
    _role(
        "the glass is broken for a reason alone",
        "        if not broken:\n",
        "        if False:\n",
        "TestDemands::test_breaking_the_glass_needs_a_reason",
    ),
    _role(
        "what is demanded is waited for",
        "    if missing:\n",
        "    if False:\n",
        "TestDemands::test_it_waits_for_what_is_missing",
    ),
    _role(
        "a mapping that is refused gives nobody anything",
        "if mapped.refused is not None:",
        "if False:",
        "TestMapping::test_what_is_refused_gives_nobody_anything",
    ),
    Rule(
        "roles: a file that others may write gives nobody one",
        "control.mapping",
        "if written.mode & _OTHERS_WRITE:",
        "if False:",
        "control/test_mapping.py::test_a_file_that_others_may_write_gives_nobody_a_role",
    ),
)

_COMPARED = "providers/traffic/test_compared.py::"
BACKENDS = (
    Rule(
        "a backend: Route 53 deletes exactly what was read, or changes nothing",
        "providers.traffic.route53",
        """*({"Action": "DELETE", "ResourceRecordSet": record} for record in json.loads(read.records)),
            *({"Action": "CREATE", "ResourceRecordSet": record}""",
        """*({"Action": "UPSERT", "ResourceRecordSet": record}""",
        _COMPARED + "test_route53_deletes_exactly_what_was_read_and_else_nothing",
    ),
    Rule(
        "a backend: PowerDNS is compared with what was read before it is changed",
        "providers.traffic.powerdns",
        "if canonical([*live[0], *live[1]]) != read.records:",
        "if False:",
        _COMPARED + "test_powerdns_replaces_nothing_that_was_changed_since",
    ),
    Rule(
        "a backend: takes no shares that may not be live",
        "providers.traffic.base",
        "if (why := unfit(shares)) is not None:",
        "if (why := None) is not None:",
        _COMPARED + "test_no_backend_is_given_shares_that_may_not_be",
    ),
)


def _deed(says: str, module: str, was: str, without: str, test: str) -> Rule:
    return Rule(f"what is registered: {says}", module, was, without, f"actions/test_registered.py::{test}")


DEEDS = (
    _deed(
        "a freeze stops it unless it rescues",
        "core.deed_plan",
        "result = Result.FAIL if found.frozen else Result.PASS",
        "result = Result.PASS",
        "test_a_freeze_stops_it_unless_it_rescues",
    ),
    _deed(
        "whether it rescues may depend on how its target is",
        "core.deed_plan",
        "if entry.rescue if rescues is None else rescues:",
        "if entry.rescue:",
        "test_a_freeze_stops_it_unless_it_rescues",
    ),
    Rule(
        "what is registered: a confirmation is bound to every word of the sketch",
        "core.deed_plan",
        '            "hurts": self.sketch.hurts,\n            "undo": self.sketch.undo,\n            "change": ',
        '            "change": ',
        "core/test_deed_plan.py::test_a_confirmation_is_bound_to_every_word_that_was_read",
    ),
    Rule(
        "what is registered: a confirmation is bound to what each check found, and whom it stops",
        "core.deed_plan",
        "[[check.rule, check.result.value, check.stops.value] for check in self.checks]",
        "[[check.rule, check.result.value] for check in self.checks]",
        "core/test_deed_plan.py::test_and_to_what_each_check_found_and_whom_it_stops",
    ),
    _deed(
        "what changed since it was seen is not confirmed",
        "actions.deeds",
        "return newer, newer.plan.refused or other",
        "return newer, newer.plan.refused",
        "test_what_changed_since_it_was_seen_is_not_confirmed",
    ),
    _deed(
        "what changed between the word and its first step is not begun",
        "actions.deeds",
        "        if not why:\n            return None\n",
        "        if True:\n            return None\n",
        "test_what_changed_between_the_word_and_its_first_step_is_not_begun",
    ),
    Rule(
        "what is registered: each kind is carried out where it is taken, and nowhere else",
        "ledger.journal",
        "if not takes(before.kind) or before.held(at, holder):",
        "if before.held(at, holder):",
        "actions/test_executor.py::test_a_failover_ends_while_something_else_goes_on_beside",
    ),
    _deed(
        "where one stage suffices it is read first",
        "tui.arming",
        "if arming.one_stage and arming.unread:",
        "if False:",
        "test_what_takes_one_stage_is_not_asked_for_before_it_was_read",
    ),
    Rule(
        "roles: once it is made, whoever may not make it does not end looking at it",
        "actions.requests",
        "if known.in_effect and by.refused_once_made is not None:",
        "if False:",
        "actions/test_requests.py::test_once_it_is_or_may_be_made_whoever_may_not_make_it_does_not_end_looking_at_it",
    ),
    Rule(
        "roles: nor where it is made between the question and the move",
        "actions.requests",
        "if action.in_effect and once_made is not None:",
        "if False:",
        "actions/test_requests.py::test_a_change_that_is_made_between_the_question_and_the_move_counts",
    ),
)

_ASIDE = "ledger/test_standby.py::"
ASIDE = (
    Rule(
        "the emergency path: what was done after the rest was taken in is taken in too",
        "ledger.standby",
        "if not links and not added:",
        "if len(added) < len(held.actions):",
        _ASIDE + "test_what_was_done_after_it_was_taken_in_is_taken_in_too",
    ),
    Rule(
        "the emergency path: an action of another file is another action, whatever its number",
        "ledger.standby",
        'return f"{KIND} {place} {number} {file}"',
        'return f"{KIND} {place} {number} -"',
        _ASIDE + "test_two_outages_within_a_minute_are_both_on_record",
    ),
    Rule(
        "the emergency path: nothing is put away before all of it is on record",
        "ledger.standby",
        "if left := _not_on_record(url, file):",
        "if left := 0:",
        _ASIDE + "test_it_is_put_away_only_once_all_of_it_is_on_record",
    ),
    Rule(
        "the emergency path: while somebody who asks is not answered nothing of it is ended",
        "cli.standby",
        "if self._unanswered:",
        "if False:",
        "actions/test_aside.py::test_what_was_done_is_put_on_record_once_nobody_is_being_answered",
    ),
    Rule(
        "the emergency path: it is closed while the ledger can be used",
        "cli.standby",
        'raise ConflictError("the ledger can be used: ask as ever, `wedtui failover run`")',
        "return",
        "actions/test_aside.py::test_planning_leaves_nothing_behind",
    ),
    Rule(
        "the emergency path: whoever may only look plans nothing on it",
        "control.changes",
        "if body.without_ledger and",
        "if False and",
        "actions/test_aside.py::test_whoever_may_only_look_plans_nothing_without_the_ledger",
    ),
    Rule(
        "by itself nothing is done while something done without the ledger is not on record",
        "actions.automation",
        "busy=record.busy or self._edge.aside(),",
        "busy=record.busy,",
        "actions/test_automation.py::test_while_something_was_done_without_the_ledger_nothing_is_done_by_itself",
    ),
)

_UNHEARD = "control/test_unheard.py::"
_WATCHED, _EXECUTED = "actions/test_watching.py::", "actions/test_executor.py::"
UNSEEN = (
    Rule(
        "the chain: what is refused before anybody decides it is on it",
        "control.guard",
        "if status >= 400 and not slip.on_record",
        "if False and not slip.on_record",
        _UNHEARD + "TestSocket::test_what_cannot_be_read_or_is_not_there_is_on_the_chain",
    ),
    Rule(
        "the chain: what was decided is not on it twice, nor is what only looks",
        "control.guard",
        "and not slip.on_record and acts_on(scope) and",
        "and",
        _UNHEARD + "TestSocket::test_what_only_looks_and_what_was_decided_is_not_counted",
    ),
    Rule(
        "the chain: a flood of refused requests is one link a user and minute",
        "control.unheard",
        "        if tally is not None:\n",
        "        if tally is not None and not self._every_s:\n",
        _UNHEARD + "TestCounting::test_the_first_is_on_record_before_it_is_answered_and_the_others_are_one_link",
    ),
    Rule(
        "the chain: of what somebody sent it has so many excerpts",
        "control.unheard",
        "if len(self.asked) < ASKED_AT_MOST:",
        "if True:",
        _UNHEARD + "TestCounting::test_what_somebody_sent_is_a_bounded_excerpt_without_control_characters",
    ),
    Rule(
        "the chain: and short ones that move no terminal",
        "control.unheard",
        "single_line(refused.asked, _ASKED_IS_AT_MOST)",
        "refused.asked",
        _UNHEARD + "TestCounting::test_what_somebody_sent_is_a_bounded_excerpt_without_control_characters",
    ),
    Rule(
        "the chain: what it cannot take is counted on",
        "control.unheard",
        "self._tallies[peer.uid].put_back(counted)",
        "pass",
        _UNHEARD + "TestCounting::test_what_cannot_be_put_on_record_is_counted_on",
    ),
    Rule(
        "what was made and cannot be looked at is watched all the same",
        "actions.executor",
        "return action.in_effect and not any(_acts(part) for part in rest)",
        "return False",
        _EXECUTED + "test_what_could_not_be_seen_and_made_things_worse_is_undone",
    ),
    Rule(
        "and goes to a person, never to its end, where one look failed",
        "actions.executor",
        "        if missed:\n",
        "        if missed is None:\n",
        _EXECUTED + "test_what_was_made_and_could_not_be_seen_is_watched_and_then_a_person_s",
    ),
    Rule(
        "what a person cancelled is looked at no further",
        "actions.executor",
        "if failed.detail.startswith(LEFT) or failed.detail == NOT_MADE:",
        "if failed.detail == NOT_MADE:",
        _EXECUTED + "test_what_a_person_cancelled_is_looked_at_no_further",
    ),
    Rule(
        "while nameservers do not answer yet it is watched",
        "actions.traffic",
        "if self.glance is not None:",
        "if False:",
        _EXECUTED + "test_what_is_seen_to_be_worse_before_all_nameservers_answer_is_undone_at_once",
    ),
    Rule(
        "one look that failed gives up no change that was accepted",
        "actions.traffic",
        "                if loop.time() >= until:\n                    raise\n",
        "                raise\n",
        _EXECUTED + "test_answers_that_are_not_right_yet_are_asked_for_again_and_meanwhile_it_is_watched",
    ),
    Rule(
        "rounds from before a change is in sync do not say that it is no worse",
        "actions.watching",
        "if len(rounds) - before >= ROUNDS and",
        "if len(rounds) >= ROUNDS and",
        _WATCHED + "test_rounds_from_before_it_is_in_sync_do_not_say_that_it_is_no_worse",
    ),
    Rule(
        "what was served before a change is known for as long as it is looked at",
        "actions.watching",
        "change = self._made.get(action.id)\n",
        "change = None\n",
        _WATCHED + "test_what_was_served_before_is_known_however_long_it_was_looked_at",
    ),
)

RULES = (
    *ROOM,
    *GAINING,
    *FAILOVER,
    *FAILBACK,
    *WORDS,
    *ROLES,
    *ONCE,
    *BEGUN,
    *CUSTOMERS,
    *SILENCES,
    *ALERTS,
    *PRUNING,
    *SUPERSEDING,
    *BACKENDS,
    *AUTOMATION,
    *BY_ITSELF,
    *UNDO,
    *BY_HAND,
    *PANEL,
    *DEEDS,
    *ASIDE,
    *UNSEEN,
)
