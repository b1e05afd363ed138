"""What lands in the trash is exactly what was reviewed, under a name that nobody has, and nothing is lost."""

from __future__ import annotations

import os
import subprocess
import sys
from urllib.parse import quote

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dusk.actions import trash, trashinfo
from dusk.actions.bin import restore
from dusk.actions.executor import Executor
from dusk.actions.journal import Journal
from dusk.actions.outcome import ItemState
from dusk.actions.record import State
from dusk.actions.undo import undo_batch
from dusk.fs.protected import Protection

ODD_NAMES = [
    b"plain",
    b"two words",
    b"%41",
    b"-rf",
    b"\n\x1b[31m\x07",
    b"\xff\xfe\x80",
    "\u202egnp.exe".encode(),
    b"a" * 245,
    b"b" * 246,
    b"c" * 255,
    ("ä" * 127).encode(),
    b"x.trashinfo",
    b"[bold]",
    b"...",
    b" ",
]


def read(path: bytes) -> bytes:
    with open(path, "rb") as file:
        return file.read()


def test_odd_names_go_and_come_back(box):
    paths = [box.file(name, content=b"of " + name) for name in ODD_NAMES]
    outcome = box.trash_all(*paths)
    assert [result.state for result in outcome.results] == [ItemState.DONE] * len(paths), outcome
    assert os.listdir(box.data) == []
    for path, result in zip(paths, outcome.results, strict=True):
        assert read(result.place) == b"of " + os.path.basename(path)
    undo_batch(box.journal)
    assert {name: read(box.path(name)) for name in os.listdir(box.data)} == {
        name: b"of " + name for name in ODD_NAMES
    }


def test_the_document_is_what_other_tools_read(box):
    name = b"a b%\xff\n"
    path = box.file(name)
    box.trash_all(path)
    document = read(os.path.join(box.trash, b"info", name + b".trashinfo"))
    lines = document.split(b"\n")
    assert lines[0] == b"[Trash Info]"
    assert lines[1] == b"Path=" + quote(path, safe="/").encode()
    assert lines[2].startswith(b"DeletionDate=20") and lines[2][23:24] == b"T"
    assert os.stat(os.path.join(box.trash, b"info", name + b".trashinfo")).st_mode & 0o777 == 0o600
    assert os.stat(box.trash).st_mode & 0o777 == 0o700


@given(st.binary(min_size=1, max_size=300).filter(lambda path: b"\0" not in path))
def test_a_document_keeps_every_path(path):
    path = b"/" + path.strip(b"/")
    decoded = trashinfo.decode(trashinfo.TrashInfo(path, 1e9).encode())
    if path == b"/" or b".." in path.split(b"/"):
        assert decoded is None
    else:
        assert decoded is not None and decoded.path == path and decoded.deleted == 1e9


def test_documents_of_others_are_read_leniently():
    document = b"[Trash Info]\nX-Foo=1\nPath=a%20b\nPath=second\nDeletionDate=nonsense\n"
    assert trashinfo.decode(document) == trashinfo.TrashInfo(b"a b", 0.0)
    assert trashinfo.decode(b"[Other]\nPath=a\n") is None
    assert trashinfo.decode(b"") is None


def test_equal_names_get_their_own_places(box):
    paths = [box.file(b"%d" % number, b"same", content=b"%d" % number) for number in range(120)]
    outcome = box.trash_all(*paths)
    assert outcome.count(ItemState.DONE) == 120
    assert sorted(read(result.place) for result in outcome.results) == sorted(
        b"%d" % number for number in range(120)
    )
    undo_batch(box.journal)
    assert all(read(path) == os.path.basename(os.path.dirname(path)) for path in paths)


def test_a_dangling_link_goes_itself(box):
    target = box.file(b"kept")
    link = box.path(b"link")
    os.symlink(target, link)
    dangling = box.path(b"dangling")
    os.symlink(b"nowhere", dangling)
    outcome = box.trash_all(link, dangling)
    assert outcome.count(ItemState.DONE) == 2, outcome
    assert os.readlink(outcome.results[0].place) == target
    assert os.path.exists(target)
    undo_batch(box.journal)
    assert os.readlink(dangling) == b"nowhere"


