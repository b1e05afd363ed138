"""Any actions in any order on any names: done, refused or interrupted, no content is ever lost."""

from __future__ import annotations

import collections
import contextlib
import hashlib
import os
import shutil
import tempfile
import time
from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

import dusk.actions.checks
from actions.conftest import Box
from actions.interrupting import killed
from dusk.actions.bin import empty, restore
from dusk.actions.executor import Executor
from dusk.actions.journal import Journal
from dusk.actions.outcome import ItemState
from dusk.actions.record import State
from dusk.actions.recovery import recover
from dusk.actions.undo import NothingToUndo, undo_batch
from dusk.fs import holders
from dusk.rules.finding import Action, ActionOptions

from . import invariants

HOSTILE = (
    b"checkpoint.pt", b"-rf", b"a\nPath=x", b"x" * 255, b"y" * 250, b"\xff\xfe", b"%41", b".trashinfo",
    b"a.trashinfo", b" ", "é".encode(), b"a.zst", b"a.jsonl", b"a.log", b".dusk-x", b"$(touch x)", b"~",
    b"\x1b[31m", b"files", b"info", b"expunged", b"directorysizes", b"2026-01-01", b"pending", b"failed",
)  # fmt: skip
names = st.sampled_from(HOSTILE) | st.binary(min_size=1, max_size=30).map(
    lambda name: name.replace(b"/", b"_").replace(b"\0", b"0")
).filter(lambda name: name not in (b".", b"..") and not name.startswith(b".dusk-"))
"""Of the names that dusk works with, the user has one alone; Hypothesis reads the others in the source."""
directories = st.sampled_from((b".", b"a", b"a/b\n", b"queue/failed", b"\xff"))
# Drawn before what there is to choose from is known: that differs a little from run to run (random endings).
picks = st.lists(st.integers(0, 999), min_size=1, max_size=6)
pick = st.integers(0, 999)
# Forking takes most of the time, and `test_matrix` kills at every call.
seldom = st.just(0) | st.just(0) | st.just(0) | st.just(0) | st.just(0) | st.just(0) | st.integers(1, 80)
"""The call to be killed at; 0 for none."""
LINES = b"".join(b"%d words that repeat and repeat\n" % number for number in range(120))
PLACE = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


