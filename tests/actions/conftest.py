"""A box of its own for every test: home, state and trash below tmp_path, on one filesystem."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace

import pytest

from dusk.actions.bin import TrashItem, list_bin
from dusk.actions.executor import Executor
from dusk.actions.journal import Journal
from dusk.actions.outcome import Outcome
from dusk.actions.review import Reviewed, review_plan
from dusk.fs.identity import Identity
from dusk.fs.protected import Protection
from dusk.plan.plan import Plan
from dusk.plan.step import Step, Target
from dusk.rules.finding import Action
from dusk.rules.safety import Safety


class Box:
    """Paths and the whole way from a path to an outcome."""

    def __init__(self, root: bytes) -> None:
        self.root = root
        self.home = os.path.join(root, b"home")
        self.data = os.path.join(root, b"data")
        self.trash = os.path.join(self.home, b".local/share/Trash")
        os.makedirs(self.home)
        os.makedirs(self.data)
        self.journal = Journal.open()
        self.protection = Protection.load()

    def path(self, *names: bytes) -> bytes:
        return os.path.join(self.data, *names)

    def file(self, *names: bytes, content: bytes = b"content") -> bytes:
        path = self.path(*names)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(content)
        return path

    def target(self, path: bytes, **facts: object) -> Target:
        status = os.lstat(path)
        target = Target(
            path=path,
            identity=Identity.from_stat(status),
            apparent_size=status.st_size,
            disk_size=status.st_blocks * 512,
            entries=1,
            safety=Safety.SAFE,
            title="things",
        )
        return replace(target, **facts)

    def plan(self, *paths: bytes, action: Action = Action.TRASH, **facts: object) -> Plan:
        return Plan((Step("one", action, tuple(self.target(path) for path in paths), **facts),))

    def review(self, plan: Plan, **options: object) -> Reviewed:
        return review_plan(plan, self.protection, trashes=self.journal.places(), **options)

    def run(self, plan: Plan, **options: object) -> Outcome:
        return Executor(self.journal, self.protection).run(plan, **options)

    def trash_all(self, *paths: bytes) -> Outcome:
        return self.run(self.review(self.plan(*paths)).plan)

    def bin(self, below: bytes | None = None) -> list[TrashItem]:
        """Return what the bin lists below the box: a test never sees the user's own trash."""
        where = self.root if below is None else below
        return [item for item in list_bin(self.journal) if item.trash.startswith(where + b"/")]

    def archive_all(self, *paths: bytes, to: bytes) -> Outcome:
        return self.run(self.review(self.plan(*paths, action=Action.ARCHIVE, destination=to)).plan)


@pytest.fixture
def box(tmp_path: object, monkeypatch: pytest.MonkeyPatch) -> Iterator[Box]:
    root = os.path.realpath(os.fsencode(str(tmp_path)))
    monkeypatch.setenv("HOME", os.fsdecode(os.path.join(root, b"home")))
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    monkeypatch.setenv("DUSK_STATE_DIR", os.fsdecode(os.path.join(root, b"state")))
    monkeypatch.setenv("DUSK_CONFIG_DIR", os.fsdecode(os.path.join(root, b"config")))
    made = Box(root)
    yield made
    made.journal.close()