def test_what_nobody_registered_in_files_is_not_overwritten(box):
    orphan = os.path.join(box.trash, b"files", b"thing")
    os.makedirs(os.path.dirname(orphan), 0o700)
    with open(orphan, "wb") as file:
        file.write(b"orphan")
    outcome = box.trash_all(box.file(b"thing"))
    assert outcome.results[0].state is ItemState.DONE
    assert read(orphan) == b"orphan"
    assert outcome.results[0].place != orphan


def test_the_document_and_the_intent_come_before_the_rename(box, monkeypatch):
    seen = []
    real = trash.relocate

    def watched(*arguments: object) -> None:
        info = os.path.join(box.trash, b"info")
        documents = [trashinfo.decode(read(os.path.join(info, name))) for name in os.listdir(info)]
        seen.append((len(documents), [record.state for record in box.journal.open_records()]))
        real(*arguments)

    monkeypatch.setattr(trash, "relocate", watched)
    box.trash_all(box.file(b"one"), box.file(b"two"))
    assert seen == [(2, [State.INTENT, State.INTENT])] * 2
    assert box.journal.open_records() == ()


def test_a_filesystem_without_noreplace_is_served_by_links_and_placeholders(box, monkeypatch):
    def unsupported(*_: object) -> None:
        raise OSError(22, "Invalid argument")

    monkeypatch.setattr("dusk.actions.relocation.syscalls.renameat2", unsupported)
    paths = [box.file(b"file"), os.path.dirname(box.file(b"run", b"inner")), box.path(b"link")]
    os.symlink(b"nowhere", paths[2])
    outcome = box.trash_all(*paths)
    assert outcome.count(ItemState.DONE) == 3, outcome
    box.file(b"file", content=b"in the way")
    undone = undo_batch(box.journal)
    assert undone.count(ItemState.DONE) == 2
    assert undone.count(ItemState.REFUSED) == 1
    assert read(box.path(b"file")) == b"in the way"
    assert read(box.path(b"run", b"inner")) == b"content"


def test_another_filesystem_is_refused_and_never_copied(box, monkeypatch):
    def crossing(*_: object) -> None:
        raise OSError(18, "Invalid cross-device link")

    path = box.file(b"one")
    plan = box.review(box.plan(path)).plan
    monkeypatch.setattr("dusk.actions.relocation.syscalls.renameat2", crossing)
    outcome = box.run(plan)
    assert outcome.results[0].state is ItemState.FAILED
    assert "never copies into a trash" in outcome.results[0].sentence
    assert read(path) == b"content"
    assert os.listdir(os.path.join(box.trash, b"info")) == []
    assert box.journal.records(outcome.batch)[0].state is State.FAILED


def test_cancelling_takes_effect_between_items(box, monkeypatch):
    monkeypatch.setattr("dusk.actions.executor.GROUP", 1)
    paths = [box.file(b"%d" % number) for number in range(5)]
    plan = box.review(box.plan(*paths)).plan
    outcome = box.run(plan, cancelled=lambda: not os.path.lexists(paths[1]))
    assert outcome.cancelled
    states = [result.state for result in outcome.results]
    assert states == [ItemState.DONE] * 2 + [ItemState.SKIPPED] * 3
    assert undo_batch(box.journal).count(ItemState.DONE) == 2


def test_ctrl_c_ends_between_items(box, monkeypatch):
    monkeypatch.setattr("dusk.actions.executor.GROUP", 1)
    paths = [box.file(b"%d" % number) for number in range(3)]
    real = trash.relocate

    def interrupted(*arguments: object) -> None:
        os.kill(os.getpid(), 2)
        real(*arguments)

    plan = box.review(box.plan(*paths)).plan
    monkeypatch.setattr(trash, "relocate", interrupted)
    outcome = box.run(plan)
    assert outcome.cancelled
    assert [result.state for result in outcome.results] == [
        ItemState.DONE,
        ItemState.SKIPPED,
        ItemState.SKIPPED,
    ]


def test_a_part_of_another_target_goes_with_it(box):
    inner = box.file(b"run", b"inner")
    outcome = box.trash_all(inner, box.path(b"run"))
    assert [result.state for result in outcome.results] == [ItemState.SKIPPED, ItemState.DONE]
    assert "part of" in outcome.results[0].sentence


