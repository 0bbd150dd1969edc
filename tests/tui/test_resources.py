"""Resources on the dashboard: on their provider's screen, and by page; only a page is ever asked for."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from functools import partial

import pytest

from tests.pictures import NOW, TROUBLED, FakeSource, MovableClock, picture, source_of
from tests.tui.driving import cursor, driven, make_app, press, run, screen_text, until
from tests.tui.inventories import AWS, MINUTE, Listing, api, group, known, many, stocked
from wedtui.core.evidence import VendorEvent, VendorEvidence, VendorStatus
from wedtui.core.inventory import InventoryFacts, Order, ResourcePage, ResourceQuery
from wedtui.core.resource import Reach
from wedtui.core.resource_cost import CostEstimate, KnownCost
from wedtui.core.state import State
from wedtui.errors import StoreLockedError
from wedtui.tui.app import WedtuiApp
from wedtui.tui.board import Board, Listed
from wedtui.tui.draw.detail import detail_rows
from wedtui.tui.draw.everything import resources_note
from wedtui.tui.draw.inventory import inventory_rows, kind_subject, resource_facts, resource_rows
from wedtui.tui.plain.inventory import NOTHING, resources
from wedtui.tui.screens.main import MainScreen
from wedtui.tui.screens.resources import PAGE, ResourcesScreen
from wedtui.tui.session import View
from wedtui.tui.spans import Role, plain


def board(**more: object) -> Board:
    made = Board(NOW, picture(TROUBLED, inventory=AWS))
    return replace(made, **more)  # type: ignore[arg-type]


def lines(shown: Board, width: int = 79) -> list[str]:
    return [plain(row.line).rstrip() for row in inventory_rows(shown, "aws", width)]


def test_a_provider_s_kinds_and_askings_with_states_and_ages() -> None:
    assert lines(board())[1:] == [
        " KIND                    COUNT    AGE  STATES",
        " ec2.instance               52     6m  ■ 2 CRITICAL  ? 41 UNKNOWN  ● 9 OK  3 vanished",
        " elb.target-group            5     4s  ● 5 OK",
        "",
        lines(board())[5],
        " REGION            AGE  HOW ASKING WENT",
        " eu-west-1         12s  answered: ec2, elb",
        " eu-west-1         12s  rds: denied, never in full; rds:DescribeDBInstances is",
        "                        not allowed",
        " me-south-1        12s  ec2: region switched off",
        " us-east-1          6m  ec2: UNKNOWN, stale; last answered, in full 6 m 40 s",
        "                        ago",
        " us-east-1         12s  health: not on this plan",
    ]


def test_a_provider_s_screen_says_what_its_vendor_says_in_full() -> None:
    event = VendorEvent("EC2", "eu-west-1", "issue", "AWS_EC2_ISSUE", NOW - MINUTE, NOW, f"calls fail {'x' * 300} end")
    vendor = VendorEvidence(VendorStatus.INCIDENT, "aws health", MINUTE, NOW, (event,), 2)
    first, *others = TROUBLED
    shown = board(picture=picture((replace(first, vendor=vendor), *others)))
    drawn = [plain(row.line).strip() for row in detail_rows(shown, first.name, 79)]
    start = next(n for n, line in enumerate(drawn) if line.startswith("EC2 in eu-west-1: issue since "))
    assert drawn[start - 1].startswith("vendor")
    assert "".join(drawn[start : start + 8]).count("x") == 300, "nothing of it is cut"
    assert "and 2 more, which were not read" in drawn
    assert "2 more" not in "".join(plain(row.line) for row in detail_rows(shown, others[0].name, 79))


def test_a_resource_has_its_cost_with_days_and_age_where_that_is_known() -> None:
    estimate = CostEstimate(73.0, 12, NOW.date())
    bill = KnownCost(estimate, NOW - 3 * 60 * MINUTE, 24 * 60 * MINUTE)
    facts = [plain(row.line).rstrip() for row in resource_facts(board(), known(1, cost=bill), 79)]
    assert " cost         about US$ 73.00 a month" in facts
    assert f" estimated    from 12 whole days up to {NOW:%Y-%m-%d}, read 3 h 00 m ago" in facts
    assert not [row for row in resource_facts(board(), known(1), 79) if "US$" in plain(row.line)]


def test_what_is_not_enabled_is_said_without_an_alarm() -> None:
    asked = api("global", "resource-cost", Reach.NOT_ENABLED, problem="enable it")
    shown = board(picture=picture(TROUBLED, inventory=replace(AWS, apis=(*AWS.apis, asked))))
    rows = {plain(row.line).rstrip(): row for row in inventory_rows(shown, "aws", 79)}
    row = rows[" global            12s  resource-cost: not enabled"]
    assert row.line[-1][1] is Role.MUTED


def test_when_credentials_expire_is_said() -> None:
    first, *rest = AWS.apis
    facts = replace(AWS, apis=(replace(first, asked_at=NOW, credentials_expire_at=NOW + 54 * MINUTE), *rest))
    shown = board(picture=picture(TROUBLED, inventory=facts))
    text = f"credentials expire {NOW + 54 * MINUTE:%Y-%m-%d %H:%M} UTC, in 54 m 00 s"
    assert f" {text}" in lines(shown)
    assert f"{first.provider} {text}." in resources(shown)
    assert not [line for line in (*lines(board()), *resources(board())) if "credentials" in line]


def test_what_lies_in_a_region_that_is_off_is_said_to_be_there_and_is_not_unknown() -> None:
    there = group("ec2.instance", "me-south-1", 4000, CRITICAL=3)
    shown = board(picture=picture(TROUBLED, inventory=replace(AWS, groups=(*AWS.groups, there))))
    line = " ec2.instance               55     6m  ■ 2 CRITICAL  ? 41 UNKNOWN  ● 9 OK  3 switched off  3 vanished"
    assert line in lines(shown, 120)
    said = "aws ec2.instance in me-south-1: switched off by the account, last 3 CRITICAL; listed "
    assert [line for line in resources(shown) if line.startswith(said)]


def test_what_was_stopped_is_counted_beside_what_is_ok() -> None:
    groups = (group("ec2.instance", "eu-west-1", OK=9), group("ec2.instance", "us-east-1", 400, OK=9))
    facts = replace(AWS, groups=tuple(replace(some, stopped=2) for some in groups))
    shown = board(picture=picture(TROUBLED, inventory=facts))
    assert " ec2.instance               22     6m  ? 11 UNKNOWN  ● 9 OK  - 2 stopped" in lines(shown)
    assert "aws ec2.instance in eu-west-1: 9 OK and 2 stopped; listed 12 seconds ago." in resources(shown)


def test_a_stopped_machine_is_drawn_in_no_colour_of_a_state() -> None:
    one = known(1)
    off = replace(one, resource=replace(one.resource, status="stopped", detail="stopped"))
    listed = Listed(ResourceQuery(), ResourcePage((off,), None, 1), NOW)
    row = resource_rows(board(), listed, 79)[-1]
    assert row.line[1] == ("- stopped ", Role.MUTED)


def test_a_list_of_a_provider_that_was_never_read_says_so_and_why() -> None:
    facts = replace(AWS, apis=(api("global", "sts", Reach.NO_CREDENTIALS, problem="no profile"),), groups=())
    shown = board(picture=picture(TROUBLED, inventory=facts))
    rows = resource_rows(shown, Listed(ResourceQuery(), ResourcePage((), None, 0), NOW), 79)
    assert " ".join(plain(row.line).strip() for row in rows) == (
        "nothing was ever read of aws: no credentials, asked 12 s ago: no profile"
    )


def test_what_another_provider_has_does_not_hide_that_one_was_never_read() -> None:
    asked = replace(api("global", "projects", Reach.NO_CREDENTIALS, problem="no profile"), provider="gcp")
    facts = replace(AWS, apis=(*AWS.apis, asked))

    def told(provider: str | None, now: datetime = NOW) -> str:
        shown = board(picture=picture(TROUBLED, inventory=facts), now=now)
        listed = Listed(ResourceQuery(provider=provider), ResourcePage((), None, 0), NOW)
        return " ".join(plain(row.line).strip() for row in resource_rows(shown, listed, 79))

    never = "nothing was ever read of gcp: "
    assert told("gcp") == f"{never}no credentials, asked 12 s ago: no profile"
    assert told("gcp", NOW + MINUTE / 2) == f"{never}UNKNOWN, stale; last no credentials, asked 42 s ago: no profile"
    for provider in ("aws", None):
        assert told(provider).startswith("no resource is known here some may be missing")


def test_of_a_picture_that_nobody_judges_nothing_is_believed() -> None:
    old = lines(board(now=NOW + MINUTE / 2))
    assert " ec2.instance               52     7m  ? 52 UNKNOWN  3 vanished" in old
    assert not [line for line in old if " OK" in line or "answered: " in line]


def test_a_provider_without_an_api_has_no_such_rows() -> None:
    assert inventory_rows(board(), "gcp", 79) == ()


def test_only_a_page_is_asked_for_and_paged_through() -> None:
    async def walk() -> None:
        source = stocked(250)
        app = make_app(source)
        async with driven(app, (120, 40)) as pilot:
            await pilot.press("i")
            await until(pilot, lambda: "1–100 of 250" in screen_text(app))
            assert source.queries[0].limit == PAGE
            assert (source.queries[0].provider, source.queries[0].order) == (None, Order.WORST)
            first = cursor(app)
            await pilot.press("right_square_bracket")
            await until(pilot, lambda: "101–200 of 250" in screen_text(app) and cursor(app))
            assert cursor(app) != first
            await pilot.press("right_square_bracket")
            await until(pilot, lambda: "201–250 of 250" in screen_text(app))
            await pilot.press("right_square_bracket")
            await until(pilot, lambda: "this is the last page" in screen_text(app))
            await pilot.press("left_square_bracket", "left_square_bracket")
            await until(pilot, lambda: "1–100 of 250" in screen_text(app))
            await pilot.press("left_square_bracket")
            await until(pilot, lambda: "this is the first page" in screen_text(app))
            assert app.board.listed is not None
            assert app.board.listed.page is not None
            assert len(app.board.listed.page.rows) == PAGE

    run(walk())


def test_what_vanished_and_the_order_are_one_key_away() -> None:
    async def walk() -> None:
        source = stocked(9)
        app = make_app(source)
        async with driven(app) as pilot:
            await pilot.press("i")
            await until(pilot, lambda: "resources · worst first" in screen_text(app) and "1–9 of 9" in screen_text(app))
            await pilot.press("o")
            await until(pilot, lambda: "resources · by place" in screen_text(app))
            await until(pilot, lambda: source.queries[-1].order is Order.PLACE)
            await pilot.press("v")
            await until(pilot, lambda: "- gone" in screen_text(app))
            assert "GONE" in screen_text(app)
            assert "20m" in screen_text(app)
            await pilot.press("v")
            await until(pilot, lambda: "1–9 of 9" in screen_text(app))

    run(walk())


def test_enter_on_a_kind_lists_it_and_escape_goes_back() -> None:
    async def walk() -> None:
        source = stocked()
        app = make_app(source)
        async with driven(app, (120, 40)) as pilot:
            await press(pilot, "enter")
            await press(pilot, "end")
            assert cursor(app) == "kind elb.target-group"
            await pilot.press("enter")
            await until(pilot, lambda: "providers › aws › elb.target-group · worst first" in screen_text(app))
            # The list is asked for beside the screen: its title may stand there first.
            await until(pilot, lambda: bool(source.queries))
            assert (source.queries[-1].provider, source.queries[-1].kind) == ("aws", "elb.target-group")
            await pilot.press("escape")
            await until(pilot, lambda: cursor(app) == "kind elb.target-group")
            await pilot.press("i")
            await until(pilot, lambda: "providers › aws › resources" in screen_text(app))
            await until(pilot, lambda: source.queries[-1].kind is None)
            assert source.queries[-1].provider == "aws"

    run(walk())


def test_the_same_list_never_lies_twice_on_the_way_back() -> None:
    async def walk() -> None:
        app = make_app(stocked())
        async with driven(app) as pilot:
            await pilot.press("i")
            await until(pilot, lambda: isinstance(app.screen, ResourcesScreen))
            await pilot.press("i", "w")
            await until(pilot, lambda: "what is wrong" in screen_text(app))
            await pilot.press("i")
            await until(pilot, lambda: isinstance(app.screen, ResourcesScreen))
            await pilot.press("escape")
            await until(pilot, lambda: isinstance(app.screen, MainScreen))

    run(walk())


def test_nothing_is_asked_for_once_it_is_left() -> None:
    async def walk() -> None:
        clock, source = MovableClock(), stocked()
        app = make_app(source, clock)
        async with driven(app) as pilot:
            await pilot.press("i")
            await until(pilot, lambda: len(source.queries) == 1)
            clock.advance(4 * MINUTE / 60)
            await until(pilot, lambda: len(source.queries) == 2)
            for key in ("question_mark", "escape", "escape"):
                await pilot.press(key)
                await pilot.pause(0.3)
            asked = len(source.queries)
            for _ in range(3):
                clock.advance(4 * MINUTE / 60)
                await pilot.pause(0.25)
            assert len(source.queries) == asked

    run(walk())


def test_a_cache_that_cannot_be_read_is_said_in_place_of_the_list() -> None:
    async def walk() -> None:
        def refuse(*_: object) -> None:
            raise StoreLockedError("the cache cache.db is locked: wait, or stop that process")

        source = FakeSource(stocked().make, inventory=refuse)  # type: ignore[arg-type]
        app = make_app(source)
        async with driven(app) as pilot:
            await pilot.press("i")
            await until(pilot, lambda: "the cache cache.db is locked" in screen_text(app))

    run(walk())


def _shows(app: WedtuiApp, says: str) -> bool:
    """Whether a sentence stands on the screen, wherever it is wrapped."""
    return says in " ".join(screen_text(app).split())


def test_an_empty_list_says_why_it_may_be_empty() -> None:
    async def walk() -> None:
        accounts = tuple(replace(each, kind="aws") for each in TROUBLED)
        for providers, says in (
            (accounts, "no provider's API was ever asked: `wedtui providers sync` asks"),
            (TROUBLED, "there is no API to ask of any provider: probes and queries alone watch them"),
            ((), "no provider is configured"),
        ):
            app = make_app(source_of(providers))
            async with driven(app) as pilot:
                await pilot.press("i")
                await until(pilot, partial(_shows, app, says))
        app = make_app(stocked(0))
        async with driven(app) as pilot:
            await pilot.press("i")
            await until(pilot, lambda: "some may be missing: 2 of 5 askings" in screen_text(app))

    run(walk())


def copied(app: WedtuiApp) -> str:
    subject = app.seen.subject()
    assert subject is not None
    return subject.text


def test_what_is_under_the_cursor_can_be_copied() -> None:
    async def walk() -> None:
        app = make_app(stocked(), demo=True)
        async with driven(app) as pilot:
            await pilot.press("i")
            await until(pilot, lambda: cursor(app))
            assert copied(app) == (
                "aws ec2.instance rsvp-web-00000 CRITICAL, status running, 1 of 2 status checks passed, "
                "id i-00000000000000000, region eu-west-1, seen 2026-06-20 11:59:53 UTC, production, "
                "DEMO, a made-up world"
            )
        subject = kind_subject(board(), "aws", "ec2.instance")
        assert subject is not None
        assert subject.text == (
            "aws ec2.instance 52 6m ■ 2 CRITICAL ? 41 UNKNOWN ● 9 OK 3 vanished, "
            "listed 2026-06-20 11:53:25 UTC, production"
        )
        assert kind_subject(board(), "aws", "s3.bucket") is None

    run(walk())


def test_enter_shows_one_in_full_and_goes_on_reading_it() -> None:
    async def walk() -> None:
        clock, source = MovableClock(), stocked(9)
        app = make_app(source, clock)
        async with driven(app) as pilot:
            await pilot.press("i")
            await until(pilot, lambda: "1–9 of 9" in screen_text(app))
            await pilot.press("enter")
            await until(pilot, lambda: "resources › aws › rsvp-web-00000 ─" in screen_text(app))
            for words in ("■ CRITICAL   running   seen 12 s ago", "why          1 of 2 status checks", "1 h 30 m ago"):
                assert words in screen_text(app)
            assert copied(app).startswith("aws ec2.instance rsvp-web-00000 CRITICAL, ")
            mended = many(9)
            mended[0] = replace(mended[0], resource=replace(mended[0].resource, state=State.OK, detail=None))
            source.inventory = Listing(mended)
            clock.advance(4 * MINUTE / 60)
            await until(pilot, lambda: "● OK   running" in screen_text(app))
            clock.advance(3 * MINUTE)
            await until(pilot, lambda: "? UNKNOWN   running · last known OK   seen 3 m 16 s ago" in screen_text(app))
            await pilot.press("escape")
            await until(pilot, lambda: "1–9 of 9" in screen_text(app) and cursor(app))

    run(walk())


@pytest.mark.parametrize(
    ("scope", "view"),
    [
        ((None, None), View("resources", (), "x")),
        (("aws", None), View("resources-of", ("aws",), "x")),
        (("aws", "ec2.instance"), View("resources-of-kind", ("aws", "ec2.instance"), "x")),
    ],
)
def test_a_list_comes_back_the_next_time(scope: tuple[str | None, str | None], view: View) -> None:
    async def walk() -> None:
        app = make_app(stocked())
        async with driven(app) as pilot:
            assert app.board.picture is not None
            app.memory.open((view,), "open before")
            await until(pilot, lambda: "of 250" in screen_text(app))
            assert isinstance(app.screen, ResourcesScreen)
            assert app.screen.scope == scope
            assert app.screen.view()[:2] == view[:2]
            gone = View("resources-of", ("nobody",), None)
            app.memory.open((gone,), "open before")
            assert app.hands.sentence == "open before, but gone: nobody"

    run(walk())


def test_the_line_mode_tells_it_in_sentences() -> None:
    assert resources(board(), "aws") == (
        "aws ec2.instance in eu-west-1: 2 CRITICAL, 1 UNKNOWN and 9 OK, 3 vanished; listed 12 seconds ago.",
        "aws ec2.instance in us-east-1: UNKNOWN, last 40 OK; listed 6 minutes 40 seconds ago.",
        "aws elb.target-group in eu-west-1: 5 OK; listed 4 seconds ago.",
        "2 askings answered in full, the oldest 12 seconds old.",
        "Not answered in full, denied: aws rds in eu-west-1, 12 seconds old: rds:DescribeDBInstances is not allowed.",
        "Not answered in full, region switched off: aws ec2 in me-south-1, 12 seconds old.",
        "Not answered in full, UNKNOWN, stale: aws ec2 in us-east-1, 6 minutes 40 seconds old.",
        "Not answered in full, not on this plan: aws health in us-east-1, 12 seconds old.",
    )
    assert resources(board(), "gcp") == (
        "There is no API to ask of gcp: it is of the kind probed, which probes and queries alone watch.",
    )
    accounts = tuple(replace(each, kind="aws") for each in TROUBLED)
    assert resources(Board(NOW, picture(accounts)), "gcp") == (NOTHING,)
    assert resources(board(picture=None)) == ("UNKNOWN at 12:00:05 UTC: nothing has been read yet.",)


def test_on_a_narrow_screen_an_id_stands_where_names_repeat() -> None:
    first, second, other = many(3)
    rows = [replace(each, resource=replace(each.resource, name="rsvp")) for each in (first, second)]
    listed = Listed(query := ResourceQuery("aws"), page=Listing([*rows, other])(query, NOW), at=NOW)
    narrow = [plain(row.line).strip() for row in resource_rows(board(), listed, 79)]
    assert [line for line in narrow if line.startswith("id ")] == [f"id {each.resource.id}" for each in rows]
    wide = [plain(row.line) for row in resource_rows(board(), listed, 120)]
    assert not [line for line in wide if line.strip().startswith("id ")]
    assert all(sum(each.resource.id in line for line in wide) == 1 for each in rows)


def test_the_dashboard_counts_findings_and_does_not_call_them_resources() -> None:
    ill = InventoryFacts(
        (api("eu-west-1", "ec2"),),
        (group("ec2.instance", "eu-west-1", CRITICAL=25), group("rds.db", "eu-west-1", OK=3)),
    )
    board = Board(NOW, picture(inventory=ill))
    assert plain(resources_note(board, "i")).startswith("i: resource findings ■ 1 critical ")
    well = Board(NOW, picture(inventory=replace(ill, groups=(group("ec2.instance", "eu-west-1", OK=9),))))
    assert plain(resources_note(well, "i")).startswith("i: resources  nothing wrong ")
