"""What removing something frees, with names of the same inodes all over the tree and outside of it."""

from __future__ import annotations

import os
import shutil
import stat

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dusk.plan.choice import target_for
from dusk.plan.freed import freed
from dusk.rules.figures import outermost
from dusk.scan.entry import EntryFlag
from dusk.scan.tree import ROOT

from .conftest import generated
from .generated_tree import built, parts, truth_of
from .sameness import assert_like_fresh
from .test_boundaries import mounted
from .test_generated_trees import shared

LINKED = ("file",) * 2 + ("directory",) * 3 + ("link",) * 3 + ("link outside", "hole")
changes = st.lists(
    st.tuples(
        st.sampled_from(("remove", "remove", "link", "link outside", "grow", "move", "new", "replace")),
        st.integers(0, 99),
        st.integers(0, 99),
    ),
    min_size=1,
    max_size=12,
)


@pytest.mark.root
@generated(80)
@given(drawn=parts(LINKED), chosen=st.lists(st.integers(1, 99), min_size=1, max_size=4))
def test_the_filesystem_gives_back_what_was_said(root, scan_of, count_trees, drawn, chosen):
    # A disk of its own: nobody else takes or frees space there meanwhile.
    count_trees(1)
    with mounted(b"tmpfs", root, options=b"size=64m"):
        tree_root, outside = root + b"/root", root + b"/outside"
        os.mkdir(tree_root)
        os.mkdir(outside)
        with built(tree_root, outside, drawn):
            tree = scan_of(tree_root).tree
            indexes = {number % len(tree) for number in chosen} - {ROOT}
            targets = [target_for(tree, index, None, ()) for index in indexes]
            told = freed(targets).after_purge
            together = tree.sums(outermost(tree, indexes))
            assert together.freed == told
            assert together.apparent_size == _once(targets)
            alone = {index: tree.sums([index]).freed for index in indexes}
            for index in indexes:
                assert freed([target_for(tree, index, None, ())]).after_purge == alone[index]
            before = _used(root)
            for target in targets:
                _remove(target.path)
            assert before - _used(root) == told
            if len(indexes) == 1:
                assert told == alone[indexes.pop()]


@generated(50)
@given(drawn=parts(LINKED, most=20), sequence=changes)
def test_every_directory_knows_what_it_frees_after_any_change(new_tree, scan_of, refreshed, drawn, sequence):
    with new_tree() as (root, outside), built(root, outside, drawn):
        scan = scan_of(root)
        _assert_true(scan.tree)
        for change in sequence:
            touched = _change(root, outside, *change)
            refreshed(scan, *touched)
            assert_like_fresh(scan, scan_of)
            _assert_true(scan.tree)


def _once(targets):
    """Return the apparent size of everything below some targets, each inode once."""
    files = {}
    for target in targets:
        inside = [os.path.join(top, name) for top, _, names in os.walk(target.path) for name in names]
        for path in (target.path, *inside):
            status = os.lstat(path)
            if not stat.S_ISDIR(status.st_mode):
                files[status.st_ino] = status.st_size
    return sum(files.values())


def _assert_true(tree):
    for index in tree.subtree(ROOT):
        truth = truth_of(tree.path(index))
        assert tree.sums([index]).freed == truth.freed
        assert freed([target_for(tree, index, None, ())]).after_purge == truth.freed
        assert shared(tree, index) == truth.shared
    assert not tree.flags(ROOT) & EntryFlag.COUNTED_ELSEWHERE


def _change(root, outside, kind, one, other):
    """Change something; return every directory that has to be looked at again."""
    directories = sorted(directory for directory, _, _ in os.walk(root))
    files = sorted(os.path.join(place, name) for place, _, names in os.walk(root) for name in names)
    place = directories[one % len(directories)]
    path = os.path.join(place, b"new-%d" % other)
    file = files[other % len(files)] if files else None
    # All names of an inode show how many it has and how much it holds.
    same = _names_of(files, file) if file else []
    touched = {place, *(os.path.dirname(name) for name in same)}
    if os.path.lexists(path):
        return set()
    if kind == "new" or file is None:
        with open(path, "wb") as new:
            new.write(b"x" * one * 500)
    elif kind == "link":
        os.link(file, path, follow_symlinks=False)
    elif kind == "link outside":
        os.link(file, outside + b"/" + os.urandom(8).hex().encode(), follow_symlinks=False)
    elif kind == "grow" and not os.path.islink(file):
        with open(file, "ab") as grown:
            grown.write(b"y" * 9000)
    elif kind == "move":
        os.rename(file, path)
    elif kind == "replace":
        with open(path, "wb") as new:
            new.write(b"z" * 5000)
        os.replace(path, file)
    elif kind == "remove" and other % 3 == 0 and place != root:
        # Names elsewhere of what goes with a directory have fewer beside them now.
        below = [name for name in files if name.startswith(place + b"/")]
        touched = {os.path.dirname(place)}
        for name in below:
            touched |= {os.path.dirname(same) for same in _names_of(files, name)}
        shutil.rmtree(place)
        touched = {directory for directory in touched if os.path.isdir(directory)}
    elif kind == "remove":
        os.unlink(file)
    return touched


def _names_of(files, file):
    facts = os.lstat(file)
    return [name for name in files if os.path.samestat(os.lstat(name), facts)]


def _used(path):
    facts = os.statvfs(path)
    return (facts.f_blocks - facts.f_bfree) * facts.f_frsize


def _remove(path):
    """Remove a target, unless another one held it."""
    if not os.path.lexists(path):
        return
    if stat.S_ISDIR(os.lstat(path).st_mode):
        shutil.rmtree(path)
    else:
        os.unlink(path)
