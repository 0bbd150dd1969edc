"""Who may do what: the one function that decides, for socket, dashboard, executor and gate alike.

A person is who the kernel says; what she may do follows from her role, and that from the configuration. Whether it is
frozen is `freeze`'s to say, and told to the decision where it depends on that.
Source: DESIGN, "Roles".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from wedtui.core.text import single_line


class Role(StrEnum):
    """What a person is, each more than the one before."""

    VIEWER = "viewer"
    ENGINEER = "engineer"
    MANAGER = "manager"
    ADMIN = "admin"
    OWNER = "owner"

    @property
    def rank(self) -> int:
        """How high it stands; 0 is the lowest."""
        return tuple(Role).index(self)

    def reaches(self, other: Role) -> bool:
        """Whether it may do everything that `other` may."""
        return self.rank >= other.rank


class Permission(StrEnum):
    """What a person may do, or not."""

    READ = "read"
    ACKNOWLEDGE = "acknowledge"
    SILENCE = "silence"
    DEPLOY = "deploy"
    SUBMIT = "submit"
    RESTART = "restart"
    ROLL_BACK = "roll-back"
    FAIL_OVER = "fail-over"
    SCALE_UP = "scale-up"
    LOCK_DOWN = "lock-down"
    BROADCAST = "broadcast"
    STOP_AUTOMATION = "stop-automation"
    RAISE_PROTECTION = "raise-protection"
    APPROVE = "approve"
    SCALE_DOWN = "scale-down"
    FAIL_BACK = "fail-back"
    ADD_FREEZE = "add-freeze"
    LIFT_FREEZE = "lift-freeze"
    OVERRIDE_FREEZE = "override-freeze"
    LOWER_PROTECTION = "lower-protection"
    EDIT_PROVIDERS = "edit-providers"
    EDIT_TOKENS = "edit-tokens"
    CHANGE_ROLES = "change-roles"
    RESUME_AUTOMATION = "resume-automation"


NEEDED: Mapping[Permission, Role] = {
    Permission.READ: Role.VIEWER,
    Permission.ACKNOWLEDGE: Role.ENGINEER,
    # As acknowledging, ahead of time: it hides messages and no row, says what it hides, and ends within a day.
    Permission.SILENCE: Role.ENGINEER,
    Permission.DEPLOY: Role.ENGINEER,
    # What is submitted waits for whatever is frozen: whether it starts is asked when it would.
    Permission.SUBMIT: Role.ENGINEER,
    Permission.RESTART: Role.ENGINEER,
    Permission.ROLL_BACK: Role.ENGINEER,
    Permission.FAIL_OVER: Role.ENGINEER,
    Permission.SCALE_UP: Role.ENGINEER,
    Permission.LOCK_DOWN: Role.ENGINEER,
    Permission.BROADCAST: Role.ENGINEER,
    Permission.STOP_AUTOMATION: Role.ENGINEER,
    # As locking down: more care at once, and it ends by itself.
    Permission.RAISE_PROTECTION: Role.ENGINEER,
    Permission.APPROVE: Role.MANAGER,
    Permission.SCALE_DOWN: Role.MANAGER,
    Permission.FAIL_BACK: Role.MANAGER,
    Permission.ADD_FREEZE: Role.MANAGER,
    Permission.LIFT_FREEZE: Role.MANAGER,
    Permission.OVERRIDE_FREEZE: Role.MANAGER,
    # As lifting a freeze: less care, against what another person asked for.
    Permission.LOWER_PROTECTION: Role.MANAGER,
    Permission.EDIT_PROVIDERS: Role.ADMIN,
    Permission.EDIT_TOKENS: Role.ADMIN,
    Permission.CHANGE_ROLES: Role.OWNER,
    Permission.RESUME_AUTOMATION: Role.OWNER,
}
"""The least role for each; DESIGN's table."""

_WORDS: Mapping[Permission, str] = {
    Permission.READ: "look",
    Permission.ACKNOWLEDGE: "acknowledge",
    Permission.SILENCE: "silence alerts",
    Permission.DEPLOY: "deploy",
    Permission.SUBMIT: "submit releases",
    Permission.RESTART: "restart",
    Permission.ROLL_BACK: "roll back",
    Permission.FAIL_OVER: "fail over",
    Permission.SCALE_UP: "scale up",
    Permission.LOCK_DOWN: "lock down",
    Permission.BROADCAST: "broadcast",
    Permission.STOP_AUTOMATION: "stop automation",
    Permission.RAISE_PROTECTION: "raise protection",
    Permission.APPROVE: "approve",
    Permission.SCALE_DOWN: "scale down",
    Permission.FAIL_BACK: "fail back",
    Permission.ADD_FREEZE: "add a freeze",
    Permission.LIFT_FREEZE: "lift a freeze",
    Permission.OVERRIDE_FREEZE: "override a freeze",
    Permission.LOWER_PROTECTION: "lower protection",
    Permission.EDIT_PROVIDERS: "edit providers",
    Permission.EDIT_TOKENS: "edit tokens",
    Permission.CHANGE_ROLES: "change roles",
    Permission.RESUME_AUTOMATION: "resume automation",
}


