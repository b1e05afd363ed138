"""Children of a directory in order, page by page."""

from __future__ import annotations

import os

import pytest

from dusk.scan import ordering
from dusk.scan.entry import Measure, Sort
from dusk.scan.tree import ROOT


@pytest.fixture
def tree(root, scan_of):
    for number in range(90):
        with open(root + b"/file-%02d" % number, "wb") as file:
            file.write(b"x" * (number % 7 * 5000))
        os.utime(root + b"/file-%02d" % number, ns=(0, number % 5 * 10**9))
    for number in range(6):
        os.makedirs(root + b"/directory-%d" % number + b"/x" * number)
    return scan_of(root).tree


def expected(tree, sort, measure):
    def key(index):
        entry = tree.entry(index)
        if sort is Sort.NAME:
            return (0, entry.name)
        value = {
            Sort.SIZE: entry.size(measure),
            Sort.ITEMS: entry.items if entry.is_directory else -1,
            Sort.NEWEST: entry.newest_mtime_ns,
        }[sort]
        return (-value, entry.name)

    children = [index for index in range(1, len(tree)) if tree.parent(index) == ROOT]
    return sorted(children, key=key)


@pytest.mark.parametrize("sort", list(Sort))
@pytest.mark.parametrize("measure", list(Measure))
@pytest.mark.parametrize("whole", [0, 10_000])
def test_pages_put_together_are_the_whole_order(tree, monkeypatch, sort, measure, whole):
    monkeypatch.setattr(ordering, "_WHOLE", whole)
    order = expected(tree, sort, measure)
    assert list(tree.children(ROOT, sort, measure, limit=5)) == order[:5]
    assert list(tree.children(ROOT, sort, measure, limit=3)) == order[:3]
    pages = [list(tree.children(ROOT, sort, measure, offset, 10)) for offset in range(0, 110, 10)]
    assert [index for page in pages for index in page] == order
    assert list(tree.children(ROOT, sort, measure)) == order
    assert list(tree.children(ROOT, sort, measure, offset=90)) == order[90:]
    assert not tree.children(ROOT, sort, measure, limit=0)
    assert not tree.children(ROOT, sort, measure, offset=500, limit=5)


def test_a_file_has_no_children(tree, root):
    file = tree.find(root + b"/file-01")
    assert not tree.children(file)
    assert tree.child_count(file) == 0
    assert tree.child(file, b"x") is None
    assert tree.is_complete(file)
    assert list(tree.subtree(file)) == [file]
    assert tree.linked_inodes(file) == ()


def test_paths_outside_and_odd_spellings(tree, root):
    assert tree.find(root) == ROOT
    assert tree.find(root + b"/") == ROOT
    assert tree.find(root + b"//file-01") == tree.find(root + b"/file-01")
    assert tree.find(root + b"x") is None
    assert tree.find(b"/") is None
    assert tree.find(root + b"/file-01/below") is None
    assert tree.child(ROOT, b"") is None
    assert tree.child(ROOT, b"file-0") is None
    assert tree.child(ROOT, b"ile-01") is None
    assert tree.child(ROOT, b"file-01\0file-02") is None
