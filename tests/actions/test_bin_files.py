"""What the trash keeps beside its items: sizes for other tools, documents that belong to nothing, sums."""

from __future__ import annotations

import os
import time
from urllib.parse import quote

from dusk.actions.bin import disk_size_of, empty, measured, restore
from dusk.actions.undo import undo_batch


def sizes(box) -> list[bytes]:
    try:
        with open(os.path.join(box.trash, b"directorysizes"), "rb") as file:
            return file.read().splitlines()
    except FileNotFoundError:
        return []


def test_trashed_directories_are_told_to_other_tools_as_the_specification_says(box):
    name = "run %\n\udcff"
    run = box.path(os.fsencode(name))
    os.mkdir(run)
    with open(os.path.join(run, b"x"), "wb") as file:
        file.write(b"x" * 50_000)
    single = box.file(b"single")
    box.trash_all(run, single)
    info = os.stat(os.path.join(box.trash, b"info", os.fsencode(name) + b".trashinfo"))
    item = next(one for one in box.bin() if one.is_directory)
    (line,) = sizes(box)
    size, moment, quoted = line.split(b" ")
    assert (int(size), int(moment)) == (item.disk_size, int(info.st_mtime))
    assert quoted.decode() == quote(os.fsencode(name), safe="")


def test_lines_of_other_tools_stay_and_lines_of_what_left_go(box):
    for name in (b"a", b"b", b"c"):
        os.mkdir(box.path(name))
        box.trash_all(box.path(name))
    with open(os.path.join(box.trash, b"directorysizes"), "ab") as file:
        file.write(b"4096 12345 theirs\n")
    restore([one for one in box.bin() if one.name == b"a"], journal=box.journal)
    empty([one for one in box.bin() if one.name == b"b"], journal=box.journal)
    assert [line.split()[2] for line in sizes(box)] == [b"c", b"theirs"]
    undo_batch(box.journal)
    assert [line.split()[2] for line in sizes(box)] == [b"theirs"]
    assert [name for name in os.listdir(box.trash) if name.startswith(b"directorysizes.")] == []


def test_only_old_documents_that_dusk_wrote_are_swept(box):
    path = box.file(b"mine")
    box.trash_all(path)
    (item,) = box.bin()
    info = os.path.join(box.trash, b"info")
    os.rename(item.path, box.path(b"taken out by hand"))
    with open(os.path.join(info, b"theirs.trashinfo"), "wb") as file:
        file.write(b"[Trash Info]\nPath=/x\n")
    other = box.file(b"other")
    box.trash_all(other)

    def emptied() -> list[bytes]:
        empty([one for one in box.bin() if one.name.startswith(b"other")], journal=box.journal)
        return sorted(os.listdir(info))

    assert emptied() == [b"mine.trashinfo", b"theirs.trashinfo"], "it may be in use: too young"
    for name in os.listdir(info):
        os.utime(os.path.join(info, name), (time.time() - 7200, time.time() - 7200))
    box.trash_all(box.file(b"other"))
    assert emptied() == [b"theirs.trashinfo"]


def test_a_hard_link_between_two_items_is_counted_once(box):
    first = box.file(b"a", b"x", content=b"x" * 400_000)
    os.mkdir(box.path(b"b"))
    os.link(first, box.path(b"b", b"y"))
    disk = os.lstat(first).st_blocks * 512
    outcome = box.trash_all(box.path(b"a"), box.path(b"b"))
    batch = box.journal.batch(outcome.batch)
    directories = 2 * os.lstat(box.data).st_blocks * 512
    assert disk <= batch.disk_size <= disk + directories
    assert batch.frees_after_purge == outcome.frees_after_purge == batch.disk_size
    items = [measured(item) for item in box.bin()]
    assert disk_size_of(items) == batch.disk_size
    assert sum(item.disk_size for item in items) == batch.disk_size + disk
    assert empty(box.bin(), journal=box.journal).freed == batch.disk_size


def test_a_hard_link_that_stays_outside_frees_nothing(box):
    first = box.file(b"a", b"x", content=b"x" * 400_000)
    os.link(first, box.path(b"outside"))
    outcome = box.trash_all(box.path(b"a"))
    batch = box.journal.batch(outcome.batch)
    assert batch.frees_after_purge == outcome.frees_after_purge < 10_000 < batch.disk_size