_RACER = """
import os, sys
from dusk.actions.executor import Executor
from dusk.actions.journal import Journal
from dusk.actions.review import review_plan
from dusk.fs.identity import Identity
from dusk.fs.protected import Protection
from dusk.plan.plan import Plan
from dusk.plan.step import Step, Target
from dusk.rules.finding import Action
from dusk.rules.safety import Safety
from dusk.fs import holders
import dusk.actions.checks
dusk.actions.checks.hold_report = lambda path, files: holders.HoldReport(holders.Hold.FREE)
targets = []
for number in range(int(sys.argv[2])):
    path = os.fsencode(f"{sys.argv[1]}/{number}/checkpoint.pt")
    targets.append(Target(path, Identity.from_stat(os.lstat(path)), 0, 0, 1, Safety.SAFE, ""))
protection = Protection.load()
plan = review_plan(Plan((Step("s", Action.TRASH, tuple(targets)),)), protection).plan
outcome = Executor(Journal.open(), protection).run(plan)
bad = [result for result in outcome.results if result.state.value != "done"]
sys.exit(f"{bad[:3]}" if bad else 0)
"""


def test_four_processes_lose_nothing_of_one_name(box):
    count = 150
    for process in range(4):
        for number in range(count):
            box.file(b"%d" % process, b"%d" % number, b"checkpoint.pt", content=b"%d/%d" % (process, number))
    racers = [
        subprocess.Popen([sys.executable, "-c", _RACER, box.path(b"%d" % process), str(count)])
        for process in range(4)
    ]
    assert [racer.wait(60) for racer in racers] == [0] * 4
    items = box.bin()
    assert len(items) == 4 * count
    for item in items:
        assert read(item.path) == b"/".join(item.original.split(b"/")[-3:-1])
    assert all(item.is_ours for item in items)
    assert restore(items, journal=box.journal).count(ItemState.DONE) == 4 * count


names = st.binary(min_size=1, max_size=40).filter(
    lambda name: b"/" not in name and b"\0" not in name and name not in (b".", b"..")
)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(moves=st.lists(st.tuples(names, st.binary(max_size=10), st.booleans()), max_size=8))
def test_contents_are_conserved(box, moves):
    """Trash and undo in any order: each content is in one place, the tree or the trash."""
    for name, content, is_undone in moves:
        path = box.path(name)
        if os.path.lexists(path) or box.protection.reason(path) is not None:
            continue  # a name such as ".Trash" is refused
        box.file(name, content=content)
        before = everything(box)
        assert box.trash_all(path).count(ItemState.DONE) == 1
        assert everything(box) == before
        if is_undone:
            undo_batch(box.journal)
            assert read(path) == content
            assert everything(box) == before


def everything(box) -> list[bytes]:
    found = [read(box.path(name)) for name in os.listdir(box.data)]
    files = os.path.join(box.trash, b"files")
    found += [read(os.path.join(files, name)) for name in os.listdir(files)] if os.path.isdir(files) else []
    return sorted(found)


def test_read_only_refuses_everything(box):
    path = box.file(b"one")
    plan = box.review(box.plan(path)).plan
    outcome = Executor(box.journal, Protection.load(), read_only=True).run(plan)
    assert outcome.results[0].state is ItemState.REFUSED
    assert "--read-only" in outcome.results[0].sentence
    assert outcome.batch is None
    assert read(path) == b"content"


def test_two_journals_of_one_user_write_side_by_side(box):
    other = Journal.open()
    box.trash_all(box.file(b"one"))
    assert Executor(other, box.protection).run(box.review(box.plan(box.file(b"two"))).plan).batch == 2
    assert [batch.id for batch in box.journal.batches()] == [2, 1]
    other.close()


def test_more_items_than_one_group(box, monkeypatch):
    monkeypatch.setattr("dusk.actions.executor.GROUP", 16)
    count = 40
    paths = [box.file(b"%d" % number) for number in range(count)]
    outcome = box.trash_all(*paths)
    assert outcome.count(ItemState.DONE) == count
    assert undo_batch(box.journal).count(ItemState.DONE) == count
    assert len(os.listdir(box.data)) == count
