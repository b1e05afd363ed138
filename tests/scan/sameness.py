"""Whether a tree that was brought up to date is the one that a fresh scan gives."""

from __future__ import annotations

from dusk.scan.entry import EntryFlag
from dusk.scan.tree import ROOT


def facts(scan):
    """Everything that does not depend on which name of an inode came first."""
    tree = scan.tree
    result = {}
    for index in tree.subtree(ROOT):
        entry = tree.entry(index)
        own = None if entry.is_directory else (entry.apparent_size, entry.disk_size)
        flags = entry.flags & ~EntryFlag.COUNTED_ELSEWHERE
        result[tree.path(index)] = (
            entry.identity, own, entry.items, entry.newest_mtime_ns, flags, entry.error,
            tree.is_complete(index), tree.child_count(index),
        )  # fmt: skip
    return result


def assert_like_fresh(scan, scan_of):
    fresh = scan_of(scan.tree.path(ROOT))
    assert facts(scan) == facts(fresh)
    now, then = scan.progress(), fresh.progress()
    assert (now.entries, now.directories, now.errors) == (then.entries, then.directories, then.errors)
    assert (now.apparent_bytes, now.disk_bytes) == (then.apparent_bytes, then.disk_bytes)
    assert_sums_hold(scan.tree)


def assert_sums_hold(tree):
    for index in tree.subtree(ROOT):
        entry = tree.entry(index)
        if entry.is_directory:
            below = [tree.entry(child) for child in tree.children(index)]
            counted = [child for child in below if not child.flags & EntryFlag.COUNTED_ELSEWHERE]
            assert entry.apparent_size == sum(child.apparent_size for child in counted)
            assert entry.items == sum(child.items + 1 for child in below)
