"""What `wedtui doctor` says of the audit chain's key, at the level that it deserves."""

from __future__ import annotations

import pytest

from wedtui.cli.audit_checks import audit_checks
from wedtui.cli.checks import Level
from wedtui.config_audit import AuditSection


@pytest.mark.parametrize(("shared", "level"), [(False, Level.NOTE), (True, Level.WARNING)])
def test_a_chain_that_nobody_signs_is_not_called_well(shared: bool, level: Level) -> None:
    (check,) = audit_checks(AuditSection(), 1000, shared=shared)
    assert check.level is level
    assert "not signed" in check.text
    assert bool(check.remedy) is shared
    assert "nothing else of it was checked" in check.text or shared
