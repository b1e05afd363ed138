"""The newest and the biggest files of a tree: those that a live process would have open."""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence

MOST = 512
"""Files that are named at most; all of a tree that has no more."""
_AT_ONCE = 4096  # entries of a directory that are looked at together


class ProminentFiles:
    """Picked while something else walks the tree, so that nothing has to walk it again for them."""

    def __init__(self) -> None:
        """Start with none."""
        self._newest = _Highest()
        self._biggest = _Highest()

    def add(self, directory: bytes, entries: Sequence[tuple[bytes, os.stat_result]]) -> None:
        """Look at the entries of a directory, which is named by its path below the top of the tree."""
        is_file = stat.S_ISREG
        # Numbers in names rise with time: from the end, most entries are older than what was found.
        for end in range(len(entries), 0, -_AT_ONCE):
            part = entries[max(0, end - _AT_ONCE) : end]
            floor = self._newest.floor
            self._newest.add(
                [
                    (status.st_mtime_ns, directory, name)
                    for name, status in part
                    if status.st_mtime_ns > floor and is_file(status.st_mode)
                ]
            )
            floor = self._biggest.floor
            self._biggest.add(
                [
                    (status.st_size, directory, name)
                    for name, status in part
                    if status.st_size > floor and is_file(status.st_mode)
                ]
            )

    def paths(self) -> tuple[bytes, ...]:
        """Return their paths below the top of the tree: half of MOST by size, the others by time."""
        biggest = self._biggest.paths()[: MOST // 2]
        newest = self._newest.paths()
        half = newest[: MOST - MOST // 2]
        return tuple(dict.fromkeys((*half, *biggest, *newest[len(half) :])))[:MOST]


class _Highest:
    """Files of the highest rank. Sorting many at a time costs less than keeping them in order."""

    def __init__(self) -> None:
        self.floor = -(2**64)
        self._found: list[tuple[int, bytes, bytes]] = []

    def add(self, found: list[tuple[int, bytes, bytes]]) -> None:
        self._found += found
        if len(self._found) > 2 * MOST:
            self._keep_highest()
            self.floor = self._found[-1][0]

    def paths(self) -> list[bytes]:
        self._keep_highest()
        return [os.path.join(directory, name) for _, directory, name in self._found]

    def _keep_highest(self) -> None:
        self._found.sort(reverse=True)
        del self._found[MOST:]