class Acting(RuleBasedStateMachine):
    """A user, hostile names, and everything that dusk can do."""

    steps = 0
    """Steps of all runs of this process."""

    def __init__(self) -> None:
        super().__init__()
        self.top = tempfile.mkdtemp(prefix="dusk-machine-", dir=PLACE)
        root = os.path.realpath(os.fsencode(self.top))
        for name, part in (("HOME", "home"), ("DUSK_STATE_DIR", "state"), ("DUSK_CONFIG_DIR", "config")):
            os.environ[name] = os.path.join(os.fsdecode(root), part)
        dusk.actions.checks.hold_report = lambda path, files: holders.HoldReport(holders.Hold.FREE)
        self.box = Box(root)
        self.archive = os.path.join(root, b"archive")
        os.mkdir(self.archive)
        self.expected: collections.Counter[str] = collections.Counter()
        self.originals: set[str] = set()
        """What no act could have made as well: shards of equal files are equal."""
        self.before: dict[tuple[int, bytes], invariants.Facts] = {}
        self.purged: dict[int, collections.Counter[str]] = {}
        self.digests = invariants.Digests()
        self.made = 0

    def teardown(self) -> None:
        self.box.journal.close()
        # What was not read again in between is read again at the end.
        assert self._contents() == collections.Counter(invariants.contents(self.box))
        for directory, _, _ in os.walk(self.top):
            os.chmod(directory, 0o700)
        shutil.rmtree(self.top)

    @initialize()
    def begin(self) -> None:
        os.makedirs(self.box.path(b"queue", b"pending"))
        os.makedirs(self.box.path(b"queue", b"failed"))

    # What a user does beside dusk

    @rule(directory=directories, name=names, size=st.sampled_from((0, 1, 1, 10)), old=st.booleans())
    def create(self, directory: bytes, name: bytes, size: int, old: bool) -> None:
        path = self.box.path(directory, name)
        self.made += 1
        with contextlib.suppress(OSError):
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "xb") as file:
                content = b"%d\n" % self.made + LINES * size
                file.write(content)
                self.originals.add(hashlib.sha256(content).hexdigest())
            if old:
                os.utime(path, ns=(1, 1_500_000_000_000_000_000 + self.made * 86_400 * 10**9))
            self._count()

    @rule(one=pick, directory=directories, name=names)
    def link(self, one: int, directory: bytes, name: bytes) -> None:
        for path in _chosen(self._files(), [one], 1):
            with contextlib.suppress(OSError):
                os.link(path, self.box.path(directory, name))

    @rule(one=pick, name=names)
    def copy(self, one: int, name: bytes) -> None:
        for source in _chosen(self._files(), [one], 1):
            goal = self.box.path(b"copies", name)
            os.makedirs(os.path.dirname(goal), exist_ok=True)
            if not os.path.lexists(goal):
                shutil.copy2(source, goal)
                self._count()

    @rule(name=names, goal=names)
    def symlink(self, name: bytes, goal: bytes) -> None:
        with contextlib.suppress(OSError):
            os.symlink(goal, self.box.path(name))

    @rule(directory=directories, name=names)
    def empty_directory(self, directory: bytes, name: bytes) -> None:
        with contextlib.suppress(OSError):
            os.makedirs(self.box.path(directory, name, b"inside"))

    # What dusk does

    @rule(some=picks, is_stale=st.booleans(), interrupted=seldom)
    def trash(self, some: list[int], is_stale: bool, interrupted: int) -> None:
        self._act(some, Action.TRASH, self._entries(), is_stale=is_stale, interrupted=interrupted)

    @rule(some=picks, form=st.sampled_from(("copy", "tar.zst")), interrupted=seldom)
    def archives(self, some: list[int], form: str, interrupted: int) -> None:
        options = ActionOptions(form=form)
        self._act(
            some, Action.ARCHIVE, self._entries(), options, destination=self.archive,
            interrupted=interrupted, most=1,
        )  # fmt: skip

    @rule(some=picks, interrupted=seldom)
    def compress(self, some: list[int], interrupted: int) -> None:
        self._act(some, Action.COMPRESS, self._files(), interrupted=interrupted, most=2)

    @rule(some=picks)
    def split(self, some: list[int]) -> None:
        self._act(some, Action.SPLIT, self._files(), ActionOptions(lines=100), most=1)

    @rule(some=picks)
    def rotate(self, some: list[int]) -> None:
        self._act(some, Action.ROTATE, self._directories(), ActionOptions(keep_days=1), most=1)

    @rule(some=picks, interrupted=seldom)
    def requeue(self, some: list[int], interrupted: int) -> None:
        items = [path for path in self._files() if b"/queue/failed/" in path]
        self._act(some, Action.REQUEUE, items, interrupted=interrupted)

    @rule(some=picks, interrupted=seldom)
    def dedupe(self, some: list[int], interrupted: int) -> None:
        options = ActionOptions(form="hard-link")
        self._act(some, Action.DEDUPE, self._files(), options, interrupted=interrupted, most=6)

    @rule(some=picks, interrupted=seldom)
    def empty_directories(self, some: list[int], interrupted: int) -> None:
        self._act(some, Action.EMPTY_DIRECTORIES, self._directories(), interrupted=interrupted)

    @rule(some=picks, wanted=st.lists(names.map(os.fsdecode), min_size=1, max_size=3))
    def scaffold(self, some: list[int], wanted: list[str]) -> None:
        self._act(some, Action.SCAFFOLD, [self.box.data], ActionOptions(names=tuple(wanted)), most=1)

    @rule(interrupted=seldom)
    def undo_newest(self, interrupted: int) -> None:
        if interrupted:
            self._interrupt(_undo, interrupted)
        else:
            self._undo(None)

    @rule(some=picks)
    def undo_any(self, some: list[int]) -> None:
        batches = [batch.id for batch in self.box.journal.batches() if batch.is_undoable]
        if batches:
            self._undo(batches[some[0] % len(batches)])

    @rule(some=picks)
    @precondition(lambda self: self.made)
    def restore_from_the_bin(self, some: list[int]) -> None:
        items = self.box.bin()
        if items:
            chosen = [items[number] for number in _chosen(list(range(len(items))), some, 3)]
            self._expect_back({item.record.id for item in chosen if item.record is not None})
            outcome = restore(chosen, journal=self.box.journal)
            assert not [
                one for one in outcome.results if one.state is not ItemState.DONE and not one.sentence
            ]

    @rule(some=picks)
    @precondition(lambda self: self.made > 3)
    def empty_a_part(self, some: list[int]) -> None:
        items = self.box.bin()
        if items:
            chosen = [items[number] for number in _chosen(list(range(len(items))), some, 2)]
            before = self._contents()
            names = {item.path: _names_in(item.path) for item in chosen}
            outcome = empty(chosen, journal=self.box.journal)
            gone = before - self._contents()
            deleted = [result.item for result in outcome.results if result.state is ItemState.DONE]
            for item in deleted:
                if item.record is not None:
                    self.purged[item.record.id] = _owned(names[item.path])
            # Names of one file may lie in two items: no single one of them holds all.
            may_go = _owned([one for item in deleted for one in names[item.path]])
            assert gone <= may_go, (gone, may_go, outcome)
            self.expected = +(self.expected - gone)

    @rule()
    def start_again(self) -> None:
        self.box.journal.close()
        self.box.journal = Journal.open()
        assert not self.box.journal.notices
        assert recover(self.box.journal).sentences == ()

    @invariant()
    def nothing_is_lost(self) -> None:
        Acting.steps += 1
        seen = invariants.listing(self.box.root, without=(b"state", b"config"))
        below = os.path.join(self.box.root, b"archive")
        found = self._contents([one for one in seen if not one[0].startswith(below)])
        missing = self.expected - found
        assert not missing, (missing, self.expected)
        for content in self.originals & set(self.expected):
            assert found[content] == self.expected[content], (content, found[content])
        assert not invariants.trash_problems(self.box, seen)
        assert not invariants.open_records(self.box)
        ours = [
            one
            for one in invariants.residue(self.box, seen)
            if not one.startswith(("b'.dusk-x", "b'.dusk-'"))
        ]
        assert not ours, ours

    # How

    def _act(
        self, some: list[int], action: Action, paths: list[bytes], options: ActionOptions | None = None,
        *, destination: bytes = b"", is_stale: bool = False, interrupted: int = 0, most: int = 4,
    ) -> None:  # fmt: skip
        if not paths:
            return
        chosen = _chosen(paths, some, most)
        facts = {"destination": destination, **({"options": options} if options is not None else {})}
        plan = self.box.review(self.box.plan(*chosen, action=action, **facts)).plan
        if is_stale:
            self._change(chosen[0])
        if interrupted:
            self._interrupt(lambda: Executor(Journal.open(), self.box.protection).run(plan), interrupted)
            return
        shapes = {path: self._shape(path) for path in chosen}
        outcome = self.box.run(plan)
        for result in outcome.results:
            if result.state is ItemState.DONE:
                self.before[outcome.batch or 0, result.path] = shapes[result.path]
            elif result.state is not ItemState.SKIPPED:
                assert result.sentence.rstrip().endswith((".", "?")), result
        if is_stale and action is Action.TRASH:
            assert outcome.results[0].state is not ItemState.DONE, outcome

    def _undo(self, batch: int | None) -> None:
        records = {
            record.source: record.id
            for found in self.box.journal.batches()
            if batch in (None, found.id)
            for record in self.box.journal.records(found.id)
            if record.state is State.PURGED
        }
        try:
            outcome = undo_batch(self.box.journal, batch)
        except NothingToUndo:
            return
        done = [result for result in outcome.results if result.state is ItemState.DONE]
        self._expect_back(
            {
                record.id
                for record in self.box.journal.records(outcome.batch)
                if record.state is State.UNDONE and record.id in records.values()
            }
        )
        for result in outcome.results:
            assert result.state is ItemState.DONE or result.sentence, result
        for result in done:
            before = self.before.pop((outcome.batch, result.path), None)
            if before is not None and result.action in (Action.TRASH, Action.COMPRESS, Action.SPLIT):
                assert self._shape(result.path) == before, (result, before)

    def _expect_back(self, records: set[int]) -> None:
        """Expect what was purged and is brought back from what had been made of it."""
        for number in records:
            back = self.purged.pop(number, collections.Counter())
            found = self._contents()
            for content, count in back.items():
                self.expected[content] = min(self.expected[content] + count, found[content])

    def _interrupt(self, work, at: int) -> None:
        self.box.journal.close()
        killed(work, at, bool(at % 2))
        self.box.journal = Journal.open()
        recover(self.box.journal)
        assert recover(self.box.journal).sentences == ()

    def _change(self, path: bytes) -> None:
        if os.path.islink(path) or not os.path.isfile(path):
            os.utime(path, ns=(1, time.time_ns()), follow_symlinks=False)
            if os.path.isdir(path):
                with open(os.path.join(path, b"appeared %d" % self.made), "xb") as file:
                    self.made += 1
                    file.write(b"%d appeared" % self.made)
        else:
            if os.lstat(path).st_nlink > 1:
                self.before.clear()  # whatever went with another name of the file comes back changed as well
            with open(path, "ab") as file:
                file.write(b"!")
        self._count()

    def _contents(self, seen: invariants.Listing | None = None) -> collections.Counter[str]:
        return collections.Counter(invariants.contents(self.box, seen, self.digests))

    def _count(self) -> None:
        """Take in what the user has now: this is what must stay."""
        self.expected = self._contents()

    def _shape(self, path: bytes) -> object:
        """Return what undo must give back of one entry and all below it, link counts apart."""
        if os.path.isdir(path) and not os.path.islink(path):
            return {
                name: (*fact[:4], fact[7] if not str(fact[0]).startswith("d") else None)
                for name, fact in invariants.facts(path).items()
            }
        status = os.lstat(path)
        content = b""
        if os.path.isfile(path) and not os.path.islink(path):
            with open(path, "rb") as file:
                content = file.read()
        return (status.st_mode, status.st_uid, status.st_gid, status.st_mtime_ns, content)

    def _entries(self) -> list[bytes]:
        return sorted(
            os.path.join(directory, name)
            for directory, names, files in os.walk(self.box.data)
            for name in names + files
        )

    def _files(self) -> list[bytes]:
        return [path for path in self._entries() if os.path.isfile(path) and not os.path.islink(path)]

    def _directories(self) -> list[bytes]:
        return [path for path in self._entries() if os.path.isdir(path) and not os.path.islink(path)]


def _chosen(among: list[Any], numbers: list[int], most: int) -> list[Any]:
    """Return some of a list by numbers that were drawn without knowing it."""
    return list(dict.fromkeys(among[number % len(among)] for number in numbers[:most])) if among else []


def _names_in(item: bytes) -> list[tuple[int, int, str]]:
    """Return inode, links and digest of content for every name of a file at and below a path."""
    paths = [item]
    for directory, _, files in os.walk(item):
        paths += [os.path.join(directory, name) for name in files]
    found = []
    for path in paths:
        if os.path.isfile(path) and not os.path.islink(path):
            status = os.lstat(path)
            with open(path, "rb") as file:
                found.append((status.st_ino, status.st_nlink, hashlib.sha256(file.read()).hexdigest()))
    return found


def _owned(names: Sequence[tuple[int, int, str]]) -> collections.Counter[str]:
    """Return the contents that go when these names are deleted: of inodes that have no other."""
    found = collections.Counter(names)
    return collections.Counter(text for (_, links, text), count in found.items() if count == links)


def _undo() -> None:
    with contextlib.suppress(NothingToUndo):
        undo_batch(Journal.open())