class Demand(StrEnum):
    """What can be demanded of an action beside a role."""

    SECOND_PERSON = "second-person"
    """Another person who may do it too."""
    ONE_TIME_CODE = "one-time-code"


class Answer(StrEnum):
    """What a decision comes to."""

    ALLOWED = "allowed"
    WAITING = "waiting"
    """The role suffices, and something that is demanded is missing yet."""
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Account:
    """A user of the operating system, as the kernel and its directory of users name her."""

    uid: int
    name: str
    """`uid 4711` where the system has no name for the number."""
    groups: Mapping[int, str] = field(default_factory=dict)
    """Number -> name, the number itself where it has none."""


@dataclass(frozen=True, slots=True)
class Reach:
    """For which services and environments somebody may ask; none named means all."""

    services: tuple[str, ...] = ()
    environments: tuple[str, ...] = ()

    def holds(self, service: str, environment: str) -> bool:
        """Whether a service in an environment is among them."""
        return (not self.services or service in self.services) and (
            not self.environments or environment in self.environments
        )


EVERYWHERE = Reach()


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who asks, and what she is."""

    account: Account
    role: Role
    because: str
    """Why she has that role, in a few words."""
    reach: Reach = EVERYWHERE
    """For what she may ask; less than everything only of a token."""

    @property
    def on_record(self) -> dict[str, str]:
        """What every link of the audit chain says of her beside her name."""
        return {"role": self.role.value, "role_from": self.because}


@dataclass(frozen=True, slots=True)
class Mapped:
    """What the configuration says of users and groups.

    A key that is a number means that uid or gid and never a name, so that nobody gains anything by being named so.
    """

    users: Mapping[str, Role] = field(default_factory=dict)
    groups: Mapping[str, Role] = field(default_factory=dict)
    refused: str | None = None
    """Why none of it counts, in a sentence; None where it does."""


def person(account: Account, mapped: Mapped, *, personal_uid: int | None) -> Person:
    """Say what a user is: what is said of her, else the highest of what is said of her groups, else a viewer.

    Args:
        account: by the kernel's word.
        mapped: what the configuration says; in personal mode it is not asked.
        personal_uid: in personal mode the service's own user, who is its owner; None in shared mode.
    """
    if personal_uid is not None:
        if account.uid == personal_uid:
            return Person(account, Role.OWNER, "it is this user's own service")
        return Person(account, Role.VIEWER, "it is another user's own service")
    if mapped.refused is not None:
        return Person(account, Role.VIEWER, mapped.refused)
    for key, role in mapped.users.items():
        if _means(key, account.uid, account.name):
            return Person(account, role, f"roles.users.{key}")
    of_groups = [
        (role, f"roles.groups.{key}")
        for key, role in mapped.groups.items()
        if any(_means(key, gid, name) for gid, name in account.groups.items())
    ]
    if not of_groups:
        return Person(account, Role.VIEWER, "no role is configured for this user or any of the groups")
    role, because = max(of_groups, key=lambda pair: pair[0].rank)
    return Person(account, role, because)


def _means(key: str, number: int, name: str) -> bool:
    return int(key) == number if key.isascii() and key.isdigit() else key == name


@dataclass(frozen=True, slots=True)
class Given:
    """What a person brings beside herself."""

    second: Person | None = None
    """Who confirmed it as the second person."""
    code: bool = False
    """Whether a one-time code was given, and found to be right."""
    break_glass: str | None = None
    """Why she acts without the second person; None where she does not ask to."""


NOTHING = Given()


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether somebody may do something, and what has to be said of it."""

    answer: Answer
    permission: Permission
    sentence: str
    missing: frozenset[Demand] = frozenset()
    """What is demanded and not there yet."""
    broke_glass: str | None = None
    """Why she acts without a second person who was demanded: everybody is paged, and it stays open until reviewed."""

    @property
    def allowed(self) -> bool:
        """Whether it may be done now."""
        return self.answer is Answer.ALLOWED


