"""The action of the journal that carries a release out: what it submits, and how its steps are called.

Source: DESIGN, "Deployments" and law 6 ("Once").
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

from wedtui.core.actions import Action, ActionState
from wedtui.core.chain import canonical
from wedtui.core.deployments.carried import IN_PLACE, PREPARE, RELEASE
from wedtui.core.deployments.release import Release

MIGRATE, START, VERIFY, TAKE_BACK = "migrate", "start", "verify", "roll back"
STEPS = (PREPARE, MIGRATE, START, IN_PLACE, VERIFY)
"""In their order; `migrate` where the template names a migration."""
BEGUN_WITHIN = timedelta(seconds=60)
"""So long after it was started a release may be begun outside, and never later."""


def resource_of(release: Release) -> str:
    """Return what a release changes: only one action at a time works on that."""
    return f"{release.environment}/{release.service}"


def key_of(release: Release) -> str:
    """Return the key of its action: a release is carried out once."""
    return f"release {release.id}"


def action_for(release: Release, by: str, why: str, at: datetime) -> Action:
    """Return the action that carries a release out, confirmed by the service itself.

    Args:
        release: as it is when it starts, with the version that is in place.
        by: the service.
        why: by what it may start.
        at: the instant of the transaction that starts it.
    """
    says = f"{release.service} {release.version} is released in {release.environment}"
    change = {
        "release": release.id,
        "mark": f"{int(at.timestamp()):x}",
        "service": release.service,
        "environment": release.environment,
        "version": release.version,
        "previous": release.previous,
        "template": release.template,
        "within_s": release.within.total_seconds(),
        "soak_s": release.soak.total_seconds(),
        "migration": None if release.migration is None else release.migration.name,
    }
    plan = canonical({"plan": {"kind": RELEASE, "target": release.service, "says": says}, "change": change})
    return Action(
        RELEASE,
        release.service,
        resource_of(release),
        by,
        f"{says}: {why}",
        at,
        state=ActionState.CONFIRMED,
        plan=plan,
        digest=hashlib.sha256(plan.encode()).hexdigest(),
        confirmed_by=by,
        confirmed_at=at,
        deadline=at + BEGUN_WITHIN,
        automatic=True,
    )
