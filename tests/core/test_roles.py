"""Who may do what: DESIGN's table, word for word, and that nothing but a role ever gives more."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wedtui.core.roles import (
    NEEDED,
    NOTHING,
    Account,
    Answer,
    BrokenGlass,
    Demand,
    Ending,
    Given,
    Mapped,
    Permission,
    Person,
    Role,
    decide,
    permissions,
    person,
    to_end,
)

# What each role may that the one before may not. `silence`, `submit`, `raise-protection` and `lower-protection` are not
# in DESIGN's words: the first is as acknowledging, the second as deploying (and in a freeze, where it waits), the third
# as locking down, the fourth as lifting a freeze.
TABLE = {
    Role.VIEWER: "read",
    Role.ENGINEER: (
        "acknowledge silence submit deploy restart roll-back fail-over scale-up lock-down broadcast stop-automation "
        "raise-protection"
    ),
    Role.MANAGER: "approve scale-down fail-back add-freeze lift-freeze override-freeze lower-protection",
    Role.ADMIN: "edit-providers edit-tokens",
    Role.OWNER: "change-roles resume-automation",
}
ROLES = st.sampled_from(Role)
PERMISSIONS = st.sampled_from(Permission)


def somebody(role: Role, uid: int = 1, name: str = "kay") -> Person:
    return Person(Account(uid, name), role, "a test")


def test_the_table_is_that_of_the_design() -> None:
    may: set[str] = set()
    for role, words in TABLE.items():
        may |= set(words.split())
        assert {each.value for each in permissions(somebody(role))} == may, role
        for permission in Permission:
            decision = decide(somebody(role), permission, frozen=False)
            assert decision.allowed is (permission.value in may), (role, permission)
            assert decision.answer is (Answer.ALLOWED if permission.value in may else Answer.REFUSED)
    assert may == {each.value for each in Permission}
    assert set(NEEDED) == set(Permission)


def test_a_refusal_says_who_what_why_and_whom_to_ask() -> None:
    decision = decide(somebody(Role.ENGINEER), Permission.LIFT_FREEZE)
    assert decision.sentence == ("kay is engineer (a test) and may not lift a freeze: ask one who is manager or more")


@pytest.mark.parametrize(("frozen", "allowed"), [(False, True), (True, False), (None, False)])
def test_nobody_deploys_in_a_freeze_nor_where_that_is_not_known(*, frozen: bool | None, allowed: bool) -> None:
    for role in (Role.ENGINEER, Role.OWNER):
        assert decide(somebody(role), Permission.DEPLOY, frozen=frozen).allowed is allowed
    for rescue in (Permission.FAIL_OVER, Permission.ROLL_BACK, Permission.LOCK_DOWN, Permission.SCALE_UP):
        assert decide(somebody(Role.ENGINEER), rescue, frozen=frozen).allowed


@given(role=ROLES, permission=PERMISSIONS, frozen=st.none() | st.booleans(), glass=st.none() | st.text())
def test_nothing_that_is_brought_stands_for_a_role(
    role: Role, permission: Permission, frozen: bool | None, glass: str | None
) -> None:
    second = somebody(Role.OWNER, uid=2, name="ann")
    brought = Given(second, code=True, break_glass=glass)
    decision = decide(somebody(role), permission, frozen=frozen, demands=tuple(Demand), given=brought)
    if not role.reaches(NEEDED[permission]):
        assert decision.answer is Answer.REFUSED


@given(lower=ROLES, higher=ROLES, permission=PERMISSIONS)
def test_a_higher_role_may_all_that_a_lower_one_may(lower: Role, higher: Role, permission: Permission) -> None:
    if higher.reaches(lower) and decide(somebody(lower), permission, frozen=False).allowed:
        assert decide(somebody(higher), permission, frozen=False).allowed


class TestDemands:
    ACTION = Permission.FAIL_BACK
    BOTH = (Demand.SECOND_PERSON, Demand.ONE_TIME_CODE)

    def test_it_waits_for_what_is_missing(self) -> None:
        decision = decide(somebody(Role.MANAGER), self.ACTION, demands=self.BOTH)
        assert (decision.answer, decision.missing) == (Answer.WAITING, frozenset(self.BOTH))
        assert decision.sentence == "kay may fail back once there is a one-time code and a second person"
        second = Given(somebody(Role.MANAGER, uid=2), code=True)
        assert decide(somebody(Role.MANAGER), self.ACTION, demands=self.BOTH, given=second).allowed

    @pytest.mark.parametrize(
        "second",
        [somebody(Role.OWNER, uid=1, name="kay"), somebody(Role.OWNER, uid=1, name="k"), somebody(Role.ENGINEER, 2)],
    )
    def test_a_second_person_is_another_one_who_may_do_it_too(self, second: Person) -> None:
        decision = decide(
            somebody(Role.MANAGER), self.ACTION, demands=[Demand.SECOND_PERSON], given=Given(second=second)
        )
        assert decision.answer is Answer.WAITING

    def test_breaking_the_glass_stands_for_the_second_person_and_is_flagged(self) -> None:
        glass = Given(break_glass="she is\nasleep")
        decision = decide(somebody(Role.MANAGER), self.ACTION, demands=[Demand.SECOND_PERSON], given=glass)
        assert (decision.allowed, decision.broke_glass) == (True, "she is asleep")
        assert "paged and stays open until reviewed: she is asleep" in decision.sentence
        with_code = decide(somebody(Role.MANAGER), self.ACTION, demands=self.BOTH, given=glass)
        assert (with_code.answer, with_code.missing) == (Answer.WAITING, frozenset({Demand.ONE_TIME_CODE}))

    @pytest.mark.parametrize("reason", ["", " \t\n"])
    def test_breaking_the_glass_needs_a_reason(self, reason: str) -> None:
        decision = decide(
            somebody(Role.OWNER), self.ACTION, demands=[Demand.SECOND_PERSON], given=Given(break_glass=reason)
        )
        assert decision.answer is Answer.REFUSED
        assert "say why it cannot wait" in decision.sentence

    def test_where_no_second_person_is_missing_no_glass_is_broken(self) -> None:
        glass = Given(break_glass="why not")
        assert decide(somebody(Role.MANAGER), self.ACTION, given=glass).broke_glass is None
        second = Given(somebody(Role.MANAGER, uid=2), break_glass="why not")
        demands = [Demand.SECOND_PERSON]
        assert decide(somebody(Role.MANAGER), self.ACTION, demands=demands, given=second).broke_glass is None
        assert NOTHING.break_glass is None

    def test_it_stays_open_until_somebody_else_has_looked(self) -> None:
        assert BrokenGlass(self.ACTION, "kay", "asleep").open
        assert BrokenGlass(self.ACTION, "kay", "asleep", reviewed_by="kay").open
        assert not BrokenGlass(self.ACTION, "kay", "asleep", reviewed_by="ann").open


class TestMapping:
    KAY = Account(1001, "kay", {1001: "kay", 50: "oncall", 51: "leads"})

    @pytest.mark.parametrize(
        ("users", "groups", "role"),
        [
            ({}, {}, Role.VIEWER),
            ({"kay": Role.ADMIN}, {}, Role.ADMIN),
            ({"1001": Role.ADMIN}, {}, Role.ADMIN),
            ({"Kay": Role.ADMIN, "ka": Role.ADMIN, "1": Role.ADMIN, "01002": Role.ADMIN}, {}, Role.VIEWER),
            ({}, {"oncall": Role.ENGINEER, "leads": Role.MANAGER, "others": Role.OWNER}, Role.MANAGER),
            ({}, {"leads": Role.MANAGER, "50": Role.OWNER}, Role.OWNER),
            # What is said of herself counts before what is said of her groups, also where it is less.
            ({"kay": Role.VIEWER}, {"leads": Role.MANAGER}, Role.VIEWER),
        ],
    )
    def test_who_is_what(self, users: dict[str, Role], groups: dict[str, Role], role: Role) -> None:
        assert person(self.KAY, Mapped(users, groups), personal_uid=None).role is role

    def test_nobody_gains_a_role_by_being_named_a_number(self) -> None:
        named = Account(2000, "1001", {2000: "50"})
        mapped = Mapped({"1001": Role.OWNER}, {"50": Role.OWNER})
        assert person(named, mapped, personal_uid=None).role is Role.VIEWER

    def test_what_is_refused_gives_nobody_anything(self) -> None:
        known = person(self.KAY, Mapped({"kay": Role.OWNER}, {}, "others may write it"), personal_uid=None)
        assert (known.role, known.because) == (Role.VIEWER, "others may write it")

    def test_not_even_root_is_more_than_a_viewer_unless_that_is_said(self) -> None:
        assert person(Account(0, "root", {0: "root"}), Mapped(), personal_uid=None).role is Role.VIEWER

    def test_a_personal_service_is_its_user_s(self) -> None:
        mapped = Mapped({"kay": Role.VIEWER, "ann": Role.OWNER})
        assert person(self.KAY, mapped, personal_uid=1001).role is Role.OWNER
        assert person(Account(1002, "ann"), mapped, personal_uid=1001).role is Role.VIEWER


@pytest.mark.parametrize(
    ("permission", "how", "made", "least"),
    [
        (Permission.FAIL_OVER, Ending.CANCEL, False, Role.ENGINEER),
        (Permission.FAIL_OVER, Ending.CANCEL, True, Role.ENGINEER),
        (Permission.FAIL_OVER, Ending.SETTLE, True, Role.ENGINEER),
        (Permission.FAIL_BACK, Ending.CANCEL, False, Role.ENGINEER),
        (Permission.FAIL_BACK, Ending.CANCEL, True, Role.MANAGER),
        (Permission.FAIL_BACK, Ending.SETTLE, False, Role.MANAGER),
        (Permission.FAIL_BACK, Ending.SETTLE, True, Role.MANAGER),
    ],
)
def test_stopping_a_change_is_a_rescue_and_saying_what_became_of_it_is_not(
    permission: Permission, how: Ending, made: bool, least: Role
) -> None:
    needed = to_end(permission, how, made=made)
    for role in Role:
        assert decide(somebody(role), needed).allowed is role.reaches(least)


@given(PERMISSIONS, st.sampled_from(Ending), st.booleans())
def test_ending_an_action_never_takes_more_than_it_takes_to_ask_for_it_or_to_fail_over(
    permission: Permission, how: Ending, made: bool
) -> None:
    assert to_end(permission, how, made=made) in {permission, Permission.FAIL_OVER}
    assert to_end(permission, Ending.SETTLE, made=made) is permission
