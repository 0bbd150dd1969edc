"""Every safety rule of a change of shares: what holds it, and the test that fails when it is removed.

`python -m tests.safety` removes one rule at a time, in the memory of a process of its own, and runs the one test that
is named beside it; it prints what became of each as JSON. `tests/core/test_safety.py` asks for that, and compares the
table in `docs/safety.md`. A further rule is one more row here.
"""

from __future__ import annotations

import ast
import importlib.machinery
import json
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import CodeType
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
SURVIVED, NOTICED = 0, 1
"""Exit codes of pytest: every test passed, a test failed. Any other means that no test was run."""


_ARGUMENTS = ("--noconftest", "-x", "--tb=no", "-p", "no:cacheprovider")


class Rule(NamedTuple):
    """One rule."""

    says: str
    module: str
    """`core.shares`, beneath wedtui."""
    was: str
    """Text of that module, of which there is one."""
    without: str
    """The same without the rule."""
    test: str
    """`core/test_shares.py::test_...`, beneath tests/."""

    @property
    def name(self) -> str:
        """The module's full name."""
        return f"wedtui.{self.module}"

    @property
    def file(self) -> Path:
        """Where the module is."""
        return ROOT / f"{self.name.replace('.', '/')}.py"

    @property
    def held_by(self) -> str:
        """The function, or the figure, that the text belongs to: `core.shares.cap`."""
        source = self.file.read_text(encoding="utf-8")
        at = source.index(self.was) + len(self.was) - len(self.was.lstrip())
        return ".".join([self.module, *_enclosing(ast.parse(source), source[:at].count("\n") + 1)])


def _enclosing(parent: ast.Module | ast.ClassDef, line: int) -> Iterator[str]:
    for node in parent.body:
        if node.lineno <= line <= (node.end_lineno or node.lineno):
            if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                yield node.name
            elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                yield node.targets[0].id
            if isinstance(node, ast.ClassDef):
                yield from _enclosing(node, line)


class _Without(importlib.machinery.SourceFileLoader):
    """Loads a module without a rule."""

    def __init__(self, rule: Rule) -> None:
        super().__init__(rule.name, str(rule.file))
        self._rule = rule

    def get_code(self, fullname: str) -> CodeType:
        source = self._rule.file.read_text(encoding="utf-8")
        if source.count(self._rule.was) != 1:
            raise ImportError(f"{self._rule.file} does not have once what the rule is: {self._rule.was}")
        return compile(source.replace(self._rule.was, self._rule.without), self.path, "exec")


def _remove(rule: Rule) -> None:
    """Have the module loaded without the rule, whoever loads it: revisions of a store are not imported by a name."""
    usual = importlib.machinery.SourceFileLoader.get_code

    def get_code(loader: importlib.machinery.SourceFileLoader, fullname: str) -> CodeType | None:
        return _Without(rule).get_code(fullname) if Path(loader.path) == rule.file else usual(loader, fullname)

    importlib.machinery.SourceFileLoader.get_code = get_code  # type: ignore[assignment, method-assign]


def _run(rule: Rule | None, tests: Sequence[str]) -> int:
    """Run tests without a rule, in a process that is this one's child; return its id."""
    child = os.fork()
    if child:
        return child
    import pytest  # loaded by the parent already

    code = 3
    try:
        if rule is not None:
            _remove(rule)
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 1)
        os.dup2(nowhere, 2)
        code = pytest.main([*_ARGUMENTS, *(f"tests/{test}" for test in tests)])
    finally:
        os._exit(int(code))


def examine(rules: Sequence[Rule]) -> dict[str, int]:
    """Return the exit code of each rule's test without that rule, and of all those tests with every rule (``)."""
    import hypothesis  # noqa: F401  loaded once, for every child
    import pytest  # noqa: F401

    assert not any(name.startswith("wedtui") for name in sys.modules), "a child has to load these itself"
    waiting: list[Rule | None] = [None, *rules]
    running: dict[int, str] = {}
    found: dict[str, int] = {}
    while waiting or running:
        while waiting and len(running) < (os.cpu_count() or 1):
            rule = waiting.pop(0)
            tests = sorted({r.test for r in rules}) if rule is None else [rule.test]
            running[_run(rule, tests)] = "" if rule is None else rule.says
        child, status = os.wait()
        found[running.pop(child)] = os.waitstatus_to_exitcode(status)
    return found


def table(rules: Sequence[Rule]) -> str:
    """Return the table of `docs/safety.md`."""
    rows = [f"| {rule.says} | `{rule.held_by}` | `{rule.test}` |" for rule in rules]
    return "\n".join(["| rule | held by | fails without it |", "|---|---|---|", *rows])


if __name__ == "__main__":
    from tests.safety_rules import RULES

    os.chdir(ROOT)
    # None of them is needed, and each child would load them all.
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    print(json.dumps(examine(RULES)))
