"""What changed, moved or was mounted since the review does not get through, and neither does what is kept."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import replace

import pytest

from dusk.actions.outcome import ItemState
from dusk.fs import holders
from dusk.plan.plan import Plan
from dusk.rules.safety import Safety

from .test_undo import digest


def reviewed(box, *paths, **facts):
    found = box.review(box.plan(*paths, **facts))
    assert not found.blocking, found.problems
    return found.plan


def refusal(box, plan: Plan) -> str:
    """Run a plan of one target that must be refused, check that nothing moved, and return the sentence."""
    before = digest(box.data)
    outcome = box.run(plan)
    (result,) = outcome.results
    assert result.state is ItemState.REFUSED, result
    assert outcome.batch is None
    assert digest(box.data) == before
    return result.sentence


def test_a_target_that_was_not_reviewed_is_refused(box):
    assert "was not reviewed" in refusal(box, box.plan(box.file(b"one")))


def test_a_file_that_was_swapped_is_refused(box):
    path = box.file(b"one")
    plan = reviewed(box, path)
    box.file(b"other")
    os.rename(box.path(b"other"), path)
    assert "is another file" in refusal(box, plan)


def test_a_file_that_was_written_is_refused(box):
    path = box.file(b"one")
    plan = reviewed(box, path)
    box.file(b"one", content=b"longer content")
    assert "bytes now" in refusal(box, plan)


def test_a_directory_that_grew_is_refused_with_what_appeared(box):
    box.file(b"run", b"a")
    plan = reviewed(box, box.path(b"run"))
    box.file(b"run", b"deep", b"b")
    assert "holds 2 entries more than reviewed" in refusal(box, plan)


def test_a_directory_that_changed_inside_is_refused(box):
    path = box.file(b"run", b"deep", b"a")
    plan = reviewed(box, box.path(b"run"))
    time.sleep(0.02)
    with open(path, "r+b") as file:
        file.write(b"C")
    assert "changed inside" in refusal(box, plan)


def test_a_directory_replaced_by_a_link_is_refused(box):
    path = box.file(b"run", b"a")
    plan = reviewed(box, path)
    os.rename(box.path(b"run"), box.path(b"moved"))
    os.symlink(b"moved", box.path(b"run"))
    assert "symbolic link" in refusal(box, plan)


def test_what_vanished_is_refused(box):
    path = box.file(b"one")
    plan = reviewed(box, path)
    os.unlink(path)
    assert "not there any more" in refusal(box, plan)


def test_a_file_that_is_open_is_refused_by_name_of_its_holder(box):
    path = box.file(b"one")
    code = f"import sys; f = open({os.fsdecode(path)!r}, 'ab'); print('open', flush=True); sys.stdin.read()"
    child = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        child.stdout.readline()
        found = box.review(box.plan(path))
        (problem,) = found.problems
        assert problem.blocking and not problem.may_insist
        assert f"process {child.pid}" in problem.sentence
        plan = Plan((replace(found.plan.steps[0], insisted=True),))
        assert "is in use by" in refusal(box, plan)
    finally:
        child.communicate()


def test_what_cannot_be_told_needs_insisting(box, monkeypatch):
    path = box.file(b"one")
    monkeypatch.setattr(
        "dusk.actions.checks.hold_report",
        lambda path, files: holders.HoldReport(holders.Hold.UNKNOWN, (), "it is on a network filesystem"),
    )
    found = box.review(box.plan(path))
    (problem,) = found.problems
    assert problem.blocking and problem.may_insist
    assert "network filesystem" in refusal(box, found.plan)
    assert box.run(found.plan.insisting("one")).results[0].state is ItemState.DONE


@pytest.mark.parametrize("facts", [{"safety": Safety.KEEP}, {"keeps": (b"notes.md",)}])
def test_what_should_be_kept_needs_insisting(box, facts):
    box.file(b"run", b"notes.md")
    facts = {**facts, "keeps": tuple(box.path(b"run", name) for name in facts.get("keeps", ()))}
    target = box.target(box.path(b"run"), **facts)
    plan = box.plan(box.path(b"run"))
    plan = Plan((replace(plan.steps[0], targets=(target,)),))
    found = box.review(plan)
    assert [problem.may_insist for problem in found.blocking] == [True]
    assert "kept" in refusal(box, found.plan)
    outcome = box.run(found.plan.insisting("one"))
    assert outcome.results[0].state is ItemState.DONE
    assert box.journal.records(outcome.batch)[0].insisted


def test_protected_places_are_refused_whatever_was_insisted(box):
    plan = box.plan(box.home, insisted=True)
    found = box.review(plan)
    assert "home directory" in found.problems[0].sentence
    outcome = box.run(found.plan)
    assert outcome.results[0].state is ItemState.REFUSED


def test_the_trash_itself_is_refused(box):
    box.trash_all(box.file(b"one"))
    for path in (box.trash, os.path.join(box.trash, b"files", b"one"), os.path.join(box.home, b".local")):
        found = box.review(box.plan(path))
        assert found.blocking, path
        assert box.run(found.plan).results[0].state is ItemState.REFUSED


def test_a_directory_that_holds_a_known_trash_is_refused(box):
    box.file(b"alice", b"x")
    trash = box.path(b"alice", b".Trash-%d" % os.geteuid())
    box.journal.add_place(trash)
    found = box.review(box.plan(box.path(b"alice")))
    assert "contains the trash" in found.problems[0].sentence


def test_a_file_swapped_at_the_last_moment_comes_back(box, monkeypatch):
    from dusk.actions import trash

    path = box.file(b"one")
    plan = reviewed(box, path)
    real = trash.relocate

    def swapping(*arguments: object) -> None:
        box.file(b"other", content=b"other")
        os.rename(box.path(b"other"), path)
        real(*arguments)

    monkeypatch.setattr(trash, "relocate", swapping)
    (result,) = box.run(plan).results
    assert result.state is ItemState.FAILED
    assert "replaced by another file at this moment" in result.sentence
    with open(path, "rb") as file:
        assert file.read() == b"other"
    assert os.listdir(os.path.join(box.trash, b"info")) == []


@pytest.mark.root
class TestMounts:
    @pytest.fixture
    def mounted(self, box):
        inner = box.path(b"run", b"inner")
        os.makedirs(inner)
        box.file(b"run", b"a")
        mounts: list[bytes] = []

        def mount(path: bytes = inner, *arguments: str) -> None:
            command = ["mount", *(arguments or ("-t", "tmpfs", "tmpfs"))]
            if subprocess.run([*command, path], capture_output=True, check=False).returncode:
                pytest.skip("mounting is not allowed here")
            mounts.append(path)

        yield box, mount
        for path in reversed(mounts):
            subprocess.run(["umount", "-l", path], check=True)

    def test_a_mount_inside_blocks_the_review(self, mounted):
        box, mount = mounted
        mount()
        found = box.review(box.plan(box.path(b"run")))
        assert any("inner" in problem.sentence for problem in found.blocking)

    def test_a_mount_that_appears_after_the_review_is_refused(self, mounted):
        box, mount = mounted
        plan = reviewed(box, box.path(b"run"))
        mount()
        assert box.run(plan).results[0].state is ItemState.REFUSED
        assert os.path.isdir(box.path(b"run", b"inner"))

    def test_a_bind_mount_of_the_same_device_is_refused(self, mounted):
        box, mount = mounted
        plan = reviewed(box, box.path(b"run"))
        box.file(b"kept", b"x")
        mount(box.path(b"run", b"inner"), "--bind", os.fsdecode(box.path(b"kept")))
        assert box.run(plan).results[0].state is ItemState.REFUSED
        assert os.path.exists(box.path(b"run", b"inner", b"x"))

    def test_a_mount_that_appears_at_the_last_moment_takes_the_move_back(self, mounted, monkeypatch):
        from dusk.actions import trash

        box, mount = mounted
        plan = reviewed(box, box.path(b"run"))
        real = trash.relocate

        def mounting(*arguments: object) -> None:
            mount()
            real(*arguments)

        monkeypatch.setattr(trash, "relocate", mounting)
        (result,) = box.run(plan).results
        assert result.state is ItemState.FAILED
        assert "mount inside since this moment" in result.sentence
        assert os.path.isdir(box.path(b"run", b"inner"))

    def test_the_trash_of_a_mount_is_at_its_top_with_relative_paths(self, mounted):
        box, mount = mounted
        point = box.path(b"disk")
        os.mkdir(point)
        mount(point)
        path = box.file(b"disk", b"deep", b"a b")
        outcome = box.trash_all(path)
        trash = os.path.join(point, b".Trash-0")
        assert outcome.results[0].place == os.path.join(trash, b"files", b"a b")
        with open(os.path.join(trash, b"info", b"a b.trashinfo"), "rb") as file:
            assert b"\nPath=deep/a%20b\n" in file.read()
        (item,) = box.bin(point)
        assert item.original == path and item.is_ours

    def test_a_shared_trash_is_used_only_when_it_is_safe(self, mounted):
        box, mount = mounted
        point = box.path(b"disk")
        os.mkdir(point)
        mount(point)
        shared = os.path.join(point, b".Trash")
        os.mkdir(shared, 0o777)
        os.chmod(shared, 0o777)
        unsafe = box.trash_all(box.file(b"disk", b"one"))
        assert unsafe.results[0].place.startswith(os.path.join(point, b".Trash-0"))
        os.chmod(shared, 0o1777)
        safe = box.trash_all(box.file(b"disk", b"two"))
        assert safe.results[0].place == os.path.join(shared, b"0", b"files", b"two")


@pytest.mark.parametrize("name", [b"file", b"directory"])
def test_new_permissions_of_the_target_itself_are_noticed(box, name):
    path = box.path(name)
    if name == b"directory":
        os.mkdir(path)
    else:
        box.file(name)
    reviewed = box.review(box.plan(path))
    os.chmod(path, 0o700)
    outcome = box.run(reviewed.plan)
    assert outcome.results[0].state is ItemState.REFUSED
    assert "after the review" in outcome.results[0].sentence


def test_new_permissions_of_a_file_with_two_names_are_noticed(box):
    path = box.file(b"one")
    os.link(path, box.path(b"two"))
    reviewed = box.review(box.plan(path))
    os.chmod(path, 0o600)
    assert box.run(reviewed.plan).results[0].state is ItemState.REFUSED
