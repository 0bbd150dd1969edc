"""Whose credentials they are, and which regions the account has switched on."""

from __future__ import annotations

from typing import ClassVar

from wedtui.providers.aws.calls import Calls, Found
from wedtui.providers.aws.services.base import Pace, Scope, Service


class IdentityCheck(Service):
    """Whether the credentials are good."""

    name: ClassVar[str] = "sts"
    client: ClassVar[str] = "sts"
    scope: ClassVar[Scope] = Scope.HOME
    pace: ClassVar[Pace] = Pace.STATUS

    async def read(self, calls: Calls) -> Found:
        """Ask whose they are."""
        return Found(principal=await calls.account.whose.renewed(calls))


class RegionList(Service):
    """The regions of the account."""

    name: ClassVar[str] = "regions"
    client: ClassVar[str] = "ec2"
    scope: ClassVar[Scope] = Scope.HOME
    pace: ClassVar[Pace] = Pace.INVENTORY

    async def read(self, calls: Calls) -> Found:
        """Read the list now: what was not asked was not answered either."""
        await calls.account.renew_regions(calls)
        return Found(regions_on=await calls.account.regions_on())