@dataclass(frozen=True, slots=True)
class BrokenGlass:
    """What was done without the second person who was demanded, until somebody else has looked at it."""

    permission: Permission
    by: str
    reason: str
    reviewed_by: str | None = None

    @property
    def open(self) -> bool:
        """Whether it still has to be reviewed: nobody reviews herself."""
        return self.reviewed_by is None or self.reviewed_by == self.by


class Decided(NamedTuple):
    """Who asks for an action, and what was decided of that."""

    person: str
    refused: str | None = None
    """Why they may not; None where they may."""
    needs: frozenset[Demand] = frozenset()
    """What the configuration demands beside the role."""
    who: Person | None = None
    """What they were when it was decided; None where nothing was asked of the configuration."""
    refused_once_made: str | None = None
    """Why they may not once the change of the action was, or may have been, made; None where they may then too."""

    @property
    def on_record(self) -> dict[str, str]:
        """What every link of the audit chain says of them beside their name."""
        return {} if self.who is None else self.who.on_record


def decide(
    who: Person,
    permission: Permission,
    *,
    frozen: bool | None = None,
    demands: Iterable[Demand] = (),
    given: Given = NOTHING,
) -> Decision:
    """Say whether a person may do something.

    Args:
        who: asks.
        permission: what for.
        frozen: whether that is frozen, as `freeze.verdict` says, with overrides; None where it is not known. It counts
            for deployments, which nobody starts in a freeze; the freezes of everything else are `freeze`'s alone.
        demands: what the configuration demands beside the role.
        given: what she brings. Breaking the glass stands for the second person, never for the role or the code.
    """
    words, needed, name = _WORDS[permission], NEEDED[permission], who.account.name
    if not who.role.reaches(needed):
        sentence = f"{name} is {who.role} ({who.because}) and may not {words}: ask one who is {needed} or more"
        return Decision(Answer.REFUSED, permission, sentence)
    if permission is Permission.DEPLOY and frozen is not False:
        why = "it is frozen" if frozen else "whether it is frozen is not known, which means frozen"
        sentence = f"{name} may not deploy now, because {why}: wait for its end, or have a manager override it"
        return Decision(Answer.REFUSED, permission, sentence)
    missing = set(demands)
    if given.code:
        missing.discard(Demand.ONE_TIME_CODE)
    if _is_second(given.second, who, needed):
        missing.discard(Demand.SECOND_PERSON)
    broken: str | None = None
    if given.break_glass is not None and Demand.SECOND_PERSON in missing:
        broken = single_line(given.break_glass)
        if not broken:
            sentence = f"{name} may not {words} without a second person and without a reason: say why it cannot wait"
            return Decision(Answer.REFUSED, permission, sentence)
        missing.discard(Demand.SECOND_PERSON)
    if missing:
        wanted = " and ".join(DEMANDED[demand] for demand in sorted(missing))
        return Decision(Answer.WAITING, permission, f"{name} may {words} once there is {wanted}", frozenset(missing))
    alone = f", alone, which is paged and stays open until reviewed: {broken}" if broken else ""
    return Decision(Answer.ALLOWED, permission, f"{name} is {who.role} and may {words}{alone}", broke_glass=broken)


class Ending(StrEnum):
    """How a person ends an action that another may have asked for."""

    CANCEL = "cancel"
    """No further step of it is begun."""
    SETTLE = "settle"
    """Its end is what that person says of it."""


def to_end(permission: Permission, how: Ending, *, made: bool) -> Permission:
    """Return what it takes to end an action: the one function that answers it.

    To keep a change from being made is a rescue, as stopping automation is, and takes no more than a failover. Whoever
    says what became of a change, or that it is looked at no longer, does as much as who made it.
    Source: DESIGN, "Roles".

    Args:
        permission: what the action itself takes.
        how: what is done.
        made: whether its change was made, or may have been.
    """
    if how is Ending.CANCEL and not made:
        return Permission.FAIL_OVER
    return permission


DEMANDED = {Demand.SECOND_PERSON: "a second person", Demand.ONE_TIME_CODE: "a one-time code"}


def _is_second(second: Person | None, who: Person, needed: Role) -> bool:
    """Whether a second person is another one, and may do it too."""
    return second is not None and second.account.uid != who.account.uid and second.role.reaches(needed)


def permissions(who: Person) -> tuple[Permission, ...]:
    """Return what a person's role suffices for, in the order of the table; a freeze and demands may still stand."""
    return tuple(each for each in Permission if decide(who, each, frozen=False).allowed)
