"""Random changes, each followed by a refresh, never lead away from what is on disk."""

from __future__ import annotations

import os
import random

import pytest

from .sameness import assert_like_fresh


def write(path, size=1000):
    with open(path, "wb") as file:
        file.write(b"x" * size)


@pytest.mark.parametrize("seed", range(25))
def test_any_sequence_of_changes_ends_where_a_fresh_scan_ends(root, scan_of, refreshed, tmp_path, seed):
    chance = random.Random(seed)
    trash = os.fsencode(tmp_path / "trash")
    os.mkdir(trash)
    for _ in range(6):
        change(chance, root, trash)
    scan = scan_of(root)
    for _ in range(6):
        touched = sorted(change(chance, root, trash))
        chance.shuffle(touched)
        refreshed(scan, *touched)
        assert_like_fresh(scan, scan_of)


def change(chance, root, trash):
    """Make a few changes below the root; return the directories that changed."""
    touched = set()
    for number in range(chance.randint(1, 5)):
        directories = [directory for directory, _, _ in os.walk(root)]
        files = [os.path.join(directory, name) for directory, _, names in os.walk(root) for name in names]
        place = chance.choice(directories)
        path = os.path.join(place, b"n%d" % chance.randint(0, 40))
        moved = chance.choice(directories[1:] or [place])
        file = chance.choice(files or [path])
        operation = chance.choice(
            ("write", "directory", "link", "unlink", "trash", "move", "grow", "replace")
        )
        try:
            if operation == "write":
                write(path, chance.choice((0, 10, 5000, 20_000)))
            elif operation == "directory":
                os.mkdir(path)
                write(path + b"/inside", chance.randint(0, 9000))
            elif operation == "link":
                os.link(file, path)
            elif operation == "unlink":
                os.unlink(file)
            elif operation == "trash" and moved != root:
                os.rename(moved, trash + b"/%d-%d" % (number, chance.randrange(10**9)))
                file = moved
            elif operation == "move" and moved != root and not path.startswith(moved + b"/"):
                os.rename(moved, path)
                file = moved
            elif operation == "grow":
                with open(file, "ab") as content:
                    content.write(b"z" * chance.randint(1, 9000))
            elif operation == "replace":
                write(file + b".new", chance.randint(1, 9000))
                os.replace(file + b".new", file)
        except OSError:
            continue
        # A file that was only written to changes every directory that has a name of it.
        touched |= {place, os.path.dirname(file)}
    return {directory for directory in touched if directory.startswith(root)}
